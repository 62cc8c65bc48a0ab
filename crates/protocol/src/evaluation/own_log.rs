//! The own evaluation log: a leaf for every request, on disk before a keyholder sees it.
//!
//! A data folder can be older than what its node has asked: it was restored from a backup, or a snapshot of the machine
//! was put back. So before the first leaf after a start keyholders are asked which leaves they hold; what this node lost
//! it takes back from there, under its own signature. What was asked in those cannot be opened any more.

use std::collections::{BTreeMap, BTreeSet};

use audit::evaluation::{SIZE_CLASSES, elements_root, filling_input, size_class};
use audit::{
    Checkpoint, Commitment, Counters, Day, EvaluationLeaf, EvaluationPurpose, Event, KeySetName, Officers,
    Origin, Quota, QuotaAnswer, Salt, SealedSeed, SignedCheckpoint, TreeHash,
};
use crypto::{BlindedBatch, Digest, KeyholderSection, Seed, SeedSequence, TypeName, cbor, oprf_input};
use domain::{Epoch, FamilyRef, Oin, Timestamp};
use linkage::LinkageKey;
use minicbor::bytes::ByteVec;

use super::message::{EvaluationRequest, LEAVES_PER_PAGE};
use super::record::{
    AskedInput, AskedInputs, INPUTS_PER_RECORD, OwnLeaf, inputs_key, own_head_key, own_leaf_key,
};
use crate::effects::{Context, Effects, Records};
use crate::log::Happening;
use crate::{Collection, Conversation, RequestId, Scope};

/// Seconds during which a keyholder that told nothing useful is not asked again.
const REST_SECONDS: u64 = 2;

/// Failed or useless answers after which a connected keyholder is no longer waited for.
const PATIENCE: u32 = 3;

/// Most leaves taken back from one keyholder at once.
const MAX_LOST: u64 = 1 << 17;

/// From which families a key comes.
pub(crate) type Carriers<'a> = &'a dyn Fn(&LinkageKey) -> Vec<FamilyRef>;

/// The log as it grows, and what keyholders know of it.
pub(crate) struct OwnLog {
    counters: Counters,
    today: Option<DaySeed>,
    heard: BTreeSet<Oin>,
    failures: BTreeMap<Oin, u32>,
    resting: BTreeMap<Oin, Timestamp>,
    asked: BTreeMap<RequestId, Oin>,
    /// How many leaves each keyholder holds, as far as it told.
    shown: BTreeMap<Oin, u64>,
    /// Leaves that were lost, as a keyholder tells them page by page.
    lost: BTreeMap<Oin, Vec<EvaluationLeaf>>,
}

/// What the requests of a day are blinded with. It is never on disk but sealed.
struct DaySeed {
    day: Day,
    seed: Seed,
    sealed: Digest,
    /// As it is sealed, until it is on disk.
    unkept: Option<SealedSeed>,
}

/// How much may still be asked under a key set.
pub(crate) enum Room {
    /// So many elements, those that fill a request up among them: as many as one request has, or more.
    Elements(usize),
    /// None yet; at this moment there will be.
    From(Timestamp),
    /// None.
    Never,
}

/// A request as it is to be sent.
pub(crate) struct Logged {
    pub(crate) leaf: EvaluationLeaf,
    pub(crate) blinded: BlindedBatch,
}

impl OwnLog {
    /// Goes on with what was kept.
    pub(crate) fn restore(head: Option<&[u8]>) -> Self {
        let counters = head.and_then(|bytes| Counters::from_bytes(bytes).ok());
        Self {
            counters: counters.unwrap_or_default(),
            today: None,
            heard: BTreeSet::new(),
            failures: BTreeMap::new(),
            resting: BTreeMap::new(),
            asked: BTreeMap::new(),
            shown: BTreeMap::new(),
            lost: BTreeMap::new(),
        }
    }

    /// How many leaves it has.
    pub(crate) fn size(&self) -> u64 {
        self.counters.size()
    }

    /// What was counted under a key set.
    pub(crate) fn counted(&self, key_set: &KeySetName) -> u64 {
        self.counters.counted(key_set)
    }

    /// Whether the roster names the key that this log is signed with. Without it no keyholder evaluates anything.
    pub(crate) fn is_named(cx: &Context<'_>) -> bool {
        cx.roster.log_key(&cx.identity.oin) == Some(cx.identity.log_key.verifying_key())
    }

    /// Lets go of the seed of a day that is over, and of counts under keys of epochs before this one.
    pub(crate) fn look_at_time(&mut self, now: Timestamp, oldest: Epoch) {
        if self.today.as_ref().is_some_and(|today| today.day != Day::of(now)) {
            self.today = None;
        }
        self.counters.forget_before(oldest);
    }

    /// Whether enough keyholders of a section told what they hold for one of them at least to know every leaf that was
    /// ever evaluated for.
    pub(crate) fn is_heard(&self, cx: &Context<'_>, section: &KeyholderSection) -> bool {
        let others: Vec<Oin> = section
            .keyholders
            .iter()
            .map(|keyholder| keyholder.oin)
            .filter(|oin| *oin != cx.identity.oin)
            .collect();
        let needed = (section.keyholders.len() + 1).saturating_sub(usize::from(section.threshold));
        let needed = needed.min(others.len());
        let tired = |oin: &&Oin| {
            cx.connected.contains(*oin) && self.failures.get(*oin).is_some_and(|failed| *failed >= PATIENCE)
        };
        others.iter().filter(|oin| self.heard.contains(*oin) || tired(oin)).count() >= needed
    }

    /// Asks connected keyholders of a section that did not tell yet.
    pub(crate) fn hear(&mut self, cx: &Context<'_>, section: &KeyholderSection, fx: &mut Effects<'_>) {
        for keyholder in &section.keyholders {
            let oin = keyholder.oin;
            let is_left = oin == cx.identity.oin
                || self.heard.contains(&oin)
                || !cx.connected.contains(&oin)
                || self.asked.values().any(|asked| *asked == oin)
                || self.resting.get(&oin).is_some_and(|until| cx.now < *until);
            if !is_left {
                self.ask_for_leaves(oin, fx);
            }
        }
    }

    fn ask_for_leaves(&mut self, from: Oin, fx: &mut Effects<'_>) {
        let told = self.lost.get(&from).map_or(0, Vec::len) as u64;
        let request = EvaluationRequest::Hear { from: self.size() + told };
        let id = fx.request(from, Conversation::Evaluation, cbor::to_vec(&request));
        self.asked.insert(id, from);
    }

    /// Whether a request is one of those that the log makes; it is over then.
    pub(crate) fn finish(&mut self, id: RequestId) -> Option<Oin> {
        self.asked.remove(&id)
    }

    /// The clock was set right: nobody rests until a moment of then.
    pub(crate) fn clock_went_back(&mut self) {
        self.resting.clear();
    }

    /// A keyholder told nothing useful.
    pub(crate) fn failed(&mut self, keyholder: Oin, now: Timestamp) {
        self.lost.remove(&keyholder);
        *self.failures.entry(keyholder).or_default() += 1;
        self.resting.insert(keyholder, now.plus(REST_SECONDS));
    }

    /// A keyholder told what it holds: what this node lost is taken back once it is whole and under the own signature.
    /// Returns whether the answer was any good.
    pub(crate) fn told(
        &mut self,
        cx: &Context<'_>,
        from: Oin,
        (size, leaves, checkpoint): (u64, &[ByteVec], &[u8]),
        fx: &mut Effects<'_>,
    ) -> bool {
        self.shown.insert(from, size);
        if size <= self.size() {
            self.lost.remove(&from);
            self.heard.insert(from);
            return true;
        }
        let read: Option<Vec<_>> =
            leaves.iter().map(|bytes| EvaluationLeaf::from_bytes(bytes).ok()).collect();
        let Some(read) = read.filter(|read| !read.is_empty() && size - self.size() <= MAX_LOST) else {
            return false;
        };
        let mut lost = self.lost.remove(&from).unwrap_or_default();
        // Told meanwhile by another, or this node went on by what others hold: from the beginning.
        if lost.first().or(read.first()).is_some_and(|first| first.place != self.size()) {
            self.ask_for_leaves(from, fx);
            return true;
        }
        lost.extend(read);
        let told = self.size() + lost.len() as u64;
        if told < size {
            self.lost.insert(from, lost);
            self.ask_for_leaves(from, fx);
            return true;
        }
        let is_back = self.take_back(cx, &lost, checkpoint, fx);
        if is_back {
            self.heard.insert(from);
        }
        is_back
    }

    /// Takes back leaves that were lost, if they are this log's by the own signature.
    fn take_back(
        &mut self,
        cx: &Context<'_>,
        lost: &[EvaluationLeaf],
        checkpoint: &[u8],
        fx: &mut Effects<'_>,
    ) -> bool {
        let (network, own) = (cx.roster.network(), cx.identity.oin);
        let key = cx.identity.log_key.verifying_key();
        let origin = Origin::evaluation_log(network, own);
        let Ok(signed) = SignedCheckpoint::verify(checkpoint, &origin, &key) else { return false };
        let mut counters = self.counters.clone();
        let mut records = Vec::with_capacity(lost.len());
        for leaf in lost {
            let Ok(hashes) = counters.take(leaf) else { return false };
            let Some(checkpoint) = signed_at(cx, &counters) else { return false };
            records.push(OwnLeaf { leaf: leaf.clone(), hashes, checkpoint, month: None });
        }
        let is_mine =
            (signed.checkpoint().size, signed.checkpoint().root) == (counters.size(), counters.root());
        if !is_mine {
            return false;
        }
        for record in records {
            fx.put(Collection::OwnLeaf, own_leaf_key(record.leaf.place), record.to_bytes());
            fx.cut();
        }
        self.counters = counters;
        self.keep_head(fx);
        true
    }

    fn keep_head(&self, fx: &mut Effects<'_>) {
        fx.put(Collection::OwnLeaves, own_head_key(), self.counters.to_bytes());
    }

    /// How many elements the next request may have.
    pub(crate) fn room(&self, cx: &Context<'_>, key_set: &KeySetName) -> Room {
        let most = SIZE_CLASSES.last().copied().unwrap_or_default();
        let Some(quota) = Quota::of_member(cx.roster, &cx.identity.oin, key_set.class) else {
            return Room::Elements(most);
        };
        let (counted, began) = (self.counted(key_set), cx.roster.start_of(key_set.epoch));
        let left = quota.allowance(began, cx.now).saturating_sub(counted);
        let left = usize::try_from(left).unwrap_or(usize::MAX);
        if let Some(size) = SIZE_CLASSES.into_iter().rev().find(|size| *size <= left) {
            return Room::Elements(size);
        }
        let least = SIZE_CLASSES.first().map_or(0, |size| *size as u64);
        match quota.answer(counted.saturating_add(least), began, cx.now) {
            QuotaAnswer::TryAgainAt(moment) => Room::From(moment),
            QuotaAnswer::Allowed | QuotaAnswer::Never => Room::Never,
        }
    }

    /// Logs a request for these keys, in both logs, and blinds it. `None` when it cannot be logged; then nothing is asked.
    pub(crate) fn request(
        &mut self,
        cx: &Context<'_>,
        (key_set, purpose): (KeySetName, EvaluationPurpose),
        keys: &[LinkageKey],
        carriers: Carriers<'_>,
        seeds: &mut SeedSequence,
        fx: &mut Effects<'_>,
    ) -> Option<Logged> {
        let (network, place) = (cx.roster.network(), self.size());
        // A clock that is set back does not take the log back.
        let day = Day::of(cx.now).max(self.counters.day());
        self.begin_day(cx, day, seeds);
        let today = self.today.as_ref()?;
        let mut request = [0; 16];
        request.copy_from_slice(seeds.next("request id").reveal().split_at(16).0);
        let size = size_class(keys.len())?;
        let asked =
            keys.iter().map(|key| oprf_input(&network, key_set.epoch, key.kind().dutch(), key.value()));
        let filling = (0_u32..).take(size).skip(keys.len());
        let filling = filling.map(|at| filling_input(&network, key_set.epoch, &today.seed, &request, at));
        let inputs: Vec<_> = asked.chain(filling).collect();
        // Only an input that hashes to the identity is refused: no such input is known to exist.
        let blinded = BlindedBatch::new(&inputs, &today.seed, &request).ok()?;

        let families: Vec<Vec<FamilyRef>> = keys.iter().map(carriers).collect();
        let named: BTreeSet<&FamilyRef> = families.iter().flatten().collect();
        let event = Event::EvaluationRequested { leaf: place, keys: u32::try_from(keys.len()).ok()? };
        let happening = match (named.first(), named.len()) {
            (Some(family), 1) => Happening::about(event, family),
            (Some(_) | None, _) => Happening::new(event),
        };
        let salt = Salt::from_seed(&seeds.next("cause"));
        let leaf = |cause| {
            Some(EvaluationLeaf {
                kind: TypeName::new(),
                place,
                request,
                key_set,
                day,
                count: u32::try_from(size).ok()?,
                counted: self.counters.counted(&key_set).checked_add(size as u64)?,
                elements: elements_root(blinded.elements()).ok()?,
                purpose,
                seed: today.sealed,
                cause,
            })
        };
        // Everything that can fail does so before anything is logged.
        let mut counters = self.counters.clone();
        counters.check(&leaf(Commitment::from_bytes([0; 32]))?).ok()?;
        let cause = fx.record(happening);
        let leaf = leaf(Commitment::to_cause(&salt, cause.place, cause.hash))?;
        let hashes: Vec<TreeHash> = counters.take(&leaf).ok()?;
        let checkpoint = signed_at(cx, &counters)?;
        self.counters = counters;

        let scope = Scope::Month(cause.month);
        let mut pieces = keys.chunks(INPUTS_PER_RECORD).zip(families.chunks(INPUTS_PER_RECORD)).zip(0_u32..);
        for ((keys, families), piece) in &mut pieces {
            let input = |(key, families): (&LinkageKey, &Vec<FamilyRef>)| {
                AskedInput::new(key.kind().dutch(), key.value(), families)
            };
            let inputs = keys.iter().zip(families).map(input).collect();
            let record = AskedInputs { cause: (*salt.reveal(), cause.place), inputs };
            let position = piece * INPUTS_PER_RECORD as u32;
            fx.put_in(scope, Collection::AskedInputs, inputs_key(place, position), record.to_bytes());
        }
        if let Some(sealed) = self.today.as_mut().and_then(|today| today.unkept.take()) {
            fx.put_in(scope, Collection::SealedSeed, sealed.digest().as_bytes().to_vec(), sealed.to_bytes());
        }
        let record = OwnLeaf { leaf: leaf.clone(), hashes, checkpoint, month: Some(cause.month) };
        fx.put(Collection::OwnLeaf, own_leaf_key(place), record.to_bytes());
        self.keep_head(fx);
        fx.cut();
        Some(Logged { leaf, blinded })
    }

    /// A new seed for a new day, sealed for the officers that the roster names.
    fn begin_day(&mut self, cx: &Context<'_>, day: Day, seeds: &mut SeedSequence) {
        if self.today.as_ref().is_some_and(|today| today.day == day) {
            return;
        }
        let seed = seeds.next("day");
        let (network, own) = (cx.roster.network(), cx.identity.oin);
        let officers = cx.roster.privacy_officer_key(&own).zip(cx.roster.fg_key(&own));
        let officers = officers.map(|(privacy_officer, supervisor)| Officers { privacy_officer, supervisor });
        let randomness = seeds.next("day seal");
        let unkept = officers
            .and_then(|officers| SealedSeed::seal(network, own, day, &seed, &officers, &randomness).ok());
        let sealed = unkept.as_ref().map_or_else(SealedSeed::nobody, SealedSeed::digest);
        self.today = Some(DaySeed { day, seed, sealed, unkept });
    }

    /// Asks a keyholder to evaluate for a leaf, with the leaves before it that it has not seen. `None` when it lacks so
    /// many that it has to be shown those first, which has begun then.
    pub(crate) fn ask(
        &mut self,
        to: Oin,
        place: u64,
        elements: Vec<u8>,
        fx: &mut Effects<'_>,
    ) -> Option<RequestId> {
        let first = self.shown.get(&to).copied().unwrap_or(place).min(place);
        if place - first < LEAVES_PER_PAGE as u64 {
            let frame = move |found: Vec<Vec<u8>>| {
                let (leaves, checkpoint) = leaves_of(&found);
                cbor::to_vec(&EvaluationRequest::Evaluate { leaves, checkpoint, elements })
            };
            return Some(fx.request_quoting(
                to,
                Conversation::Evaluation,
                records(first..=place),
                Box::new(frame),
            ));
        }
        if !self.asked.values().any(|asked| *asked == to) {
            let frame = |found: Vec<Vec<u8>>| {
                let (leaves, checkpoint) = leaves_of(&found);
                cbor::to_vec(&EvaluationRequest::Show { leaves, checkpoint })
            };
            let places = first..=first + LEAVES_PER_PAGE as u64 - 1;
            let id = fx.request_quoting(to, Conversation::Evaluation, records(places), Box::new(frame));
            self.asked.insert(id, to);
        }
        None
    }

    /// A keyholder has taken every leaf up to one.
    pub(crate) fn has_taken(&mut self, keyholder: Oin, place: u64) {
        let shown = self.shown.entry(keyholder).or_default();
        *shown = (*shown).max(place + 1);
    }

    /// A keyholder lacks the leaves from a place on. Returns whether it is to be shown them at once: it got further, or lost
    /// what it held, which is not believed time after time.
    pub(crate) fn lacks(&mut self, keyholder: Oin, from: u64, now: Timestamp) -> bool {
        let Some(believed) = self.shown.insert(keyholder, from).filter(|believed| *believed >= from) else {
            return true;
        };
        let rests = self.resting.get(&keyholder).is_some_and(|until| now < *until);
        self.resting.insert(keyholder, now.plus(REST_SECONDS));
        from < believed && !rests
    }
}

/// The own checkpoint of a log that is replayed up to here.
fn signed_at(cx: &Context<'_>, counters: &Counters) -> Option<Vec<u8>> {
    let origin = Origin::evaluation_log(cx.roster.network(), cx.identity.oin);
    let checkpoint = Checkpoint { origin, size: counters.size(), root: counters.root() };
    SignedCheckpoint::sign(checkpoint, &cx.identity.log_key).ok().map(|signed| signed.to_bytes())
}

fn records(places: impl Iterator<Item = u64>) -> Records {
    places.map(|place| (Scope::Lasting, Collection::OwnLeaf, own_leaf_key(place))).collect()
}

/// The leaves in these records, and the checkpoint with the last of them as its last.
fn leaves_of(records: &[Vec<u8>]) -> (Vec<ByteVec>, Vec<u8>) {
    let read: Vec<OwnLeaf> = records.iter().map_while(|bytes| OwnLeaf::from_bytes(bytes)).collect();
    let checkpoint = read.last().map_or_else(Vec::new, |last| last.checkpoint.clone());
    (read.iter().map(|own| own.leaf.to_bytes().into()).collect(), checkpoint)
}
