//! Figures as tables in Markdown.

use std::fmt::Write as _;

use domain::Certainty;
use testkit::quality::{Recall, Score, Tally};

/// One region.
pub(crate) fn region(score: &Score) -> String {
    let mut text = String::new();
    let per_family = |count: usize| count as f64 / score.families.max(1) as f64;
    let keys: usize = score.keys.values().sum();
    line(
        &mut text,
        format_args!("{} records, {:.1} keys each, {} tags\n", score.families, per_family(keys), score.tags),
    );
    line(&mut text, format_args!("| shown | times | right | precision |\n|---|---:|---:|---:|"));
    for certainty in [Certainty::Certain, Certainty::Probable, Certainty::Possible] {
        let of = |all: &std::collections::BTreeMap<Certainty, Tally>| {
            all.get(&certainty).copied().unwrap_or_default()
        };
        tally(&mut text, certainty.dutch(), of(&score.shown));
        tally(&mut text, &format!("{certainty}, of a person"), of(&score.persons));
    }
    tally(&mut text, "zeker and waarschijnlijk", score.told());
    tally(&mut text, "the same, but for housemates taken for one another", score.told_of_households());
    tally(&mut text, "by the household key alone", score.by_household);
    tally(&mut text, "an index of children by BSN", score.child_by_bsn);
    tally(&mut text, "exact tokens", score.exact_tokens);
    tally(&mut text, "clear text, where it is right as often", score.clear_text.told);
    line(&mut text, format_args!("\n| there is | pairs | found | with mogelijk |\n|---|---:|---:|---:|"));
    recall(&mut text, "a person known to both", score.person_known);
    recall(&mut text, "the same, whatever is recorded", score.person_there);
    recall(&mut text, "siblings at one address with one surname", score.siblings);
    recall(&mut text, "siblings at one address of other surnames", score.siblings_by_address);
    let clear = score.clear_text.person_known;
    line(
        &mut text,
        format_args!(
            "| a person known to both, in clear text | {} | {:.4} | |",
            clear.shown,
            clear.precision()
        ),
    );
    line(
        &mut text,
        format_args!("\n| one person agrees on | times | right | precision |\n|---|---:|---:|---:|"),
    );
    for (facts, count) in &score.by_facts {
        let facts: Vec<&str> = facts.iter().map(|fact| fact.dutch()).collect();
        tally(&mut text, &facts.join(", "), *count);
    }
    line(&mut text, format_args!("\n| bits of a person | times | right | precision |\n|---|---:|---:|---:|"));
    for (bits, count) in &score.by_weight {
        tally(&mut text, &bits.to_string(), *count);
    }
    text
}

fn tally(text: &mut String, name: &str, tally: Tally) {
    line(text, format_args!("| {name} | {} | {} | {:.5} |", tally.shown, tally.right, tally.precision()));
}

fn recall(text: &mut String, name: &str, recall: Recall) {
    line(
        text,
        format_args!(
            "| {name} | {} | {:.4} | {:.4} |",
            recall.there,
            recall.share(),
            recall.share_with_possible()
        ),
    );
}

fn line(text: &mut String, words: std::fmt::Arguments<'_>) {
    writeln!(text, "{words}").expect("a string takes every line");
}

/// How often facts agree of persons who are the same, estimated without the truth.
pub(crate) fn estimates(score: &Score) -> String {
    let mut text = String::new();
    let found = score.estimates();
    line(&mut text, format_args!("\n| fact | agrees when both mean one person |\n|---|---:|"));
    for (fact, share) in &found.same {
        line(&mut text, format_args!("| {} | {share:.3} |", fact.dutch()));
    }
    line(
        &mut text,
        format_args!("\nOf persons with a weak key that agrees {:.5} are the same.", found.share),
    );
    text
}
