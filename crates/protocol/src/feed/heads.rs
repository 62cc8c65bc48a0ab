//! Asking for heads. Gossip brings each once; whoever was away asks for those that it missed.
//!
//! A publisher is asked for its own head when it connects. For those that stay silent one connected member after the
//! other is asked, one each interval. A question names what is held, so nothing comes twice.

use std::collections::BTreeSet;

use crypto::cbor;
use domain::{CircleId, Oin, Timestamp};
use index::{FeedId, Replica};

use super::follow::Wanted;
use super::keeper::FeedKeeper;
use super::message::{FeedRequest, HEADS_PER_PAGE, NewerThan};
use crate::Conversation;
use crate::effects::{Context, Effects};

/// Most members that wait to be asked; one for each member and circle of a large network.
const MAX_HEADS_WANTED: usize = 4_096;

/// Requests for heads under way at the same time.
const HEADS_UNDER_WAY: usize = 8;

impl FeedKeeper {
    /// A member became reachable: it is asked for its own head, since gossip is not repeated.
    pub(crate) fn connected(&mut self, cx: &Context<'_>, member: Oin) {
        for own in self.own.values_mut() {
            own.asked.remove(&member);
        }
        self.proofs.connected(member);
        for circle in cx.roster.circles() {
            if self.heads_wanted.len() < MAX_HEADS_WANTED {
                self.heads_wanted.push_back((member, circle.id));
            }
        }
    }

    pub(super) fn fetch_heads(&mut self, cx: &Context<'_>, fx: &mut Effects<'_>) {
        let mut under_way: BTreeSet<FeedId> = BTreeSet::new();
        let mut questions = 0;
        for (_, wanted) in self.pending.values() {
            if let Wanted::Heads(feeds) = wanted {
                questions += 1;
                under_way.extend(feeds);
            }
        }
        while questions < HEADS_UNDER_WAY {
            let Some((member, circle)) = self.heads_wanted.pop_front() else { break };
            let silent = self.silent(cx, circle, &under_way);
            let own: Vec<NewerThan> = silent.into_iter().filter(|newer| newer.publisher == member).collect();
            if !own.is_empty() && cx.connected.contains(&member) {
                questions += 1;
                under_way.extend(self.ask_for_heads(member, circle, own, fx));
            }
        }
        let interval = u64::from(cx.roster.rules().publish_interval_seconds);
        for circle in cx.roster.circles().iter().map(|circle| circle.id) {
            let (asked, turn) = self.heads_asked.get(&circle).copied().unwrap_or((self.started, 0));
            if cx.now.since(asked) < interval || questions >= HEADS_UNDER_WAY {
                continue;
            }
            let silent = self.silent(cx, circle, &under_way);
            // Where there are more than one question names, each turn names others.
            let from = (turn * HEADS_PER_PAGE) % silent.len().max(1);
            let few = silent.len().min(HEADS_PER_PAGE);
            let named: Vec<NewerThan> = silent.into_iter().cycle().skip(from).take(few).collect();
            let Some(member) = cx.connected.iter().nth(turn % cx.connected.len().max(1)).copied() else {
                continue;
            };
            if !named.is_empty() {
                questions += 1;
                self.heads_asked.insert(circle, (cx.now, turn.wrapping_add(1)));
                under_way.extend(self.ask_for_heads(member, circle, named, fx));
            }
        }
    }

    fn ask_for_heads(
        &mut self,
        member: Oin,
        circle: CircleId,
        newer: Vec<NewerThan>,
        fx: &mut Effects<'_>,
    ) -> Vec<FeedId> {
        let feed = |newer: &NewerThan| FeedId { publisher: newer.publisher, circle, epoch: newer.epoch };
        let feeds: Vec<FeedId> = newer.iter().map(feed).collect();
        let id = fx.request(member, Conversation::Feed, cbor::to_vec(&FeedRequest::Heads { circle, newer }));
        self.pending.insert(id, (member, Wanted::Heads(feeds.clone())));
        feeds
    }

    /// Feeds of a circle of which a head was due and did not come, and is not asked for: in the epochs in force and the
    /// next, when there is anything to come.
    fn silent(&self, cx: &Context<'_>, circle: CircleId, under_way: &BTreeSet<FeedId>) -> Vec<NewerThan> {
        let interval = u64::from(cx.roster.rules().publish_interval_seconds);
        let in_force = cx.epochs.in_force();
        let is_awaited = |feed: FeedId| in_force.contains(&feed.epoch) || cx.epochs.next == Some(feed.epoch);
        let held = |replica: &Replica| replica.head().map_or(Timestamp(0), |head| head.document().time);
        self.replicas
            .values()
            .filter(|replica| replica.feed().circle == circle && is_awaited(replica.feed()))
            .filter(|replica| !under_way.contains(&replica.feed()))
            .filter(|replica| cx.now.since(held(replica)) > 2 * interval)
            .map(|replica| {
                let FeedId { publisher, epoch, .. } = replica.feed();
                NewerThan { publisher, epoch, time: held(replica) }
            })
            .collect()
    }
}
