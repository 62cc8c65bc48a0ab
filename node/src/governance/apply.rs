//! From what governors wrote to what a roster holds: defaults, checks with sentences, and the parts that stay.

mod circles;
mod members;
mod rules;

use std::collections::BTreeSet;

use domain::{CalendarDate, CircleId, LegalBasisCode, Oin, PlainText, Sector, Timestamp};
use roster::{Accountability, EpochRules, Governors, RosterContent, Rules};
use toml::value::Datetime;

use super::{GovernanceError, NetworkFile, plain};

pub(super) const DAY: u64 = 86_400;

/// Length of an epoch: a quarter, long enough that its key ceremony is no burden, short enough that a stolen share
/// opens little.
const EPOCH_DAYS: u64 = 90;

/// Governors' notice of what widens: the least that production allows.
const NOTICE_SECONDS: u32 = 7 * 86_400;

/// A segment every quarter of an hour, four before a silent member counts as stale.
const PRODUCTION: (u32, u32, u32) = (900, 3_600, 3_600);

/// So fast that somebody who tries it out sees what happens.
const TEST: (u32, u32, u32) = (5, 60, 120);

/// A network with nothing in it but defaults, whose first epoch starts now.
#[must_use]
pub fn blank_content(governors: Governors, test_network: bool, now: Timestamp) -> RosterContent {
    let (publish_interval_seconds, heartbeat_seconds, ceremony_deadline_seconds) =
        if test_network { TEST } else { PRODUCTION };
    RosterContent {
        name: String::new(),
        test_network,
        rules: Rules {
            epoch: EpochRules::starting(now.0, EPOCH_DAYS * DAY),
            publish_interval_seconds,
            heartbeat_seconds,
            ceremony_deadline_seconds,
            live_tags: Rules::LIVE_TAGS,
            segments_per_snapshot: Rules::SEGMENTS_PER_SNAPSHOT,
            notice_seconds: if test_network { 0 } else { NOTICE_SECONDS },
        },
        circles: Vec::new(),
        legal_bases: Vec::new(),
        threshold: 0,
        keyholders: Vec::new(),
        members: Vec::new(),
        governors,
        institutions: Vec::new(),
        accountability: Accountability::default(),
    }
}

/// Applies a file to a roster's content. `highest_index` is the highest index that a keyholder ever had, and `None` for the
/// first version; `draw` gives the ids of new circles.
///
/// # Errors
/// Everything that is wrong with what the file says, one sentence each; the content is then of no use.
pub fn apply(
    file: &NetworkFile,
    content: &mut RosterContent,
    highest_index: Option<u16>,
    now: Timestamp,
    mut draw: impl FnMut() -> CircleId,
) -> Result<(), GovernanceError> {
    let (founding, mut flaws) = (highest_index.is_none(), Flaws::default());
    if let Some(name) = &file.name {
        content.name = flaws.text("the network's name", name);
    }
    if !founding && file.test_network.is_some_and(|wanted| wanted != content.test_network) {
        flaws.add(
            "test_network is decided when a network is founded and cannot change; found another network",
        );
    }
    if let Some(rules) = &file.rules {
        flaws.rules(rules, content, founding, now);
    }
    if let Some(bases) = &file.legal_bases {
        content.legal_bases = bases.iter().filter_map(|basis| flaws.legal_basis(basis)).collect();
    }
    if let Some(circles) = &file.circles {
        content.circles = circles.iter().map(|circle| flaws.circle(circle, content, &mut draw)).collect();
        let names: BTreeSet<&String> = circles.iter().map(|circle| &circle.name).collect();
        if names.len() != circles.len() {
            flaws.add("two circles have the same name");
        }
    }
    if let Some(institutions) = &file.institutions {
        content.institutions = institutions.iter().filter_map(|one| flaws.institution(one)).collect();
    }
    for member in &file.members {
        flaws.member(member, content);
    }
    if let Some(keyholders) = &file.keyholders {
        flaws.keyholders(keyholders, content, highest_index.unwrap_or_default());
    }
    flaws.accountability(file, content);
    flaws.into_result()
}

/// Gathers what is wrong, so that it is told at once.
#[derive(Default)]
pub(super) struct Flaws(Vec<String>);

impl Flaws {
    pub(super) fn add(&mut self, flaw: impl Into<String>) {
        self.0.push(flaw.into());
    }

    fn into_result(self) -> Result<(), GovernanceError> {
        if self.0.is_empty() { Ok(()) } else { Err(GovernanceError::Content(self.0)) }
    }

    pub(super) fn text(&mut self, what: &'static str, text: &str) -> String {
        match PlainText::new(what, text) {
            Ok(text) => text.as_str().to_owned(),
            Err(refused) => {
                self.add(refused.to_string());
                String::new()
            }
        }
    }

    pub(super) fn sector(&mut self, text: &str, place: &str) -> Option<Sector> {
        let sector = text.parse().ok();
        if sector.is_none() {
            self.add(format!(
                "{place}: '{}' is no sector; expected a code such as 'onderwijs': letters, digits, dots and hyphens",
                plain(text)
            ));
        }
        sector
    }

    pub(super) fn code(&mut self, text: &str) -> Option<LegalBasisCode> {
        let code = text.parse().ok();
        if code.is_none() {
            self.add(format!(
                "'{}' is no code of a legal basis; expected letters, digits, dots and hyphens, such as 'jeugdwet-7.1'",
                plain(text)
            ));
        }
        code
    }

    pub(super) fn oin(&mut self, text: &str, place: &str) -> Option<Oin> {
        let oin = text.parse().ok();
        if oin.is_none() {
            self.add(format!("{place}: '{}' is no OIN; expected twenty digits", plain(text)));
        }
        oin
    }

    /// UTC seconds at the start of a day.
    pub(super) fn day(&mut self, key: &str, value: Datetime) -> Option<u64> {
        let parsed = match value {
            Datetime { date: Some(date), time: None, offset: None } => {
                CalendarDate::new(date.year, date.month, date.day).ok()
            }
            Datetime { .. } => None,
        };
        let epoch = CalendarDate::new(1970, 1, 1).ok();
        let days = parsed.zip(epoch).and_then(|(day, epoch)| u64::try_from(day.days_since(epoch)).ok());
        if days.is_none() {
            self.add(format!("{key}: expected a day such as 2027-01-01, without quotation marks or time"));
        }
        days.map(|days| days * DAY)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(super) fn blank() -> RosterContent {
        blank_content(Governors { threshold: 1, keys: Vec::new() }, true, Timestamp(1_000))
    }

    pub(super) fn applied(
        text: &str,
        mut content: RosterContent,
        founding: bool,
    ) -> Result<RosterContent, String> {
        let mut drawn = 0;
        let file: NetworkFile = toml::from_str(text).unwrap();
        let draw = || {
            drawn += 1;
            CircleId::from_bytes([drawn; 16])
        };
        let now = Timestamp(1_000 + 100 * DAY);
        let highest_index = (!founding).then_some(0);
        apply(&file, &mut content, highest_index, now, draw).map_err(|error| error.to_string())?;
        Ok(content)
    }

    const NETWORK: &str = r#"
        name = "Proef"
        [rules]
        epoch_days = 30
        first_epoch_day = 2027-01-01
        [[legal_basis]]
        code = "wet-a"
        article = "1"
        avg6 = "6.1.e"
        consent_required = false
        valid_until_day = 1970-01-02
        [[circle]]
        name = "jeugd"
        purpose = "samenwerken"
        [[circle.open]]
        publisher = "zorg"
        readers = ["zorg", "Onderwijs"]
        [[institution]]
        postcode = "1234 ab"
        house_number = 1
    "#;

    #[test]
    fn what_is_left_out_stays_or_has_a_default() {
        let content = applied(NETWORK, blank(), true).unwrap();
        assert_eq!(content.rules.epoch.length_seconds, 30 * DAY);
        assert_eq!(content.rules.epoch.anchor_time, 1_798_761_600);
        assert_eq!(content.rules.publish_interval_seconds, TEST.0);
        assert_eq!(content.legal_bases[0].valid_until, Some(2 * DAY - 1));
        assert_eq!(content.circles[0].legal_bases.len(), 1);
        assert_eq!(content.circles[0].open[1].reader.as_str(), "onderwijs");
        assert_eq!(content.institutions[0].postcode, "1234AB");

        let next = applied("[rules]\nheartbeat_seconds = 7", content.clone(), false).unwrap();
        let mut expected = content.clone();
        expected.rules.heartbeat_seconds = 7;
        assert_eq!(next, expected);
        // A circle keeps its identity by its name; another is a new one.
        let circle = |name: &str| format!("[[circle]]\nname = \"{name}\"\npurpose = \"anders\"");
        assert_eq!(
            applied(&circle("jeugd"), content.clone(), false).unwrap().circles[0].id,
            content.circles[0].id
        );
        let renamed =
            applied(&circle("ouderen"), RosterContent { circles: vec![], ..content.clone() }, false);
        assert_eq!(renamed.unwrap().circles[0].id, CircleId::from_bytes([1; 16]));
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let told = applied(
            r#"
            name = ""
            test_network = false
            [rules]
            epoch_days = 1
            epoch_seconds = 1
            first_epoch_day = 2027-01-01T10:00:00
            [keyholders]
            threshold = 2
            members = ["1", "00000099000000000001"]
            [[circle]]
            name = "a"
            purpose = "b"
            legal_bases = ["wet-z", "!"]
            [[circle.open]]
            publisher = "?"
            readers = []
            [[institution]]
            postcode = "0"
            house_number = 1
            [[member]]
            oin = "00000099000000000002"
            "#,
            blank(),
            false,
        )
        .unwrap_err();
        for part in [
            "the network's name: expected text",
            "test_network is decided",
            "both epoch_days and epoch_seconds",
            "first_epoch_day: expected a day",
            "'1' is no OIN",
            "00000099000000000001 is no member",
            "which no [[legal_basis]] describes",
            "'!' is no code",
            "'?' is no sector",
            "[[institution]] 0 1: postcode",
            "00000099000000000002 is no member",
        ] {
            assert!(told.contains(part), "{part} is missing in:\n{told}");
        }
    }
}
