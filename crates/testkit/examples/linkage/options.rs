//! What is asked for on the command line.

use linkage::KeyKind;
use testkit::population::PopulationOptions;

pub(crate) const USAGE: &str = "usage: linkage [region | keys | mistakes] [--persons N] [--seed N] [--no-bsn] [--careless]\n\
     \u{20}      [--bsn-missing PERCENT] [--misspelt PERCENT] [--moved PERCENT] [--without KIND]";

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
