//! Asking for newer versions, answering who asks, and keeping versions on disk.

use std::collections::{BTreeMap, BTreeSet};

use ::roster::{FirstSight, RosterChain, RosterError, SignedRoster};
use crypto::cbor;
use domain::{Oin, Timestamp};

use super::message::{RosterRequest, RosterResponse};
use super::notices::Notices;
use crate::effects::{Context, Effects};
use crate::{Collection, Conversation, Kept, RequestId, ResponseToken};

/// Bytes of a roster in one record: a store's value is bounded, a roster of thousands of members is larger.
const CHUNK_BYTES: usize = 48 * 1024;

/// Members told of a version just taken: asking them for the next one says which is held. Each of them tells as
/// many again, so that a large network learns of it in a few rounds.
const TOLD: usize = 16;

/// Seconds after which one more member is asked, whatever else is heard: a member that publishes to nobody sends no
/// heads that would tell its version.
const ASK_SECONDS: u64 = 60;

/// Who is asked for newer versions.
#[derive(Default)]
pub(crate) struct RosterKeeper {
    /// Members that may have a newer version.
    wanted: BTreeSet<Oin>,
    pending: BTreeMap<RequestId, Oin>,
    /// Versions on disk.
    recorded: u32,
    /// What is on disk about notice periods.
    notices: Notices,
    /// When a member was last asked for no particular reason, and which one.
    asked_at: Option<Timestamp>,
    turn: usize,
}

impl RosterKeeper {
    /// Continues a chain with the versions on disk. One that does not follow is left out.
    pub(crate) fn restore(chain: &mut RosterChain, kept: &mut Kept) -> Self {
        let mut versions: BTreeMap<u32, Vec<u8>> = BTreeMap::new();
        let mut notices = Notices::default();
        for record in kept.take(Collection::Roster) {
            if notices.restore(&record) {
                continue;
            }
            if let Some((version, chunk)) = record.split_first_chunk::<4>() {
                versions.entry(u32::from_be_bytes(*version)).or_default().extend_from_slice(chunk);
            }
        }
        let mut recorded = 0;
        for (version, wire) in versions {
            recorded = version;
            if version == chain.last_version().saturating_add(1)
                && let Ok(signed) = SignedRoster::parse(&wire)
            {
                // A version that governors did not sign is as if it were not there.
                let _followed = notices.follow(chain, version, signed);
            }
        }
        Self { recorded, notices, ..Self::default() }
    }

    /// A member may have a newer version: it is reachable now, or acts on one.
    pub(crate) fn may_have_newer(&mut self, member: Oin) {
        self.wanted.insert(member);
    }

    /// Another version is in force: the members after this one in the order of OINs are told.
    pub(crate) fn tell(&mut self, cx: &Context<'_>) {
        let after = cx.connected.range(cx.identity.oin..);
        self.wanted.extend(after.chain(cx.connected).take(TOLD));
    }

    /// Asks whoever may have a newer version, and keeps the versions that are not on disk yet.
    pub(crate) fn advance(&mut self, cx: &Context<'_>, fx: &mut Effects<'_>) {
        // That a version waits is on disk before it is, and that another was passed over once what took its place is: a
        // version without a word about it was in force.
        self.notices.record_waiting(cx.chain, fx);
        for (signed, version) in cx.chain.all().zip(1_u32..) {
            if version <= self.recorded {
                continue;
            }
            for (chunk, number) in signed.to_wire().chunks(CHUNK_BYTES).zip(0_u16..) {
                let key = [version.to_be_bytes().as_slice(), &number.to_be_bytes()].concat();
                let value = [version.to_be_bytes().as_slice(), chunk].concat();
                fx.put(Collection::Roster, key, value);
            }
            self.recorded = version;
            fx.cut();
        }
        self.notices.record(cx.chain, fx);
        let asked_at = *self.asked_at.get_or_insert(cx.now);
        if cx.now.since(asked_at) >= ASK_SECONDS && !cx.connected.is_empty() {
            self.asked_at = Some(cx.now);
            self.turn = self.turn.wrapping_add(1);
            self.wanted.extend(cx.connected.iter().nth(self.turn % cx.connected.len()));
        }
        for member in std::mem::take(&mut self.wanted) {
            let asked = self.pending.values().any(|asked| *asked == member);
            if cx.connected.contains(&member) && !asked {
                let frame = cbor::to_vec(&RosterRequest { after: cx.chain.last_version() });
                let id = fx.request(member, Conversation::Roster, frame);
                self.pending.insert(id, member);
            }
        }
    }

    /// Answers a member.
    pub(crate) fn request(
        &mut self,
        cx: &Context<'_>,
        from: Oin,
        token: ResponseToken,
        frame: &[u8],
        fx: &mut Effects<'_>,
    ) {
        let response = match cbor::from_slice::<RosterRequest>(frame) {
            Ok(RosterRequest { after }) => {
                if after > cx.chain.last_version() {
                    self.wanted.insert(from);
                }
                match cx.chain.after(after) {
                    Some(signed) => RosterResponse::Next { wire: signed.to_wire() },
                    None => RosterResponse::Unknown,
                }
            }
            Err(_) => {
                fx.refused.malformed_frames += 1;
                RosterResponse::Unknown
            }
        };
        fx.respond(token, cbor::to_vec(&response));
    }

    /// Reads the response to an own request; a version in it is asked on from.
    pub(crate) fn response(
        &mut self,
        id: RequestId,
        frame: &[u8],
        chain: &mut RosterChain,
        sight: FirstSight,
    ) -> Result<(), ResponseError> {
        let Some(member) = self.pending.remove(&id) else { return Ok(()) };
        match cbor::from_slice::<RosterResponse>(frame).map_err(|_| ResponseError::Malformed)? {
            RosterResponse::Unknown => Ok(()),
            RosterResponse::Next { wire } => {
                let signed = SignedRoster::parse(&wire).map_err(|_| ResponseError::Malformed)?;
                match chain.receive(signed, sight) {
                    Ok(_) => {
                        self.wanted.insert(member);
                        Ok(())
                    }
                    // Another member was quicker with the same version.
                    Err(RosterError::NotTheNext { held, found }) if found <= held => Ok(()),
                    Err(_) => Err(ResponseError::NotSigned),
                }
            }
        }
    }

    /// The clock was set right after it had been ahead.
    pub(crate) fn clock_went_back(&mut self) {
        self.asked_at = None;
    }

    /// An own request got no answer.
    pub(crate) fn failed(&mut self, id: RequestId) {
        self.pending.remove(&id);
    }
}

/// Why a response is refused.
pub(crate) enum ResponseError {
    /// It cannot be read.
    Malformed,
    /// Its roster does not follow on the one held with enough governors' signatures.
    NotSigned,
}
