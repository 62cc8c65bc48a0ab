//! The plot of calibration: of persons with so many bits of evidence, how many really are known to the other side.
//!
//! Shares stand by the logarithm of their odds, because a bit of evidence doubles the odds: what the weights promise is a
//! straight line, and 99% and 99.99% can be told apart.

use std::collections::BTreeMap;

use testkit::quality::Tally;

use super::canvas::{Canvas, WIDTH};
use super::measures::Measures;
use super::numbers::{add, thousands, wilson};
use super::scale::{Scale, Spread};

/// What `waarschijnlijk` promises: right so many times for each time that it is wrong. It begins where the weight makes
/// this of the prior odds, so the threshold tells which these are.
const PROBABLE_ODDS: f64 = 99.0;

/// The thresholds of a person, in bits.
pub(super) fn thresholds() -> (f64, f64) {
    (f64::from(linkage::POSSIBLE) / 10.0, f64::from(linkage::PROBABLE) / 10.0)
}

const HEIGHT: f64 = 460.0;
const FRAME: (f64, f64) = (84.0, 390.0);

/// Persons told without a BSN, by whole bits, over all regions of the largest size.
pub(super) fn by_bits(measures: &Measures) -> BTreeMap<u32, Tally> {
    let mut sums: BTreeMap<u32, Tally> = BTreeMap::new();
    for score in measures.largest().map(super::measures::Group::scores).unwrap_or_default() {
        for (bits, tally) in &score.by_weight {
            let sum = sums.entry(*bits).or_default();
            *sum = add(*sum, *tally);
        }
    }
    sums
}

/// `calibration.svg`
pub(super) fn plot(measures: &Measures) -> String {
    let (possible, probable) = thresholds();
    let prior = probable - PROBABLE_ODDS.log2();
    let counts = by_bits(measures);
    let persons = measures.largest().map_or(0, |group| group.persons);
    let regions = measures.seeds.len();
    let (top, bottom) = FRAME;
    let (left, right) = (76.0, WIDTH - 24.0);
    let first = counts.keys().next().map_or(possible, |bits| f64::from(*bits)).min(18.0);
    let last = counts.keys().next_back().map_or(probable, |bits| f64::from(*bits)).max(30.0) + 1.0;
    let bits = Scale { spread: Spread::Even, from: first, to: last, places: (left, right) };
    let share = Scale { spread: Spread::Odds, from: 0.02, to: 0.999_97, places: (bottom, top) };

    let mut canvas = Canvas::new(
        HEIGHT,
        "How often a person is the right one, by bits of evidence",
        &format!(
            "Persons told without an agreeing BSN in {regions} regions of {} inhabitants. Each point is the share that \
             really are known to the other organisation, with its 95% Wilson interval, for one whole number of bits. \
             Dotted lines mark the thresholds of mogelijk at {possible:.1} and waarschijnlijk at {probable:.1} bits. A dashed line shows \
             what the weights promise for two persons drawn at random. The numbers stand in figures.md.",
            thousands(persons)
        ),
    );
    canvas.words("faint", (16.0, 48.0), &legend(regions, persons));
    let values: Vec<(f64, String)> = (0..=12)
        .map(|place| f64::from(place) * 5.0)
        .filter(|value| (first..=last).contains(value))
        .map(|value| (value, format!("{value:.0}")))
        .collect();
    canvas.across(&bits, FRAME, "evidence that agrees (bits)", &values);
    let shares = [0.02, 0.1, 0.5, 0.8, 0.9, 0.95, 0.99, 0.999, 0.9999]
        .map(|value| (value, format!("{}%", percent(value))));
    let shares =
        shares.map(|(value, words)| (value, if value > share.from { words } else { format!("≤ {words}") }));
    canvas.along(&share, (left, right), "share really known to both", &shares);
    canvas.words("faint end", (left - 8.0, top + 4.5), "all");
    canvas.line("grid", (left, top), (right, top));

    for (threshold, name) in [(possible, "mogelijk"), (probable, "waarschijnlijk")] {
        let x = bits.at(threshold);
        canvas.line("mark", (x, top), (x, bottom));
        let (class, x) = if threshold < probable { ("end", x + 6.0) } else { ("", x - 6.0) };
        canvas.words(class, (x, top - 10.0), &format!("{name} {threshold:.1}"));
    }
    let promised = |bits: f64| 1.0 - 1.0 / (1.0 + (bits - prior).exp2());
    let reach = (prior + (share.to / (1.0 - share.to)).log2()).min(last);
    canvas.through(
        "b",
        &[first.max(prior - 5.0), reach].map(|weight| (bits.at(weight), share.at(promised(weight)))),
    );

    for (whole, tally) in &counts {
        let x = bits.at(f64::from(*whole) + 0.5);
        let (low, high) = wilson(*tally);
        canvas.line("a", (x, share.at(low)), (x, share.at(high)));
        canvas.point("a-fill", (x, share.at(tally.precision())), 3.5);
    }
    canvas.finish()
}

fn legend(regions: usize, persons: usize) -> String {
    let of = if regions == 1 { "1 region".to_owned() } else { format!("{regions} regions") };
    format!(
        "{of} of {} inhabitants; no BSN agrees; bars: 95% interval; dashed: as weights promise",
        thousands(persons)
    )
}

/// A share as a percentage, without zeros at the end.
fn percent(share: f64) -> String {
    let text = format!("{:.2}", 100.0 * share);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::percent;

    #[test]
    fn percentages() {
        assert_eq!([0.1, 0.95, 0.999, 0.9999].map(percent), ["10", "95", "99.9", "99.99"]);
    }
}
