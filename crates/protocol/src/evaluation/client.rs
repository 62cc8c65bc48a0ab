//! The asker's side: linkage keys in, pseudonym keys out.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use audit::{EvaluationLeaf, EvaluationPurpose, Event, KeySetName, Quota};
use crypto::{
    BlindedBatch, Digest, Evaluation, Keyholder, PseudonymKey, SeedSequence, VerifiedEvaluation, cbor,
};
use domain::{Epoch, KeyClass, Oin, Timestamp};
use linkage::LinkageKey;

use super::message::{EvaluationRefusal, EvaluationResponse, pack, unpack};
use super::own_log::{Carriers, Logged, OwnLog, Room};
use crate::ceremony::{KeyId, KeyMaterial};
use crate::effects::{Context, Effects};
use crate::log::Happening;
use crate::{EvaluationCount, Notice, QuotaSpent, RequestId};

/// Batches asked for at the same time. Two keep a keyholder busy while results are combined; more would only grow
/// the keyholders' queues, since all members share them.
const BATCHES_UNDER_WAY: usize = 2;

/// Seconds during which a keyholder that failed or refused is not asked again.
const REST_SECONDS: u64 = 2;

/// Seconds during which a keyholder whose proof failed is not asked again.
const DISTRUST_SECONDS: u64 = 300;

/// Longest time for which a keyholder is believed that a quota is spent.
const QUOTA_SECONDS: u64 = 3_600;

/// Keys that got their pseudonym.
pub(crate) struct Evaluated {
    /// Each in its epoch.
    pub(crate) pseudonyms: Vec<(Epoch, LinkageKey, PseudonymKey)>,
}

/// Linkage keys that wait, and batches under way.
pub(crate) struct EvaluationClient {
    log: OwnLog,
    queued: BTreeMap<KeyId, VecDeque<(LinkageKey, EvaluationPurpose)>>,
    /// Keys in a queue or a batch, so that families that share a key have it evaluated once.
    known: BTreeMap<Epoch, BTreeSet<LinkageKey>>,
    batches: BTreeMap<u64, BatchUnderWay>,
    requests: BTreeMap<RequestId, (u64, u16)>,
    /// Until when each keyholder is left alone.
    resting: BTreeMap<u16, Timestamp>,
    /// Keyholders that said that they hold no share of a key set. They are not asked for it until they reconnect.
    without_share: BTreeSet<(Oin, Digest)>,
    /// The quota of each is spent: until when, if there is a moment.
    spent: BTreeMap<KeyId, Option<Timestamp>>,
    last_batch: u64,
    evaluated: usize,
}

struct BatchUnderWay {
    leaf: EvaluationLeaf,
    key: KeyId,
    keys: Vec<LinkageKey>,
    /// Keyholders that will not evaluate this before a moment.
    later: BTreeMap<u16, Timestamp>,
    blinded: BlindedBatch,
    /// Keyholders asked that have not answered.
    asked: BTreeSet<u16>,
    verified: BTreeMap<u16, VerifiedEvaluation>,
}

impl EvaluationClient {
    /// With the own log as far as it was kept.
    pub(crate) fn new(log: OwnLog) -> Self {
        Self {
            log,
            queued: BTreeMap::new(),
            known: BTreeMap::new(),
            batches: BTreeMap::new(),
            requests: BTreeMap::new(),
            resting: BTreeMap::new(),
            without_share: BTreeSet::new(),
            spent: BTreeMap::new(),
            last_batch: 0,
            evaluated: 0,
        }
    }

    /// Queues keys for their pseudonym in an epoch; those already queued or under way are left alone.
    pub(crate) fn want(
        &mut self,
        epoch: Epoch,
        purpose: EvaluationPurpose,
        keys: impl IntoIterator<Item = LinkageKey>,
    ) {
        let known = self.known.entry(epoch).or_default();
        for key in keys {
            if known.insert(key.clone()) {
                let class = key.kind().class();
                self.queued.entry(KeyId { epoch, class }).or_default().push_back((key, purpose));
            }
        }
    }

    /// Lets go of everything wanted in an epoch, of one class or of all.
    pub(crate) fn give_up(&mut self, epoch: Epoch, class: Option<KeyClass>) {
        let goes = |key: &KeyId| key.epoch == epoch && class.is_none_or(|class| key.class == class);
        self.queued.retain(|key, _| !goes(key));
        self.batches.retain(|_, batch| !goes(&batch.key));
        self.count_known();
    }

    /// Lets go of keys that nobody carries any more, queued or in a batch of which no key is wanted.
    pub(crate) fn keep_only(&mut self, wanted: impl Fn(&LinkageKey) -> bool) {
        self.batches.retain(|_, batch| batch.keys.iter().any(&wanted));
        for queue in self.queued.values_mut() {
            queue.retain(|(key, _)| wanted(key));
        }
        self.count_known();
    }

    fn count_known(&mut self) {
        self.known.clear();
        let queued = self
            .queued
            .iter()
            .map(|(key, queue)| (key.epoch, queue.iter().map(|(key, _)| key).collect::<Vec<_>>()));
        let under_way = self.batches.values().map(|batch| (batch.key.epoch, batch.keys.iter().collect()));
        for (epoch, keys) in queued.chain(under_way) {
            self.known.entry(epoch).or_default().extend(keys.into_iter().cloned());
        }
    }

    /// Keys without a pseudonym in an epoch.
    pub(crate) fn waiting(&self, epoch: Epoch) -> usize {
        self.known.get(&epoch).map_or(0, BTreeSet::len)
    }

    /// Classes of keys of which the quota is spent while keys wait.
    pub(crate) fn spent(&self) -> impl Iterator<Item = QuotaSpent> {
        let waits = |key: &KeyId| self.queued.get(key).is_some_and(|queue| !queue.is_empty());
        let spent = self.spent.iter().filter(move |(key, _)| waits(key));
        spent.map(|(key, until)| QuotaSpent { epoch: key.epoch, class: key.class, until: *until })
    }

    /// What was counted under each key set that is evaluated under now.
    pub(crate) fn counts(&self, cx: &Context<'_>, material: &KeyMaterial) -> Vec<EvaluationCount> {
        let epochs = cx.epochs.in_force().into_iter().chain(cx.epochs.next);
        let all = epochs.flat_map(|epoch| KeyClass::ALL.map(|class| (epoch, class)));
        let count = |(epoch, class): (Epoch, KeyClass)| {
            let key_set = material.key_set(epoch, class).filter(|_| cx.epochs.is_evaluated(epoch, class))?;
            let counted = self.log.counted(&KeySetName { epoch, class, digest: key_set.digest() });
            let quota = Quota::of_member(cx.roster, &cx.identity.oin, class);
            let allowed = quota.map(|quota| quota.allowance(cx.roster.start_of(epoch), cx.now));
            Some(EvaluationCount { epoch, class, counted, allowed })
        };
        all.filter_map(count).collect()
    }

    /// Keys evaluated in this run.
    pub(crate) fn evaluated(&self) -> usize {
        self.evaluated
    }

    /// A keyholder is back, maybe with what it lost.
    pub(crate) fn connected(&mut self, member: Oin) {
        self.without_share.retain(|(keyholder, _)| *keyholder != member);
    }

    /// Keyholders that can be asked now, this node included when it holds a share: for the class that has the fewest.
    /// Before there is a key, the keyholders that are there to make one.
    pub(crate) fn reachable(&self, cx: &Context<'_>, material: &KeyMaterial) -> usize {
        let in_hand = KeyClass::ALL.into_iter().filter_map(|class| {
            let epoch = cx.epochs.entered(class);
            let made = material.key_set(epoch, class)?;
            let section = cx.chain.section(&made.ceremony().section)?;
            let holds = |keyholder: &&Keyholder| {
                made.verifying_share(keyholder.index).is_some()
                    && if keyholder.oin == cx.identity.oin {
                        material.share(epoch, class).is_some()
                    } else {
                        cx.connected.contains(&keyholder.oin)
                            && !self.without_share.contains(&(keyholder.oin, made.digest()))
                    }
            };
            Some(section.keyholders.iter().filter(holds).count())
        });
        let here = |oin: &Oin| *oin == cx.identity.oin || cx.connected.contains(oin);
        in_hand.min().unwrap_or_else(|| {
            let section = cx.roster.keyholder_section();
            section.keyholders.iter().filter(|keyholder| here(&keyholder.oin)).count()
        })
    }

    /// Forms batches, asks keyholders, and combines what is complete.
    pub(crate) fn advance(
        &mut self,
        cx: &Context<'_>,
        material: &KeyMaterial,
        (seeds, carriers): (&mut SeedSequence, Carriers<'_>),
        fx: &mut Effects<'_>,
    ) -> Evaluated {
        let mut done = Evaluated { pseudonyms: Vec::new() };
        self.leave_behind(cx);
        self.log.look_at_time(cx.now, cx.epochs.oldest_in_force());
        self.log.hear(cx, &cx.roster.keyholder_section(), fx);
        loop {
            self.form_batches(cx, material, (seeds, carriers), fx);
            let before = done.pseudonyms.len();
            let numbers: Vec<u64> = self.batches.keys().copied().collect();
            for number in numbers {
                self.ask(number, cx, material, seeds, fx);
                done.pseudonyms.extend(self.combine(number, material, fx));
            }
            if done.pseudonyms.len() == before {
                self.evaluated += done.pseudonyms.len();
                return done;
            }
        }
    }

    /// Gives up what nobody evaluates any more: its epoch was left, and the next one is entered.
    fn leave_behind(&mut self, cx: &Context<'_>) {
        let queued = self.queued.iter().filter(|(_, queue)| !queue.is_empty()).map(|(key, _)| *key);
        let keys: BTreeSet<KeyId> = queued.chain(self.batches.values().map(|batch| batch.key)).collect();
        for key in keys.into_iter().filter(|key| key.epoch < cx.epochs.entered(key.class)) {
            self.give_up(key.epoch, Some(key.class));
        }
    }

    fn form_batches(
        &mut self,
        cx: &Context<'_>,
        material: &KeyMaterial,
        (seeds, carriers): (&mut SeedSequence, Carriers<'_>),
        fx: &mut Effects<'_>,
    ) {
        self.spent.clear();
        if !OwnLog::is_named(cx) {
            return;
        }
        for (id, queue) in &mut self.queued {
            let KeyId { epoch, class } = *id;
            let Some(key_set) = material.key_set(epoch, class) else { continue };
            if queue.is_empty() || !cx.epochs.is_evaluated(epoch, class) {
                continue;
            }
            let Some(section) = cx.chain.section(&key_set.ceremony().section) else { continue };
            self.log.hear(cx, section, fx);
            if !self.log.is_heard(cx, section) {
                continue;
            }
            let name = KeySetName { epoch, class, digest: key_set.digest() };
            while !queue.is_empty()
                && self.batches.values().filter(|batch| batch.key == *id).count() < BATCHES_UNDER_WAY
            {
                let room = match self.log.room(cx, &name) {
                    Room::Elements(room) => room,
                    Room::From(moment) => {
                        self.spent.insert(*id, Some(moment));
                        break;
                    }
                    Room::Never => {
                        self.spent.insert(*id, None);
                        break;
                    }
                };
                let taken: Vec<(LinkageKey, EvaluationPurpose)> =
                    queue.drain(..queue.len().min(room)).collect();
                // One that was registered now is what the request is for; others go along.
                let purpose = taken.iter().map(|(_, purpose)| *purpose).min();
                let keys: Vec<LinkageKey> = taken.into_iter().map(|(key, _)| key).collect();
                let what = (name, purpose.unwrap_or(EvaluationPurpose::Renewal));
                let Some(Logged { leaf, blinded }) = self.log.request(cx, what, &keys, carriers, seeds, fx)
                else {
                    continue;
                };
                self.last_batch += 1;
                let batch = BatchUnderWay {
                    leaf,
                    key: *id,
                    keys,
                    later: BTreeMap::new(),
                    blinded,
                    asked: BTreeSet::new(),
                    verified: BTreeMap::new(),
                };
                self.batches.insert(self.last_batch, batch);
            }
        }
    }

    /// Asks as many keyholders as are still needed; an own share needs no asking.
    fn ask(
        &mut self,
        number: u64,
        cx: &Context<'_>,
        material: &KeyMaterial,
        seeds: &mut SeedSequence,
        fx: &mut Effects<'_>,
    ) {
        let Some(batch) = self.batches.get_mut(&number) else { return };
        let Some(key_set) = material
            .key_set(batch.key.epoch, batch.key.class)
            .filter(|set| set.digest() == batch.leaf.key_set.digest)
        else {
            return;
        };
        if let Some(share) = material.share(batch.key.epoch, batch.key.class)
            && !batch.verified.contains_key(&share.index())
            && let Ok(evaluation) = share.evaluate(batch.blinded.elements(), &seeds.next("evaluate"))
            && let Ok(verified) = batch.blinded.verify(key_set, share.index(), &evaluation)
        {
            batch.verified.insert(share.index(), verified);
        }
        let Some(section) = cx.chain.section(&key_set.ceremony().section) else { return };
        // Each batch starts at another keyholder, so that the work spreads.
        let start = usize::try_from(number).unwrap_or(0) % section.keyholders.len().max(1);
        let (before, after) = section.keyholders.split_at(start);
        for keyholder in after.iter().chain(before) {
            if batch.verified.len() + batch.asked.len() >= usize::from(key_set.threshold()) {
                break;
            }
            let index = keyholder.index;
            let until =
                |held: &BTreeMap<u16, Timestamp>| held.get(&index).is_some_and(|until| cx.now < *until);
            let rests = until(&self.resting) || until(&batch.later);
            if rests
                || !cx.connected.contains(&keyholder.oin)
                || batch.asked.contains(&index)
                || batch.verified.contains_key(&index)
                || key_set.verifying_share(index).is_none()
                || self.without_share.contains(&(keyholder.oin, batch.leaf.key_set.digest))
            {
                continue;
            }
            let elements = pack(batch.blinded.elements());
            let Some(id) = self.log.ask(keyholder.oin, batch.leaf.place, elements, fx) else { continue };
            batch.asked.insert(index);
            self.requests.insert(id, (number, index));
        }
    }

    fn combine(
        &mut self,
        number: u64,
        material: &KeyMaterial,
        fx: &mut Effects<'_>,
    ) -> Vec<(Epoch, LinkageKey, PseudonymKey)> {
        let Some(batch) = self.batches.get(&number) else { return Vec::new() };
        let Some(key_set) = material
            .key_set(batch.key.epoch, batch.key.class)
            .filter(|set| set.digest() == batch.leaf.key_set.digest)
        else {
            return Vec::new();
        };
        if batch.verified.len() < usize::from(key_set.threshold()) {
            return Vec::new();
        }
        let Some(batch) = self.batches.remove(&number) else { return Vec::new() };
        let epoch = batch.key.epoch;
        if let Some(known) = self.known.get_mut(&epoch) {
            for key in &batch.keys {
                known.remove(key);
            }
        }
        let verified: Vec<VerifiedEvaluation> = batch.verified.into_values().collect();
        match batch.blinded.finish(key_set, &verified) {
            Ok(pseudonyms) => {
                fx.record(Happening::new(Event::EvaluationGranted { leaf: batch.leaf.place }));
                let pairs = batch.keys.into_iter().zip(pseudonyms);
                pairs.map(|(key, pseudonym)| (epoch, key, pseudonym)).collect()
            }
            Err(_) => {
                self.want(epoch, batch.leaf.purpose, batch.keys);
                Vec::new()
            }
        }
    }

    /// Takes a keyholder's answer.
    pub(crate) fn response(
        &mut self,
        cx: &Context<'_>,
        material: &KeyMaterial,
        id: RequestId,
        from: Oin,
        frame: &[u8],
        fx: &mut Effects<'_>,
    ) {
        if self.log.finish(id).is_some() {
            self.told(cx, from, frame, fx);
            return;
        }
        let Some((number, index)) = self.requests.remove(&id) else { return };
        let Some(batch) = self.batches.get_mut(&number) else { return };
        batch.asked.remove(&index);
        let Some(key_set) = material.key_set(batch.key.epoch, batch.key.class) else { return };
        let evaluation = match cbor::from_slice::<EvaluationResponse>(frame) {
            Ok(EvaluationResponse::Evaluated { elements, proof }) => {
                self.log.has_taken(from, batch.leaf.place);
                unpack(&elements).map(|elements| Evaluation { elements, proof })
            }
            Ok(EvaluationResponse::Refused { reason }) => {
                self.refused(cx.now, (number, index), from, reason);
                return;
            }
            Ok(EvaluationResponse::Holds { .. }) | Err(_) => None,
        };
        let Some(evaluation) = evaluation else {
            fx.refused.malformed_frames += 1;
            self.resting.insert(index, cx.now.plus(DISTRUST_SECONDS));
            return;
        };
        match batch.blinded.verify(key_set, index, &evaluation) {
            Ok(verified) => {
                batch.verified.insert(index, verified);
            }
            Err(_) => {
                fx.refused.failing_proofs += 1;
                self.resting.insert(index, cx.now.plus(DISTRUST_SECONDS));
                fx.notice(Notice::FailingProof { keyholder: from });
            }
        }
    }

    /// A keyholder told what it holds of the own log, because it was asked or was shown leaves.
    fn told(&mut self, cx: &Context<'_>, from: Oin, frame: &[u8], fx: &mut Effects<'_>) {
        let is_good = match cbor::from_slice::<EvaluationResponse>(frame) {
            Ok(EvaluationResponse::Holds { size, leaves, checkpoint }) => {
                self.log.told(cx, from, (size, &leaves, &checkpoint), fx)
            }
            Ok(EvaluationResponse::Refused { reason: EvaluationRefusal::Missing { from: place } }) => {
                self.log.lacks(from, place, cx.now)
            }
            Ok(EvaluationResponse::Evaluated { .. } | EvaluationResponse::Refused { .. }) => false,
            Err(_) => {
                fx.refused.malformed_frames += 1;
                false
            }
        };
        if !is_good {
            self.log.failed(from, cx.now);
        }
    }

    /// A keyholder does not evaluate a batch.
    fn refused(&mut self, now: Timestamp, (number, index): (u64, u16), from: Oin, reason: EvaluationRefusal) {
        let Some(batch) = self.batches.get_mut(&number) else { return };
        match reason {
            EvaluationRefusal::NoShare => {
                self.without_share.insert((from, batch.leaf.key_set.digest));
            }
            // It is asked again at once, with those leaves.
            EvaluationRefusal::Missing { from: place } if self.log.lacks(from, place, now) => {}
            EvaluationRefusal::OverQuota { again } => {
                self.log.has_taken(from, batch.leaf.place);
                let latest = now.plus(QUOTA_SECONDS);
                batch.later.insert(index, again.unwrap_or(latest).min(latest));
            }
            EvaluationRefusal::TwoLogs | EvaluationRefusal::NotCounted | EvaluationRefusal::NoLogKey => {
                self.resting.insert(index, now.plus(DISTRUST_SECONDS));
            }
            EvaluationRefusal::UnknownKeySet
            | EvaluationRefusal::NotEntitled
            | EvaluationRefusal::Malformed
            | EvaluationRefusal::Missing { .. } => {
                self.resting.insert(index, now.plus(REST_SECONDS));
            }
        }
    }

    /// The clock was set right after it had been ahead: nobody rests until a moment of then.
    pub(crate) fn clock_went_back(&mut self) {
        self.resting.clear();
        self.log.clock_went_back();
        for batch in self.batches.values_mut() {
            batch.later.clear();
        }
    }

    /// A keyholder did not answer.
    pub(crate) fn failed(&mut self, now: Timestamp, id: RequestId) {
        if let Some(keyholder) = self.log.finish(id) {
            self.log.failed(keyholder, now);
            return;
        }
        let Some((number, index)) = self.requests.remove(&id) else { return };
        self.resting.insert(index, now.plus(REST_SECONDS));
        if let Some(batch) = self.batches.get_mut(&number) {
            batch.asked.remove(&index);
        }
    }
}
