//! The page of tables.

use std::fmt::Write as _;

use domain::Certainty;
use testkit::quality::{Score, Tally};

use super::calibration;
use super::measures::{Group, Measures};
use super::numbers::{decimals, found, found_with_possible, lost_per_mille, sum, thousands, wilson};

const SHOWN: &str = "\
| persons | seed | records | keys a record | tags a record | `zeker`: right | `waarschijnlijk`: right | `mogelijk`: right | precision | … but for housemates |
|---|---|---:|---:|---:|---:|---:|---:|---:|---:|
";
const FOUND: &str = "\
| persons | seed | a person known to both | found | … with `mogelijk` | … in clear text | siblings, one surname: found | siblings, other surnames: found |
|---|---|---:|---:|---:|---:|---:|---:|
";
const BESIDE: &str = "\
| persons | seed | told and right | children by BSN: right | times as many | exact tokens: right | clear text: right |
|---|---|---:|---:|---:|---:|---:|
";
const KEYS: &str = "\
| kind of key | keys a record | tags a record | pairs lost per 1,000 | siblings lost per 1,000 | precision without it |
|---|---:|---:|---:|---:|---:|
";
const BITS: &str = "\
| bits | times | right | share | 95% interval |
|---:|---:|---:|---:|---:|
";

/// `figures.md`
pub(super) fn page(measures: &Measures) -> String {
    let mut text = String::new();
    opening(&mut text, measures);
    text.push_str("## What is shown\n\nA pair is one record of one organisation, and one other organisation. Precision is of `zeker` and `waarschijnlijk` together.\n\n");
    table(&mut text, measures, SHOWN, shown);
    text.push_str(
        "\n## What is found\n\nAs `zeker` or `waarschijnlijk`. In clear text: fuzzy comparison of all records on one table, at the\nthreshold at which as much of it is right; it finds less where linking invented nothing. Siblings are at one address,\nwithout a common person.\n\n",
    );
    table(&mut text, measures, FOUND, recalls);
    text.push_str("\n![Precision and what is found, by size of the region](sizes.svg)\n");
    text.push_str("\n## Beside other ways\n\nPairs that are told, right of all.\n\n");
    table(&mut text, measures, BESIDE, beside);
    keys(&mut text, measures);
    bits(&mut text, measures);
    text
}

fn opening(text: &mut String, measures: &Measures) {
    let seeds: String = measures.seeds.iter().map(|seed| format!(" --seed {seed}")).collect();
    let largest = measures.largest().map_or(0, |group| group.persons);
    let common = thousands(measures.common_size);
    line(text, format_args!("# Figures of linking\n"));
    line(
        text,
        format_args!(
            "<!-- Generated; changes are overwritten. -->\n\nThis page and its plots are written by\n"
        ),
    );
    line(
        text,
        format_args!(
            "```text\ncargo run --release -p testkit --example linkage -- report{seeds} --largest {largest}\n```\n"
        ),
    );
    line(
        text,
        format_args!(
            "[What linking finds](../linkage.md) says what is counted and what the figures mean. All persons are synthetic;\n\
             the same seeds give the same figures on every machine. Kinds of keys and conditions are compared at {common} persons.\n"
        ),
    );
}

/// A row for each region of each group, and one for those of a group together.
fn table(text: &mut String, measures: &Measures, head: &str, cells: fn(&[&Score]) -> String) {
    text.push_str(head);
    for group in measures.sizes.iter().chain(&measures.conditions) {
        let name = name(group);
        for region in &group.regions {
            line(text, format_args!("| {name} | {} | {} |", region.seed, cells(&[&region.score])));
        }
        if group.regions.len() > 1 {
            line(text, format_args!("| {name} | all | {} |", cells(&group.scores())));
        }
    }
}

fn name(group: &Group) -> String {
    let persons = thousands(group.persons);
    if group.condition.is_empty() { persons } else { format!("{persons} {}", group.condition) }
}

fn shown(scores: &[&Score]) -> String {
    let records = sum_of(scores, |score| score.families);
    let by =
        |certainty| right_of(sum(scores, |score| score.shown.get(&certainty).copied().unwrap_or_default()));
    [
        thousands(records),
        share(sum_of(scores, |score| score.keys.values().sum()), records),
        share(sum_of(scores, |score| score.tags), records),
        by(Certainty::Certain),
        by(Certainty::Probable),
        by(Certainty::Possible),
        format!("{:.5}", sum(scores, Score::told).precision()),
        format!("{:.5}", sum(scores, Score::told_of_households).precision()),
    ]
    .join(" | ")
}

fn recalls(scores: &[&Score]) -> String {
    let known = sum(scores, |score| found(score.person_known));
    [
        thousands(known.shown),
        format!("{:.4}", known.precision()),
        format!("{:.4}", sum(scores, |score| found_with_possible(score.person_known)).precision()),
        format!("{:.4}", sum(scores, |score| score.clear_text.person_known).precision()),
        share_of(sum(scores, |score| found(score.siblings))),
        share_of(sum(scores, |score| found(score.siblings_by_address))),
    ]
    .join(" | ")
}

fn beside(scores: &[&Score]) -> String {
    let told = sum(scores, Score::told);
    let children = sum(scores, |score| score.child_by_bsn);
    let times = if children.right == 0 { "–".to_owned() } else { share(told.right, children.right) };
    [
        right_of(told),
        right_of(children),
        times,
        right_of(sum(scores, |score| score.exact_tokens)),
        right_of(sum(scores, |score| score.clear_text.told)),
    ]
    .join(" | ")
}

fn keys(text: &mut String, measures: &Measures) {
    let Some(all) = measures.with_all_keys() else { return };
    let seed = measures.seeds.first().copied().unwrap_or_default();
    line(text, format_args!("\n## What each kind of key adds\n"));
    line(
        text,
        format_args!(
            "Each left out in turn; {} persons, seed {seed}. With all of them precision is {:.5}. Keys are evaluations by the\n\
             keyholders; tags are counted once in a feed. What other kinds make up for does not show here.\n",
            thousands(measures.common_size),
            all.told().precision()
        ),
    );
    text.push_str(KEYS);
    for (kind, without) in &measures.without {
        let keys = all.keys.get(kind).copied().unwrap_or_default();
        let cells = [
            share(keys, all.families),
            share(all.tags.saturating_sub(without.tags), all.families),
            decimals(lost_per_mille(all.person_known, without.person_known), 1),
            decimals(lost_per_mille(all.siblings, without.siblings), 1),
            format!("{:.5}", without.told().precision()),
        ];
        line(text, format_args!("| `{}` | {} |", kind.dutch(), cells.join(" | ")));
    }
    line(text, format_args!("\n![What is lost when a kind of key is left out](keys.svg)"));
}

fn bits(text: &mut String, measures: &Measures) {
    let persons = measures.largest().map_or(0, |group| group.persons);
    let (possible, probable) = calibration::thresholds();
    line(text, format_args!("\n## Calibration\n"));
    line(
        text,
        format_args!(
            "Persons of whom no BSN agrees, by whole bits of evidence, right when the other organisation knows that very\n\
             person; {} persons, all seeds. `mogelijk` begins at {possible:.1} bits, `waarschijnlijk` at {probable:.1}. Weights are those of strangers;\n\
             a relative at the same address agrees on more, so fewer persons are right than the weights promise. What a\n\
             professional is told is the record, which is right more often than the person: see the first table.\n",
            thousands(persons)
        ),
    );
    line(
        text,
        format_args!("![How often a person is the right one, by bits of evidence](calibration.svg)\n"),
    );
    text.push_str(BITS);
    for (bits, tally) in calibration::by_bits(measures) {
        let (low, high) = wilson(tally);
        line(
            text,
            format_args!(
                "| {bits} | {} | {} | {:.4} | {low:.4}–{high:.4} |",
                thousands(tally.shown),
                thousands(tally.right),
                tally.precision()
            ),
        );
    }
}

fn sum_of(scores: &[&Score], count: impl Fn(&Score) -> usize) -> usize {
    scores.iter().map(|score| count(score)).sum()
}

fn share(count: usize, of: usize) -> String {
    format!("{:.2}", count as f64 / of.max(1) as f64)
}

fn right_of(tally: Tally) -> String {
    format!("{} of {}", thousands(tally.right), thousands(tally.shown))
}

fn share_of(tally: Tally) -> String {
    if tally.shown == 0 {
        return "–".to_owned();
    }
    format!("{:.4} ({})", tally.precision(), right_of(tally))
}

fn line(text: &mut String, words: std::fmt::Arguments<'_>) {
    writeln!(text, "{words}").expect("a string takes every line");
}
