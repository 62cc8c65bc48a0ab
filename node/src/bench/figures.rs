//! Figures, each beside its aim where it has one.

use std::io::{self, Write};

use serde::Serialize;

use super::report::grouped;

/// One figure.
#[derive(Debug, Serialize)]
pub(super) struct Figure {
    /// Stable, for programs.
    pub(super) name: &'static str,
    #[serde(skip)]
    pub(super) words: &'static str,
    pub(super) measured: f64,
    pub(super) unit: &'static str,
    /// What it should be: at most, or at least, this.
    #[serde(skip_serializing_if = "Option::is_none")]
    at_most: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at_least: Option<f64>,
}

impl Figure {
    pub(super) fn of(name: &'static str, words: &'static str, measured: f64, unit: &'static str) -> Self {
        Self { name, words, measured, unit, at_most: None, at_least: None }
    }

    pub(super) fn at_most(self, aim: f64) -> Self {
        Self { at_most: Some(aim), ..self }
    }

    pub(super) fn at_least(self, aim: f64) -> Self {
        Self { at_least: Some(aim), ..self }
    }

    /// The aim in words, and whether it is met.
    fn aim(&self) -> (String, &'static str) {
        let met = self.at_most.is_none_or(|aim| self.measured <= aim)
            && self.at_least.is_none_or(|aim| self.measured >= aim);
        match (self.at_most, self.at_least) {
            (Some(aim), _) => (format!("≤ {}", number(aim)), if met { "" } else { "missed" }),
            (None, Some(aim)) => (format!("≥ {}", number(aim)), if met { "" } else { "missed" }),
            (None, None) => (String::new(), ""),
        }
    }
}

/// A table for people.
pub(super) fn write_figures(out: &mut impl Write, figures: &[Figure]) -> io::Result<()> {
    writeln!(out, "{:<44}{:>12} {:<14}{:>12}", "", "measured", "", "aim")?;
    for figure in figures {
        let (aim, missed) = figure.aim();
        let Figure { words, measured, unit, .. } = figure;
        let line = format!("{words:<44}{:>12} {unit:<14}{aim:>12}  {missed}", number(*measured));
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

/// About three digits that matter, whatever the size.
fn number(number: f64) -> String {
    match number {
        ..10.0 => format!("{number:.3}"),
        ..100.0 => format!("{number:.2}"),
        _ => grouped(number),
    }
}
