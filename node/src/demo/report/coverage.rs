//! Completeness (dekking) in words.

use index::Completeness;
use protocol::Answer;

use super::super::plan::DemoPlan;
use super::name_of;
use super::text::counted;

/// How complete the answers of one organisation are.
pub(super) enum Coverage<'a> {
    /// There are none.
    NoAnswers,
    /// All alike.
    Alike(&'a Completeness),
    /// They differ: keys of some families still wait.
    Differing,
}

impl<'a> Coverage<'a> {
    /// Compares the answers.
    pub(super) fn of(answers: &[&'a Answer]) -> Self {
        let Some(first) = answers.first() else { return Self::NoAnswers };
        if answers.iter().all(|answer| answer.completeness == first.completeness) {
            Self::Alike(&first.completeness)
        } else {
            Self::Differing
        }
    }
}

/// `7 of 8 organisations current`
pub(super) fn current(completeness: &Completeness) -> String {
    let total = counted(completeness.total(), "organisation", "organisations");
    format!("{} of {total} current", completeness.current())
}

/// Names who is missing, not only how many.
pub(super) fn in_words(plan: &DemoPlan, completeness: &Completeness) -> String {
    if completeness.total() == 0 {
        return "no organisation publishes to this one".to_owned();
    }
    let mut words = current(completeness);
    let incomplete: Vec<String> = completeness.incomplete().map(|oin| name_of(plan, &oin)).collect();
    if !incomplete.is_empty() {
        words.push_str(&format!("; incomplete: {}", incomplete.join(", ")));
    }
    let stale: Vec<String> =
        completeness.stale().map(|(oin, since)| format!("{} since {since}", name_of(plan, &oin))).collect();
    if !stale.is_empty() {
        words.push_str(&format!("; nothing heard of {}", stale.join(", ")));
    }
    let liars: Vec<String> = completeness.two_histories().map(|oin| name_of(plan, &oin)).collect();
    if !liars.is_empty() {
        words.push_str(&format!("; signed two histories: {}", liars.join(", ")));
    }
    words
}
