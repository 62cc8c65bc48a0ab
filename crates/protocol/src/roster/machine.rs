//! Asking for newer versions, answering who asks, and telling of rosters that contradict each other.

use std::collections::{BTreeMap, BTreeSet};

use ::roster::{FirstSight, RosterChain, RosterError, SignedRoster};
use crypto::{Digest, cbor};
use domain::{Oin, Timestamp};

use super::RosterConflict;
use super::conflicts::Conflicts;
use super::kept::{Decisions, Versions};
use super::message::{MAX_NAMED, RosterName, RosterRequest, RosterResponse};
use super::notices::Notices;
use super::walk::{Found, Walk};
use crate::effects::{Context, Effects};
use crate::{Collection, Conversation, Kept, RequestId, ResponseToken};

/// Members told of a version just taken: asking them for the next one says which is held. Each of them tells as
/// many again, so that a large network learns of it in a few rounds.
const TOLD: usize = 16;

/// Seconds after which one more member is asked, whatever else is heard: a member that publishes to nobody sends no
/// heads that would tell its version. As long, too, until a member that holds another line is asked back once more.
const ASK_SECONDS: u64 = 60;

/// What a request was for.
enum Asked {
    /// The version after the last one known.
    Newer { version: u32 },
    /// A step of the comparison with this member's line.
    Walk(Box<Walk>),
    /// One roster of which governors signed another.
    Document(RosterName),
}

/// Who is asked for newer versions, and for what contradicts those that are held.
#[derive(Default)]
pub(crate) struct RosterKeeper {
    /// Members that may have a newer version.
    wanted: BTreeSet<Oin>,
    pending: BTreeMap<RequestId, (Oin, Asked)>,
    versions: Versions,
    /// What is on disk about notice periods.
    notices: Notices,
    decisions: Decisions,
    conflicts: Conflicts,
    /// Whether a conflict was found since others were told.
    found: bool,
    /// Rosters that others named, and who did.
    named: BTreeMap<RosterName, Oin>,
    /// The comparison that goes on; one at a time.
    walk: Option<Box<Walk>>,
    /// When members that hold another line were last asked back.
    asked_back: BTreeMap<Oin, Timestamp>,
    /// When a member was last asked for no particular reason, and which one.
    asked_at: Option<Timestamp>,
    turn: usize,
}

impl RosterKeeper {
    /// Continues a chain with what is on disk.
    pub(crate) fn restore(chain: &mut RosterChain, kept: &mut Kept) -> Self {
        let (versions, notices) = Versions::restore(chain, kept);
        let decisions = Decisions::restore(&kept.take(Collection::RosterDecision));
        let conflicts = Conflicts::restore(&kept.take(Collection::RosterConflict));
        Self { versions, notices, decisions, conflicts, ..Self::default() }
    }

    /// A member may have a newer version: it is reachable now, or acts on one.
    pub(crate) fn may_have_newer(&mut self, member: Oin) {
        self.wanted.insert(member);
    }

    /// Another version is in force, or governors signed two: the members after this one in the order of OINs are told.
    pub(crate) fn tell(&mut self, cx: &Context<'_>) {
        let after = cx.connected.range(cx.identity.oin..);
        self.wanted.extend(after.chain(cx.connected).take(TOLD));
    }

    /// Versions of which governors signed more than one roster.
    pub(crate) fn conflicts(&self, chain: &RosterChain) -> Vec<RosterConflict> {
        self.conflicts.all(chain)
    }

    /// Asks whoever may have something newer, and keeps what is not on disk yet.
    pub(crate) fn advance(&mut self, cx: &Context<'_>, fx: &mut Effects<'_>) {
        // That a version waits is on disk before it is, and that another was passed over once what took its place is: a
        // version without a word about it was in force.
        self.notices.record_waiting(cx.chain, fx);
        // What contradicts the line that is left is on disk before that line is gone.
        self.conflicts.record(fx);
        self.versions.record(cx.chain, fx);
        self.notices.record(cx.chain, fx);
        self.decisions.record(cx.chain, fx);
        if std::mem::take(&mut self.found) {
            self.tell(cx);
        }
        let asked_at = *self.asked_at.get_or_insert(cx.now);
        if cx.now.since(asked_at) >= ASK_SECONDS && !cx.connected.is_empty() {
            self.asked_at = Some(cx.now);
            self.turn = self.turn.wrapping_add(1);
            self.wanted.extend(cx.connected.iter().nth(self.turn % cx.connected.len()));
        }
        if self.wanted.is_empty() && self.named.is_empty() && self.walk.is_none() {
            return;
        }
        let conflicts = self.conflicts.open(cx.chain);
        for member in std::mem::take(&mut self.wanted) {
            let is_asked =
                |(asked, what): &(Oin, Asked)| *asked == member && matches!(what, Asked::Newer { .. });
            if cx.connected.contains(&member) && !self.pending.values().any(is_asked) {
                let (version, digest) = (cx.chain.last_version(), cx.chain.last_digest());
                let conflicts = conflicts.clone();
                let frame = cbor::to_vec(&RosterRequest::After { version, digest, conflicts });
                let id = fx.request(member, Conversation::Roster, frame);
                self.pending.insert(id, (member, Asked::Newer { version }));
            }
        }
        for (name, member) in std::mem::take(&mut self.named) {
            let is_asked =
                |(_, what): &(Oin, Asked)| matches!(what, Asked::Document(asked) if *asked == name);
            if cx.connected.contains(&member) && !self.pending.values().any(is_asked) {
                let frame = cbor::to_vec(&RosterRequest::Document(name));
                let id = fx.request(member, Conversation::Roster, frame);
                self.pending.insert(id, (member, Asked::Document(name)));
            }
        }
        if let Some(walk) = self.walk.take().filter(|walk| cx.connected.contains(&walk.member)) {
            let Walk { member, version, digest, .. } = *walk;
            let frame = cbor::to_vec(&RosterRequest::After { version, digest, conflicts });
            let id = fx.request(member, Conversation::Roster, frame);
            self.pending.insert(id, (member, Asked::Walk(walk)));
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
        let found = match cbor::from_slice::<RosterRequest>(frame) {
            Ok(RosterRequest::After { version, digest, conflicts }) if conflicts.len() <= MAX_NAMED => {
                self.note_named(cx.chain, from, &conflicts);
                self.after(cx, from, version, digest)
            }
            Ok(RosterRequest::Document(name)) => {
                let own = cx.chain.digest_of(name.version) == Some(name.digest);
                let held = own.then(|| cx.chain.after(name.version.saturating_sub(1))).flatten();
                let held = held.or_else(|| self.conflicts.document(&name));
                held.map_or(RosterResponse::Unknown, next)
            }
            Ok(RosterRequest::After { .. }) | Err(_) => {
                fx.refused.malformed_frames += 1;
                RosterResponse::Unknown
            }
        };
        fx.respond(token, cbor::to_vec(&found));
    }

    fn after(&mut self, cx: &Context<'_>, from: Oin, version: u32, digest: Digest) -> RosterResponse {
        match cx.chain.digest_of(version) {
            Some(held) if held == digest => cx.chain.after(version).map_or(RosterResponse::Unknown, next),
            Some(_) => {
                // It asks on from there, and so does this node, but not each because the other did.
                let lately = |at: &Timestamp| cx.now.0.abs_diff(at.0) < ASK_SECONDS;
                if !self.asked_back.get(&from).is_some_and(lately) {
                    self.asked_back.insert(from, cx.now);
                    self.wanted.insert(from);
                }
                RosterResponse::Differs
            }
            None => {
                if version > cx.chain.last_version() {
                    self.wanted.insert(from);
                }
                RosterResponse::Unknown
            }
        }
    }

    /// Notes the rosters that a member names beside those of the own line.
    fn note_named(&mut self, chain: &RosterChain, from: Oin, conflicts: &[RosterName]) {
        for name in conflicts {
            let is_beside = chain.digest_of(name.version).is_some_and(|held| held != name.digest);
            let known = self.conflicts.document(name).is_some();
            if is_beside && !known && self.conflicts.has_room() && self.named.len() < MAX_NAMED {
                self.named.insert(*name, from);
            }
        }
    }

    /// Reads the response to an own request; a version in it is asked on from.
    pub(crate) fn response(
        &mut self,
        id: RequestId,
        frame: &[u8],
        chain: &mut RosterChain,
        sight: FirstSight,
    ) -> Result<(), ResponseError> {
        let Some((member, asked)) = self.pending.remove(&id) else { return Ok(()) };
        let response = cbor::from_slice::<RosterResponse>(frame).map_err(|_| ResponseError::Malformed)?;
        let signed = match (response, asked) {
            (RosterResponse::Unknown, _) | (RosterResponse::Differs, Asked::Document(_)) => return Ok(()),
            (RosterResponse::Differs, Asked::Newer { version }) => {
                if self.walk.is_none()
                    && !self.pending.values().any(|(_, what)| matches!(what, Asked::Walk(_)))
                {
                    self.walk = Walk::below(member, version, chain).map(Box::new);
                }
                return Ok(());
            }
            (RosterResponse::Differs, Asked::Walk(walk)) => {
                self.walk = walk.differs(chain).map(Box::new);
                return Ok(());
            }
            (RosterResponse::Next { wire }, asked) => {
                let signed = SignedRoster::parse(&wire).map_err(|_| ResponseError::Malformed)?;
                match asked {
                    Asked::Newer { .. } => signed,
                    Asked::Document(name) if signed.digest() == name.digest => {
                        return self
                            .take_beside(chain, &signed, sight.seen)
                            .map_err(|_| ResponseError::NotSigned);
                    }
                    Asked::Document(_) => return Err(ResponseError::NotSigned),
                    Asked::Walk(walk) => {
                        let known = |digest: &Digest| self.decisions.sight(digest);
                        match walk.next(signed, chain, known, sight)? {
                            Found::More(walk, beside) => {
                                self.walk = Some(walk);
                                self.keep(chain, beside.as_ref(), sight.seen);
                                return Ok(());
                            }
                            Found::Done(beside) => {
                                self.keep(chain, beside.as_ref(), sight.seen);
                                return Ok(());
                            }
                            Found::Newer(signed) => signed,
                        }
                    }
                }
            }
        };
        match chain.receive(signed.clone(), sight) {
            Ok(_) => {
                self.wanted.insert(member);
                Ok(())
            }
            // Not now, or not here: that it exists is no fault of whoever tells.
            Err(RosterError::Superseded | RosterError::TooManyWaiting | RosterError::GovernorsWait) => Ok(()),
            // Another member was quicker with the same version, or with another one of the same number.
            Err(RosterError::NotTheNext { held, found }) if found <= held => {
                if chain.digest_of(found) == Some(signed.digest()) {
                    return Ok(());
                }
                self.take_beside(chain, &signed, sight.seen).map_err(|_| ResponseError::NotSigned)
            }
            Err(_) => Err(ResponseError::NotSigned),
        }
    }

    /// Takes a roster that the own organisation offers: the next version, one beside a version that is held, or one that
    /// decides between those.
    pub(crate) fn offered(
        &mut self,
        chain: &mut RosterChain,
        signed: &SignedRoster,
        sight: FirstSight,
    ) -> Result<(), RosterError> {
        let refused = match chain.receive(signed.clone(), sight) {
            Ok(_) => return Ok(()),
            Err(refused) => refused,
        };
        if !matches!(refused, RosterError::NotTheNext { .. }) {
            return Err(refused);
        }
        let (version, previous, decides) = signed.says()?;
        let before = previous.filter(|_| decides).and_then(|previous| self.conflicts.by_digest(&previous));
        if let Some(mut line) = before.and_then(|before| chain.beside(before).ok()) {
            line.accept(signed.clone())?;
            let sight = self.decisions.sight(&signed.digest()).unwrap_or(sight);
            return chain.cross(line, sight).map(|_| ());
        }
        if chain.digest_of(version).is_none() || self.take_beside(chain, signed, sight.seen).is_err() {
            return Err(refused);
        }
        Err(RosterError::Conflict { version })
    }

    /// Keeps a roster that governors signed beside one that is held, or after one that is kept.
    fn take_beside(
        &mut self,
        chain: &RosterChain,
        signed: &SignedRoster,
        now: Timestamp,
    ) -> Result<(), RosterError> {
        if let Err(refused) = chain.beside(signed) {
            let (_, previous, _) = signed.says()?;
            let before = previous.and_then(|previous| self.conflicts.by_digest(&previous));
            signed.check_after(before.ok_or(refused)?)?;
        }
        self.keep(chain, Some(signed), now);
        Ok(())
    }

    fn keep(&mut self, chain: &RosterChain, beside: Option<&SignedRoster>, now: Timestamp) {
        let Some(signed) = beside else { return };
        let Ok((version, ..)) = signed.says() else { return };
        let name = RosterName { version, digest: signed.digest() };
        self.found |= self.conflicts.keep(chain, name, signed, now);
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

fn next(signed: &SignedRoster) -> RosterResponse {
    RosterResponse::Next { wire: signed.to_wire() }
}

/// Why a response is refused.
pub(crate) enum ResponseError {
    /// It cannot be read.
    Malformed,
    /// Its roster does not follow on the one held with enough governors' signatures.
    NotSigned,
}
