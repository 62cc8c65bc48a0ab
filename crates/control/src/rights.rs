//! The rights of persons: objections to signals. Persons are numbers in a record, never names.

use serde::{Deserialize, Serialize};

use crate::SealedBytes;

/// Under which the report for one person is sealed on its way to the command that asked for it.
pub const REPORT_LABEL: &str = "samenhang person report v1";

/// What may be asked for the rights of persons.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum RightsRequest {
    /// Somebody objects to the signal on a family: it stands still.
    Object {
        /// The organisation's own reference.
        family: String,
        /// The number of the person in the record.
        #[serde(default)]
        person: Option<u8>,
    },
    /// Decide about an objection.
    DecideObjection {
        /// The organisation's own reference.
        family: String,
        /// How.
        outcome: ObjectionOutcomeWanted,
    },
    /// The objections that are open or upheld.
    Objections,
    /// A match turned out to be wrong, or a person of the own record.
    Wrong {
        /// The organisation's own reference.
        family: String,
        /// The other organisation: its number, or its name in the roster.
        organisation: String,
        /// The number of the person in the record who is somebody else.
        #[serde(default)]
        person: Option<u8>,
    },
    /// The incidents.
    Incidents,
    /// Somebody says what was done about an incident.
    CloseIncident {
        /// Its number.
        number: u32,
        /// What.
        outcome: IncidentOutcomeWanted,
    },
    /// Who was told that a signal is registered.
    Informed {
        /// The organisation's own reference; otherwise all.
        #[serde(default)]
        family: Option<String>,
    },
    /// A person was told.
    Told {
        /// The organisation's own reference.
        family: String,
        /// The number of the person in the record.
        person: u8,
        /// The day (YYYY-MM-DD).
        on: String,
    },
    /// Telling a person has to wait.
    Postpone {
        /// The organisation's own reference.
        family: String,
        /// The number of the person in the record.
        person: u8,
        /// Why.
        ground: PostponeGroundWanted,
        /// Until which day (YYYY-MM-DD).
        until: String,
    },
    /// The report for one person, sealed to this key.
    Report {
        /// The organisation's own reference.
        family: String,
        /// The number of the person in the record.
        person: u8,
        /// Whether a draft was reviewed.
        release: bool,
        /// A public key for this one report, in hexadecimal.
        key: String,
    },
    /// A letter that tells a person.
    Letter {
        /// The organisation's own reference.
        family: String,
        /// The number of the person in the record.
        person: u8,
    },
}

/// How an objection is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ObjectionOutcomeWanted {
    /// `gegrond`: the signal is withdrawn and no other is taken in its place.
    Upheld,
    /// `ongegrond`: the signal is served again.
    Rejected,
    /// Taken back, or not upheld any more.
    Lifted,
}

/// What was done for the rights of persons.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RightsAnswer {
    /// An objection as it stands now.
    Objection(ObjectionLine),
    /// An incident that was opened or closed.
    Incident(IncidentLine),
    /// Where telling a person stands now.
    Informing(InformingLine),
    /// What a letter says.
    Letter(LetterLine),
    /// A report, sealed to the key of the one who asked.
    Report(SealedBytes),
    /// How many lines stood in the pages.
    Counted(usize),
}

/// A line of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RightsEntry {
    /// An objection.
    Objection(ObjectionLine),
    /// An incident.
    Incident(IncidentLine),
    /// Where telling a person stands.
    Informing(InformingLine),
}

/// An objection to an own signal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectionLine {
    /// The own reference.
    pub gezin: String,
    /// `open`, `gegrond`, or `opgeheven` when nothing of it stands any more.
    pub stand: String,
    /// The number of the person in the record who objects.
    pub persoon: Option<u8>,
    /// The day on which it was made.
    pub gemaakt_op: Option<String>,
    /// The day on which it was upheld.
    pub gegrond_op: Option<String>,
}

/// What was done about an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IncidentOutcomeWanted {
    /// No breach of personal data.
    NoBreach,
    /// Corrected, and without a risk that has to be reported.
    Corrected,
    /// Reported to the supervisory authority.
    Reported,
    /// Reported to the supervisory authority, and to the persons concerned.
    ReportedToPersons,
}

/// A match or a person that turned out to be wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IncidentLine {
    /// Its number.
    pub nummer: u32,
    /// The own reference.
    pub gezin: String,
    /// The other organisation's number.
    pub oin: String,
    /// Its name.
    pub organisatie: String,
    /// The number of the person in the record who is somebody else; absent: the match as a whole.
    pub persoon: Option<u8>,
    /// `open`, `te laat` or `gesloten`.
    pub stand: String,
    /// Since when it is known (RFC 3339).
    pub geopend_op: String,
    /// Until when it is to be closed (RFC 3339).
    pub uiterlijk: String,
    /// When it was closed (RFC 3339).
    pub gesloten_op: Option<String>,
    /// What was done.
    pub uitkomst: Option<String>,
}

/// Why telling a person has to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PostponeGroundWanted {
    /// The safety of a child.
    ChildSafety,
    /// The safety of somebody else.
    OtherSafety,
    /// An investigation.
    Investigation,
    /// Nobody knows where the person is.
    Unreachable,
}

/// Where telling a person stands that a signal is registered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InformingLine {
    /// The own reference.
    pub gezin: String,
    /// The number of the person in the record.
    pub persoon: u8,
    /// The person's role.
    pub rol: String,
    /// `zelf`, `zelf en de ouders`, `via de ouders` or `niet`.
    pub hoe: String,
    /// `geinformeerd`, `uitgesteld tot`, `uiterlijk`, `te laat sinds` or `niet nodig`.
    pub stand: String,
    /// The day that goes with it.
    pub datum: Option<String>,
    /// Why it is postponed.
    pub grond: Option<String>,
}

impl InformingLine {
    /// How it stands with whoever should have been told.
    pub const OVERDUE: &str = "te laat sinds";
}

/// What a letter to a person says. No name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LetterLine {
    /// The own reference.
    pub gezin: String,
    /// The organisation's name.
    pub organisatie: String,
    /// The network's name.
    pub netwerk: String,
    /// Where it can be reached.
    pub contactpunt: String,
    /// The unit.
    pub afdeling: Option<String>,
    /// When the signal was registered.
    pub geregistreerd_op: String,
    /// When it ends by itself.
    pub einddatum: Option<String>,
    /// The article of law.
    pub grondslag: Option<String>,
    /// Whether it goes to somebody under age.
    pub aan_jongere: bool,
    /// Whether it tells of children too.
    pub ook_voor_kinderen: bool,
}

/// What waits to be done for persons.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RightsLine {
    /// Objections that nobody has decided.
    pub objections_open: usize,
    /// Whole days for which the oldest of them has waited.
    pub oldest_objection_days: u64,
    /// Incidents that nobody has closed.
    pub incidents_open: usize,
    /// Of these, those whose 72 hours are over.
    pub incidents_overdue: usize,
    /// Whole hours that are left for the first of them; 0 when there are none.
    pub incident_hours_left: u64,
    /// Persons who should have been told by now that a signal is registered.
    pub informing_overdue: usize,
}
