//! The state machine of a node under arbitrary orders of inputs: three nodes whose messages arrive in whatever order, twice,
//! changed or not at all, among frames that were recorded, changed, made up, or signed by a member that lies.

use std::collections::{BTreeMap, BTreeSet};

use crypto::{Signed, Unverified, cbor};
use domain::{CircleId, FamilyRef, Oin, Timestamp};
use index::HeadDocument;
use protocol::feed::FeedResponse;
use protocol::{
    Batch, CeremonyProblem, Command, CommandId, Conversation, Durable, Input, Node, Notice, Outbound,
    Refused, Reply, RequestId, ResponseToken, Step, Write,
};
use testkit::{Founding, MemoryDisk, START};

use super::pieces::Pieces;
use super::recorded::{MEMBERS, registered};
use super::{Check, recorded};

pub(crate) const CHECKS: &[(&str, Check)] = &[("founded", founded), ("settled", settled)];

/// Things that happen in one input; more would only make it slow.
const MOST_EVENTS: usize = 200;

/// Messages on their way; the oldest make room.
const MOST_MESSAGES: usize = 256;

/// What the writer of a node takes at once.
const MOST_WRITES: usize = 200;

/// Longest value of a record.
const MOST_BYTES: usize = 64 * 1024;

/// Members with a node here, all of them keyholders; the last member has none, and lies.
const NODES: usize = 3;

/// Runs that were recorded have numbers below: no run has the randomness of another.
const RUNS_BEFORE: u64 = 1_000;

/// Good inputs, by check: in order, with losses, and with lies.
pub(crate) fn good() -> Vec<(&'static str, Vec<u8>)> {
    // Everybody is connected, time passes, and whatever is on its way arrives in order.
    let quiet: Vec<u8> = (0..40).flat_map(|_| [1, 1, 0, 3, 0, 3, 0, 3, 0, 3, 0]).collect();
    let restarts: Vec<u8> = (0..20).flat_map(|_| [1, 1, 0, 3, 0, 3, 1, 12, 0, 4, 0, 3, 2, 5, 0]).collect();
    let commands: Vec<u8> = (0..3).flat_map(|node| [11, node, 0, 11, node, 4, 1, 2, 0, 3, 0, 3, 0]).collect();
    let partings: Vec<u8> =
        (0..20).flat_map(|_| [1, 1, 0, 3, 0, 13, 0, 1, 1, 3, 0, 13, 0, 1, 0, 13, 1, 2, 0]).collect();
    let installs: Vec<u8> = (0..4)
        .flat_map(|version| [14, version % 3, version, 1, 1, 0, 3, 0, 3, 0, 3, 0, 3, 0, 3, 0])
        .collect();
    let jumps: Vec<u8> = (0..10).flat_map(|size| [2, size, 0x30, 1, 1, 0, 3, 0, 3, 0, 3, 0]).collect();
    let mut inputs = Vec::new();
    for check in ["founded", "settled"] {
        for rest in [&quiet, &restarts, &partings, &installs, &jumps] {
            inputs.push((check, [[0].as_slice(), &commands, rest].concat()));
        }
        for (number, frame) in recorded().frames.iter().enumerate().step_by(7) {
            let number = u8::try_from(number).expect("a few dozen frames");
            let place = u8::try_from(frame.bytes.len() % 251).expect("below 251");
            let changed = [0, 7, 0, 1, number, 8, 1, 2, number, place, 0x40, 9, 0, 1, number, 1, 1, 0, 3, 0];
            inputs.push((check, changed.to_vec()));
        }
        let forged = [0, 10, 0, 0, 0, 0, 1, 10, 1, 1, 0, 0, 2, 10, 2, 1, 0, 0, 3, 1, 1, 0, 3, 0, 3, 0];
        inputs.push((check, forged.to_vec()));
    }
    inputs
}

/// From an empty disk: the keys are still to be made.
fn founded(bytes: &[u8]) -> bool {
    World::new(START, |_| MemoryDisk::default()).play(bytes)
}

/// From where the network had settled.
fn settled(bytes: &[u8]) -> bool {
    let recorded = recorded();
    World::new(recorded.now, |number| recorded.disks[number - 1].clone()).play(bytes)
}

/// Where a message goes when it arrives.
#[derive(Clone)]
enum Route {
    Request(RequestId, Conversation),
    Response(RequestId),
    Gossip(CircleId),
}

#[derive(Clone)]
struct Message {
    from: Oin,
    to: Oin,
    route: Route,
    frame: Vec<u8>,
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
}

struct World {
    now: Timestamp,
    nodes: BTreeMap<Oin, Node>,
    disks: BTreeMap<Oin, MemoryDisk>,
    connected: BTreeSet<(Oin, Oin)>,
    queue: Vec<Message>,
    /// Requests that a node holds: who asked, and under which number.
    tokens: BTreeMap<(Oin, ResponseToken), (Oin, RequestId, Conversation)>,
    /// Requests that a node awaits the answer to.
    awaited: BTreeMap<Oin, Vec<RequestId>>,
    last: u64,
    runs: u64,
    /// Whether anything but what nodes said was brought to one.
    is_tampered: bool,
    /// Whether another roster than the first was installed anywhere.
    is_other_roster: bool,
    replies: usize,
}

impl World {
    fn new(now: Timestamp, disk: impl Fn(usize) -> MemoryDisk) -> Self {
        let mut world = Self {
            now,
            nodes: BTreeMap::new(),
            disks: BTreeMap::new(),
            connected: BTreeSet::new(),
            queue: Vec::new(),
            tokens: BTreeMap::new(),
            awaited: BTreeMap::new(),
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

    /// Whether at least one node replied to a command or took a message.
    fn play(mut self, bytes: &[u8]) -> bool {
        let mut pieces = Pieces::new(bytes);
        if pieces.byte().is_multiple_of(2) {
            for one in 1..=NODES {
                for other in 1..=NODES {
                    self.connect(Founding::oin(one), Founding::oin(other));
                }
            }
        }
        let mut events = 0;
        while !pieces.is_empty() && events < MOST_EVENTS {
            self.event(&mut pieces);
            events += 1;
        }
        for oin in self.nodes.keys().copied().collect::<Vec<_>>() {
            self.command(oin, Command::Status);
        }
        self.replies > 0
    }

    fn event(&mut self, pieces: &mut Pieces<'_>) {
        match pieces.byte() % 15 {
            0 => {
                let oin = self.node(pieces);
                self.input(oin, Input::Tick);
            }
            1 => {
                self.now = self.now.plus(pieces.below(8) as u64);
                for oin in self.nodes.keys().copied().collect::<Vec<_>>() {
                    self.input(oin, Input::Tick);
                }
            }
            2 => self.jump(pieces),
            3 => {
                if let Some(message) = self.message(pieces).map(|place| self.queue.remove(place)) {
                    self.arrive(message);
                }
            }
            4 => {
                if let Some(message) = self.message(pieces).map(|place| self.queue[place].clone()) {
                    // A doubled answer is another's: the network gives each request one.
                    self.is_tampered = true;
                    self.arrive(message);
                }
            }
            5 => {
                if let Some(message) = self.message(pieces).map(|place| self.queue.remove(place)) {
                    self.lose(&message);
                }
            }
            6 => {
                if let Some(place) = self.message(pieces) {
                    let mut message = self.queue.remove(place);
                    change(&mut message.frame, pieces);
                    self.is_tampered = true;
                    self.arrive(message);
                }
            }
            7 => {
                let (to, from) = (self.node(pieces), self.member(pieces));
                let frame = self.frame(pieces, false);
                self.request(from, to, frame);
            }
            8 => {
                let to = self.node(pieces);
                let place = pieces.byte();
                let awaited = self.awaited.get(&to).map_or(&[][..], Vec::as_slice);
                let known = awaited.get(usize::from(place).checked_rem(awaited.len()).unwrap_or(0));
                let id = known.copied().unwrap_or(RequestId(place.into()));
                let (_, frame) = self.frame(pieces, true);
                self.answered(to, id);
                self.is_tampered = true;
                self.input(to, Input::Response { id, frame });
            }
            9 => {
                let to = self.node(pieces);
                let is_known = pieces.byte() != 0;
                let circle =
                    if is_known { recorded().founding.circle } else { CircleId::from_bytes([0; 16]) };
                let (_, frame) = self.frame(pieces, false);
                self.is_tampered = true;
                self.input(to, Input::Gossip { circle, frame });
            }
            10 => self.forge(pieces),
            11 => {
                let oin = self.node(pieces);
                let command = command(pieces);
                self.command(oin, command);
            }
            12 => {
                let oin = self.node(pieces);
                self.restart(oin);
            }
            13 => {
                let (one, other) = (self.node(pieces), self.node(pieces));
                self.part(one, other);
                if pieces.byte().is_multiple_of(2) {
                    self.connect(one, other);
                    self.connect(other, one);
                }
            }
            _ => self.install(pieces),
        }
    }

    /// The connection of two nodes breaks, and with it every request between them.
    fn part(&mut self, one: Oin, other: Oin) {
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

    /// Somebody installs a version of the roster: one of those that governors signed one after the other, of which each
    /// node takes the next, or one that contradicts them.
    fn install(&mut self, pieces: &mut Pieces<'_>) {
        let oin = self.node(pieces);
        let Some(roster) = pieces.pick(&recorded().rosters).cloned() else { return };
        self.is_other_roster = true;
        self.command(oin, Command::InstallRoster(Box::new(roster)));
    }

    /// The clock moves, forwards or back, by seconds or by years.
    fn jump(&mut self, pieces: &mut Pieces<'_>) {
        let (size, amount) = (pieces.byte(), pieces.byte());
        let seconds = u64::from(amount) << (size & 0x1f);
        self.now = if size & 0x80 == 0 {
            self.now.plus(seconds)
        } else {
            Timestamp(self.now.0.saturating_sub(seconds))
        };
    }

    fn node(&self, pieces: &mut Pieces<'_>) -> Oin {
        Founding::oin(1 + pieces.below(NODES))
    }

    /// A member, or in rare cases somebody who is none.
    fn member(&self, pieces: &mut Pieces<'_>) -> Oin {
        Founding::oin(1 + pieces.below(MEMBERS + 1))
    }

    fn message(&self, pieces: &mut Pieces<'_>) -> Option<usize> {
        let place = pieces.below(self.queue.len());
        (place < self.queue.len()).then_some(place)
    }

    /// A frame as recorded, one changed, or one made up; with its conversation.
    fn frame(&mut self, pieces: &mut Pieces<'_>, is_response: bool) -> (Conversation, Vec<u8>) {
        let sort = pieces.byte();
        if sort.is_multiple_of(4) {
            let conversation = pieces.pick(&Conversation::ALL).copied().unwrap_or(Conversation::Feed);
            return (conversation, pieces.piece().to_vec());
        }
        // One in four is of the wrong sort.
        let frames = recorded().frames.iter();
        let fitting: Vec<_> =
            frames.filter(|frame| sort % 4 == 3 || frame.is_response == is_response).collect();
        let Some(frame) = pieces.pick(&fitting) else { return (Conversation::Feed, Vec::new()) };
        let mut bytes = frame.bytes.clone();
        if sort % 4 == 2 {
            change(&mut bytes, pieces);
        }
        let any = || Conversation::ALL[usize::from(sort / 4) % Conversation::ALL.len()];
        (frame.conversation.unwrap_or_else(any), bytes)
    }

    fn request(&mut self, from: Oin, to: Oin, (conversation, frame): (Conversation, Vec<u8>)) {
        self.is_tampered = true;
        self.last += 1;
        // Nobody awaits the answer.
        self.input(to, Input::Request { from, conversation, token: ResponseToken(self.last), frame });
    }

    /// The last member says something of its own feed, signed as it should be: a head or a header, in gossip or as the
    /// answer to whatever a node awaits.
    fn forge(&mut self, pieces: &mut Pieces<'_>) {
        let liar = Founding::oin(MEMBERS);
        let (sort, to) = (pieces.byte(), self.node(pieces));
        let key = Founding::organisation_key(liar);
        let (number, seconds) = (pieces.short(), pieces.byte());
        let sequence = if number & 0x8000 == 0 { number.into() } else { u64::MAX - u64::from(number & 0xff) };
        let time = self.now.plus(u64::from(seconds) << (sort & 0x0f));
        self.is_tampered = true;
        if sort & 1 == 0 {
            let Some(mut head) = pieces.pick(&recorded().heads()).cloned() else { return };
            head.feed.publisher = liar;
            (head.sequence, head.generation, head.time) = (sequence, u32::from(sort >> 4), time);
            let frame = Signed::sign(head, &key).to_wire();
            self.input(to, Input::Gossip { circle: recorded().founding.circle, frame });
            return;
        }
        let Some(mut header) = pieces.pick(&recorded().headers()).cloned() else { return };
        header.feed.publisher = liar;
        (header.sequence, header.generation, header.time) = (sequence, u32::from(sort >> 4), time);
        (header.added, header.withdrawn) = (pieces.short().into(), pieces.byte().into());
        let headers = vec![Signed::sign(header, &key).to_wire().into()];
        let frame = cbor::to_vec(&FeedResponse::Headers { headers });
        for id in self.awaited.remove(&to).unwrap_or_default() {
            self.input(to, Input::Response { id, frame: frame.clone() });
        }
    }

    fn command(&mut self, oin: Oin, command: Command) {
        self.last += 1;
        self.input(oin, Input::Command { id: CommandId(self.last), command });
    }

    fn start(&mut self, oin: Oin) {
        self.runs += 1;
        let config = recorded().founding.config(oin, self.runs);
        let node = Node::new(config, &self.disks[&oin].kept(), self.now);
        self.nodes.insert(oin, node);
    }

    /// The process ends and starts again; what is on its way to it is lost with its connections.
    fn restart(&mut self, oin: Oin) {
        let (lost, kept): (Vec<_>, Vec<_>) =
            self.queue.drain(..).partition(|message| message.from == oin || message.to == oin);
        self.queue = kept;
        self.tokens.retain(|(holder, _), (asker, ..)| *holder != oin && *asker != oin);
        self.awaited.remove(&oin);
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

    fn connect(&mut self, oin: Oin, peer: Oin) {
        if oin != peer && self.connected.insert((oin, peer)) {
            self.input(oin, Input::Connected(peer));
        }
    }

    fn arrive(&mut self, message: Message) {
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

    fn lose(&mut self, message: &Message) {
        let (oin, id) = match message.route {
            Route::Request(id, _) => (message.from, id),
            Route::Response(id) => (message.to, id),
            Route::Gossip(_) => return,
        };
        self.answered(oin, id);
        self.input(oin, Input::RequestFailed { id });
    }

    fn answered(&mut self, oin: Oin, id: RequestId) {
        if let Some(awaited) = self.awaited.get_mut(&oin) {
            awaited.retain(|held| *held != id);
        }
    }

    fn input(&mut self, oin: Oin, input: Input) {
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

    fn commit(&mut self, oin: Oin, step: Step) {
        let mut batch = Batch::default();
        batch.push(step);
        let disk = self.disks.get_mut(&oin).expect("every node has a disk");
        let Ok(said) = batch.commit(&mut Bounded(disk));
        for said in said {
            self.said(oin, said);
        }
    }

    fn said(&mut self, from: Oin, said: Outbound) {
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
            Outbound::Evaluate(task) => self.input(from, Input::Evaluated(task.run())),
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
                    let members = || answers.iter().flat_map(|answer| &answer.involved);
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
    fn noticed(&self, oin: Oin, notice: &Notice) {
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
    fn send(&mut self, message: Message) {
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

/// Flips a byte, cuts, or puts another frame's end behind.
fn change(frame: &mut Vec<u8>, pieces: &mut Pieces<'_>) {
    let (place, with) = (usize::from(pieces.byte()), pieces.byte());
    let place = place.checked_rem(frame.len()).unwrap_or(0);
    match with {
        0 => frame.truncate(place),
        0xff => frame.extend_from_within(place..),
        _ => {
            if let Some(byte) = frame.get_mut(place) {
                *byte ^= with;
            }
        }
    }
}

fn command(pieces: &mut Pieces<'_>) -> Command {
    let family = |pieces: &mut Pieces<'_>| {
        FamilyRef::new(&format!("G-{}", 1 + pieces.below(NODES))).expect("a reference")
    };
    match pieces.byte() % 8 {
        0 => registered(1 + pieces.below(NODES)),
        1 => Command::Withdraw(vec![family(pieces)]),
        2 => Command::Who(family(pieces)),
        3 => Command::WhoAll,
        4 => Command::Status,
        5 => Command::Signals,
        6 => Command::RosterAfter(pieces.byte().into()),
        _ => {
            let day = Timestamp(START.0).plus(u64::from(pieces.short()) * 86_400).date();
            Command::Renew { families: vec![family(pieces)], until: day }
        }
    }
}
