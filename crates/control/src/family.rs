//! Signals, matches and answers as lines: references, codes and dates, never a personal detail.

use domain::{Certainty, SignalKind, Visibility};
use serde::{Deserialize, Serialize};

use crate::ExplanationLine;

/// An own signal. Field names are the columns of the CSV.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignalLine {
    /// The own reference.
    pub gezin: String,
    /// `bekend` or `zorg`.
    pub soort: String,
    /// `zichtbaar` or `afgeschermd`.
    pub zichtbaarheid: String,
    /// The legal basis.
    pub grondslag: Option<String>,
    /// Why nothing is published of it, where its legal basis is the reason.
    #[serde(default)]
    pub gesloten: Option<String>,
    /// The unit.
    pub afdeling: Option<String>,
    /// Involved since.
    pub betrokken_sinds: Option<String>,
    /// When the family was told.
    pub geinformeerd_op: Option<String>,
    /// When it ends by itself.
    pub einddatum: Option<String>,
}

impl SignalLine {
    /// The word for a kind of signal.
    #[must_use]
    pub const fn soort(kind: SignalKind) -> &'static str {
        match kind {
            SignalKind::Known => "bekend",
            SignalKind::Concern => "zorg",
        }
    }

    /// The word for a visibility.
    #[must_use]
    pub const fn zichtbaarheid(visibility: Visibility) -> &'static str {
        match visibility {
            Visibility::Visible => "zichtbaar",
            Visibility::Shielded => "afgeschermd",
        }
    }
}

/// Who else is involved with one own family, and how far that may be trusted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnswerLine {
    /// The own reference.
    pub gezin: String,
    /// The others.
    pub betrokken: Vec<InvolvedLine>,
    /// Organisations of which somebody decided that they mean another family.
    #[serde(default)]
    pub ander_gezin: Vec<InvolvedLine>,
    /// Completeness.
    pub dekking: Coverage,
    /// Whether it is about a synthetic family in a trial circle.
    #[serde(default)]
    pub proef: bool,
}

/// Another organisation that is involved, or another unit of the own one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InvolvedLine {
    /// Its number.
    pub oin: String,
    /// Its name.
    pub organisatie: String,
    /// Of the own organisation the unit, empty for signals without one; of others nothing.
    #[serde(default)]
    pub afdeling: Option<String>,
    /// Whom to call, as the roster has it.
    pub contactpunt: String,
    /// How sure.
    pub zekerheid: String,
    /// Why, in terms of the own record.
    pub basis: Vec<ReasonLine>,
    /// The same person by person. Only answers about one family have it, and of so many parties
    /// ([`MAX_EXPLAINED`](crate::MAX_EXPLAINED)).
    #[serde(default)]
    pub onderbouwing: Option<ExplanationLine>,
    /// Since when this node finds it (RFC 3339); of units nothing.
    #[serde(default)]
    pub sinds: Option<String>,
    /// Whether somebody is to decide about it: it is on the review list.
    #[serde(default)]
    pub te_beoordelen: bool,
    /// The last decision, also one that does not stand any more because the evidence is another.
    #[serde(default)]
    pub oordeel: Option<JudgementLine>,
}

impl InvolvedLine {
    /// The word for a certainty.
    #[must_use]
    pub const fn zekerheid(certainty: Certainty) -> &'static str {
        certainty.dutch()
    }
}

/// What somebody decided about a match.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JudgementLine {
    /// `zelfde gezin` or `ander gezin`.
    pub oordeel: String,
    /// The day.
    pub op: String,
    /// How certain the match was then.
    pub zekerheid: String,
    /// The unit that decided, where it was said.
    pub afdeling: Option<String>,
}

/// A decision that was taken, or taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecidedLine {
    /// The own reference.
    pub gezin: String,
    /// The other organisation's number.
    pub oin: String,
    /// Its name.
    pub organisatie: String,
    /// What was decided; absent when it was taken back.
    pub oordeel: Option<JudgementLine>,
}

/// One fact of the own record that agrees.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReasonLine {
    /// Whose fact.
    pub rol: String,
    /// Which.
    pub sleutel: String,
}

/// One match: an own family and another organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatchLine {
    /// The own reference.
    pub gezin: String,
    /// Who is involved.
    #[serde(flatten)]
    pub betrokken: InvolvedLine,
}

/// Completeness (dekking) over every organisation that may publish to this one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Coverage {
    /// How many are current.
    pub actueel: usize,
    /// Of whom something is missing.
    pub onvolledig: Vec<OrganisationLine>,
    /// Of whom nothing was heard, and since when.
    pub verouderd: Vec<StaleLine>,
    /// Who provably signed two histories of what it publishes, so that others may hold something else of it.
    pub tegenstrijdig: Vec<OrganisationLine>,
}

impl Coverage {
    /// How many organisations may publish to this one.
    #[must_use]
    pub fn total(&self) -> usize {
        self.actueel + self.onvolledig.len() + self.verouderd.len() + self.tegenstrijdig.len()
    }

    /// Whether "no one else" may be said without saying more.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.onvolledig.is_empty() && self.verouderd.is_empty() && self.tegenstrijdig.is_empty()
    }
}

/// An organisation by number and name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrganisationLine {
    /// Its number.
    pub oin: String,
    /// Its name.
    pub organisatie: String,
}

/// A silent organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StaleLine {
    /// Its number.
    pub oin: String,
    /// Its name.
    pub organisatie: String,
    /// Since when nothing was heard (RFC 3339).
    pub sinds: String,
}
