//! What the own organisation may want of its node, what the node replies, and what it tells unasked.

use std::collections::BTreeMap;

use ::roster::{RosterError, SignedRoster, Standing, Waiting};
use audit::Exported;
use domain::{
    CalendarDate, CircleId, Epoch, FamilyRef, KeyClass, LegalBasisCode, Oin, Signal, SignalKind, Timestamp,
    TooLate, Unit, Visibility,
};
use index::{Completeness, FeedId, Involvement, UnitInvolvement};
use thiserror::Error;

use crate::ceremony::{CeremonyState, KeyId};
use crate::feed::{ClockComparison, ProofStatus, Readers, SetBack};
use crate::review::{CannotDecide, Decision, DecisionWanted, Review, ReviewCount};
use crate::rights::{CannotServe, RightsCommand, RightsCount, RightsReply};
use crate::roster::RosterConflict;
use crate::witness::WitnessStatus;

/// Something the own organisation wants.
#[derive(Debug)]
pub enum Command {
    /// Register signals, or replace those with the same family reference. Those not named are left alone. One without
    /// an end gets the one that is held, or the usual one.
    Import(Vec<Signal>),
    /// Register part of an import of which more follows. The records are kept; their keys and matches follow with the
    /// last part, which comes as [`Command::Import`], or by themselves when it does not come.
    ImportPart(Vec<Signal>),
    /// Withdraw signals: their tags leave the feeds with the next segment and readers drop the match.
    Withdraw(Vec<FamilyRef>),
    /// Let signals last until a day: all of them or, when that is too late for one, none. Those not held are left out.
    Renew {
        /// The families.
        families: Vec<FamilyRef>,
        /// Their last day.
        until: CalendarDate,
    },
    /// The version of the roster after this one, as signed, also one that waits.
    RosterAfter(u32),
    /// Take in the next version of the roster: in force at once, or when its notice is over.
    InstallRoster(Box<SignedRoster>),
    /// The own signals, in order of reference.
    Signals,
    /// Who else is involved with this family?
    Who(FamilyRef),
    /// The same for every own family with a published or shielded signal, in order of reference.
    WhoAll,
    /// Decide about a match.
    Decide(DecisionWanted),
    /// Take back what was decided about a family and an organisation.
    Undo(FamilyRef, Oin),
    /// Something is about to leave the node in a file. Nothing may before this is replied to.
    Exporting(Exported),
    /// The organisation begins to leave the network. Nothing is withdrawn before this is replied to.
    Leaving,
    /// How the node is doing.
    Status,
    /// Something about the rights of persons.
    Rights(RightsCommand),
}

/// The reply to a [`Command`].
#[derive(Debug)]
pub enum Reply {
    /// What an import did.
    Imported(ImportCounts),
    /// How many signals were withdrawn; those not held are not counted.
    Withdrawn(usize),
    /// How many signals last until that day now, or why none was changed.
    Renewed(Result<usize, CannotRenew>),
    /// The version of the roster asked for and how it stands; `None` when it is not held.
    NextRoster(Option<(Box<SignedRoster>, Standing)>),
    /// The version of the roster in force, or why the one offered is not.
    Roster(Result<u32, RosterError>),
    /// The own signals.
    Signals(Vec<SignalSummary>),
    /// Who else is involved.
    Who(Result<Answer, Refusal>),
    /// Who else is involved, for every own family that may ask.
    WhoAll(Vec<Answer>),
    /// What was decided, or `None` when it was taken back; or why nothing changed.
    Decided(Result<Option<Decision>, CannotDecide>),
    /// It stands in the log.
    Logged,
    /// How the node is doing.
    Status(Box<Status>),
    /// What was done for the rights of persons, or why nothing was.
    Rights(Result<RightsReply, CannotServe>),
}

/// An own signal without its personal details.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignalSummary {
    /// The own reference.
    pub family: FamilyRef,
    /// Known or concerned.
    pub kind: SignalKind,
    /// Who may learn of it.
    pub visibility: Visibility,
    /// The legal basis.
    pub legal_basis: Option<LegalBasisCode>,
    /// The unit that registered it.
    pub unit: Option<Unit>,
    /// Involved since.
    pub involved_since: Option<CalendarDate>,
    /// When the family was told.
    pub informed_on: Option<CalendarDate>,
    /// When it ends by itself.
    pub ends_on: Option<CalendarDate>,
    /// Since when it stands still because of an objection.
    pub still_since: Option<Timestamp>,
}

impl From<&Signal> for SignalSummary {
    fn from(signal: &Signal) -> Self {
        Self {
            family: signal.family_ref.clone(),
            kind: signal.kind,
            visibility: signal.visibility,
            legal_basis: signal.legal_basis.clone(),
            unit: signal.unit.clone(),
            involved_since: signal.involved_since,
            informed_on: signal.informed_on,
            ends_on: signal.ends_on,
            still_since: None,
        }
    }
}

/// What an import did with each family it named.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ImportCounts {
    /// Families that were not known.
    pub added: usize,
    /// Families whose record differs from the one held.
    pub changed: usize,
    /// Families whose record is the one held.
    pub unchanged: usize,
    /// Families on which no signal is taken, because an objection was upheld.
    pub kept_out: usize,
}

/// Who else is involved with one own family, and how far that may be trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The own reference.
    pub family: FamilyRef,
    /// Whether it is about a synthetic family in a trial circle. No answer is about both.
    pub trial: bool,
    /// Involved organisations, by OIN.
    pub involved: Vec<Involvement>,
    /// Organisations that would be among them, had somebody not decided that they mean another family; by OIN.
    pub set_aside: Vec<Involvement>,
    /// What is known of each of both beside its evidence.
    pub reviews: BTreeMap<Oin, Review>,
    /// Involved units of the own organisation that the unit of the own signal may see.
    pub units: Vec<UnitInvolvement>,
    /// Completeness over every organisation that may publish to this one.
    pub completeness: Completeness,
}

/// Why a question is not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Refusal {
    /// Reciprocity: only who registered a signal on a family may ask about it.
    #[error("no own signal on this family; register one before asking")]
    NoOwnSignal,
    /// Somebody objected, and nobody has decided.
    #[error(
        "the signal on this family stands still because of an objection made on {}; nothing of it is served until that is \
         decided", .0.date()
    )]
    Objection(Timestamp),
    /// It ended by itself.
    #[error("the signal on this family has ended; renew it or register it anew before asking")]
    Ended,
    /// Fail closed: without a legal basis that holds in a circle nothing is published and nothing is answered.
    #[error("the signal on this family has no legal basis that holds in a circle; add one before asking")]
    NoLegalBasis,
    /// It lapsed: the signal ended as if it had been withdrawn.
    #[error(
        "the legal basis of the signal on this family ended on {}; what was published of it is withdrawn. Register it \
         on another before asking", .0.date()
    )]
    LegalBasisLapsed(Timestamp),
    /// A trial circle takes no real families.
    #[error(
        "the legal basis of the signal on this family is for trials with synthetic families: a BSN that begins with 999, \
         or no BSN and a geslachtsnaam that begins with 'Proef', for every person"
    )]
    NotSynthetic,
}

/// Why signals are not renewed. None of those named is.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("family {family}: that day {why}. Nothing was renewed")]
pub struct CannotRenew {
    /// The first family that cannot.
    pub family: FamilyRef,
    /// Why.
    pub why: TooLate,
}

/// How the node is doing. Holds no personal data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The epoch that runs.
    pub epoch: Epoch,
    /// The epoch that each class of keys is in: the one that runs, or the one before while there is no key for it.
    pub entered: BTreeMap<KeyClass, Epoch>,
    /// The next epoch, while it is prepared.
    pub next: Option<NextEpoch>,
    /// Version of the roster in force.
    pub roster_version: u32,
    /// Versions that wait for the end of their notice, the next one first.
    pub rosters_waiting: Vec<Waiting>,
    /// Versions of which governors signed more than one roster.
    pub roster_conflicts: Vec<RosterConflict>,
    /// The decision between two of them that waits to put another line of versions in force.
    pub roster_crossing: Option<Waiting>,
    /// Classes that have a key set in the epoch they are in.
    pub key_sets: Vec<KeyClass>,
    /// Keyholders reachable now, this node included when it is one.
    pub keyholders_reachable: usize,
    /// Keyholders in the roster.
    pub keyholders: usize,
    /// Keyholders needed for one evaluation.
    pub threshold: usize,
    /// Linkage keys that still wait for their pseudonym.
    pub keys_waiting: usize,
    /// Linkage keys evaluated since the start of this run.
    pub keys_evaluated: usize,
    /// What was counted under each key set that is evaluated under now.
    pub evaluations: Vec<EvaluationCount>,
    /// Whether the roster names the key that the own logs are signed with; nothing is evaluated otherwise.
    pub log_is_named: bool,
    /// Classes of which keys wait because the quota is spent.
    pub quotas_spent: Vec<QuotaSpent>,
    /// Organisations that signed two evaluation logs, as this keyholder was shown them.
    pub two_logs: Vec<TwoLogs>,
    /// Tags live in the own feeds.
    pub tags_published: usize,
    /// Involvements of one own unit with a family of another.
    pub unit_matches: usize,
    /// Matches that wait for a decision.
    pub review: ReviewCount,
    /// Whether the own feeds have everything published.
    pub published: bool,
    /// Own feeds for which nothing is signed yet since the start.
    pub hearing: Vec<HearingStatus>,
    /// Organisations whose feeds went on under a higher generation, with the newest: they lost what they had
    /// published, by a restore. This node is among them when it did.
    pub continued: BTreeMap<Oin, u32>,
    /// Completeness over every organisation that may publish to this one.
    pub completeness: Completeness,
    /// Proofs that organisations signed two histories of a feed, by organisation and circle; at most one for each.
    pub proofs: Vec<ProofStatus>,
    /// The own clock beside those of others.
    pub clock: ClockComparison,
    /// Whether the own clock stands before what this node has published.
    pub set_back: SetBack,
    /// The newest version of the roster that another member says it acts on; 0 while nobody was heard.
    pub newest_roster_heard: u32,
    /// What was refused so far.
    pub refused: Refused,
    /// The key ceremonies of the epoch that runs, by class.
    pub ceremonies: Vec<CeremonyState>,
    /// Who may read the own feeds, and who is not known to have taken everything published there.
    pub readers: Readers,
    /// Who watches the own logs, and what is held against others.
    pub witnessing: WitnessStatus,
    /// What waits to be done for persons.
    pub rights: RightsCount,
}

impl Status {
    /// Problems of the key ceremonies, also of those for the next epoch, each naming the keyholder where there is one.
    pub fn ceremony_problems(&self) -> impl Iterator<Item = &CeremonyProblem> {
        let next = self.next.iter().flat_map(|next| &next.ceremonies);
        self.ceremonies.iter().chain(next).flat_map(|ceremony| &ceremony.problems)
    }

    /// Whether enough keyholders are reachable; when not, the sentence that says so.
    #[must_use]
    pub fn keyholder_shortage(&self) -> Option<String> {
        (self.keyholders_reachable < self.threshold).then(|| {
            format!(
                "{} of {} keyholders reachable, {} needed",
                self.keyholders_reachable, self.keyholders, self.threshold
            )
        })
    }
}

/// What the own evaluation log counts under a key set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvaluationCount {
    /// Of which epoch.
    pub epoch: Epoch,
    /// Of which class.
    pub class: KeyClass,
    /// Elements, those that fill requests up among them.
    pub counted: u64,
    /// How many may be counted now; `None` where governors set no quota.
    pub allowed: Option<u64>,
}

/// That keys wait because the quota is spent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuotaSpent {
    /// Of which epoch.
    pub epoch: Epoch,
    /// Of which class.
    pub class: KeyClass,
    /// When there will be more; `None` when there will not, unless governors grant it.
    pub until: Option<Timestamp>,
}

/// That somebody signed two evaluation logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TwoLogs {
    /// Who.
    pub keeper: Oin,
    /// The proof, as [`audit::ForkProof`] reads it.
    pub proof: Vec<u8>,
}

/// How far the next epoch is prepared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextEpoch {
    /// Its number.
    pub epoch: Epoch,
    /// When it starts.
    pub starts: Timestamp,
    /// Its key ceremonies, by class.
    pub ceremonies: Vec<CeremonyState>,
    /// Linkage keys that still wait for their pseudonym in it.
    pub keys_waiting: usize,
    /// Whether everything is published in it already.
    pub published: bool,
}

/// How far a node has heard what it published in one circle before its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HearingStatus {
    /// The own feed.
    pub feed: FeedId,
    /// Readers that told what they hold.
    pub heard: usize,
    /// Readers that must tell.
    pub needed: usize,
    /// Connected readers whose answer is awaited as well.
    pub awaited: usize,
    /// Whether the data folder was restored from a backup.
    pub restored: bool,
}

impl HearingStatus {
    /// Whether enough was heard to sign again.
    #[must_use]
    pub fn is_enough(&self) -> bool {
        self.heard >= self.needed && self.awaited == 0
    }
}

/// Counts of what was refused, by reason.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Refused {
    /// Frames that cannot be read.
    pub malformed_frames: u64,
    /// Documents with a wrong signature, or signed by somebody who may not.
    pub bad_signatures: u64,
    /// Evaluations whose proof fails.
    pub failing_proofs: u64,
    /// Headers, heads and bodies that do not fit their feed.
    pub bad_feed_parts: u64,
    /// Second headers or heads with one sequence number.
    pub equivocations: u64,
    /// Requests that the roster does not allow.
    pub not_allowed: u64,
    /// Feeds that are larger than the network allows.
    pub beyond_cap: u64,
}

impl Refused {
    /// Each count with its name, for logs and metrics.
    #[must_use]
    pub fn named(&self) -> [(&'static str, u64); 7] {
        [
            ("malformed_frames", self.malformed_frames),
            ("bad_signatures", self.bad_signatures),
            ("failing_proofs", self.failing_proofs),
            ("bad_feed_parts", self.bad_feed_parts),
            ("equivocations", self.equivocations),
            ("not_allowed", self.not_allowed),
            ("beyond_cap", self.beyond_cap),
        ]
    }
}

/// What is wrong in a key ceremony, and whose doing it is.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CeremonyProblem {
    /// A keyholder broke the rules; the ceremony cannot complete with it.
    #[error("key ceremony {key}: keyholder {keyholder} {what}")]
    Lying {
        /// The key that it is to make.
        key: KeyId,
        /// Who did it.
        keyholder: Oin,
        /// What it did.
        what: &'static str,
    },
    /// Nothing came from a keyholder within the deadline.
    #[error("key ceremony {key}: keyholder {keyholder} has not sent its {what}")]
    Missing {
        /// The key that it is to make.
        key: KeyId,
        /// Who is silent.
        keyholder: Oin,
        /// What is missing.
        what: &'static str,
    },
    /// This keyholder signed a package of the attempt and no longer holds its secret: its data folder was restored.
    #[error(
        "key ceremony {key}: this keyholder lost what it had begun, and signs no second package; it takes part in the \
         next attempt, after the deadline of this one"
    )]
    Lost {
        /// The key that it is to make.
        key: KeyId,
    },
    /// Too few keyholders gave the last attempt up to begin another without those who stay away.
    #[error(
        "key ceremony {key}: {abandoned} of the {quorum} keyholders gave attempt {attempt} up that another one takes; call \
         those that are missing, or have the governors name the keyholders without them"
    )]
    TooFew {
        /// The key that it is to make.
        key: KeyId,
        /// The attempt.
        attempt: u32,
        /// How many gave it up.
        abandoned: usize,
        /// How many are needed.
        quorum: usize,
    },
    /// The next epoch begins in less than half of its preparation, and its key is not there.
    #[error(
        "key {key}: it is not made, and half of the time for it has passed; without it the epoch is not entered, and the \
         present key serves on until its grace ends"
    )]
    Late {
        /// The key.
        key: KeyId,
    },
    /// This keyholder took part in making the key and no longer holds its share.
    #[error(
        "key {key}: this keyholder lost its share and cannot evaluate; the other keyholders can, and the key of the \
         next epoch has a new one"
    )]
    ShareLost {
        /// The key.
        key: KeyId,
    },
}

impl CeremonyProblem {
    /// The key that it is about.
    #[must_use]
    pub const fn key(&self) -> KeyId {
        match self {
            Self::Lying { key, .. }
            | Self::Missing { key, .. }
            | Self::Lost { key }
            | Self::TooFew { key, .. }
            | Self::Late { key }
            | Self::ShareLost { key } => *key,
        }
    }

    /// The keyholder that it is about, where it is another than this one.
    #[must_use]
    pub const fn keyholder(&self) -> Option<Oin> {
        match self {
            Self::Lying { keyholder, .. } | Self::Missing { keyholder, .. } => Some(*keyholder),
            Self::Lost { .. } | Self::TooFew { .. } | Self::Late { .. } | Self::ShareLost { .. } => None,
        }
    }
}

/// Something the node tells unasked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// Enough governors signed two rosters of one version.
    RosterConflict {
        /// The version.
        version: u32,
    },
    /// Another organisation turns out to be involved with an own family, more than possibly. What is only possible waits on
    /// the review list and is told when it becomes more.
    NewMatch {
        /// The own family.
        family: FamilyRef,
        /// Who, how sure, and why.
        involvement: Involvement,
    },
    /// Another unit of the own organisation turns out to be involved with an own family.
    NewUnitMatch {
        /// The own family.
        family: FamilyRef,
        /// Which unit, how sure, and why.
        involvement: UnitInvolvement,
    },
    /// Something is wrong in a key ceremony.
    Ceremony(CeremonyProblem),
    /// An organisation publishes under a key set that nobody has shown, for a minute or longer.
    OtherKeySet {
        /// The organisation.
        publisher: Oin,
        /// The epoch.
        epoch: Epoch,
    },
    /// A keyholder's evaluation failed its proof; it is not asked again for a while.
    FailingProof {
        /// The keyholder.
        keyholder: Oin,
    },
    /// The clock stands before what this node has published already, so it publishes nothing.
    ClockBehind {
        /// By how many seconds.
        seconds: u64,
    },
    /// The clock is ahead of those of others, who would refuse what is dated by it, so nothing is published.
    ClockAhead {
        /// By how many seconds.
        seconds: u64,
    },
    /// The own feed of a circle has no number left, so nothing is published there: somebody signed the highest one with
    /// the organisation's key. Another key lets the feed begin anew.
    NumbersUsedUp {
        /// The circle.
        circle: CircleId,
    },
    /// An organisation signed two headers with one sequence number.
    Equivocation {
        /// The organisation.
        publisher: Oin,
    },
    /// An organisation signed two evaluation logs.
    TwoLogs {
        /// The organisation.
        member: Oin,
    },
    /// A feed is larger than the network allows: an own one, of which the rest waits, or another's, of which no more is
    /// taken: too many tags live, or too much came and went without everything being published anew.
    BeyondCap {
        /// The organisation.
        publisher: Oin,
        /// The circle.
        circle: CircleId,
    },
    /// An organisation's feed, maybe the own one, went on under a new generation: its node lost what it had
    /// published.
    FeedContinued {
        /// The organisation.
        publisher: Oin,
        /// The generation.
        generation: u32,
    },
    /// An organisation, maybe the own one, is proven to have signed two logs under one name.
    LogForked {
        /// The organisation.
        keeper: Oin,
    },
    /// An organisation was asked to show that two checkpoints that it signed are of one log, and did not.
    LogUnshown {
        /// The organisation.
        keeper: Oin,
        /// Their sizes.
        sizes: (u64, u64),
    },
    /// Witnesses remember more of the own main log than is on disk: nothing more of it is signed until governors let it go
    /// on.
    LogLost {
        /// The first entry that is lost.
        from: u64,
        /// The first that is not known to have been there.
        to: u64,
    },
}
