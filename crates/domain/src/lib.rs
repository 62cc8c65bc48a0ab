//! Organisations, persons, families, signals, roles, legal bases, epochs: types that cannot hold an invalid value.
//!
//! Every type here is made by one checked constructor and stays valid. Nothing here serialises: the wire, the
//! disk, the CSV and the API have types of their own with written conversions. Personal details have a redacted
//! `Debug` and one loud accessor, `reveal`, so that a log line cannot carry them by accident.

mod address;
mod bsn;
mod certainty;
mod date;
mod ids;
mod informing;
mod invalid;
mod legal_basis;
mod lifetime;
mod month;
mod numbering;
mod oin;
mod person;
mod sector;
mod signal;
mod text;
mod timestamp;

pub use address::{Address, AddressKind, HouseNumber, Postcode};
pub use bsn::Bsn;
pub use certainty::Certainty;
pub use date::{CalendarDate, PartialDate};
pub use ids::{CircleId, Epoch, KeyClass, NetworkId};
pub use informing::ToldHow;
pub use invalid::Invalid;
pub use legal_basis::LegalBasisCode;
pub use lifetime::TooLate;
pub use month::Month;
pub use numbering::PersonNumber;
pub use oin::Oin;
pub use person::{Person, PersonName, PreviousAddress, Role, Sex};
pub use sector::Sector;
pub use signal::{Contact, Family, FamilyRef, Kindcheck, Signal, SignalKind, Unit, Visibility};
pub use text::{PersonalText, PlainText};
pub use timestamp::Timestamp;
