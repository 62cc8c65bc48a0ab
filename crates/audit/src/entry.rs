//! Entries of a main log: what a node did, for whom and why, in closed terms. Nothing in an entry says whom it is about;
//! that stands in its [`Details`], of which the entry holds a salted commitment.

use crypto::{Digest, cbor};
use domain::{Certainty, CircleId, LegalBasisCode, Month, Oin, PersonNumber, Timestamp};
use minicbor::{Decode, Encode};

use crate::rights::{IncidentStep, InformingStep, ObjectionStep};
use crate::{AuditError, Commitment, LeafHash, Salt};

/// Longest entry in bytes: its fixed fields, and the ids of as many circles as a roster has.
pub const MAX_ENTRY_BYTES: usize = 4 * 1024;

/// Longest text in [`Details`], in bytes: a unit of two hundred characters.
pub const MAX_DETAIL_BYTES: usize = 800;

/// What kinds of entries there are. Numbers stand in the format and are never reused; 1, 9 and 12 are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntryKind {
    /// A signal was registered.
    SignalRegistered,
    /// The record of a signal changed, or its end.
    SignalChanged,
    /// A signal was withdrawn.
    SignalWithdrawn,
    /// Keyholders were asked to evaluate linkage keys.
    EvaluationRequested,
    /// As many keyholders as are needed did.
    EvaluationGranted,
    /// Somebody asked who else is involved.
    Question,
    /// Another organisation turned out to be involved, and it was told.
    MatchSeen,
    /// Somebody said what a match is, or took that back.
    Statement,
    /// Data left the node in a file.
    Export,
    /// The node was started with this configuration.
    Configuration,
    /// A version of the roster came into force.
    Roster,
    /// Something was refused.
    Refusal,
    /// Retention ended for a month.
    Erasure,
    /// The node was made again from a backup.
    Restore,
    /// The log goes on after a loss.
    LogGeneration,
    /// The organisation began to leave the network.
    Leaving,
    /// Somebody objected to a signal, or that was decided.
    Objection,
    /// A match or a person turned out to be wrong, or what was done about it.
    Incident,
    /// A person was told of a signal, or that was postponed.
    Informing,
}

impl EntryKind {
    /// Every kind, in the order in which they are listed.
    pub const ALL: [Self; 19] = [
        Self::SignalRegistered,
        Self::SignalChanged,
        Self::SignalWithdrawn,
        Self::EvaluationRequested,
        Self::EvaluationGranted,
        Self::Question,
        Self::MatchSeen,
        Self::Statement,
        Self::Export,
        Self::Configuration,
        Self::Roster,
        Self::Refusal,
        Self::Erasure,
        Self::Restore,
        Self::Leaving,
        Self::LogGeneration,
        Self::Objection,
        Self::Incident,
        Self::Informing,
    ];

    /// The Dutch name in exports, in configuration and on the command line.
    #[must_use]
    pub const fn dutch(self) -> &'static str {
        match self {
            Self::SignalRegistered => "signaal-geregistreerd",
            Self::SignalChanged => "signaal-gewijzigd",
            Self::SignalWithdrawn => "signaal-ingetrokken",
            Self::EvaluationRequested => "evaluatie-gevraagd",
            Self::EvaluationGranted => "evaluatie-verleend",
            Self::Question => "vraag",
            Self::MatchSeen => "match-gezien",
            Self::Statement => "uitspraak",
            Self::Export => "uitvoer",
            Self::Configuration => "configuratie",
            Self::Roster => "roster",
            Self::Refusal => "weigering",
            Self::Erasure => "wissing",
            Self::Restore => "herstel",
            Self::LogGeneration => "logboekgeneratie",
            Self::Leaving => "vertrek",
            Self::Objection => "bezwaar",
            Self::Incident => "incident",
            Self::Informing => "informeren",
        }
    }
}

/// Who acted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum ActorRole {
    /// The node itself, by its clock or by what others sent.
    #[n(1)]
    Node,
    /// Somebody at the command line of the node's machine.
    #[n(2)]
    Operator,
}

impl ActorRole {
    /// The Dutch name in exports.
    #[must_use]
    pub const fn dutch(self) -> &'static str {
        match self {
            Self::Node => "knooppunt",
            Self::Operator => "beheerder",
        }
    }
}

/// What was said of a match.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum Said {
    /// The same family.
    #[n(1)]
    Same,
    /// Another family.
    #[n(2)]
    Different,
    /// What was said before does not stand.
    #[n(3)]
    TakenBack,
    /// It was never one: what was found by it is gone.
    #[n(4)]
    Wrong,
}

/// What left the node in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum Exported {
    /// A sealed backup.
    #[n(1)]
    Backup,
    /// This log.
    #[n(2)]
    Log,
}

/// What somebody wanted that was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum Wanted {
    /// To know who else is involved.
    #[n(1)]
    Question,
    /// To say what a match is.
    #[n(2)]
    Statement,
}

/// What happened. Numbers are part of the format.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Event {
    /// A signal was registered.
    #[n(2)]
    SignalRegistered,
    /// The record of a signal changed, or its end.
    #[n(3)]
    SignalChanged,
    /// A signal was withdrawn.
    #[n(4)]
    SignalWithdrawn,
    /// Keyholders were asked to evaluate linkage keys.
    #[n(5)]
    EvaluationRequested {
        /// The place of the leaf in the evaluation log.
        #[n(0)]
        leaf: u64,
        /// How many keys; the leaf counts what fills the request up as well.
        #[n(1)]
        keys: u32,
    },
    /// As many keyholders as are needed evaluated them, and proved it.
    #[n(6)]
    EvaluationGranted {
        /// The place of the leaf.
        #[n(0)]
        leaf: u64,
    },
    /// Somebody asked who else is involved: also when nobody is.
    #[n(7)]
    Question {
        /// With how many families: one, or all that there is a signal on.
        #[n(0)]
        families: u32,
        /// How many involved organisations the answer named.
        #[n(1)]
        found: u32,
        /// Whether the answer was complete.
        #[n(2)]
        complete: bool,
    },
    /// Another organisation turned out to be involved, and it was told.
    #[n(8)]
    MatchSeen {
        /// Which; the own one when it is another unit.
        #[cbor(n(0), with = "crypto::cbor::oin")]
        organisation: Oin,
        /// How certain: 1 possible, 2 probable, 3 certain.
        #[n(1)]
        certainty: u8,
    },
    /// Somebody said what a match is, or took that back.
    #[n(10)]
    Statement {
        /// About which organisation.
        #[cbor(n(0), with = "crypto::cbor::oin")]
        organisation: Oin,
        /// What.
        #[n(1)]
        said: Said,
    },
    /// Data left the node in a file.
    #[n(11)]
    Export {
        /// What.
        #[n(0)]
        exported: Exported,
    },
    /// The node was started.
    #[n(14)]
    Configuration {
        /// SHA-256 over its configuration.
        #[n(0)]
        digest: Digest,
    },
    /// A version of the roster came into force.
    #[n(15)]
    Roster {
        /// Its number.
        #[n(0)]
        version: u32,
        /// Its digest.
        #[n(1)]
        digest: Digest,
    },
    /// Something was refused.
    #[n(16)]
    Refusal {
        /// What was wanted.
        #[n(0)]
        wanted: Wanted,
    },
    /// Retention ended: everything of the entries whose retention ends in this month was made unreadable.
    #[n(17)]
    Erasure {
        /// The month, as a number.
        #[n(0)]
        month: u32,
    },
    /// The node was made again from a backup: what was logged after that is lost here.
    #[n(18)]
    Restore,
    /// Entries were lost and governors approved that the log goes on: from here on its checkpoints have the name of this
    /// generation. What stood from the place of the entry before it up to the size that is named is lost.
    #[n(24)]
    LogGeneration {
        /// Its number.
        #[n(0)]
        generation: u32,
        /// Entries that the last cosigned checkpoint of the generation before counted.
        #[n(1)]
        size: u64,
        /// Its root.
        #[n(2)]
        root: Digest,
    },
    /// The organisation began to leave the network: everything it registered is withdrawn.
    #[n(23)]
    Leaving,
    /// Somebody objected to a signal, or that was decided.
    #[n(13)]
    Objection {
        /// What.
        #[n(0)]
        step: ObjectionStep,
        /// The number of the person in the record, where it is known who objects.
        #[n(1)]
        person: Option<u8>,
    },
    /// A match or a person turned out to be wrong, or what was done about it.
    #[n(19)]
    Incident {
        /// What.
        #[n(0)]
        step: IncidentStep,
        /// With which organisation the match was.
        #[cbor(n(1), with = "crypto::cbor::oin")]
        organisation: Oin,
        /// The number of the person in the record that is another's, where it is about one.
        #[n(2)]
        person: Option<u8>,
    },
    /// A person was told of a signal, or that was postponed.
    #[n(20)]
    Informing {
        /// What.
        #[n(0)]
        step: InformingStep,
        /// The number of the person in the record.
        #[n(1)]
        person: u8,
    },
    /// What the node has of a person left it in a report.
    #[n(21)]
    PersonReport {
        /// The number of the person in the record.
        #[n(0)]
        person: u8,
        /// Whether it was reviewed and given; otherwise it is a draft, to be reviewed.
        #[n(1)]
        released: bool,
    },
}

impl Event {
    /// That another organisation turned out to be involved.
    #[must_use]
    pub const fn match_seen(organisation: Oin, certainty: Certainty) -> Self {
        let certainty = match certainty {
            Certainty::Possible => 1,
            Certainty::Probable => 2,
            Certainty::Certain => 3,
        };
        Self::MatchSeen { organisation, certainty }
    }

    /// The end of the retention of a month.
    #[must_use]
    pub const fn erasure(month: Month) -> Self {
        Self::Erasure { month: month.number() }
    }

    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> EntryKind {
        match self {
            Self::SignalRegistered => EntryKind::SignalRegistered,
            Self::SignalChanged => EntryKind::SignalChanged,
            Self::SignalWithdrawn => EntryKind::SignalWithdrawn,
            Self::EvaluationRequested { .. } => EntryKind::EvaluationRequested,
            Self::EvaluationGranted { .. } => EntryKind::EvaluationGranted,
            Self::Question { .. } => EntryKind::Question,
            Self::MatchSeen { .. } => EntryKind::MatchSeen,
            Self::Statement { .. } => EntryKind::Statement,
            Self::Export { .. } => EntryKind::Export,
            Self::Configuration { .. } => EntryKind::Configuration,
            Self::Roster { .. } => EntryKind::Roster,
            Self::Refusal { .. } => EntryKind::Refusal,
            Self::Erasure { .. } => EntryKind::Erasure,
            Self::Restore => EntryKind::Restore,
            Self::LogGeneration { .. } => EntryKind::LogGeneration,
            Self::Leaving => EntryKind::Leaving,
            Self::Objection { .. } => EntryKind::Objection,
            Self::Incident { .. } => EntryKind::Incident,
            Self::Informing { .. } => EntryKind::Informing,
            Self::PersonReport { .. } => EntryKind::Export,
        }
    }

    fn is_well_formed(&self) -> bool {
        match self {
            Self::MatchSeen { certainty, .. } => (1..=3).contains(certainty),
            Self::Erasure { month } => Month::from_number(*month).is_some(),
            Self::LogGeneration { generation, .. } => *generation != 0,
            Self::Objection { person, .. } | Self::Incident { person, .. } => {
                person.is_none_or(|number| PersonNumber::new(number).is_ok())
            }
            Self::Informing { person, .. } | Self::PersonReport { person, .. } => {
                PersonNumber::new(*person).is_ok()
            }
            Self::SignalRegistered
            | Self::SignalChanged
            | Self::SignalWithdrawn
            | Self::EvaluationRequested { .. }
            | Self::EvaluationGranted { .. }
            | Self::Question { .. }
            | Self::Statement { .. }
            | Self::Export { .. }
            | Self::Configuration { .. }
            | Self::Roster { .. }
            | Self::Refusal { .. }
            | Self::Restore
            | Self::Leaving => true,
        }
    }
}

/// A circle id inside a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(transparent)]
pub struct InCircle(#[cbor(n(0), with = "crypto::cbor::circle_id")] pub CircleId);

/// The code of a legal basis, where there is one.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct OnBasis(#[cbor(n(0), with = "crypto::cbor::legal_basis")] pub LegalBasisCode);

/// One entry. Its encoding is what the tree hashes.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Entry {
    /// Its place in the log, from 0.
    #[n(0)]
    pub place: u64,
    /// When, by the node's clock.
    #[cbor(n(1), with = "crypto::cbor::timestamp")]
    pub time: Timestamp,
    /// Who acted.
    #[n(2)]
    pub role: ActorRole,
    /// What happened.
    #[n(3)]
    pub event: Event,
    /// For the purposes of which circles, ascending. Their purposes stand in the roster that was in force.
    #[n(4)]
    pub circles: Vec<InCircle>,
    /// To what [`Details`].
    #[n(5)]
    pub details: Commitment,
    /// On which legal basis, where there is one.
    #[n(6)]
    pub basis: Option<OnBasis>,
}

impl Entry {
    /// The bytes that the tree hashes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        cbor::to_vec(self)
    }

    /// Reads an entry.
    ///
    /// # Errors
    /// Too long, unreadable, in a second spelling, or with a value that no entry has.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, AuditError> {
        if bytes.len() > MAX_ENTRY_BYTES {
            return Err(AuditError::MalformedEntry);
        }
        let entry: Self = cbor::from_slice(bytes).map_err(|_| AuditError::MalformedEntry)?;
        let ascends = entry.circles.is_sorted_by(|a, b| a < b);
        if ascends && entry.event.is_well_formed() { Ok(entry) } else { Err(AuditError::MalformedEntry) }
    }

    /// Its hash in the tree.
    #[must_use]
    pub fn leaf(&self) -> LeafHash {
        LeafHash::of(&self.to_bytes())
    }
}

/// Whom an entry is about and who acted, kept apart from it: under a key that is destroyed when its retention ends.
/// Personal data.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
pub struct Details {
    #[cbor(n(0), with = "minicbor::bytes")]
    salt: [u8; 32],
    /// Who acted, by name, where the node knows.
    #[n(1)]
    pub actor: Option<String>,
    /// The own reference of the family, where it is about one.
    #[n(2)]
    pub family: Option<String>,
    /// The unit, where it is about one.
    #[n(3)]
    pub unit: Option<String>,
}

impl Details {
    /// Details with a salt of their own.
    #[must_use]
    pub fn new(salt: &Salt, actor: Option<String>, family: Option<String>, unit: Option<String>) -> Self {
        Self { salt: *salt.reveal(), actor, family, unit }
    }

    /// What the entry holds of them. An absent field is committed to as none, not as an empty one.
    #[must_use]
    pub fn commitment(&self) -> Commitment {
        let salt = Salt::from_bytes(self.salt);
        let field = |field: &Option<String>| -> Vec<u8> {
            field.as_ref().map_or_else(Vec::new, |text| [&[1], text.as_bytes()].concat())
        };
        let [actor, family, unit] = [&self.actor, &self.family, &self.unit].map(field);
        Commitment::to_details(&salt, &[&actor, &family, &unit])
    }

    /// The bytes for sealed storage, and for whoever may see them.
    #[must_use]
    pub fn reveal_bytes(&self) -> Vec<u8> {
        cbor::to_vec(self)
    }

    /// Reads details.
    ///
    /// # Errors
    /// Unreadable, in a second spelling, or too long.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, AuditError> {
        let details: Self = cbor::from_slice(bytes).map_err(|_| AuditError::MalformedEntry)?;
        let is_short =
            |text: &Option<String>| text.as_ref().is_none_or(|text| text.len() <= MAX_DETAIL_BYTES);
        let fits = is_short(&details.actor) && is_short(&details.family) && is_short(&details.unit);
        if fits { Ok(details) } else { Err(AuditError::MalformedEntry) }
    }
}

impl std::fmt::Debug for Details {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Details(redacted)")
    }
}

impl Drop for Details {
    fn drop(&mut self) {
        use zeroize::Zeroize;
        self.salt.zeroize();
        for field in [&mut self.actor, &mut self.family, &mut self.unit] {
            field.zeroize();
        }
    }
}
