//! Sums of counts, their intervals, and how numbers are written.

use testkit::quality::{Recall, Score, Tally};

/// The standard normal quantile of a two-sided 95% interval.
const Z: f64 = 1.959_963_985;

/// The Wilson score interval (95%) of a share. Unlike the usual one it stays within 0 and 1 and has a width where
/// everything is right.
///
/// Source: Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", JASA 22 (1927).
pub(super) fn wilson(tally: Tally) -> (f64, f64) {
    if tally.shown == 0 {
        return (0.0, 1.0);
    }
    let (n, share) = (tally.shown as f64, tally.right as f64 / tally.shown as f64);
    let middle = share + Z * Z / (2.0 * n);
    let half = Z * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    let whole = 1.0 + Z * Z / n;
    (((middle - half) / whole).max(0.0), ((middle + half) / whole).min(1.0))
}

/// One count over several regions.
pub(super) fn sum(scores: &[&Score], count: impl Fn(&Score) -> Tally) -> Tally {
    scores.iter().map(|score| count(score)).fold(Tally::default(), add)
}

/// Two counts together.
pub(super) fn add(one: Tally, other: Tally) -> Tally {
    Tally { shown: one.shown + other.shown, right: one.right + other.right }
}

/// What there is, and what of it is found as zeker or waarschijnlijk.
pub(super) fn found(recall: Recall) -> Tally {
    Tally { shown: recall.there, right: recall.probable }
}

/// The same with what is found as mogelijk.
pub(super) fn found_with_possible(recall: Recall) -> Tally {
    Tally { shown: recall.there, right: recall.probable + recall.possible }
}

/// Per thousand pairs that there are, how many are found with all keys and not without one.
pub(super) fn lost_per_mille(with_all: Recall, without: Recall) -> f64 {
    1000.0 * (with_all.share() - without.share())
}

/// `1234567` as `1,234,567`.
pub(super) fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number with so many decimals, without a sign before zero.
pub(super) fn decimals(number: f64, places: usize) -> String {
    let text = format!("{number:.places$}");
    match text.strip_prefix('-') {
        Some(zero) if zero.chars().all(|digit| matches!(digit, '0' | '.')) => zero.to_owned(),
        Some(_) | None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(right: usize, shown: usize, low: f64, high: f64) {
        let interval = wilson(Tally { shown, right });
        assert!((interval.0 - low).abs() < 5e-5 && (interval.1 - high).abs() < 5e-5, "{interval:?}");
    }

    /// After R's `prop.test(…, correct = FALSE)`.
    #[test]
    fn wilson_intervals() {
        check(0, 10, 0.0, 0.2775);
        check(10, 10, 0.7225, 1.0);
        check(50, 100, 0.4038, 0.5962);
        check(9, 10, 0.5958, 0.9821);
        check(0, 0, 0.0, 1.0);
    }

    #[test]
    fn numbers_in_words() {
        let written = [0, 999, 1_000, 50_000, 1_234_567].map(thousands);
        assert_eq!(written, ["0", "999", "1,000", "50,000", "1,234,567"]);
        assert_eq!([-0.04, -0.06, 0.06].map(|number| decimals(number, 1)), ["0.0", "-0.1", "0.1"]);
    }

    #[test]
    fn losses_are_of_what_there_is() {
        let recall = |there, probable| Recall { there, probable, possible: 0 };
        assert!((lost_per_mille(recall(200, 190), recall(200, 180)) - 50.0).abs() < 1e-9);
        assert!((lost_per_mille(recall(200, 180), recall(200, 190)) + 50.0).abs() < 1e-9);
    }
}
