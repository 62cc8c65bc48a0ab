//! The own families from registration to match: keys derived, pseudonyms set, tags queued, hits kept and told.

use std::collections::{BTreeMap, BTreeSet};

use crypto::{Digest, PseudonymKey, cbor};
use domain::{Address, FamilyRef, Oin, Signal, Visibility};
use index::{Hit, MatchRecord, Matches, OwnFamilies, Participation};
use linkage::{DeriveOptions, HouseholdSuppression, LinkageKey, derive};

use crate::ceremony::KeyMaterial;
use crate::effects::{Context, Effects};
use crate::evaluation::{Evaluated, EvaluationClient};
use crate::feed::{Arrived, FeedKeeper};
use crate::record::{FamilyKeysRecord, KeyRecord, MatchKeysRecord, SignalRecord, key_digest, match_key};
use crate::{Answer, Collection, ImportCounts, Notice, Refusal};

/// Own signals, their keys and their matches.
#[derive(Default)]
pub(crate) struct Families {
    signals: BTreeMap<FamilyRef, Signal>,
    own: OwnFamilies,
    matches: Matches,
    /// Involvements told, so that each is told once.
    told: BTreeSet<(FamilyRef, Oin)>,
    /// Families whose tags were queued for publication.
    settled: BTreeSet<FamilyRef>,
}

impl Families {
    /// Takes back signals, evaluated keys and matches from disk. What cannot be read is left out: the store has
    /// already said when it is damaged.
    pub(crate) fn restore(
        &mut self,
        cx: &Context<'_>,
        signals: &[Vec<u8>],
        keys: &[Vec<u8>],
        matches: &[Vec<u8>],
        client: &mut EvaluationClient,
    ) {
        for bytes in signals {
            let record = cbor::from_slice::<SignalRecord>(bytes).ok();
            if let Some(signal) = record.and_then(|record| Signal::try_from(&record).ok()) {
                self.signals.insert(signal.family_ref.clone(), signal);
            }
        }
        let mut pseudonyms: BTreeMap<Digest, [u8; 32]> = BTreeMap::new();
        for bytes in keys {
            let Ok(record) = cbor::from_slice::<FamilyKeysRecord>(bytes) else { continue };
            if record.epoch == cx.epoch {
                pseudonyms.extend(record.keys.iter().map(|key| (key.key, key.pseudonym)));
            }
        }
        for (family, missing) in self.derive_keys(cx) {
            let mut wanted = Vec::new();
            for key in missing {
                match pseudonyms.get(&key_digest(&key)) {
                    Some(bytes) => self.own.set_pseudonym(&key, PseudonymKey::from_bytes(*bytes)),
                    None => wanted.push(key),
                }
            }
            client.want(wanted);
            if self.own.is_evaluated(&family) {
                // Its tags were queued and its replicas probed before; the feeds are restored beside it.
                self.settled.insert(family);
            }
        }
        for bytes in matches {
            let Ok(record) = cbor::from_slice::<MatchKeysRecord>(bytes) else { continue };
            let Ok(family) = FamilyRef::new(&record.family) else { continue };
            let named: BTreeSet<Digest> = record.agreeing.into_iter().collect();
            let keys = self.own.keys(&family).into_iter().flat_map(|keys| keys.keys());
            let agreeing: BTreeSet<LinkageKey> =
                keys.filter(|key| named.contains(&key_digest(key))).cloned().collect();
            let (organisation, circle) = (record.organisation, record.circle);
            self.told.insert((family.clone(), organisation));
            self.matches.restore(MatchRecord { family, organisation, circle, agreeing });
        }
    }

    /// Queues the tags of every settled family again: those live are left alone by the feed.
    pub(crate) fn republish(&self, cx: &Context<'_>, feeds: &mut FeedKeeper) {
        for family in &self.settled {
            self.queue_tags(cx, family, feeds);
        }
    }

    /// Registers signals. The record and everything that follows from it are kept before the reply is given.
    pub(crate) fn import(
        &mut self,
        cx: &Context<'_>,
        signals: Vec<Signal>,
        client: &mut EvaluationClient,
        feeds: &mut FeedKeeper,
        fx: &mut Effects<'_>,
    ) -> ImportCounts {
        let mut counts = ImportCounts::default();
        for signal in signals {
            match self.signals.get(&signal.family_ref) {
                Some(held) if *held == signal => {
                    counts.unchanged += 1;
                    continue;
                }
                Some(_) => counts.changed += 1,
                None => counts.added += 1,
            }
            let key = signal.family_ref.as_str().as_bytes().to_vec();
            fx.put(Collection::Signal, key, cbor::to_vec(&SignalRecord::from(&signal)));
            fx.cut();
            self.signals.insert(signal.family_ref.clone(), signal);
        }
        if counts.added + counts.changed == 0 {
            return counts;
        }
        for (family, missing) in self.derive_keys(cx) {
            self.settled.remove(&family);
            let nothing_missing = missing.is_empty();
            client.want(missing);
            if nothing_missing {
                self.settle(cx, &family, feeds, fx);
            }
        }
        counts
    }

    /// Derives the keys of all families anew, since one family's address may suppress another's household key.
    /// Returns the families whose keys or participation changed, with the keys that have no pseudonym.
    fn derive_keys(&mut self, cx: &Context<'_>) -> Vec<(FamilyRef, Vec<LinkageKey>)> {
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
            let keys = derive(&signal.family, &options);
            let participation = participation(cx, signal);
            let same = self.own.keys(family) == Some(&keys)
                && self.own.participation(family) == Some(&participation);
            if !same {
                changed.push((family.clone(), self.own.insert(family.clone(), keys, participation)));
            }
        }
        changed
    }

    /// Takes evaluated pseudonyms; families that are complete now are published and probed.
    pub(crate) fn evaluated(
        &mut self,
        cx: &Context<'_>,
        evaluated: Evaluated,
        feeds: &mut FeedKeeper,
        fx: &mut Effects<'_>,
    ) {
        let mut touched: BTreeSet<FamilyRef> = BTreeSet::new();
        for (key, pseudonym) in evaluated.pseudonyms {
            touched.extend(self.own.carriers(&key).cloned());
            self.own.set_pseudonym(&key, pseudonym);
        }
        for family in touched {
            if self.own.is_evaluated(&family) {
                self.settle(cx, &family, feeds, fx);
            }
        }
    }

    /// A family whose keys all have their pseudonym: keep them, queue its tags, probe every replica.
    fn settle(&mut self, cx: &Context<'_>, family: &FamilyRef, feeds: &mut FeedKeeper, fx: &mut Effects<'_>) {
        if !self.settled.insert(family.clone()) {
            return;
        }
        let keys = self
            .own
            .pseudonyms(family)
            .map(|(key, pseudonym)| KeyRecord { key: key_digest(key), pseudonym: *pseudonym.reveal() });
        let record =
            FamilyKeysRecord { family: family.as_str().to_owned(), epoch: cx.epoch, keys: keys.collect() };
        let key = [&cx.epoch.0.to_be_bytes(), family.as_str().as_bytes()].concat();
        fx.put(Collection::FamilyKeys, key, cbor::to_vec(&record));
        self.queue_tags(cx, family, feeds);
        let mut found = Vec::new();
        for replica in feeds.replicas() {
            let feed = replica.feed();
            let hits = self.own.probe_family(family, &feed.publisher, &feed.circle, replica.tags());
            if !hits.is_empty() {
                found.push((feed.publisher, feed.circle, hits));
            }
        }
        for (publisher, circle, hits) in found {
            self.found(publisher, circle, hits, fx);
        }
        fx.cut();
    }

    fn queue_tags(&self, cx: &Context<'_>, family: &FamilyRef, feeds: &mut FeedKeeper) {
        let Some(participation) = self.own.participation(family).filter(|how| how.publishes) else { return };
        let circles: Vec<_> =
            feeds.own_circles().filter(|circle| participation.circles.contains(circle)).collect();
        for circle in circles {
            feeds.add_tags(&circle, self.own.tags(family, &cx.identity.oin, &circle));
        }
    }

    /// Tags arrived in a replica: probe them with every own family.
    pub(crate) fn arrived(&mut self, arrived: &Arrived, fx: &mut Effects<'_>) {
        let (publisher, circle) = (arrived.feed.publisher, arrived.feed.circle);
        let hits = self.own.probe(&publisher, &circle, &arrived.added);
        self.found(publisher, circle, hits, fx);
    }

    fn found(&mut self, publisher: Oin, circle: domain::CircleId, hits: Vec<Hit>, fx: &mut Effects<'_>) {
        for record in self.matches.add(publisher, circle, hits) {
            let key = match_key(&record.family, &record.organisation, &record.circle);
            let kept = MatchKeysRecord {
                family: record.family.as_str().to_owned(),
                organisation: record.organisation,
                circle: record.circle,
                agreeing: record.agreeing.iter().map(key_digest).collect(),
            };
            fx.put(Collection::Match, key, cbor::to_vec(&kept));
            let involved = self.matches.involved(&record.family, &self.own);
            let involvement = involved.into_iter().find(|found| found.organisation == publisher);
            if let Some(involvement) = involvement
                && self.told.insert((record.family.clone(), publisher))
            {
                fx.notice(Notice::NewMatch { family: record.family, involvement });
            }
            fx.cut();
        }
    }

    /// Who else is involved with a family. Asking requires an own active signal on a legal basis that holds.
    pub(crate) fn who(
        &self,
        cx: &Context<'_>,
        family: &FamilyRef,
        feeds: &FeedKeeper,
        material: &KeyMaterial,
    ) -> Result<Answer, Refusal> {
        let signal = self.signals.get(family).ok_or(Refusal::NoOwnSignal)?;
        let circles = participation(cx, signal).circles;
        if circles.is_empty() {
            return Err(Refusal::NoLegalBasis);
        }
        let mut completeness = feeds.completeness(cx, material, Some(&circles));
        if !self.own.is_evaluated(family) {
            completeness.own_work_left();
        }
        Ok(Answer {
            family: family.clone(),
            involved: self.matches.involved(family, &self.own),
            completeness,
        })
    }

    /// References of all own families, ascending.
    pub(crate) fn references(&self) -> impl Iterator<Item = &FamilyRef> {
        self.signals.keys()
    }
}

/// The circles in which the signal's legal basis holds, while the signal lasts. None of them: closed.
fn participation(cx: &Context<'_>, signal: &Signal) -> Participation {
    let ended = signal.ends_on.is_some_and(|end| end < cx.now.date());
    let basis = signal.legal_basis.as_ref().filter(|_| !ended);
    let holds =
        |circle: &domain::CircleId| basis.is_some_and(|code| cx.roster.basis_holds(circle, code, cx.now));
    Participation {
        circles: cx.roster.circles().iter().map(|circle| circle.id).filter(holds).collect(),
        publishes: signal.visibility == Visibility::Visible,
    }
}
