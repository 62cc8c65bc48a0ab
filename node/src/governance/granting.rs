//! From what governors wrote about witnesses, quotas and allowances to what a roster holds.

use crypto::Digest;
use domain::{KeyClass, Oin};
use roster::{BulkAllowance, LogGeneration, OinBytes, Quota, RosterContent, Witnesses};

use super::apply::{DAY, Flaws};
use super::network_file::{AllowanceTable, LogGenerationTable, NetworkFile, QuotaTable, WitnessesTable};
use super::plain;

impl Flaws {
    /// Lists that the file holds take the place of the roster's.
    pub(super) fn accountability(&mut self, file: &NetworkFile, content: &mut RosterContent) {
        if let Some(table) = &file.witnesses {
            content.accountability.witnesses = self.witnesses(table, content);
        }
        if let Some(tables) = &file.quotas {
            content.accountability.quotas =
                tables.iter().filter_map(|table| self.quota(table, content)).collect();
        }
        if let Some(tables) = &file.bulk_allowances {
            content.accountability.bulk_allowances =
                tables.iter().filter_map(|table| self.allowance(table, content)).collect();
        }
        if let Some(tables) = &file.log_generations {
            content.accountability.log_generations =
                tables.iter().filter_map(|table| self.log_generation(table, content)).collect();
        }
    }

    fn listed(&mut self, text: &str, place: &str, content: &RosterContent) -> Option<OinBytes> {
        let oin: Oin = self.oin(text, place)?;
        if !content.members.iter().any(|member| member.oin == oin) {
            self.add(format!("{place}: {oin} is no member"));
            return None;
        }
        Some(OinBytes(oin))
    }

    fn class(&mut self, text: &str, place: &str) -> Option<KeyClass> {
        let class = KeyClass::ALL.into_iter().find(|class| class.dutch() == text);
        if class.is_none() {
            self.add(format!("{place}: '{}' is no class of keys; write \"bsn\" or \"zwak\"", plain(text)));
        }
        class
    }

    fn witnesses(&mut self, table: &WitnessesTable, content: &RosterContent) -> Witnesses {
        let mut members = Vec::new();
        for text in &table.members {
            let Some(oin) = self.listed(text, "[witnesses] members", content) else { continue };
            let with_key =
                content.members.iter().any(|member| member.oin == oin.0 && member.keys.cosignature.is_some());
            if !with_key {
                self.add(format!(
                    "[witnesses] {} has no cosignature key in the roster; take up its newest join request \
                     (roster add-member --update)",
                    oin.0
                ));
            }
            members.push(oin);
        }
        Witnesses { needed: table.needed, members }
    }

    fn quota(&mut self, table: &QuotaTable, content: &RosterContent) -> Option<Quota> {
        let member = match &table.member {
            Some(text) => Some(self.listed(text, "[[quota]] member", content)?),
            None => None,
        };
        let class = self.class(&table.class, "[[quota]] class")?;
        Some(Quota { member, class, base: table.base, daily: table.daily })
    }

    fn allowance(&mut self, table: &AllowanceTable, content: &RosterContent) -> Option<BulkAllowance> {
        Some(BulkAllowance {
            member: self.listed(&table.member, "[[bulk_allowance]] member", content)?,
            class: self.class(&table.class, "[[bulk_allowance]] class")?,
            amount: table.amount,
            // The whole day counts.
            expires: self.day("until_day", table.until_day)?.saturating_add(DAY - 1),
        })
    }

    fn log_generation(
        &mut self,
        table: &LogGenerationTable,
        content: &RosterContent,
    ) -> Option<LogGeneration> {
        let mut root = [0; 32];
        if hex::decode_to_slice(table.root.trim(), &mut root).is_err() {
            self.add("[[log_generation]] root: expected sixty-four hexadecimal digits");
            return None;
        }
        Some(LogGeneration {
            member: self.listed(&table.member, "[[log_generation]] member", content)?,
            generation: table.generation,
            size: table.size,
            root: Digest::from_bytes(root),
        })
    }
}

#[cfg(test)]
mod tests {
    use crypto::{Seed, SigningKey};
    use domain::{CircleId, Timestamp};
    use roster::{Governors, Member, MemberKeys};

    use super::*;
    use crate::governance::{GovernanceError, apply, blank_content};

    fn content() -> RosterContent {
        let mut content = blank_content(Governors { threshold: 1, keys: Vec::new() }, true, Timestamp(1_000));
        let key = |number: u8| SigningKey::from_seed(&Seed::from_bytes([number; 32])).verifying_key();
        for number in 1..=3 {
            content.members.push(Member {
                oin: Oin::test_number(number.into()).unwrap(),
                name: "test".to_owned(),
                sector: "jeugd".parse().unwrap(),
                working_area: "test".to_owned(),
                bsn_entitled: true,
                keys: MemberKeys {
                    cosignature: (number != 3).then(|| key(30 + number)),
                    ..MemberKeys::new(key(number), key(10 + number))
                },
                addresses: Vec::new(),
                contact_point: "test".to_owned(),
                relay: false,
            });
        }
        content
    }

    fn applied(text: &str, content: &mut RosterContent) -> Result<(), GovernanceError> {
        let file = NetworkFile::parse(text).unwrap();
        apply(&file, content, Some(0), Timestamp(1_000), || CircleId::from_bytes([1; 16]))
    }

    #[test]
    fn a_list_takes_the_place_of_the_list_and_what_is_left_out_stays() {
        let mut content = content();
        let text = r#"
            [rules]
            notice_days = 8
            [witnesses]
            needed = 2
            members = ["00000099000000000001", "00000099000000000002"]
            [[quota]]
            class = "zwak"
            base = 10
            daily = 2
            [[quota]]
            member = "00000099000000000002"
            class = "bsn"
            base = 5
            daily = 1
            [[bulk_allowance]]
            member = "00000099000000000003"
            class = "bsn"
            amount = 1000
            until_day = 1970-01-02
            [[log_generation]]
            member = "00000099000000000003"
            generation = 1
            size = 12
            root = "0707070707070707070707070707070707070707070707070707070707070707"
        "#;
        applied(text, &mut content).unwrap();
        assert_eq!(content.rules.notice_seconds, 8 * 86_400);
        let held = content.accountability.clone();
        assert_eq!((held.witnesses.needed, held.witnesses.members.len()), (2, 2));
        assert_eq!(held.quotas.len(), 2);
        assert_eq!(held.bulk_allowances[0].expires, 2 * DAY - 1, "the whole day counts");
        assert_eq!(held.log_generations[0].root, Digest::from_bytes([7; 32]));
        applied("[[quota]]\nclass = \"bsn\"\nbase = 1\ndaily = 0", &mut content).unwrap();
        assert_eq!(content.accountability.quotas.len(), 1);
        assert_eq!(content.accountability.witnesses, held.witnesses);
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let text = r#"
            [witnesses]
            needed = 2
            members = ["00000099000000000003", "00000099000000000009"]
            [[quota]]
            class = "elk"
            base = 10
            daily = 2
            [[bulk_allowance]]
            member = "00000099000000000008"
            class = "bsn"
            amount = 1000
            until_day = 1970-01-02
            [[log_generation]]
            member = "00000099000000000003"
            generation = 1
            size = 12
            root = "07"
        "#;
        let GovernanceError::Content(flaws) = applied(text, &mut content()).unwrap_err() else { panic!() };
        let told = flaws.join("\n");
        for part in [
            "00000099000000000003 has no cosignature key",
            "00000099000000000009 is no member",
            "'elk' is no class of keys",
            "00000099000000000008 is no member",
            "root: expected sixty-four",
        ] {
            assert!(told.contains(part), "{part} is missing in:\n{told}");
        }
    }
}
