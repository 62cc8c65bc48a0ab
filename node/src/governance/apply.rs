//! From what governors wrote to what a roster holds: defaults, checks with sentences, and the parts that stay.

use std::collections::BTreeSet;

use domain::{CalendarDate, CircleId, LegalBasisCode, Oin, PlainText, Sector, Timestamp};
use roster::{
    Accountability, Circle, EpochRules, Governors, Institution, KeyholderRecord, LegalBasis, LegalBasisText,
    OpenPair, RosterContent, Rules,
};
use toml::value::Datetime;

use super::network_file::{
    CircleTable, InstitutionTable, KeyholdersTable, LegalBasisTable, MemberTable, RulesTable,
};
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

/// Applies a file to a roster's content. `founding` says that it is the first version; `draw` gives the ids of new
/// circles.
///
/// # Errors
/// Everything that is wrong with what the file says, one sentence each; the content is then of no use.
pub fn apply(
    file: &NetworkFile,
    content: &mut RosterContent,
    founding: bool,
    now: Timestamp,
    mut draw: impl FnMut() -> CircleId,
) -> Result<(), GovernanceError> {
    let mut flaws = Flaws::default();
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
        flaws.keyholders(keyholders, content);
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

    fn text(&mut self, what: &'static str, text: &str) -> String {
        match PlainText::new(what, text) {
            Ok(text) => text.as_str().to_owned(),
            Err(refused) => {
                self.add(refused.to_string());
                String::new()
            }
        }
    }

    fn sector(&mut self, text: &str, place: &str) -> Option<Sector> {
        let sector = text.parse().ok();
        if sector.is_none() {
            self.add(format!(
                "{place}: '{}' is no sector; expected a code such as 'onderwijs': letters, digits, dots and hyphens",
                plain(text)
            ));
        }
        sector
    }

    fn code(&mut self, text: &str) -> Option<LegalBasisCode> {
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

    fn rules(&mut self, table: &RulesTable, content: &mut RosterContent, founding: bool, now: Timestamp) {
        let rules = &mut content.rules;
        self.epochs(table, &mut rules.epoch, founding, now);
        if let Some(day) = table.first_epoch_day {
            let start = self.day("first_epoch_day", day);
            match start {
                Some(_) if !founding => {
                    self.add("first_epoch_day is decided when a network is founded; leave it out");
                }
                Some(start) => rules.epoch.anchor_time = start,
                None => {}
            }
        }
        for (given, place) in [
            (table.publish_interval_seconds, &mut rules.publish_interval_seconds),
            (table.heartbeat_seconds, &mut rules.heartbeat_seconds),
            (table.ceremony_deadline_seconds, &mut rules.ceremony_deadline_seconds),
            (table.live_tags, &mut rules.live_tags),
            (table.segments_per_snapshot, &mut rules.segments_per_snapshot),
        ] {
            *place = given.unwrap_or(*place);
        }
        if let Some(notice) = self.span("notice", table.notice_days, table.notice_seconds) {
            match u32::try_from(notice) {
                Ok(notice) => rules.notice_seconds = notice,
                Err(_) => self.add("[rules] the notice period is longer than a lifetime"),
            }
        }
    }

    fn epochs(&mut self, table: &RulesTable, epoch: &mut EpochRules, founding: bool, now: Timestamp) {
        let length = self.span("epoch", table.epoch_days, table.epoch_seconds);
        // Epoch numbers go on from the epoch that runs: a key set is bound to its number.
        let passed = now.since(Timestamp(epoch.anchor_time)) / epoch.length_seconds.max(1);
        let running = epoch.anchor_epoch.saturating_add(u32::try_from(passed).unwrap_or(u32::MAX));
        if let Some(length) = length.filter(|length| *length != epoch.length_seconds) {
            if founding {
                *epoch = EpochRules::starting(epoch.anchor_time, length);
            } else {
                epoch.anchor_epoch = running;
                epoch.anchor_time += passed * epoch.length_seconds;
                epoch.length_seconds = length;
                epoch.grace_seconds = epoch.grace_seconds.min(length);
                epoch.preparation_seconds = epoch.preparation_seconds.min(length);
            }
        }
        for (what, days, seconds, place) in [
            ("grace", table.grace_days, table.grace_seconds, &mut epoch.grace_seconds),
            (
                "preparation",
                table.preparation_days,
                table.preparation_seconds,
                &mut epoch.preparation_seconds,
            ),
        ] {
            *place = self.span(what, days, seconds).unwrap_or(*place);
        }
        if table.start_next_epoch {
            if founding {
                self.add("start_next_epoch is for a network that runs; leave it out");
            }
            epoch.anchor_epoch = running.saturating_add(1);
            epoch.anchor_time = now.0;
        }
    }

    /// A span of time that is given in days or in seconds.
    fn span(&mut self, what: &str, days: Option<u32>, seconds: Option<u64>) -> Option<u64> {
        if days.is_some() && seconds.is_some() {
            self.add(format!("[rules] gives both {what}_days and {what}_seconds; leave one out"));
            return None;
        }
        days.map(|days| u64::from(days) * DAY).or(seconds)
    }

    fn legal_basis(&mut self, table: &LegalBasisTable) -> Option<LegalBasis> {
        let optional =
            |flaws: &mut Self, what, text: &Option<String>| text.as_ref().map(|text| flaws.text(what, text));
        let valid_until = match table.valid_until_day {
            // The whole day counts.
            Some(day) => Some(self.day("valid_until_day", day)?.saturating_add(DAY - 1)),
            None => None,
        };
        Some(LegalBasis {
            article: self.text("article", &table.article),
            avg6: self.text("avg6", &table.avg6),
            avg9: optional(self, "avg9", &table.avg9),
            secrecy: optional(self, "secrecy", &table.secrecy),
            consent_required: table.consent_required,
            valid_until,
            code: self.code(&table.code)?,
        })
    }

    fn circle(
        &mut self,
        table: &CircleTable,
        content: &RosterContent,
        draw: &mut impl FnMut() -> CircleId,
    ) -> Circle {
        let name = self.text("a circle's name", &table.name);
        let known: BTreeSet<&LegalBasisCode> = content.legal_bases.iter().map(|basis| &basis.code).collect();
        let legal_bases = match &table.legal_bases {
            None => known.into_iter().cloned().map(LegalBasisText).collect(),
            Some(codes) => {
                let mut held = Vec::new();
                for code in codes.iter().filter_map(|code| self.code(code)).collect::<Vec<_>>() {
                    if !known.contains(&code) {
                        self.add(format!(
                            "circle '{}' names the legal basis '{code}', which no [[legal_basis]] describes",
                            plain(&name)
                        ));
                    }
                    held.push(LegalBasisText(code));
                }
                held
            }
        };
        let mut open = Vec::new();
        for row in &table.open {
            let Some(publisher) = self.sector(&row.publisher, "[[circle.open]] publisher") else { continue };
            let mut legal_bases = Vec::new();
            for code in
                row.legal_bases.iter().flatten().filter_map(|code| self.code(code)).collect::<Vec<_>>()
            {
                legal_bases.push(LegalBasisText(code));
            }
            if row.legal_bases.as_ref().is_some_and(Vec::is_empty) {
                self.add("[[circle.open]] legal_bases is empty; leave the pair out, and it is closed");
            }
            for reader in &row.readers {
                if let Some(reader) = self.sector(reader, "[[circle.open]] readers") {
                    open.push(OpenPair {
                        legal_bases: legal_bases.clone(),
                        ..OpenPair::new(publisher.clone(), reader)
                    });
                }
            }
        }
        let held = content.circles.iter().find(|held| held.name == name);
        let trial = table.trial;
        if held.is_some_and(|held| held.trial != trial) {
            self.add(format!(
                "whether circle '{}' is a trial circle is decided when it is made; make another circle",
                plain(&name)
            ));
        }
        let id = held.map_or_else(draw, |held| held.id);
        let purpose = self.text("a circle's purpose", &table.purpose);
        Circle { id, name, purpose, legal_bases, open, trial }
    }

    fn institution(&mut self, table: &InstitutionTable) -> Option<Institution> {
        let postcode: String = table.postcode.split_whitespace().collect::<String>().to_uppercase();
        let institution = Institution {
            postcode,
            number: table.house_number,
            letter: table.house_letter.clone(),
            addition: table.addition.clone(),
        };
        if let Err(refused) = institution.address() {
            self.add(format!("[[institution]] {} {}: {refused}", plain(&table.postcode), table.house_number));
            return None;
        }
        Some(institution)
    }

    fn member(&mut self, table: &MemberTable, content: &mut RosterContent) {
        let Some(oin) = self.oin(&table.oin, "[[member]] oin") else { return };
        let Some(member) = content.members.iter_mut().find(|member| member.oin == oin) else {
            self.add(format!(
                "[[member]] {oin} is no member; members enter by their join request (roster add-member)"
            ));
            return;
        };
        if let Some(sector) = &table.sector
            && let Some(sector) = self.sector(sector, "[[member]] sector")
        {
            member.sector = sector;
        }
        member.bsn_entitled = table.bsn_entitled.unwrap_or(member.bsn_entitled);
        for (what, given, place) in [
            ("a member's name", &table.name, &mut member.name),
            ("working_area", &table.working_area, &mut member.working_area),
            ("contact_point", &table.contact_point, &mut member.contact_point),
        ] {
            if let Some(given) = given {
                *place = self.text(what, given);
            }
        }
        if let Some(addresses) = &table.addresses {
            for address in addresses {
                if address.parse::<std::net::SocketAddr>().is_err() {
                    self.add(format!(
                        "[[member]] {oin}: '{}' is no address; expected address:port, such as 192.0.2.1:7443",
                        plain(address)
                    ));
                }
            }
            member.addresses.clone_from(addresses);
        }
        member.relay = table.relay.unwrap_or(member.relay);
    }

    /// Who stays keeps its index; a new one gets the next after the highest, so that no index passes from one to
    /// another within a version.
    fn keyholders(&mut self, table: &KeyholdersTable, content: &mut RosterContent) {
        let mut highest = content.keyholders.iter().map(|held| held.index).max().unwrap_or(0);
        let mut keyholders = Vec::new();
        for text in &table.members {
            let Some(oin) = self.oin(text, "[keyholders] members") else { continue };
            if !content.members.iter().any(|member| member.oin == oin) {
                self.add(format!("[keyholders] {oin} is no member; add its join request with --request"));
            }
            let held = content.keyholders.iter().find(|held| held.oin == oin);
            let index = held.map(|held| held.index).unwrap_or_else(|| {
                highest = highest.saturating_add(1);
                highest
            });
            keyholders.push(KeyholderRecord { index, oin });
        }
        content.keyholders = keyholders;
        content.threshold = table.threshold;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blank() -> RosterContent {
        blank_content(Governors { threshold: 1, keys: Vec::new() }, true, Timestamp(1_000))
    }

    fn applied(text: &str, mut content: RosterContent, founding: bool) -> Result<RosterContent, String> {
        let mut drawn = 0;
        let file: NetworkFile = toml::from_str(text).unwrap();
        let draw = || {
            drawn += 1;
            CircleId::from_bytes([drawn; 16])
        };
        let now = Timestamp(1_000 + 100 * DAY);
        apply(&file, &mut content, founding, now, draw).map_err(|error| error.to_string())?;
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
    fn a_new_length_counts_from_the_start_of_the_epoch_that_runs() {
        // 100 days after the anchor, with epochs of 30 days, the fourth runs.
        let mut content = blank();
        content.rules.epoch = EpochRules::starting(1_000, 30 * DAY);
        let before = content.rules.epoch.clone();
        let epoch = applied("[rules]\nepoch_days = 60", content.clone(), false).unwrap().rules.epoch;
        let (anchor_epoch, anchor_time) = (4, 1_000 + 90 * DAY);
        let longer = EpochRules { anchor_epoch, anchor_time, length_seconds: 60 * DAY, ..before.clone() };
        assert_eq!(epoch, longer);
        let epoch = applied("[rules]\nepoch_days = 4", content, false).unwrap().rules.epoch;
        assert_eq!((epoch.grace_seconds, epoch.preparation_seconds), (4 * DAY, 4 * DAY));
    }

    #[test]
    fn the_next_epoch_starts_at_once_when_governors_say_so() {
        let mut content = blank();
        content.rules.epoch = EpochRules::starting(1_000, 30 * DAY);
        let epoch = applied("[rules]\nstart_next_epoch = true", content, false).unwrap().rules.epoch;
        // A hundred days after the anchor the fourth runs.
        assert_eq!((epoch.anchor_epoch, epoch.anchor_time), (5, 1_000 + 100 * DAY));
    }

    #[test]
    fn a_keyholder_keeps_its_index_and_a_new_one_gets_a_new_one() {
        let oin = |n| Oin::test_number(n).unwrap();
        let mut content = blank();
        content.keyholders = (1..=3).map(|n| KeyholderRecord { index: n, oin: oin(u64::from(n)) }).collect();
        let mut flaws = Flaws::default();
        let members = [3, 9, 1].iter().map(|n| oin(*n).to_string()).collect();
        flaws.keyholders(&KeyholdersTable { threshold: 2, members }, &mut content);
        let indices: Vec<u16> = content.keyholders.iter().map(|held| held.index).collect();
        assert_eq!(indices, [3, 4, 1]);
        assert_eq!(flaws.0.len(), 3, "none of them is a member: {:?}", flaws.0);
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
