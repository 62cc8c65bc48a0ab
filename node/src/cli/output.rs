//! What commands print: data on standard output, progress on standard error.

use std::io::{self, ErrorKind, IsTerminal as _, Write as _};
use std::time::Duration;

use anyhow::{Context as _, Result};
use control::{Coverage, Progress, ReasonLine};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use serde_json::json;
use thiserror::Error;

/// Nobody reads standard output any more: whoever closed the pipe has seen enough. No failure of the command.
#[derive(Debug, Error)]
#[error("nobody reads what this command prints")]
pub(super) struct ReaderGone;

/// One JSON object on a line of its own.
pub(super) fn json(value: &impl Serialize) -> Result<()> {
    line(&serde_json::to_string(value)?)
}

/// A line, written out at once so that a reader of a pipe has it.
pub(super) fn line(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Err(ReaderGone.into()),
        written => written.context("cannot print the result"),
    }
}

/// Lets a command end as it would have when nobody reads its last words.
pub(super) fn unless_gone(printed: Result<()>) -> Result<()> {
    match printed {
        Err(error) if error.is::<ReaderGone>() => Ok(()),
        printed => printed,
    }
}

/// Hundredths of the work between two lines about it, where lines are printed.
const LINE_PERCENT: u64 = 10;

/// Progress of long work: a bar in a terminal, lines otherwise, objects of JSON for programs.
pub(super) struct Bar {
    as_json: bool,
    bar: Option<ProgressBar>,
    /// What the last line said: the work, and how far in [`LINE_PERCENT`]s.
    said: Option<(String, u64)>,
}

impl Bar {
    pub(super) fn new(as_json: bool) -> Self {
        Self { as_json, bar: None, said: None }
    }

    pub(super) fn show(&mut self, progress: &Progress) {
        if self.as_json {
            say!("{}", json!({ "progress": progress }));
        } else if io::stderr().is_terminal() {
            self.draw(progress);
        } else if let Some(text) = self.due(progress) {
            say!("{text}");
        }
    }

    fn draw(&mut self, progress: &Progress) {
        let bar = self.bar.get_or_insert_with(|| {
            let bar = ProgressBar::new_spinner();
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        });
        match progress.total {
            Some(total) => {
                let style = ProgressStyle::with_template("{msg} {wide_bar} {pos} of {len}");
                bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
                bar.set_length(total);
                bar.set_position(progress.done);
            }
            None => bar.set_style(ProgressStyle::default_spinner()),
        }
        bar.set_message(progress.doing.clone());
    }

    /// The line that is due: at the start and the end of each work, and now and then between.
    fn due(&mut self, progress: &Progress) -> Option<String> {
        let total = progress.total.unwrap_or_default();
        let far = progress.done.saturating_mul(100).checked_div(total).unwrap_or_default() / LINE_PERCENT;
        let now = Some((progress.doing.clone(), far));
        if self.said == now {
            return None;
        }
        self.said = now;
        Some(match progress.total {
            Some(total) => format!("{}: {} of {total}", progress.doing, progress.done),
            None => progress.doing.clone(),
        })
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
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
    if !dekking.tegenstrijdig.is_empty() {
        let names: Vec<&str> = dekking.tegenstrijdig.iter().map(|one| one.organisatie.as_str()).collect();
        words.push_str(&format!("; signed two histories: {}", names.join(", ")));
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

/// A page to be printed. A paragraph that is a question is a heading.
pub(super) fn page(title: &str, paragraphs: &[String]) -> String {
    let escaped = |text: &str| {
        let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        text.replace('\n', "<br>\n")
    };
    let part = |text: &String| match text.ends_with('?') {
        true => format!("<h2>{}</h2>\n", escaped(text)),
        false => format!("<p>{}</p>\n", escaped(text)),
    };
    let body: String = paragraphs.iter().map(part).collect();
    format!(
        "<!doctype html>\n<html lang=\"nl\">\n<head>\n<meta charset=\"utf-8\">\n<title>{}</title>\n<style>body {{ font: 12pt \
         sans-serif; max-width: 40em; margin: 3em auto; line-height: 1.5 }} h2 {{ font-size: 1em; margin-bottom: 0 }}\
         </style>\n</head>\n<body>\n{body}</body>\n</html>",
        escaped(title)
    )
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
        let (oin, organisatie) = ("2".to_owned(), "Wonen".to_owned());
        dekking.tegenstrijdig.push(OrganisationLine { oin, organisatie });
        assert!(!dekking.is_complete());
        assert!(coverage(&dekking).starts_with("2 of 5 organisations current; incomplete: GGZ; "));
        assert!(coverage(&dekking).ends_with("; signed two histories: Wonen"));
    }

    #[test]
    fn lines_are_due_at_the_start_the_end_and_now_and_then() {
        let mut bar = Bar::new(false);
        let mut told = |doing: &str, done, total| bar.due(&Progress { doing: doing.to_owned(), done, total });
        assert_eq!(told("reading", 0, None).as_deref(), Some("reading"));
        assert_eq!(told("reading", 0, None), None);
        let told: Vec<String> =
            (0..=35).filter_map(|part| told("registering", part * 1_000, Some(35_000))).collect();
        assert_eq!(told.len(), 11, "{told:?}");
        assert_eq!(told.first().map(String::as_str), Some("registering: 0 of 35000"));
        assert_eq!(told.last().map(String::as_str), Some("registering: 35000 of 35000"));
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
