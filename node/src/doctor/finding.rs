//! A finding: what was seen, how bad it is, and what to do.

use serde::Serialize;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// Cannot be known from here.
    Unknown,
    /// Works, but somebody has to look after it.
    Attention,
    /// Does not work, or is not safe.
    Wrong,
}

impl Verdict {
    /// For people.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Unknown => "unknown",
            Self::Attention => "attention",
            Self::Wrong => "wrong",
        }
    }

    /// Whether somebody has something to do.
    #[must_use]
    pub const fn asks_for_action(self) -> bool {
        matches!(self, Self::Attention | Self::Wrong)
    }
}

/// One thing that was looked at. Holds no personal data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at: a stable word for programs.
    pub check: &'static str,
    /// How bad it is.
    pub verdict: Verdict,
    /// What was seen.
    pub seen: String,
    /// What to do.
    pub to_do: Option<String>,
}

/// Findings in the order in which they were made.
#[derive(Default)]
pub(super) struct Findings(pub(super) Vec<Finding>);

impl Findings {
    pub(super) fn ok(&mut self, check: &'static str, seen: impl Into<String>) {
        self.0.push(Finding { check, verdict: Verdict::Ok, seen: seen.into(), to_do: None });
    }

    pub(super) fn unknown(&mut self, check: &'static str, seen: impl Into<String>, to_do: impl Into<String>) {
        self.add(check, Verdict::Unknown, seen.into(), to_do.into());
    }

    pub(super) fn attention(
        &mut self,
        check: &'static str,
        seen: impl Into<String>,
        to_do: impl Into<String>,
    ) {
        self.add(check, Verdict::Attention, seen.into(), to_do.into());
    }

    pub(super) fn wrong(&mut self, check: &'static str, seen: impl Into<String>, to_do: impl Into<String>) {
        self.add(check, Verdict::Wrong, seen.into(), to_do.into());
    }

    fn add(&mut self, check: &'static str, verdict: Verdict, seen: String, to_do: String) {
        self.0.push(Finding { check, verdict, seen, to_do: Some(to_do) });
    }
}
