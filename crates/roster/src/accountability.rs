//! What makes members answer to each other: who witnesses logs, how much each may ask, what governors granted.
//!
//! Everything here is empty unless governors say something. What it means is for whoever keeps logs and evaluates.

use std::collections::{BTreeMap, BTreeSet};

use crypto::{Digest, SealingPublicKey, VerifyingKey};
use domain::{KeyClass, Oin, Timestamp};
use minicbor::{Decode, Encode};

use crate::{RosterDocument, RosterError, VerifiedRoster};

/// Most entries in each list: two quotas and two allowances for every member there can be.
const MAX_ENTRIES: usize = 20_000;

/// The part of a roster that concerns logs and quotas.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Accountability {
    /// Who cosigns checkpoints.
    #[cbor(n(0), with = "crate::sparse", has_nil)]
    pub witnesses: Witnesses,
    /// How much members may ask, for everybody first, then by OIN and class.
    #[cbor(n(1), with = "crate::sparse", has_nil)]
    pub quotas: Vec<Quota>,
    /// What some may ask on top for a while, by OIN, class and end.
    #[cbor(n(2), with = "crate::sparse", has_nil)]
    pub bulk_allowances: Vec<BulkAllowance>,
    /// Logs that go on after a loss, by OIN and number.
    #[cbor(n(3), with = "crate::sparse", has_nil)]
    pub log_generations: Vec<LogGeneration>,
}

/// Members that watch the logs of others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Witnesses {
    /// How many cosignatures a checkpoint needs: more than two thirds of them, so that no two histories can have as many
    /// while fewer than a third of the witnesses cheat.
    #[n(0)]
    pub needed: u16,
    /// Their OINs, ascending. Each has a cosignature key among its keys.
    #[n(1)]
    pub members: Vec<OinBytes>,
}

/// An OIN inside a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(transparent)]
pub struct OinBytes(#[cbor(n(0), with = "crypto::cbor::oin")] pub Oin);

/// How many elements a member may have evaluated under one key set: `base` and `daily` more each day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Quota {
    /// For whom; absent: for everybody who is not named.
    #[n(0)]
    pub member: Option<OinBytes>,
    /// Class of the key set.
    #[cbor(n(1), with = "crypto::cbor::key_class")]
    pub class: KeyClass,
    /// From the first day.
    #[n(2)]
    pub base: u32,
    /// More each day.
    #[n(3)]
    pub daily: u32,
}

impl Quota {
    /// Elements that may have been evaluated so many days after the key set came into use; 0 on its first day.
    #[must_use]
    pub fn after_days(&self, days: u64) -> u64 {
        u64::from(self.base).saturating_add(u64::from(self.daily).saturating_mul(days))
    }

    fn place(&self) -> (Option<OinBytes>, &'static str) {
        (self.member, self.class.dutch())
    }
}

/// What a member may ask on top of its quota, such as when it joins with everything it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct BulkAllowance {
    /// For whom.
    #[n(0)]
    pub member: OinBytes,
    /// Class of the key sets, each of which counts for itself.
    #[cbor(n(1), with = "crypto::cbor::key_class")]
    pub class: KeyClass,
    /// Elements.
    #[n(2)]
    pub amount: u32,
    /// UTC seconds after which it no longer counts.
    #[n(3)]
    pub expires: u64,
}

impl BulkAllowance {
    fn place(&self) -> (OinBytes, &'static str, u64) {
        (self.member, self.class.dutch(), self.expires)
    }
}

/// That a member's main log goes on after entries were lost: its next entry stands on the last checkpoint that
/// witnesses cosigned, and the gap stays visible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct LogGeneration {
    /// Whose log.
    #[n(0)]
    pub member: OinBytes,
    /// Number of the generation; that without an entry here is 0.
    #[n(1)]
    pub generation: u32,
    /// Entries that the last cosigned checkpoint counts.
    #[n(2)]
    pub size: u64,
    /// Root over these entries.
    #[n(3)]
    pub root: Digest,
}

impl LogGeneration {
    fn place(&self) -> (OinBytes, u32) {
        (self.member, self.generation)
    }
}

/// Whose cosignatures count for one member's log, and how many are needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WitnessPolicy {
    /// Cosignature keys by witness. The member itself is not among them.
    pub witnesses: BTreeMap<Oin, VerifyingKey>,
    /// How many of them must cosign; 0 in a network without witnesses.
    pub needed: usize,
}

impl Accountability {
    /// The lists in their canonical order.
    pub(crate) fn sort(&mut self) {
        self.witnesses.members.sort();
        self.quotas.sort_by_key(Quota::place);
        self.bulk_allowances.sort_by_key(BulkAllowance::place);
        self.log_generations.sort_by_key(LogGeneration::place);
    }
}

impl VerifiedRoster {
    /// The part that concerns logs and quotas, as governors wrote it.
    #[must_use]
    pub fn accountability(&self) -> &Accountability {
        &self.document().accountability
    }

    /// Who witnesses the log of a member. A witness does not witness itself: its log is for all the others, or as many of
    /// them as are needed.
    #[must_use]
    pub fn witness_policy(&self, keeper: &Oin) -> WitnessPolicy {
        let listed = &self.accountability().witnesses;
        let others = listed.members.iter().filter(|witness| witness.0 != *keeper);
        let witnesses: BTreeMap<Oin, VerifyingKey> =
            others.filter_map(|witness| Some((witness.0, self.cosignature_key(&witness.0)?))).collect();
        WitnessPolicy { needed: usize::from(listed.needed).min(witnesses.len()), witnesses }
    }

    /// Whether a member witnesses the logs of others.
    #[must_use]
    pub fn is_witness(&self, oin: &Oin) -> bool {
        self.accountability().witnesses.members.iter().any(|witness| witness.0 == *oin)
    }

    /// The key that signs a member's checkpoints.
    #[must_use]
    pub fn log_key(&self, oin: &Oin) -> Option<VerifyingKey> {
        self.member(oin).and_then(|member| member.keys.log)
    }

    /// The key with which a member cosigns checkpoints of others.
    #[must_use]
    pub fn cosignature_key(&self, oin: &Oin) -> Option<VerifyingKey> {
        self.member(oin).and_then(|member| member.keys.cosignature)
    }

    /// What is sealed for a member's privacy officer is sealed to this key.
    #[must_use]
    pub fn privacy_officer_key(&self, oin: &Oin) -> Option<SealingPublicKey> {
        self.member(oin).and_then(|member| member.keys.privacy_officer)
    }

    /// What is sealed for a member's data-protection officer (FG) is sealed to this key.
    #[must_use]
    pub fn fg_key(&self, oin: &Oin) -> Option<SealingPublicKey> {
        self.member(oin).and_then(|member| member.keys.fg)
    }

    /// How much a member may ask under a key set of this class: its own quota, or everybody's. `None` where governors
    /// set neither.
    #[must_use]
    pub fn quota(&self, oin: &Oin, class: KeyClass) -> Option<Quota> {
        let of_class = |quota: &&Quota| quota.class == class;
        let quotas = || self.accountability().quotas.iter().filter(of_class);
        let own = quotas().find(|quota| quota.member == Some(OinBytes(*oin)));
        own.or_else(|| quotas().find(|quota| quota.member.is_none())).copied()
    }

    /// What a member may ask on top of its quota at a moment, under each key set of this class.
    #[must_use]
    pub fn bulk_allowance(&self, oin: &Oin, class: KeyClass, now: Timestamp) -> u64 {
        let granted = self.accountability().bulk_allowances.iter();
        granted
            .filter(|one| one.member.0 == *oin && one.class == class && now.0 <= one.expires)
            .map(|one| u64::from(one.amount))
            .sum()
    }

    /// The approved generations of a member's log after the first, ascending.
    pub fn log_generations<'a>(&'a self, oin: &'a Oin) -> impl Iterator<Item = &'a LogGeneration> {
        self.accountability().log_generations.iter().filter(move |one| one.member.0 == *oin)
    }
}

/// The rules that this part keeps whoever signs it.
pub(crate) fn check(document: &RosterDocument) -> Result<(), RosterError> {
    let wrong = |what| Err(RosterError::Inconsistent(what));
    let Accountability { witnesses, quotas, bulk_allowances, log_generations } = &document.accountability;
    if quotas.len() > MAX_ENTRIES
        || bulk_allowances.len() > MAX_ENTRIES
        || log_generations.len() > MAX_ENTRIES
        || witnesses.members.len() > MAX_ENTRIES
    {
        return wrong("it is larger than any network may be");
    }
    if !ascending(witnesses.members.iter().copied()) {
        return wrong("witnesses are not listed once each by OIN");
    }
    let (needed, of) = (usize::from(witnesses.needed), witnesses.members.len());
    if of == 1 {
        return wrong("a single witness has nobody who witnesses it; name at least two, or none");
    }
    if (of == 0 && needed != 0) || (of > 0 && (needed * 3 <= of * 2 || needed > of)) {
        return wrong(
            "the cosignatures needed are not more than two thirds of the witnesses, and at most all",
        );
    }
    let with_key = |oin: &Oin| {
        let member = document.members.iter().find(|member| member.oin == *oin);
        member.is_some_and(|member| member.keys.cosignature.is_some())
    };
    if witnesses.members.iter().any(|witness| !with_key(&witness.0)) {
        return wrong("a witness is no member, or has no cosignature key: take up its newest join request");
    }
    if !ascending(quotas.iter().map(Quota::place))
        || !ascending(bulk_allowances.iter().map(BulkAllowance::place))
        || !ascending(log_generations.iter().map(LogGeneration::place))
    {
        return wrong("a quota, bulk allowance or log generation is listed twice or out of order");
    }
    let members: BTreeSet<Oin> = document.members.iter().map(|member| member.oin).collect();
    let named = quotas.iter().filter_map(|quota| quota.member);
    let named = named.chain(bulk_allowances.iter().map(|one| one.member));
    let mut named = named.chain(log_generations.iter().map(|one| one.member));
    if named.any(|oin| !members.contains(&oin.0)) {
        return wrong("a quota, bulk allowance or log generation is for somebody who is no member");
    }
    if log_generations.iter().any(|one| one.generation == 0) {
        return wrong("generation 0 of a log needs no approval: it is the first");
    }
    let keys: Vec<VerifyingKey> = document.members.iter().flat_map(|member| member.keys.signing()).collect();
    if keys.iter().collect::<BTreeSet<_>>().len() != keys.len() {
        return wrong("one key has two uses, or two members share it");
    }
    Ok(())
}

fn ascending<T: Ord>(items: impl Iterator<Item = T>) -> bool {
    items.is_sorted_by(|a, b| a < b)
}
