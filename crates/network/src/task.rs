//! The one task that owns the swarm: commands in, events out, and what happens on connections in between.

mod happenings;
mod orders;
mod relaying;

use std::collections::{BTreeMap, BTreeSet};
use std::future;
use std::sync::Arc;
use std::time::Duration;

use domain::{CircleId, Oin};
use futures::StreamExt;
use libp2p::gossipsub::{IdentTopic, TopicHash};
use libp2p::request_response::OutboundRequestId;
use libp2p::swarm::ConnectionId;
use libp2p::{PeerId, Swarm};
use protocol::{Conversation, Input, RequestId};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::behaviour::Behaviour;
use crate::counters::Tally;
use crate::event_queue::{Due, EventQueue, request_token};
use crate::lanes::{Lanes, Ready};
use crate::load::{LiveLoad, Load};
use crate::members::Members;
use crate::paths::LivePaths;
use crate::rates::Buckets;
use crate::reservations::Reservations;
use crate::unanswered::Unanswered;
use crate::{Limits, NetworkCommand, NetworkConfig};

/// Authors and members that pass on gossip, remembered because they did of late: each author in a few circles.
const MAX_GOSSIPERS: usize = 40_000;

/// How long an orderly stop may take to say goodbye.
const STOP_GRACE: Duration = Duration::from_secs(2);

/// An own request on the wire.
struct UnderWay {
    to: Oin,
    id: RequestId,
}

/// A circle that is listened for.
struct Listening {
    circle: CircleId,
    topic: IdentTopic,
}

pub(crate) struct Task {
    limits: Limits,
    swarm: Swarm<Behaviour>,
    queue: EventQueue,
    members: Members,
    reservations: Reservations,
    /// Pairs of members whose circuits this node carries.
    carried: BTreeSet<(PeerId, PeerId)>,
    lanes: Lanes,
    under_way: BTreeMap<(Conversation, OutboundRequestId), UnderWay>,
    unanswered: Unanswered,
    /// What authors have left to say in each circle, and members to pass on.
    heard: Buckets<(Oin, Option<CircleId>)>,
    topics: BTreeMap<TopicHash, Listening>,
    tally: Arc<Tally>,
    paths: Arc<LivePaths>,
    load: Arc<LiveLoad>,
}

impl Task {
    pub(crate) fn new(
        config: &NetworkConfig,
        swarm: Swarm<Behaviour>,
        tally: Arc<Tally>,
        paths: Arc<LivePaths>,
        load: Arc<LiveLoad>,
    ) -> Self {
        let limits = config.limits;
        let listens = !config.listen.is_empty();
        let members = Members::new(config.oin, *swarm.local_peer_id(), listens, config.quic);
        Self {
            limits,
            swarm,
            queue: EventQueue::new(limits.rates),
            members,
            reservations: Reservations::default(),
            carried: BTreeSet::new(),
            lanes: Lanes::new(limits.streams() / 2, limits.waiting_requests, limits.rates),
            under_way: BTreeMap::new(),
            unanswered: Unanswered::new(limits.unanswered_per_member),
            heard: Buckets::new(MAX_GOSSIPERS),
            topics: BTreeMap::new(),
            tally,
            paths,
            load,
        }
    }

    /// Runs until it is told to stop or nobody holds its channels any more.
    pub(crate) async fn run(
        mut self,
        mut commands: mpsc::Receiver<NetworkCommand>,
        events: mpsc::Sender<Input>,
    ) {
        loop {
            self.keep_places();
            let next_dial = self.members.next_dial();
            let now = Instant::now();
            let pause_end = self.reservations.next_pause_end(now);
            self.send_who_is_due(now);
            self.note_load();
            let next_request = self.lanes.next_due(now);
            let (has_event, next_event) =
                match self.queue.due(now, |member, token| self.unanswered.place(member, token)) {
                    Due::Now => (true, None),
                    Due::At(due) => (false, Some(due)),
                    Due::Unknown => (false, None),
                };
            tokio::select! {
                // Always taken, whatever else is stuck: see the invariants of this crate.
                command = commands.recv() => match command {
                    Some(NetworkCommand::SetMembers { network, peers, circles }) => {
                        self.set_members(network, peers, &circles);
                    }
                    Some(NetworkCommand::Outbound(outbound)) => self.say(outbound),
                    Some(NetworkCommand::Stop) | None => break,
                },
                permit = events.reserve(), if has_event => {
                    let Ok(permit) = permit else { break };
                    if let Some(input) = self.next_event() {
                        permit.send(input);
                    }
                }
                () = events.closed() => break,
                event = self.swarm.select_next_some() => self.happened(event),
                () = until(next_dial) => self.dial_who_is_due(),
                // Then a place is asked for, a request sent, or an event taken: at the top.
                () = until(pause_end) => {}
                () = until(next_request) => {}
                () = until(next_event) => {}
            }
        }
        self.shut_down().await;
        // Last: a closed command channel tells `Network::stop` that all is done.
        drop(commands);
    }

    /// Closes connections in order, then the listeners with the swarm.
    async fn shut_down(self) {
        let mut swarm = self.swarm;
        let peers: Vec<PeerId> = swarm.connected_peers().copied().collect();
        for peer in peers {
            // Fails only when the connection is gone already.
            let _ = swarm.disconnect_peer_id(peer);
        }
        let closing = async {
            while swarm.connected_peers().next().is_some() {
                swarm.select_next_some().await;
            }
        };
        if tokio::time::timeout(STOP_GRACE, closing).await.is_err() {
            tracing::debug!("some connections did not close in time");
        }
    }

    fn note_load(&self) {
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        let (requests, request_bytes, answer_bytes) = self.unanswered.held();
        self.load.set(Load {
            events: count(self.queue.len()),
            requests: count(requests),
            request_bytes: count(request_bytes),
            answer_bytes: count(answer_bytes),
            own_requests: count(self.lanes.waiting()),
            connections: u64::from(self.swarm.network_info().connection_counters().num_established()),
        });
    }

    /// The next event for the node. `None` when its sender no longer waits for the answer.
    fn next_event(&mut self) -> Option<Input> {
        let input = self.queue.pop(Instant::now(), |member, token| self.unanswered.place(member, token))?;
        let is_wanted = request_token(&input).is_none_or(|token| self.unanswered.begin(token));
        is_wanted.then_some(input)
    }

    /// Sends own requests whose time has come.
    fn send_who_is_due(&mut self, now: Instant) {
        while let Some((to, conversation, ready)) = self.lanes.next(now) {
            if let Some(peer) = self.members.reachable(&to) {
                self.send(to, peer, conversation, ready);
            } else {
                self.lanes.release(to, conversation);
                self.fail(ready.id);
            }
        }
    }

    fn send(&mut self, to: Oin, peer: PeerId, conversation: Conversation, ready: Ready) {
        let sent = self.swarm.behaviour_mut().requests(conversation).send_request(&peer, ready.frame);
        self.under_way.insert((conversation, sent), UnderWay { to, id: ready.id });
    }

    fn dial_failed(&mut self, peer: &PeerId, error: &dyn std::error::Error) {
        self.tally.dials_failed.raise();
        tracing::debug!(%peer, %error, "member not reached");
        self.members.dial_failed(peer, Instant::now());
    }

    /// A node spoke over its connection, so it did not refuse it.
    fn answered(&mut self, peer: &PeerId, connection: ConnectionId) {
        let answered = self.members.answered(peer, connection, Instant::now());
        for circuit in answered.superseded {
            tracing::debug!(%peer, "reachable without a relay; the circuit goes");
            self.swarm.close_connection(circuit);
        }
        if let Some(oin) = answered.newly {
            tracing::debug!(%oin, "connected");
            self.tell(Input::Connected(oin));
            self.note_paths();
        }
    }

    fn lost(&mut self, oin: Oin) {
        tracing::debug!(%oin, "disconnected");
        self.tell(Input::Disconnected(oin));
        for id in self.lanes.give_up(oin) {
            self.fail(id);
        }
        for token in self.queue.forget_requests(&oin) {
            self.unanswered.take(token);
        }
    }

    fn fail(&mut self, id: RequestId) {
        self.tally.requests_failed.raise();
        self.tell(Input::RequestFailed { id });
    }

    fn tell(&mut self, input: Input) {
        if !self.queue.push_own(input) {
            self.tally.events_lost.raise();
        }
    }
}

/// Ends at `instant`, or never.
async fn until(instant: Option<Instant>) {
    match instant {
        Some(instant) => tokio::time::sleep_until(instant).await,
        None => future::pending().await,
    }
}
