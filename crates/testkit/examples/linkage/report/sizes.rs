//! The plot by size: whether precision falls as a region grows, and whether less is found.

use testkit::quality::{Score, Tally};

use super::canvas::{Canvas, WIDTH};
use super::measures::Measures;
use super::numbers::{found, sum, thousands};
use super::scale::{Scale, Spread, ticks};

const HEIGHT: f64 = 430.0;
const FRAME: (f64, f64) = (112.0, 362.0);

struct Curve {
    name: &'static str,
    line: &'static str,
    point: &'static str,
    share: fn(&Score) -> Tally,
}

const CURVES: [Curve; 3] = [
    Curve {
        name: "told as zeker or waarschijnlijk: right, but for housemates",
        line: "a",
        point: "a-fill",
        share: Score::told_of_households,
    },
    Curve { name: "told as zeker or waarschijnlijk: right", line: "b", point: "b-fill", share: Score::told },
    Curve {
        name: "a person known to both: found",
        line: "c",
        point: "c-fill",
        share: |score| found(score.person_known),
    },
];

/// `sizes.svg`
pub(super) fn plot(measures: &Measures) -> String {
    let (top, bottom) = FRAME;
    let (left, right) = (76.0, WIDTH - 40.0);
    let smallest = measures.sizes.first().map_or(1, |group| group.persons) as f64;
    let largest = measures.sizes.last().map_or(1, |group| group.persons) as f64;
    // A little room on both sides, and some width for a single size.
    let persons =
        Scale { spread: Spread::Logarithmic, from: smallest / 1.3, to: largest * 1.3, places: (left, right) };
    let lowest = CURVES.iter().flat_map(|curve| {
        let regions = measures.sizes.iter().flat_map(|group| &group.regions);
        regions.map(|region| (curve.share)(&region.score).precision())
    });
    let lowest = lowest.fold(0.995, f64::min);
    let shares = Scale {
        spread: Spread::Even,
        from: (lowest * 200.0 - 0.5).floor() / 200.0,
        to: 1.0,
        places: (bottom, top),
    };

    let mut canvas = Canvas::new(
        HEIGHT,
        "Precision and what is found, by size of the region",
        &format!(
            "Regions of {} to {} inhabitants on a logarithmic axis. Three lines over all seeds together, with a point for \
             each seed: the share of what is told that is right, the same without housemates taken for one another, and \
             the share found of pairs of which both recorded enough of a person. The numbers stand in figures.md.",
            thousands(smallest as usize),
            thousands(largest as usize)
        ),
    );
    for (place, curve) in CURVES.iter().enumerate() {
        let y = 48.0 + 18.0 * place as f64;
        canvas.through(curve.line, &[(16.0, y - 4.5), (52.0, y - 4.5)]);
        canvas.point(curve.point, (34.0, y - 4.5), 3.5);
        canvas.words("", (60.0, y), curve.name);
    }
    let sizes: Vec<(f64, String)> =
        measures.sizes.iter().map(|group| (group.persons as f64, thousands(group.persons))).collect();
    canvas.across(&persons, FRAME, "inhabitants of the region (logarithmic)", &sizes);
    let values: Vec<(f64, String)> = ticks(shares.from, 1.0, 7)
        .into_iter()
        .map(|value| (value, format!("{:.1}%", 100.0 * value)))
        .collect();
    canvas.along(&shares, (left, right), "share of pairs", &values);

    // A little beside one another, so that equal shares do not hide each other.
    for (curve, aside) in CURVES.iter().zip([-7.0, 0.0, 7.0]) {
        let at = |persons_there: usize, share| (persons.at(persons_there as f64) + aside, shares.at(share));
        let together = measures.sizes.iter().map(|group| {
            let share = sum(&group.scores(), curve.share).precision();
            at(group.persons, share)
        });
        canvas.through(curve.line, &together.collect::<Vec<_>>());
        for group in &measures.sizes {
            for region in &group.regions {
                let share = (curve.share)(&region.score).precision();
                canvas.point(curve.point, at(group.persons, share), 3.0);
            }
        }
    }
    canvas.finish()
}
