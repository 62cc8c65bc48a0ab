//! The plot of keys: what is no longer found when a kind is left out.

use super::canvas::{Canvas, WIDTH};
use super::measures::Measures;
use super::numbers::{decimals, lost_per_mille, thousands};
use super::scale::{Scale, Spread, ticks};

const TOP: f64 = 84.0;
const ROW: f64 = 28.0;

/// `keys.svg`
pub(super) fn plot(measures: &Measures) -> String {
    let all = measures.with_all_keys();
    let rows: Vec<(&str, f64, f64)> = measures
        .without
        .iter()
        .filter_map(|(kind, score)| {
            let all = all?;
            let persons = lost_per_mille(all.person_known, score.person_known);
            Some((kind.dutch(), persons, lost_per_mille(all.siblings, score.siblings)))
        })
        .collect();
    let bottom = TOP + ROW * rows.len() as f64;
    let (left, right) = (190.0, WIDTH - 190.0);
    let lost = rows.iter().map(|(_, persons, _)| *persons);
    let scale = Scale {
        spread: Spread::Even,
        from: lost.clone().fold(0.0, f64::min),
        to: lost.fold(1.0, f64::max),
        places: (left, right),
    };

    let seed = measures.seeds.first().copied().unwrap_or_default();
    let mut canvas = Canvas::new(
        bottom + 60.0,
        "What is lost when a kind of key is left out",
        &format!(
            "Horizontal bars, one for each kind of key: of a thousand pairs that both know a person, how many are found with \
             all kinds of keys and not without this one. A column beside them gives the same for siblings at one address \
             with one surname. One region of {} inhabitants. The numbers stand in figures.md.",
            thousands(measures.common_size)
        ),
    );
    let of = format!("default region of {} inhabitants, seed {seed}", thousands(measures.common_size));
    canvas.words("faint", (16.0, 48.0), &of);
    canvas.words("end", (WIDTH - 24.0, TOP - 10.0), "siblings lost per 1,000");
    let values: Vec<(f64, String)> =
        ticks(scale.from, scale.to, 6).into_iter().map(|value| (value, decimals(value, 0))).collect();
    canvas.across(&scale, (TOP, bottom), "pairs lost per 1,000 in which a person is known to both", &values);
    let zero = scale.at(0.0);
    for (place, (name, persons, siblings)) in rows.iter().enumerate() {
        let middle = TOP + ROW * (place as f64 + 0.5);
        let end = scale.at(*persons);
        canvas.words("end", (left - 10.0, middle + 4.5), name);
        canvas.bar("a-fill", (zero.min(end), middle - 8.0), ((end - zero).abs().max(1.0), 16.0));
        canvas.words("", (zero.max(end) + 6.0, middle + 4.5), &decimals(*persons, 1));
        canvas.words("end", (WIDTH - 24.0, middle + 4.5), &decimals(*siblings, 0));
    }
    canvas.line("axis", (zero, TOP), (zero, bottom));
    canvas.finish()
}
