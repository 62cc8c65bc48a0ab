//! What happens on connections: they open, close and are refused; members ask, answer and gossip.

use domain::CircleId;
use libp2p::gossipsub::MessageAcceptance;
use libp2p::request_response::{self, InboundFailure, OutboundRequestId};
use libp2p::swarm::{ListenError, SwarmEvent};
use libp2p::{PeerId, allow_block_list, gossipsub, ping};
use protocol::evaluation::elements_asked;
use protocol::{Conversation, Input};
use tokio::time::Instant;

use super::{Task, UnderWay};
use crate::address::Path;
use crate::arrivals::TooOften;
use crate::behaviour::BehaviourEvent;
use crate::gossip::MAX_GOSSIP_FRAME_BYTES;
use crate::unanswered::{Kept, Waiting};

impl Task {
    pub(super) fn happened(&mut self, event: SwarmEvent<BehaviourEvent>) {
        match event {
            SwarmEvent::Behaviour(event) => self.behaved(event),
            SwarmEvent::ConnectionEstablished { peer_id, connection_id, endpoint, .. } => {
                self.members.opened(&peer_id, connection_id, Path::of(&endpoint));
                self.note_paths();
            }
            SwarmEvent::ConnectionClosed { peer_id, connection_id, .. } => {
                if let Some(oin) = self.members.closed(&peer_id, connection_id, Instant::now()) {
                    self.lost(oin);
                }
                self.note_paths();
            }
            SwarmEvent::IncomingConnectionError { error, peer_id, .. } => self.refused(peer_id, &error),
            SwarmEvent::OutgoingConnectionError { peer_id: Some(peer), error, .. } => {
                self.dial_failed(&peer, &error);
            }
            SwarmEvent::ListenerError { error, .. } => tracing::warn!(%error, "a listener failed to accept"),
            SwarmEvent::ListenerClosed { listener_id, reason, .. } => {
                self.listener_closed(listener_id, &reason);
            }
            SwarmEvent::OutgoingConnectionError { .. }
            | SwarmEvent::IncomingConnection { .. }
            | SwarmEvent::NewListenAddr { .. }
            | SwarmEvent::ExpiredListenAddr { .. }
            | SwarmEvent::Dialing { .. }
            | SwarmEvent::NewExternalAddrCandidate { .. }
            | SwarmEvent::ExternalAddrConfirmed { .. }
            | SwarmEvent::ExternalAddrExpired { .. }
            | SwarmEvent::NewExternalAddrOfPeer { .. } => {}
            _ => {}
        }
    }

    fn refused(&mut self, peer: Option<PeerId>, error: &ListenError) {
        let ListenError::Denied { cause } = error else {
            self.tally.handshakes_failed.raise();
            tracing::debug!(%error, "an incoming connection failed");
            return;
        };
        if cause.downcast_ref::<allow_block_list::NotAllowed>().is_some() {
            if let Some(count) = self.tally.strangers_refused.raise_and_tell() {
                tracing::warn!(peer = peer.map(tracing::field::display), count, "refused a stranger");
            }
        } else if cause.downcast_ref::<TooOften>().is_some() {
            if let Some(count) = self.tally.arrivals_refused.raise_and_tell() {
                let peer = peer.map(tracing::field::display);
                tracing::warn!(peer, count, "refused a connection: too many or too often from there");
            }
        } else {
            if let Some(count) = self.tally.connections_over_limit.raise_and_tell() {
                let peer = peer.map(tracing::field::display);
                tracing::warn!(peer, count, "refused a connection over the limit");
            }
        }
    }

    fn behaved(&mut self, event: BehaviourEvent) {
        match event {
            BehaviourEvent::Allowed(never)
            | BehaviourEvent::Arrivals(never)
            | BehaviourEvent::Limits(never)
            | BehaviourEvent::Memory(never) => match never {},
            BehaviourEvent::RelayClient(event) => self.waited_at_relay(&event),
            BehaviourEvent::RelayServer(event) => self.relayed(&event),
            BehaviourEvent::Ping(event) => self.tested(event),
            BehaviourEvent::Gossip(event) => self.heard(event),
            BehaviourEvent::Ceremony(event) => self.conversed(Conversation::Ceremony, event),
            BehaviourEvent::Evaluation(event) => self.conversed(Conversation::Evaluation, event),
            BehaviourEvent::Feed(event) => self.conversed(Conversation::Feed, event),
            BehaviourEvent::Roster(event) => self.conversed(Conversation::Roster, event),
            BehaviourEvent::Witness(event) => self.conversed(Conversation::Witness, event),
        }
    }

    fn tested(&mut self, event: ping::Event) {
        match event.result {
            Ok(_) => self.answered(&event.peer, event.connection),
            // Requests may still work; whoever cannot be tested never counts as connected by a test.
            Err(ping::Failure::Unsupported) => {}
            Err(ping::Failure::Timeout | ping::Failure::Other { .. }) => {
                if self.swarm.close_connection(event.connection) {
                    self.tally.dead_connections.raise();
                }
            }
        }
    }

    fn heard(&mut self, event: gossipsub::Event) {
        let gossipsub::Event::Message { propagation_source, message_id, message } = event else {
            return;
        };
        let by_member = message.source.is_some_and(|author| self.members.oin(&author).is_some());
        let circle = self.topics.get(&message.topic).map(|listening| listening.circle).filter(|_| by_member);
        let fits = message.data.len() <= MAX_GOSSIP_FRAME_BYTES;
        let acceptance = match circle {
            Some(circle) if fits => {
                let input = Input::Gossip { circle, frame: message.data };
                if self.hear(message.source, &propagation_source, circle, input) {
                    MessageAcceptance::Accept
                } else {
                    // Nobody's lie, so nobody is blamed; and not carried on.
                    MessageAcceptance::Ignore
                }
            }
            Some(_) => {
                self.tally.gossip_oversized.raise();
                MessageAcceptance::Reject
            }
            None => {
                if let Some(count) = self.tally.gossip_foreign.raise_and_tell() {
                    tracing::warn!(relay = %propagation_source, count, "refused gossip of a stranger");
                }
                MessageAcceptance::Reject
            }
        };
        let gossip = &mut self.swarm.behaviour_mut().gossip;
        gossip.report_message_validation_result(&message_id, &propagation_source, acceptance);
    }

    /// Takes gossip unless too much comes. What an author says itself counts for the author; what a member passes on
    /// counts for that member, so that nobody can use up another's share by repeating it.
    fn hear(&mut self, author: Option<PeerId>, by: &PeerId, circle: CircleId, input: Input) -> bool {
        let Some(from) = self.members.oin(by) else { return false };
        let (what, rate) = if author.as_ref() == Some(by) {
            (Some(circle), self.limits.rates.gossip)
        } else {
            (None, self.limits.rates.passed_gossip)
        };
        let is_taken =
            self.heard.try_take((from, what), rate, Instant::now()) && self.queue.push_gossip(from, input);
        if !is_taken && let Some(count) = self.tally.gossip_too_often.raise_and_tell() {
            tracing::warn!(%from, count, "dropped gossip: too much of this member");
        }
        is_taken
    }

    fn conversed(&mut self, conversation: Conversation, event: request_response::Event<Vec<u8>, Vec<u8>>) {
        match event {
            request_response::Event::Message { peer, connection_id, message } => {
                self.answered(&peer, connection_id);
                match message {
                    request_response::Message::Request { request: frame, request_id: request, channel } => {
                        // A member that was removed while its request was under way is a stranger now.
                        let Some(from) = self.members.oin(&peer) else { return };
                        let bytes = frame.len();
                        let elements = match conversation {
                            Conversation::Evaluation => elements_asked(&frame),
                            Conversation::Ceremony
                            | Conversation::Feed
                            | Conversation::Roster
                            | Conversation::Witness => 0,
                        };
                        let waiting = Waiting { from, conversation, request, channel, bytes, elements };
                        self.asked(waiting, frame);
                    }
                    request_response::Message::Response { request_id, response } => {
                        self.ended(conversation, request_id, Some(response));
                    }
                }
            }
            request_response::Event::OutboundFailure { request_id, error, .. } => {
                tracing::debug!(?conversation, %error, "an own request failed");
                self.ended(conversation, request_id, None);
            }
            request_response::Event::InboundFailure { request_id, error, .. } => {
                self.unanswered.answered(conversation, request_id);
                match error {
                    // The own refusal, already counted.
                    InboundFailure::ResponseOmission => {}
                    InboundFailure::Timeout
                    | InboundFailure::ConnectionClosed
                    | InboundFailure::UnsupportedProtocols
                    | InboundFailure::Io(_) => self.sweep(),
                }
            }
            request_response::Event::ResponseSent { request_id, .. } => {
                self.unanswered.answered(conversation, request_id);
            }
        }
    }

    fn asked(&mut self, request: Waiting, frame: Vec<u8>) {
        let (from, conversation) = (request.from, request.conversation);
        let Some(Kept { token, given_up }) = self.unanswered.keep(request) else {
            if let Some(count) = self.tally.requests_refused.raise_and_tell() {
                tracing::warn!(%from, ?conversation, count, "refused a request: too many of this member wait");
            }
            return;
        };
        if let Some((other, token)) = given_up {
            self.queue.forget_request(&other, token);
            if let Some(count) = self.tally.requests_given_up.raise_and_tell() {
                tracing::warn!(%other, count, "gave up a request: too many of this member and of all wait");
            }
        }
        self.queue.push_request(from, conversation, Input::Request { from, conversation, token, frame });
    }

    fn sweep(&mut self) {
        let expired = self.unanswered.sweep();
        self.tally.requests_expired.raise_by(expired);
    }

    /// An own request got its response, or will get none; the next in its line takes its place.
    fn ended(&mut self, conversation: Conversation, request: OutboundRequestId, response: Option<Vec<u8>>) {
        let Some(UnderWay { to, id }) = self.under_way.remove(&(conversation, request)) else { return };
        match response {
            Some(frame) => self.queue.push_answer(to, Input::Response { id, frame }),
            None => self.fail(id),
        }
        // The next in its line follows at the top of the loop.
        self.lanes.release(to, conversation);
    }
}
