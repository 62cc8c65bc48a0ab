//! What is on disk about versions that wait, and about those that never were in force.
//!
//! When a version was first seen must survive a restart: whoever stops a node for a while, or has it stopped, neither
//! shortens its notice nor begins it anew.

use std::collections::BTreeMap;

use ::roster::{FirstSight, RosterChain, RosterError, SignedRoster, Standing};
use crypto::cbor;
use domain::Timestamp;
use minicbor::{Decode, Encode};

use crate::Collection;
use crate::effects::Effects;

/// In the place where a record of a version has its number: there is no version 0.
const MARK: [u8; 4] = [0; 4];

const WAITS: u8 = 1;
const PASSED_OVER: u8 = 2;

/// One version; numbers are part of the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
struct Notice {
    #[n(0)]
    version: u32,
    /// [`WAITS`] or [`PASSED_OVER`].
    #[n(1)]
    standing: u8,
    #[n(2)]
    seen: u64,
    #[n(3)]
    sure: bool,
}

/// The records on disk, by version.
#[derive(Default)]
pub(super) struct Notices(BTreeMap<u32, Notice>);

impl Notices {
    /// Takes up a record; `false` for one that is none of these.
    pub(super) fn restore(&mut self, record: &[u8]) -> bool {
        let Some(bytes) = record.strip_prefix(&MARK) else { return false };
        if let Ok(notice) = cbor::from_slice::<Notice>(bytes) {
            self.0.insert(notice.version, notice);
        }
        true
    }

    /// Lets a version follow on a chain as it stood.
    pub(super) fn follow(
        &self,
        chain: &mut RosterChain,
        version: u32,
        signed: SignedRoster,
    ) -> Result<(), RosterError> {
        match self.0.get(&version) {
            Some(notice) if notice.standing == WAITS => {
                let sight = FirstSight { seen: Timestamp(notice.seen), sure: notice.sure };
                chain.receive(signed, sight).map(|_| ())
            }
            Some(_) => chain.accept_passed_over(signed),
            None if chain.waiting().is_empty() => chain.accept(signed),
            // The stop came between this version, which was at once, and the word that what it follows on was passed over.
            None => {
                let sight = FirstSight { seen: Timestamp(0), sure: false };
                chain.receive(signed, sight).map(|_| ())
            }
        }
    }

    /// Records the versions that wait, before the versions themselves.
    pub(super) fn record_waiting(&mut self, chain: &RosterChain, fx: &mut Effects<'_>) {
        for waiting in chain.waiting() {
            self.put(
                Notice {
                    version: waiting.roster.version(),
                    standing: WAITS,
                    seen: waiting.notice.seen.0,
                    sure: waiting.notice.sure,
                },
                fx,
            );
        }
    }

    /// Records the versions that were passed over and forgets those that wait no longer, after the versions themselves.
    pub(super) fn record(&mut self, chain: &RosterChain, fx: &mut Effects<'_>) {
        for version in 1..=chain.newest().version() {
            if chain.standing(version) == Some(Standing::PassedOver) {
                self.put(Notice { version, standing: PASSED_OVER, seen: 0, sure: false }, fx);
            }
        }
        self.0.retain(|version, _| {
            let kept = matches!(chain.standing(*version), Some(Standing::Waits | Standing::PassedOver));
            if !kept {
                fx.delete(Collection::Roster, key(*version));
            }
            kept
        });
    }

    fn put(&mut self, notice: Notice, fx: &mut Effects<'_>) {
        if self.0.insert(notice.version, notice) != Some(notice) {
            let value = [MARK.as_slice(), &cbor::to_vec(&notice)].concat();
            fx.put(Collection::Roster, key(notice.version), value);
        }
    }
}

fn key(version: u32) -> Vec<u8> {
    [MARK, version.to_be_bytes()].concat()
}
