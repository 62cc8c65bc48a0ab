//! Whether a node runs, and what it says of itself and of the others.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::time::Duration;

use control::{Client, LostLine, Phase, ProofLine, Reply, Request, Standing, StatusLine};
use tokio::net::UnixStream;

use super::Patient;
use super::finding::Findings;
use crate::config::Config;

/// How long the node may take to say how it is; a large import keeps it busy for seconds.
const PATIENCE: Duration = Duration::from_secs(30);

/// Most names that one sentence lists.
const NAMES: usize = 5;

/// The node of the data folder, as far as it can be reached.
pub(super) enum Node {
    /// None runs.
    Stopped,
    /// It runs and answers.
    Running {
        status: Box<StatusLine>,
        /// Its process, where the socket tells it.
        process: Option<i32>,
    },
    /// One may run, but does not answer; why.
    Silent(String),
}

impl Node {
    /// Asks the control socket.
    pub(super) async fn find(config: &Config) -> Self {
        let stream = match UnixStream::connect(config.socket()).await {
            Ok(stream) => stream,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => {
                return Self::Stopped;
            }
            Err(error) => return Self::Silent(error.to_string()),
        };
        let process = stream.peer_cred().ok().and_then(|peer| peer.pid());
        let mut client = Client::new(stream);
        let request = Request::Status { follow: false };
        match tokio::time::timeout(PATIENCE, client.ask(&request, |_| ())).await {
            Ok(Ok(Reply::Status(status))) => Self::Running { status, process },
            Ok(Ok(_)) => Self::Silent("it replied to another question".to_owned()),
            Ok(Err(error)) => Self::Silent(error.to_string()),
            Err(_) => Self::Silent(format!("no answer within {} seconds", PATIENCE.as_secs())),
        }
    }

    /// What the running node says.
    pub(super) fn status(&self) -> Option<&StatusLine> {
        match self {
            Self::Running { status, .. } => Some(status),
            Self::Stopped | Self::Silent(_) => None,
        }
    }
}

/// The node and its peers.
pub(super) fn look(patient: &Patient<'_>, findings: &mut Findings) {
    let start = format!("start it: `samenhang run --config {}`, or its service", patient.file.display());
    let status = match &patient.node {
        Node::Stopped => {
            findings.attention("node", "no node runs on the data folder", start);
            findings.unknown(
                "peers",
                "whether others are reachable is known only to a running node",
                "ask again when it runs",
            );
            return;
        }
        Node::Silent(why) => {
            findings.wrong(
                "node",
                format!("the control socket {} does not answer: {why}", patient.config.socket().display()),
                "run this command as the user that the node runs as; if that does not help, restart the node and \
                 read its log",
            );
            return;
        }
        Node::Running { status, .. } => status,
    };
    if status.phase == Phase::Running {
        findings.ok("node", format!("running, {} tags published", status.tags_published));
    } else if status.messages.is_empty() {
        findings.attention("node", status.phase.words(), "wait, then ask again");
    }
    for message in &status.messages {
        findings.attention(
            "node",
            message.clone(),
            "do as it says; `samenhang status --follow` shows when it passes",
        );
    }
    if status.phase == Phase::Running {
        peers(status, findings);
    }
}

fn peers(status: &StatusLine, findings: &mut Findings) {
    let keyholders = &status.keyholders;
    let reachable = format!("{} of {} keyholders reachable", keyholders.reachable, keyholders.total);
    if keyholders.reachable == keyholders.total {
        findings.ok("peers", reachable);
    } else if keyholders.reachable >= keyholders.threshold {
        findings.attention(
            "peers",
            format!("{reachable}, {} needed", keyholders.threshold),
            "work goes on; tell the keyholder that is missing, or check the way to it when others do reach it",
        );
    } else {
        findings.wrong(
            "peers",
            format!("{reachable}, {} needed", keyholders.threshold),
            "check this machine's network and firewall; if others reach the keyholders, the fault is here",
        );
    }
    let dekking = &status.dekking;
    if dekking.verouderd.is_empty() {
        let catching_up = match dekking.onvolledig.len() {
            0 => String::new(),
            count => format!(", {count} still being caught up with"),
        };
        findings.ok(
            "peers",
            format!("{} of {} organisations current{catching_up}", dekking.actueel, dekking.total()),
        );
    } else {
        let mut names: Vec<String> = dekking
            .verouderd
            .iter()
            .take(NAMES)
            .map(|stale| format!("{} since {}", stale.organisatie, stale.sinds))
            .collect();
        if dekking.verouderd.len() > NAMES {
            names.push(format!("and {} more", dekking.verouderd.len() - NAMES));
        }
        findings.attention(
            "peers",
            format!("nothing heard of {}", names.join(", ")),
            "if it is one, call its operator; if it is most of them, check this machine's network and firewall",
        );
    }
    if status.refused.get("beyond_cap").copied().unwrap_or(0) != 0 {
        findings.attention(
            "peers",
            "an organisation publishes more than the network allows of one feed; the log names it",
            "call its operator; if it is as large as that, the governors can raise live_tags",
        );
    }
    two_histories(status, findings);
    logs(status, findings);
}

/// How the own log stands with its witnesses, and who signed two.
fn logs(status: &StatusLine, findings: &mut Findings) {
    for log in &status.witnessing.logs {
        let (name, of) = (log.log.words(), log.witnesses);
        if let Some(LostLine { first, last, size, root }) = &log.lost {
            findings.wrong(
                "log",
                format!("the {name} lost entries {first} to {last}: witnesses remember them, and the disk does not have them"),
                format!(
                    "tell the privacy officer; ask the governors for a log generation (generation = {}, size = {size}, root \
                     = \"{root}\"), with which it goes on and the gap stays visible",
                    log.generation.saturating_add(1)
                ),
            );
        } else if log.cosignatures >= log.needed {
            findings.ok(
                "log",
                format!(
                    "the {name} is cosigned by {} of {of} witnesses, {} entries",
                    log.cosignatures, log.cosigned
                ),
            );
        } else {
            findings.attention(
                "log",
                format!(
                    "the {name} is not cosigned yet: {} of {} needed witnesses heard",
                    log.heard, log.needed
                ),
                "it goes on by itself when enough witnesses are reachable",
            );
        }
    }
    let forks = status.witnessing.forks.iter().filter(|fork| fork.open);
    let names: BTreeSet<(bool, &str)> =
        forks.map(|fork| (fork.oin == status.oin, fork.organisatie.as_str())).collect();
    for (is_own, name) in names.iter().take(NAMES) {
        if *is_own {
            findings.wrong(
                "log",
                "others hold proof that two logs are signed with this organisation's key, and evaluate nothing for it",
                "call the governors: an old data folder was put back, or the key is in wrong hands",
            );
        } else {
            findings.wrong(
                "log",
                format!("{name} has signed two logs; samenhang status --json holds the proof"),
                "call it and the governors: an old data folder was put back there, or its key is in wrong hands",
            );
        }
    }
    for challenge in status.witnessing.challenges.iter().take(NAMES) {
        findings.attention(
            "log",
            format!("{} has not shown that two checkpoints are of one log", challenge.organisatie),
            "call it; a log that was restored from a backup goes on when its governors say so",
        );
    }
}

/// Who signed two histories of a feed: named where it is proven.
fn two_histories(status: &StatusLine, findings: &mut Findings) {
    let (own, proofs): (Vec<&ProofLine>, Vec<&ProofLine>) = status
        .proofs
        .iter()
        .filter(|proof| proof.standing == Standing::Open)
        .partition(|proof| proof.oin == status.oin);
    if !own.is_empty() {
        findings.wrong(
            "peers",
            "others hold proof that two histories are signed with this organisation's key",
            "if nobody has put an old data folder back, somebody else has the key: have the governors replace it",
        );
    }
    let names: BTreeSet<&str> = proofs.iter().map(|proof| proof.organisatie.as_str()).collect();
    for name in names.iter().take(NAMES) {
        findings.wrong(
            "peers",
            format!("{name} has signed two histories of its feed; samenhang status --json holds the proof"),
            "call it and the governors: an old data folder was put back there, or its key is in wrong hands",
        );
    }
    let equivocations = status.refused.get("equivocations").copied().unwrap_or(0);
    if equivocations != 0 && status.proofs.is_empty() {
        findings.wrong(
            "peers",
            "an organisation has signed two histories of its feed; the log names it",
            "call that organisation and the governors: its machine was restored wrongly, or its key is in wrong hands",
        );
    }
}
