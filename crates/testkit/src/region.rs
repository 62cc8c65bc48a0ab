//! A whole region in one thread: as many nodes as memory takes, each with a few hundred families.
//!
//! Leaner than [`Simulation`](crate::Simulation): nothing is lost, nobody stops, and of what a running node keeps on disk only
//! the bodies of feeds are kept, one copy for all nodes. Members are connected with those whose feeds they read, with their readers and with the keyholders, and gossip
//! reaches those who are connected. Pseudonyms come from the [oracle](crate::oracle) instead of the keyholders; their key
//! sets come from a real ceremony.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::convert::Infallible;

use domain::{FamilyRef, Oin, Signal, Timestamp};
use protocol::{
    Answer, Batch, Collection, Command, CommandId, Conversation, Durable, Input, Kept, Node, Outbound, Reply,
    RequestId, ResponseToken, Scope, Status, Step, Write,
};

use crate::{Founding, MemoryDisk, START, fill_evaluated};

/// The nodes of a region, the messages between them, and a clock that moves when told.
pub struct Region {
    founding: Founding,
    now: Timestamp,
    nodes: BTreeMap<Oin, Node>,
    peers: BTreeMap<Oin, BTreeSet<Oin>>,
    queue: VecDeque<(Oin, Input)>,
    /// Requests that a node holds: who asked, and under which id.
    tokens: BTreeMap<ResponseToken, (Oin, RequestId)>,
    last_token: u64,
    replies: Vec<Reply>,
    traffic: Traffic,
    shelf: Shelf,
}

/// What went over the wire.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Requests, responses, and heads as often as they arrived.
    pub messages: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// The disk of all nodes: bodies, which a node reads again to serve them, and nothing else, since no node starts again.
///
/// What a node holds of them is known to the node: it reads only what it has put and not deleted. So what one deletes, or
/// forgets with its epoch, stays for the others.
#[derive(Default)]
struct Shelf(BTreeMap<(Scope, Vec<u8>), Vec<u8>>);

impl Durable for Shelf {
    type Error = Infallible;

    fn make_durable(&mut self, writes: Vec<Write>) -> Result<(), Infallible> {
        for write in writes {
            if let Write::Put { scope, collection: Collection::Body, key, value } = write {
                self.0.entry((scope, key)).or_insert(value);
            }
        }
        Ok(())
    }

    fn read(
        &mut self,
        scope: Scope,
        collection: Collection,
        key: &[u8],
    ) -> Result<Option<Vec<u8>>, Infallible> {
        let held = self.0.get(&(scope, key.to_vec())).filter(|_| collection == Collection::Body);
        Ok(held.cloned())
    }
}

impl Region {
    /// A network of which nobody runs yet.
    #[must_use]
    pub fn new(founding: Founding) -> Self {
        Self {
            founding,
            now: START,
            nodes: BTreeMap::new(),
            peers: BTreeMap::new(),
            queue: VecDeque::new(),
            tokens: BTreeMap::new(),
            last_token: 0,
            replies: Vec::new(),
            traffic: Traffic::default(),
            shelf: Shelf::default(),
        }
    }

    /// Starts a member's node from a disk on which its signals are registered and their pseudonyms evaluated.
    pub fn start(&mut self, oin: Oin, signals: Vec<Signal>) {
        let mut disk = MemoryDisk::default();
        let epoch = self.founding.roster.epoch_at(self.now);
        fill_evaluated(&mut disk, epoch, &signals, self.now.date());
        let config = self.founding.config(oin, 1);
        let mut registering = Node::new(config, Kept::default(), &disk, self.now);
        let command = Command::ImportPart(signals);
        let steps = registering.handle(Input::Command { id: CommandId(1), command }, self.now);
        let _said = commit(steps, &mut disk);
        let node = Node::new(self.founding.config(oin, 2), disk.kept(), &disk, self.now);
        self.nodes.insert(oin, node);
    }

    /// Connects everybody who runs.
    pub fn connect(&mut self) {
        let roster = &self.founding.roster;
        let keyholders: BTreeSet<Oin> =
            roster.keyholder_section().keyholders.iter().map(|keyholder| keyholder.oin).collect();
        let circle = self.founding.circle;
        for reader in self.nodes.keys() {
            let publishers = roster.publishers_for(&circle, reader).map(|member| member.oin);
            for peer in publishers.chain(keyholders.iter().copied()) {
                if peer != *reader && self.nodes.contains_key(&peer) {
                    self.peers.entry(*reader).or_default().insert(peer);
                    self.peers.entry(peer).or_default().insert(*reader);
                }
            }
        }
        for (oin, peers) in &self.peers {
            self.queue.extend(peers.iter().map(|peer| (*oin, Input::Connected(*peer))));
        }
        self.deliver();
    }

    /// Moves the clock one second, ticks every node, and delivers until nothing is on its way.
    pub fn second(&mut self) {
        self.now = self.now.plus(1);
        self.queue.extend(self.nodes.keys().map(|oin| (*oin, Input::Tick)));
        self.deliver();
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// What went over the wire so far.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        self.traffic
    }

    /// How a member's node is doing.
    pub fn status(&mut self, oin: Oin) -> Option<Status> {
        match self.command(oin, Command::Status)? {
            Reply::Status(status) => Some(*status),
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
            | Reply::Decided(_) => None,
        }
    }

    /// Asks about every family of a member.
    pub fn who_all(&mut self, oin: Oin) -> Vec<Answer> {
        match self.command(oin, Command::WhoAll) {
            Some(Reply::WhoAll(answers)) => answers,
            Some(
                Reply::Imported(_)
                | Reply::Withdrawn(_)
                | Reply::Roster(_)
                | Reply::NextRoster(_)
                | Reply::Renewed(_)
                | Reply::Logged
                | Reply::Rights(_)
                | Reply::Signals(_)
                | Reply::Who(_)
                | Reply::Decided(_)
                | Reply::Status(_),
            )
            | None => Vec::new(),
        }
    }

    /// Asks about one family of a member; `None` when it may not ask.
    pub fn who(&mut self, oin: Oin, family: FamilyRef) -> Option<Answer> {
        match self.command(oin, Command::Who(family))? {
            Reply::Who(answer) => answer.ok(),
            Reply::Imported(_)
            | Reply::Withdrawn(_)
            | Reply::Roster(_)
            | Reply::NextRoster(_)
            | Reply::Renewed(_)
            | Reply::Logged
            | Reply::Rights(_)
            | Reply::Signals(_)
            | Reply::WhoAll(_)
            | Reply::Decided(_)
            | Reply::Status(_) => None,
        }
    }

    fn command(&mut self, oin: Oin, command: Command) -> Option<Reply> {
        self.input(oin, Input::Command { id: CommandId(1), command });
        self.deliver();
        self.replies.pop()
    }

    fn deliver(&mut self) {
        while let Some((oin, input)) = self.queue.pop_front() {
            self.input(oin, input);
        }
    }

    fn input(&mut self, oin: Oin, input: Input) {
        let Some(node) = self.nodes.get_mut(&oin) else { return };
        let steps = node.handle(input, self.now);
        for said in commit(steps, &mut self.shelf) {
            self.dispatch(oin, said);
        }
    }

    fn dispatch(&mut self, from: Oin, said: Outbound) {
        match said {
            Outbound::Request { to, conversation, id, frame } => {
                self.last_token += 1;
                let token = ResponseToken(self.last_token);
                self.tokens.insert(token, (from, id));
                self.send(to, request(from, conversation, token, frame));
            }
            Outbound::Respond { token, frame } => {
                if let Some((to, id)) = self.tokens.remove(&token) {
                    self.send(to, Input::Response { id, frame });
                }
            }
            Outbound::Evaluate(task) => self.input(from, Input::Evaluated(task.run())),
            Outbound::Gossip { circle, frame } => {
                let peers: Vec<Oin> = self.peers.get(&from).into_iter().flatten().copied().collect();
                for to in peers {
                    self.send(to, Input::Gossip { circle, frame: frame.clone() });
                }
            }
            Outbound::Reply { reply, .. } => self.replies.push(reply),
            Outbound::Members(_) | Outbound::Notice(_) => {}
        }
    }

    fn send(&mut self, to: Oin, input: Input) {
        let bytes = match &input {
            Input::Request { frame, .. } | Input::Response { frame, .. } | Input::Gossip { frame, .. } => {
                frame.len()
            }
            Input::Tick
            | Input::Connected(_)
            | Input::Disconnected(_)
            | Input::RequestFailed { .. }
            | Input::Evaluated(_)
            | Input::Command { .. } => 0,
        };
        self.traffic.messages += 1;
        self.traffic.bytes += bytes as u64;
        self.queue.push_back((to, input));
    }
}

fn request(from: Oin, conversation: Conversation, token: ResponseToken, frame: Vec<u8>) -> Input {
    Input::Request { from, conversation, token, frame }
}

fn commit<D: Durable<Error = Infallible>>(steps: Vec<Step>, disk: &mut D) -> Vec<Outbound> {
    let mut batch = Batch::default();
    for step in steps {
        batch.push(step);
    }
    let Ok(said) = batch.commit(disk);
    said
}
