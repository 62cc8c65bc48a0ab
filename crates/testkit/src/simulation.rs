//! The network in one thread: nodes, a queue of messages, a clock that moves when told.

mod hostile;
mod links;
mod twin;
mod wire;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crypto::SigningKey;
use domain::{Oin, Timestamp};
use index::UnitMatrix;
use protocol::{
    Batch, Command, CommandId, Conversation, Input, Node, NodeConfig, Notice, Reply, RequestId,
    ResponseToken, Status, Step,
};
use roster::VerifiedRoster;

use self::hostile::Hostile;
pub use self::hostile::{NoTrick, Trick};
use self::links::Links;
use self::twin::Twin;
pub use self::wire::{Fate, Message};
use self::wire::{Held, Later, Route};
use crate::{Dice, Founding, MemoryDisk, START};

type Watcher = Box<dyn FnMut(&Message)>;
type Judge = Box<dyn FnMut(&Message) -> Fate>;

/// Nodes that talk to each other in one thread.
pub struct Simulation {
    founding: Founding,
    now: Timestamp,
    runs: u64,
    nodes: BTreeMap<Oin, Node>,
    disks: BTreeMap<Oin, MemoryDisk>,
    links: Links,
    /// Seconds by which a member's clock is ahead of the true time.
    ahead: BTreeMap<Oin, i64>,
    /// In which order nodes notice that a second passed; by their numbers without.
    order: Option<Dice>,
    unheard: BTreeSet<Oin>,
    queue: VecDeque<Message>,
    /// What happens later, and when.
    later: Vec<(Timestamp, Later)>,
    /// Commits that a node still makes before its process ends without warning.
    crashing: BTreeMap<Oin, usize>,
    /// Requests that a node holds, by node and token: who asked, and under which id.
    tokens: BTreeMap<(Oin, ResponseToken), Held>,
    last_token: u64,
    replies: BTreeMap<(Oin, CommandId), Reply>,
    last_command: u64,
    notices: BTreeMap<Oin, Vec<Notice>>,
    units: BTreeMap<Oin, UnitMatrix>,
    /// Organisation keys that took the place of those of the founding.
    keys: BTreeMap<Oin, SigningKey>,
    /// Members whose keys somebody else has, and the second nodes of some of them.
    hostile: BTreeMap<Oin, Hostile>,
    twins: BTreeMap<Oin, Twin>,
    judge: Judge,
    /// Sees every message that is sent.
    watcher: Option<Watcher>,
}

impl Simulation {
    /// Every member's node, all connected, nothing lost.
    #[must_use]
    pub fn new(founding: Founding) -> Self {
        let disks = founding.oins().map(|oin| (oin, MemoryDisk::default())).collect();
        Self::continued(founding, disks, START)
    }

    /// The same from disks that were written before, at some moment.
    #[must_use]
    pub fn continued(founding: Founding, disks: BTreeMap<Oin, MemoryDisk>, now: Timestamp) -> Self {
        let mut simulation = Self {
            now,
            // The same number twice would repeat the randomness of an earlier run.
            runs: now.since(START) * 1_000,
            nodes: BTreeMap::new(),
            disks,
            links: Links::default(),
            ahead: BTreeMap::new(),
            order: None,
            unheard: BTreeSet::new(),
            queue: VecDeque::new(),
            later: Vec::new(),
            crashing: BTreeMap::new(),
            tokens: BTreeMap::new(),
            last_token: 0,
            replies: BTreeMap::new(),
            last_command: 0,
            notices: BTreeMap::new(),
            units: BTreeMap::new(),
            keys: BTreeMap::new(),
            hostile: BTreeMap::new(),
            twins: BTreeMap::new(),
            judge: Box::new(|_| Fate::Deliver),
            watcher: None,
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

    /// Lets nodes notice that a second passed in another order each time, drawn from a seed.
    pub fn shuffle(&mut self, seed: u64) {
        self.order = Some(Dice::new(seed));
    }

    /// Decides from now on what becomes of each message.
    pub fn judge(&mut self, judge: impl FnMut(&Message) -> Fate + 'static) {
        self.judge = Box::new(judge);
    }

    /// Lets somebody see every message, whatever becomes of it.
    pub fn watch(&mut self, watcher: impl FnMut(&Message) + 'static) {
        self.watcher = Some(Box::new(watcher));
    }

    /// Takes a member off the network: its connections break and it is not heard of.
    pub fn disconnect(&mut self, oin: Oin) {
        let peers = self.peers_of(oin);
        self.links.leave(oin);
        for peer in peers {
            self.part(peer, oin);
        }
    }

    /// Breaks every connection between these members and the others.
    pub fn split(&mut self, side: &BTreeSet<Oin>) {
        let others: Vec<Oin> = self.disks.keys().filter(|oin| !side.contains(oin)).copied().collect();
        for one in side {
            for other in &others {
                let were_connected = self.links.are_connected(one, other);
                self.links.sever(*one, *other);
                if were_connected {
                    self.part(*one, *other);
                }
            }
        }
    }

    /// Lets nothing from some members reach others, without either noticing.
    pub fn deafen(&mut self, from: &BTreeSet<Oin>, to: &BTreeSet<Oin>) {
        for (from, to) in from.iter().flat_map(|from| to.iter().map(move |to| (from, to))) {
            self.links.deafen(*from, *to);
        }
    }

    /// Brings back every connection that was broken between members, and lets all of them hear each other.
    pub fn heal(&mut self) {
        for (one, other) in self.links.heal() {
            if self.links.are_connected(&one, &other) {
                self.meet(one, other);
            }
        }
    }

    /// Brings a member back on the network.
    pub fn reconnect(&mut self, oin: Oin) {
        self.links.come_back(oin);
        self.connect(oin);
    }

    /// The roster that a member's node acts on; `None` while it is down.
    #[must_use]
    pub fn roster(&self, oin: Oin) -> Option<&VerifiedRoster> {
        self.nodes.get(&oin).map(Node::roster)
    }

    /// A node lets in the members of its roster only.
    fn follow_roster(&mut self, oin: Oin, roster: &VerifiedRoster) {
        let before: BTreeSet<Oin> = self.peers_of(oin).into_iter().collect();
        self.links.let_in(oin, roster.members().iter().map(|member| member.oin).collect());
        let now: BTreeSet<Oin> = self.peers_of(oin).into_iter().collect();
        for peer in before.difference(&now) {
            self.part(*peer, oin);
            self.fail_held(*peer, oin);
        }
        for peer in now.difference(&before) {
            self.meet(*peer, oin);
        }
    }

    /// Ends a member's node at once and starts it again from its disk.
    pub fn restart(&mut self, oin: Oin) {
        self.disconnect(oin);
        self.forget_messages(oin);
        self.links.come_back(oin);
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

    /// Whether some process is going to end without warning.
    #[must_use]
    pub fn awaits_crash(&self) -> bool {
        !self.crashing.is_empty()
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
    pub fn restart_from(&mut self, oin: Oin, mut disk: MemoryDisk) {
        self.nodes.remove(&oin);
        if let Some(before) = self.disks.remove(&oin) {
            disk.replaced(before);
        }
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
            | Reply::Logged
            | Reply::Rights(_)
            | Reply::Signals(_)
            | Reply::Who(_)
            | Reply::WhoAll(_)
            | Reply::Decided(_) => {
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
        self.queue.push_back(Message::new(from, to, Some(conversation), frame, route));
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
        self.catch_up();
        let mut oins: Vec<Oin> = self.nodes.keys().copied().collect();
        if let Some(dice) = &mut self.order {
            // Fisher and Yates.
            for last in (1..oins.len()).rev() {
                oins.swap(last, dice.pick(last + 1));
            }
        }
        for oin in oins {
            self.input(oin, Input::Tick);
            self.input_twin(oin, Input::Tick);
        }
        self.mischief();
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
        let present: Vec<Oin> = self.nodes.keys().filter(|oin| !self.links.is_absent(oin)).copied().collect();
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
        let now = self.clock(oin);
        let disk = self.disks.entry(oin).or_default();
        let node = Node::new(config, disk.kept(), disk, now);
        self.links.let_in(oin, node.roster().members().iter().map(|member| member.oin).collect());
        self.nodes.insert(oin, node);
        self.connect(oin);
    }

    fn connect(&mut self, oin: Oin) {
        for peer in self.peers_of(oin) {
            self.meet(peer, oin);
        }
    }

    fn meet(&mut self, one: Oin, other: Oin) {
        for (one, other) in [(one, other), (other, one)] {
            self.input(one, Input::Connected(other));
            self.input_twin(one, Input::Connected(other));
        }
    }

    fn part(&mut self, one: Oin, other: Oin) {
        for (one, other) in [(one, other), (other, one)] {
            self.input(one, Input::Disconnected(other));
            self.input_twin(one, Input::Disconnected(other));
        }
    }

    fn peers_of(&self, oin: Oin) -> Vec<Oin> {
        let peers = self.nodes.keys().filter(|peer| **peer != oin);
        peers.filter(|peer| self.links.are_connected(peer, &oin)).copied().collect()
    }

    fn input(&mut self, oin: Oin, input: Input) {
        if Twin::is_meant(&input) {
            return self.input_twin(oin, input);
        }
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

    /// The process is gone at once; its peers see their connections break, and what it asked is answered to nobody.
    fn crash(&mut self, oin: Oin) {
        self.crashing.remove(&oin);
        self.nodes.remove(&oin);
        self.twins.remove(&oin);
        self.forget_messages(oin);
        for peer in self.peers_of(oin) {
            self.input(peer, Input::Disconnected(oin));
        }
    }
}
