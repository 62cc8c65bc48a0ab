//! The one task that owns the swarm: commands in, events out, and what happens on connections in between.

mod happenings;
mod orders;
mod relaying;

use std::collections::{BTreeMap, BTreeSet};
use std::future;
use std::sync::Arc;
use std::time::Duration;

use domain::{CircleId, Oin};
use futures::StreamExt;
use libp2p::gossipsub::{IdentTopic, TopicHash};
use libp2p::request_response::OutboundRequestId;
use libp2p::swarm::ConnectionId;
use libp2p::{PeerId, Swarm};
use protocol::{Conversation, Input, RequestId};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::behaviour::Behaviour;
use crate::counters::Tally;
use crate::event_queue::EventQueue;
use crate::lanes::{Lanes, Ready};
use crate::members::Members;
use crate::paths::LivePaths;
use crate::reservations::Reservations;
use crate::unanswered::Unanswered;
use crate::{Limits, NetworkCommand, NetworkConfig};

/// How long an orderly stop may take to say goodbye.
const STOP_GRACE: Duration = Duration::from_secs(2);

/// An own request on the wire.
struct UnderWay {
    to: Oin,
    id: RequestId,
}

/// A circle that is listened for.
struct Listening {
    circle: CircleId,
    topic: IdentTopic,
}

pub(crate) struct Task {
    limits: Limits,
    swarm: Swarm<Behaviour>,
    queue: EventQueue,
    members: Members,
    reservations: Reservations,
    /// Pairs of members whose circuits this node carries.
    carried: BTreeSet<(PeerId, PeerId)>,
    lanes: Lanes,
    under_way: BTreeMap<(Conversation, OutboundRequestId), UnderWay>,
    unanswered: Unanswered,
    topics: BTreeMap<TopicHash, Listening>,
    tally: Arc<Tally>,
    paths: Arc<LivePaths>,
}

impl Task {
    pub(crate) fn new(
        config: &NetworkConfig,
        swarm: Swarm<Behaviour>,
        tally: Arc<Tally>,
        paths: Arc<LivePaths>,
    ) -> Self {
        let limits = config.limits;
        let listens = !config.listen.is_empty();
        let members = Members::new(config.oin, *swarm.local_peer_id(), listens, config.quic);
        Self {
            limits,
            swarm,
            queue: EventQueue::new(limits.queued_events),
            members,
            reservations: Reservations::default(),
            carried: BTreeSet::new(),
            lanes: Lanes::new(limits.streams() / 2, limits.waiting_requests),
            under_way: BTreeMap::new(),
            unanswered: Unanswered::new(limits.unanswered_per_member),
            topics: BTreeMap::new(),
            tally,
            paths,
        }
    }

    /// Runs until it is told to stop or nobody holds its channels any more.
    pub(crate) async fn run(
        mut self,
        mut commands: mpsc::Receiver<NetworkCommand>,
        events: mpsc::Sender<Input>,
    ) {
        loop {
            self.keep_places();
            let next_dial = self.members.next_dial();
            let pause_end = self.reservations.next_pause_end(Instant::now());
            tokio::select! {
                // Always taken, whatever else is stuck: see the invariants of this crate.
                command = commands.recv() => match command {
                    Some(NetworkCommand::SetMembers { network, peers, circles }) => {
                        self.set_members(network, peers, &circles);
                    }
                    Some(NetworkCommand::Outbound(outbound)) => self.say(outbound),
                    Some(NetworkCommand::Stop) | None => break,
                },
                permit = events.reserve(), if !self.queue.is_empty() => {
                    let Ok(permit) = permit else { break };
                    if let Some(input) = self.queue.pop() {
                        permit.send(input);
                    }
                }
                () = events.closed() => break,
                event = self.swarm.select_next_some(), if self.queue.has_room_for_peers() => self.happened(event),
                () = until(next_dial) => self.dial_who_is_due(),
                () = until(pause_end) => {}
            }
        }
        self.shut_down().await;
        // Last: a closed command channel tells `Network::stop` that all is done.
        drop(commands);
    }

    /// Closes connections in order, then the listeners with the swarm.
    async fn shut_down(self) {
        let mut swarm = self.swarm;
        let peers: Vec<PeerId> = swarm.connected_peers().copied().collect();
        for peer in peers {
            // Fails only when the connection is gone already.
            let _ = swarm.disconnect_peer_id(peer);
        }
        let closing = async {
            while swarm.connected_peers().next().is_some() {
                swarm.select_next_some().await;
            }
        };
        if tokio::time::timeout(STOP_GRACE, closing).await.is_err() {
            tracing::debug!("some connections did not close in time");
        }
    }

    fn send(&mut self, to: Oin, peer: PeerId, conversation: Conversation, ready: Ready) {
        let sent = self.swarm.behaviour_mut().requests(conversation).send_request(&peer, ready.frame);
        self.under_way.insert((conversation, sent), UnderWay { to, id: ready.id });
    }

    fn dial_failed(&mut self, peer: &PeerId, error: &dyn std::error::Error) {
        self.tally.dials_failed.raise();
        tracing::debug!(%peer, %error, "member not reached");
        self.members.dial_failed(peer, Instant::now());
    }

    /// A node spoke over its connection, so it did not refuse it.
    fn answered(&mut self, peer: &PeerId, connection: ConnectionId) {
        let answered = self.members.answered(peer, connection, Instant::now());
        for circuit in answered.superseded {
            tracing::debug!(%peer, "reachable without a relay; the circuit goes");
            self.swarm.close_connection(circuit);
        }
        if let Some(oin) = answered.newly {
            tracing::debug!(%oin, "connected");
            self.tell(Input::Connected(oin));
            self.note_paths();
        }
    }

    fn lost(&mut self, oin: Oin) {
        tracing::debug!(%oin, "disconnected");
        self.tell(Input::Disconnected(oin));
        for id in self.lanes.give_up(oin) {
            self.fail(id);
        }
    }

    fn fail(&mut self, id: RequestId) {
        self.tally.requests_failed.raise();
        self.tell(Input::RequestFailed { id });
    }

    fn tell(&mut self, input: Input) {
        if !self.queue.push(input) {
            self.tally.events_lost.raise();
        }
    }
}

/// Ends at `instant`, or never.
async fn until(instant: Option<Instant>) {
    match instant {
        Some(instant) => tokio::time::sleep_until(instant).await,
        None => future::pending().await,
    }
}
