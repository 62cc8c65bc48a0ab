//! Tags, and matching an arriving segment with all own keys, against raw keyed HMAC-SHA256.

use std::collections::BTreeSet;
use std::hint::black_box;

use anyhow::{Context as _, Result, ensure};
use crypto::{PseudonymKey, Seed, Tag, Tagger};
use domain::{
    Address, Bsn, CalendarDate, CircleId, Epoch, Family, FamilyRef, HouseNumber, Invalid, Oin, PartialDate,
    Person, PersonName, PersonalText, Role,
};
use hmac::{Hmac, KeyInit as _, Mac as _};
use index::{FeedId, MAX_TAGS, OwnFamilies, Participation};
use linkage::{DeriveOptions, HouseholdSuppression};
use sha2::Sha256;

use super::measure::{self, Case, Name, Section};
use super::report::grouped;

/// One in so many tags of the segment is one of an own family.
const ONE_HIT_IN: usize = 100;

const EPOCH: Epoch = Epoch(1);

/// The circle of the bench.
pub(super) const CIRCLE: CircleId = CircleId::from_bytes([9; 16]);

/// Bytes of what a tag authenticates: label, OIN, circle.
pub(super) const MESSAGE: [u8; 52] = [0x5a; 52];

/// Own families with their pseudonym keys, all of them in the circle of the bench.
pub(super) struct OwnKeys {
    pub(super) families: OwnFamilies,
    pub(super) pseudonyms: Vec<PseudonymKey>,
}

/// Everything that one arriving segment meets.
struct Setting {
    feed: FeedId,
    own: OwnKeys,
    segment: Vec<Tag>,
}

/// Measures tags and probing for so many own keys.
pub(super) fn measure(own_keys: usize) -> Result<Section> {
    let setting = Setting::new(own_keys)?;
    let found = setting.own.families.probe(&setting.feed, &setting.segment).len();
    ensure!(found == hits(own_keys), "probing found {found} of {} tags", hits(own_keys));

    let raw: Vec<Hmac<Sha256>> = setting.own.raw();
    let taggers: Vec<Tagger> = setting.own.pseudonyms.iter().map(Tagger::new).collect();
    let per_key = |id, words, unit, work| Case { name: Name { id, words }, unit, units: own_keys, work };
    let cases = vec![
        per_key(
            "hmac_sha256",
            "keyed HMAC-SHA256",
            "HMAC",
            Box::new(|| {
                for mac in &raw {
                    black_box(mac.clone().chain_update(black_box(MESSAGE)).finalize());
                }
                Ok(())
            }),
        ),
        per_key(
            "tag",
            "tag",
            "tag",
            Box::new(|| {
                for tagger in &taggers {
                    black_box(
                        tagger.tag(black_box(&setting.feed.publisher), black_box(&setting.feed.circle)),
                    );
                }
                Ok(())
            }),
        ),
        per_key(
            "probe",
            "probe a segment of 4,000 tags",
            "own key",
            Box::new(|| {
                let segment = black_box(&setting.segment);
                black_box(setting.own.families.probe(&setting.feed, segment));
                Ok(())
            }),
        ),
    ];
    measure::measure(format!("tags and matching, {} own keys", grouped(own_keys as f64)), cases)
}

/// How many tags of the segment are own ones.
fn hits(own_keys: usize) -> usize {
    own_keys.min(MAX_TAGS / ONE_HIT_IN)
}

impl OwnKeys {
    /// So many families.
    pub(super) fn new(families: usize) -> Result<Self> {
        Self::filled(|own| own.families.len() < families, usize::MAX)
    }

    /// So many keys; the last family may lack some of its pseudonyms.
    fn with_keys(keys: usize) -> Result<Self> {
        Self::filled(|own| own.pseudonyms.len() < keys, keys)
    }

    fn filled(is_wanting: impl Fn(&Self) -> bool, most_keys: usize) -> Result<Self> {
        let seed = Seed::from_bytes([0x3b; 32]);
        let mut own = Self { families: OwnFamilies::default(), pseudonyms: Vec::new() };
        let participation = Participation { circles: BTreeSet::from([CIRCLE]), publishes: true, unit: None };
        let mut families = families();
        while is_wanting(&own) {
            let (reference, family) = families.next().context("there are no more families")??;
            let keys = derive(&family)?;
            own.families.insert(reference.clone(), keys, participation.clone());
            for key in own.families.missing(EPOCH, &reference) {
                if own.pseudonyms.len() == most_keys {
                    break;
                }
                let drawn = seed.derive("bench pseudonym", own.pseudonyms.len() as u64);
                let pseudonym = PseudonymKey::from_bytes(*drawn.reveal());
                own.families.set_pseudonym(EPOCH, &key, pseudonym.clone());
                own.pseudonyms.push(pseudonym);
            }
        }
        Ok(own)
    }

    /// The keyed states of the baseline.
    pub(super) fn raw(&self) -> Vec<Hmac<Sha256>> {
        let keyed = |key: &PseudonymKey| Hmac::new_from_slice(key.reveal());
        self.pseudonyms.iter().map(|key| keyed(key).expect("HMAC takes a key of any length")).collect()
    }

    /// The tags in a feed of at most so many of the families, from one of them on.
    pub(super) fn tags(&self, feed: &FeedId, from: usize, families: usize) -> Vec<Tag> {
        let all = || self.families.families();
        let from = from % all().count().max(1);
        let some = all().skip(from).chain(all().take(from)).take(families);
        some.flat_map(|family| self.families.tags(family, feed)).collect()
    }
}

impl Setting {
    fn new(own_keys: usize) -> Result<Self> {
        let publisher = Oin::test_number(7)?;
        let feed = FeedId { publisher, circle: CIRCLE, epoch: EPOCH };
        let seed = Seed::from_bytes([0x3b; 32]);
        let own = OwnKeys::with_keys(own_keys)?;
        let shared = own.pseudonyms.iter().step_by((own_keys / hits(own_keys)).max(1)).take(hits(own_keys));
        let mut segment: Vec<Tag> = shared.map(|key| Tagger::new(key).tag(&publisher, &CIRCLE)).collect();
        for n in (0_u64..).take(MAX_TAGS - segment.len()) {
            let drawn = seed.derive("bench tag of others", n);
            segment.push(Tagger::new(&PseudonymKey::from_bytes(*drawn.reveal())).tag(&publisher, &CIRCLE));
        }
        segment.sort_unstable();
        Ok(Self { feed, own, segment })
    }
}

fn derive(family: &Family) -> Result<linkage::FamilyKeys> {
    Ok(linkage::derive(
        family,
        &DeriveOptions {
            bsn_entitled: true,
            today: CalendarDate::new(2026, 11, 1)?,
            suppressed_households: &HouseholdSuppression::default(),
        },
    ))
}

/// Keys that each of these families yields.
#[cfg(test)]
pub(super) const FAMILY_KEYS: usize = 20;

/// Families without end, each with its reference.
pub(super) fn families() -> impl Iterator<Item = Result<(FamilyRef, Family)>> {
    let mut bsns = (900_000_000_u32..).filter_map(|number| number.to_string().parse::<Bsn>().ok());
    (0..).map(move |serial| Ok((FamilyRef::new(&format!("{serial:06}"))?, family(serial, &mut bsns)?)))
}

/// A child with two parents at an address of their own; no key is shared between two of these families.
fn family(serial: u32, bsns: &mut impl Iterator<Item = Bsn>) -> Result<Family, Invalid> {
    let address = Address {
        postcode: format!("{}AB", 1_000 + serial / 9_000 % 9_000).parse()?,
        number: HouseNumber::new(1 + serial % 9_000)?,
        letter: None,
        addition: None,
    };
    let mut person = |role, given: &str, born: PartialDate| -> Result<Person, Invalid> {
        let mut person = Person::new(role);
        person.bsn = bsns.next();
        person.name = PersonName {
            given_names: Some(PersonalText::new("voornamen", given)?),
            prefix: None,
            surname: Some(PersonalText::new("geslachtsnaam", &surname(serial))?),
        };
        person.born = Some(born);
        person.address = Some(address.clone());
        Ok(person)
    };
    let born = |year: u16, salt: u32| {
        let day = serial.wrapping_mul(7).wrapping_add(salt);
        let part = |number: u32, of: u32| u8::try_from(1 + number % of).unwrap_or(1);
        PartialDate::new(year, part(day / 28, 12), part(day, 28))
    };
    let persons = vec![
        person(Role::Child, "Noor", born(2016, 3)?)?,
        person(Role::Parent, "Willemijn", born(1986, 11)?)?,
        person(Role::Parent, "Jeroen", born(1984, 17)?)?,
    ];
    Family::new(persons, None)
}

/// Names that sound different for different numbers.
fn surname(serial: u32) -> String {
    const SYLLABLES: [&str; 10] = ["ba", "de", "fi", "ko", "lu", "ma", "ne", "pi", "ro", "tu"];
    let digits = format!("{serial:06}");
    let spoken: String = digits
        .chars()
        .filter_map(|digit| SYLLABLES.get(usize::try_from(digit.to_digit(10)?).ok()?))
        .copied()
        .collect();
    format!("V{spoken}s")
}

#[cfg(test)]
mod tests {
    use linkage::LinkageKey;

    use super::*;

    #[test]
    fn the_setting_has_the_keys_and_the_hits_it_says() {
        for own_keys in [1, 13, 500] {
            let setting = Setting::new(own_keys).unwrap();
            assert_eq!(setting.own.pseudonyms.len(), own_keys);
            assert_eq!(setting.segment.len(), MAX_TAGS);
            let hits = setting.own.families.probe(&setting.feed, &setting.segment);
            let keys: BTreeSet<LinkageKey> = hits.iter().map(|hit| hit.key.clone()).collect();
            assert_eq!((hits.len(), keys.len()), (own_keys.min(40), own_keys.min(40)));
        }
    }

    #[test]
    fn families_carry_the_keys_that_they_say() {
        let mut bsns = (900_000_000_u32..).filter_map(|number| number.to_string().parse::<Bsn>().ok());
        let keys = derive(&family(5, &mut bsns).unwrap()).unwrap();
        assert_eq!(keys.len(), FAMILY_KEYS);
    }
}
