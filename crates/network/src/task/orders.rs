//! What the own node orders: members, requests, answers, gossip; and dialling, which follows from the members.

use std::collections::{BTreeMap, BTreeSet};

use domain::{CircleId, NetworkId, Oin};
use libp2p::gossipsub::TopicHash;
use libp2p::swarm::dial_opts::{DialOpts, PeerCondition};
use protocol::{Conversation, Outbound, RequestId, ResponseToken};
use tokio::time::Instant;

use super::{Listening, Task};
use crate::Peer;
use crate::behaviour::connection_limits;
use crate::gossip::{self, MAX_CIRCLES, MAX_GOSSIP_FRAME_BYTES};
use crate::lanes::Offer;
use crate::members::{Attempt, Removed};
use crate::unanswered::Waiting;

impl Task {
    pub(super) fn set_members(&mut self, network: NetworkId, peers: Vec<Peer>, circles: &[CircleId]) {
        let change = self.members.replace(peers, Instant::now());
        self.tally.members_skipped.raise_by(change.skipped);
        if change.skipped > 0 {
            tracing::warn!(skipped = change.skipped, "skipped members with an unusable or repeated node key");
        }
        for Removed { peer, oin, was_reachable } in change.removed {
            self.swarm.behaviour_mut().allowed.disallow_peer(peer);
            // Fails only when there is no connection.
            let _ = self.swarm.disconnect_peer_id(peer);
            if was_reachable {
                self.lost(oin);
            }
        }
        let behaviour = self.swarm.behaviour_mut();
        for peer in change.added {
            behaviour.allowed.allow_peer(peer);
        }
        *behaviour.limits.limits_mut() = connection_limits(&self.limits, self.members.len());
        self.set_circles(network, circles);
        self.note_paths();
    }

    fn set_circles(&mut self, network: NetworkId, circles: &[CircleId]) {
        let wanted: BTreeSet<CircleId> = circles.iter().copied().collect();
        let skipped = wanted.len().saturating_sub(MAX_CIRCLES);
        self.tally.circles_skipped.raise_by(skipped);
        if skipped > 0 {
            tracing::warn!(skipped, "skipped circles beyond the most that one node listens for");
        }
        let mut before = std::mem::take(&mut self.topics);
        let gossip = &mut self.swarm.behaviour_mut().gossip;
        let wanted: BTreeMap<TopicHash, Listening> = wanted
            .into_iter()
            .take(MAX_CIRCLES)
            .map(|circle| (circle, gossip::topic(network, circle)))
            .map(|(circle, topic)| (topic.hash(), Listening { circle, topic }))
            .collect();
        for (hash, listening) in &wanted {
            if before.remove(hash).is_none() {
                let subscribed = gossip.subscribe(&listening.topic);
                debug_assert!(subscribed.is_ok(), "every topic is allowed");
            }
        }
        for listening in before.into_values() {
            gossip.unsubscribe(&listening.topic);
        }
        self.topics = wanted;
    }

    pub(super) fn say(&mut self, outbound: Outbound) {
        match outbound {
            Outbound::Request { to, conversation, id, frame } => self.ask(to, conversation, id, frame),
            Outbound::Respond { token, frame } => self.answer(token, frame),
            Outbound::Gossip { circle, frame } => self.publish(circle, frame),
            Outbound::Evaluate(_) | Outbound::Reply { .. } | Outbound::Notice(_) | Outbound::Members(_) => {}
        }
    }

    fn ask(&mut self, to: Oin, conversation: Conversation, id: RequestId, frame: Vec<u8>) {
        if frame.len() > conversation.max_request_bytes() {
            self.tally.own_frames_refused.raise();
            tracing::warn!(?conversation, bytes = frame.len(), "an own request is too long to send");
            return self.fail(id);
        }
        let Some(peer) = self.members.reachable(&to) else {
            return self.fail(id);
        };
        match self.lanes.offer(to, conversation, id, frame, Instant::now()) {
            Offer::Send(ready) => self.send(to, peer, conversation, ready),
            Offer::Waits => {}
            Offer::Full => self.fail(id),
        }
    }

    fn answer(&mut self, token: ResponseToken, frame: Vec<u8>) {
        let Some(Waiting { from, conversation, request, channel, .. }) = self.unanswered.take(token) else {
            self.tally.answers_unknown.raise();
            return;
        };
        if frame.len() > conversation.max_response_bytes() {
            self.tally.own_frames_refused.raise();
            tracing::warn!(?conversation, bytes = frame.len(), "an own answer is too long to send");
            return;
        }
        let bytes = frame.len();
        if self.swarm.behaviour_mut().requests(conversation).send_response(channel, frame).is_err() {
            self.tally.answers_unknown.raise();
        } else {
            self.unanswered.answering(from, conversation, request, bytes);
        }
    }

    fn publish(&mut self, circle: CircleId, frame: Vec<u8>) {
        if frame.len() > MAX_GOSSIP_FRAME_BYTES {
            self.tally.own_frames_refused.raise();
            tracing::warn!(bytes = frame.len(), "own gossip is too long to send");
            return;
        }
        let topic =
            self.topics.iter().find(|(_, listening)| listening.circle == circle).map(|(hash, _)| hash);
        let Some(topic) = topic.cloned() else {
            self.tally.gossip_unsent.raise();
            return;
        };
        if let Err(error) = self.swarm.behaviour_mut().gossip.publish(topic, frame) {
            self.tally.gossip_unsent.raise();
            tracing::debug!(%circle, ?error, "gossip not sent");
        }
    }

    pub(super) fn dial_who_is_due(&mut self) {
        while let Some(Attempt { peer, addresses, is_upgrade }) = self.members.begin_dial(Instant::now()) {
            let condition =
                if is_upgrade { PeerCondition::NotDialing } else { PeerCondition::DisconnectedAndNotDialing };
            let options = DialOpts::peer_id(peer)
                .condition(condition)
                .addresses(addresses)
                // From the listening port, both sides dialling would meet in one socket pair, and a port that was
                // just closed would be refused.
                .allocate_new_port()
                .build();
            if let Err(error) = self.swarm.dial(options) {
                self.dial_failed(&peer, &error);
            }
        }
    }
}
