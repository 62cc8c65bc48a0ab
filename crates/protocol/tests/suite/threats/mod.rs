//! What attackers may not learn or do, each as a test: `SECURITY.md` names them row by row.

mod correlation;
mod former;
mod frames;
mod impostor;
mod keyholders;
mod lifted;
mod readers;
mod rosters;
mod shares;
mod shielding;
mod statistics;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use audit::KeySetName;
use crypto::{
    BlindedBatch, Evaluation, KeySet, PseudonymKey, Seed, Signed, SignedKeySet, Tag, Tagger, Unverified,
    cbor, oprf_input,
};
use domain::{CircleId, Epoch, FamilyRef, KeyClass, Oin, Role};
use index::{Body, FeedId, HeaderDocument};
use minicbor::Decode;
use protocol::evaluation::EvaluationResponse;
use protocol::{Collection, Command, Conversation, Notice, Reply, Scope};
use roster::{OpenPair, VerifiedRoster};
use testkit::{Asker, Fate, Founding, Message, Simulation, family, person};

const DAY: u64 = 86_400;

/// As the founding of tests has it.
const LENGTH: u64 = 90 * DAY;
const PREPARATION: u64 = 30 * DAY;
const GRACE: u64 = 14 * DAY;

const BSN: &str = "111222333";

fn oin(member: usize) -> Oin {
    Founding::oin(member)
}

fn mother() -> testkit::PersonBuilder {
    person(Role::Parent).bsn(BSN).name("Anna", "Zonneveld").born("1987-05-12").at("1234AB", "12")
}

fn import(net: &mut Simulation, member: usize, reference: &str) {
    let reply = net.command(oin(member), Command::Import(vec![family(reference, [mother()])]));
    assert!(matches!(reply, Reply::Imported(_)), "{reply:?}");
}

fn withdraw(net: &mut Simulation, member: usize, reference: &str) {
    net.command(oin(member), Command::Withdraw(vec![FamilyRef::new(reference).unwrap()]));
}

fn involved(net: &mut Simulation, member: usize, reference: &str) -> Vec<Oin> {
    match net.command(oin(member), Command::Who(FamilyRef::new(reference).unwrap())) {
        Reply::Who(Ok(answer)) => answer.involved.iter().map(|found| found.organisation).collect(),
        other => panic!("{other:?}"),
    }
}

/// Five members; 4 and 5 have the same mother and have found each other.
fn matched() -> Simulation {
    found_each_other(Founding::uniform(5))
}

fn found_each_other(founding: Founding) -> Simulation {
    let mut net = Simulation::new(founding);
    import(&mut net, 4, "school");
    import(&mut net, 5, "ggz");
    net.settle();
    assert_eq!(involved(&mut net, 4, "school"), [oin(5)]);
    net
}

const OTHER_CIRCLE: CircleId = CircleId::from_bytes([8; 16]);

/// Adds a second circle like the first, in which everybody reads everybody too. The version that has it.
fn add_a_circle(net: &mut Simulation) -> VerifiedRoster {
    let genesis = net.founding().roster.clone();
    let second = net.founding().next(&genesis, |content| {
        let mut other = content.circles[0].clone();
        other.id = OTHER_CIRCLE;
        other.open = vec![OpenPair::new("jeugd".parse().unwrap(), "jeugd".parse().unwrap())];
        content.circles.push(other);
    });
    let with_both = genesis.successor(&second).unwrap();
    let reply = net.command(oin(1), Command::InstallRoster(Box::new(second)));
    assert!(matches!(reply, Reply::Roster(Ok(2))), "{reply:?}");
    all_have_version(net, 2);
    with_both
}

fn all_have_version(net: &mut Simulation, version: u32) {
    net.until(20, "everybody has the version", |net| {
        (1..=5).all(|member| net.status(oin(member)).roster_version == version)
    });
    net.settle();
}

/// Moves the clock to so many seconds after the start of the network, and lets half a minute pass.
fn at(net: &mut Simulation, seconds: u64) {
    let wanted = testkit::START.plus(seconds);
    net.jump(wanted.since(net.now()));
    net.seconds(30);
}

/// Into the preparation of the second epoch, until everybody has published in it.
fn prepared(net: &mut Simulation) {
    at(net, LENGTH - PREPARATION + DAY);
    net.until(60, "prepared", |net| {
        (1..=5).all(|member| net.status(oin(member)).next.is_some_and(|next| next.published))
    });
}

/// What travels while it is told to record.
#[derive(Clone, Default)]
pub(crate) struct Tape(Rc<RefCell<Vec<Message>>>);

impl Tape {
    /// Records whatever travels from now on, and changes nothing.
    pub(crate) fn record(net: &mut Simulation) -> Self {
        let tape = Self::default();
        let seen = Rc::clone(&tape.0);
        net.judge(move |message| {
            seen.borrow_mut().push(message.clone());
            Fate::Deliver
        });
        tape
    }

    pub(crate) fn take(&self) -> Vec<Message> {
        std::mem::take(&mut self.0.borrow_mut())
    }
}

/// Everything on every disk.
fn disks(net: &Simulation) -> Vec<Vec<(Collection, Scope, Vec<u8>)>> {
    net.founding().oins().map(|oin| net.disk(oin).records()).collect()
}

fn accusations(net: &Simulation) -> Vec<Notice> {
    let all = net.founding().oins().flat_map(|oin| net.notices(oin).to_vec());
    all.filter(|notice| {
        matches!(notice, Notice::Equivocation { .. } | Notice::FailingProof { .. } | Notice::Ceremony(_))
    })
    .collect()
}

fn feed(net: &Simulation, member: usize, epoch: Epoch) -> FeedId {
    FeedId { publisher: oin(member), circle: net.founding().circle, epoch }
}

/// The headers that a member has on disk of one of its own feeds, oldest first.
fn own_headers(net: &Simulation, feed: &FeedId) -> Vec<Signed<HeaderDocument>> {
    let key = Founding::organisation_key(feed.publisher).verifying_key();
    let kept = net.disk(feed.publisher).kept();
    let headers = kept.records.iter().filter(|(collection, ..)| *collection == Collection::Header);
    let mut headers: Vec<_> = headers
        .filter_map(|(.., wire)| Unverified::<HeaderDocument>::parse(wire).ok()?.verify(&key).ok())
        .filter(|header| header.document().feed == *feed)
        .collect();
    headers.sort_by_key(|header| header.document().sequence);
    headers
}

/// The bodies of a feed, as its publisher has them on disk, oldest first.
fn bodies(net: &Simulation, feed: &FeedId) -> Vec<Body> {
    let kept = net.disk(feed.publisher).records();
    let held: Vec<Body> = kept
        .iter()
        .filter(|(collection, ..)| *collection == Collection::Body)
        .filter_map(|(.., bytes)| Body::from_bytes(bytes).ok())
        .collect();
    let named = own_headers(net, feed).into_iter();
    named
        .filter_map(|header| held.iter().find(|body| body.digest() == header.document().body).cloned())
        .collect()
}

/// Every tag that a feed has ever added, as far as its publisher still has the bodies.
fn tags(net: &Simulation, feed: &FeedId) -> BTreeSet<Tag> {
    bodies(net, feed).iter().flat_map(|body| body.added().to_vec()).collect()
}

/// Every key set that a member holds.
fn key_sets(net: &Simulation, member: usize) -> Vec<KeySet> {
    let section = net.founding().roster.keyholder_section();
    let kept = net.disk(oin(member)).kept();
    let held = kept.records.iter().filter(|(collection, ..)| *collection == Collection::KeySet);
    held.map(|(.., wire)| SignedKeySet::parse(wire).unwrap().verify(&section).unwrap()).collect()
}

fn key_set(net: &Simulation, member: usize, epoch: Epoch, class: KeyClass) -> KeySet {
    let mut held = key_sets(net, member).into_iter();
    held.rfind(|held| (held.ceremony().epoch, held.ceremony().class) == (epoch, class)).unwrap()
}

/// What a keyholder evaluates: one BSN, blinded, in a request as large as the smallest.
fn blinded(net: &Simulation, epoch: Epoch, bsn: &str, request_id: [u8; 16]) -> BlindedBatch {
    let value = [&[0, 9], bsn.as_bytes()].concat();
    let input = |kind, value: &[u8]| oprf_input(&net.founding().roster.network(), epoch, kind, value);
    let filling = (1..16_u8).map(|number| input("vulling", &[number]));
    let inputs: Vec<_> = std::iter::once(input("bsn", &value)).chain(filling).collect();
    BlindedBatch::new(&inputs, &Seed::from_bytes([3; 32]), &request_id).unwrap()
}

/// The log of a member as the keyholders hold it, in the hands of a modified node.
fn asker(net: &mut Simulation, member: usize) -> Asker {
    let key = Founding::log_key(oin(member));
    let mut asker = Asker::new(net.founding().roster.network(), oin(member), key);
    for keyholder in (1..=3).filter(|keyholder| *keyholder != member) {
        let tape = Tape::record(net);
        net.ask_as(oin(member), oin(keyholder), Conversation::Evaluation, asker.hear());
        let answers = tape.take();
        // Whoever is no member any more is told nothing.
        if let Some(answer) = answers.iter().find(|message| message.is_response) {
            asker.go_on(&answer.frame);
        }
    }
    asker
}

/// Guesses a BSN as a modified node of `asker` would: without a signal, by asking all keyholders. The pseudonym key,
/// when enough of them evaluate.
fn guess(
    net: &mut Simulation,
    member: usize,
    key_set: &KeySet,
    epoch: Epoch,
    bsn: &str,
) -> Option<PseudonymKey> {
    let batch = blinded(net, epoch, bsn, [0x47; 16]);
    let mut asker = asker(net, member);
    let (class, digest) = (key_set.ceremony().class, key_set.digest());
    asker.count(KeySetName { epoch, class, digest }, batch.elements());
    let request = asker.frame(batch.elements());
    let mut verified = Vec::new();
    for keyholder in 1..=3_u16 {
        let tape = Tape::record(net);
        net.ask_as(oin(member), oin(keyholder.into()), Conversation::Evaluation, request.clone());
        for message in tape.take().into_iter().filter(|message| message.is_response) {
            let Ok(EvaluationResponse::Evaluated { elements, proof }) = cbor::from_slice(&message.frame)
            else {
                continue;
            };
            let evaluation = Evaluation { elements: elements.as_chunks().0.to_vec(), proof };
            verified.push(batch.verify(key_set, keyholder, &evaluation).unwrap());
        }
    }
    net.judge(|_| Fate::Deliver);
    Some(batch.finish(key_set, &verified).ok()?.remove(0))
}

fn tag(key: &PseudonymKey, publisher: usize, circle: &CircleId) -> Tag {
    Tagger::new(key).tag(&oin(publisher), circle)
}

/// A record of pseudonym keys, as a node keeps it of each of its families.
#[derive(Decode)]
struct Record {
    #[n(0)]
    _family: String,
    #[cbor(n(1), with = "crypto::cbor::epoch")]
    epoch: Epoch,
    #[n(2)]
    keys: Vec<KeyRecord>,
}

#[derive(Decode)]
struct KeyRecord {
    #[n(0)]
    key: crypto::Digest,
    #[cbor(n(1), with = "minicbor::bytes")]
    pseudonym: [u8; 32],
}

/// What a member's own records say of its keys in an epoch: this is what nobody else has.
fn pseudonyms(net: &Simulation, member: usize, epoch: Epoch) -> BTreeMap<crypto::Digest, PseudonymKey> {
    let kept = net.disk(oin(member)).kept();
    let records = kept.records.iter().filter(|(collection, ..)| *collection == Collection::FamilyKeys);
    let records: Vec<Record> = records.map(|(.., value)| minicbor::decode(value).unwrap()).collect();
    let of_epoch = records.into_iter().filter(|record| record.epoch == epoch);
    let keys = of_epoch.flat_map(|record| record.keys);
    keys.map(|key| (key.key, PseudonymKey::from_bytes(key.pseudonym))).collect()
}
