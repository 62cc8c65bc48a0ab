//! What agreement is worth: Fellegi–Sunter weights, in bits, per field.
//!
//! The weight of a field is log2(m / u): how much likelier two records agree on it when they mean one person (m,
//! close to 1) than by chance (u). Weights belong to fields, not to keys: the keys of one person that agree imply
//! that their fields agree, and each sort of field counts once ([`FieldKind`] in [`Slot`]). The u's are frequencies
//! in the Dutch population; they err low where a network is regional.
//!
//! Thresholds. Let the feeds that a node reads hold 2^19 persons and one in ten own persons be known to another
//! reader: prior odds of 2^-22.3 for a pair. Posterior odds of 99 to 1 (`waarschijnlijk`) need 22.3 + 6.6 = 28.9 bits,
//! 4 to 1 (`mogelijk`) need 24.3.
//!
//! Source: Fellegi and Sunter, "A Theory for Record Linkage", JASA 64 (1969).

use std::collections::BTreeMap;
use std::sync::LazyLock;

use domain::{PersonName, PersonalText};

use crate::name::surname_codes;

/// Evidence in tenths of a bit. Whole numbers, so that every node reaches the same verdict.
pub(crate) type Bits = u32;

/// From here a person is `waarschijnlijk` the same.
pub(crate) const PROBABLE: Bits = 290;
/// From here a person is `mogelijk` the same.
pub(crate) const POSSIBLE: Bits = 243;

/// A whole birth date: about 21,600 dates are equally common among the living.
pub(crate) const BIRTH: Bits = 144;
/// A birth date of which day and month could be swapped stands for two dates.
pub(crate) const BIRTH_SWAPPABLE: Bits = 134;
/// 1 January and 1 July, which stand for "unknown" in many records.
pub(crate) const BIRTH_BY_CONVENTION: Bits = 110;
/// The first initial: two persons share one in sixteen times.
pub(crate) const INITIAL: Bits = 40;
/// The first given name, which includes its initial.
pub(crate) const GIVEN: Bits = 70;
/// Postcode and house number: two or three in 17.9 million persons, less what families there share.
pub(crate) const ADDRESS: Bits = 220;
/// The same when a letter or addition shows that several dwellings share the number.
pub(crate) const ADDRESS_SHARED: Bits = 190;
/// The same where strangers are known to live: institutions, and where own records show different families.
pub(crate) const ADDRESS_CROWDED: Bits = 160;
/// The digits of the postcode, within a region of a hundred or more such areas.
pub(crate) const AREA: Bits = 70;
/// A surname that is not among the most common: the chance-weighted mean of all others, as they sound.
const SURNAME: Bits = 120;

/// The most common surnames with the bits of their frequency among 16.4 million inhabitants, spellings with one code
/// taken together. After the counts of the Nederlandse Familienamenbank (CBG, Meertens Instituut; GBA of 2007),
/// rounded; the names of newer Dutch families after the counts of the CBS.
const COMMON_SURNAMES: &[(&str, Bits)] = &[
    ("Jansen", 70),
    ("De Jong", 76),
    ("De Vries", 78),
    ("Van den Berg", 80),
    ("Van Dijk", 80),
    ("Bakker", 82),
    ("Visser", 83),
    ("Smit", 84),
    ("Meijer", 82),
    ("De Boer", 87),
    ("Mulder", 88),
    ("De Groot", 88),
    ("Bos", 85),
    ("Vos", 90),
    ("Peters", 85),
    ("Hendriks", 88),
    ("Van Leeuwen", 91),
    ("Dekker", 92),
    ("Brouwer", 93),
    ("De Wit", 92),
    ("Dijkstra", 94),
    ("Smits", 93),
    ("De Graaf", 94),
    ("Van der Meer", 95),
    ("Van der Linden", 95),
    ("Kok", 94),
    ("Jacobs", 95),
    ("De Haan", 96),
    ("Vermeulen", 96),
    ("Van den Heuvel", 96),
    ("Van der Veen", 89),
    ("Van den Broek", 97),
    ("De Bruin", 86),
    ("Van der Heijden", 96),
    ("Schouten", 98),
    ("Van Beek", 98),
    ("Willems", 98),
    ("Van Vliet", 98),
    ("Hoekstra", 99),
    ("Maas", 99),
    ("Verhoeven", 99),
    ("Koster", 98),
    ("Van Dam", 99),
    ("Prins", 100),
    ("Blom", 100),
    ("Huisman", 100),
    ("Kuipers", 99),
    ("Kuiper", 99),
    ("Kramer", 100),
    ("Post", 101),
    ("Postma", 101),
    ("Van Wijk", 101),
    ("Timmermans", 102),
    ("Gerritsen", 102),
    ("Groen", 102),
    ("Yilmaz", 108),
    ("Nguyen", 108),
    ("Mohamed", 105),
    ("Ahmed", 110),
    ("Ali", 108),
    ("Singh", 110),
    ("Kaya", 112),
    ("Hassan", 112),
];

/// What agreement on a surname code is worth.
pub(crate) fn surname_bits(code: &str) -> Bits {
    static BY_CODE: LazyLock<BTreeMap<String, Bits>> = LazyLock::new(|| {
        let row = |(name, bits): &(&'static str, Bits)| (code_of(name), *bits);
        COMMON_SURNAMES.iter().map(row).collect()
    });
    BY_CODE.get(code).copied().unwrap_or(SURNAME)
}

/// The code of a surname in the table.
fn code_of(name: &str) -> String {
    let surname = PersonalText::new("geslachtsnaam", name).ok();
    let codes = surname_codes(&PersonName { surname, ..PersonName::default() });
    codes.first().map(|code| code.reveal().to_owned()).unwrap_or_default()
}

/// A sort of fact about a person that a key covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FieldKind {
    /// `burgerservicenummer`
    Bsn,
    /// `geslachtsnaam`, as it sounds.
    Surname,
    /// `voorletter`
    Initial,
    /// `voornaam`, as it sounds.
    GivenName,
    /// `geboortedatum`
    BirthDate,
    /// `adres`
    Address,
    /// `wijk`: the digits of the postcode.
    Area,
}

impl FieldKind {
    /// The Dutch name, used on pages.
    #[must_use]
    pub const fn dutch(self) -> &'static str {
        match self {
            Self::Bsn => "burgerservicenummer",
            Self::Surname => "geslachtsnaam",
            Self::Initial => "voorletter",
            Self::GivenName => "voornaam",
            Self::BirthDate => "geboortedatum",
            Self::Address => "adres",
            Self::Area => "wijk",
        }
    }

    /// Fields in one slot overlap: only the strongest that agrees counts.
    pub(crate) const fn slot(self) -> Slot {
        match self {
            Self::Bsn => Slot::Number,
            Self::Surname => Slot::Surname,
            Self::Initial | Self::GivenName => Slot::Given,
            Self::BirthDate => Slot::Birth,
            Self::Address | Self::Area => Slot::Place,
        }
    }
}

/// What fields may count once per person.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Slot {
    Number,
    Surname,
    Given,
    Birth,
    Place,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_surnames_weigh_less_and_no_two_rows_share_a_code() {
        let mut codes = BTreeMap::new();
        for (name, _) in COMMON_SURNAMES {
            if let Some(other) = codes.insert(code_of(name), name) {
                panic!("{name} and {other} share a code");
            }
        }
        assert_eq!(codes.len(), COMMON_SURNAMES.len());
        for (code, bits) in [("jansen", 70), ("fris", 78), ("sonfelt", SURNAME)] {
            assert_eq!(surname_bits(code), bits, "{code}");
        }
    }

    #[test]
    fn a_single_key_reaches_the_verdict_it_deserves() {
        let jansen = surname_bits("jansen");
        for (what, bits, expected) in [
            ("rare name and birth date", SURNAME + INITIAL + BIRTH, PROBABLE),
            ("rare name and swappable birth date", SURNAME + INITIAL + BIRTH_SWAPPABLE, PROBABLE),
            ("Jansen and birth date", jansen + INITIAL + BIRTH, POSSIBLE),
            ("Jansen and swappable birth date", jansen + INITIAL + BIRTH_SWAPPABLE, POSSIBLE),
            ("rare name born on 1 January", SURNAME + INITIAL + BIRTH_BY_CONVENTION, POSSIBLE),
            ("Jansen born on 1 January", jansen + INITIAL + BIRTH_BY_CONVENTION, 0),
            ("Jansen and address", jansen + INITIAL + ADDRESS, PROBABLE),
            ("Jansen and address in a flat", jansen + INITIAL + ADDRESS_SHARED, PROBABLE),
            ("Jansen in an institution", jansen + INITIAL + ADDRESS_CROWDED, POSSIBLE),
            ("birth date and address", BIRTH + ADDRESS, PROBABLE),
            ("1 January in a reception centre", BIRTH_BY_CONVENTION + ADDRESS_CROWDED, POSSIBLE),
            ("given name, birth date and area", GIVEN + BIRTH + AREA, POSSIBLE),
        ] {
            let reached = [PROBABLE, POSSIBLE].into_iter().find(|threshold| bits >= *threshold).unwrap_or(0);
            assert_eq!(reached, expected, "{what}: {bits}");
        }
    }
}
