//! What a report measures: the default region by size and seed, other conditions, and each kind of key left out.

use linkage::KeyKind;
use testkit::population::PopulationOptions;
use testkit::quality::Score;

use crate::options::{Options, ReportOptions};
use crate::region;

/// One region that was linked.
pub(super) struct Measured {
    pub(super) seed: u64,
    pub(super) score: Score,
}

/// Regions that differ in their seeds only.
pub(super) struct Group {
    /// What is said of them beside their size; empty for the default region.
    pub(super) condition: &'static str,
    pub(super) persons: usize,
    pub(super) regions: Vec<Measured>,
}

impl Group {
    pub(super) fn scores(&self) -> Vec<&Score> {
        self.regions.iter().map(|region| &region.score).collect()
    }
}

/// Everything that a report tells.
pub(super) struct Measures {
    pub(super) seeds: Vec<u64>,
    /// The size of `conditions` and `without`.
    pub(super) common_size: usize,
    /// The default region, by size, ascending.
    pub(super) sizes: Vec<Group>,
    /// One size under other conditions.
    pub(super) conditions: Vec<Group>,
    /// The same size and the first seed, without each kind of key.
    pub(super) without: Vec<(KeyKind, Score)>,
}

impl Measures {
    /// Links all regions, and says on standard error how far it is.
    pub(super) fn take(options: &ReportOptions) -> Self {
        let common_size = options.common_size();
        let conditions = [
            ("without BSN", PopulationOptions::default().with_no_bsn()),
            ("careless", PopulationOptions::default().careless()),
        ];
        let in_groups = (options.sizes.len() + conditions.len()) * options.seeds.len();
        let mut progress = Progress { done: 0, all: in_groups + KeyKind::ALL.len() };
        let mut group = |condition, persons, population: PopulationOptions| {
            let population = population.with_persons(persons);
            let regions = options.seeds.iter().map(|seed| {
                let options = Options { seed: *seed, population: population.clone(), without: Vec::new() };
                Measured { seed: *seed, score: progress.measure(condition, &options) }
            });
            Group { condition, persons, regions: regions.collect() }
        };
        let sizes =
            options.sizes.iter().map(|persons| group("", *persons, PopulationOptions::default())).collect();
        let conditions =
            conditions.into_iter().map(|(name, population)| group(name, common_size, population)).collect();
        let without = KeyKind::ALL.into_iter().map(|kind| {
            let seed = options.seeds.first().copied().unwrap_or_default();
            let population = PopulationOptions::default().with_persons(common_size);
            let options = Options { seed, population, without: vec![kind] };
            (kind, progress.measure(&format!("without {}", kind.dutch()), &options))
        });
        let without = without.collect();
        Self { seeds: options.seeds.clone(), common_size, sizes, conditions, without }
    }

    /// The region that `without` is compared with.
    pub(super) fn with_all_keys(&self) -> Option<&Score> {
        let group = self.sizes.iter().find(|group| group.persons == self.common_size)?;
        group.regions.first().map(|region| &region.score)
    }

    /// The default region at the largest size.
    pub(super) fn largest(&self) -> Option<&Group> {
        self.sizes.last()
    }
}

struct Progress {
    done: usize,
    all: usize,
}

impl Progress {
    fn measure(&mut self, condition: &str, options: &Options) -> Score {
        self.done += 1;
        let space = if condition.is_empty() { "" } else { " " };
        let (done, all, persons, seed) = (self.done, self.all, options.population.persons, options.seed);
        eprintln!("{done} of {all}: measuring {persons} persons{space}{condition}, seed {seed}");
        region::measure(options)
    }
}
