//! Addresses in canonical form, and which of a person's addresses may carry a key.

use std::collections::BTreeSet;

use domain::{Address, AddressKind, CalendarDate, Family, Person, PreviousAddress, Role};

use crate::private::PrivateText;
use crate::unit::unit;

/// Postcodes typed where none is known.
const PLACEHOLDER_POSTCODES: [&str; 2] = ["9999ZZ", "9999XX"];

/// Postcodes that with number 1 are typed where none is known: easily typed, and hardly anybody lives there.
const EASY_POSTCODES: [&str; 4] = ["1000AA", "1111AA", "1234AA", "1234AB"];

/// A house number typed where none is known.
const PLACEHOLDER_NUMBER: u32 = 99_999;

/// For how long a previous address still counts.
const PREVIOUS_ADDRESS_YEARS: u16 = 2;

/// Postcode and house number: what most systems record alike.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Door {
    postcode: PrivateText,
    number: u32,
}

impl Door {
    /// The postcode, as in `1234AB`.
    pub(crate) fn postcode(&self) -> &[u8] {
        self.postcode.reveal().as_bytes()
    }

    /// The number, big-endian.
    pub(crate) fn number(&self) -> [u8; 4] {
        self.number.to_be_bytes()
    }

    /// The four digits of the postcode.
    pub(crate) fn area(&self) -> &[u8] {
        self.postcode().split_at_checked(4).map_or(self.postcode(), |(digits, _)| digits)
    }
}

/// A whole address.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) door: Door,
    unit: PrivateText,
}

impl Place {
    /// `None` for an address that stands for "unknown".
    pub(crate) fn of(address: &Address) -> Option<Self> {
        let (postcode, number) = (address.postcode.reveal(), address.number.reveal());
        let is_easy = number == 1 && EASY_POSTCODES.contains(&postcode);
        if PLACEHOLDER_POSTCODES.contains(&postcode) || number == PLACEHOLDER_NUMBER || is_easy {
            return None;
        }
        let text =
            |part: &Option<domain::PersonalText>| part.as_ref().map_or("", |part| part.reveal()).to_owned();
        let unit = PrivateText::new(unit(&text(&address.letter), &text(&address.addition)));
        Some(Self { door: Door { postcode: PrivateText::new(postcode.to_owned()), number }, unit })
    }

    /// Letter and addition in canonical form, empty when there is none.
    pub(crate) fn unit(&self) -> &str {
        self.unit.reveal()
    }
}

/// The addresses of one person that may carry keys.
#[derive(Default)]
pub(crate) struct Residence {
    /// Where the person lives now.
    pub(crate) home: Option<Place>,
    /// Where the person lived until at most 24 months ago.
    pub(crate) left: Option<Place>,
}

impl Residence {
    /// A secret address, and any record of the same door within the family, carries no key; nor does the previous
    /// address of a person who lives at one. A correspondence address and one abroad are not where the person lives
    /// in the Netherlands, but the address left for it counts.
    pub(crate) fn of(person: &Person, secret: &BTreeSet<Door>, today: CalendarDate) -> Self {
        let recorded = person.address.as_ref().and_then(Place::of);
        let hidden = |place: &Place| secret.contains(&place.door);
        if person.address_kind == AddressKind::Secret || recorded.as_ref().is_some_and(hidden) {
            return Self::default();
        }
        let left = person.previous.as_ref().filter(|previous| is_recent(previous, today));
        Self {
            home: recorded.filter(|_| person.address_kind == AddressKind::Home),
            left: left.and_then(|previous| Place::of(&previous.address)).filter(|place| !hidden(place)),
        }
    }
}

/// The doors that anyone in the record keeps secret.
pub(crate) fn secret_doors(family: &Family) -> BTreeSet<Door> {
    let secret = family.persons().iter().filter(|person| person.address_kind == AddressKind::Secret);
    secret.filter_map(|person| person.address.as_ref().and_then(Place::of)).map(|place| place.door).collect()
}

/// The persons who yield keys, by position, with their addresses.
pub(crate) fn residents(
    family: &Family,
    today: CalendarDate,
) -> impl Iterator<Item = (usize, &Person, Residence)> {
    let secret = secret_doors(family);
    let persons = family.persons().iter().enumerate().filter(|(_, person)| person.role != Role::Other);
    persons.map(move |(position, person)| (position, person, Residence::of(person, &secret, today)))
}

/// Moved at most 24 calendar months ago, or on an unknown day.
fn is_recent(previous: &PreviousAddress, today: CalendarDate) -> bool {
    previous.moved_on.is_none_or(|moved| {
        (moved.year() + PREVIOUS_ADDRESS_YEARS, moved.month(), moved.day())
            >= (today.year(), today.month(), today.day())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(postcode: &str, number: u32) -> Address {
        Address {
            postcode: postcode.parse().unwrap(),
            number: domain::HouseNumber::new(number).unwrap(),
            letter: None,
            addition: None,
        }
    }

    #[test]
    fn placeholder_addresses_are_no_places() {
        assert!(Place::of(&address("9999ZZ", 1)).is_none());
        assert!(Place::of(&address("3512JK", 99_999)).is_none());
        assert!(Place::of(&address("1111AA", 1)).is_none());
        assert!(Place::of(&address("1111AA", 2)).is_some());
        let place = Place::of(&address("3512jk", 4)).unwrap();
        assert_eq!(place.door.area(), b"3512");
        assert_eq!(place.door.postcode(), b"3512JK");
    }

    #[test]
    fn a_previous_address_counts_for_24_months() {
        let today: CalendarDate = "2026-11-21".parse().unwrap();
        for (moved_on, expected) in [
            (None, true),
            (Some("2024-11-21"), true),
            (Some("2024-11-20"), false),
            (Some("2026-11-30"), true),
            (Some("2020-01-01"), false),
        ] {
            let previous = PreviousAddress {
                address: address("3512JK", 4),
                moved_on: moved_on.map(|date| date.parse().unwrap()),
            };
            assert_eq!(is_recent(&previous, today), expected, "{moved_on:?}");
        }
    }
}
