//! What the demonstration prints for people: who else is involved with the families of each organisation, how
//! certain, why, and how complete that answer is. Programs read `json` instead.
//!
//! "No one else" is never printed on incomplete data without saying so, nor while somebody's file is not whole.

use std::io::{self, Write};

use domain::Oin;
use protocol::Answer;

use super::plan::{DemoOrganisation, DemoPlan};

mod coverage;
mod left_out;
mod organisation;
mod reasons;
mod summary;
mod table;
mod text;

#[cfg(test)]
pub(super) mod sample;
#[cfg(test)]
mod tests;

use text::Line;

/// Narrowest page: below it names and reasons would be shreds.
const MIN_WIDTH: usize = 40;

/// The answers of one organisation, for all of its families that may ask.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    /// Its place in [`DemoPlan::organisations`].
    pub(super) organisation: usize,
    /// Its answers.
    pub(super) answers: Vec<Answer>,
}

/// How to print.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Style {
    /// Whether the reader sees ANSI colours: a terminal, and none asked to go without.
    pub(super) colour: bool,
    /// Characters on a line; less than 40 counts as 40.
    pub(super) width: usize,
    /// Every family and every reason, instead of the most telling ones.
    pub(super) full: bool,
}

/// Writes the whole report: a section for each organisation, then what they see together.
///
/// # Errors
/// When `out` cannot be written.
pub(super) fn write_report(
    plan: &DemoPlan,
    findings: &[Finding],
    style: Style,
    out: &mut impl Write,
) -> io::Result<()> {
    let style = Style { width: style.width.max(MIN_WIDTH), ..style };
    let views = views(plan, findings);
    let mut lines = summary::opening(plan, style);
    lines.extend(views.iter().flat_map(|view| organisation::section(plan, view, style)));
    lines.extend(summary::closing(plan, &views, style));
    for line in lines {
        writeln!(out, "{}", line.render(style.colour))?;
    }
    Ok(())
}

/// An organisation with its answers.
struct View<'a> {
    organisation: &'a DemoOrganisation,
    answers: Vec<&'a Answer>,
}

impl<'a> View<'a> {
    /// The families that others are involved with.
    fn shared(&self) -> impl Iterator<Item = &'a Answer> {
        self.answers.iter().copied().filter(|answer| !answer.involved.is_empty())
    }
}

/// Every organisation of the plan, also one without answers.
fn views<'a>(plan: &'a DemoPlan, findings: &'a [Finding]) -> Vec<View<'a>> {
    let answers = |place: usize| {
        findings
            .iter()
            .filter(move |finding| finding.organisation == place)
            .flat_map(|finding| &finding.answers)
            .collect()
    };
    plan.organisations
        .iter()
        .enumerate()
        .map(|(place, organisation)| View { organisation, answers: answers(place) })
        .collect()
}

/// The name of an organisation; the number of one that the plan does not hold.
fn name_of(plan: &DemoPlan, oin: &Oin) -> String {
    plan.place_of(oin)
        .and_then(|place| plan.organisations.get(place))
        .map_or_else(|| oin.to_string(), |organisation| organisation.name.clone())
}

/// A heading in the colour of headings, with a rule to the end of the line.
fn heading(title: &str, style: Style) -> [Line; 2] {
    let title = text::fit(title, style.width.saturating_sub(6));
    let rule = "─".repeat(style.width.saturating_sub(text::width(&title) + 4));
    [Line::default(), Line::of(text::Ink::Heading, format!("── {title} {rule}"))]
}
