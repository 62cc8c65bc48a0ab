//! What is done for the rights of persons, in the closed terms of entries.

use minicbor::{Decode, Encode};

/// What happened to an objection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum ObjectionStep {
    /// It was made: the signal stands still.
    #[n(1)]
    Made,
    /// It is right: the signal was withdrawn, and no other is taken in its place.
    #[n(2)]
    Upheld,
    /// It is not: the signal is served again.
    #[n(3)]
    Rejected,
    /// It was taken back, or what was upheld does not stand any more.
    #[n(4)]
    Lifted,
}

impl ObjectionStep {
    /// The Dutch word.
    #[must_use]
    pub const fn dutch(self) -> &'static str {
        match self {
            Self::Made => "gemaakt",
            Self::Upheld => "gegrond",
            Self::Rejected => "ongegrond",
            Self::Lifted => "opgeheven",
        }
    }
}

/// What happened to an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum IncidentStep {
    /// It was opened: what was found by it is gone, and the clock runs.
    #[n(1)]
    Opened,
    /// Closed: it is no breach of personal data.
    #[n(2)]
    NoBreach,
    /// Closed: corrected, and without a risk that has to be reported.
    #[n(3)]
    Corrected,
    /// Closed: reported to the supervisory authority.
    #[n(4)]
    Reported,
    /// Closed: reported to the supervisory authority, and to the persons concerned.
    #[n(5)]
    ReportedToPersons,
}

impl IncidentStep {
    /// The Dutch word.
    #[must_use]
    pub const fn dutch(self) -> &'static str {
        match self {
            Self::Opened => "geopend",
            Self::NoBreach => "geen-datalek",
            Self::Corrected => "hersteld",
            Self::Reported => "gemeld-bij-ap",
            Self::ReportedToPersons => "gemeld-bij-ap-en-personen",
        }
    }
}

/// What happened to the informing of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum InformingStep {
    /// The person was told.
    #[n(1)]
    Told,
    /// Postponed for the safety of a child.
    #[n(2)]
    ChildSafety,
    /// Postponed for the safety of somebody else.
    #[n(3)]
    OtherSafety,
    /// Postponed for the sake of an investigation.
    #[n(4)]
    Investigation,
    /// Postponed because nobody knows where the person is.
    #[n(5)]
    Unreachable,
    /// A letter to the person was made.
    #[n(6)]
    Letter,
}

impl InformingStep {
    /// The Dutch word.
    #[must_use]
    pub const fn dutch(self) -> &'static str {
        match self {
            Self::Told => "geinformeerd",
            Self::ChildSafety => "veiligheid-kind",
            Self::OtherSafety => "veiligheid-ander",
            Self::Investigation => "onderzoek",
            Self::Unreachable => "onbereikbaar",
            Self::Letter => "brief",
        }
    }
}
