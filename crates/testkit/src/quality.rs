//! What linking finds, and what it invents: the real linkage and tags over a synthetic region, beside the truth.
//!
//! Every organisation derives its keys, publishes its tags and probes those of all others, as nodes do; only the
//! pseudonyms come from an oracle. What comes out is compared with who is who, per own family and other organisation,
//! because that is what a professional is told, and per person.

mod baseline;
mod clear_text;
mod em;
mod network;
mod score;
mod truth;

use domain::CalendarDate;
use linkage::KeyKind;

pub use self::baseline::Baseline;
pub use self::clear_text::ClearText;
pub use self::em::Estimates;
pub use self::score::{Pair, Recall, Score, Tally};

use self::network::Network;
use self::truth::Truth;
use crate::population::Population;

/// How a region is linked.
#[derive(Debug, Clone)]
pub struct Linking {
    /// The day on which everything is derived.
    pub today: CalendarDate,
    /// Kinds of keys that are neither published nor probed, to see what each is worth.
    pub without: Vec<KeyKind>,
}

/// Links a region and counts what is right.
#[must_use]
pub fn score(population: &Population, linking: &Linking) -> Score {
    let truth = Truth::of(population);
    let network = Network::publish(population, linking);
    let mut score = Score::new(population, &truth, &network);
    network.find(|finding| score.take(population, &truth, &finding));
    score.finish(population, &truth);
    score
}
