//! Errors of hand, ear and eye in names, and in dates.

use domain::{CalendarDate, PartialDate};

use super::chance::Chance;
use super::days::month_days;
use crate::Dice;

/// Keys beside each other on a QWERTY keyboard.
const ROWS: [&str; 3] = ["qwertyuiop", "asdfghjkl", "zxcvbnm"];

/// What is heard alike in Dutch and written otherwise. Each pair works both ways.
const HEARD: &[(&str, &str)] = &[
    ("ij", "ei"),
    ("ij", "y"),
    ("ei", "ey"),
    ("c", "k"),
    ("ck", "k"),
    ("kk", "k"),
    ("s", "z"),
    ("ss", "s"),
    ("f", "v"),
    ("ph", "f"),
    ("th", "t"),
    ("dt", "d"),
    ("dt", "t"),
    ("d", "t"),
    ("au", "ou"),
    ("ou", "ouw"),
    ("ae", "aa"),
    ("uy", "ui"),
    ("uij", "ui"),
    ("ooij", "ooi"),
    ("sch", "s"),
    ("ch", "g"),
    ("gh", "g"),
    ("x", "ks"),
    ("qu", "kw"),
    ("ie", "i"),
    ("oe", "u"),
    ("ll", "l"),
    ("nn", "n"),
    ("tt", "t"),
    ("pp", "p"),
    ("mm", "m"),
    ("rr", "r"),
    ("aa", "a"),
    ("ee", "e"),
    ("oo", "o"),
    ("w", "v"),
    ("j", "y"),
    ("en", "e"),
    ("h", ""),
    ("sz", "s"),
    ("ks", "cks"),
];

/// What is seen alike on paper. Each pair works both ways.
const SEEN: &[(&str, &str)] = &[
    ("rn", "m"),
    ("cl", "d"),
    ("l", "i"),
    ("e", "c"),
    ("u", "n"),
    ("nn", "m"),
    ("vv", "w"),
    ("h", "b"),
    ("o", "a"),
    ("t", "f"),
    ("g", "q"),
    ("ri", "n"),
    ("ii", "u"),
    ("B", "R"),
    ("O", "Q"),
    ("E", "F"),
    ("I", "J"),
];

/// Spellings of names from other scripts. Each pair works both ways.
const TRANSLITERATED: &[(&str, &str)] = &[
    ("ou", "oe"),
    ("ou", "u"),
    ("oe", "u"),
    ("kh", "ch"),
    ("kh", "k"),
    ("ss", "s"),
    ("y", "j"),
    ("dd", "d"),
    ("mm", "m"),
    ("ai", "ay"),
    ("aa", "a"),
    ("ee", "i"),
    ("i", "ie"),
    ("ah", "a"),
    ("q", "k"),
    ("gh", "g"),
    ("h", ""),
    ("ed", "ad"),
    ("o", "u"),
    ("e", "a"),
    ("ch", "sh"),
    ("iy", "i"),
    ("w", "ou"),
];

/// A name with wrong letters. Half are slips of the hand, a third of the ear, the rest of scanners; now and then two in
/// one name. Always differs from what it was given, as long as that has two letters.
pub(super) fn misspelt(name: &str, dice: &mut Dice) -> String {
    let mut written = name.to_owned();
    for _ in 0..20 {
        written = match dice.below(100) {
            0..=47 => typed(&written, dice),
            48..=84 => replaced(&written, HEARD, dice),
            _ => replaced(&written, SEEN, dice),
        };
        if written != name && !dice.percent(8) {
            break;
        }
    }
    if written.trim().is_empty() { name.to_owned() + "e" } else { written }
}

/// The name in another spelling of its script.
pub(super) fn spelt_otherwise(name: &str, dice: &mut Dice) -> String {
    replaced(name, TRANSLITERATED, dice)
}

/// Words of a name joined otherwise: `Ben Ali`, `Benali`, `Ben-Ali`.
pub(super) fn rejoined(name: &str, dice: &mut Dice) -> String {
    let joint = dice.one(&["-", " ", "-", " ", ""]);
    let words: Vec<&str> = name.split([' ', '-']).filter(|word| !word.is_empty()).collect();
    if joint.is_empty() {
        let (first, rest) =
            words.split_first().map_or(("", String::new()), |(first, rest)| (*first, rest.concat()));
        return first.to_owned() + &rest.to_lowercase();
    }
    words.join(joint)
}

/// One slip on the keyboard.
fn typed(name: &str, dice: &mut Dice) -> String {
    let mut letters: Vec<char> = name.chars().collect();
    if letters.len() < 2 {
        return name.to_owned() + name;
    }
    // The first letter is noticed, so it is seldom wrong.
    let place = if dice.percent(8) { 0 } else { 1 + dice.pick(letters.len() - 1) };
    let letter = letters.get(place).copied().unwrap_or('e');
    match dice.below(100) {
        0..=29 => {
            letters.remove(place);
        }
        30..=49 => letters.insert(place, letter),
        50..=69 => letters.swap(place.saturating_sub(1), place),
        70..=89 => {
            if let Some(slot) = letters.get_mut(place) {
                *slot = beside(letter, dice);
            }
        }
        _ => letters.insert(place, beside(letter, dice)),
    }
    letters.into_iter().collect()
}

/// A key beside this one.
fn beside(letter: char, dice: &mut Dice) -> char {
    for row in ROWS {
        let Some(place) = row.find(letter.to_ascii_lowercase()) else { continue };
        let to = if dice.percent(50) { place + 1 } else { place.saturating_sub(1) };
        if let Some(key) = row.chars().nth(to).filter(|key| !key.eq_ignore_ascii_case(&letter)) {
            return if letter.is_uppercase() { key.to_ascii_uppercase() } else { key };
        }
    }
    'e'
}

/// One place where one side of a pair stands, written as the other.
fn replaced(name: &str, pairs: &[(&str, &str)], dice: &mut Dice) -> String {
    let start = dice.pick(pairs.len());
    for step in 0..pairs.len() {
        let Some((one, other)) = pairs.get((start + step) % pairs.len()) else { continue };
        let (from, to) = if dice.percent(50) { (one, other) } else { (other, one) };
        if from.is_empty() {
            continue;
        }
        // Not at the start, where a capital stands, unless the pair is written so.
        let found =
            name.match_indices(from).map(|(place, _)| place).filter(|place| *place > 0 || from.len() == 1);
        let places: Vec<usize> = found.collect();
        if let Some(place) = places.get(dice.pick(places.len().max(1))) {
            let (before, after) = name.split_at(*place);
            return format!("{before}{to}{}", after.strip_prefix(from).unwrap_or(after));
        }
    }
    name.to_owned()
}

/// A birth date written wrong or known in part.
pub(super) fn wrong_date(born: CalendarDate, dice: &mut Dice) -> Option<PartialDate> {
    let (year, month, day) = (i64::from(born.year()), i64::from(born.month()), i64::from(born.day()));
    let (year, month, day) = match dice.below(100) {
        // Day and month exchanged, where the calendar has such a day.
        0..=24 if day <= 12 && day != month => (year, day, month),
        0..=44 => (year, month, other(day, month_days(year, month), dice)),
        45..=56 => (year, other(month, 12, dice), day),
        57..=71 => (year + dice.one(&[-1, 1, -10, 10, -2, 2, 5, -5]), month, day),
        72..=77 => (year, 1, 1),
        78..=83 => (year, month, 0),
        84..=92 => (year, 0, 0),
        93..=95 => (1900, 1, 1),
        _ => return None,
    };
    let part = |part: i64| u8::try_from(part).unwrap_or(0);
    let day = if day == 0 { 0 } else { day.min(month_days(year, month)) };
    PartialDate::new(u16::try_from(year).unwrap_or(1900), part(month), part(day)).ok()
}

/// Another number up to `most`: one digit beside it, or any.
fn other(number: i64, most: i64, dice: &mut Dice) -> i64 {
    let step = dice.one(&[-1, 1, -10, 10, 2, -2]);
    let moved = number + step;
    if (1..=most).contains(&moved) { moved } else { number % most + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_misspelt_differs() {
        let mut dice = Dice::new(7);
        for name in ["Jansen", "Vries", "Özdemir", "Ng", "El Amrani", "Aa"] {
            for _ in 0..200 {
                assert_ne!(misspelt(name, &mut dice), name);
            }
        }
    }

    #[test]
    fn wrong_dates_are_other_dates() {
        let mut dice = Dice::new(7);
        let born: CalendarDate = "2015-03-09".parse().unwrap();
        let wrong: Vec<_> = (0..500).map(|_| wrong_date(born, &mut dice)).collect();
        assert!(wrong.iter().flatten().all(|date| date.reveal_parts() != (2015, 3, 9)));
        assert!(wrong.iter().flatten().any(|date| date.reveal_parts() == (2015, 9, 3)));
        assert!(wrong.iter().any(Option::is_none));
    }
}
