//! What it costs to match an arriving segment with all own families, next to the HMACs that nobody can do without: one
//! per own key. The baseline runs in the same run. Run with `cargo bench -p index`; times are per segment,
//! throughput is own keys a second.

#![expect(clippy::unwrap_used, reason = "a panic stops the benchmark")]

use std::collections::BTreeSet;
use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use crypto::{PseudonymKey, Seed, Tag, Tagger};
use domain::{
    Address, CalendarDate, CircleId, Epoch, Family, FamilyRef, HouseNumber, Oin, Person, PersonName,
    PersonalText, Role,
};
use hmac::{Hmac, KeyInit, Mac};
use index::{FeedId, MAX_TAGS, OwnFamilies, Participation};
use linkage::{DeriveOptions, FamilyKeys, HouseholdSuppression};
use sha2::Sha256;

const EPOCH: Epoch = Epoch(1);

const OWN_KEYS: usize = 20_000;

/// One in so many tags of the segment is one of an own family.
const ONE_HIT_IN: usize = 100;

/// Bytes of what a tag authenticates: label, OIN, circle.
const MESSAGE: [u8; 52] = [0x5a; 52];

struct Setting {
    feed: FeedId,
    own: OwnFamilies,
    pseudonyms: Vec<PseudonymKey>,
}

impl Setting {
    fn new() -> Self {
        let circle = CircleId::from_bytes([9; 16]);
        let participation = Participation { circles: BTreeSet::from([circle]), publishes: true, unit: None };
        let mut own = OwnFamilies::default();
        let mut pseudonyms = Vec::with_capacity(OWN_KEYS);
        for serial in 0.. {
            if pseudonyms.len() == OWN_KEYS {
                break;
            }
            let reference = FamilyRef::new(&serial.to_string()).unwrap();
            own.insert(reference.clone(), keys(serial), participation.clone());
            for key in own.missing(EPOCH, &reference).into_iter().take(OWN_KEYS - pseudonyms.len()) {
                let pseudonym = pseudonym("own", pseudonyms.len());
                own.set_pseudonym(EPOCH, &key, pseudonym.clone());
                pseudonyms.push(pseudonym);
            }
        }
        let feed = FeedId { publisher: Oin::test_number(7).unwrap(), circle, epoch: EPOCH };
        Self { feed, own, pseudonyms }
    }

    fn segment(&self, tags: usize) -> Vec<Tag> {
        let own = self.pseudonyms.iter().step_by(ONE_HIT_IN).take(tags / ONE_HIT_IN).cloned();
        let others = (0..tags - tags / ONE_HIT_IN).map(|n| pseudonym("other", n));
        let mut segment: Vec<Tag> = own
            .chain(others)
            .map(|key| Tagger::new(&key).tag(&self.feed.publisher, &self.feed.circle))
            .collect();
        segment.sort_unstable();
        segment
    }
}

fn pseudonym(whose: &str, n: usize) -> PseudonymKey {
    let seed = Seed::from_bytes([0x3b; 32]).derive(whose, u64::try_from(n).unwrap());
    PseudonymKey::from_bytes(*seed.reveal())
}

/// The keys of a child with two parents, who share none with another of these families.
fn keys(serial: u32) -> FamilyKeys {
    let person = |role, given: &str, year: u32| {
        let mut person = Person::new(role);
        let text = |text: &str| Some(PersonalText::new("name", text).unwrap());
        person.name = PersonName { given_names: text(given), prefix: None, surname: text(&surname(serial)) };
        person.born = Some(format!("{year}-{:02}-{:02}", 1 + serial % 12, 1 + serial % 28).parse().unwrap());
        person.address = Some(Address {
            postcode: format!("{}AB", 1_000 + serial / 50).parse().unwrap(),
            number: HouseNumber::new(1 + serial % 50).unwrap(),
            letter: None,
            addition: None,
        });
        person
    };
    let persons = vec![
        person(Role::Child, "Noor", 2016),
        person(Role::Parent, "Ans", 1986),
        person(Role::Parent, "Jos", 1984),
    ];
    let options = DeriveOptions {
        bsn_entitled: true,
        today: CalendarDate::new(2026, 11, 1).unwrap(),
        suppressed_households: &HouseholdSuppression::default(),
    };
    linkage::derive(&Family::new(persons, None).unwrap(), &options)
}

/// Names that sound different for different numbers.
fn surname(serial: u32) -> String {
    const SYLLABLES: [&str; 10] = ["ba", "de", "fi", "ko", "lu", "ma", "ne", "pi", "ro", "tu"];
    let digits = format!("{serial:06}");
    let syllables: String =
        digits.bytes().filter_map(|digit| SYLLABLES.get(usize::from(digit - b'0'))).copied().collect();
    format!("V{syllables}s")
}

fn matching(criterion: &mut Criterion) {
    let setting = Setting::new();
    let raw: Vec<Hmac<Sha256>> =
        setting.pseudonyms.iter().map(|key| Hmac::new_from_slice(key.reveal()).unwrap()).collect();
    let mut group = criterion.benchmark_group("matching/20000 own keys");
    group.throughput(Throughput::Elements(OWN_KEYS as u64));
    group.bench_function("baseline: keyed HMAC-SHA256", |bench| {
        bench.iter(|| {
            for mac in &raw {
                black_box(mac.clone().chain_update(black_box(MESSAGE)).finalize());
            }
        });
    });
    for tags in [100, MAX_TAGS] {
        let segment = setting.segment(tags);
        let hits = setting.own.probe(&setting.feed, &segment).len();
        assert_eq!(hits, tags / ONE_HIT_IN);
        group.bench_with_input(
            BenchmarkId::new("probe a segment of tags", tags),
            &segment,
            |bench, segment| {
                bench.iter(|| setting.own.probe(&setting.feed, black_box(segment)));
            },
        );
    }
    group.finish();
}

criterion_group!(benches, matching);
criterion_main!(benches);
