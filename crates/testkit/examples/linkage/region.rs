//! Measuring regions.

use std::time::Instant;

use linkage::{DeriveOptions, HouseholdSuppression, derive};
use testkit::population::{Population, population};
use testkit::quality::{Linking, Score, score};

use crate::options::Options;
use crate::{mistakes, tables};

/// Links one region.
pub(crate) fn measure(options: &Options) -> Score {
    measure_with_region(options).1
}

#[expect(clippy::disallowed_methods, reason = "progress tells how long it took")]
fn measure_with_region(options: &Options) -> (Population, Score) {
    let began = Instant::now();
    let region = population(options.seed, &options.population);
    let made = began.elapsed();
    let linking = Linking { today: options.population.today, without: options.without.clone() };
    let score = score(&region, &linking);
    eprintln!(
        "{} persons, seed {}: made in {:.1} s, linked in {:.1} s",
        options.population.persons,
        options.seed,
        made.as_secs_f64(),
        (began.elapsed() - made).as_secs_f64()
    );
    (region, score)
}

/// Tells how long it takes one core to derive all keys of a region.
#[expect(clippy::disallowed_methods, reason = "measures how long it took")]
fn tell_speed(region: &Population, options: &Options) {
    let (mut persons, mut keys) = (0, 0);
    let began = Instant::now();
    for organisation in &region.organisations {
        let derive_options = DeriveOptions {
            bsn_entitled: organisation.bsn_entitled,
            today: options.population.today,
            suppressed_households: &HouseholdSuppression::default(),
        };
        for record in &organisation.records {
            persons += record.family.persons().len();
            keys += derive(&record.family, &derive_options).len();
        }
    }
    let thousands = persons.max(1) as f64 / 1_000.0;
    let milliseconds = began.elapsed().as_secs_f64() * 1_000.0 / thousands;
    eprintln!("{keys} keys of {persons} persons: {milliseconds:.1} ms for 1,000 persons on one core");
}

/// Prints one region.
pub(crate) fn one(options: &Options) {
    let (region, score) = measure_with_region(options);
    tell_speed(&region, options);
    print!("{}{}", tables::region(&score), tables::estimates(&score));
}

/// Prints what was invented and what was missed.
pub(crate) fn mistakes(options: &Options) {
    let (region, score) = measure_with_region(options);
    print!("{}", mistakes::list(&region, &score));
}
