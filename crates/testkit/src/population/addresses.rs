//! Where people live: postcodes of a region, house numbers, flats, institutions.
//!
//! A postcode holds eighteen dwellings on one side of a street (8.3 million dwellings on 460,000 postcodes; about forty
//! persons). One street in ten shares house numbers among several dwellings, told apart by a letter or an addition;
//! elsewhere each flat has a number of its own, as is usual in the Netherlands.

use domain::{Address, HouseNumber, PersonalText, Postcode};

use super::chance::Chance;
use crate::Dice;

/// Dwellings on one postcode.
const PER_POSTCODE: usize = 18;
/// Postcodes in one area of four digits: 460,000 on 4,070.
const PER_AREA: usize = 112;
/// Dwellings on one shared house number.
const PER_SHARED_NUMBER: usize = 6;

/// How a dwelling is told apart from others at its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Unit {
    Whole,
    /// Amsterdam: ground floor and floors above.
    Floor(u8),
    /// A to F.
    Letter(u8),
    /// Numbered doors or rooms.
    Door(u8),
    /// Block and door: A-2.
    Block(u8, u8),
}

/// A dwelling in the region.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Dwelling {
    postcode: [u8; 6],
    number: u32,
    unit: Unit,
}

/// All dwellings of a region, handed out in a scattered order.
pub(super) struct Dwellings {
    seed: u64,
    count: usize,
    stride: usize,
    handed_out: usize,
    institutions: usize,
    first_area: usize,
}

impl Dwellings {
    /// Enough for so many persons, with some that stand empty: 2.12 persons to a household (CBS 2023).
    pub(super) fn new(persons: usize, seed: u64, dice: &mut Dice) -> Self {
        let count = persons * 54 / 100 + 50;
        // A stride near the golden section scatters; it must share no divisor with the count.
        let mut stride = count * 618 / 1_000 + 1;
        while divisor(stride, count) != 1 {
            stride += 1;
        }
        let first_area = 1_000 + 100 * dice.pick(60);
        Self { seed, count, stride, handed_out: 0, institutions: 0, first_area }
    }

    /// One that nobody has yet, while there are any.
    pub(super) fn next(&mut self) -> Dwelling {
        self.handed_out += 1;
        self.at(self.handed_out % self.count * self.stride % self.count)
    }

    /// Any: most are someone's home.
    pub(super) fn any(&self, dice: &mut Dice) -> Dwelling {
        self.at(dice.pick(self.count))
    }

    /// Where newcomers come from: two in five from outside of the region, the others from any dwelling of it.
    pub(super) fn origin(&self, dice: &mut Dice) -> Dwelling {
        if dice.percent(60) {
            return self.any(dice);
        }
        let elsewhere = Self { first_area: 1_000 + dice.pick(8_900), count: 50_000, ..*self };
        elsewhere.any(dice)
    }

    /// One beside the dwelling handed out last, which is no other: the even number among odd ones, or 12A beside 12.
    pub(super) fn beside_last(&self) -> Dwelling {
        let mut beside = self.at(self.handed_out % self.count * self.stride % self.count);
        if beside.unit == Unit::Whole && self.handed_out.is_multiple_of(2) {
            beside.unit = Unit::Letter(0);
        } else {
            beside.number += 1;
        }
        beside
    }

    /// The address of another institution: a postcode of its own behind those of the dwellings.
    pub(super) fn institution(&mut self) -> Dwelling {
        self.institutions += 1;
        let street = self.count / PER_POSTCODE + self.institutions;
        Dwelling {
            postcode: self.postcode(street),
            number: 1 + 2 * u32::try_from(street % 40).unwrap_or(0),
            unit: Unit::Whole,
        }
    }

    fn at(&self, place: usize) -> Dwelling {
        let (street, door) = (place / PER_POSTCODE, place % PER_POSTCODE);
        let mut dice = Dice::new(self.seed ^ 0x57ae_e700 ^ ((street as u64) << 32));
        let shared = dice.percent(10);
        let style = dice.below(4);
        let first = 1 + dice.below(120);
        let on_number = u8::try_from(door % PER_SHARED_NUMBER).unwrap_or(0);
        let unit = match (shared, style) {
            (false, _) => Unit::Whole,
            (true, 0) => Unit::Floor(on_number),
            (true, 1) => Unit::Letter(on_number),
            (true, 2) => Unit::Door(on_number + 1),
            (true, _) => Unit::Block(on_number % 3, on_number / 3 + 1),
        };
        let step = if shared { door / PER_SHARED_NUMBER } else { door } as u64;
        let number = u32::try_from(first + 2 * step).unwrap_or(1);
        Dwelling { postcode: self.postcode(street), number, unit }
    }

    fn postcode(&self, street: usize) -> [u8; 6] {
        let letter = |place: usize| b'A' + u8::try_from(place % 26).unwrap_or(0);
        let (area, within) = ((self.first_area + street / PER_AREA).clamp(1_000, 9_999), street % PER_AREA);
        let digit = |power: usize| b'0' + u8::try_from(area / power % 10).unwrap_or(0);
        // First A to H, then T to Z or A to H: never one of the pairs that are not given out (SA, SD, SS).
        [digit(1_000), digit(100), digit(10), digit(1), letter(within / 15), letter(19 + within % 15)]
    }
}

fn divisor(one: usize, other: usize) -> usize {
    if other == 0 { one } else { divisor(other, one % other) }
}

impl Dwelling {
    /// Whether it shares its house number with others.
    pub(super) fn shares_number(&self) -> bool {
        self.unit != Unit::Whole
    }

    /// The four digits of the postcode, by which people find a school.
    pub(super) fn area(&self) -> usize {
        self.postcode.iter().take(4).fold(0, |area, digit| area * 10 + usize::from(digit - b'0'))
    }

    /// A room of it, as an institution tells its dwellings apart.
    pub(super) fn room(mut self, room: u8) -> Self {
        self.unit = Unit::Door(room);
        self
    }

    /// As a careful register writes it.
    pub(super) fn plain(&self) -> Address {
        let (letter, addition) = match self.unit {
            Unit::Whole => (String::new(), String::new()),
            Unit::Floor(0) => (String::new(), "hs".to_owned()),
            Unit::Floor(floor) => (String::new(), floor.to_string()),
            Unit::Letter(place) => (block(place), String::new()),
            Unit::Door(door) => (String::new(), door.to_string()),
            Unit::Block(place, door) => (block(place), door.to_string()),
        };
        self.address(&letter, &addition)
    }

    /// As somebody writes it who has one column for both, or habits of their own.
    pub(super) fn uneven(&self, dice: &mut Dice) -> Address {
        let (letter, addition) = match self.unit {
            Unit::Whole => (String::new(), String::new()),
            Unit::Floor(0) => (String::new(), dice.one(&["hs", "huis", "H", "HS", "bg"]).to_owned()),
            Unit::Floor(floor) => {
                let roman = ["I", "II", "III", "IV", "V"];
                let roman = roman.get(usize::from(floor - 1)).copied().unwrap_or("I");
                let written =
                    [format!("{floor}hoog"), format!("{floor} hg"), roman.to_owned(), format!("-{floor}")];
                (String::new(), written.get(dice.pick(4)).cloned().unwrap_or_default())
            }
            Unit::Letter(place) if dice.percent(50) => (String::new(), block(place)),
            Unit::Letter(place) => (block(place).to_lowercase(), String::new()),
            Unit::Door(door) => {
                (String::new(), dice.one(&["-", "0", "kamer ", "app. "]).to_owned() + &door.to_string())
            }
            Unit::Block(place, door) => {
                (String::new(), block(place) + dice.one(&["-", "", " ", "/"]) + &door.to_string())
            }
        };
        self.address(&letter, &addition)
    }

    /// Without letter and addition.
    pub(super) fn without_unit(&self) -> Address {
        self.address("", "")
    }

    /// With one slip in the postcode or the number.
    pub(super) fn slipped(&self, dice: &mut Dice) -> Self {
        let mut slipped = *self;
        let mut set = |place: usize, byte: u8| {
            if let Some(slot) = slipped.postcode.get_mut(place) {
                *slot = byte;
            }
        };
        match dice.below(100) {
            // A letter beside it on the keyboard, or any.
            0..=29 => set(4 + dice.pick(2), b'A' + u8::try_from(dice.below(26)).unwrap_or(0)),
            // The two letters exchanged.
            30..=39 => {
                let [.., one, other] = self.postcode;
                set(4, other);
                set(5, one);
            }
            40..=54 => set(1 + dice.pick(3), b'0' + u8::try_from(dice.below(10)).unwrap_or(0)),
            // The other side of the street, next door, a digit too few or too many.
            55..=74 => {
                slipped.number =
                    (self.number + 1).max(2) - u32::from(dice.percent(50)) * 2 % self.number.max(2)
            }
            75..=84 => slipped.number += 2,
            85..=92 => slipped.number = (self.number / 10).max(1),
            _ => slipped.number = self.number * 10 + u32::try_from(dice.below(10)).unwrap_or(0),
        }
        slipped
    }

    fn address(&self, letter: &str, addition: &str) -> Address {
        let postcode: Postcode = std::str::from_utf8(&self.postcode)
            .ok()
            .and_then(|text| text.parse().ok())
            .expect("made of digits and letters");
        Address {
            postcode,
            number: HouseNumber::new(self.number.clamp(1, 99_999)).expect("clamped to the range"),
            letter: PersonalText::new("huisletter", letter).ok(),
            addition: PersonalText::new("toevoeging", addition).ok(),
        }
    }
}

fn block(place: u8) -> String {
    char::from(b'A' + place % 26).to_string()
}
