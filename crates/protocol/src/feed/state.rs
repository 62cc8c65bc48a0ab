//! How far each feed that this node reads may be trusted: what completeness is made of.

use std::collections::{BTreeMap, BTreeSet};

use crypto::{Digest, Signed};
use domain::{CircleId, Epoch, KeyClass, Oin, Timestamp};
use index::{Completeness, FeedId, FeedState, HeadDocument, Replica};

use super::keeper::FeedKeeper;
use crate::ceremony::KeyMaterial;
use crate::effects::Context;

impl FeedKeeper {
    /// Completeness over every organisation that may publish to this node, in all circles or in some: in the epochs
    /// that the classes of keys are in, since everything is published there.
    pub(crate) fn completeness(
        &self,
        cx: &Context<'_>,
        material: &KeyMaterial,
        circles: Option<&BTreeSet<CircleId>>,
    ) -> Completeness {
        let mut completeness = Completeness::default();
        let asked =
            |replica: &&Replica| circles.is_none_or(|circles| circles.contains(&replica.feed().circle));
        let heard = self.newest_heads();
        let needed = needed_key_sets(cx, material);
        if needed.keys().any(|epoch| !cx.epochs.lanes.contains(epoch)) {
            // A clock that was set back behind an epoch that is forgotten: nothing of it is held, whoever publishes.
            let may_ask = |circle: &CircleId| circles.is_none_or(|circles| circles.contains(circle));
            for circle in cx.roster.circles().iter().filter(|circle| may_ask(&circle.id)) {
                for publisher in cx.roster.publishers_for(&circle.id, &cx.identity.oin) {
                    completeness.add(publisher.oin, FeedState::Incomplete);
                }
            }
        }
        for replica in self.replicas.values().filter(asked) {
            let feed = replica.feed();
            if let Some(key_sets) = needed.get(&feed.epoch) {
                let heard = heard.get(&(feed.publisher, feed.circle)).copied();
                completeness.add(feed.publisher, self.state(cx, material, replica, key_sets, heard));
            }
        }
        completeness
    }

    /// Key sets that heads name and that are not in hand, with who names them and of which epoch.
    pub(crate) fn unknown_key_sets(
        &self,
        cx: &Context<'_>,
        material: &KeyMaterial,
    ) -> BTreeSet<(Oin, Epoch, Digest)> {
        let heads = self.replicas.values().filter_map(Replica::head).map(Signed::document);
        let near = heads.filter(|head| cx.epochs.is_near(head.feed.epoch));
        let named = near.flat_map(|head| {
            head.key_sets.iter().map(|digest| (head.feed.publisher, head.feed.epoch, *digest))
        });
        named.filter(|(_, _, digest)| material.find(digest).is_none()).collect()
    }

    /// When each publisher signed its newest head in a circle, of whatever epoch.
    fn newest_heads(&self) -> BTreeMap<(Oin, CircleId), Timestamp> {
        let mut heard: BTreeMap<(Oin, CircleId), Timestamp> = BTreeMap::new();
        for head in self.replicas.values().filter_map(Replica::head).map(Signed::document) {
            let FeedId { publisher, circle, .. } = head.feed;
            let newest = heard.entry((publisher, circle)).or_insert(head.time);
            *newest = head.time.max(*newest);
        }
        heard
    }

    fn state(
        &self,
        cx: &Context<'_>,
        material: &KeyMaterial,
        replica: &Replica,
        needed: &[Digest],
        heard: Option<Timestamp>,
    ) -> FeedState {
        if self.proofs.is_open(replica.feed().publisher, replica.feed().circle) {
            return FeedState::TwoHistories;
        }
        let heartbeat = u64::from(cx.roster.rules().heartbeat_seconds);
        // Whoever is heard in another epoch only is there, and has not published in this one yet.
        let newest = replica.head().map(|head| head.document().time).max(heard);
        let since = newest.unwrap_or(self.started);
        if cx.now.since(since) > heartbeat || newest.is_none() && cx.now.since(since) == heartbeat {
            return FeedState::Stale(since);
        }
        let is_whole = |head: &HeadDocument| {
            let known = head.key_sets.iter().all(|digest| material.find(digest).is_some());
            let has_needed = needed.iter().all(|digest| head.key_sets.contains(digest));
            let is_fresh = cx.now.since(head.time) <= heartbeat;
            is_fresh && !head.backlog && head.roster == cx.roster.digest() && known && has_needed
        };
        match replica.head().map(Signed::document) {
            Some(head) if is_whole(head) && replica.is_caught_up() => FeedState::Current,
            Some(_) | None => FeedState::Incomplete,
        }
    }
}

/// The key sets under which everything has to be published, by epoch.
fn needed_key_sets(cx: &Context<'_>, material: &KeyMaterial) -> BTreeMap<Epoch, Vec<Digest>> {
    let mut needed: BTreeMap<Epoch, Vec<Digest>> = BTreeMap::new();
    for class in KeyClass::ALL {
        let epoch = cx.epochs.entered(class);
        let key_set = material.key_set(epoch, class).map(crypto::KeySet::digest);
        needed.entry(epoch).or_default().extend(key_set);
    }
    needed
}
