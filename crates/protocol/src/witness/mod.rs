//! Witnessing: members watch each other's logs, so that nobody can show one log here and another there, or take back what
//! was logged.
//!
//! A keeper shows its witnesses signed checkpoints with proofs that each continues the one before. A witness
//! remembers durably and then cosigns. Witnesses tell each other what they remember, so that two logs meet. What proves a
//! fork is kept and passed on to everybody.

mod evidence;
mod keeper;
mod memory;
mod message;
mod record;
mod stored;

use std::collections::BTreeMap;

use crypto::cbor;
use domain::{Oin, Timestamp};

use self::evidence::Evidence;
pub use self::evidence::{HeldChallenge, HeldFork};
use self::keeper::Keeper;
pub use self::keeper::{LostEntries, OwnLogStatus};
use self::memory::Memory;
pub use self::message::{
    COMPARED_PER_FRAME, LogKind, LogName, MAX_SHOWN_BYTES, Shown, WitnessRequest, WitnessResponse,
};
pub use self::record::{cosigned_key, cosigned_note};
pub(crate) use self::stored::{LogNow, StoredHashes};
use crate::effects::{Context, Effects};
use crate::{Collection, Conversation, Kept, RequestId, ResponseToken};

/// Seconds after which somebody who gave no answer, or none that helped, is asked again.
const RETRY_SECONDS: u64 = 10;

/// How witnessing stands. Holds no personal data.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WitnessStatus {
    /// The own logs, where there are witnesses for them.
    pub own: Vec<OwnLogStatus>,
    /// How many logs of others this node remembers.
    pub remembered: usize,
    /// Who signed two logs.
    pub forks: Vec<HeldFork>,
    /// Who did not show that two checkpoints are of one log.
    pub challenges: Vec<HeldChallenge>,
}

/// What an own request was for.
#[derive(Clone, Copy, Debug)]
enum Wanted {
    /// What a witness remembers of an own log.
    Recall(LogName),
    /// The cosignature of a checkpoint of an own log with this size.
    Cosignature(LogName, u64),
    /// What another witness remembers of a log that this one may have forgotten.
    Doubt(LogName),
    /// The answer of a keeper to a challenge.
    Answer(LogName),
    /// That another witness took a page; the log after which to go on.
    Compared(Option<LogName>),
    /// The next fork after a log.
    Forks(Option<LogName>),
    /// That it was heard.
    Nothing,
}

/// Own requests under way.
#[derive(Default)]
struct Asking(BTreeMap<RequestId, (Oin, Wanted)>);

impl Asking {
    fn ask(&mut self, member: Oin, wanted: Wanted, frame: Vec<u8>, fx: &mut Effects<'_>) {
        let id = fx.request(member, Conversation::Witness, frame);
        self.note(id, member, wanted);
    }

    fn note(&mut self, id: RequestId, member: Oin, wanted: Wanted) {
        self.0.insert(id, (member, wanted));
    }
}

/// The machine.
#[derive(Default)]
pub(crate) struct Witnesses {
    keeper: Keeper,
    memory: Memory,
    evidence: Evidence,
    asking: Asking,
    forks_asked_at: Option<Timestamp>,
    turn: usize,
}

impl Witnesses {
    /// Goes on with what was kept. The own main log is in a generation.
    pub(crate) fn restore(cx: &Context<'_>, kept: &mut Kept, generation: u32) -> Self {
        let mut witnesses = Self::default();
        let is_lost = !kept.take(Collection::MemoryLost).is_empty();
        witnesses.memory.restore(cx, &kept.take(Collection::Witnessed), is_lost);
        witnesses.evidence.restore(cx, &kept.take(Collection::LogEvidence));
        let name = LogName { keeper: cx.identity.oin, kind: LogKind::Main, generation };
        witnesses.keeper.restore_signed(&kept.take(Collection::SignedLog));
        witnesses.keeper.begin(name);
        witnesses.keeper.restore(cx, &kept.take(Collection::CosignedCheckpoint));
        witnesses
    }

    /// The data folder was made of a backup: what was witnessed is not in it.
    pub(crate) fn note_restore(&mut self, fx: &mut Effects<'_>) {
        self.memory.note_loss(fx);
    }

    /// The main log goes on as the newest generation that governors approved.
    pub(crate) fn follow_roster(&mut self, cx: &Context<'_>, fx: &mut Effects<'_>) {
        let approved = cx.roster.log_generations(&cx.identity.oin).max_by_key(|one| one.generation);
        if let Some(approved) = approved.filter(|one| one.generation > fx.log_generation()) {
            fx.begin_log_generation(approved);
            let generation = approved.generation;
            let name = LogName { keeper: cx.identity.oin, kind: LogKind::Main, generation };
            self.keeper.begin(name);
        }
    }

    /// Whether a member is proven to have signed two logs: nothing is evaluated for it.
    pub(crate) fn is_forked(&self, cx: &Context<'_>, keeper: &Oin) -> bool {
        self.evidence.is_forked(cx.roster, keeper)
    }

    /// Time has passed.
    pub(crate) fn tick(&mut self, cx: &Context<'_>, fx: &mut Effects<'_>) {
        if cx.roster.accountability().witnesses.members.is_empty() {
            return;
        }
        self.keeper.want_at_intervals(cx, fx.log_now());
        self.memory.talk(cx, &mut self.asking, fx);
        self.evidence.ask_keepers(cx, &mut self.asking, fx);
        let interval = u64::from(cx.roster.rules().publish_interval_seconds);
        if !cx.connected.is_empty() && self.forks_asked_at.is_none_or(|asked| cx.now.since(asked) >= interval)
        {
            self.forks_asked_at = Some(cx.now);
            self.turn = self.turn.wrapping_add(1);
            if let Some(member) = cx.connected.iter().nth(self.turn % cx.connected.len()) {
                self.ask_forks(*member, None, fx);
            }
        }
    }

    /// Sends what is to be sent now.
    pub(crate) fn advance(&mut self, cx: &Context<'_>, fx: &mut Effects<'_>) {
        self.keeper.advance(cx, &self.evidence, &mut self.asking, fx);
    }

    fn ask_forks(&mut self, member: Oin, after: Option<LogName>, fx: &mut Effects<'_>) {
        let frame = cbor::to_vec(&WitnessRequest::Forks { after });
        self.asking.ask(member, Wanted::Forks(after), frame, fx);
    }

    /// Answers a member.
    pub(crate) fn request(
        &mut self,
        cx: &Context<'_>,
        (from, token): (Oin, ResponseToken),
        frame: &[u8],
        fx: &mut Effects<'_>,
    ) {
        let (memory, evidence, asking) = (&mut self.memory, &mut self.evidence, &mut self.asking);
        let response = match cbor::from_slice::<WitnessRequest>(frame) {
            Ok(WitnessRequest::Recall { log }) => memory.recall(cx, from, &log),
            Ok(WitnessRequest::Show { shown, proof }) => {
                memory.show(cx, from, (&shown, &proof), (evidence, asking), fx)
            }
            Ok(WitnessRequest::Challenge { log, challenge }) => {
                if self.answer(cx, token, (&log, &challenge), fx) {
                    return;
                }
                WitnessResponse::Nothing
            }
            Ok(WitnessRequest::Compare { shown }) => {
                memory.compare(cx, from, &shown, (evidence, asking), fx);
                WitnessResponse::Nothing
            }
            Ok(WitnessRequest::Evidence { log, proof }) => {
                evidence.take_fork(cx, (log, &proof), asking, fx);
                WitnessResponse::Nothing
            }
            Ok(WitnessRequest::Forks { after }) => match evidence.next_fork(cx.roster, after) {
                Some((log, proof)) => WitnessResponse::Forked { log, proof },
                None => WitnessResponse::Nothing,
            },
            Err(_) => {
                fx.refused.malformed_frames += 1;
                WitnessResponse::Nothing
            }
        };
        fx.respond(token, cbor::to_vec(&response));
    }

    /// Answers a challenge to an own log with a proof, when the log has both sizes.
    fn answer(
        &self,
        cx: &Context<'_>,
        token: ResponseToken,
        (log, challenge): (&LogName, &[u8]),
        fx: &mut Effects<'_>,
    ) -> bool {
        let own = self.keeper.now_of(log).filter(|_| log.keeper == cx.identity.oin);
        let key = cx.identity.log_key.verifying_key();
        let sizes = audit::Challenge::from_bytes(challenge)
            .and_then(|challenge| challenge.verify(&log.origin(cx.roster.network()), &key));
        let Some((own, (earlier, later))) =
            own.zip(sizes.ok()).filter(|(own, (_, later))| *later <= own.size)
        else {
            return false;
        };
        let (records, proof) = own.hashes.proof(earlier, later);
        let frame = move |found| {
            let proof = proof(found);
            cbor::to_vec(
                &proof.map_or(WitnessResponse::Nothing, |proof| WitnessResponse::Consistent { proof }),
            )
        };
        let most_bytes = Conversation::Witness.max_request_bytes();
        fx.respond_quoting(token, records, most_bytes, Box::new(frame));
        true
    }

    /// Reads the answer to an own request.
    pub(crate) fn response(&mut self, cx: &Context<'_>, id: RequestId, frame: &[u8], fx: &mut Effects<'_>) {
        let Some((from, wanted)) = self.asking.0.remove(&id) else { return };
        let Ok(response) = cbor::from_slice::<WitnessResponse>(frame) else {
            fx.refused.malformed_frames += 1;
            return self.no_answer(cx, from, wanted, fx);
        };
        let (memory, evidence, asking) = (&mut self.memory, &mut self.evidence, &mut self.asking);
        match (wanted, response) {
            (Wanted::Recall(log), WitnessResponse::Recalled { note }) => {
                self.keeper.recalled(cx, (from, log), note.as_ref().map(|note| note.as_slice()), true, fx);
            }
            (Wanted::Cosignature(log, _), WitnessResponse::Recalled { note }) => {
                self.keeper.recalled(cx, (from, log), note.as_ref().map(|note| note.as_slice()), false, fx);
            }
            (Wanted::Cosignature(log, size), WitnessResponse::Cosigned { cosignature }) => {
                self.keeper.cosigned_by(cx, (from, log, size), &cosignature, fx);
            }
            (Wanted::Cosignature(own, _), WitnessResponse::Forked { log, proof }) => {
                self.keeper.not_answered(from, own);
                evidence.take_fork(cx, (log, &proof), asking, fx);
            }
            (Wanted::Doubt(log), WitnessResponse::Recalled { note }) => {
                let note = note.as_ref().map(|note| note.as_slice());
                memory.take_recalled(cx, (from, log), note, (evidence, asking), fx);
            }
            (Wanted::Answer(log), WitnessResponse::Consistent { proof }) => {
                evidence.take_answer(cx, &log, Some(&proof), fx);
            }
            (Wanted::Compared(after), WitnessResponse::Nothing) => memory.told(from, after),
            (Wanted::Forks(after), WitnessResponse::Forked { log, proof }) => {
                // Whoever cannot count could go on for ever.
                if evidence.take_fork(cx, (log, &proof), asking, fx) && Some(log) > after {
                    self.ask_forks(from, Some(log), fx);
                }
            }
            (wanted, _) => self.no_answer(cx, from, wanted, fx),
        }
    }

    /// An own request got no answer.
    pub(crate) fn failed(&mut self, id: RequestId) {
        if let Some((from, Wanted::Recall(log) | Wanted::Cosignature(log, _))) = self.asking.0.remove(&id) {
            self.keeper.not_answered(from, log);
        }
    }

    /// An answer that does not help.
    fn no_answer(&mut self, cx: &Context<'_>, from: Oin, wanted: Wanted, fx: &mut Effects<'_>) {
        match wanted {
            Wanted::Recall(log) | Wanted::Cosignature(log, _) => self.keeper.not_answered(from, log),
            Wanted::Answer(log) => self.evidence.take_answer(cx, &log, None, fx),
            Wanted::Doubt(_) | Wanted::Compared(_) | Wanted::Forks(_) | Wanted::Nothing => {}
        }
    }

    pub(crate) fn clock_went_back(&mut self) {
        self.keeper.clock_went_back();
        self.memory.clock_went_back();
        self.evidence.clock_went_back();
        self.forks_asked_at = None;
    }

    pub(crate) fn status(&self, cx: &Context<'_>) -> WitnessStatus {
        WitnessStatus {
            own: self.keeper.status(cx),
            remembered: self.memory.len(),
            forks: self.evidence.forks(cx.roster),
            challenges: self.evidence.challenges(),
        }
    }
}
