//! Which changes take effect at once: those that only take something away. All else waits a notice period.
//!
//! The list is closed: a field that it does not know waits. So nothing that is added to the document later can be changed
//! without notice because somebody forgot it here.

use std::collections::{BTreeMap, BTreeSet};

use domain::{KeyClass, Oin, Timestamp};

use crate::{
    Accountability, BulkAllowance, Circle, EpochRules, LegalBasis, LegalBasisText, Member, OinBytes,
    OpenPair, Quota, RosterDocument, Witnesses, grounds,
};

/// How far the anchor of an epoch may lie ahead of the moment at which it is first seen: as far as clocks may differ.
const ANCHOR_AHEAD_SECONDS: u64 = 300;

/// Whether what `after` changes in `before` is no more than this: members, readers, circles, entitlements to the BSN,
/// legal bases or keyholders that go (with the threshold as it was), a legal basis that ends earlier, quotas and
/// allowances that shrink or go, and the next epoch starting early.
///
/// That the next epoch starts is only so around a moment: `seen` is when `after` was first seen, and `None` where no clock
/// says that for certain. Then an early start is not on the list.
#[must_use]
pub fn only_narrows(before: &RosterDocument, after: &RosterDocument, seen: Option<Timestamp>) -> bool {
    let members = narrowed_members(&before.members, &after.members);
    let stay: BTreeSet<Oin> = after.members.iter().map(|member| member.oin).collect();
    let Some(legal_bases) = narrowed_bases(&before.legal_bases, &after.legal_bases) else { return false };
    let Some(circles) = narrowed_circles(before, after) else { return false };
    let Some(accountability) = narrowed_grants(before, after, &stay) else { return false };
    let mut rules = before.rules.clone();
    if seen.is_some_and(|seen| starts_early(&before.rules.epoch, &after.rules.epoch, seen)) {
        rules.epoch = after.rules.epoch.clone();
    }
    let keyholders =
        before.keyholders.iter().filter(|held| after.keyholders.contains(held)).cloned().collect();
    // What the lists above say nothing about is as it was: so says the comparison of the whole.
    *after
        == RosterDocument {
            version: after.version,
            previous: after.previous,
            network: after.network,
            members,
            legal_bases,
            circles,
            accountability,
            rules,
            keyholders,
            resolves: after.resolves.clone(),
            // One more index that nobody may be given takes away.
            retired_index: after.retired_index.max(before.retired_index),
            ..before.clone()
        }
}

/// The members that stay, each without an entitlement that it loses.
fn narrowed_members(before: &[Member], after: &[Member]) -> Vec<Member> {
    let after: BTreeMap<Oin, &Member> = after.iter().map(|member| (member.oin, member)).collect();
    let stay = before.iter().filter_map(|held| Some((held, after.get(&held.oin)?)));
    stay.map(|(held, next)| Member { bsn_entitled: held.bsn_entitled && next.bsn_entitled, ..held.clone() })
        .collect()
}

/// The legal bases that stay, ending when the later version says and no later; `None` when one ends later or is new.
fn narrowed_bases(before: &[LegalBasis], after: &[LegalBasis]) -> Option<Vec<LegalBasis>> {
    let narrowed = |next: &LegalBasis| {
        let held = before.iter().find(|held| held.code == next.code)?;
        let ends_no_later = match (held.valid_until, next.valid_until) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(held), Some(next)) => next <= held,
        };
        ends_no_later.then(|| LegalBasis { valid_until: next.valid_until, ..held.clone() })
    };
    after.iter().map(narrowed).collect()
}

/// The circles that stay, each with the readers and legal bases that it keeps; `None` when one is new, or a legal basis comes
/// to hold in it for what the members of a sector publish.
fn narrowed_circles(before: &RosterDocument, after: &RosterDocument) -> Option<Vec<Circle>> {
    let sectors: BTreeSet<_> = after.members.iter().map(|member| &member.sector).collect();
    let narrowed = |next: &Circle| {
        let held = before.circles.iter().find(|held| held.id == next.id)?;
        // A basis holds for a sector when all its pairs name it: it can come to hold because a pair goes.
        let comes_to_hold = |sector: &&_, code: &LegalBasisText| {
            grounds::names(next, sector, &code.0) && !grounds::names(held, sector, &code.0)
        };
        if sectors.iter().any(|sector| next.legal_bases.iter().any(|code| comes_to_hold(sector, code))) {
            return None;
        }
        let open = next.open.iter().filter(|pair| is_open_no_wider(held, next, pair)).cloned().collect();
        let kept = |basis: &&_| next.legal_bases.contains(basis);
        let legal_bases = held.legal_bases.iter().filter(kept).cloned().collect();
        Some(Circle { open, legal_bases, ..held.clone() })
    };
    after.circles.iter().map(narrowed).collect()
}

/// Whether a pair was open before, and every legal basis that holds in it held in it then.
fn is_open_no_wider(held: &Circle, next: &Circle, pair: &OpenPair) -> bool {
    let before =
        held.open.iter().find(|one| (&one.publisher, &one.reader) == (&pair.publisher, &pair.reader));
    let holds = |circle: &Circle, pair: &OpenPair, code: &LegalBasisText| {
        circle.legal_bases.contains(code) && (pair.legal_bases.is_empty() || pair.legal_bases.contains(code))
    };
    before.is_some_and(|before| {
        next.legal_bases.iter().filter(|code| holds(next, pair, code)).all(|code| holds(held, before, code))
    })
}

/// Another anchor and nothing else, in the epoch that runs when it is first seen, under which the one after that begins. A
/// later anchor would make that epoch longer than any: before its anchor an epoch runs already.
fn starts_early(before: &EpochRules, after: &EpochRules, seen: Timestamp) -> bool {
    let anchored =
        EpochRules { anchor_epoch: after.anchor_epoch, anchor_time: after.anchor_time, ..before.clone() };
    let next_at = |moment: u64| {
        let passed = moment.saturating_sub(before.anchor_time) / before.length_seconds.max(1);
        u64::from(before.anchor_epoch).saturating_add(passed).saturating_add(1)
    };
    let begins = u64::from(after.anchor_epoch);
    *after == anchored
        && after.anchor_time >= before.anchor_time
        && after.anchor_time <= seen.0.saturating_add(ANCHOR_AHEAD_SECONDS)
        && begins == next_at(after.anchor_time)
        && begins == next_at(seen.0)
}

/// What is granted to those who stay, where none of it is more than it was; `None` where something is.
fn narrowed_grants(
    before: &RosterDocument,
    after: &RosterDocument,
    stay: &BTreeSet<Oin>,
) -> Option<Accountability> {
    let (old, new) = (&before.accountability, &after.accountability);
    let shrunk = stay.iter().all(|member| {
        KeyClass::ALL.iter().all(|class| is_no_more(quota(new, *member, *class), quota(old, *member, *class)))
    });
    // A quota for everybody binds members that come, too.
    let general = KeyClass::ALL.iter().all(|class| is_no_more(general(new, *class), general(old, *class)));
    let granted = |next: &BulkAllowance| {
        let same = |held: &&BulkAllowance| (held.member, held.class) == (next.member, next.class);
        old.bulk_allowances
            .iter()
            .filter(same)
            .any(|held| held.expires == next.expires && next.amount <= held.amount)
    };
    if !(shrunk && general && new.bulk_allowances.iter().all(granted)) {
        return None;
    }
    let witnesses: Vec<OinBytes> =
        old.witnesses.members.iter().filter(|one| stay.contains(&one.0)).copied().collect();
    Some(Accountability {
        // That fewer of them suffice is nothing that only takes away.
        witnesses: Witnesses { needed: old.witnesses.needed, members: witnesses },
        quotas: new.quotas.clone(),
        bulk_allowances: new.bulk_allowances.clone(),
        log_generations: old
            .log_generations
            .iter()
            .filter(|one| stay.contains(&one.member.0))
            .copied()
            .collect(),
    })
}

fn quota(accountability: &Accountability, member: Oin, class: KeyClass) -> Option<Quota> {
    let own = accountability
        .quotas
        .iter()
        .find(|quota| quota.class == class && quota.member == Some(OinBytes(member)));
    own.copied().or_else(|| general(accountability, class))
}

fn general(accountability: &Accountability, class: KeyClass) -> Option<Quota> {
    accountability.quotas.iter().find(|quota| quota.class == class && quota.member.is_none()).copied()
}

/// No quota is no limit.
fn is_no_more(new: Option<Quota>, old: Option<Quota>) -> bool {
    match (new, old) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(new), Some(old)) => new.base <= old.base && new.daily <= old.daily,
    }
}
