//! Rosters of which governors signed two of one version, kept as proof with the one that is held.
//!
//! A conflict is *open* until a version in force names its rosters; it stays on disk and is shown after that too: whoever
//! signed two has something to explain.

use std::collections::{BTreeMap, BTreeSet};

use ::roster::{RosterChain, SignedRoster};
use crypto::Digest;
use domain::Timestamp;

use super::message::{MAX_NAMED, RosterName};
use crate::effects::Effects;
use crate::{Collection, Notice};

/// Bytes of a roster in one record.
const CHUNK_BYTES: usize = 48 * 1024;

/// Two or more rosters of one version, each signed by enough governors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RosterConflict {
    /// The version.
    pub version: u32,
    /// The one that this node's line of versions has, where it has one.
    pub held: Option<Digest>,
    /// The others, ascending.
    pub others: Vec<Digest>,
    /// Since when this node knows of it.
    pub since: Timestamp,
    /// The version in force that decides; `None` while it is open.
    pub resolved_by: Option<u32>,
}

/// What is known of conflicts.
#[derive(Default)]
pub(super) struct Conflicts {
    held: BTreeMap<RosterName, (SignedRoster, Timestamp)>,
    /// Those that are on disk.
    recorded: BTreeSet<RosterName>,
    /// Versions of which the own organisation has not been told since it was found.
    untold: BTreeSet<u32>,
}

impl Conflicts {
    /// Takes records back from disk, in the order of their keys. The disk is trusted: each was verified before it was kept.
    pub(super) fn restore(records: &[Vec<u8>]) -> Self {
        let mut parts: BTreeMap<RosterName, (Timestamp, Vec<u8>)> = BTreeMap::new();
        for record in records {
            let Some((version, rest)) = record.split_first_chunk::<4>() else { continue };
            let Some((digest, rest)) = rest.split_first_chunk::<32>() else { continue };
            let Some((since, chunk)) = rest.split_first_chunk::<8>() else { continue };
            let name =
                RosterName { version: u32::from_be_bytes(*version), digest: Digest::from_bytes(*digest) };
            let since = Timestamp(u64::from_be_bytes(*since));
            parts.entry(name).or_insert_with(|| (since, Vec::new())).1.extend_from_slice(chunk);
        }
        let whole = parts.into_iter().filter_map(|(name, (since, wire))| {
            let signed = SignedRoster::parse(&wire).ok().filter(|signed| signed.digest() == name.digest)?;
            Some((name, (signed, since)))
        });
        let held: BTreeMap<_, _> = whole.collect();
        Self { recorded: held.keys().copied().collect(), held, untold: BTreeSet::new() }
    }

    /// Keeps a verified roster, and the one that the own line has of that version with it. `false` when it is known or
    /// there is no room.
    pub(super) fn keep(
        &mut self,
        chain: &RosterChain,
        name: RosterName,
        signed: &SignedRoster,
        now: Timestamp,
    ) -> bool {
        let own = chain.digest_of(name.version).map(|digest| RosterName { digest, ..name });
        let new =
            [Some(name), own].into_iter().flatten().filter(|name| !self.held.contains_key(name)).count();
        if self.held.contains_key(&name) || self.held.len() + new > MAX_NAMED {
            return false;
        }
        self.held.insert(name, (signed.clone(), now));
        if let Some(own) = own
            && let Some(signed) = chain.after(name.version.saturating_sub(1))
        {
            self.held.entry(own).or_insert_with(|| (signed.clone(), now));
        }
        self.untold.insert(name.version);
        true
    }

    /// Whether one more would be kept.
    pub(super) fn has_room(&self) -> bool {
        self.held.len() < MAX_NAMED
    }

    /// A roster that is kept.
    pub(super) fn document(&self, name: &RosterName) -> Option<&SignedRoster> {
        self.held.get(name).map(|(signed, _)| signed)
    }

    /// The one with this digest.
    pub(super) fn by_digest(&self, digest: &Digest) -> Option<&SignedRoster> {
        self.held.iter().find(|(name, _)| name.digest == *digest).map(|(_, (signed, _))| signed)
    }

    /// Those about which nothing was decided.
    pub(super) fn open(&self, chain: &RosterChain) -> Vec<RosterName> {
        let conflicts = self.all(chain).into_iter().filter(|conflict| conflict.resolved_by.is_none());
        let open: BTreeSet<u32> = conflicts.map(|conflict| conflict.version).collect();
        self.held.keys().filter(|name| open.contains(&name.version)).copied().collect()
    }

    /// Every conflict, by version.
    pub(super) fn all(&self, chain: &RosterChain) -> Vec<RosterConflict> {
        let versions: BTreeSet<u32> = self.held.keys().map(|name| name.version).collect();
        let conflict = |version: u32| {
            let held = chain.digest_of(version);
            let of = || self.held.iter().filter(move |(name, _)| name.version == version);
            let others: Vec<Digest> =
                of().map(|(name, _)| name.digest).filter(|digest| Some(*digest) != held).collect();
            let deciding: Option<Vec<u32>> = others.iter().map(|digest| chain.resolved_by(digest)).collect();
            RosterConflict {
                version,
                held,
                others,
                since: of().map(|(_, (_, since))| *since).min().unwrap_or(Timestamp(0)),
                resolved_by: deciding.and_then(|versions| versions.into_iter().max()),
            }
        };
        versions.into_iter().map(conflict).collect()
    }

    /// Records what is not on disk yet, and tells of it.
    pub(super) fn record(&mut self, fx: &mut Effects<'_>) {
        for (name, (signed, since)) in &self.held {
            if !self.recorded.insert(*name) {
                continue;
            }
            let start = [name.version.to_be_bytes().as_slice(), name.digest.as_bytes()].concat();
            for (chunk, number) in signed.to_wire().chunks(CHUNK_BYTES).zip(0_u16..) {
                let key = [start.as_slice(), &number.to_be_bytes()].concat();
                let value = [start.as_slice(), &since.0.to_be_bytes(), chunk].concat();
                fx.put(Collection::RosterConflict, key, value);
            }
            fx.cut();
        }
        for version in std::mem::take(&mut self.untold) {
            fx.notice(Notice::RosterConflict { version });
        }
    }
}
