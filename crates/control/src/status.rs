//! How a node is doing. Holds no personal data.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{CeremonyLine, Coverage, OrganisationLine, ProofLine, RightsLine, WitnessingLine};

/// A node's state at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatusLine {
    /// What it is doing.
    pub phase: Phase,
    /// What to do, where something is to be done; one sentence each.
    pub messages: Vec<String>,
    /// The organisation's number.
    pub oin: String,
    /// Version of the program.
    pub version: String,
    /// Where it listens for other nodes.
    pub addresses: Vec<String>,
    /// The roster in force.
    pub roster: Option<RosterLine>,
    /// The epoch that runs.
    pub epoch: Option<u32>,
    /// The epoch that each class of keys is in: the one that runs, or the one before while there is no key for it.
    pub entered: BTreeMap<String, u32>,
    /// The next epoch, while it is prepared.
    pub next_epoch: Option<NextEpochLine>,
    /// Classes of keys that can be used.
    pub key_sets: Vec<String>,
    /// The keyholders, as far as reachable now.
    pub keyholders: KeyholderLine,
    /// Linkage keys that wait for their pseudonym.
    pub keys_waiting: usize,
    /// Linkage keys evaluated since the start.
    pub keys_evaluated: usize,
    /// What was counted of evaluations, by epoch and class.
    pub evaluations: Vec<EvaluationLine>,
    /// Organisations that showed this keyholder two evaluation logs.
    pub two_logs: Vec<TwoLogsLine>,
    /// Tags live in the own feeds.
    pub tags_published: usize,
    /// Involvements of one own unit with a family of another.
    pub unit_matches: usize,
    /// Matches that wait for a decision.
    pub review: ReviewLine,
    /// Whether everything of the own families is published.
    pub published: bool,
    /// Circles in which nothing is published yet, because others have not told what was published before the start.
    pub hearing: Vec<HearingLine>,
    /// Organisations that lost what they had published, by a restore, and went on; this one is among them when it did.
    pub continued: Vec<ContinuedLine>,
    /// Completeness of what others publish.
    pub dekking: Coverage,
    /// Proofs that organisations signed two histories of a feed.
    pub proofs: Vec<ProofLine>,
    /// The own clock beside those of other members.
    pub clock: ClockLine,
    /// Second rosters of one version that governors signed and did not decide about; each is kept as evidence.
    pub roster_conflicts: usize,
    /// Bytes of the records when the node started.
    pub logical_bytes: u64,
    /// What was refused since the start, by reason.
    pub refused: BTreeMap<String, u64>,
    /// What the network refused, failed at or lost since the start, by reason.
    pub network: BTreeMap<String, u64>,
    /// By which paths others are reached now.
    pub connections: ConnectionLine,
    /// The key ceremonies of the current epoch.
    pub ceremonies: Vec<CeremonyLine>,
    /// Who reads what this node publishes.
    pub readers: ReadersLine,
    /// Since when the organisation is leaving the network (RFC 3339), when it is.
    pub leaving: Option<String>,
    /// How logs stand with those who watch them.
    pub witnessing: WitnessingLine,
    /// What waits to be done for persons.
    #[serde(default)]
    pub rights: RightsLine,
}

/// Matches that wait for somebody to decide whether they mean the same family.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReviewLine {
    /// How many.
    pub waiting: usize,
    /// Whole days for which the oldest of them has been found. Coarse, so that a followed status does not change by it
    /// every second.
    pub oldest_days: u64,
}

/// What was counted of evaluations under one key set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvaluationLine {
    /// Of which epoch.
    pub epoch: u32,
    /// Of which class.
    pub class: String,
    /// Elements, those that fill requests up among them.
    pub counted: u64,
    /// How many may be counted now; absent where the governors set no quota.
    pub allowed: Option<u64>,
    /// Whether keys wait because the quota is spent.
    pub spent: bool,
    /// When there will be more (RFC 3339), where it is spent and there will be.
    pub until: Option<String>,
}

/// An organisation that signed two evaluation logs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TwoLogsLine {
    /// Its number.
    pub oin: String,
    /// Its name.
    pub organisatie: String,
    /// The proof, in hexadecimal, so that anybody can check it.
    pub proof: String,
}

/// By which paths a node reaches others, and what it carries for them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConnectionLine {
    /// Members reached over TCP.
    pub tcp: u64,
    /// Members reached over QUIC.
    pub quic: u64,
    /// Members reached through a relay.
    pub relayed: u64,
    /// Relays at which this node, when it only dials out, holds a place.
    pub places: u64,
    /// Pairs of members whose connections this node relays.
    pub carried: u64,
}

/// What a node is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// No roster that names this node has been installed.
    WaitingForRoster,
    /// At work.
    Running,
    /// Closing down.
    Stopping,
}

impl Phase {
    /// For people.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::WaitingForRoster => "waiting for a roster",
            Self::Running => "running",
            Self::Stopping => "stopping",
        }
    }
}

/// The roster in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RosterLine {
    /// The network's name.
    pub name: String,
    /// The network's id, to be compared out of band.
    pub network: String,
    /// The version.
    pub version: u32,
    /// How many members it names.
    pub members: usize,
    /// The newest version that another member says it acts on; 0 while nobody was heard.
    pub newest_heard: u32,
    /// Versions that wait for the end of their notice, the next one first.
    #[serde(default)]
    pub waiting: Vec<WaitingRosterLine>,
    /// Versions of which governors signed more than one roster, also those about which they decided since.
    pub conflicts: Vec<RosterConflictLine>,
    /// The decision between two of them that puts another line of versions in force when its notice is over.
    pub crossing: Option<WaitingRosterLine>,
}

/// Rosters of one version that governors signed beside each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RosterConflictLine {
    /// The version.
    pub version: u32,
    /// Digest of the one that this node keeps to.
    pub held: Option<String>,
    /// Digests of the others.
    pub others: Vec<String>,
    /// Since when the node knows of it (RFC 3339).
    pub since: String,
    /// The version in force that decides between them; none while nothing is decided.
    pub resolved_by: Option<u32>,
}

/// A version of the roster that is signed by enough governors and not in force yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WaitingRosterLine {
    /// The version.
    pub version: u32,
    /// Digest of the document.
    pub digest: String,
    /// When this node first saw it.
    pub first_seen: String,
    /// When it takes effect on this node.
    pub takes_effect: String,
    /// The same in UTC seconds.
    pub takes_effect_seconds: u64,
    /// Whether others' clocks bore the own one out when it was seen. Otherwise its notice begins when they do.
    pub clock_agreed: bool,
    /// What it changes in the version before it, one sentence each.
    pub changes: Vec<String>,
}

/// What a node hears of others before it publishes in a circle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HearingLine {
    /// The circle's name.
    pub circle: String,
    /// Organisations that told what they hold.
    pub heard: usize,
    /// Organisations that must tell.
    pub needed: usize,
    /// Connected organisations whose answer is awaited as well.
    pub awaited: usize,
    /// Whether the data folder was restored from a backup.
    pub restored: bool,
}

/// An organisation whose feed went on under a higher generation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContinuedLine {
    /// Its number.
    pub oin: String,
    /// Its name.
    pub organisatie: String,
    /// The newest generation of its feeds.
    pub generation: u32,
}

/// How far the next epoch is prepared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NextEpochLine {
    /// Its number.
    pub epoch: u32,
    /// When it starts (RFC 3339).
    pub starts: String,
    /// Classes of which the key is made.
    pub key_sets: Vec<String>,
    /// Classes of which it should be made by now and is not: half of the preparation has passed.
    pub late: Vec<String>,
    /// Linkage keys that wait for their pseudonym in it.
    pub keys_waiting: usize,
    /// Whether everything of the own families is published in it.
    pub published: bool,
}

/// How many keyholders there are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyholderLine {
    /// Reachable now, this node included when it is one.
    pub reachable: usize,
    /// In the roster.
    pub total: usize,
    /// Needed for one evaluation.
    pub threshold: usize,
}

/// The own clock beside those of the members heard of late.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockLine {
    /// How many members it is compared with; none until the first of them publishes.
    pub members: usize,
    /// Whole minutes by which the own clock is ahead of theirs; negative when it is behind. Coarse, so that a followed
    /// status does not tell every second that a message took.
    pub ahead_minutes: i64,
    /// Seconds by which the own clock stands before what this node has published; nothing is published meanwhile.
    pub behind_own_seconds: u64,
}

/// Who reads what this node publishes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReadersLine {
    /// How many organisations may.
    pub total: usize,
    /// Who is not known to have taken everything.
    pub behind: Vec<OrganisationLine>,
}

impl StatusLine {
    /// Whether questions can be answered and signals taken.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.phase == Phase::Running
    }
}
