//! Linkage keys: what two organisations must have recorded alike to find each other.

use std::fmt;

use domain::KeyClass;

use crate::private::PrivateBytes;

/// What a key is made of. The number and the Dutch name are stable: they enter hashes and stored records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum KeyKind {
    /// `bsn`: the citizen service number.
    Bsn = 1,
    /// `naam-geboorte`: surname as it sounds, first initial, birth date. Survives a move.
    NameBirth = 2,
    /// `naam-adres`: outline of the surname, first initial, postcode and house number. Survives a birth
    /// date that is unknown or wrong, and most slips in the surname.
    NameAddress = 3,
    /// `geboorte-adres`: birth date, postcode and house number. Survives any error in the name.
    BirthAddress = 4,
    /// `huishouden`: the first three letters of the surname as it sounds and the whole address, of the household rather than
    /// of a person. Survives most slips in the surname.
    Household = 6,
    /// `volle-naam-geboorte`: surname as it sounds, first given name as it sounds or the first two initials, birth date.
    /// Tells persons apart whose name is so common that `naam-geboorte` alone proves too little; others have none.
    FullNameBirth = 7,
    /// `voornaam-adres`: first given name as it sounds or the first two initials, postcode and house number. Survives any
    /// error in the surname, and another surname, where a birth date is unknown or wrong.
    GivenAddress = 8,
    /// `huishouden-einde`: the last letters of the surname as it sounds and the whole address, of the household.
    /// Survives a surname of which the first letters are misspelt.
    HouseholdEnd = 10,
    /// `naam-postcode`: surname as it sounds, first initial, postcode; of adults with a name that is not common. Survives a
    /// wrong house number where a birth date is unknown.
    NamePostcode = 11,
    /// `naam-wijk-nummer`: surname as it sounds, first initial, digits of the postcode and house number; of the same. Survives
    /// wrong letters of a postcode.
    NameAreaNumber = 12,
    /// `begin-geboorte`: the first three letters of the surname as it sounds, first initial, birth date; of persons without
    /// a known home. Survives a misspelt surname where an address is secret or unknown.
    StartBirth = 13,
}

impl KeyKind {
    /// Every kind, in the order of their numbers.
    pub const ALL: [Self; 11] = [
        Self::Bsn,
        Self::NameBirth,
        Self::NameAddress,
        Self::BirthAddress,
        Self::Household,
        Self::FullNameBirth,
        Self::GivenAddress,
        Self::HouseholdEnd,
        Self::NamePostcode,
        Self::NameAreaNumber,
        Self::StartBirth,
    ];

    /// The Dutch name, used in the API and on pages.
    #[must_use]
    pub const fn dutch(self) -> &'static str {
        match self {
            Self::Bsn => "bsn",
            Self::NameBirth => "naam-geboorte",
            Self::NameAddress => "naam-adres",
            Self::BirthAddress => "geboorte-adres",
            Self::Household => "huishouden",
            Self::FullNameBirth => "volle-naam-geboorte",
            Self::GivenAddress => "voornaam-adres",
            Self::HouseholdEnd => "huishouden-einde",
            Self::NamePostcode => "naam-postcode",
            Self::NameAreaNumber => "naam-wijk-nummer",
            Self::StartBirth => "begin-geboorte",
        }
    }

    /// The kind with this Dutch name.
    #[must_use]
    pub fn from_dutch(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.dutch() == name)
    }

    /// Whether it is of the household rather than of a person.
    #[must_use]
    pub const fn is_of_household(self) -> bool {
        matches!(self, Self::Household | Self::HouseholdEnd)
    }

    /// The number in hashes and records; never reused.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The class whose key set evaluates this kind.
    #[must_use]
    pub const fn class(self) -> KeyClass {
        match self {
            Self::Bsn => KeyClass::Bsn,
            Self::NameBirth
            | Self::NameAddress
            | Self::BirthAddress
            | Self::Household
            | Self::FullNameBirth
            | Self::GivenAddress
            | Self::HouseholdEnd
            | Self::NamePostcode
            | Self::NameAreaNumber
            | Self::StartBirth => KeyClass::Weak,
        }
    }
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.dutch())
    }
}

/// One linkage key. Personal data: erased when dropped, never printed.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkageKey {
    kind: KeyKind,
    value: PrivateBytes,
}

impl LinkageKey {
    /// Joins the fields, each preceded by its length, in the order that the kind documents.
    pub(crate) fn new(kind: KeyKind, fields: &[&[u8]]) -> Self {
        Self { kind, value: PrivateBytes::from_fields(fields) }
    }

    /// What the key is made of.
    #[must_use]
    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The canonical bytes that enter the oblivious function. Personal data.
    #[must_use]
    pub fn value(&self) -> &[u8] {
        self.value.reveal()
    }
}

impl fmt::Debug for LinkageKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LinkageKey({}, redacted)", self.kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_are_distinct_and_come_back() {
        // 5 and 9 were those of kinds that are no longer made.
        let numbers = [1, 2, 3, 4, 6, 7, 8, 10, 11, 12, 13];
        for (kind, number) in KeyKind::ALL.into_iter().zip(numbers) {
            assert_eq!(KeyKind::from_dutch(kind.dutch()), Some(kind));
            assert_eq!(kind.number(), number);
            assert_eq!(kind.class() == KeyClass::Bsn, kind == KeyKind::Bsn);
        }
        assert_eq!(KeyKind::from_dutch("naam"), None);
    }

    #[test]
    fn debug_says_the_kind_only() {
        let key = LinkageKey::new(KeyKind::Bsn, &[b"111222333"]);
        assert_eq!(format!("{key:?}"), "LinkageKey(bsn, redacted)");
    }
}
