//! What is found in the feeds of others, kept, told and answered.

use std::collections::{BTreeMap, BTreeSet};

use crypto::cbor;
use domain::{CircleId, FamilyRef, KeyClass, Oin};
use index::{FeedId, Hit, Involvement, MatchRecord};
use roster::BasisStanding;

use super::{Families, Neighbours, has_ended, participation};
use crate::ceremony::KeyMaterial;
use crate::effects::{Context, Effects};
use crate::feed::{Arrived, FeedKeeper};
use crate::record::{MatchKeysRecord, key_digest, match_key};
use crate::review::{Review, Standing};
use crate::{Answer, Collection, Refusal, Scope};

impl Families {
    /// Tags came into force or left in a replica: probe them with every own family.
    pub(crate) fn arrived(&mut self, cx: &Context<'_>, arrived: &Arrived, fx: &mut Effects<'_>) {
        let feed = arrived.feed;
        // What came first: an involvement that lost one tag and gained another is not gone in between.
        let hits = self.own.probe(&feed, &arrived.added);
        self.found(cx, feed, hits, fx);
        let gone = self.own.probe(&feed, &arrived.withdrawn);
        for record in self.matches.withdraw(feed, &gone) {
            self.keep_match(cx, record, fx);
            fx.cut();
        }
    }

    fn found(&mut self, cx: &Context<'_>, feed: FeedId, mut hits: Vec<Hit>, fx: &mut Effects<'_>) {
        hits.retain(|hit| !self.decisions.drops(&hit.family, &feed.publisher, &hit.key));
        for record in self.matches.add(feed, hits) {
            self.keep_match(cx, record, fx);
            fx.cut();
        }
    }

    /// Finds again what was dropped while a match was taken for wrong.
    pub(super) fn find_again(
        &mut self,
        cx: &Context<'_>,
        family: &FamilyRef,
        with: &mut Neighbours<'_>,
        fx: &mut Effects<'_>,
    ) {
        for epoch in &cx.epochs.lanes {
            self.settled.remove(&(*epoch, family.clone()));
            self.settle(cx, *epoch, [family], with, fx);
        }
    }

    /// Keeps a changed match record, and tells an involvement that is new.
    pub(super) fn keep_match(&mut self, cx: &Context<'_>, record: MatchRecord, fx: &mut Effects<'_>) {
        let MatchRecord { family, feed, agreeing } = record;
        self.tell(cx, &family, fx);
        let (scope, key) = (Scope::Epoch(feed.epoch), match_key(&family, &feed));
        if agreeing.is_empty() {
            fx.delete_in(scope, Collection::Match, key);
        } else {
            let agreeing = agreeing.iter().map(key_digest).collect();
            let since = self.seen.get(&family).and_then(|seen| Some(seen.get(&feed.publisher)?.since.0));
            let kept = MatchKeysRecord { family: family.as_str().to_owned(), feed, agreeing, since };
            fx.put_in(scope, Collection::Match, key, cbor::to_vec(&kept));
        }
    }

    /// The circles in which a family may be asked about. That requires an own active signal on a legal basis that holds.
    pub(super) fn may_ask(
        &self,
        cx: &Context<'_>,
        family: &FamilyRef,
    ) -> Result<BTreeSet<CircleId>, Refusal> {
        let signal = self.signals.get(family).ok_or(Refusal::NoOwnSignal)?;
        if let Some(since) = self.objections.still_since(family) {
            return Err(Refusal::Objection(since));
        }
        if has_ended(cx, signal) {
            return Err(Refusal::Ended);
        }
        let circles = participation(cx, signal, &self.objections).circles;
        if !circles.is_empty() {
            return Ok(circles);
        }
        let basis = signal.legal_basis.as_ref();
        let standing = basis.and_then(|code| cx.roster.basis_standing(&cx.identity.oin, code, cx.now));
        Err(match standing {
            Some(BasisStanding::Lapsed(until)) => Refusal::LegalBasisLapsed(until),
            Some(BasisStanding::Holds { trial: true }) => Refusal::NotSynthetic,
            Some(BasisStanding::Holds { trial: false } | BasisStanding::Closed) | None => {
                Refusal::NoLegalBasis
            }
        })
    }

    /// Who else is involved with a family.
    pub(crate) fn who(
        &self,
        cx: &Context<'_>,
        family: &FamilyRef,
        feeds: &FeedKeeper,
        material: &KeyMaterial,
    ) -> Result<Answer, Refusal> {
        let circles = self.may_ask(cx, family)?;
        let mut completeness = feeds.completeness(cx, material, Some(&circles));
        let lacks_keys = |class| !self.own.is_evaluated(cx.epochs.entered(class), family, &[class]);
        // The clock may have been set back behind the lapse of a basis within the hour.
        let takes_part = self.own.participation(family).is_some_and(|how| how.circles == circles);
        if self.is_behind(cx) || !takes_part || KeyClass::ALL.into_iter().any(lacks_keys) {
            completeness.own_work_left();
        }
        // Of a publisher that is current everything is held in the epoch that a class of keys has entered. What stands in
        // another was withdrawn, or is to be; of others it is all there is.
        let found = self.matches.involved(family, &self.own, |feed, class| {
            feed.epoch >= cx.epochs.since
                && (feed.epoch == cx.epochs.entered(class) || !completeness.is_current(&feed.publisher))
        });
        let reviews: BTreeMap<Oin, Review> =
            found.iter().map(|one| (one.organisation, self.review(cx, family, one))).collect();
        let is_set_aside = |found: &Involvement| {
            reviews.get(&found.organisation).is_some_and(|review| review.standing == Standing::SetAside)
        };
        let (set_aside, involved) = found.into_iter().partition(is_set_aside);
        let is_trial = |id: &CircleId| cx.roster.circle(id).is_some_and(|circle| circle.trial);
        Ok(Answer {
            trial: circles.iter().all(is_trial),
            family: family.clone(),
            involved,
            set_aside,
            reviews,
            units: self.units.of(family),
            completeness,
        })
    }
}
