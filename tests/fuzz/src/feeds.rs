//! What `index` reads: bodies, headers and heads of feeds.

use crypto::{Seed, Signed, SigningKey, Tag, cbor};
use domain::{CircleId, Epoch, NetworkId, Oin, Timestamp};
use index::{
    Body, Dummies, FeedId, HeadDocument, HeaderDocument, MAX_TAGS, Position, Publisher, UnverifiedProof,
};

use super::Check;
use super::documents::{document, signed, signer, value};
use super::pieces::Pieces;

pub(crate) const CHECKS: &[(&str, Check)] = &[
    ("body", body),
    ("header", signed::<HeaderDocument>),
    ("head", signed::<HeadDocument>),
    ("header-document", header_document),
    ("head-document", head_document),
    ("feed-id", value::<FeedId>),
    ("dummies", dummies),
    ("proof", proof),
    ("proof-of-headers", proof_of_headers),
];

/// Good inputs, by check.
pub(crate) fn good() -> Vec<(&'static str, Vec<u8>)> {
    let feed = FeedId {
        publisher: Oin::test_number(1).expect("a small number"),
        circle: CircleId::from_bytes([1; 16]),
        epoch: Epoch(7),
    };
    let mut publisher = Publisher::new(NetworkId::from_bytes([7; 32]), feed);
    publisher.add([Tag::from_bytes([0xbb; 16]), Tag::from_bytes([0xaa; 16])]);
    let now = Timestamp(1_795_000_000);
    let first = publisher.segment(now, &signer()).expect("there is something to publish");
    let second = publisher.segment(now.plus(2), &signer()).expect("an empty segment");
    let sets = vec![crypto::digest("key set", &[])];
    let roster = (3, crypto::digest("roster", &[]));
    let head: Signed<HeadDocument> =
        publisher.head(now.plus(2), true, roster, sets, &signer()).expect("there is a segment");
    let mut twin = Publisher::new(NetworkId::from_bytes([7; 32]), feed);
    let other = twin.segment(now, &signer()).expect("an empty segment");
    let proof = UnverifiedProof::of(&first.header.to_wire(), &other.header.to_wire()).expect("two headers");
    let network = NetworkId::from_bytes([7; 32]);
    let proof = proof.verify(&network, &signer().verifying_key()).expect("two histories");
    let length = u16::try_from(first.header.bytes().len()).expect("a header is short").to_be_bytes();
    let mut padded = Publisher::new(NetworkId::from_bytes([7; 32]), feed);
    padded.pad(|| Seed::from_bytes([5; 32]));
    padded.add([Tag::from_bytes([0xcc; 16])]);
    let with_dummies = padded.segment(now, &signer()).expect("there is something to publish");
    vec![
        ("dummies", padded.dummies().expect("it is padded").to_bytes()),
        ("body", with_dummies.body.to_bytes()),
        ("body", first.body.to_bytes()),
        ("body", second.body.to_bytes()),
        ("header", first.header.to_wire()),
        ("header", second.header.to_wire()),
        ("head", head.to_wire()),
        ("header-document", second.header.bytes().to_vec()),
        ("head-document", head.bytes().to_vec()),
        ("feed-id", cbor::to_vec(&feed)),
        ("proof", proof.to_wire()),
        ("proof-of-headers", [&length, first.header.bytes(), other.header.bytes()].concat()),
    ]
}

fn body(bytes: &[u8]) -> bool {
    let Ok(body) = Body::from_bytes(bytes) else { return false };
    assert_eq!(body.to_bytes(), bytes, "one encoding for each body");
    assert!(body.added().len() + body.withdrawn().len() <= MAX_TAGS);
    for tags in [body.added(), body.withdrawn()] {
        assert!(tags.is_sorted_by(|one, next| one < next));
    }
    assert_eq!(Body::new(body.added().to_vec(), body.withdrawn().to_vec()), Ok(body));
    true
}

fn header_document(bytes: &[u8]) -> bool {
    let taken = document::<HeaderDocument>(bytes);
    if let Ok(header) = cbor::from_slice::<HeaderDocument>(bytes) {
        assert!(!header.is_possible() || header.begins <= header.sequence);
        let _place = (header.is_first(), header.is_part());
        let _reachable = Position::from(&Signed::sign(header, &signer())).is_reachable();
    }
    taken
}

fn head_document(bytes: &[u8]) -> bool {
    let taken = document::<HeadDocument>(bytes);
    if let Ok(head) = cbor::from_slice::<HeadDocument>(bytes) {
        let _reachable = Position::from(&head).is_reachable();
    }
    taken
}

/// Which tags of a feed are dummies, as it is kept.
fn dummies(bytes: &[u8]) -> bool {
    let Some(dummies) = Dummies::from_bytes(bytes) else { return false };
    assert_eq!(dummies.to_bytes(), bytes, "one encoding for each");
    assert!(dummies.tags().len() <= 1 << 21, "{} dummies", dummies.tags().len());
    true
}

/// A proof of two histories as it travels.
fn proof(bytes: &[u8]) -> bool {
    let Ok(read) = UnverifiedProof::parse(bytes) else { return false };
    let network = NetworkId::from_bytes([7; 32]);
    let stranger = SigningKey::from_seed(&Seed::from_bytes([3; 32])).verifying_key();
    assert!(read.clone().verify(&network, &stranger).is_err(), "nobody has signed with this key");
    if let Ok(proof) = read.verify(&network, &signer().verifying_key()) {
        assert_eq!(proof.to_wire(), bytes, "one encoding for each proof");
        let [one, other] = proof.statements();
        assert_ne!(one, other, "what was said once contradicts nothing");
    }
    true
}

/// Two headers, signed here: whichever comes first, they prove the same, and none proves anything alone.
fn proof_of_headers(bytes: &[u8]) -> bool {
    let mut pieces = Pieces::new(bytes);
    let header = |bytes| cbor::from_slice::<HeaderDocument>(bytes).ok();
    let (Some(one), Some(other)) = (header(pieces.piece()), header(pieces.rest())) else { return false };
    let (network, key) = (one.network, signer().verifying_key());
    let is_one_place = (one.generation, one.sequence) == (other.generation, other.sequence);
    let is_contradiction = is_one_place && one.feed == other.feed && one != other && other.network == network;
    let wires = [one, other].map(|header| Signed::sign(header, &signer()).to_wire());
    let proven = |one: &[u8], other: &[u8]| {
        UnverifiedProof::of(one, other).expect("two signed headers").verify(&network, &key)
    };
    let outcome = proven(&wires[0], &wires[1]);
    assert_eq!(outcome, proven(&wires[1], &wires[0]));
    assert!(proven(&wires[0], &wires[0]).is_err(), "a header contradicts itself");
    assert!(outcome.is_ok() || !is_contradiction, "two headers with one number prove nothing: {outcome:?}");
    if let Ok(proof) = outcome {
        assert!(UnverifiedProof::parse(&proof.to_wire()).is_ok(), "what is proven can be passed on");
    }
    true
}
