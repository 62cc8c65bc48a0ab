//! The table of who finds whom, when the page is wide enough for it.

use super::super::plan::DemoPlan;
use super::text::{Ink, Line, pad, paragraph, width};
use super::{Style, View};

/// Least room for the name of an organisation.
const NAME_COLUMNS: usize = 14;

/// Most room for one; the columns of numbers should stay near.
const WIDEST_NAME: usize = 32;

/// How many families of the organisation in the row the organisation in the column is involved with; or how wide a page
/// must be to show that. Empty when there is nothing to compare.
pub(super) fn who_finds_whom(plan: &DemoPlan, views: &[View<'_>], style: Style) -> Vec<Line> {
    let cells: Vec<Vec<String>> = views.iter().map(|view| row(plan, views, view)).collect();
    let longest = cells.iter().flatten().map(|cell| width(cell)).max().unwrap_or(0);
    let digits = views.len().to_string().len();
    let cell_columns = longest.max(digits) + 2;
    let longest_name = views.iter().map(|view| width(&view.organisation.name)).max().unwrap_or(0);
    let numbers = digits + 1 + cell_columns * views.len();
    let room = style.width.saturating_sub(numbers).min(longest_name).min(WIDEST_NAME);
    if views.len() < 2 {
        return Vec::new();
    }
    let least = numbers + longest_name.min(NAME_COLUMNS);
    if style.width < least {
        let words = format!(
            "The table of who finds whom is left out: it needs {least} characters on a line, and there are {}.",
            style.width
        );
        return paragraph(Ink::Faint, "", 0, &words, style.width);
    }
    let words = "Who finds whom: families of the row in which the column is involved. · none, - closed by the circle.";
    let mut lines = paragraph(Ink::Faint, "", 0, words, style.width);
    let titles: String = (1..=views.len()).map(|number| format!("{number:>cell_columns$}")).collect();
    lines.push(Line::of(Ink::Plain, pad("", digits + 1 + room)).and(Ink::Faint, titles));
    for ((number, view), cells) in (1..).zip(views).zip(&cells) {
        let name = pad(&view.organisation.name, room);
        let cells: String = cells.iter().map(|cell| format!("{cell:>cell_columns$}")).collect();
        let line = Line::of(Ink::Faint, format!("{number:>digits$} "));
        lines.push(line.and(Ink::Plain, format!("{name}{cells}")));
    }
    lines
}

fn row(plan: &DemoPlan, views: &[View<'_>], reader: &View<'_>) -> Vec<String> {
    views
        .iter()
        .map(|other| {
            let number = reader
                .shared()
                .filter(|answer| {
                    answer.involved.iter().any(|found| found.organisation == other.organisation.oin)
                })
                .count();
            match number {
                0 if reader.organisation.oin == other.organisation.oin => String::new(),
                0 if !plan.publishes_to(other.organisation, reader.organisation) => "-".to_owned(),
                0 => "·".to_owned(),
                number => number.to_string(),
            }
        })
        .collect()
}
