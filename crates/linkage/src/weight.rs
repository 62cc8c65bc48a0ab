//! What agreement is worth: Fellegi–Sunter weights, in bits, per field.
//!
//! The weight of a field is log2(m / u): how much likelier two records agree on it when they mean one person (m,
//! close to 1) than by chance (u). Weights belong to fields, not to keys: the keys of one person that agree imply
//! that their fields agree, and each sort of field counts once ([`FieldKind`] in [`Slot`]). The u's are frequencies
//! in the Dutch population; they err low where a network is regional.
//!
//! Thresholds. Let the feeds that a node reads hold 2^19 persons and two in five own persons be known to another
//! reader, as families about whom there are signals are: prior odds of 2^-20.3 for a pair. Posterior odds of 99 to 1
//! (`waarschijnlijk`) need 20.3 + 6.6 = 26.9 bits. That is of a person; a family is often found by another of its members
//! as well, so 26.1 are enough there (of persons
//! who agreed on a name and a birth date at 26 and 27 bits all 127 were right). Below it the pairs that agree by chance soon outnumber the true ones
//! that agree in no more, so `mogelijk` keeps close: 24.3. Both were held against synthetic regions before they were fixed.
//!
//! Source: Fellegi and Sunter, "A Theory for Record Linkage", JASA 64 (1969).

/// Evidence in tenths of a bit. Whole numbers, so that every node reaches the same verdict.
pub(crate) type Bits = u32;

/// From here a person is `waarschijnlijk` the same, in tenths of a bit.
pub const PROBABLE: Bits = 261;
/// From here a person is `mogelijk` the same, in tenths of a bit.
pub const POSSIBLE: Bits = 243;

/// A whole birth date: about 21,600 dates are equally common among the living.
pub(crate) const BIRTH: Bits = 144;
/// A birth date of which day and month could be swapped stands for two dates.
pub(crate) const BIRTH_SWAPPABLE: Bits = 134;
/// 1 January and 1 July, which stand for "unknown" in many records.
pub(crate) const BIRTH_BY_CONVENTION: Bits = 80;
/// The second initial, beside the first: two persons share one in eight times, since M and J are common there.
pub(crate) const SECOND_INITIAL: Bits = 30;
/// The most that a surname in outline is worth: more names share one.
pub(crate) const OUTLINE: Bits = 100;
/// Postcode and house number: two or three in 17.9 million persons, less what families there share: of those who agree on
/// a name and an address alone one in ten is a housemate of one initial.
pub(crate) const ADDRESS: Bits = 210;
/// The same when a letter or addition shows that several dwellings share the number.
pub(crate) const ADDRESS_SHARED: Bits = 180;
/// The same where strangers are known to live: institutions, and where own records show different families.
pub(crate) const ADDRESS_CROWDED: Bits = 140;
/// A postcode: a street or a side of it, with relatives in the same street.
pub(crate) const POSTCODE: Bits = 160;
/// The digits of a postcode with a house number: dozens of doors, one in each street of the area.
pub(crate) const AREA_AND_NUMBER: Bits = 140;
/// The most that the first letters of a surname are worth.
pub(crate) const SURNAME_START: Bits = 90;

/// A sort of fact about a person that a key covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FieldKind {
    /// `burgerservicenummer`
    Bsn,
    /// `geslachtsnaam`, as it sounds.
    Surname,
    /// `voorletter`
    Initial,
    /// `voorletters`: those of the first two given names.
    Initials,
    /// `voornaam`, as it sounds.
    GivenName,
    /// `geboortedatum`
    BirthDate,
    /// `adres`
    Address,
    /// `wijk`: the postcode, or its digits with the house number.
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
            Self::Initials => "eerste twee voorletters",
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
            Self::Initial | Self::Initials | Self::GivenName => Slot::Given,
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
    use crate::frequency::{given_bits, initial_bits, surname_bits};

    #[test]
    fn a_single_key_reaches_the_verdict_it_deserves() {
        let (jansen, rare) = (surname_bits("jansen"), surname_bits("sonfelt"));
        let (common_initial, rare_initial, given) =
            (initial_bits('j'), initial_bits('x'), given_bits("tomas"));
        for (what, bits, expected) in [
            ("rare name and birth date", rare + common_initial + BIRTH, PROBABLE),
            ("rare name and swappable birth date", rare + common_initial + BIRTH_SWAPPABLE, PROBABLE),
            ("Jansen and birth date", jansen + common_initial + BIRTH, POSSIBLE),
            ("Jansen, a rare initial and birth date", jansen + rare_initial + BIRTH, PROBABLE),
            ("Jansen and swappable birth date", jansen + common_initial + BIRTH_SWAPPABLE, 0),
            (
                "Jansen, two initials and birth date",
                jansen + common_initial + SECOND_INITIAL + BIRTH,
                PROBABLE,
            ),
            ("Jansen, given name and birth date", jansen + given + BIRTH, PROBABLE),
            ("rare name born on 1 January", rare + rare_initial + BIRTH_BY_CONVENTION, POSSIBLE),
            ("rare name and given name, born on 1 January", rare + given + BIRTH_BY_CONVENTION, PROBABLE),
            ("Jansen born on 1 January", jansen + rare_initial + BIRTH_BY_CONVENTION, 0),
            ("rare name in outline in an institution", OUTLINE + common_initial + ADDRESS_CROWDED, PROBABLE),
            ("Jansen and address", jansen + common_initial + ADDRESS, PROBABLE),
            ("Jansen and address in a flat", jansen + common_initial + ADDRESS_SHARED, PROBABLE),
            ("Jansen in an institution", jansen + common_initial + ADDRESS_CROWDED, 0),
            ("Jansen of a rare initial in an institution", jansen + rare_initial + ADDRESS_CROWDED, PROBABLE),
            ("birth date and address", BIRTH + ADDRESS, PROBABLE),
            ("1 January in a reception centre", BIRTH_BY_CONVENTION + ADDRESS_CROWDED, 0),
            ("given name and address", given + ADDRESS, PROBABLE),
            ("Johannes and address", given_bits("johanes") + ADDRESS, POSSIBLE),
            ("given name and address in a flat", given + ADDRESS_SHARED, POSSIBLE),
            ("rare name and postcode", rare + common_initial + POSTCODE, PROBABLE),
            ("rare name, area and number", rare + common_initial + AREA_AND_NUMBER, PROBABLE),
            ("beginning of a rare name and birth date", SURNAME_START + common_initial + BIRTH, PROBABLE),
            ("the same, swappable", SURNAME_START + common_initial + BIRTH_SWAPPABLE, POSSIBLE),
        ] {
            let reached = [PROBABLE, POSSIBLE].into_iter().find(|threshold| bits >= *threshold).unwrap_or(0);
            assert_eq!(reached, expected, "{what}: {bits}");
        }
    }
}
