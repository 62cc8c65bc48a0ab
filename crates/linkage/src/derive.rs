//! From a family as one organisation knows it to its linkage keys.

use std::collections::BTreeSet;

use domain::{AddressKind, Bsn, CalendarDate, Family, Person, Role};

use crate::birth::Birth;
use crate::family_keys::{Collector, Field, Source};
use crate::frequency::{
    COMMONEST_INITIAL, any_initial_bits, given_bits, initial_bits, is_common_surname, outline_bits,
    surname_bits,
};
use crate::name::{GivenName, ending, given_name, outline, surname_codes};
use crate::place::{Place, Residence, residents};
use crate::private::{PrivateBytes, PrivateText};
use crate::weight::{
    ADDRESS, ADDRESS_CROWDED, ADDRESS_SHARED, AREA_AND_NUMBER, Bits, POSTCODE, SECOND_INITIAL, SURNAME_START,
};
use crate::{FamilyKeys, FieldKind, HouseholdSuppression, KeyKind, LinkageKey};

/// What besides the record decides which keys a family yields.
#[derive(Clone, Copy, Debug)]
pub struct DeriveOptions<'a> {
    /// Whether the organisation may process the BSN; without it no BSN key.
    pub bsn_entitled: bool,
    /// The day of derivation: previous addresses count for 24 months.
    pub today: CalendarDate,
    /// Addresses that yield no household key.
    pub suppressed_households: &'a HouseholdSuppression,
}

/// The linkage keys of a family.
///
/// While nobody moved and no name is double, every person but `overig` yields at most:
///
/// | | with BSN | without |
/// |---|---|---|
/// | child | `bsn`, `naam-geboorte`, `geboorte-adres` | the last two and `naam-adres` |
/// | adult | `bsn`, `naam-geboorte`, `geboorte-adres`, `naam-adres` | the last three |
/// | adult of a name that is not common | `naam-postcode`, `naam-wijk-nummer` | the same |
/// | both | `voornaam-adres`, two where given names are written out | the same |
/// | without a known home | `begin-geboorte` | the same |
/// | of a common name | `volle-naam-geboorte`, two where given names are written out | the same |
///
/// An adult is often known by name and address only, a child hardly ever, but for one without a number or a whole birth
/// date.
///
/// `volle-naam-geboorte` is for those of whom surname, birth date and the commonest initial are not probable; whether that
/// is so follows from surname and date, so both sides agree on it. Where it holds a given name or two initials, so does
/// `voornaam-adres`: a name written out yields both, so that `J.P.` meets `Jan Peter` as well as `Jan` does.
///
/// An adult whose roepnaam may stand for names that begin otherwise yields `naam-geboorte` and `naam-adres` with each of
/// their initials.
///
/// Sex is in no key: it would add one bit and cost every pair of which one side left it open. Twins of different
/// sex then share a `geboorte-adres` key, within one family.
///
/// The values join these fields, each preceded by its length: `bsn`: nine digits · `naam-geboorte`: surname code,
/// initial, birth date · `naam-adres`: outline of that code, initial, postcode, number · `geboorte-adres`: birth date,
/// postcode, number · `volle-naam-geboorte`: `voornaam` and the
/// given name code, or `voorletters` and two letters, then surname code, birth date · `voornaam-adres`: the same two, then
/// postcode, number · `huishouden`: the first three letters of the code, postcode, number, letter and addition ·
/// `huishouden-einde`: the same with the last letters of the code · `naam-postcode`: surname code, initial, postcode ·
/// `naam-wijk-nummer`: surname code, initial, four digits, number · `begin-geboorte`: the first three letters of the code,
/// initial, birth date. Person keys leave letter and addition out, because systems record them unevenly.
#[must_use]
pub fn derive(family: &Family, options: &DeriveOptions<'_>) -> FamilyKeys {
    let mut collector = Collector::default();
    for (position, person, residence) in residents(family, options.today) {
        let facts = Facts {
            source: Source { person: position, role: person.role },
            bsn: person.bsn.as_ref().filter(|bsn| options.bsn_entitled && !is_placeholder(bsn)),
            surnames: surname_codes(&person.name),
            given: given_name(&person.name),
            birth: Birth::of(person.born.as_ref(), options.today),
            residence,
        };
        facts.collect(options.suppressed_households, &mut collector);
    }
    collect_households(family, options, &mut collector);
    collector.finish()
}

/// One digit eight times and a zero passes the 11-proef and is typed where no number is known.
fn is_placeholder(bsn: &Bsn) -> bool {
    let digits = bsn.reveal();
    let mut head = digits.chars().take(8);
    let first = head.next();
    digits.ends_with('0') && head.all(|digit| Some(digit) == first)
}

/// Letters of a surname's code in `huishouden` and `begin-geboorte`: with fewer, neighbours and former occupants begin alike.
const START_CHARS: usize = 3;

/// Below this, in tenths of a bit, a name and a birth date are told apart by a given name or two initials as well.
const COMMON: Bits = 270;

/// One person's facts in canonical form.
struct Facts<'a> {
    source: Source,
    bsn: Option<&'a Bsn>,
    surnames: Vec<PrivateText>,
    given: Option<GivenName>,
    birth: Option<Birth>,
    residence: Residence,
}

impl Facts<'_> {
    fn collect(&self, suppressed: &HouseholdSuppression, collector: &mut Collector) {
        let mut add = |kind, parts: &[&[u8]], fields| {
            collector.add(LinkageKey::new(kind, parts), self.source, fields);
        };
        if let Some(bsn) = self.bsn {
            let digits = bsn.reveal().as_bytes();
            add(KeyKind::Bsn, &[digits], vec![field(FieldKind::Bsn, &[digits], 0)]);
        }
        let child = self.source.role == Role::Child;
        let places = || self.residence.home.iter().chain(&self.residence.left);

        if let Some(given) = &self.given {
            let fuller = fuller(given);
            // A child's given names are recorded in full, and by now those that were roepnamen are registered.
            let others = given.others.iter().filter(|_| !child);
            let letters: Vec<char> = std::iter::once(&given.initial).chain(others).copied().collect();
            let poor = self.bsn.is_none() || self.birth.is_none();
            for surname in &self.surnames {
                let code = surname.reveal().as_bytes();
                let drawn = outline(surname.reveal());
                for letter in &letters {
                    let text = letter.to_string();
                    let initial = text.as_bytes();
                    let initial_field = initial_field(given, *letter, &letters);
                    if let Some(birth) = &self.birth {
                        let fields = vec![surname_field(surname), initial_field.clone(), birth_field(birth)];
                        add(KeyKind::NameBirth, &[code, initial, birth.reveal()], fields);
                    }
                    for place in places().filter(|_| !child || poor) {
                        let (postcode, number) = (place.door.postcode(), place.door.number());
                        let parts: [&[u8]; 4] = [drawn.reveal().as_bytes(), initial, postcode, &number];
                        let address = address_field(place, suppressed);
                        let fields = vec![outline_field(surname), initial_field.clone(), address];
                        add(KeyKind::NameAddress, &parts, fields);
                    }
                }
                self.collect_near(given, surname, &mut add);
                if let Some(birth) = &self.birth {
                    for fuller in fuller.iter().filter(|_| is_common(surname, birth)) {
                        let parts = [fuller.mark, fuller.value, code, birth.reveal()];
                        let fields = vec![surname_field(surname), fuller.field(), birth_field(birth)];
                        add(KeyKind::FullNameBirth, &parts, fields);
                    }
                }
            }
            for fuller in &fuller {
                for place in places() {
                    let (postcode, number) = (place.door.postcode(), place.door.number());
                    let fields = vec![fuller.field(), address_field(place, suppressed)];
                    let parts: [&[u8]; 4] = [fuller.mark, fuller.value, postcode, &number];
                    add(KeyKind::GivenAddress, &parts, fields);
                }
            }
        }
        let Some(birth) = &self.birth else { return };
        for place in places() {
            let parts: [&[u8]; 3] = [birth.reveal(), place.door.postcode(), &place.door.number()];
            let fields = vec![birth_field(birth), address_field(place, suppressed)];
            add(KeyKind::BirthAddress, &parts, fields);
        }
    }

    /// Keys that make up for one slip each: in the house number, in the letters of a postcode, and in the surname of
    /// somebody without a known home, of whom name and birth date are all there is.
    fn collect_near(
        &self,
        given: &GivenName,
        surname: &PrivateText,
        add: &mut impl FnMut(KeyKind, &[&[u8]], Vec<Field>),
    ) {
        let code = surname.reveal();
        let text = given.initial.to_string();
        let initial = text.as_bytes();
        let initial_field = || initial_field(given, given.initial, &[given.initial]);
        if let Some(home) = &self.residence.home {
            if self.source.role == Role::Child || is_common_surname(code) {
                return;
            }
            let (postcode, area, number) = (home.door.postcode(), home.door.area(), home.door.number());
            let fields = |place: &[&[u8]], bits| {
                vec![surname_field(surname), initial_field(), field(FieldKind::Area, place, bits)]
            };
            let parts: [&[u8]; 3] = [code.as_bytes(), initial, postcode];
            add(KeyKind::NamePostcode, &parts, fields(&[postcode], POSTCODE));
            let parts: [&[u8]; 4] = [code.as_bytes(), initial, area, &number];
            add(KeyKind::NameAreaNumber, &parts, fields(&[area, &number], AREA_AND_NUMBER));
        } else if let Some(birth) = &self.birth {
            let parts: [&[u8]; 3] = [first(code, START_CHARS).as_bytes(), initial, birth.reveal()];
            let whole = surname_field(surname);
            let start = Field { bits: whole.bits.min(SURNAME_START), ..whole };
            add(KeyKind::StartBirth, &parts, vec![start, initial_field(), birth_field(birth)]);
        }
    }
}

/// Whether a surname and a birth date leave too much to chance beside an initial. Of the commonest one, because names
/// that sound alike may begin with different letters, and both sides must say the same.
fn is_common(surname: &PrivateText, birth: &Birth) -> bool {
    surname_bits(surname.reveal()) + COMMONEST_INITIAL + birth.bits() < COMMON
}

/// What is known of somebody's given names beside the first initial.
struct Fuller<'a> {
    kind: FieldKind,
    /// Stands before the value in a key, so that neither sort is taken for the other.
    mark: &'static [u8],
    value: &'a [u8],
    bits: Bits,
}

impl Fuller<'_> {
    fn field(&self) -> Field {
        field(self.kind, &[self.value], self.bits)
    }
}

fn fuller(given: &GivenName) -> Vec<Fuller<'_>> {
    let name = given.code.as_ref().map(|code| Fuller {
        kind: FieldKind::GivenName,
        mark: b"voornaam",
        value: code.reveal().as_bytes(),
        bits: given_bits(code.reveal()),
    });
    let initials = given.initials.as_ref().map(|two| Fuller {
        kind: FieldKind::Initials,
        mark: b"voorletters",
        value: two.reveal().as_bytes(),
        bits: initial_bits(given.initial) + SECOND_INITIAL,
    });
    name.into_iter().chain(initials).collect()
}

/// Household keys: from the surname of anyone whose home is a child's in this record, and of adults of whom no address is
/// recorded when every child has the same home; when no child is in it, of any adult at the own home; only for families
/// with a child or a kindcheck, and not at suppressed addresses.
fn collect_households(family: &Family, options: &DeriveOptions<'_>, collector: &mut Collector) {
    if !family.has_children() {
        return;
    }
    let homes = || {
        residents(family, options.today)
            .filter_map(|(position, person, residence)| Some((position, person, residence.home?)))
    };
    let has_child = family.persons().iter().any(|person| person.role == Role::Child);
    let child_homes: BTreeSet<Place> =
        homes().filter(|(_, person, _)| person.role == Role::Child).map(|(_, _, home)| home).collect();
    let suppressed = options.suppressed_households;
    let homeless = residents(family, options.today)
        .any(|(_, person, residence)| person.role == Role::Child && residence.home.is_none());
    if let (Some(home), None, false) = (child_homes.first(), child_homes.iter().nth(1), homeless) {
        for (position, person) in family.persons().iter().enumerate() {
            if lives_with_children(person) && !suppressed.covers(home) {
                collect_household(position, person, home, suppressed, collector);
            }
        }
    }
    let counts = |home: &Place| (!has_child || child_homes.contains(home)) && !suppressed.covers(home);
    for (position, person, home) in homes().filter(|(_, _, home)| counts(home)) {
        collect_household(position, person, &home, suppressed, collector);
    }
}

/// Whether somebody of whom no address is recorded counts as living with the children: an adult whose address is neither
/// secret nor elsewhere, and who is not known to have left one. Who is wrong about it ties nobody: at the address itself
/// nobody else has that name.
fn lives_with_children(person: &Person) -> bool {
    let is_adult = !matches!(person.role, Role::Child | Role::Other);
    let is_unknown = person.address.is_none() && person.previous.is_none();
    is_adult && is_unknown && person.address_kind == AddressKind::Home
}

/// The household keys of one person's surnames at one address.
fn collect_household(
    position: usize,
    person: &Person,
    home: &Place,
    suppressed: &HouseholdSuppression,
    collector: &mut Collector,
) {
    let source = Source { person: position, role: person.role };
    for surname in surname_codes(&person.name) {
        let code = surname.reveal();
        let (number, unit) = (home.door.number(), home.unit().as_bytes());
        for (kind, name) in
            [(KeyKind::Household, first(code, START_CHARS)), (KeyKind::HouseholdEnd, ending(code))]
        {
            let parts: [&[u8]; 4] = [name.as_bytes(), home.door.postcode(), &number, unit];
            let fields = vec![surname_field(&surname), address_field(home, suppressed)];
            collector.add(LinkageKey::new(kind, &parts), source, fields);
        }
    }
}

/// At most so many characters from the beginning.
fn first(text: &str, count: usize) -> &str {
    text.char_indices().nth(count).and_then(|(end, _)| text.get(..end)).unwrap_or(text)
}

fn field(kind: FieldKind, value: &[&[u8]], bits: Bits) -> Field {
    // The kind stands in front because kinds that share a slot must not share a value.
    let kind_and_value: Vec<&[u8]> =
        std::iter::once(kind.dutch().as_bytes()).chain(value.iter().copied()).collect();
    Field { kind, value: PrivateBytes::from_fields(&kind_and_value), bits }
}

/// In whole or in outline a surname is one fact, so that persons of one name count it once.
fn surname_field(surname: &PrivateText) -> Field {
    let drawn = outline(surname.reveal());
    field(FieldKind::Surname, &[drawn.reveal().as_bytes()], surname_bits(surname.reveal()))
}

/// However rare a name is, its outline is that of common ones too.
fn outline_field(surname: &PrivateText) -> Field {
    let drawn = outline(surname.reveal());
    field(FieldKind::Surname, &[drawn.reveal().as_bytes()], outline_bits(drawn.reveal()))
}

/// The initial as the record has it, by whatever letter it is looked for. That the other initial is one of several
/// that a roepnaam may stand for is worth as little as they are common together.
fn initial_field(given: &GivenName, letter: char, letters: &[char]) -> Field {
    let bits = if letter == given.initial { initial_bits(letter) } else { any_initial_bits(letters) };
    field(FieldKind::Initial, &[given.initial.to_string().as_bytes()], bits)
}

fn birth_field(birth: &Birth) -> Field {
    field(FieldKind::BirthDate, &[birth.reveal()], birth.bits())
}

fn address_field(place: &Place, suppressed: &HouseholdSuppression) -> Field {
    let bits = match (suppressed.covers(place), place.unit().is_empty()) {
        (true, _) => ADDRESS_CROWDED,
        (false, false) => ADDRESS_SHARED,
        (false, true) => ADDRESS,
    };
    field(FieldKind::Address, &[place.door.postcode(), &place.door.number()], bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beginning_is_of_whole_characters() {
        assert_eq!((first("mYer", 2), first("ŁŁŁ", 2), first("o", 2)), ("mY", "ŁŁ", "o"));
    }

    #[test]
    fn placeholder_numbers_pass_the_eleven_proof_but_name_no_one() {
        for (digits, expected) in [
            ("999999990", true),
            ("111111110", true),
            ("111222333", false),
            ("999990019", false),
            ("123456782", false),
        ] {
            assert_eq!(is_placeholder(&digits.parse().unwrap()), expected, "{digits}");
        }
    }
}
