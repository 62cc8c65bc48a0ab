//! The network in one thread: nodes, a queue of messages, a clock that moves when told.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crypto::SigningKey;
use domain::{CircleId, Oin, Timestamp};
use index::UnitMatrix;
use protocol::{
    Batch, Command, CommandId, Conversation, Input, Node, NodeConfig, Notice, Outbound, Reply, RequestId,
    ResponseToken, Status, Step,
};

use crate::{Founding, MemoryDisk, START};

/// A message on its way, as a test may inspect it.
#[derive(Debug, Clone)]
pub struct Message {
    /// Who sent it.
    pub from: Oin,
    /// Whom it is for.
    pub to: Oin,
    /// The conversation; gossip belongs to none.
    pub conversation: Option<Conversation>,
    /// Whether it answers a request.
    pub is_response: bool,
    /// The frame.
    pub frame: Vec<u8>,
    route: Route,
}

#[derive(Debug, Clone, Copy)]
enum Route {
    Request(RequestId),
    Response(RequestId),
    Gossip(CircleId),
}

/// What becomes of a message.
#[derive(Debug)]
pub enum Fate {
    /// It arrives.
    Deliver,
    /// It is lost; the asker sees its request fail.
    Drop,
    /// Another frame arrives in its place.
    Replace(Vec<u8>),
    /// It arrives twice.
    Twice,
    /// It arrives so many seconds later, after whatever was sent meanwhile.
    Late(u64),
}

type Judge = Box<dyn FnMut(&Message) -> Fate>;

/// Nodes that talk to each other in one thread.
pub struct Simulation {
    founding: Founding,
    now: Timestamp,
    /// Seconds by which a member's clock is ahead of the true time.
    ahead: BTreeMap<Oin, i64>,
    runs: u64,
    nodes: BTreeMap<Oin, Node>,
    disks: BTreeMap<Oin, MemoryDisk>,
    absent: BTreeSet<Oin>,
    unheard: BTreeSet<Oin>,
    queue: VecDeque<Message>,
    /// Messages that arrive later, and when.
    late: Vec<(Timestamp, Message)>,
    /// Commits that a node still makes before its process ends without warning.
    crashing: BTreeMap<Oin, usize>,
    /// Requests that a node holds, by node and token: who asked, and under which id.
    tokens: BTreeMap<(Oin, ResponseToken), (Oin, RequestId, Conversation)>,
    last_token: u64,
    replies: BTreeMap<(Oin, CommandId), Reply>,
    last_command: u64,
    notices: BTreeMap<Oin, Vec<Notice>>,
    units: BTreeMap<Oin, UnitMatrix>,
    /// Organisation keys that took the place of those of the founding.
    keys: BTreeMap<Oin, SigningKey>,
    judge: Judge,
}

impl Simulation {
    /// Every member's node, all connected, nothing lost.
    #[must_use]
    pub fn new(founding: Founding) -> Self {
        let mut simulation = Self {
            now: START,
            ahead: BTreeMap::new(),
            runs: 0,
            nodes: BTreeMap::new(),
            disks: founding.oins().map(|oin| (oin, MemoryDisk::default())).collect(),
            absent: BTreeSet::new(),
            unheard: BTreeSet::new(),
            queue: VecDeque::new(),
            late: Vec::new(),
            crashing: BTreeMap::new(),
            tokens: BTreeMap::new(),
            last_token: 0,
            replies: BTreeMap::new(),
            last_command: 0,
            notices: BTreeMap::new(),
            units: BTreeMap::new(),
            keys: BTreeMap::new(),
            judge: Box::new(|_| Fate::Deliver),
            founding,
        };
        for oin in simulation.founding.oins() {
            simulation.start(oin);
        }
        simulation
    }

    /// The founding the network was made from.
    #[must_use]
    pub fn founding(&self) -> &Founding {
        &self.founding
    }

    /// The true time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// The time as a member's clock shows it.
    #[must_use]
    pub fn clock(&self, oin: Oin) -> Timestamp {
        let ahead = self.ahead.get(&oin).copied().unwrap_or(0);
        Timestamp(self.now.0.saturating_add_signed(ahead))
    }

    /// Sets a member's clock so many seconds ahead of the true time; behind it when negative.
    pub fn set_clock(&mut self, oin: Oin, ahead_seconds: i64) {
        self.ahead.insert(oin, ahead_seconds);
    }

    /// Decides from now on what becomes of each message.
    pub fn judge(&mut self, judge: impl FnMut(&Message) -> Fate + 'static) {
        self.judge = Box::new(judge);
    }

    /// Takes a member off the network: its connections break and it is not heard of.
    pub fn disconnect(&mut self, oin: Oin) {
        self.absent.insert(oin);
        for peer in self.peers_of(oin) {
            self.input(peer, Input::Disconnected(oin));
            self.input(oin, Input::Disconnected(peer));
        }
    }

    /// Brings a member back on the network.
    pub fn reconnect(&mut self, oin: Oin) {
        self.absent.remove(&oin);
        self.connect(oin);
    }

    /// Ends a member's node at once and starts it again from its disk.
    pub fn restart(&mut self, oin: Oin) {
        self.disconnect(oin);
        self.forget_messages(oin);
        self.absent.remove(&oin);
        self.start(oin);
    }

    /// Ends a member's process without warning after so many more commits, whatever it was about to say then.
    pub fn crash_after(&mut self, oin: Oin, commits: usize) {
        self.crashing.insert(oin, commits);
    }

    /// Takes back every crash that has not happened.
    pub fn crash_never(&mut self) {
        self.crashing.clear();
    }

    /// Whether a member's process has ended and not been started again.
    #[must_use]
    pub fn is_down(&self, oin: Oin) -> bool {
        !self.nodes.contains_key(&oin)
    }

    /// Gives a member another unit matrix, which holds from its next start.
    pub fn configure_units(&mut self, oin: Oin, units: UnitMatrix) {
        self.units.insert(oin, units);
    }

    /// Gives a member another organisation key, which it signs with from its next start.
    pub fn replace_key(&mut self, oin: Oin, key: SigningKey) {
        self.keys.insert(oin, key);
    }

    /// Ends a member's node at once, puts another disk in the place of its own, and starts it again.
    pub fn restart_from(&mut self, oin: Oin, disk: MemoryDisk) {
        self.nodes.remove(&oin);
        self.disks.insert(oin, disk);
        self.restart(oin);
    }

    /// Lets a member's node sign after its next start without hearing what it signed before: what would happen.
    pub fn sign_unheard(&mut self, oin: Oin) {
        self.unheard.insert(oin);
    }

    /// What a member's disk holds.
    ///
    /// # Panics
    /// For an OIN that is no member's.
    #[must_use]
    pub fn disk(&self, oin: Oin) -> &MemoryDisk {
        self.disks.get(&oin).expect("every member has a disk")
    }

    /// What a member's node told unasked.
    #[must_use]
    pub fn notices(&self, oin: Oin) -> &[Notice] {
        self.notices.get(&oin).map_or(&[], Vec::as_slice)
    }

    /// Gives a command and returns its reply.
    ///
    /// # Panics
    /// When the node does not reply at once.
    pub fn command(&mut self, oin: Oin, command: Command) -> Reply {
        self.try_command(oin, command).expect("a node replies to its own organisation at once")
    }

    /// Gives a command and returns its reply; `None` when the node goes down over it.
    pub fn try_command(&mut self, oin: Oin, command: Command) -> Option<Reply> {
        self.last_command += 1;
        let id = CommandId(self.last_command);
        self.input(oin, Input::Command { id, command });
        self.replies.remove(&(oin, id))
    }

    /// How a member's node is doing.
    ///
    /// # Panics
    /// Never: a status is replied to with a status.
    pub fn status(&mut self, oin: Oin) -> Status {
        match self.command(oin, Command::Status) {
            Reply::Status(status) => *status,
            Reply::Imported(_)
            | Reply::Withdrawn(_)
            | Reply::Roster(_)
            | Reply::NextRoster(_)
            | Reply::Renewed(_)
            | Reply::Signals(_)
            | Reply::Who(_)
            | Reply::WhoAll(_) => {
                unreachable!("asked for the status")
            }
        }
    }

    /// Brings a message to a node as if it came from `from`; returns when everything it set off has happened.
    pub fn inject(&mut self, from: Oin, to: Oin, conversation: Conversation, frame: Vec<u8>) {
        self.last_token += 1;
        let token = ResponseToken(self.last_token);
        self.input(to, Input::Request { from, conversation, token, frame });
        self.deliver();
    }

    /// Has `from` ask `to`, so that the answer travels back to it; it reaches a node that did not ask for it.
    pub fn ask_as(&mut self, from: Oin, to: Oin, conversation: Conversation, frame: Vec<u8>) {
        // No node gives out this number for its own requests.
        let route = Route::Request(RequestId(u64::MAX));
        self.queue.push_back(Message {
            from,
            to,
            conversation: Some(conversation),
            is_response: false,
            frame,
            route,
        });
        self.deliver();
    }

    /// Brings gossip to a node.
    pub fn inject_gossip(&mut self, to: Oin, frame: Vec<u8>) {
        let circle = self.founding.circle;
        self.input(to, Input::Gossip { circle, frame });
        self.deliver();
    }

    /// Moves the clock one second, ticks every node, and delivers until nothing is on its way.
    pub fn second(&mut self) {
        self.now = self.now.plus(1);
        let now = self.now;
        let (due, later) = std::mem::take(&mut self.late).into_iter().partition(|(at, _)| *at <= now);
        self.late = later;
        let due: Vec<(Timestamp, Message)> = due;
        for (_, message) in due {
            self.arrive(message);
        }
        let oins: Vec<Oin> = self.nodes.keys().copied().collect();
        for oin in oins {
            self.input(oin, Input::Tick);
        }
        self.deliver();
    }

    /// Moves the clock without anything happening in between, as when a machine slept.
    pub fn jump(&mut self, seconds: u64) {
        self.now = self.now.plus(seconds);
    }

    /// Sets everybody's clock back.
    pub fn set_back(&mut self, seconds: u64) {
        self.now = Timestamp(self.now.0.saturating_sub(seconds));
    }

    /// Lets seconds pass.
    pub fn seconds(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.second();
        }
    }

    /// Lets seconds pass until the condition holds.
    ///
    /// # Panics
    /// When it does not hold after `at_most` seconds.
    pub fn until(&mut self, at_most: u64, what: &str, mut condition: impl FnMut(&mut Self) -> bool) {
        for _ in 0..at_most {
            if condition(self) {
                return;
            }
            self.second();
        }
        assert!(condition(self), "not within {at_most} seconds: {what}");
    }

    /// Lets seconds pass until every present node holds both key sets, has published everything and holds every
    /// current head.
    pub fn settle(&mut self) {
        let present: Vec<Oin> = self.nodes.keys().filter(|oin| !self.absent.contains(oin)).copied().collect();
        self.settle_nodes(&present);
    }

    /// The same among some members.
    pub fn settle_among(&mut self, members: &[usize]) {
        let oins: Vec<Oin> = members.iter().map(|member| Founding::oin(*member)).collect();
        self.settle_nodes(&oins);
    }

    fn settle_nodes(&mut self, oins: &[Oin]) {
        self.until(120, "everything published and every head held", |simulation| {
            oins.iter().all(|oin| {
                let status = simulation.status(*oin);
                status.key_sets.len() == 2 && status.published && status.completeness.is_complete()
            })
        });
    }

    fn start(&mut self, oin: Oin) {
        self.runs += 1;
        let units = self.units.get(&oin).cloned().unwrap_or_default();
        let hear_before_signing = !self.unheard.contains(&oin);
        let founded = self.founding.config(oin, self.runs);
        let organisation_key = self.keys.get(&oin).unwrap_or(&founded.organisation_key).clone();
        let config = NodeConfig { units, hear_before_signing, organisation_key, ..founded };
        let kept = self.disks.get(&oin).map(MemoryDisk::kept).unwrap_or_default();
        self.nodes.insert(oin, Node::new(config, &kept, self.clock(oin)));
        self.connect(oin);
    }

    fn connect(&mut self, oin: Oin) {
        for peer in self.peers_of(oin) {
            self.input(peer, Input::Connected(oin));
            self.input(oin, Input::Connected(peer));
        }
    }

    fn peers_of(&self, oin: Oin) -> Vec<Oin> {
        self.nodes.keys().filter(|peer| **peer != oin && !self.absent.contains(peer)).copied().collect()
    }

    fn input(&mut self, oin: Oin, input: Input) {
        let now = self.clock(oin);
        let Some(node) = self.nodes.get_mut(&oin) else { return };
        let steps = node.handle(input, now);
        self.commit(oin, steps);
    }

    fn commit(&mut self, oin: Oin, steps: Vec<Step>) {
        let disk = self.disks.entry(oin).or_default();
        let mut outbound = Vec::new();
        for step in steps {
            if let Some(left) = self.crashing.get_mut(&oin) {
                if *left == 0 {
                    self.crash(oin);
                    return;
                }
                *left -= 1;
            }
            let mut batch = Batch::default();
            batch.push(step);
            let Ok(said) = batch.commit(disk);
            outbound.extend(said);
        }
        for said in outbound {
            self.dispatch(oin, said);
        }
    }

    fn dispatch(&mut self, from: Oin, said: Outbound) {
        match said {
            Outbound::Request { to, conversation, id, frame } => self.queue.push_back(Message {
                from,
                to,
                conversation: Some(conversation),
                is_response: false,
                frame,
                route: Route::Request(id),
            }),
            Outbound::Respond { token, frame } => {
                if let Some((to, id, conversation)) = self.tokens.remove(&(from, token)) {
                    let route = Route::Response(id);
                    let conversation = Some(conversation);
                    self.queue.push_back(Message { from, to, conversation, is_response: true, frame, route });
                }
            }
            Outbound::Gossip { circle, frame } => {
                for to in self.peers_of(from) {
                    self.queue.push_back(Message {
                        from,
                        to,
                        conversation: None,
                        is_response: false,
                        frame: frame.clone(),
                        route: Route::Gossip(circle),
                    });
                }
            }
            Outbound::Reply { id, reply } => {
                self.replies.insert((from, id), reply);
            }
            Outbound::Members(roster) => {
                for peer in self.peers_of(from) {
                    if roster.member(&peer).is_none() {
                        self.input(from, Input::Disconnected(peer));
                        self.input(peer, Input::Disconnected(from));
                    }
                }
            }
            Outbound::Notice(notice) => self.notices.entry(from).or_default().push(notice),
        }
    }

    /// The process is gone at once; its peers see their connections break, and what it asked is answered to nobody.
    fn crash(&mut self, oin: Oin) {
        self.crashing.remove(&oin);
        self.nodes.remove(&oin);
        self.forget_messages(oin);
        for peer in self.peers_of(oin) {
            self.input(peer, Input::Disconnected(oin));
        }
    }

    /// Drops what is on its way from and to a process that has ended, and what it was asked: whoever waits is told.
    /// Another process has other connections, so what was meant for the old one does not reach it.
    fn forget_messages(&mut self, oin: Oin) {
        let of_it = |message: &Message| message.from == oin || message.to == oin;
        let (mut lost, kept): (Vec<Message>, Vec<Message>) = self.queue.drain(..).partition(of_it);
        self.queue = kept.into();
        let (late, kept) = self.late.drain(..).partition(|(_, message)| of_it(message));
        self.late = kept;
        let late: Vec<(Timestamp, Message)> = late;
        lost.extend(late.into_iter().map(|(_, message)| message));
        for message in &lost {
            self.lose(message);
        }
        let held: Vec<(Oin, RequestId)> = self
            .tokens
            .iter()
            .filter(|((holder, _), _)| *holder == oin)
            .map(|(_, (asker, id, _))| (*asker, *id))
            .collect();
        self.tokens.retain(|(holder, _), (asker, _, _)| *holder != oin && *asker != oin);
        for (asker, id) in held {
            self.input(asker, Input::RequestFailed { id });
        }
    }

    fn deliver(&mut self) {
        while let Some(message) = self.queue.pop_front() {
            match (self.judge)(&message) {
                Fate::Deliver => self.arrive(message),
                Fate::Drop => self.lose(&message),
                Fate::Replace(frame) => self.arrive(Message { frame, ..message }),
                Fate::Twice => {
                    self.arrive(message.clone());
                    self.arrive(message);
                }
                Fate::Late(seconds) => self.late.push((self.now.plus(seconds), message)),
            }
        }
    }

    fn arrive(&mut self, message: Message) {
        let away = |oin: &Oin| self.absent.contains(oin) || !self.nodes.contains_key(oin);
        if away(&message.from) || away(&message.to) {
            self.lose(&message);
            return;
        }
        let Message { from, to, conversation, frame, route, .. } = message;
        match route {
            Route::Request(id) => {
                let conversation = conversation.expect("requests belong to a conversation");
                self.last_token += 1;
                let token = ResponseToken(self.last_token);
                self.tokens.insert((to, token), (from, id, conversation));
                self.input(to, Input::Request { from, conversation, token, frame });
            }
            Route::Response(id) => self.input(to, Input::Response { id, frame }),
            Route::Gossip(circle) => self.input(to, Input::Gossip { circle, frame }),
        }
    }

    /// Whoever waits for an answer that will not come is told.
    fn lose(&mut self, message: &Message) {
        match message.route {
            Route::Request(id) => self.input(message.from, Input::RequestFailed { id }),
            Route::Response(id) => self.input(message.to, Input::RequestFailed { id }),
            Route::Gossip(_) => {}
        }
    }
}
