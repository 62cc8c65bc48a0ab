//! Three nodes of a network, their disks, and what is on its way between them. What they do is held to its bounds, and what
//! they say to what they may.

use std::collections::{BTreeMap, BTreeSet};

use crypto::Unverified;
use domain::{CircleId, Oin, Timestamp};
use index::HeadDocument;
use protocol::evaluation::EvaluationTask;
use protocol::{
    Batch, CeremonyProblem, Collection, Command, CommandId, Conversation, Durable, Input, Node, Notice,
    Outbound, Refused, Reply, RequestId, ResponseToken, Scope, Step, Write,
};
use testkit::{Founding, MemoryDisk};

use super::super::recorded;
use super::super::recorded::MEMBERS;

/// Messages on their way; the oldest make room.
const MOST_MESSAGES: usize = 256;

/// What the writer of a node takes at once.
const MOST_WRITES: usize = 200;

/// Longest value of a record.
const MOST_BYTES: usize = 64 * 1024;

/// Runs that were recorded have numbers below: no run has the randomness of another.
const RUNS_BEFORE: u64 = 1_000;

/// Members with a node here, all of them keyholders; the last member has none, and lies.
pub(super) const NODES: usize = 3;

/// Where a message goes when it arrives.
#[derive(Clone)]
pub(super) enum Route {
    Request(RequestId, Conversation),
    Response(RequestId),
    Gossip(CircleId),
}

#[derive(Clone)]
pub(super) struct Message {
    pub(super) from: Oin,
    pub(super) to: Oin,
    pub(super) route: Route,
    pub(super) frame: Vec<u8>,
}

/// Keeps what a Step writes within its bounds.
struct Bounded<'a>(&'a mut MemoryDisk);

impl Durable for Bounded<'_> {
    type Error = std::convert::Infallible;

    fn make_durable(&mut self, writes: Vec<Write>) -> Result<(), Self::Error> {
        assert!(writes.len() <= MOST_WRITES, "{} writes in one Step", writes.len());
        for write in &writes {
            if let Write::Put { collection, value, key, .. } = write {
                assert!(
                    value.len() <= MOST_BYTES && key.len() <= 1_024,
                    "a record of {collection:?} too long"
                );
            }
        }
        self.0.make_durable(writes)
    }

    fn read(
        &mut self,
        scope: Scope,
        collection: Collection,
        key: &[u8],
    ) -> Result<Option<Vec<u8>>, Self::Error> {
        self.0.read(scope, collection, key)
    }
}

pub(super) struct World {
    pub(super) now: Timestamp,
    pub(super) nodes: BTreeMap<Oin, Node>,
    pub(super) disks: BTreeMap<Oin, MemoryDisk>,
    pub(super) connected: BTreeSet<(Oin, Oin)>,
    pub(super) queue: Vec<Message>,
    /// Requests that a node holds: who asked, and under which number.
    pub(super) tokens: BTreeMap<(Oin, ResponseToken), (Oin, RequestId, Conversation)>,
    /// Requests that a node awaits the answer to.
    pub(super) awaited: BTreeMap<Oin, Vec<RequestId>>,
    /// Evaluations under way.
    pub(super) work: Vec<(Oin, Box<EvaluationTask>)>,
    pub(super) last: u64,
    pub(super) runs: u64,
    /// Whether anything but what nodes said was brought to one.
    pub(super) is_tampered: bool,
    /// Whether another roster than the first was installed anywhere.
    pub(super) is_other_roster: bool,
    pub(super) replies: usize,
}

impl World {
    pub(super) fn new(now: Timestamp, disk: impl Fn(usize) -> MemoryDisk) -> Self {
        let mut world = Self {
            now,
            nodes: BTreeMap::new(),
            disks: BTreeMap::new(),
            connected: BTreeSet::new(),
            queue: Vec::new(),
            tokens: BTreeMap::new(),
            awaited: BTreeMap::new(),
            work: Vec::new(),
            last: 0,
            runs: RUNS_BEFORE,
            is_tampered: false,
            is_other_roster: false,
            replies: 0,
        };
        for number in 1..=NODES {
            world.disks.insert(Founding::oin(number), disk(number));
            world.start(Founding::oin(number));
        }
        world
    }

    /// Does the work that nodes began.
    pub(super) fn work(&mut self, backwards: bool) {
        let mut work = std::mem::take(&mut self.work);
        if backwards {
            work.reverse();
        }
        for (oin, task) in work {
            self.input(oin, Input::Evaluated(task.run()));
        }
    }

    /// The connection of two nodes breaks, and with it every request between them.
    pub(super) fn part(&mut self, one: Oin, other: Oin) {
        if !self.connected.remove(&(one, other)) {
            return;
        }
        self.connected.remove(&(other, one));
        let is_between =
            |message: &Message| [(one, other), (other, one)].contains(&(message.from, message.to));
        let (lost, kept): (Vec<_>, Vec<_>) = self.queue.drain(..).partition(is_between);
        self.queue = kept;
        for message in lost {
            self.lose(&message);
        }
        self.input(one, Input::Disconnected(other));
        self.input(other, Input::Disconnected(one));
    }

    pub(super) fn command(&mut self, oin: Oin, command: Command) {
        self.last += 1;
        self.input(oin, Input::Command { id: CommandId(self.last), command });
    }

    pub(super) fn start(&mut self, oin: Oin) {
        self.runs += 1;
        let config = recorded().founding.config(oin, self.runs);
        let disk = &self.disks[&oin];
        let node = Node::new(config, disk.kept(), disk, self.now);
        self.nodes.insert(oin, node);
    }

    /// The process ends and starts again; what is on its way to it is lost with its connections.
    pub(super) fn restart(&mut self, oin: Oin) {
        let (lost, kept): (Vec<_>, Vec<_>) =
            self.queue.drain(..).partition(|message| message.from == oin || message.to == oin);
        self.queue = kept;
        self.tokens.retain(|(holder, _), (asker, ..)| *holder != oin && *asker != oin);
        self.awaited.remove(&oin);
        self.work.retain(|(of, _)| *of != oin);
        let peers: Vec<Oin> = self.nodes.keys().copied().filter(|peer| *peer != oin).collect();
        self.start(oin);
        for message in lost.into_iter().filter(|message| message.from != oin) {
            self.lose(&message);
        }
        for peer in peers {
            if self.connected.remove(&(oin, peer)) {
                self.connected.remove(&(peer, oin));
                self.input(peer, Input::Disconnected(oin));
                self.connect(peer, oin);
                self.connect(oin, peer);
            }
        }
    }

    pub(super) fn connect(&mut self, oin: Oin, peer: Oin) {
        if oin != peer && self.connected.insert((oin, peer)) {
            self.input(oin, Input::Connected(peer));
        }
    }

    pub(super) fn arrive(&mut self, message: Message) {
        let Message { from, to, route, frame } = message;
        match route {
            Route::Request(id, conversation) => {
                self.last += 1;
                let token = ResponseToken(self.last);
                self.tokens.insert((to, token), (from, id, conversation));
                self.input(to, Input::Request { from, conversation, token, frame });
            }
            Route::Response(id) => {
                self.answered(to, id);
                self.input(to, Input::Response { id, frame });
            }
            Route::Gossip(circle) => self.input(to, Input::Gossip { circle, frame }),
        }
    }

    pub(super) fn lose(&mut self, message: &Message) {
        let (oin, id) = match message.route {
            Route::Request(id, _) => (message.from, id),
            Route::Response(id) => (message.to, id),
            Route::Gossip(_) => return,
        };
        self.answered(oin, id);
        self.input(oin, Input::RequestFailed { id });
    }

    pub(super) fn answered(&mut self, oin: Oin, id: RequestId) {
        if let Some(awaited) = self.awaited.get_mut(&oin) {
            awaited.retain(|held| *held != id);
        }
    }

    pub(super) fn input(&mut self, oin: Oin, input: Input) {
        let now = self.now;
        let node = self.nodes.get_mut(&oin).expect("every node runs");
        let before = node.refused();
        let steps = node.handle(input, now);
        let after = node.refused();
        let risen = |count: fn(&Refused) -> u64| count(&after) - count(&before);
        // One message holds a few hundred parts at most, each counted once.
        assert!(risen(|refused| refused.malformed_frames) <= 2_000);
        for step in steps {
            self.commit(oin, step);
        }
    }

    pub(super) fn commit(&mut self, oin: Oin, step: Step) {
        let mut batch = Batch::default();
        batch.push(step);
        let disk = self.disks.get_mut(&oin).expect("every node has a disk");
        let Ok(said) = batch.commit(&mut Bounded(disk));
        for said in said {
            self.said(oin, said);
        }
    }

    pub(super) fn said(&mut self, from: Oin, said: Outbound) {
        let is_member = |oin: &Oin| recorded().founding.roster.member(oin).is_some();
        match said {
            Outbound::Request { to, conversation, id, frame } => {
                assert!(to != from && is_member(&to), "asks itself or a stranger");
                assert!(frame.len() <= conversation.max_request_bytes(), "{conversation:?}: {}", frame.len());
                self.awaited.entry(from).or_default().push(id);
                self.send(Message { from, to, route: Route::Request(id, conversation), frame });
            }
            Outbound::Respond { token, frame } => {
                // What was brought here by no node has nobody who awaits the answer.
                let Some((to, id, conversation)) = self.tokens.remove(&(from, token)) else { return };
                assert!(
                    frame.len() <= conversation.max_response_bytes(),
                    "{conversation:?}: {}",
                    frame.len()
                );
                self.send(Message { from, to, route: Route::Response(id), frame });
            }
            Outbound::Evaluate(task) => self.work.push((from, task)),
            Outbound::Gossip { circle, frame } => {
                assert_eq!(circle, recorded().founding.circle);
                if let Ok(head) = Unverified::<HeadDocument>::parse(&frame) {
                    assert_eq!(head.claimed().feed.publisher, from, "speaks of its own feed only");
                }
                for number in 1..=NODES {
                    let to = Founding::oin(number);
                    if to != from {
                        self.send(Message { from, to, route: Route::Gossip(circle), frame: frame.clone() });
                    }
                }
            }
            Outbound::Reply { reply, .. } => {
                self.replies += 1;
                if let Reply::WhoAll(answers) = &reply {
                    let members =
                        || answers.iter().flat_map(|answer| answer.involved.iter().chain(&answer.set_aside));
                    assert!(
                        members().all(|other| other.organisation != from && is_member(&other.organisation))
                    );
                }
            }
            Outbound::Members(_) => assert!(self.is_other_roster, "no roster but the first is in force"),
            Outbound::Notice(notice) => self.noticed(from, &notice),
        }
    }

    /// Nobody is blamed for what it did not do.
    pub(super) fn noticed(&self, oin: Oin, notice: &Notice) {
        match notice {
            Notice::Equivocation { publisher } => {
                assert_eq!(*publisher, Founding::oin(MEMBERS), "an honest node signed two headers");
            }
            Notice::FailingProof { .. } | Notice::Ceremony(CeremonyProblem::Lying { .. }) => {
                assert!(self.is_tampered, "{oin} blames somebody: {notice:?}");
            }
            Notice::NewMatch { involvement, .. } => assert_ne!(involvement.organisation, oin),
            Notice::NewUnitMatch { .. } => panic!("there are no units"),
            _ => {}
        }
    }

    /// The last member has no node: what goes to it is lost at once.
    pub(super) fn send(&mut self, message: Message) {
        if !self.nodes.contains_key(&message.to) {
            if let Route::Request(id, _) = message.route {
                // Kept, so that an answer of the liar can come.
                let awaited = self.awaited.entry(message.from).or_default();
                if awaited.len() > MOST_MESSAGES {
                    awaited.retain(|held| *held != id);
                }
            }
            return;
        }
        if self.queue.len() >= MOST_MESSAGES {
            self.queue.remove(0);
        }
        self.queue.push(message);
    }
}
