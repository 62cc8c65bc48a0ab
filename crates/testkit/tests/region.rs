//! A region of many organisations: everybody finds everybody they should, and nobody else.
//!
//! The small one runs with all tests, the large one by command:
//! `cargo test --release -p testkit --test region -- --ignored --nocapture`, with `ORGANISATIONS`, `FAMILIES` and
//! `PER_SECTOR` for other sizes.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a panic in a test is a failing test, and the large region tells how long it took"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::time::Instant;

use domain::{Oin, Role, Signal};
use testkit::{Dice, Founding, Region, family, person};

/// Organisations in a sector; each member reads its own and the one before.
const PER_SECTOR: usize = 25;

/// How often a family is registered in the whole region, on average.
const REGISTERED: usize = 8;

/// Seconds of the region's time after which it has to be done.
const PATIENCE: usize = 300;

/// Who registered which households, by organisation.
struct Plan {
    households: Vec<BTreeSet<usize>>,
    bsns: Vec<String>,
}

impl Plan {
    fn new(organisations: usize, families: usize) -> Self {
        let mut dice = Dice::new(7);
        let population = (organisations * families).div_ceil(REGISTERED).max(families);
        let draw = |_| -> BTreeSet<usize> {
            let mut drawn = BTreeSet::new();
            while drawn.len() < families {
                drawn.insert(usize::try_from(dice.below(population as u64)).unwrap());
            }
            drawn
        };
        let households = (0..organisations).map(draw).collect();
        Self { households, bsns: bsns(2 * population) }
    }

    fn signals(&self, organisation: usize) -> Vec<Signal> {
        let signal = |household: &usize| {
            let (parent, child) = (2 * household, 2 * household + 1);
            let day = |number: usize, from: usize, years: usize| {
                format!(
                    "{}-{:02}-{:02}",
                    from + number % years,
                    1 + number / years % 12,
                    1 + number / (12 * years) % 28
                )
            };
            let name = surname(*household);
            let persons = [
                person(Role::Parent)
                    .bsn(&self.bsns[parent])
                    .name("Ans", &name)
                    .born(&day(*household, 1950, 50)),
                person(Role::Child)
                    .bsn(&self.bsns[child])
                    .name("Noor", &name)
                    .born(&day(*household, 2010, 16)),
            ];
            family(&format!("{household:07}"), persons)
        };
        self.households[organisation].iter().map(signal).collect()
    }

    /// Who is to be found for each family of an organisation: those who registered it and publish to that one.
    fn involved(&self, founding: &Founding, organisation: usize) -> BTreeMap<String, Vec<Oin>> {
        let me = Founding::oin(organisation + 1);
        let publishers: Vec<usize> = (0..self.households.len())
            .filter(|other| founding.roster.publishes_to(&founding.circle, &Founding::oin(other + 1), &me))
            .collect();
        let of = |household: &usize| {
            let knows = publishers.iter().filter(|other| self.households[**other].contains(household));
            (format!("{household:07}"), knows.map(|other| Founding::oin(other + 1)).collect())
        };
        self.households[organisation].iter().map(of).collect()
    }
}

/// Numbers that pass the 11-proef.
fn bsns(count: usize) -> Vec<String> {
    let with_check = |number: u32| {
        let digits = format!("{number:08}");
        let sum: u32 = digits
            .chars()
            .zip((2..=9).rev())
            .map(|(digit, weight)| weight * digit.to_digit(10).unwrap())
            .sum();
        (sum % 11 < 10).then(|| format!("{digits}{}", sum % 11))
    };
    (10_000_001..).filter_map(with_check).take(count).collect()
}

/// Names that sound different for different numbers.
fn surname(number: usize) -> String {
    const SYLLABLES: [&str; 10] = ["ba", "de", "fi", "ko", "lu", "ma", "ne", "pi", "ro", "tu"];
    let digits = format!("{number:07}");
    let spoken: String = digits.bytes().map(|digit| SYLLABLES[usize::from(digit - b'0')]).collect();
    format!("V{spoken}s")
}

/// Megabytes of this process that lie in memory.
fn resident_megabytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or(0) / 1_000
}

/// Lets a region come to rest and compares every answer with the plan. Returns how many involvements there are.
fn converges(organisations: usize, families: usize, per_sector: usize, tell: impl Fn(String)) -> usize {
    let started = Instant::now();
    let tell = |text: String| {
        tell(format!("{:7.1} s {:6} MB  {text}", started.elapsed().as_secs_f64(), resident_megabytes()))
    };
    let plan = Plan::new(organisations, families);
    let founding = Founding::region(organisations, per_sector);
    let mut region = Region::new(founding.clone());
    for organisation in 0..organisations {
        if organisation % 100 == 0 {
            tell(format!("{organisation} of {organisations} organisations started"));
        }
        region.start(Founding::oin(organisation + 1), plan.signals(organisation));
    }
    region.connect();
    tell("everybody is connected".to_owned());
    let mut waiting: BTreeSet<Oin> = founding.oins().collect();
    for second in 1..=PATIENCE {
        region.second();
        let before = waiting.len();
        waiting.retain(|oin| {
            let status = region.status(*oin).unwrap();
            !(status.published && status.key_sets.len() == 2 && status.completeness.is_complete())
        });
        if waiting.len() != before || second % 10 == 0 {
            let traffic = region.traffic();
            tell(format!(
                "second {second}: {} of {organisations} complete, {} messages, {} MB on the wire",
                organisations - waiting.len(),
                traffic.messages,
                traffic.bytes / 1_000_000
            ));
        }
        if waiting.is_empty() {
            break;
        }
    }
    assert!(waiting.is_empty(), "{} organisations are not complete after {PATIENCE} seconds", waiting.len());
    let mut found = 0;
    for organisation in 0..organisations {
        let oin = Founding::oin(organisation + 1);
        let expected = plan.involved(&founding, organisation);
        let answers = region.who_all(oin);
        assert_eq!(answers.len(), families);
        for answer in answers {
            assert!(answer.completeness.is_complete(), "{oin} about {:?}", answer.family);
            let involved: Vec<Oin> = answer.involved.iter().map(|involved| involved.organisation).collect();
            assert_eq!(involved, expected[answer.family.as_str()], "{oin} about {:?}", answer.family);
            found += involved.len();
        }
    }
    tell(format!("every answer is complete and right: {found} involvements"));
    let mut questions = Vec::new();
    for organisation in 0..organisations {
        let oin = Founding::oin(organisation + 1);
        for signal in plan.signals(organisation).into_iter().take(10) {
            let asked = Instant::now();
            assert!(region.who(oin, signal.family_ref).is_some());
            questions.push(asked.elapsed());
        }
    }
    questions.sort();
    let at = |hundredths: usize| questions[(questions.len() - 1) * hundredths / 100].as_secs_f64() * 1e3;
    tell(format!("a question takes {:.3} ms, the slowest in a hundred {:.3} ms", at(50), at(99)));
    found
}

#[test]
fn a_small_region_converges() {
    assert!(converges(30, 10, 10, |_| {}) > 50);
}

#[test]
#[ignore = "takes minutes and gigabytes"]
fn a_large_region_converges() {
    let given = |name: &str, usual| std::env::var(name).map_or(usual, |text| text.parse().unwrap());
    let (organisations, families) = (given("ORGANISATIONS", 1_000), given("FAMILIES", 500));
    converges(organisations, families, given("PER_SECTOR", PER_SECTOR), |text| eprintln!("{text}"));
}
