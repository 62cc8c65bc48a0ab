//! The own families from registration to match: keys derived, pseudonyms set, tags queued, hits kept and told.

mod deciding;
mod finding;
mod informing;
mod logging;
mod objecting;
mod registering;
mod reporting;
mod wronging;

use std::collections::{BTreeMap, BTreeSet};

use audit::EvaluationPurpose;
use crypto::{Digest, PseudonymKey, cbor};
use domain::{Address, CircleId, Epoch, FamilyRef, KeyClass, Oin, Signal, Timestamp, Visibility};
use index::{FeedId, Found, MatchRecord, Matches, OwnFamilies, Participation, UnitMatrix};
use linkage::{DeriveOptions, HouseholdSuppression, LinkageKey, derive};

pub(crate) use self::logging::asked;

use roster::Circle;

use self::deciding::Seen;
use crate::ceremony::{KeyId, KeyMaterial};
use crate::effects::{Context, Effects};
use crate::evaluation::{Evaluated, EvaluationClient};
use crate::feed::FeedKeeper;
use crate::record::{FamilyKeysRecord, MatchKeysRecord, SignalRecord, evaluated_record, key_digest};
use crate::review::Decisions;
use crate::rights::{Incidents, Informing, Objections, WrongPersons};
use crate::units::UnitMatches;
use crate::{Collection, Kept, SignalSummary};

/// How long the next part of an import may take. Whoever imports has it at hand; after that it has gone.
const PATIENCE_SECONDS: u64 = 30;

/// The machines that the families need: keys to be evaluated with, whom to ask, and where to publish.
pub(crate) struct Neighbours<'a> {
    pub(crate) material: &'a KeyMaterial,
    pub(crate) client: &'a mut EvaluationClient,
    pub(crate) feeds: &'a mut FeedKeeper,
}

/// Own signals, their keys and their matches.
#[derive(Default)]
pub(crate) struct Families {
    signals: BTreeMap<FamilyRef, Signal>,
    own: OwnFamilies,
    matches: Matches,
    units: UnitMatches,
    /// Who is found involved with which family, since when, and what people have heard of it.
    seen: BTreeMap<FamilyRef, BTreeMap<Oin, Seen>>,
    /// What people decided about matches.
    decisions: Decisions,
    /// Objections to own signals.
    objections: Objections,
    /// Matches and persons that turned out to be wrong.
    incidents: Incidents,
    /// Persons of own records from whom nothing is derived.
    wrong_persons: WrongPersons,
    /// Who of the families was told.
    informing: Informing,
    /// Days within which everybody is told.
    inform_within_days: u16,
    /// How many should have been told by now.
    informing_overdue: usize,
    /// Families whose tags of an epoch were queued for publication and that were probed against every replica of it, with
    /// the number of keys that was done with.
    settled: BTreeMap<(Epoch, FamilyRef), usize>,
    /// Families of which the pseudonym keys of an epoch on disk are those in memory, with their number.
    recorded: BTreeMap<(Epoch, FamilyRef), usize>,
    /// When signals were last registered of which keys and matches have not followed yet.
    unfollowed: Option<Timestamp>,
    /// Whether others will see something of what was registered and not followed: a visible signal is among it, or was.
    unfollowed_shows: bool,
    /// The hour in which time was last looked at.
    hour: Option<u64>,
    /// Whether the decisions whose time is over have been forgotten this hour.
    expired: bool,
}

impl Families {
    /// Takes back signals, evaluated keys and matches from disk, once the decisions are back. What cannot be read is left out: the store has
    /// already said when it is damaged. So is what was evaluated under another key set than the one in hand.
    pub(crate) fn restore(
        &mut self,
        cx: &Context<'_>,
        material: &KeyMaterial,
        signals: &[Vec<u8>],
        keys: &[Vec<u8>],
        matches: &[Vec<u8>],
        client: &mut EvaluationClient,
    ) {
        // The keys are derived as of now, so the first hour that matters is another one.
        self.hour = Some(hour_of(cx.now));
        for bytes in signals {
            let record = cbor::from_slice::<SignalRecord>(bytes).ok();
            if let Some(signal) = record.and_then(|record| Signal::try_from(&record).ok()) {
                self.signals.insert(signal.family_ref.clone(), signal);
            }
        }
        let mut pseudonyms: BTreeMap<(Epoch, Digest), [u8; 32]> = BTreeMap::new();
        let mut recorded: BTreeMap<(Epoch, String), BTreeSet<Digest>> = BTreeMap::new();
        for bytes in keys {
            let Ok(record) = cbor::from_slice::<FamilyKeysRecord>(bytes) else { continue };
            let epoch = record.epoch;
            let in_hand = material.digests(epoch);
            if !record.key_sets.iter().all(|made_under| in_hand.contains(made_under)) {
                continue;
            }
            pseudonyms.extend(record.keys.iter().map(|key| ((epoch, key.key), key.pseudonym)));
            recorded.insert((epoch, record.family), record.keys.iter().map(|key| key.key).collect());
        }
        let derived = self.derive_keys(cx);
        for (epoch, family) in lanes_of(cx, &derived) {
            let mut wanted = Vec::new();
            for key in self.own.missing(epoch, family) {
                match pseudonyms.get(&(epoch, key_digest(&key))) {
                    Some(bytes) => self.own.set_pseudonym(epoch, &key, PseudonymKey::from_bytes(*bytes)),
                    None => wanted.push(key),
                }
            }
            client.want(epoch, EvaluationPurpose::Registration, wanted);
            let held: BTreeSet<Digest> =
                self.own.pseudonyms(epoch, family).map(|(key, _)| key_digest(key)).collect();
            if recorded.get(&(epoch, family.as_str().to_owned())) == Some(&held) {
                self.recorded.insert((epoch, family.clone()), held.len());
            }
        }
        for bytes in matches {
            let Ok(record) = cbor::from_slice::<MatchKeysRecord>(bytes) else { continue };
            let Ok(family) = FamilyRef::new(&record.family) else { continue };
            let named: BTreeSet<Digest> = record.agreeing.into_iter().collect();
            let keys = self.own.keys(&family).into_iter().flat_map(|keys| keys.keys());
            let agreeing: BTreeSet<LinkageKey> =
                keys.filter(|key| named.contains(&key_digest(key))).cloned().collect();
            if let Some(since) = record.since.map(Timestamp) {
                let of_family = self.seen.entry(family.clone()).or_default();
                let seen = of_family.entry(record.feed.publisher).or_insert(Seen::since(since));
                seen.since = seen.since.min(since);
            }
            self.matches.restore(MatchRecord { family, feed: record.feed, agreeing });
        }
        let families: Vec<FamilyRef> = self.own.families().cloned().collect();
        for family in &families {
            // Whatever is found on disk was told when it was written.
            let _heard = self.look(cx, family);
        }
        self.seen.retain(|family, _| self.signals.contains_key(family));
    }

    /// Takes back what was decided about matches.
    pub(crate) fn restore_decisions(&mut self, decisions: &[Vec<u8>]) {
        self.decisions = Decisions::restore(decisions);
    }

    /// Takes back what is kept for the rights of persons, before the families.
    pub(crate) fn restore_rights(&mut self, kept: &mut Kept, inform_within_days: u16) {
        self.inform_within_days = inform_within_days;
        self.informing = Informing::restore(&kept.take(Collection::Informing));
        self.objections = Objections::restore(&kept.take(Collection::Objection));
        self.incidents = Incidents::restore(&kept.take(Collection::Incident));
        self.wrong_persons = WrongPersons::restore(&kept.take(Collection::WrongPerson));
    }

    /// Takes back which matches between units were told, once the families are back.
    pub(crate) fn restore_units(&mut self, matrix: UnitMatrix, told: &[Vec<u8>]) {
        self.units = UnitMatches::restore(matrix, told, &self.own);
    }

    /// Goes on where the last run stopped, wherever that was: whatever is evaluated is published and probed, and
    /// whatever nobody stands behind any more is withdrawn.
    pub(crate) fn resume(&mut self, cx: &Context<'_>, with: &mut Neighbours<'_>, fx: &mut Effects<'_>) {
        self.follow_signals(cx.now, fx);
        self.follow_objections(cx, with, fx);
        self.start_timers(cx, fx);
        let families: Vec<FamilyRef> = self.own.families().cloned().collect();
        for family in &families {
            self.drop_unfounded(cx, family, fx);
        }
        for epoch in &cx.epochs.lanes {
            self.settle(cx, *epoch, &families, with, fx);
        }
        self.withdraw_unwanted(with.feeds);
    }

    /// The own families that carry a key.
    pub(crate) fn carriers(&self, key: &LinkageKey) -> Vec<FamilyRef> {
        self.own.carriers(key).cloned().collect()
    }

    /// Epochs got a lane: everything is wanted in them.
    pub(crate) fn open(&self, epochs: &BTreeSet<Epoch>, client: &mut EvaluationClient) {
        for epoch in epochs {
            let renewed = EvaluationPurpose::Renewal;
            client.want(
                *epoch,
                renewed,
                self.own.families().flat_map(|family| self.own.missing(*epoch, family)),
            );
        }
    }

    /// An epoch is over: nothing is matched on in it any more. Its records go with its data key.
    pub(crate) fn forget_epoch(
        &mut self,
        cx: &Context<'_>,
        epoch: Epoch,
        client: &mut EvaluationClient,
        fx: &mut Effects<'_>,
    ) {
        client.give_up(epoch, None);
        self.own.forget_pseudonyms(epoch, None);
        self.settled.retain(|(of, _), _| *of != epoch);
        self.recorded.retain(|(of, _), _| *of != epoch);
        for family in self.matches.remove_epoch(epoch) {
            self.tell(cx, &family, fx);
            fx.cut();
        }
    }

    /// Another key set took the place of the one that a key had, or none did: what was evaluated under the old one is
    /// worth nothing, so it is evaluated and published again. Matches stand until then.
    pub(crate) fn evaluate_again(&mut self, cx: &Context<'_>, key: KeyId, with: &mut Neighbours<'_>) {
        with.client.give_up(key.epoch, Some(key.class));
        self.own.forget_pseudonyms(key.epoch, Some(key.class));
        self.settled.retain(|(of, _), _| *of != key.epoch);
        self.recorded.retain(|(of, _), _| *of != key.epoch);
        let families: Vec<FamilyRef> = self.own.families().cloned().collect();
        for (epoch, family) in lanes_of(cx, &families).filter(|(epoch, _)| *epoch == key.epoch) {
            with.client.want(epoch, EvaluationPurpose::Renewal, self.own.missing(epoch, family));
        }
        self.withdraw_unwanted(with.feeds);
    }

    /// Another roster is in force: feeds that may no longer be read match nothing, and legal bases, circles and
    /// entitlements may have changed.
    pub(crate) fn follow_roster(
        &mut self,
        cx: &Context<'_>,
        dropped: &[FeedId],
        with: &mut Neighbours<'_>,
        fx: &mut Effects<'_>,
    ) {
        for feed in dropped {
            for record in self.matches.remove_feed(*feed) {
                self.keep_match(cx, record, fx);
                fx.cut();
            }
        }
        self.follow_changes(cx, with, fx);
    }

    /// Time has passed: signals end, legal bases lapse, previous addresses grow old. Looked at once an hour.
    pub(crate) fn tick(&mut self, cx: &Context<'_>, with: &mut Neighbours<'_>, fx: &mut Effects<'_>) {
        let is_left = self.unfollowed.is_some_and(|at| cx.now.since(at) >= PATIENCE_SECONDS);
        let is_another = self.hour.is_some_and(|before| before != hour_of(cx.now));
        if is_another || is_left {
            self.follow_changes(cx, with, fx);
        }
        self.hour = Some(hour_of(cx.now));
        // A clock that jumped must not be the only witness that so much time has passed.
        self.expired &= !is_another;
        if cx.clock_agrees && !self.expired {
            self.decisions.expire(cx.now, fx);
            self.objections.expire(cx.now, |family| self.signals.contains_key(family), fx);
            self.incidents.expire(cx.now, fx);
            self.wrong_persons.expire(cx.now, fx);
            self.expired = true;
        }
        self.units.tell(cx.identity.oin, fx);
    }

    /// Brings keys, tags and matches in line with the signals.
    fn follow_changes(&mut self, cx: &Context<'_>, with: &mut Neighbours<'_>, fx: &mut Effects<'_>) {
        // A clock that is set back afterwards shows another hour, though no tick came in between.
        self.hour = Some(hour_of(cx.now));
        self.unfollowed = None;
        self.unfollowed_shows = false;
        let changed = self.derive_keys(cx);
        for family in &changed {
            self.drop_unfounded(cx, family, fx);
        }
        for (epoch, family) in lanes_of(cx, &changed) {
            self.settled.remove(&(epoch, family.clone()));
            self.recorded.remove(&(epoch, family.clone()));
            with.client.want(epoch, EvaluationPurpose::Registration, self.own.missing(epoch, family));
        }
        for epoch in &cx.epochs.lanes {
            self.settle(cx, *epoch, &changed, with, fx);
        }
        for family in &changed {
            // The same keys may weigh otherwise in a record that changed.
            self.tell(cx, family, fx);
            fx.cut();
        }
        self.units.follow(&self.own);
        self.withdraw_unwanted(with.feeds);
        self.count_overdue(cx);
    }

    /// Drops what was found by keys that a family no longer carries, or in circles in which it no longer takes part.
    fn drop_unfounded(&mut self, cx: &Context<'_>, family: &FamilyRef, fx: &mut Effects<'_>) {
        let own = &self.own;
        let carried = |key: &LinkageKey| own.keys(family).is_some_and(|keys| keys.position(key).is_some());
        let takes_part =
            |circle: &CircleId| own.participation(family).is_some_and(|how| how.circles.contains(circle));
        for record in self.matches.keep_only(family, carried, takes_part) {
            self.keep_match(cx, record, fx);
            fx.cut();
        }
    }

    /// Derives the keys of all families anew, since one family's address may suppress another's household key.
    /// Returns the families whose keys or participation changed.
    fn derive_keys(&mut self, cx: &Context<'_>) -> Vec<FamilyRef> {
        let institutions: Vec<Address> = cx.roster.institutions().collect();
        let suppressed =
            HouseholdSuppression::from_families(self.signals.values().map(|signal| &signal.family))
                .with_institutions(&institutions);
        let member = cx.roster.member(&cx.identity.oin);
        let options = DeriveOptions {
            bsn_entitled: member.is_some_and(|member| member.bsn_entitled),
            today: cx.now.date(),
            suppressed_households: &suppressed,
        };
        let mut changed = Vec::new();
        for (family, signal) in &self.signals {
            let keys = derive(&self.wrong_persons.served(family, &signal.family), &options);
            let participation = participation(cx, signal, &self.objections);
            let same = self.own.keys(family) == Some(&keys)
                && self.own.participation(family) == Some(&participation);
            if !same {
                self.units.touch(&self.own, family);
                self.own.insert(family.clone(), keys, participation);
                self.units.touch(&self.own, family);
                changed.push(family.clone());
            }
        }
        changed
    }

    /// Takes evaluated pseudonyms; families that are complete now are published and probed.
    pub(crate) fn evaluated(
        &mut self,
        cx: &Context<'_>,
        evaluated: Evaluated,
        with: &mut Neighbours<'_>,
        fx: &mut Effects<'_>,
    ) {
        let mut touched: BTreeMap<Epoch, BTreeSet<FamilyRef>> = BTreeMap::new();
        for (epoch, key, pseudonym) in evaluated.pseudonyms {
            touched.entry(epoch).or_default().extend(self.own.carriers(&key).cloned());
            self.own.set_pseudonym(epoch, &key, pseudonym);
        }
        for (epoch, families) in touched {
            self.settle(cx, epoch, &families, with, fx);
        }
    }

    /// Settles those of the families whose keys all have their pseudonym of an epoch, in the classes that have a key set
    /// there: keep them, queue their tags, and let what every replica says now take the place of what was found before.
    fn settle<'a>(
        &mut self,
        cx: &Context<'_>,
        epoch: Epoch,
        families: impl IntoIterator<Item = &'a FamilyRef>,
        with: &mut Neighbours<'_>,
        fx: &mut Effects<'_>,
    ) {
        let classes: Vec<KeyClass> = with.material.classes(epoch).collect();
        let mut found: BTreeMap<&FamilyRef, Found> = BTreeMap::new();
        for family in families {
            if !self.own.is_evaluated(epoch, family, &classes) {
                continue;
            }
            let (place, evaluated) = ((epoch, family.clone()), self.own.pseudonyms(epoch, family).count());
            if self.settled.insert(place.clone(), evaluated) == Some(evaluated) {
                continue;
            }
            if self.recorded.insert(place, evaluated) != Some(evaluated) {
                let pseudonyms = self.own.pseudonyms(epoch, family);
                let (scope, collection, key, value) =
                    evaluated_record(epoch, family, pseudonyms, with.material.digests(epoch));
                fx.put_in(scope, collection, key, value);
            }
            self.queue_tags(epoch, family, with.feeds);
            fx.cut();
            found.insert(family, Found::default());
        }
        if found.is_empty() {
            return;
        }
        let prober = self.own.prober(epoch, found.keys().copied());
        for replica in with.feeds.replicas() {
            let feed = replica.feed();
            for hit in prober.probe(&feed, replica.tags()) {
                if let Some(found) = found.get_mut(&hit.family)
                    && !self.decisions.drops(&hit.family, &feed.publisher, &hit.key)
                {
                    found.insert(feed, hit.key);
                }
            }
        }
        for (family, found) in found {
            for record in self.matches.replace(epoch, family, &found) {
                self.keep_match(cx, record, fx);
                fx.cut();
            }
        }
    }

    fn queue_tags(&self, epoch: Epoch, family: &FamilyRef, feeds: &mut FeedKeeper) {
        let Some(participation) = self.own.participation(family).filter(|how| how.publishes) else { return };
        let takes_part = |feed: &FeedId| feed.epoch == epoch && participation.circles.contains(&feed.circle);
        let own: Vec<FeedId> = feeds.own_feeds().filter(takes_part).collect();
        for feed in own {
            feeds.add_tags(&feed, self.own.tags(family, &feed));
        }
    }

    /// Withdraws the published tags that no family stands behind any more. A tag that two families share stays as
    /// long as one of them does.
    fn withdraw_unwanted(&self, feeds: &mut FeedKeeper) {
        let own: Vec<FeedId> = feeds.own_feeds().collect();
        for feed in own {
            let publishes = |family: &&FamilyRef| {
                self.own
                    .participation(family)
                    .is_some_and(|how| how.publishes && how.circles.contains(&feed.circle))
            };
            let families = self.own.families().filter(publishes);
            let wanted = families.flat_map(|family| self.own.tags(family, &feed)).collect();
            feeds.keep_only(&feed, &wanted);
        }
    }

    /// Whether keys and matches have not followed the signals yet: some are registered since, or it is another hour than
    /// the one in which time was last looked at. By a clock that was set back signals last again of which nothing was
    /// followed; in an hour that has just begun children are born.
    pub(crate) fn is_behind(&self, cx: &Context<'_>) -> bool {
        self.unfollowed.is_some() || self.hour.is_some_and(|looked_at| hour_of(cx.now) != looked_at)
    }

    /// The classes of keys in which families that are published wait for their pseudonym of an epoch.
    pub(crate) fn work_left(&self, epoch: Epoch) -> BTreeSet<KeyClass> {
        if self.unfollowed_shows { KeyClass::ALL.into() } else { self.own.incomplete_classes(epoch) }
    }

    /// Number of matches between units.
    pub(crate) fn unit_matches(&self) -> usize {
        self.units.count()
    }

    /// All own signals without their personal details, by reference.
    pub(crate) fn summaries(&self) -> Vec<SignalSummary> {
        let told = |signal: &Signal| SignalSummary {
            still_since: self.objections.still_since(&signal.family_ref),
            ..SignalSummary::from(signal)
        };
        self.signals.values().map(told).collect()
    }

    /// References of all own families, ascending.
    pub(crate) fn references(&self) -> impl Iterator<Item = &FamilyRef> {
        self.signals.keys()
    }
}

/// The circles in which the signal's legal basis holds, while the signal lasts and nobody objects. None of them: closed.
fn participation(cx: &Context<'_>, signal: &Signal, objections: &Objections) -> Participation {
    let stands_still = objections.still_since(&signal.family_ref).is_some();
    let basis = signal.legal_basis.as_ref().filter(|_| !has_ended(cx, signal) && !stands_still);
    let own = &cx.identity.oin;
    let holds = |circle: &Circle| {
        basis.is_some_and(|code| cx.roster.basis_holds(&circle.id, own, code, cx.now))
            // Whoever mistakes a trial circle for a real one publishes nothing.
            && (!circle.trial || signal.family.is_synthetic())
    };
    Participation {
        circles: cx.roster.circles().iter().filter(|circle| holds(circle)).map(|circle| circle.id).collect(),
        publishes: signal.visibility == Visibility::Visible,
        unit: signal.unit.clone(),
    }
}

fn has_ended(cx: &Context<'_>, signal: &Signal) -> bool {
    signal.ends_on.is_some_and(|end| end < cx.now.date())
}

fn hour_of(now: Timestamp) -> u64 {
    now.0 / 3_600
}

/// Families, in each epoch that has a lane.
fn lanes_of<'a>(
    cx: &'a Context<'_>,
    families: &'a [FamilyRef],
) -> impl Iterator<Item = (Epoch, &'a FamilyRef)> {
    cx.epochs.lanes.iter().flat_map(move |epoch| families.iter().map(move |family| (*epoch, family)))
}
