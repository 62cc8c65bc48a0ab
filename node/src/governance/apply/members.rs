//! Members, and which of them hold keys.

use roster::{KeyholderRecord, RosterContent};

use super::Flaws;
use crate::governance::network_file::{KeyholdersTable, MemberTable};
use crate::governance::plain;

impl Flaws {
    pub(super) fn member(&mut self, table: &MemberTable, content: &mut RosterContent) {
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

    /// Who stays keeps its index; a new one gets the next after the highest that anybody ever had: no index passes from
    /// one to another.
    pub(super) fn keyholders(
        &mut self,
        table: &KeyholdersTable,
        content: &mut RosterContent,
        retired_index: u16,
    ) {
        let listed = content.keyholders.iter().map(|held| held.index).max().unwrap_or(0);
        let mut highest = listed.max(retired_index);
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
    use domain::Oin;

    use super::super::tests::blank;
    use super::*;

    #[test]
    fn a_keyholder_keeps_its_index_and_a_new_one_gets_a_new_one() {
        let oin = |n| Oin::test_number(n).unwrap();
        let mut content = blank();
        content.keyholders = (1..=3).map(|n| KeyholderRecord { index: n, oin: oin(u64::from(n)) }).collect();
        let mut flaws = Flaws::default();
        let members = [3, 9, 1].iter().map(|n| oin(*n).to_string()).collect();
        flaws.keyholders(&KeyholdersTable { threshold: 2, members }, &mut content, 6);
        let indices: Vec<u16> = content.keyholders.iter().map(|held| held.index).collect();
        assert_eq!(indices, [3, 7, 1], "the fourth to sixth were others' once");
        assert_eq!(flaws.0.len(), 3, "none of them is a member: {:?}", flaws.0);
    }
}
