//! Witnesses, quotas, allowances and approved generations of logs, in plain words: what changes, and what holds.

use std::collections::{BTreeMap, BTreeSet};

use domain::{Oin, Timestamp};
use roster::{Accountability, RosterDocument};
use serde_json::{Value, json};

use super::diff::{Told, beside};
use super::plain;

/// What a part is called, and its sentences by what they are about.
type Sentences = BTreeMap<(&'static str, String), String>;

impl Told {
    /// What changes about logs and quotas.
    pub(super) fn accountability(&mut self, before: &RosterDocument, after: &RosterDocument) {
        let (old, new) = (&before.accountability.witnesses, &after.accountability.witnesses);
        self.value("witnesses", "cosignatures needed", old.needed, new.needed);
        let all = |document: &RosterDocument| -> BTreeSet<Oin> {
            document.accountability.witnesses.members.iter().map(|one| one.0).collect()
        };
        for oin in all(after).difference(&all(before)) {
            self.add("witnesses", format!("{} becomes a witness", named(after, *oin)));
        }
        for oin in all(before).difference(&all(after)) {
            self.add("witnesses", format!("{} is no longer a witness", named(before, *oin)));
        }
        for ((subject, what), sides) in beside(sentences(before), sentences(after)) {
            match sides {
                (None, Some(new)) => self.add(subject, format!("{what}: {new}")),
                (Some(old), None) => self.add(subject, format!("{what}: no longer {old}")),
                (Some(old), Some(new)) if old != new => {
                    self.add(subject, format!("{what}: {old} becomes {new}"));
                }
                (Some(_) | None, _) => {}
            }
        }
    }
}

/// Every line about logs and quotas, for a page that says everything.
pub(super) fn lines(document: &RosterDocument) -> Vec<String> {
    let witnesses = &document.accountability.witnesses;
    let mut lines = Vec::new();
    if !witnesses.members.is_empty() {
        let of = witnesses.members.len();
        lines.push(format!("witnesses: {} of these {of} cosign a checkpoint", witnesses.needed));
        lines.extend(witnesses.members.iter().map(|one| format!("     {}", named(document, one.0))));
    }
    let parts = sentences(document);
    lines.extend(parts.into_iter().map(|((_, what), said)| format!("{what}: {said}")));
    lines
}

fn sentences(document: &RosterDocument) -> Sentences {
    let mut sentences = Sentences::new();
    let Accountability { witnesses: _, quotas, bulk_allowances, log_generations } = &document.accountability;
    for quota in quotas {
        let who = quota.member.map_or_else(|| "everybody".to_owned(), |one| named(document, one.0));
        let said = format!("{} elements and {} more a day under each key set", quota.base, quota.daily);
        sentences.insert(("quotas", format!("quota of {who} for {}", quota.class)), said);
    }
    for granted in bulk_allowances {
        let what = format!(
            "allowance of {} for {} until {}",
            named(document, granted.member.0),
            granted.class,
            Timestamp(granted.expires).date()
        );
        let said = format!("{} elements on top of the quota", granted.amount);
        sentences.insert(("allowances", what), said);
    }
    for approved in log_generations {
        let what =
            format!("log of {}, generation {}", named(document, approved.member.0), approved.generation);
        let said = format!("goes on after {} entries with root {}", approved.size, approved.root);
        sentences.insert(("logs", what), said);
    }
    sentences
}

fn named(document: &RosterDocument, oin: Oin) -> String {
    let member = document.members.iter().find(|member| member.oin == oin);
    member.map_or_else(|| oin.to_string(), |member| format!("{} ({oin})", plain(&member.name)))
}

/// The same for programs.
pub(super) fn json(accountability: &Accountability) -> Value {
    json!({
        "witnesses": {
            "needed": accountability.witnesses.needed,
            "members": accountability.witnesses.members.iter().map(|one| one.0.as_str()).collect::<Vec<_>>(),
        },
        "quotas": accountability.quotas.iter().map(|quota| json!({
            "member": quota.member.map(|one| one.0.to_string()),
            "class": quota.class.dutch(),
            "base": quota.base,
            "daily": quota.daily,
        })).collect::<Vec<_>>(),
        "bulk_allowances": accountability.bulk_allowances.iter().map(|one| json!({
            "member": one.member.0.as_str(),
            "class": one.class.dutch(),
            "amount": one.amount,
            "expires_seconds": one.expires,
        })).collect::<Vec<_>>(),
        "log_generations": accountability.log_generations.iter().map(|one| json!({
            "member": one.member.0.as_str(),
            "generation": one.generation,
            "size": one.size,
            "root": one.root.to_string(),
        })).collect::<Vec<_>>(),
    })
}
