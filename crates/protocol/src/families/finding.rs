//! What is found in the feeds of others, kept, told and answered.

use crypto::cbor;
use domain::{FamilyRef, KeyClass};
use index::{FeedId, Hit, MatchRecord};

use super::{Families, has_ended, participation};
use crate::ceremony::KeyMaterial;
use crate::effects::{Context, Effects};
use crate::feed::{Arrived, FeedKeeper};
use crate::record::{MatchKeysRecord, key_digest, match_key};
use crate::{Answer, Collection, Notice, Refusal, Scope};

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

    fn found(&mut self, cx: &Context<'_>, feed: FeedId, hits: Vec<Hit>, fx: &mut Effects<'_>) {
        for record in self.matches.add(feed, hits) {
            self.keep_match(cx, record, fx);
            fx.cut();
        }
    }

    /// Keeps a changed match record, and tells an involvement that is new.
    pub(super) fn keep_match(&mut self, cx: &Context<'_>, record: MatchRecord, fx: &mut Effects<'_>) {
        let MatchRecord { family, feed, agreeing } = record;
        let (scope, key) = (Scope::Epoch(feed.epoch), match_key(&family, &feed));
        if agreeing.is_empty() {
            fx.delete_in(scope, Collection::Match, key);
        } else {
            let agreeing = agreeing.iter().map(key_digest).collect();
            let kept = MatchKeysRecord { family: family.as_str().to_owned(), feed, agreeing };
            fx.put_in(scope, Collection::Match, key, cbor::to_vec(&kept));
        }
        let organisation = feed.publisher;
        let involved = self.matches.involved(&family, &self.own, cx.epochs.since);
        let told = (family, organisation);
        match involved.into_iter().find(|found| found.organisation == organisation) {
            None => {
                self.told.remove(&told);
            }
            Some(involvement) => {
                if self.told.insert(told.clone()) {
                    fx.notice(Notice::NewMatch { family: told.0, involvement });
                }
            }
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
        if has_ended(cx, signal) {
            return Err(Refusal::Ended);
        }
        let circles = participation(cx, signal).circles;
        if circles.is_empty() {
            return Err(Refusal::NoLegalBasis);
        }
        let mut completeness = feeds.completeness(cx, material, Some(&circles));
        let lacks_keys = |class| !self.own.is_evaluated(cx.epochs.entered(class), family, &[class]);
        if self.is_registering() || KeyClass::ALL.into_iter().any(lacks_keys) {
            completeness.own_work_left();
        }
        Ok(Answer {
            family: family.clone(),
            involved: self.matches.involved(family, &self.own, cx.epochs.since),
            units: self.units.of(family),
            completeness,
        })
    }
}
