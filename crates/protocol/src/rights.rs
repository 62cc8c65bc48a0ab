//! The rights of persons on whom signals are registered: what is kept of them, and what the own organisation may want.
//!
//! A signal stands still while an objection to it is open: it takes part in no circle, so that nothing of it is
//! published, evaluated, found or answered. What was upheld outlasts the signal, or the next import would bring it back.

mod incidents;
mod informing;
mod objections;
mod wrong_persons;

use domain::{
    CalendarDate, FamilyRef, LegalBasisCode, Oin, Person, PersonNumber, SignalKind, Timestamp, Unit,
};
use thiserror::Error;

pub(crate) use self::incidents::Incidents;
pub use self::incidents::{Incident, IncidentOutcome};
pub use self::informing::{Informed, PersonInformed, PostponeGround, Telling};
pub(crate) use self::informing::{Informing, InformingFile, MOST_POSTPONED_YEARS, Timer};
pub(crate) use self::objections::Objections;
pub use self::objections::{Objection, ObjectionOutcome};
pub(crate) use self::wrong_persons::{WrongOfFamily, WrongPersons};
use crate::Refusal;

/// Something about the rights of persons that the own organisation wants.
#[derive(Debug)]
pub enum RightsCommand {
    /// Somebody objects to the signal on a family.
    Object {
        /// The own family.
        family: FamilyRef,
        /// Who, where it is a person of the record.
        person: Option<PersonNumber>,
    },
    /// Decide about an objection.
    DecideObjection {
        /// The own family.
        family: FamilyRef,
        /// How.
        outcome: ObjectionOutcome,
    },
    /// The objections that are open or upheld.
    Objections,
    /// A match turned out to be wrong: what was found by it goes, and an incident is opened.
    Wrong {
        /// The own family.
        family: FamilyRef,
        /// The other organisation.
        organisation: Oin,
        /// The person of the own record who is somebody else; `None`: the match as a whole.
        person: Option<PersonNumber>,
    },
    /// The incidents.
    Incidents,
    /// Somebody says what was done about an incident.
    CloseIncident {
        /// Its number.
        number: u32,
        /// What.
        outcome: IncidentOutcome,
    },
    /// Where telling persons stands: of one family, or of all.
    Informed(Option<FamilyRef>),
    /// A person was told, or that has to wait.
    Inform {
        /// The own family.
        family: FamilyRef,
        /// The person.
        person: PersonNumber,
        /// What was done.
        telling: Telling,
    },
    /// What there is of one person.
    Person {
        /// The own family.
        family: FamilyRef,
        /// The person.
        person: PersonNumber,
        /// Whether it leaves the node, and is logged: as a draft (false) or given to the person (true).
        logged: Option<bool>,
    },
    /// A letter that tells a person.
    Letter {
        /// The own family.
        family: FamilyRef,
        /// The person.
        person: PersonNumber,
    },
}

/// What came of a [`RightsCommand`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RightsReply {
    /// The objection as it stands; `None` when it is gone.
    Objection(Option<Objection>),
    /// An incident that was opened or closed.
    Incident(Incident),
    /// All of them, the oldest first.
    Incidents(Vec<Incident>),
    /// Where telling persons stands, by family and number.
    Informed(Vec<PersonInformed>),
    /// What a letter says.
    Letter(LetterFacts),
    /// What there is of one person. Personal data.
    Person(Box<PersonFile>),
    /// All of them, in order of reference.
    Objections(Vec<(FamilyRef, Objection)>),
}

/// What a letter to one person says beside what every letter does. No name: whoever sends it writes that on the envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LetterFacts {
    /// The own reference.
    pub family: FamilyRef,
    /// When the signal was registered.
    pub registered_on: CalendarDate,
    /// Whether it goes to somebody under age.
    pub to_youth: bool,
    /// Whether it tells of children too.
    pub for_children: bool,
    /// The unit that registered it.
    pub unit: Option<Unit>,
    /// When it ends by itself.
    pub ends_on: Option<CalendarDate>,
    /// On which legal basis.
    pub legal_basis: Option<LegalBasisCode>,
}

/// What a node has of one person, and nobody else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonFile {
    /// The person as recorded.
    pub person: Person,
    /// Known or concerned.
    pub kind: SignalKind,
    /// The legal basis.
    pub legal_basis: Option<LegalBasisCode>,
    /// The unit that registered it.
    pub unit: Option<Unit>,
    /// Involved since.
    pub involved_since: Option<CalendarDate>,
    /// When the signal was registered.
    pub registered_on: Option<CalendarDate>,
    /// When it ends by itself.
    pub ends_on: Option<CalendarDate>,
    /// Where telling the person stands.
    pub informed: Option<PersonInformed>,
    /// Who is found involved by this person.
    pub involved: Vec<Oin>,
}

/// Why nothing is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CannotServe {
    /// Nothing is registered.
    #[error("no own signal on this family")]
    NoSignal,
    /// There are fewer persons.
    #[error("the record of this family has no person with that number")]
    NoSuchPerson,
    /// One is enough.
    #[error("there is an objection to this signal already, made on {}", .0.date())]
    ObjectedAlready(Timestamp),
    /// The bound.
    #[error("{} objections are kept already", objections::MAX_OBJECTIONS)]
    TooManyObjections,
    /// Whoever may not ask about a family does not say which of its matches are wrong either.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Nothing agrees, so nothing is wrong.
    #[error("that organisation is not involved with this family, as far as this node knows")]
    NotInvolved,
    /// The bound.
    #[error("{} incidents are kept already", incidents::MAX_INCIDENTS)]
    TooManyIncidents,
    /// The bound on decisions about one family.
    #[error("too many decisions on this family are kept already; undo some that matter no more")]
    TooManyDecisions,
    /// Of whoever is `overig` nothing is published.
    #[error("nothing is published of this person (overig), so nobody has to tell this person")]
    NotToldAtAll,
    /// A child under twelve.
    #[error("this child is under twelve or of unknown age: the parents are told, each apart")]
    ToldThroughParents,
    /// A day in the future.
    #[error("nobody was told on a day that has yet to come")]
    NotYet,
    /// A day in the past.
    #[error("telling somebody can only be postponed to a later day")]
    PostponedToThePast,
    /// Too far ahead.
    #[error("telling somebody can be postponed for a year at most; then somebody decides again")]
    PostponedTooLong,
    /// There is none with that number, or it is closed.
    #[error("there is no open incident with that number")]
    NoOpenIncident,
    /// There is none, or it was decided.
    #[error("there is no open objection to a signal on this family")]
    NoObjection,
}

/// How much waits to be done for persons. Holds no personal data.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RightsCount {
    /// Objections that nobody has decided.
    pub objections_open: usize,
    /// When the oldest of them was made.
    pub oldest_objection: Option<Timestamp>,
    /// Incidents that nobody has closed.
    pub incidents_open: usize,
    /// When the first of them is to be closed.
    pub incident_deadline: Option<Timestamp>,
    /// Of these, those whose time is over.
    pub incidents_overdue: usize,
    /// Persons who should have been told by now.
    pub informing_overdue: usize,
}
