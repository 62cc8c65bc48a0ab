//! A person as one organisation knows them, and the part they play in the family.

use std::fmt;

use crate::{Address, AddressKind, Bsn, CalendarDate, PartialDate, PersonalText};

/// The part a person plays in the family (CSV column `rol`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// `kind`
    Child,
    /// `ouder`
    Parent,
    /// `partner`: of a parent, also a step-parent; counts as a carer.
    Partner,
    /// `verzorger`: foster parent, guardian, grandparent.
    Carer,
    /// `overig`: anyone else; yields no linkage keys.
    Other,
}

impl Role {
    /// Every role, in the order of the CSV documentation.
    pub const ALL: [Self; 5] = [Self::Child, Self::Parent, Self::Partner, Self::Carer, Self::Other];

    /// The Dutch word used in the CSV, the API and on pages.
    #[must_use]
    pub const fn dutch(self) -> &'static str {
        match self {
            Self::Child => "kind",
            Self::Parent => "ouder",
            Self::Partner => "partner",
            Self::Carer => "verzorger",
            Self::Other => "overig",
        }
    }
}

/// Sex as registered (CSV column `geslacht`).
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Sex {
    /// `M`
    Male,
    /// `V`
    Female,
    /// `O`: unknown or not specified.
    Unknown,
}

impl fmt::Debug for Sex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sex(redacted)")
    }
}

/// The parts of a name; each may be unknown. Personal data.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct PersonName {
    /// All given names, or initials, as recorded.
    pub given_names: Option<PersonalText>,
    /// Voorvoegsel: `van der`.
    pub prefix: Option<PersonalText>,
    /// Geslachtsnaam; may hold two names joined by a hyphen.
    pub surname: Option<PersonalText>,
}

impl fmt::Debug for PersonName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PersonName(redacted)")
    }
}

/// Where a person lived before, and until when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreviousAddress {
    /// The address left.
    pub address: Address,
    /// The day of the move; unknown is treated as recent.
    pub moved_on: Option<CalendarDate>,
}

/// A person as one organisation knows them. Every detail but the role may be unknown.
#[derive(Clone, PartialEq, Eq)]
pub struct Person {
    /// The part this person plays in the family.
    pub role: Role,
    /// Citizen service number; only at organisations entitled to process it.
    pub bsn: Option<Bsn>,
    /// Name parts.
    pub name: PersonName,
    /// Birth date, possibly partly unknown.
    pub born: Option<PartialDate>,
    /// Registered sex.
    pub sex: Option<Sex>,
    /// Present address.
    pub address: Option<Address>,
    /// What sort of address the present one is.
    pub address_kind: AddressKind,
    /// Previous address.
    pub previous: Option<PreviousAddress>,
}

impl Person {
    /// A person of whom nothing but the role is known yet.
    #[must_use]
    pub fn new(role: Role) -> Self {
        Self {
            role,
            bsn: None,
            name: PersonName::default(),
            born: None,
            sex: None,
            address: None,
            address_kind: AddressKind::default(),
            previous: None,
        }
    }
}

impl Person {
    /// Bytes of all text, for bounding records.
    pub(crate) fn text_bytes(&self) -> usize {
        let addresses = self.address.iter().chain(self.previous.iter().map(|previous| &previous.address));
        let texts = [&self.name.given_names, &self.name.prefix, &self.name.surname];
        let address_texts = addresses.flat_map(|address| [&address.letter, &address.addition]);
        texts.into_iter().chain(address_texts).flatten().map(|text| text.reveal().len()).sum()
    }
}

impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Person({}, redacted)", self.role.dutch())
    }
}
