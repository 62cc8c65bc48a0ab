//! Measuring regions.

use std::time::Instant;

use linkage::KeyKind;
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

/// Prints one region.
pub(crate) fn one(options: &Options) {
    let score = measure(options);
    print!("{}{}", tables::region(&score), tables::estimates(&score));
}

/// Prints what each kind of key adds to the others.
pub(crate) fn keys(options: &Options) {
    let all = measure(options);
    let without: Vec<(KeyKind, Score)> = KeyKind::ALL
        .into_iter()
        .map(|kind| (kind, measure(&Options { without: vec![kind], ..options.clone() })))
        .collect();
    print!("{}", tables::keys(&all, &without));
}

/// Prints what was invented and what was missed.
pub(crate) fn mistakes(options: &Options) {
    let (region, score) = measure_with_region(options);
    print!("{}", mistakes::list(&region, &score));
}
