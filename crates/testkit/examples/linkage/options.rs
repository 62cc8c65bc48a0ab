//! What is asked for on the command line.

use std::path::PathBuf;

use linkage::KeyKind;
use testkit::population::PopulationOptions;

pub(crate) const USAGE: &str = "usage: linkage [region | mistakes] [--persons N] [--seed N] [--no-bsn] [--careless]\n\
     \u{20}      [--bsn-missing PERCENT] [--misspelt PERCENT] [--moved PERCENT] [--without KIND]\n\
     \u{20}      linkage report [--seed N]... [--largest PERSONS] [--out FOLDER]";

/// A region to measure.
#[derive(Clone)]
pub(crate) struct Options {
    pub(crate) seed: u64,
    pub(crate) population: PopulationOptions,
    pub(crate) without: Vec<KeyKind>,
}

impl Options {
    pub(crate) fn read(words: &[&str]) -> Option<Self> {
        let mut options = Self { seed: 1, population: PopulationOptions::default(), without: Vec::new() };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match *word {
                "--careless" => options.population = options.population.careless(),
                "--no-bsn" => options.population = options.population.with_no_bsn(),
                "--bsn-missing" => options.population.bsn_missing_percent = percent(words.next()?)?,
                "--misspelt" => options.population.misspelt_percent = percent(words.next()?)?,
                "--moved" => options.population.moved_percent = percent(words.next()?)?,
                "--persons" => options.population.persons = words.next()?.parse().ok()?,
                "--seed" => options.seed = words.next()?.parse().ok()?,
                "--without" => options.without.push(KeyKind::from_dutch(words.next()?)?),
                _ => return None,
            }
        }
        Some(options)
    }
}

fn percent(word: &str) -> Option<u64> {
    word.parse().ok().filter(|percent| *percent <= 100)
}

/// A report to write.
pub(crate) struct ReportOptions {
    /// Each size is measured with each of them; kinds of keys are left out with the first.
    pub(crate) seeds: Vec<u64>,
    /// Sizes of regions, ascending.
    pub(crate) sizes: Vec<usize>,
    /// The folder.
    pub(crate) out: PathBuf,
}

impl ReportOptions {
    const SEEDS: [u64; 3] = [101, 102, 103];
    const SIZES: [usize; 4] = [5_000, 50_000, 150_000, 500_000];

    pub(crate) fn read(words: &[&str]) -> Option<Self> {
        let mut options =
            Self { seeds: Vec::new(), sizes: Self::SIZES.to_vec(), out: PathBuf::from("docs/linkage") };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match *word {
                "--seed" => options.seeds.push(words.next()?.parse().ok()?),
                "--largest" => {
                    let largest: usize = words.next()?.parse().ok()?;
                    options.sizes.retain(|persons| *persons <= largest);
                }
                "--out" => options.out = PathBuf::from(words.next()?),
                _ => return None,
            }
        }
        if options.seeds.is_empty() {
            options.seeds = Self::SEEDS.to_vec();
        }
        (!options.sizes.is_empty()).then_some(options)
    }

    /// The size at which conditions and kinds of keys are compared.
    pub(crate) fn common_size(&self) -> usize {
        let not_larger =
            self.sizes.iter().filter(|persons| **persons <= PopulationOptions::default().persons);
        not_larger.max().or(self.sizes.first()).copied().unwrap_or_default()
    }
}
