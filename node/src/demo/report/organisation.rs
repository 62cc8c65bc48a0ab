//! The section of one organisation: its families that others are involved with, most telling first, and the others
//! counted.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use domain::{Certainty, FamilyRef, Visibility};
use index::Involvement;
use protocol::Answer;

use super::super::plan::DemoPlan;
use super::coverage::{Coverage, current, in_words};
use super::left_out;
use super::reasons::reasons;
use super::text::{Ink, Line, counted, pad, paragraph, width};
use super::{Style, View, heading, name_of};

/// Families shown of one organisation, so that a report of many organisations is still read.
const FAMILIES_SHOWN: usize = 12;

/// Blanks before every line of a section, and between columns.
const MARGIN: usize = 2;
const GAP: usize = 2;

/// Room for a reference in its column; a longer one stands on a line of its own.
const REFERENCE_COLUMNS: usize = 20;

/// Least room for reasons beside the other columns; with less they stand below.
const REASON_COLUMNS: usize = 24;

/// Where the columns of a section stand.
struct Columns {
    reference: usize,
    party: usize,
    certainty: usize,
    /// `None`: reasons stand below.
    reasons: Option<usize>,
}

impl Columns {
    fn of(plan: &DemoPlan, families: &[&Answer], style: Style) -> Self {
        let references = families.iter().map(|answer| width(answer.family.as_str()));
        let reference = references.filter(|columns| *columns <= REFERENCE_COLUMNS).max().unwrap_or(0);
        let reference = reference.min(style.width / 4);
        let parties = families.iter().flat_map(|answer| &answer.involved);
        let party = parties.map(|other| width(&name_of(plan, &other.organisation))).max().unwrap_or(0);
        let certainty = width(Certainty::Probable.dutch());
        let fixed = MARGIN + reference + certainty + 2 * GAP;
        let party = party.min(style.width / 3).min(style.width.saturating_sub(fixed));
        let left = style.width.saturating_sub(fixed + party + GAP);
        Self { reference, party, certainty, reasons: Some(left).filter(|left| *left >= REASON_COLUMNS) }
    }
}

/// Everything about one organisation.
pub(super) fn section(plan: &DemoPlan, view: &View<'_>, style: Style) -> Vec<Line> {
    let organisation = view.organisation;
    let one_sector = plan.organisations.iter().all(|other| other.sector == organisation.sector);
    let title = if one_sector {
        organisation.name.clone()
    } else {
        format!("{} · {}", organisation.name, organisation.sector)
    };
    let mut lines: Vec<Line> = heading(&title, style).into();
    let coverage = Coverage::of(&view.answers);
    lines.extend(counts(plan, view, &coverage, style));
    let families = by_weight(view);
    let shown = if style.full { families.len() } else { FAMILIES_SHOWN.min(families.len()) };
    let (families, others) = families.split_at(shown);
    let columns = Columns::of(plan, families, style);
    if !families.is_empty() {
        lines.push(Line::default());
    }
    for answer in families {
        lines.extend(family(plan, answer, &columns, style));
        if matches!(coverage, Coverage::Differing) && !answer.completeness.is_complete() {
            let indent = MARGIN + columns.reference + GAP;
            let words = format!("Completeness: {}.", in_words(plan, &answer.completeness));
            lines.extend(paragraph(Ink::Warning, "", indent, &words, style.width));
        }
    }
    if !others.is_empty() {
        let more = counted(others.len(), "more family", "more families");
        let told = format!("and {more}; --full prints all of them, --json FILE writes them for programs");
        lines.extend(paragraph(Ink::Faint, "", MARGIN, &told, style.width));
    }
    lines.extend(alone(plan, view, &coverage, style));
    lines
}

/// The two or three lines under the heading.
fn counts(plan: &DemoPlan, view: &View<'_>, coverage: &Coverage<'_>, style: Style) -> Vec<Line> {
    let signals = &view.organisation.signals;
    let mut lines = paragraph(Ink::Plain, "", 0, &in_total(plan, view), style.width);
    if let Some(words) = left_out::of_itself(view.organisation) {
        lines.extend(paragraph(Ink::Warning, "", 0, &words, style.width));
    }
    match coverage {
        Coverage::NoAnswers => {}
        Coverage::Alike(completeness) => {
            let ink = if completeness.is_complete() { Ink::Faint } else { Ink::Warning };
            let words = format!("Completeness: {}.", in_words(plan, completeness));
            lines.extend(paragraph(ink, "", 0, &words, style.width));
        }
        Coverage::Differing => {
            let words = "Completeness differs from family to family.";
            lines.extend(paragraph(Ink::Warning, "", 0, words, style.width));
        }
    }
    let closed = signals.iter().filter(|signal| !plan.has_ground(signal)).count();
    if closed > 0 {
        let words = format!(
            "{} without a grondslag that holds in a circle: not published, and nothing asked.",
            counted(closed, "family", "families")
        );
        lines.extend(paragraph(Ink::Faint, "", 0, &words, style.width));
    }
    let shielded = signals.iter().filter(|signal| signal.visibility == Visibility::Shielded).count();
    if shielded > 0 {
        let families = counted(shielded, "shielded family", "shielded families");
        let words = format!("{families} (afgeschermd): no other organisation learns of this involvement.");
        lines.extend(paragraph(Ink::Faint, "", 0, &words, style.width));
    }
    // Closed families ask nothing. Of the others, one with an end date has passed it when there is no answer.
    let answered: BTreeSet<&FamilyRef> = view.answers.iter().map(|answer| &answer.family).collect();
    let silent =
        || signals.iter().filter(|signal| plan.has_ground(signal) && !answered.contains(&signal.family_ref));
    let ended = silent().filter(|signal| signal.ends_on.is_some()).count();
    if ended > 0 {
        let families = counted(ended, "family", "families");
        let words = format!("{families} past the einddatum: not published, and nothing asked.");
        lines.extend(paragraph(Ink::Faint, "", 0, &words, style.width));
    }
    let unanswered = silent().count() - ended;
    if unanswered > 0 {
        let words = format!("No answer yet about {}.", counted(unanswered, "family", "families"));
        lines.extend(paragraph(Ink::Warning, "", 0, &words, style.width));
    }
    lines
}

/// How many families there are, and how many of them others know.
fn in_total(plan: &DemoPlan, view: &View<'_>) -> String {
    let families = view.organisation.signals.len();
    let total = counted(families, "family", "families");
    match (families, view.shared().count()) {
        (0, _) => "No families.".to_owned(),
        (1, _) if view.answers.is_empty() => "1 family, no answer.".to_owned(),
        (_, _) if view.answers.is_empty() => format!("{total}, no answers."),
        (1, 0) if is_whole(plan, view) => "1 family, not known to another organisation.".to_owned(),
        (1, 0) => "1 family, not found elsewhere so far.".to_owned(),
        (1, _) => "1 family, known elsewhere too.".to_owned(),
        (_, 0) if is_whole(plan, view) => format!("{total}, none of them known to another organisation."),
        (_, 0) => format!("{total}, none of them found elsewhere so far."),
        (2, 2) => "2 families, both known to other organisations too.".to_owned(),
        (_, shared) if shared == families => format!("{total}, all known to other organisations too."),
        (_, shared) => format!("{total}, {shared} of them known to other organisations too."),
    }
}

/// Whether there is a complete answer about every family, and everybody's file was taken over whole.
fn is_whole(plan: &DemoPlan, view: &View<'_>) -> bool {
    let complete = |answer: &&Answer| answer.completeness.total() > 0 && answer.completeness.is_complete();
    view.answers.len() == view.organisation.signals.len()
        && view.answers.iter().all(complete)
        && left_out::of_others(plan, view.organisation).is_none()
}

/// The families that others are involved with: most parties first, then the most certain, then by reference.
fn by_weight<'a>(view: &View<'a>) -> Vec<&'a Answer> {
    let mut families: Vec<&Answer> = view.shared().collect();
    families.sort_by_key(|answer| {
        let mut certainties: Vec<Certainty> = answer.involved.iter().map(|other| other.certainty).collect();
        certainties.sort_by_key(|certainty| Reverse(*certainty));
        (Reverse(answer.involved.len()), Reverse(certainties), answer.family.clone())
    });
    families
}

/// One family: a line or more for each other organisation, the most certain first.
fn family(plan: &DemoPlan, answer: &Answer, columns: &Columns, style: Style) -> Vec<Line> {
    let reference = answer.family.as_str();
    let mut lines = Vec::new();
    let mut margin = pad("", MARGIN) + &pad(reference, columns.reference);
    if width(reference) > columns.reference {
        lines.extend(paragraph(Ink::Plain, "", MARGIN, reference, style.width));
        margin = pad("", MARGIN + columns.reference);
    }
    let mut involved: Vec<(Reverse<Certainty>, String, &Involvement)> = answer
        .involved
        .iter()
        .map(|other| (Reverse(other.certainty), name_of(plan, &other.organisation), other))
        .collect();
    involved.sort_by(|(a, name_a, _), (b, name_b, _)| (a, name_a).cmp(&(b, name_b)));
    for (_, name, other) in involved {
        lines.extend(party(&margin, &name, other, columns, style));
        margin = pad("", MARGIN + columns.reference);
    }
    lines
}

fn party(margin: &str, name: &str, other: &Involvement, columns: &Columns, style: Style) -> Vec<Line> {
    let gap = pad("", GAP);
    let word = pad(other.certainty.dutch(), columns.certainty);
    let first = Line::of(Ink::Plain, format!("{margin}{gap}{}{gap}", pad(name, columns.party)))
        .and(ink(other.certainty), word);
    let Some(room) = columns.reasons else {
        let indent = MARGIN + columns.reference + 2 * GAP;
        let below = reasons(other, style.full, style.width.saturating_sub(indent));
        return [first].into_iter().chain(below.iter().map(|line| indented(indent, line))).collect();
    };
    let mut beside = reasons(other, style.full, room).into_iter();
    let first = first.and(Ink::Plain, format!("{gap}{}", beside.next().unwrap_or_default()));
    let indent = style.width.saturating_sub(room);
    [first].into_iter().chain(beside.map(|line| indented(indent, &line))).collect()
}

fn indented(indent: usize, text: &str) -> Line {
    Line::of(Ink::Plain, pad("", indent) + text)
}

/// The colour of a certainty.
pub(super) fn ink(certainty: Certainty) -> Ink {
    match certainty {
        Certainty::Certain => Ink::Certain,
        Certainty::Probable => Ink::Probable,
        Certainty::Possible => Ink::Possible,
    }
}

/// The families that nobody else was found for, apart where that is not certain.
fn alone(plan: &DemoPlan, view: &View<'_>, coverage: &Coverage<'_>, style: Style) -> Vec<Line> {
    let alone = || view.answers.iter().filter(|answer| answer.involved.is_empty());
    let unheard: Vec<&&Answer> = alone().filter(|answer| answer.completeness.total() == 0).collect();
    let sure = alone().filter(|answer| answer.completeness.is_complete()).count() - unheard.len();
    let unsure: Vec<&&Answer> = alone().filter(|answer| !answer.completeness.is_complete()).collect();
    let but = left_out::of_others(plan, view.organisation);
    let sure_ink = if but.is_some() { Ink::Warning } else { Ink::Faint };
    let but = but.map(|told| format!(" ({told})")).unwrap_or_default();
    let mut lines = Vec::new();
    let mut tell = |ink, number, words: &str| {
        let told = format!("{}: {words}", counted(number, "family", "families"));
        lines.extend(paragraph(ink, "", MARGIN, &told, style.width));
    };
    if sure > 0 {
        tell(sure_ink, sure, &format!("no one else found, with every organisation current{but}."));
    }
    if !unheard.is_empty() {
        tell(Ink::Warning, unheard.len(), "nobody can be found, for no organisation publishes to this one.");
    }
    if let Some(first) = unsure.first() {
        let alike = unsure.iter().all(|answer| answer.completeness == first.completeness);
        let why = match coverage {
            // Who is missing stands under the heading already.
            Coverage::Alike(completeness) => current(completeness),
            Coverage::NoAnswers | Coverage::Differing if alike => in_words(plan, &first.completeness),
            Coverage::NoAnswers | Coverage::Differing => {
                "completeness differs from family to family".to_owned()
            }
        };
        tell(
            Ink::Warning,
            unsure.len(),
            &format!("no one else found so far, but the data are incomplete: {why}{but}."),
        );
    }
    if !lines.is_empty() {
        lines.insert(0, Line::default());
    }
    lines
}
