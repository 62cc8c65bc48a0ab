//! A network in which ten members are hostile: three nodes as they are, one honest member that asks, and ten that send
//! whatever they like as fast as they can. All over real connections on the loopback interface.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use audit::KeySetName;
use crypto::{BlindedBatch, Digest, Seed, Signed, SigningKey, TypeName, cbor, oprf_input};
use domain::{
    CircleId, Epoch, Family, FamilyRef, KeyClass, NetworkId, Oin, Person, PersonalText, Role, Signal,
    SignalKind, Timestamp, Visibility,
};
use index::{FeedId, HeadDocument};
use network::{
    Counters, Limits, Load, Network, NetworkCommand, NetworkConfig, Peer, Rate, Rates, node_public_key,
};
use protocol::evaluation::EvaluationResponse;
use protocol::feed::FeedRequest;
use protocol::roster::{RosterName, RosterRequest};
use protocol::{Command, Conversation, Input, Outbound, Reply, RequestId, Status};
use roster::{
    Accountability, Circle, EpochRules, Governors, KeyholderRecord, LegalBasis, LegalBasisText, Member,
    MemberKeys, OpenPair, RosterChain, RosterContent, Rules, genesis,
};
use samenhang::runtime::{Prepared, RunningNode, now};
use store::StorageSecret;
use tempfile::TempDir;
use testkit::Asker;
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use zeroize::Zeroizing;

/// Longest wait for anything; a healthy run needs a few seconds.
const PATIENCE: Duration = Duration::from_secs(120);

/// The nodes that run as they are; the first is the one under attack.
const NODES: [u8; 3] = [1, 2, 3];

/// The honest member that asks.
const HONEST: u8 = 4;

/// The hostile members.
const HOSTILE: std::ops::RangeInclusive<u8> = 11..=20;

/// Streams that a hostile member thinks it may open in each conversation: more than the victim gives.
const STREAMS: usize = 80;

/// Elements of a full batch.
const FULL_BATCH: usize = 256;

const CIRCLE: CircleId = CircleId::from_bytes([1; 16]);

/// What hostile members do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flood {
    /// Have full batches evaluated.
    Evaluations,
    /// Ask for heads, headers, bodies and the newest of a feed.
    Feeds,
    /// Ask for versions of the roster.
    Rosters,
    /// Send what looks like parts of a key ceremony.
    Ceremonies,
    /// Gossip heads that they signed, each with a higher number than the last.
    Heads,
    /// Gossip what is no head.
    Rubbish,
    /// All of this in turn.
    Everything,
}

impl Flood {
    const ALL: [Self; 6] =
        [Self::Evaluations, Self::Feeds, Self::Rosters, Self::Ceremonies, Self::Heads, Self::Rubbish];
}

/// A member that speaks without a node behind it.
struct Voice {
    serial: u8,
    network: Network,
    events: mpsc::Receiver<Input>,
    last: u64,
}

/// What everybody needs to know to speak.
#[derive(Clone)]
struct Facts {
    network: NetworkId,
    epoch: Epoch,
    roster: (u32, Digest),
    key_set: KeySetName,
    /// A full batch of blinded elements.
    elements: Vec<[u8; 32]>,
}

/// The network.
pub(crate) struct Arena {
    pub(crate) victim: RunningNode,
    others: Vec<RunningNode>,
    honest: Voice,
    /// What the honest member counts.
    asker: Asker,
    facts: Facts,
    peers: Vec<Peer>,
    _folder: TempDir,
    /// The honest member works in threads of its own, as it would on a machine of its own.
    _apart: Apart,
}

/// Threads for whatever is not the nodes.
struct Apart(Option<Runtime>);

impl Apart {
    fn new() -> Self {
        Self(Some(
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap(),
        ))
    }

    async fn run<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> T {
        self.0.as_ref().unwrap().spawn(work).await.unwrap()
    }
}

impl Drop for Apart {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// Hostile members at work, in threads of their own.
pub(crate) struct Attack {
    runtime: Runtime,
    sent: std::sync::Arc<std::sync::atomic::AtomicU64>,
}

impl Attack {
    /// How much they have sent.
    pub(crate) fn sent(&self) -> u64 {
        self.sent.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// Ends it, and the connections of the hostile members.
    pub(crate) fn stop(self) {
        self.runtime.shutdown_background();
    }
}

fn oin(serial: u8) -> Oin {
    Oin::test_number(serial.into()).unwrap()
}

/// The organisation's key of a member without a node.
fn key(serial: u8) -> SigningKey {
    SigningKey::from_seed(&Seed::from_bytes([serial; 32]).derive("organisation", 0))
}

fn log_key(serial: u8) -> SigningKey {
    SigningKey::from_seed(&Seed::from_bytes([serial; 32]).derive("log", 0))
}

fn family(number: usize) -> FamilyRef {
    FamilyRef::new(&format!("gezin-{number}")).unwrap()
}

fn signal(number: usize) -> Signal {
    let mut person = Person::new(Role::Parent);
    person.name.surname = Some(PersonalText::new("name", &format!("Zonneveld{number}")).unwrap());
    person.bsn = Some("111222333".parse().unwrap());
    Signal {
        family_ref: family(number),
        family: Family::new(vec![person], None).unwrap(),
        kind: SignalKind::Known,
        legal_basis: Some("wet".parse().unwrap()),
        visibility: Visibility::Visible,
        unit: None,
        contact: domain::Contact::default(),
        involved_since: None,
        informed_on: None,
        ends_on: None,
    }
}

async fn open(folder: &Path, serial: u8) -> Prepared {
    let folder = folder.join(serial.to_string());
    std::fs::create_dir_all(&folder).unwrap();
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    Prepared::open(oin(serial), &folder, &StorageSecret::from_bytes([serial; 32]), listen).await.unwrap()
}

/// One circle in which everybody reads everybody, the three nodes keyholders, two needed.
fn found(nodes: &[Prepared]) -> RosterChain {
    let governor = SigningKey::from_seed(&Seed::from_bytes([1; 32]));
    let code: domain::LegalBasisCode = "wet".parse().unwrap();
    let sector: domain::Sector = "jeugd".parse().unwrap();
    let member = |oin, keys, addresses| Member {
        oin,
        name: "test".to_owned(),
        sector: sector.clone(),
        working_area: "test".to_owned(),
        bsn_entitled: true,
        keys,
        addresses,
        contact_point: "test".to_owned(),
        relay: false,
    };
    let running = nodes.iter().map(|node| {
        let keys = node.identity().secrets.member_keys();
        member(node.identity().oin, keys, node.addresses().iter().map(ToString::to_string).collect())
    });
    let voices = [HONEST].into_iter().chain(HOSTILE).map(|serial| {
        let node = node_public_key(&[serial; 32]);
        let keys = MemberKeys {
            log: Some(log_key(serial).verifying_key()),
            ..MemberKeys::new(key(serial).verifying_key(), crypto::VerifyingKey::from_bytes(node))
        };
        member(oin(serial), keys, Vec::new())
    });
    let content = RosterContent {
        name: "test".to_owned(),
        test_network: true,
        rules: Rules {
            epoch: EpochRules::starting(now().0, 86_400),
            publish_interval_seconds: 1,
            heartbeat_seconds: 60,
            ceremony_deadline_seconds: 60,
            live_tags: Rules::LIVE_TAGS,
            segments_per_snapshot: Rules::SEGMENTS_PER_SNAPSHOT,
            notice_seconds: 0,
        },
        circles: vec![Circle {
            id: CIRCLE,
            name: "test".to_owned(),
            purpose: "test".to_owned(),
            legal_bases: vec![LegalBasisText(code.clone())],
            open: vec![OpenPair::new(sector.clone(), sector.clone())],
            trial: false,
        }],
        legal_bases: vec![LegalBasis {
            code,
            article: "test".to_owned(),
            avg6: "6.1.e".to_owned(),
            avg9: None,
            secrecy: None,
            consent_required: false,
            valid_until: None,
        }],
        threshold: 2,
        keyholders: (1..)
            .zip(NODES)
            .map(|(index, serial)| KeyholderRecord { index, oin: oin(serial) })
            .collect(),
        members: running.chain(voices).collect(),
        governors: Governors { threshold: 1, keys: vec![governor.verifying_key()] },
        institutions: Vec::new(),
        accountability: Accountability::default(),
    };
    RosterChain::found(genesis(content, &[&governor]).unwrap().0, None).unwrap()
}

fn blinded(network: &NetworkId) -> Vec<[u8; 32]> {
    let inputs: Vec<_> = (0..FULL_BATCH)
        .map(|number| oprf_input(network, Epoch(1), "bsn", number.to_string().as_bytes()))
        .collect();
    BlindedBatch::new(&inputs, &Seed::from_bytes([7; 32]), &[7; 16]).unwrap().elements().to_vec()
}

impl Arena {
    /// Founds the network, waits until the keys are made and the victim's own families can be asked about.
    pub(crate) async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut prepared = Vec::new();
        for serial in NODES {
            prepared.push(open(folder.path(), serial).await);
        }
        let chain = found(&prepared);
        let roster = chain.newest().clone();
        let peers = roster
            .members()
            .iter()
            .map(|member| Peer {
                oin: member.oin,
                node_key: *member.keys.node.as_bytes(),
                addresses: member.socket_addresses(),
                relay: false,
            })
            .collect::<Vec<_>>();
        let mut nodes = Vec::new();
        for prepared in prepared {
            let first = if nodes.is_empty() { (1..=20).map(signal).collect() } else { Vec::new() };
            nodes.push(prepared.start(chain.clone(), first).await.unwrap());
        }
        let victim = nodes.remove(0);
        let network = roster.network();
        let apart = Apart::new();
        let known = peers.clone();
        let honest =
            apart.run(async move { Voice::start(HONEST, Limits::default(), network, &known).await }).await;
        let mut facts = Facts {
            network,
            epoch: Epoch(1),
            roster: (roster.version(), roster.digest()),
            key_set: KeySetName {
                epoch: Epoch(1),
                class: KeyClass::Bsn,
                digest: crypto::digest("none", &[]),
            },
            elements: blinded(&network),
        };
        let mut arena = Self {
            victim,
            others: nodes,
            honest,
            asker: Asker::new(network, oin(HONEST), log_key(HONEST)),
            facts: facts.clone(),
            peers,
            _folder: folder,
            _apart: apart,
        };
        let status = arena.until(|status| status.key_sets.len() == 2 && status.published).await;
        let made = status.ceremonies.iter().find(|ceremony| ceremony.class == KeyClass::Bsn);
        facts.key_set.digest = made.and_then(|ceremony| ceremony.key_set).unwrap().digest;
        arena.facts = facts;
        arena.honest.connected().await;
        arena
    }

    /// Waits until the victim says so of itself.
    pub(crate) async fn until(&self, wanted: impl Fn(&Status) -> bool) -> Status {
        let mut clock = tokio::time::interval(Duration::from_millis(50));
        let reached = async {
            loop {
                let status = self.victim.status().await.unwrap();
                if wanted(&status) {
                    return status;
                }
                clock.tick().await;
            }
        };
        tokio::time::timeout(PATIENCE, reached).await.expect("the victim's status in time")
    }

    /// A question of the victim's own organisation.
    pub(crate) async fn who(&self) {
        let reply = self.victim.command(Command::Who(family(1))).await.unwrap();
        let Reply::Who(Ok(answer)) = reply else { panic!("{reply:?}") };
        assert_eq!(answer.family, family(1));
    }

    /// The honest member has a few elements evaluated by the victim.
    pub(crate) async fn evaluate(&mut self, elements: usize) {
        let frame = evaluation(&mut self.asker, &self.facts, elements);
        let frame = self.honest.ask(Conversation::Evaluation, frame).await;
        let answer: EvaluationResponse = cbor::from_slice(&frame).unwrap();
        let EvaluationResponse::Evaluated { elements: evaluated, .. } = answer else { panic!("{answer:?}") };
        assert_eq!(evaluated.len(), elements * 32);
    }

    /// The honest member asks the victim for its newest heads.
    pub(crate) async fn heads(&mut self) {
        let frame = cbor::to_vec(&FeedRequest::Heads { circle: CIRCLE, newer: Vec::new() });
        assert!(!self.honest.ask(Conversation::Feed, frame).await.is_empty());
    }

    /// Lets the hostile members go, in `threads` threads of their own that are as nice as `nice` says.
    pub(crate) async fn attack(&self, flood: Flood, make_nice: fn()) -> Attack {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .on_thread_start(make_nice)
            .enable_all()
            .build()
            .unwrap();
        let sent = std::sync::Arc::default();
        let (tell, mut told) = mpsc::channel(HOSTILE.count());
        for serial in HOSTILE {
            let (facts, peers, tell) = (self.facts.clone(), self.peers.clone(), tell.clone());
            let sent = std::sync::Arc::clone(&sent);
            runtime.spawn(async move {
                let any = Rate::UNBOUNDED;
                let rates =
                    Rates { evaluation: any, ceremony: any, feed: any, roster: any, ..Rates::default() };
                let limits = Limits { streams_per_connection: STREAMS, rates, ..Limits::default() };
                let mut voice = Voice::start(serial, limits, facts.network, &peers).await;
                voice.connected().await;
                tell.send(()).await.unwrap();
                voice.flood(flood, &facts, &sent).await;
            });
        }
        for _ in HOSTILE {
            tokio::time::timeout(PATIENCE, told.recv())
                .await
                .expect("every hostile member connects")
                .unwrap();
        }
        Attack { runtime, sent }
    }

    pub(crate) fn counters(&self) -> Counters {
        self.victim.network_counters()
    }

    /// The most that has waited at the victim.
    pub(crate) fn most_load(&self) -> Load {
        self.victim.most_network_load()
    }

    pub(crate) async fn close(self) {
        self.honest.network.stop().await;
        for node in [self.victim].into_iter().chain(self.others) {
            node.stop().await.unwrap();
        }
    }
}

/// The next request of an asker, for the first elements.
fn evaluation(asker: &mut Asker, facts: &Facts, elements: usize) -> Vec<u8> {
    let elements: Vec<[u8; 32]> = facts.elements.iter().take(elements).copied().collect();
    asker.count(facts.key_set, &elements);
    asker.frame(&elements)
}

impl Voice {
    async fn start(serial: u8, limits: Limits, network: NetworkId, peers: &[Peer]) -> Self {
        let mut config = NetworkConfig::new(oin(serial), Zeroizing::new([serial; 32]), Vec::new());
        config.limits = limits;
        config.quic = false;
        let (sender, events) = mpsc::channel(4);
        let voice = Network::start(config, sender).await.unwrap();
        let members = NetworkCommand::SetMembers { network, peers: peers.to_vec(), circles: vec![CIRCLE] };
        voice.send(members).await.unwrap();
        Self { serial, network: voice, events, last: 0 }
    }

    async fn connected(&mut self) {
        let victim = async {
            while !matches!(self.events.recv().await, Some(Input::Connected(who)) if who == oin(1)) {}
        };
        tokio::time::timeout(PATIENCE, victim).await.expect("a connection in time");
    }

    /// Sends a request and returns its number; `None` when the member was stopped.
    async fn send(&mut self, conversation: Conversation, frame: Vec<u8>) -> Option<u64> {
        self.last += 1;
        let id = RequestId(self.last);
        let outbound = Outbound::Request { to: oin(1), conversation, id, frame };
        self.network.send(NetworkCommand::Outbound(outbound)).await.ok()?;
        Some(self.last)
    }

    async fn ask(&mut self, conversation: Conversation, frame: Vec<u8>) -> Vec<u8> {
        let asked = self.send(conversation, frame).await.expect("the honest member runs");
        let answered = async {
            loop {
                match self.events.recv().await {
                    Some(Input::Response { id, frame }) if id.0 == asked => return frame,
                    Some(Input::RequestFailed { id }) if id.0 == asked => panic!("an honest question failed"),
                    Some(_) => {}
                    None => panic!("the honest member stopped"),
                }
            }
        };
        tokio::time::timeout(PATIENCE, answered).await.expect("an answer in time")
    }

    /// As many requests under way as its streams carry and another for each that ends; gossip without pause.
    async fn flood(&mut self, flood: Flood, facts: &Facts, sent: &std::sync::atomic::AtomicU64) {
        let mut under_way = 0;
        let mut asker = Asker::new(facts.network, oin(self.serial), log_key(self.serial));
        for turn in 0_u64.. {
            let in_turn = Flood::ALL[usize::try_from(turn).unwrap() % Flood::ALL.len()];
            let kind = if matches!(flood, Flood::Everything) { in_turn } else { flood };
            match self.frame(kind, turn, facts, &mut asker) {
                (Some(conversation), frame) => {
                    let Some(_) = self.send(conversation, frame).await else { return };
                    under_way += 1;
                }
                (None, frame) => {
                    let outbound = Outbound::Gossip { circle: CIRCLE, frame };
                    if self.network.send(NetworkCommand::Outbound(outbound)).await.is_err() {
                        return;
                    }
                    tokio::task::yield_now().await;
                }
            }
            sent.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            loop {
                let input = if under_way >= STREAMS / 2 {
                    self.events.recv().await
                } else {
                    let Ok(input) = self.events.try_recv() else { break };
                    Some(input)
                };
                match input {
                    Some(Input::Response { .. } | Input::RequestFailed { .. }) => under_way -= 1,
                    Some(_) => {}
                    None => return,
                }
            }
        }
    }

    /// One thing to send: a request in a conversation, or gossip.
    fn frame(
        &self,
        kind: Flood,
        turn: u64,
        facts: &Facts,
        asker: &mut Asker,
    ) -> (Option<Conversation>, Vec<u8>) {
        let feed = |serial: u8| FeedId { publisher: oin(serial), circle: CIRCLE, epoch: facts.epoch };
        match kind {
            Flood::Evaluations => (Some(Conversation::Evaluation), evaluation(asker, facts, FULL_BATCH)),
            Flood::Feeds => {
                let request = match turn % 4 {
                    0 => FeedRequest::Heads { circle: CIRCLE, newer: Vec::new() },
                    1 => FeedRequest::Headers { feed: feed(1), after: 0, taken: 0 },
                    2 => FeedRequest::Bodies { feed: feed(1), digests: vec![facts.roster.1] },
                    _ => FeedRequest::Newest { feed: feed(1) },
                };
                (Some(Conversation::Feed), cbor::to_vec(&request))
            }
            Flood::Rosters => {
                let name = RosterName { version: facts.roster.0, digest: facts.roster.1 };
                (Some(Conversation::Roster), cbor::to_vec(&RosterRequest::Document(name)))
            }
            Flood::Ceremonies => (Some(Conversation::Ceremony), vec![0x82; 4_096]),
            Flood::Heads | Flood::Everything => {
                let head = HeadDocument {
                    kind: TypeName::default(),
                    network: facts.network,
                    feed: feed(self.serial),
                    generation: 0,
                    sequence: turn + 1,
                    header: facts.roster.1,
                    time: Timestamp(now().0 + turn % 60),
                    backlog: false,
                    roster_version: facts.roster.0 + 1,
                    roster: facts.roster.1,
                    key_sets: vec![facts.key_set.digest],
                };
                (None, Signed::sign(head, &key(self.serial)).to_wire())
            }
            Flood::Rubbish => (None, [[self.serial].as_slice(), &turn.to_be_bytes(), &[0xff; 900]].concat()),
        }
    }
}
