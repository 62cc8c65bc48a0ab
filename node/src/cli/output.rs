//! What commands print: data on standard output, progress on standard error.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use anyhow::{Context as _, Result};
use control::{Coverage, Progress, ReasonLine};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

/// One JSON object on a line of its own.
pub(super) fn json(value: &impl Serialize) -> Result<()> {
    line(&serde_json::to_string(value)?)
}

/// A line, written out at once so that a reader of a pipe has it.
pub(super) fn line(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}").and_then(|()| out.flush()).context("nobody reads what this command prints")
}

/// Progress of long work: a bar in a terminal, lines otherwise.
#[derive(Default)]
pub(super) struct Bar(Option<ProgressBar>);

impl Bar {
    pub(super) fn show(&mut self, progress: &Progress) {
        let text = match progress.total {
            Some(total) => format!("{} ({total})", progress.doing),
            None => progress.doing.clone(),
        };
        if !io::stderr().is_terminal() {
            say!("{text}");
            return;
        }
        let bar = self.0.get_or_insert_with(|| {
            let bar = ProgressBar::new_spinner().with_style(ProgressStyle::default_spinner());
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        });
        bar.set_message(text);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

/// Columns of text, two blanks between.
pub(super) fn table(header: &[&str], rows: &[Vec<String>]) -> Result<()> {
    let width = |column: usize| {
        let cells =
            rows.iter().filter_map(|row| row.get(column)).map(|cell| console::measure_text_width(cell));
        cells.chain(header.get(column).map(|name| name.len())).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    let header: Vec<String> = header.iter().map(|name| (*name).to_owned()).collect();
    for row in std::iter::once(&header).chain(rows) {
        let cells: Vec<String> = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| console::pad_str(cell, *width, console::Alignment::Left, None).into_owned())
            .collect();
        line(cells.join("  ").trim_end())?;
    }
    Ok(())
}

/// Completeness in words; names who is missing.
pub(super) fn coverage(dekking: &Coverage) -> String {
    if dekking.total() == 0 {
        return "no organisation publishes to this one".to_owned();
    }
    let mut words = format!("{} of {} organisations current", dekking.actueel, dekking.total());
    if !dekking.onvolledig.is_empty() {
        let names: Vec<&str> = dekking.onvolledig.iter().map(|one| one.organisatie.as_str()).collect();
        words.push_str(&format!("; incomplete: {}", names.join(", ")));
    }
    if !dekking.verouderd.is_empty() {
        let names: Vec<String> =
            dekking.verouderd.iter().map(|one| format!("{} since {}", one.organisatie, one.sinds)).collect();
        words.push_str(&format!("; nothing heard of {}", names.join(", ")));
    }
    words
}

/// `ouder: bsn, naam-geboorte; gezin: huishouden`
pub(super) fn reasons(basis: &[ReasonLine]) -> String {
    let mut words = String::new();
    let mut role = None;
    for reason in basis {
        let before = match role {
            Some(last) if last == &reason.rol => ", ".to_owned(),
            Some(_) => format!("; {}: ", reason.rol),
            None => format!("{}: ", reason.rol),
        };
        words.push_str(&before);
        words.push_str(&reason.sleutel);
        role = Some(&reason.rol);
    }
    words
}

#[cfg(test)]
mod tests {
    use control::{OrganisationLine, StaleLine};

    use super::*;

    #[test]
    fn coverage_names_who_is_missing() {
        let (oin, organisatie) = ("1".to_owned(), "GGZ".to_owned());
        let mut dekking = Coverage::default();
        assert_eq!(coverage(&dekking), "no organisation publishes to this one");
        dekking.actueel = 2;
        assert_eq!(coverage(&dekking), "2 of 2 organisations current");
        dekking.onvolledig.push(OrganisationLine { oin: oin.clone(), organisatie: organisatie.clone() });
        dekking.verouderd.push(StaleLine {
            oin,
            organisatie: "School".to_owned(),
            sinds: "gisteren".to_owned(),
        });
        assert_eq!(
            coverage(&dekking),
            "2 of 4 organisations current; incomplete: GGZ; nothing heard of School since gisteren"
        );
    }

    #[test]
    fn reasons_are_grouped_by_role() {
        let reason =
            |rol: &str, sleutel: &str| ReasonLine { rol: rol.to_owned(), sleutel: sleutel.to_owned() };
        assert_eq!(reasons(&[]), "");
        assert_eq!(
            reasons(&[
                reason("ouder", "bsn"),
                reason("ouder", "naam-geboorte"),
                reason("gezin", "huishouden")
            ]),
            "ouder: bsn, naam-geboorte; gezin: huishouden"
        );
    }
}
