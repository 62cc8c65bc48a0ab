//! What `protocol` reads: the frames of every conversation, the signed packages of a key ceremony, and the records and
//! secret files that a node kept.

use crypto::{Document, SignedKeySet, Unverified, cbor};
use domain::{Epoch, KeyClass};
use index::Body;
use protocol::ceremony::{
    AbandonmentDocument, CeremonyRequest, CeremonyResponse, ComplaintDocument, DisclosureDocument,
    EchoDocument, Round1Document, Round2Document,
};
use protocol::evaluation::{EvaluationRequest, EvaluationResponse};
use protocol::feed::{FeedRequest, FeedResponse};
use protocol::roster::{RosterRequest, RosterResponse};
use protocol::witness::{WitnessRequest, WitnessResponse};
use protocol::{
    Batch, Collection, Command, CommandId, Input, Kept, Node, Outbound, Reply, Scope, Secret, SecretName,
};
use testkit::{Founding, MemoryDisk};

use super::documents::{document, signed, value};
use super::pieces::Pieces;
use super::{Check, recorded};

pub(crate) const CHECKS: &[(&str, Check)] = &[
    ("ceremony-request", value::<CeremonyRequest>),
    ("ceremony-response", value::<CeremonyResponse>),
    ("evaluation-request", value::<EvaluationRequest>),
    ("evaluation-response", value::<EvaluationResponse>),
    ("feed-request", value::<FeedRequest>),
    ("feed-response", value::<FeedResponse>),
    ("roster-request", value::<RosterRequest>),
    ("roster-response", value::<RosterResponse>),
    ("round-1", signed::<Round1Document>),
    ("round-2", signed::<Round2Document>),
    ("echo", signed::<EchoDocument>),
    ("complaint", signed::<ComplaintDocument>),
    ("disclosure", disclosure),
    ("round-1-document", document::<Round1Document>),
    ("round-2-document", document::<Round2Document>),
    ("kept", kept),
    ("abandonment", signed::<AbandonmentDocument>),
    ("abandonment-document", document::<AbandonmentDocument>),
    ("key-set", key_set),
    ("witness-request", value::<WitnessRequest>),
    ("witness-response", value::<WitnessResponse>),
];

/// Which check a line of the golden file is for.
fn check_of(line: &str) -> &'static str {
    match line {
        "exchange" | "key set wanted" => "ceremony-request",
        "exchange answered" | "key set" | "ceremony unknown" => "ceremony-response",
        "evaluation" => "evaluation-request",
        "evaluated" | "evaluation refused" => "evaluation-response",
        "heads wanted" | "headers wanted" | "bodies wanted" | "newest wanted" | "proofs wanted"
        | "more proofs wanted" | "proof passed on" => "feed-request",
        "heads" | "headers" | "bodies" | "feed unknown" | "newest" | "nothing held" | "proofs" => {
            "feed-response"
        }
        "leaves shown" | "leaves wanted" => "evaluation-request",
        "leaves held" => "evaluation-response",
        "recall" | "show" | "challenge" | "compare" | "evidence" | "forks wanted" | "more forks wanted" => {
            "witness-request"
        }
        "cosigned" | "recalled" | "nothing remembered" | "forked" | "consistent" | "nothing to say" => {
            "witness-response"
        }
        "roster wanted" | "roster wanted, and two that contradict each other" | "one roster wanted" => {
            "roster-request"
        }
        "roster" | "roster unknown" | "another roster held" => "roster-response",
        "key set of a ceremony" => "key-set",
        label => {
            let label = label.strip_prefix("samenhang ").and_then(|rest| rest.strip_suffix(" v1"));
            let name = match label {
                Some("round1") => Some("round-1"),
                Some("round2") => Some("round-2"),
                label => CHECKS.iter().map(|(name, _)| *name).find(|name| Some(*name) == label),
            };
            name.unwrap_or_else(|| panic!("no check for {line}: a new frame or package wants one"))
        }
    }
}

/// Good inputs, by check: every line of the golden file, and what a node kept.
pub(crate) fn good() -> Vec<(&'static str, Vec<u8>)> {
    let golden = include_str!("../../../crates/protocol/tests/golden/frames.txt");
    let lines = golden.lines().filter_map(|line| line.split_once(" = "));
    let mut inputs: Vec<(&'static str, Vec<u8>)> = lines
        .map(|(name, value)| (check_of(name), hex::decode(value).expect("golden files are in hexadecimal")))
        .collect();
    for place in 0..inputs.len() {
        let (check, wire) = &inputs[place];
        let bytes = match *check {
            "round-1" => ("round-1-document", claimed::<Round1Document>(wire)),
            "round-2" => ("round-2-document", claimed::<Round2Document>(wire)),
            "abandonment" => ("abandonment-document", claimed::<AbandonmentDocument>(wire)),
            _ => continue,
        };
        inputs.push(bytes);
    }
    inputs.extend(kept_records().into_iter().map(|bytes| ("kept", bytes)));
    inputs
}

/// The document within a signed one.
fn claimed<T: Document>(wire: &[u8]) -> Vec<u8> {
    cbor::to_vec(Unverified::<T>::parse(wire).expect("a good document").claimed())
}

/// What a node kept, whole, and one record of each sort alone.
fn kept_records() -> Vec<Vec<u8>> {
    let kept = recorded().disks[0].kept();
    let entry = |(collection, scope, value): &(Collection, Scope, Vec<u8>)| {
        let scope = match scope {
            Scope::Lasting => 0,
            Scope::Epoch(epoch) => u8::try_from(epoch.0).expect("a test's epoch"),
            Scope::Month(_) => unreachable!("entries of the log are not taken up at a start"),
        };
        let place = Collection::ALL.iter().position(|known| known == collection);
        entry_bytes(u8::try_from(place.expect("a collection")).expect("few"), scope, "", value)
    };
    let secrets =
        kept.secrets.iter().map(|(name, secret)| entry_bytes(SECRET, 0, name.as_str(), secret.reveal()));
    let mut alone = Vec::new();
    for collection in Collection::ALL {
        alone.extend(kept.records.iter().find(|(held, ..)| *held == collection).map(entry));
    }
    alone.extend(secrets.clone());
    // Smaller than what the disk holds, and yet enough to go on from.
    let whole: Vec<u8> = kept.records.iter().map(entry).chain(secrets).flatten().collect();
    alone.push(whole);
    alone
}

/// Stands in front of a secret file in an input, where a record has its collection.
const SECRET: u8 = 0xff;

fn entry_bytes(sort: u8, scope: u8, name: &str, value: &[u8]) -> Vec<u8> {
    let name_length = u16::try_from(name.len()).expect("a short name").to_be_bytes();
    let length = u16::try_from(value.len()).expect("records are shorter").to_be_bytes();
    [&[sort, scope], name_length.as_slice(), name.as_bytes(), &length, value].concat()
}

/// A key set as it is kept and passed on.
fn key_set(bytes: &[u8]) -> bool {
    let Ok(read) = SignedKeySet::parse(bytes) else { return false };
    assert_eq!(read.to_wire(), bytes, "one encoding for each key set");
    let section = recorded().founding.roster.keyholder_section();
    if let Ok(key_set) = read.verify(&section) {
        assert!(key_set.indices().count() >= section.quorum() && key_set.threshold() == section.threshold);
    }
    true
}

/// A disclosure shows the share that it discloses to nobody who reads a log.
fn disclosure(bytes: &[u8]) -> bool {
    let taken = signed::<DisclosureDocument>(bytes);
    if let Ok(read) = Unverified::<DisclosureDocument>::parse(bytes) {
        let claimed = read.claimed();
        let shown = format!("DisclosureDocument({} to {}, redacted)", claimed.index, claimed.recipient);
        assert_eq!(format!("{claimed:?}"), shown);
    }
    taken
}

/// What a node may find on its disk, however damaged: it starts, works, and keeps to its bounds.
fn kept(bytes: &[u8]) -> bool {
    let mut pieces = Pieces::new(bytes);
    let (mut kept, mut bodies) = (Kept::default(), MemoryDisk::default());
    while !pieces.is_empty() && kept.records.len() + kept.secrets.len() < 256 {
        let (sort, scope) = (pieces.byte(), pieces.byte());
        let (name, value) = (pieces.piece(), pieces.piece().to_vec());
        if sort == SECRET {
            let name: String = name.iter().map(|byte| char::from(*byte)).collect();
            let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            if !name.is_empty() && name.len() <= 64 && name.chars().all(is_name) {
                kept.secrets.push((SecretName::new(name), Secret::new(value)));
            }
            continue;
        }
        let collection = Collection::ALL[usize::from(sort) % Collection::ALL.len()];
        let scope = if scope == 0 { Scope::Lasting } else { Scope::Epoch(Epoch(scope.into())) };
        if collection == Collection::Body {
            bodies.put_in(scope, collection, Body::digest_of(&value).as_bytes().to_vec(), value);
            continue;
        }
        kept.records.push((collection, scope, value));
    }
    // As a store gives them.
    kept.records.sort_by_key(|(collection, ..)| *collection);
    let recorded = recorded();
    let now = recorded.now;
    let any_record = !kept.records.is_empty() || bodies.count(Collection::Body) > 0;
    let mut node = Node::new(recorded.founding.config(Founding::oin(1), 7), kept, &bodies, now);
    let mut disk = MemoryDisk::default();
    let mut said = Vec::new();
    let inputs = [
        Input::Connected(Founding::oin(2)),
        Input::Tick,
        Input::Command { id: CommandId(1), command: Command::Status },
        Input::Command { id: CommandId(2), command: Command::WhoAll },
        Input::Command { id: CommandId(3), command: Command::Signals },
    ];
    for (seconds, input) in (0..).zip(inputs) {
        for step in node.handle(input, now.plus(seconds)) {
            assert!(step.writes_len() <= 200, "{} writes in one Step", step.writes_len());
            let mut batch = Batch::default();
            batch.push(step);
            let Ok(outbound) = batch.commit(&mut disk);
            said.extend(outbound);
        }
    }
    let status = said.iter().find_map(|said| match said {
        Outbound::Reply { reply: Reply::Status(status), .. } => Some(status),
        _ => None,
    });
    let status = status.expect("a status is replied to");
    assert!(status.key_sets.len() <= KeyClass::ALL.len());
    !status.key_sets.is_empty() || status.tags_published > 0 || any_record
}
