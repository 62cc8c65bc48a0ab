//! What a commit allows to be said goes where it belongs: to the network, the evaluators, whoever waits, the log.

use network::{Network, NetworkCommand, Peer};
use protocol::{Notice, Outbound};
use roster::VerifiedRoster;
use tokio::sync::mpsc;

use super::evaluators::Evaluators;
use super::waiting::Waiting;

/// Hands out what a commit allows to be said. Runs on the writer's thread.
pub(super) fn dispatch(
    said: Outbound,
    network: &Network,
    evaluators: &Evaluators,
    waiting: &Waiting,
    notices: &mpsc::Sender<Notice>,
) {
    match said {
        Outbound::Reply { id, reply } => waiting.reply(id, reply),
        Outbound::Evaluate(task) => evaluators.take(*task),
        Outbound::Members(roster) => {
            tracing::info!(version = roster.version(), "another roster is in force");
            waiting.follow(&roster);
            // The network has stopped: so does the node, in a moment.
            let _stopping = network.blocking_send(members(&roster));
        }
        Outbound::Notice(notice) => {
            log(&notice);
            // Full or nobody there: the match table has it all the same.
            let _dropped = notices.try_send(notice);
        }
        said @ (Outbound::Request { .. } | Outbound::Respond { .. } | Outbound::Gossip { .. }) => {
            // The network has stopped: so does the node, in a moment.
            let _stopping = network.blocking_send(NetworkCommand::Outbound(said));
        }
    }
}

/// Logs what an operator should know. Matches are for professionals, not for logs.
fn log(notice: &Notice) {
    match notice {
        Notice::NewMatch { .. } | Notice::NewUnitMatch { .. } => {}
        Notice::Ceremony(problem) => tracing::error!(%problem, "key ceremony"),
        Notice::OtherKeySet { publisher, epoch } => {
            tracing::error!(
                %publisher,
                %epoch,
                "the organisation publishes under a key set that it does not show, and does not count as complete"
            );
        }
        Notice::FailingProof { keyholder } => tracing::error!(%keyholder, "an evaluation fails its proof"),
        Notice::ClockBehind { seconds } => {
            tracing::error!(
                seconds,
                "the clock stands before what was published already: nothing is published"
            );
        }
        Notice::ClockAhead { seconds } => {
            tracing::error!(seconds, "the clock is ahead of those of other members: nothing is published");
        }
        Notice::NumbersUsedUp { circle } => {
            tracing::error!(
                %circle,
                "the own feed has no number left and nothing is published: somebody else has the organisation's key; replace it"
            );
        }
        Notice::Equivocation { publisher } => {
            tracing::error!(
                %publisher,
                "the organisation has signed two histories of its feed; where it is proven, the status holds the proof"
            );
        }
        Notice::TwoLogs { member } => {
            tracing::error!(
                %member,
                "the organisation has shown two evaluation logs: it may ask more than it counts; nothing is evaluated for the second"
            );
        }
        Notice::RosterConflict { version } => {
            tracing::error!(
                version,
                "governors signed two rosters of one version: the one held first stays; call the governors"
            );
        }
        Notice::BeyondCap { publisher, circle } => {
            tracing::error!(
                %publisher,
                %circle,
                "the feed is larger than the network allows; what goes beyond is neither published nor taken"
            );
        }
        Notice::FeedContinued { publisher, generation } => {
            tracing::warn!(
                %publisher,
                generation,
                "the organisation lost what it had published, and goes on under a new generation"
            );
        }
        Notice::LogForked { keeper } => {
            tracing::error!(%keeper, "the organisation has signed two logs; the status holds the proof");
        }
        Notice::LogUnshown { keeper, sizes: (earlier, later) } => {
            tracing::error!(
                %keeper,
                earlier,
                later,
                "the organisation has not shown that its log of the later size continues that of the earlier"
            );
        }
        Notice::LogLost { from, to } => {
            tracing::error!(
                from,
                to,
                "witnesses remember entries of the own log that are not on disk; nothing of it is signed until the \
                 governors approve a log generation"
            );
        }
    }
}

/// Whom the network may reach under a roster, and in which topics.
pub(super) fn members(roster: &VerifiedRoster) -> NetworkCommand {
    NetworkCommand::SetMembers {
        network: roster.network(),
        peers: peers(roster),
        circles: roster.circles().iter().map(|circle| circle.id).collect(),
    }
}

fn peers(roster: &VerifiedRoster) -> Vec<Peer> {
    let peer = |member: &roster::Member| Peer {
        oin: member.oin,
        node_key: *member.keys.node.as_bytes(),
        addresses: member.socket_addresses(),
        relay: member.relay,
    };
    roster.members().iter().map(peer).collect()
}
