//! What stands before the sections and after them: the network, the counts, and what the inspectorates missed in the
//! cases they studied.

use domain::Certainty;
use index::Involvement;
use protocol::Answer;

use super::super::plan::DemoPlan;
use super::left_out;
use super::organisation::ink;
use super::reasons::rests_on_a_child;
use super::text::{Ink, Line, counted, joined, pad, paragraph, width};
use super::{Style, View, heading, name_of, table};

/// From so many organisations around one family on, someone should have the regie.
const MANY_PARTIES: usize = 3;

/// Name of the network, its size, and how to read what follows.
pub(super) fn opening(plan: &DemoPlan, style: Style) -> Vec<Line> {
    let families: usize = plan.organisations.iter().map(|held| held.signals.len()).sum();
    let keyholders: Vec<String> = plan
        .keyholders
        .iter()
        .filter_map(|place| plan.organisations.get(*place))
        .map(|held| held.name.clone())
        .collect();
    let size = format!(
        "{} hold {}. The keys are shared by {}; {} of {} must answer before a family has a pseudonym.",
        counted(plan.organisations.len(), "organisation", "organisations"),
        if families == 0 { "no families".to_owned() } else { counted(families, "family", "families") },
        joined(&keyholders),
        plan.threshold,
        keyholders.len(),
    );
    let mut lines = paragraph(Ink::Heading, "", 0, &plan.name, style.width);
    lines.extend(paragraph(Ink::Plain, "", 0, &size, style.width));
    lines.push(Line::default());
    let words = "Below, for each organisation: its own reference of a family, who else is involved, how certain that \
                 is, and which facts of its own record led there.";
    lines.extend(paragraph(Ink::Faint, "", 0, words, style.width));
    if !style.full {
        let words = "'+2' stands for two more facts that agree.";
        lines.extend(paragraph(Ink::Faint, "", 0, words, style.width));
    }
    lines
}

/// Counts, highlights and the table of who finds whom.
pub(super) fn closing(plan: &DemoPlan, views: &[View<'_>], style: Style) -> Vec<Line> {
    let mut lines: Vec<Line> = heading("All together", style).into();
    let matches: Vec<&Involvement> =
        views.iter().flat_map(View::shared).flat_map(|answer| &answer.involved).collect();
    lines.extend(certainties(&matches, style));
    lines.push(Line::default());
    for (ink, highlight) in highlights(plan, views, &matches) {
        lines.extend(paragraph(ink, "•", 2, &highlight, style.width));
    }
    let table = table::who_finds_whom(plan, views, style);
    if !table.is_empty() {
        lines.push(Line::default());
        lines.extend(table);
    }
    lines
}

fn certainties(matches: &[&Involvement], style: Style) -> Vec<Line> {
    let mut lines = Vec::new();
    let digits = matches.len().to_string().len();
    for (certainty, meaning) in [
        (Certainty::Certain, "certain: the citizen service number (BSN) agrees"),
        (Certainty::Probable, "probable: names, birth dates and addresses agree well enough"),
        (Certainty::Possible, "possible: worth a question, no more"),
    ] {
        let number = matches.iter().filter(|found| found.certainty == certainty).count();
        let word = pad(certainty.dutch(), width(Certainty::Probable.dutch()));
        let indent = width(&word) + digits + 4;
        let mut meaning = super::text::wrap(meaning, style.width.saturating_sub(indent)).into_iter();
        let first = meaning.next().unwrap_or_default();
        let line = Line::of(ink(certainty), word).and(Ink::Plain, format!("  {number:>digits$}  "));
        lines.push(line.and(Ink::Faint, first));
        lines.extend(meaning.map(|rest| Line::of(Ink::Plain, pad("", indent)).and(Ink::Faint, rest)));
    }
    lines
}

/// What a reader should not miss, one sentence or two each.
fn highlights(plan: &DemoPlan, views: &[View<'_>], matches: &[&Involvement]) -> Vec<(Ink, String)> {
    let answers = || views.iter().flat_map(|view| &view.answers);
    let shared = answers().filter(|answer| !answer.involved.is_empty()).count();
    let asked = match (answers().count(), shared) {
        (0, _) => "No family was asked about.".to_owned(),
        (1, 0) => "The one family asked about was not found elsewhere.".to_owned(),
        (1, _) => "The one family asked about turned out to be known elsewhere too.".to_owned(),
        (asked, 0) => format!("Of {asked} families asked about, none was found elsewhere."),
        (asked, _) => {
            format!("Of {asked} families asked about, {shared} turned out to be known elsewhere too.")
        }
    };
    let mut told = vec![(
        Ink::Plain,
        format!("{asked} Each organisation counts its own; nobody holds the list of all."),
    )];
    let childless = matches.iter().filter(|found| !rests_on_a_child(found)).count();
    if childless > 0 {
        told.push((
            Ink::Plain,
            format!(
                "{childless} of {} without a child in common: a parent, partner, carer or the household leads \
                 there. An index of children would not have shown {}.",
                counted(matches.len(), "match", "matches"),
                if childless == 1 { "it" } else { "them" }
            ),
        ));
    }
    let parties = |answer: &Answer| answer.involved.len() + 1;
    let many = answers().filter(|answer| parties(answer) >= MANY_PARTIES).count();
    if many > 0 {
        told.push((
            Ink::Plain,
            format!(
                "{} in view of {MANY_PARTIES} or more organisations, as each of them sees it.",
                counted(many, "family is", "families are")
            ),
        ));
    }
    // The first of equals, so that the same findings always tell the same.
    let busiest = views
        .iter()
        .flat_map(|view| view.answers.iter().map(move |answer| (view, *answer)))
        .reduce(|best, next| if parties(next.1) > parties(best.1) { next } else { best });
    if let Some((view, answer)) = busiest.filter(|(_, answer)| parties(answer) >= MANY_PARTIES) {
        let others: Vec<String> =
            answer.involved.iter().map(|other| name_of(plan, &other.organisation)).collect();
        told.push((
            Ink::Plain,
            format!(
                "The most around one family is {}: {} at {}, with {}.",
                parties(answer),
                answer.family,
                view.organisation.name,
                joined(&others)
            ),
        ));
    }
    let incomplete = answers().filter(|answer| !answer.completeness.is_complete()).count();
    if incomplete > 0 {
        let answers = counted(incomplete, "answer rests", "answers rest");
        told.push((Ink::Warning, format!("{answers} on incomplete data: more may be found.")));
    }
    if !plan.problems.is_empty() {
        let problems = counted(plan.problems.len(), "problem", "problems");
        let left_out =
            left_out::of_all(plan).unwrap_or_else(|| "the families concerned were left out".to_owned());
        told.push((
            Ink::Warning,
            format!("{problems} in the files: {left_out}. Nobody finds what was left out."),
        ));
    }
    told
}
