//! The TOML in which governors write down a network, or the parts of it that a next version changes.
//!
//! Every part may be left out: for a new network defaults stand in, for a next version the part stays as it was. A
//! list that is there replaces the whole list, so that a file read twice means the same.

use std::ops::Range;
use std::path::Path;

use serde::Deserialize;
use toml::value::Datetime;

use super::{GovernanceError, files, plain};

/// Largest file: a hundred thousand institution addresses fit.
const MAX_FILE_BYTES: usize = 16 << 20;

/// What a file says; see `docs/operations.md` for every key.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkFile {
    /// Name of the network.
    pub name: Option<String>,
    /// Whether production minimums do not bind; decided when the network is founded.
    pub test_network: Option<bool>,
    /// Clocks and intervals.
    pub rules: Option<RulesTable>,
    /// Who holds the keys.
    pub keyholders: Option<KeyholdersTable>,
    /// Every circle.
    #[serde(rename = "circle")]
    pub circles: Option<Vec<CircleTable>>,
    /// Every legal basis.
    #[serde(rename = "legal_basis")]
    pub legal_bases: Option<Vec<LegalBasisTable>>,
    /// Every address where unrelated people live.
    #[serde(rename = "institution")]
    pub institutions: Option<Vec<InstitutionTable>>,
    /// Who cosigns checkpoints of logs.
    pub witnesses: Option<WitnessesTable>,
    /// Every quota.
    #[serde(rename = "quota")]
    pub quotas: Option<Vec<QuotaTable>>,
    /// Every allowance on top of a quota.
    #[serde(rename = "bulk_allowance")]
    pub bulk_allowances: Option<Vec<AllowanceTable>>,
    /// Every log that goes on after a loss.
    #[serde(rename = "log_generation")]
    pub log_generations: Option<Vec<LogGenerationTable>>,
    /// What governors decide about members, by OIN; who is not named stays as it is.
    #[serde(default, rename = "member")]
    pub members: Vec<MemberTable>,
}

/// `[rules]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RulesTable {
    /// Length of an epoch in days.
    pub epoch_days: Option<u32>,
    /// Length of an epoch in seconds, for test networks; instead of days.
    pub epoch_seconds: Option<u64>,
    /// Days after its end during which an epoch is still matched on.
    pub grace_days: Option<u32>,
    /// The same in seconds, for test networks.
    pub grace_seconds: Option<u64>,
    /// Days before its start in which an epoch is prepared.
    pub preparation_days: Option<u32>,
    /// The same in seconds, for test networks.
    pub preparation_seconds: Option<u64>,
    /// Whether the next epoch starts at once, because a key is suspected to be known.
    #[serde(default)]
    pub start_next_epoch: bool,
    /// The day on which the first epoch starts, at midnight UTC.
    pub first_epoch_day: Option<Datetime>,
    /// Seconds between two segments of a feed.
    pub publish_interval_seconds: Option<u32>,
    /// Seconds after which a silent member counts as stale.
    pub heartbeat_seconds: Option<u32>,
    /// Seconds in which a key ceremony must be complete.
    pub ceremony_deadline_seconds: Option<u32>,
    /// Most tags that one feed may have live.
    pub live_tags: Option<u32>,
    /// After how many segments of a feed everything is published anew.
    pub segments_per_snapshot: Option<u32>,
    /// Days between a node's first sight of a version that widens something and its taking effect there.
    pub notice_days: Option<u32>,
    /// The same in seconds, for test networks.
    pub notice_seconds: Option<u64>,
}

/// `[keyholders]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyholdersTable {
    /// How many of them one evaluation needs.
    pub threshold: u16,
    /// Their OINs.
    pub members: Vec<String>,
}

/// `[[circle]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CircleTable {
    /// Its name; a circle of this name keeps its identity.
    pub name: String,
    /// What it is for.
    pub purpose: String,
    /// Codes of the legal bases that hold in it; absent: all of the network.
    pub legal_bases: Option<Vec<String>>,
    /// Who publishes to whom; what is not listed is closed.
    #[serde(default)]
    pub open: Vec<OpenTable>,
    /// Whether it is for acceptance tests with synthetic families; decided when it is made.
    #[serde(default)]
    pub trial: bool,
}

/// `[[circle.open]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenTable {
    /// The sector that publishes.
    pub publisher: String,
    /// The sectors that read it.
    pub readers: Vec<String>,
    /// Codes of the legal bases that hold between them; absent: all of the circle.
    pub legal_bases: Option<Vec<String>>,
}

/// `[[legal_basis]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LegalBasisTable {
    /// Its code in files and on pages.
    pub code: String,
    /// The article of law.
    pub article: String,
    /// Ground of AVG article 6.
    pub avg6: String,
    /// Exception of AVG articles 9 and 10.
    pub avg9: Option<String>,
    /// The rule of professional secrecy that allows it.
    pub secrecy: Option<String>,
    /// Whether consent is required.
    pub consent_required: bool,
    /// The last day on which it holds.
    pub valid_until_day: Option<Datetime>,
}

/// `[witnesses]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WitnessesTable {
    /// How many cosignatures a checkpoint needs.
    pub needed: u16,
    /// Their OINs.
    pub members: Vec<String>,
}

/// `[[quota]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuotaTable {
    /// For whom; absent: for everybody who is not named.
    pub member: Option<String>,
    /// `bsn` or `zwak`.
    pub class: String,
    /// Elements from the first day of a key set.
    pub base: u32,
    /// More each day.
    pub daily: u32,
}

/// `[[bulk_allowance]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AllowanceTable {
    /// For whom.
    pub member: String,
    /// `bsn` or `zwak`.
    pub class: String,
    /// Elements under each key set.
    pub amount: u32,
    /// The last day on which it counts.
    pub until_day: Datetime,
}

/// `[[log_generation]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogGenerationTable {
    /// Whose log.
    pub member: String,
    /// Number of the generation, from 1.
    pub generation: u32,
    /// Entries that the last cosigned checkpoint counts.
    pub size: u64,
    /// Its root, in hexadecimal.
    pub root: String,
}

/// `[[institution]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InstitutionTable {
    /// Four digits and two letters.
    pub postcode: String,
    /// The house number.
    pub house_number: u32,
    /// The house letter.
    pub house_letter: Option<String>,
    /// The addition.
    pub addition: Option<String>,
}

/// `[[member]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemberTable {
    /// Which member.
    pub oin: String,
    /// Its name.
    pub name: Option<String>,
    /// Its sector.
    pub sector: Option<String>,
    /// Where it works.
    pub working_area: Option<String>,
    /// Whether it may process the BSN.
    pub bsn_entitled: Option<bool>,
    /// Where its node listens.
    pub addresses: Option<Vec<String>>,
    /// Whom to call.
    pub contact_point: Option<String>,
    /// Whether its node relays for members that cannot be dialled.
    pub relay: Option<bool>,
}

impl NetworkFile {
    /// Reads a file.
    ///
    /// # Errors
    /// Unreadable, or not understood: then with line, and for an unknown key the nearest known one.
    pub fn read(path: &Path) -> Result<Self, GovernanceError> {
        let bytes = files::read_bounded(path, MAX_FILE_BYTES, "a description of a network")?;
        let refused = |flaw| GovernanceError::Content(vec![format!("{}: {flaw}", path.display())]);
        let text = std::str::from_utf8(&bytes).map_err(|_| refused("it is not UTF-8 text".to_owned()))?;
        Self::parse(text).map_err(refused)
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// What is wrong with it, in one line.
    pub fn parse(text: &str) -> Result<Self, String> {
        toml::from_str(text)
            .map_err(|error: toml::de::Error| told(text, error.span(), &reworded(error.message())))
    }
}

/// serde lists every key that it expected in place of an unknown one; a person wants the nearest.
fn reworded(message: &str) -> String {
    let Some((unknown, expected)) =
        message.strip_prefix("unknown field `").and_then(|rest| rest.split_once('`'))
    else {
        return message.replace('`', "'");
    };
    let likeness = |known: &str| strsim::normalized_damerau_levenshtein(&unknown.to_lowercase(), known);
    let nearest = expected.split('`').skip(1).step_by(2).max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    let meant = nearest.map(|nearest| format!("; did you mean '{nearest}'?")).unwrap_or_default();
    format!("unknown key '{unknown}'{meant}")
}

/// A flaw with its line, counted from 1, in one line of text.
fn told(text: &str, span: Option<Range<usize>>, flaw: &str) -> String {
    let flaw = plain(&flaw.split_whitespace().collect::<Vec<_>>().join(" "));
    match span.and_then(|span| text.as_bytes().get(..span.start)) {
        Some(before) => format!("line {}: {flaw}", before.iter().filter(|byte| **byte == b'\n').count() + 1),
        None => flaw,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_key_is_refused_by_name_with_the_nearest() {
        for (text, told) in [
            ("nam = \"x\"", "line 1: unknown key 'nam'; did you mean 'name'?"),
            ("\n[rules]\nepoch_day = 3", "line 3: unknown key 'epoch_day'; did you mean 'epoch_days'?"),
            (
                "[rules]\npublish_interval = 3",
                "line 2: unknown key 'publish_interval'; did you mean 'publish_interval_seconds'?",
            ),
            ("[[circles]]\nname = \"x\"", "line 1: unknown key 'circles'; did you mean 'circle'?"),
            (
                "[[circle]]\nname = \"x\"\npurpose = \"y\"\n[[circle.open]]\npublisher = \"a\"\nreader = [\"b\"]",
                "line 6: unknown key 'reader'; did you mean 'readers'?",
            ),
            ("\"\\u001b[2J\" = 1", "line 1: unknown key '\\u{1b}[2J'"),
        ] {
            let flaw = NetworkFile::parse(text).unwrap_err();
            assert!(flaw.starts_with(told), "{flaw}");
        }
    }

    #[test]
    fn other_flaws_have_a_line_too() {
        for (text, line) in [
            ("name = 3", "line 1: invalid type"),
            ("[rules]\nheartbeat_seconds = -1", "line 2: invalid value"),
            ("[keyholders]\nthreshold = 2", "line 1: missing field 'members'"),
            ("name =", "line 1: "),
        ] {
            let flaw = NetworkFile::parse(text).unwrap_err();
            assert!(flaw.starts_with(line) && !flaw.contains('\n'), "{flaw}");
        }
    }
}
