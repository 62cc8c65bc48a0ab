//! The versions of the own line on disk, and since when a decision between lines is known.

use std::collections::BTreeMap;

use ::roster::{FirstSight, RosterChain, SignedRoster};
use crypto::{Digest, cbor};
use domain::Timestamp;
use minicbor::{Decode, Encode};

use super::notices::Notices;
use crate::effects::Effects;
use crate::{Collection, Kept};

/// Bytes of a roster in one record: a store's value is bounded, a roster of thousands of members is larger.
const CHUNK_BYTES: usize = 48 * 1024;

/// Most decisions of which it is kept since when they are known; the newest hold.
const MAX_DECISIONS: usize = 4;

/// What is on disk of the versions of the own line, the first one first.
#[derive(Default)]
pub(super) struct Versions(Vec<(Option<Digest>, u16)>);

impl Versions {
    /// Continues a chain with the versions on disk. One that does not follow is left out. Where the disk has another line
    /// than the chain, it holds when it decides between both.
    pub(super) fn restore(chain: &mut RosterChain, kept: &mut Kept) -> (Self, Notices) {
        let mut wires: BTreeMap<u32, (Vec<u8>, u16)> = BTreeMap::new();
        let mut notices = Notices::default();
        for record in kept.take(Collection::Roster) {
            if notices.restore(&record) {
                continue;
            }
            if let Some((version, chunk)) = record.split_first_chunk::<4>() {
                let (wire, chunks) = wires.entry(u32::from_be_bytes(*version)).or_default();
                wire.extend_from_slice(chunk);
                *chunks = chunks.saturating_add(1);
            }
        }
        let mut recorded = Vec::new();
        let mut versions: BTreeMap<u32, SignedRoster> = BTreeMap::new();
        for (version, (wire, chunks)) in wires {
            let signed = SignedRoster::parse(&wire).ok();
            while recorded.len() < usize::try_from(version.saturating_sub(1)).unwrap_or(usize::MAX) {
                recorded.push((None, 0));
            }
            recorded.push((signed.as_ref().map(SignedRoster::digest), chunks));
            versions.extend(signed.map(|signed| (version, signed)));
        }
        let differs = |(version, signed): (&u32, &SignedRoster)| {
            chain.digest_of(*version).is_some_and(|digest| digest != signed.digest())
        };
        if versions.iter().any(differs) {
            let line = versions
                .get(&1)
                .and_then(|genesis| RosterChain::found(genesis.clone(), Some(chain.newest().network())).ok());
            if let Some(mut line) = line {
                follow(&mut line, &versions, &notices);
                if line.decides_over(chain) {
                    *chain = line;
                }
            }
        }
        follow(chain, &versions, &notices);
        (Self(recorded), notices)
    }

    /// Records the versions that are not on disk yet. Those of a line that was left are replaced in one Step.
    pub(super) fn record(&mut self, chain: &RosterChain, fx: &mut Effects<'_>) {
        let count = chain.last_version();
        let crossed = (1..).zip(&self.0).any(|(version, (digest, _))| *digest != chain.digest_of(version));
        for version in 1..=count {
            let place = usize::try_from(version.saturating_sub(1)).unwrap_or(usize::MAX);
            let digest = chain.digest_of(version);
            let before = self.0.get(place).copied().unwrap_or_default();
            if before.0 == digest {
                continue;
            }
            let Some(signed) = chain.after(version.saturating_sub(1)) else { break };
            let mut chunks = 0_u16;
            for chunk in signed.to_wire().chunks(CHUNK_BYTES) {
                let value = [version.to_be_bytes().as_slice(), chunk].concat();
                fx.put(Collection::Roster, key(version, chunks), value);
                chunks += 1;
            }
            remove(version, chunks..before.1, fx);
            match self.0.get_mut(place) {
                Some(held) => *held = (digest, chunks),
                None => self.0.push((digest, chunks)),
            }
            if !crossed {
                fx.cut();
            }
        }
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        for (version, (_, chunks)) in (1..).zip(&self.0).skip(count) {
            remove(version, 0..*chunks, fx);
        }
        self.0.truncate(count);
    }
}

fn follow(chain: &mut RosterChain, versions: &BTreeMap<u32, SignedRoster>, notices: &Notices) {
    for (version, signed) in versions {
        if *version == chain.last_version().saturating_add(1) {
            // A version that governors did not sign is as if it were not there.
            let _followed = notices.follow(chain, *version, signed.clone());
        }
    }
}

fn remove(version: u32, chunks: std::ops::Range<u16>, fx: &mut Effects<'_>) {
    for chunk in chunks {
        fx.delete(Collection::Roster, key(version, chunk));
    }
}

fn key(version: u32, chunk: u16) -> Vec<u8> {
    [version.to_be_bytes().as_slice(), &chunk.to_be_bytes()].concat()
}

/// A record; numbers are part of the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
struct Decision {
    #[n(0)]
    digest: Digest,
    #[n(1)]
    seen: u64,
    #[n(2)]
    sure: bool,
}

/// Since when versions are known that decide between the own line and another. Neither a restart nor asking for them again
/// begins their notice anew.
#[derive(Default)]
pub(super) struct Decisions(Vec<Decision>);

impl Decisions {
    pub(super) fn restore(records: &[Vec<u8>]) -> Self {
        Self(records.iter().filter_map(|record| cbor::from_slice(record).ok()).collect())
    }

    /// Since when a version is known, if it was before.
    pub(super) fn sight(&self, digest: &Digest) -> Option<FirstSight> {
        let held = self.0.iter().find(|held| held.digest == *digest)?;
        Some(FirstSight { seen: Timestamp(held.seen), sure: held.sure })
    }

    /// Records the one that waits, and forgets those that took effect.
    pub(super) fn record(&mut self, chain: &RosterChain, fx: &mut Effects<'_>) {
        let is_over =
            |held: &Decision| (1..=chain.newest().version()).any(|v| chain.digest_of(v) == Some(held.digest));
        if let Some(crossing) = chain.crossing() {
            let FirstSight { seen, sure } = crossing.notice;
            let decision = Decision { digest: crossing.roster().digest(), seen: seen.0, sure };
            if !self.0.contains(&decision) {
                self.0.retain(|held| held.digest != decision.digest);
                self.0.push(decision);
                fx.put(
                    Collection::RosterDecision,
                    decision.digest.as_bytes().to_vec(),
                    cbor::to_vec(&decision),
                );
            }
        }
        let over = self.0.iter().filter(|held| is_over(held)).map(|held| held.digest);
        let surplus = self.0.len().saturating_sub(MAX_DECISIONS);
        let gone: Vec<Digest> = over.chain(self.0.iter().take(surplus).map(|held| held.digest)).collect();
        for digest in gone {
            self.0.retain(|held| held.digest != digest);
            fx.delete(Collection::RosterDecision, digest.as_bytes().to_vec());
        }
    }
}
