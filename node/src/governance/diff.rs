//! What changes from one roster to another, in plain words: what a governor reads before signing.

use std::collections::{BTreeMap, BTreeSet};

use domain::{CircleId, Oin, Sector, Timestamp};
use roster::{Circle, Fingerprint, Institution, LegalBasis, Member, OpenPair, RosterDocument, Rules};
use serde::Serialize;

use super::plain;

/// One change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// What it concerns: `network`, `rules`, `circle`, `readers`, `legal basis`, `keyholders`, `members`, `governors`,
    /// `institutions`, `witnesses`, `quotas`, `allowances` or `logs`.
    pub subject: &'static str,
    /// The change in one sentence.
    pub change: String,
}

/// Everything that differs, but for the place in the chain.
#[must_use]
pub fn changes(before: &RosterDocument, after: &RosterDocument) -> Vec<Change> {
    let mut told = Told::default();
    told.resolved(after);
    told.network(before, after);
    told.rules(&before.rules, &after.rules);
    told.legal_bases(&before.legal_bases, &after.legal_bases);
    told.circles(before, after);
    told.keyholders(before, after);
    told.members(&before.members, &after.members);
    told.governors(before, after);
    told.institutions(&before.institutions, &after.institutions);
    told.accountability(before, after);
    told.0
}

#[derive(Default)]
pub(super) struct Told(Vec<Change>);

impl Told {
    pub(super) fn add(&mut self, subject: &'static str, change: String) {
        self.0.push(Change { subject, change });
    }

    /// `what: x → y` when they differ.
    pub(super) fn value<T: PartialEq + ToString>(
        &mut self,
        subject: &'static str,
        what: &str,
        before: T,
        after: T,
    ) {
        if before != after {
            self.add(
                subject,
                format!("{what}: {} becomes {}", plain(&before.to_string()), plain(&after.to_string())),
            );
        }
    }

    /// What governors decide with it is no difference between two versions, and is read first.
    fn resolved(&mut self, after: &RosterDocument) {
        if after.resolves.is_empty() {
            return;
        }
        let named: Vec<String> = after.resolves.iter().map(ToString::to_string).collect();
        self.add("network", format!("decides between rosters of one version: {}", named.join(", ")));
    }

    fn network(&mut self, before: &RosterDocument, after: &RosterDocument) {
        self.value("network", "name", &before.name, &after.name);
        self.value("network", "test network", before.test_network, after.test_network);
    }

    fn rules(&mut self, before: &Rules, after: &Rules) {
        let (old, new) = (&before.epoch, &after.epoch);
        self.value("rules", "length of an epoch in seconds", old.length_seconds, new.length_seconds);
        self.value("rules", "grace of an epoch in seconds", old.grace_seconds, new.grace_seconds);
        let (was, is) = (old.preparation_seconds, new.preparation_seconds);
        self.value("rules", "preparation of an epoch in seconds", was, is);
        if (old.anchor_epoch, old.anchor_time) != (new.anchor_epoch, new.anchor_time) {
            let start = Timestamp(new.anchor_time);
            self.add("rules", format!("epoch {} counts from {start}", new.anchor_epoch));
        }
        for (what, old, new) in [
            ("publish_interval_seconds", before.publish_interval_seconds, after.publish_interval_seconds),
            ("heartbeat_seconds", before.heartbeat_seconds, after.heartbeat_seconds),
            ("ceremony_deadline_seconds", before.ceremony_deadline_seconds, after.ceremony_deadline_seconds),
            ("live_tags", before.live_tags, after.live_tags),
            ("segments_per_snapshot", before.segments_per_snapshot, after.segments_per_snapshot),
            ("notice_seconds", before.notice_seconds, after.notice_seconds),
        ] {
            self.value("rules", what, old, new);
        }
    }

    fn legal_bases(&mut self, before: &[LegalBasis], after: &[LegalBasis]) {
        let by_code = |bases: &[LegalBasis]| -> BTreeMap<String, LegalBasis> {
            bases.iter().map(|basis| (basis.code.to_string(), basis.clone())).collect()
        };
        for (code, sides) in beside(by_code(before), by_code(after)) {
            let change = match sides {
                (None, Some(added)) => format!("'{code}' is added ({})", plain(&added.article)),
                (Some(_), None) => {
                    format!("'{code}' is removed: signals that rest on it are no longer published")
                }
                (Some(old), Some(new)) if old != new => format!(
                    "'{code}' changes; it now reads: {}, AVG {}{}, {}, consent {}, {}",
                    plain(&new.article),
                    plain(&new.avg6),
                    new.avg9.as_ref().map(|avg9| format!(" and {}", plain(avg9))).unwrap_or_default(),
                    new.secrecy.as_ref().map_or_else(
                        || "no rule of secrecy named".to_owned(),
                        |rule| format!("secrecy: {}", plain(rule))
                    ),
                    if new.consent_required { "required" } else { "not required" },
                    new.valid_until.map_or_else(
                        || "without end".to_owned(),
                        |until| format!("until {}", Timestamp(until))
                    ),
                ),
                (Some(_) | None, _) => continue,
            };
            self.add("legal basis", change);
        }
    }

    fn circles(&mut self, before: &RosterDocument, after: &RosterDocument) {
        let by_id = |circles: &[Circle]| -> BTreeMap<CircleId, Circle> {
            circles.iter().map(|circle| (circle.id, circle.clone())).collect()
        };
        let empty = BTreeSet::new();
        let told_trial =
            |circle: &Circle| if circle.trial { " for trials with synthetic families" } else { "" };
        for (_, sides) in beside(by_id(&before.circles), by_id(&after.circles)) {
            match sides {
                (None, Some(new)) => {
                    let name = plain(&new.name);
                    self.add(
                        "circle",
                        format!("'{name}' is added{}, for: {}", told_trial(&new), plain(&new.purpose)),
                    );
                    self.readers(&name, (&empty, before), (&pairs(&new), after));
                }
                (Some(old), None) => {
                    let name = plain(&old.name);
                    self.add("circle", format!("'{name}' is removed"));
                    self.readers(&name, (&pairs(&old), before), (&empty, after));
                }
                (Some(old), Some(new)) => {
                    let name = plain(&new.name);
                    self.value("circle", "name", &old.name, &new.name);
                    self.value("circle", &format!("trial circle '{name}'"), old.trial, new.trial);
                    self.value("circle", &format!("purpose of '{name}'"), &old.purpose, &new.purpose);
                    let codes = |circle: &Circle| -> BTreeMap<String, ()> {
                        circle.legal_bases.iter().map(|basis| (basis.0.to_string(), ())).collect()
                    };
                    for (code, sides) in beside(codes(&old), codes(&new)) {
                        match sides {
                            (None, Some(())) => {
                                self.add("circle", format!("in '{name}' the legal basis '{code}' now holds"));
                            }
                            (Some(()), None) => {
                                self.add(
                                    "circle",
                                    format!("in '{name}' the legal basis '{code}' no longer holds"),
                                );
                            }
                            (Some(()), Some(())) | (None, None) => {}
                        }
                    }
                    self.readers(&name, (&pairs(&old), before), (&pairs(&new), after));
                }
                (None, None) => {}
            }
        }
    }

    /// Pairs of sectors that open or close, with how many members each way that concerns.
    fn readers(
        &mut self,
        circle: &str,
        (old, before): (&BTreeSet<OpenPair>, &RosterDocument),
        (new, after): (&BTreeSet<OpenPair>, &RosterDocument),
    ) {
        let told = |pair: &OpenPair| match pair.legal_bases.as_slice() {
            [] => String::new(),
            some => format!(" on {}", some.iter().map(|code| code.0.as_str()).collect::<Vec<_>>().join(", ")),
        };
        for pair in new.difference(old) {
            let (publisher, reader) = (&pair.publisher, &pair.reader);
            let (published, read) = (in_sector(after, publisher), in_sector(after, reader));
            self.add(
                "readers",
                format!(
                    "in '{circle}' {publisher} ({published}) now publishes to {reader} ({read}){}",
                    told(pair)
                ),
            );
        }
        for pair in old.difference(new) {
            let (publisher, reader) = (&pair.publisher, &pair.reader);
            let (published, read) = (in_sector(before, publisher), in_sector(before, reader));
            self.add(
                "readers",
                format!(
                    "in '{circle}' {publisher} ({published}) no longer publishes to {reader} ({read}){}",
                    told(pair)
                ),
            );
        }
    }

    fn keyholders(&mut self, before: &RosterDocument, after: &RosterDocument) {
        self.value("keyholders", "needed for one evaluation", before.threshold, after.threshold);
        let by_oin = |document: &RosterDocument| -> BTreeMap<Oin, (u16, String)> {
            let name = |oin: Oin| {
                let member = document.members.iter().find(|member| member.oin == oin);
                member.map_or_else(|| oin.to_string(), |member| format!("{} ({oin})", plain(&member.name)))
            };
            document.keyholders.iter().map(|held| (held.oin, (held.index, name(held.oin)))).collect()
        };
        for (_, sides) in beside(by_oin(before), by_oin(after)) {
            match sides {
                (None, Some((index, name))) => {
                    self.add("keyholders", format!("{name} becomes keyholder {index}"));
                }
                (Some((index, name)), None) => {
                    self.add("keyholders", format!("{name} is no longer keyholder {index}"));
                }
                (Some((old, name)), Some((new, _))) if old != new => {
                    self.add("keyholders", format!("{name} changes from keyholder {old} to {new}"));
                }
                (Some(_) | None, _) => {}
            }
        }
    }

    fn members(&mut self, before: &[Member], after: &[Member]) {
        let by_oin = |members: &[Member]| -> BTreeMap<Oin, Member> {
            members.iter().map(|member| (member.oin, member.clone())).collect()
        };
        for (oin, sides) in beside(by_oin(before), by_oin(after)) {
            match sides {
                (None, Some(new)) => {
                    let bsn =
                        if new.bsn_entitled { "entitled to the BSN" } else { "not entitled to the BSN" };
                    let name = plain(&new.name);
                    self.add("members", format!("{name} ({oin}) is added: {}, {bsn}", new.sector));
                }
                (Some(old), None) => {
                    self.add("members", format!("{} ({oin}) is removed", plain(&old.name)));
                }
                (Some(old), Some(new)) => self.member(&old, &new),
                (None, None) => {}
            }
        }
    }

    fn member(&mut self, old: &Member, new: &Member) {
        let who = format!("{} ({})", plain(&new.name), new.oin);
        let field = |what: &str| format!("{what} of {who}");
        self.value("members", &field("name"), &old.name, &new.name);
        self.value("members", &field("sector"), &old.sector, &new.sector);
        self.value("members", &field("working area"), &old.working_area, &new.working_area);
        self.value("members", &field("contact point"), &old.contact_point, &new.contact_point);
        let addresses = |member: &Member| match member.addresses.as_slice() {
            [] => "none".to_owned(),
            some => some.join(", "),
        };
        self.value("members", &field("addresses"), addresses(old), addresses(new));
        match (old.relay, new.relay) {
            (false, true) => self.add("members", format!("{who} will relay for members behind firewalls")),
            (true, false) => {
                self.add("members", format!("{who} no longer relays for members behind firewalls"))
            }
            (true, true) | (false, false) => {}
        }
        match (old.bsn_entitled, new.bsn_entitled) {
            (false, true) => self.add("members", format!("{who} becomes entitled to the BSN")),
            (true, false) => self.add("members", format!("{who} is no longer entitled to the BSN")),
            (true, true) | (false, false) => {}
        }
        let signing = |member: &Member| {
            let keys = &member.keys;
            [Some(keys.organisation), Some(keys.node), keys.log, keys.cosignature]
        };
        for (what, (old, new)) in ["organisation", "node", "log", "cosignature"]
            .into_iter()
            .zip(signing(old).into_iter().zip(signing(new)))
        {
            self.key(&who, what, old != new, new.is_some());
        }
        let sealing = |member: &Member| [member.keys.privacy_officer, member.keys.fg];
        for (what, (old, new)) in
            ["privacy officer's", "FG's"].into_iter().zip(sealing(old).into_iter().zip(sealing(new)))
        {
            self.key(&who, what, old != new, new.is_some());
        }
    }

    fn key(&mut self, who: &str, what: &str, differs: bool, is_there: bool) {
        if differs && is_there {
            self.add("members", format!("{who} gets a new {what} key"));
        } else if differs {
            self.add("members", format!("{who} no longer has a {what} key"));
        }
    }

    fn governors(&mut self, before: &RosterDocument, after: &RosterDocument) {
        let (old, new) = (&before.governors, &after.governors);
        self.value("governors", "signatures needed", old.threshold, new.threshold);
        for key in new.keys.iter().filter(|key| !old.keys.contains(*key)) {
            self.add("governors", format!("the key {} is added", Fingerprint::of_governor(key)));
        }
        for key in old.keys.iter().filter(|key| !new.keys.contains(*key)) {
            self.add("governors", format!("the key {} is removed", Fingerprint::of_governor(key)));
        }
    }

    fn institutions(&mut self, before: &[Institution], after: &[Institution]) {
        let all = |institutions: &[Institution]| -> BTreeMap<Institution, ()> {
            institutions.iter().map(|one| (one.clone(), ())).collect()
        };
        for (one, sides) in beside(all(before), all(after)) {
            let change = match sides {
                (None, Some(())) => "is added",
                (Some(()), None) => "is removed",
                (Some(()), Some(())) | (None, None) => continue,
            };
            let parts = [one.letter.as_deref(), one.addition.as_deref()];
            let rest: String = parts.into_iter().flatten().map(|part| format!(" {part}")).collect();
            self.add(
                "institutions",
                plain(&format!("the address {} {}{rest} {change}", one.postcode, one.number)),
            );
        }
    }
}

/// Both sides of every key, in order.
pub(super) fn beside<K: Ord, V>(
    before: BTreeMap<K, V>,
    after: BTreeMap<K, V>,
) -> BTreeMap<K, (Option<V>, Option<V>)> {
    let mut both: BTreeMap<K, (Option<V>, Option<V>)> =
        before.into_iter().map(|(key, value)| (key, (Some(value), None))).collect();
    for (key, value) in after {
        both.entry(key).or_insert((None, None)).1 = Some(value);
    }
    both
}

fn pairs(circle: &Circle) -> BTreeSet<OpenPair> {
    circle.open.iter().cloned().collect()
}

fn in_sector(document: &RosterDocument, sector: &Sector) -> String {
    match document.members.iter().filter(|member| member.sector == *sector).count() {
        1 => "1 member".to_owned(),
        count => format!("{count} members"),
    }
}
