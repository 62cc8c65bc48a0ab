//! What `roster` reads: rosters, join requests, fingerprints.

use std::sync::OnceLock;

use crypto::{Seed, SigningKey, cbor};
use domain::{Epoch, Timestamp};
use roster::{
    Fingerprint, JoinRequest, MAX_JOIN_REQUEST_BYTES, RosterChain, RosterDocument, SignedRoster,
    VerifiedRoster,
};
use samenhang::governance;
use testkit::Founding;

use super::Check;
use super::pieces::Pieces;

pub(crate) const CHECKS: &[(&str, Check)] = &[
    ("roster", roster),
    ("genesis", genesis),
    ("successor", successor),
    ("merge", merge),
    ("join", join),
    ("join-document", join_document),
    ("fingerprint", fingerprint),
    ("shown", shown),
];

/// A network, and the key of its only governor.
fn founded() -> &'static (RosterChain, SigningKey) {
    static FOUNDED: OnceLock<(RosterChain, SigningKey)> = OnceLock::new();
    FOUNDED.get_or_init(|| {
        let founding = Founding::uniform(3);
        let chain = founding.config(Founding::oin(1), 1).chain;
        // As testkit makes it: the governor's key is the one of number zero.
        let governor = SigningKey::from_seed(&Seed::from_bytes([5; 32]).derive("test key", 0));
        assert_eq!(chain.newest().document().governors.keys, [governor.verifying_key()]);
        (chain, governor)
    })
}

/// Good inputs, by check.
pub(crate) fn good() -> Vec<(&'static str, Vec<u8>)> {
    let (chain, governor) = founded();
    let genesis = chain.signed().next().expect("a chain begins with its genesis");
    let next = SignedRoster::next(chain.newest(), chain.newest().document().clone().into(), &[governor]);
    let document = |signed: &SignedRoster| cbor::to_vec(&signed.claimed().expect("a good roster").document);
    let organisation = SigningKey::from_seed(&Seed::from_bytes([1; 32]));
    let request = JoinRequest {
        kind: crypto::TypeName::new(),
        oin: Founding::oin(4),
        name: "organisatie 4".to_owned(),
        sector: "jeugd".parse().expect("a sector"),
        working_area: "Rivierenland".to_owned(),
        bsn_entitled: true,
        organisation_key: organisation.verifying_key(),
        node_key: SigningKey::from_seed(&Seed::from_bytes([2; 32])).verifying_key(),
        addresses: vec!["192.0.2.1:7310".to_owned()],
        contact_point: "085-0010101".to_owned(),
        time: Timestamp(1_795_000_000),
        relay: true,
        log_key: None,
        cosignature_key: None,
        privacy_officer_key: None,
        fg_key: None,
    };
    let join = request.clone().sign(&organisation).expect("a good request");
    let halves = [genesis.to_wire(), next.to_wire()];
    let length = u16::try_from(halves[0].len()).expect("a small roster").to_be_bytes();
    vec![
        ("roster", genesis.to_wire()),
        ("roster", next.to_wire()),
        ("genesis", document(genesis)),
        ("successor", document(&next)),
        ("merge", [&length, halves[0].as_slice(), &halves[0]].concat()),
        ("merge", [&length, halves[0].as_slice(), &halves[1]].concat()),
        ("shown", [&length, halves[0].as_slice(), &halves[1]].concat()),
        ("join", join.to_wire()),
        ("join-document", cbor::to_vec(&request)),
        ("fingerprint", Fingerprint::of(&[7; 32]).to_string().into_bytes()),
    ]
}

/// A roster as it travels. Nothing was signed but what was founded.
fn roster(bytes: &[u8]) -> bool {
    let Ok(read) = SignedRoster::parse(bytes) else { return false };
    assert_eq!(read.to_wire(), bytes, "one encoding for each roster");
    if let Ok(claimed) = read.claimed() {
        assert_eq!(claimed.digest, read.digest());
        assert!(claimed.is_genesis() == (claimed.document.version == 1));
    }
    let (chain, _) = founded();
    let mut tried = chain.clone();
    if tried.accept(read.clone()).is_ok() {
        assert_eq!(tried.newest().version(), chain.newest().version() + 1);
        assert_eq!(tried.newest().network(), chain.newest().network());
    }
    if let Ok(found) = RosterChain::found(read, Some(chain.newest().network())) {
        assert_eq!(found.newest().digest(), chain.newest().digest(), "the digest is the network's id");
    }
    true
}

/// The document of a genesis roster, signed by the governor here.
fn genesis(bytes: &[u8]) -> bool {
    let Ok(document) = cbor::from_slice::<RosterDocument>(bytes) else { return false };
    assert_eq!(cbor::to_vec(&document), bytes);
    let signed = SignedRoster::sign(&document, &[&founded().1]);
    let claimed = signed.claimed();
    let Ok(verified) = VerifiedRoster::genesis(&signed, None) else { return false };
    assert!(claimed.is_ok_and(|claimed| claimed.document == document), "verified, and yet contradictory");
    asked(&verified);
    true
}

/// The document of the version after the one in force, signed by the governor here.
fn successor(bytes: &[u8]) -> bool {
    let Ok(document) = cbor::from_slice::<RosterDocument>(bytes) else { return false };
    let (chain, governor) = founded();
    let signed = SignedRoster::sign(&document, &[governor]);
    let Ok(next) = chain.newest().successor(&signed) else { return false };
    assert_eq!((next.version(), next.network()), (chain.newest().version() + 1, chain.newest().network()));
    assert_eq!(document.previous, Some(chain.newest().digest()));
    assert!(SignedRoster::sign(&document, &[]).claimed().is_ok_and(|claimed| claimed.signers.is_empty()));
    assert!(chain.newest().successor(&SignedRoster::sign(&document, &[])).is_err(), "nobody signed it");
    asked(&next);
    true
}

/// Every question that a verified roster answers.
fn asked(roster: &VerifiedRoster) {
    let _section = roster.keyholder_section().digest();
    let _institutions = roster.institutions().count();
    let _codes = roster.legal_basis_codes();
    for now in [0, 1, u64::from(u32::MAX), 1_795_000_000, u64::MAX] {
        let epoch = roster.epoch_at(Timestamp(now));
        for epoch in [epoch, Epoch(0), Epoch(u32::MAX), Epoch(epoch.0.saturating_add(1))] {
            let (start, over) = (roster.start_of(epoch), roster.expiry_of(epoch));
            assert!(start <= over && roster.preparation_of(epoch) <= start, "{epoch:?}");
        }
    }
    for member in roster.members() {
        for circle in roster.circles() {
            let publishers = roster.publishers_for(&circle.id, &member.oin).count();
            assert!(publishers <= roster.members().len());
            let _readers = roster.has_readers(&circle.id, &member.oin);
        }
    }
}

/// Two rosters, as governors put their signatures together.
fn merge(bytes: &[u8]) -> bool {
    let mut pieces = Pieces::new(bytes);
    let one = SignedRoster::parse(pieces.piece());
    let (Ok(one), Ok(other)) = (one, SignedRoster::parse(pieces.rest())) else { return false };
    let mut merged = one.clone();
    let Ok(fresh) = merged.merge(&other) else {
        return false;
    };
    assert_eq!(merged.digest(), one.digest());
    assert!(one.digest() == other.digest() || fresh.is_empty(), "signatures of another document");
    assert!(merged.valid_signers().is_superset(&one.valid_signers()), "a signature got lost");
    assert!(SignedRoster::parse(&merged.to_wire()).is_ok_and(|again| again == merged));
    true
}

fn join(bytes: &[u8]) -> bool {
    let Ok(request) = JoinRequest::read(bytes) else { return false };
    assert!(bytes.len() <= MAX_JOIN_REQUEST_BYTES);
    assert_eq!(request.to_wire(), bytes);
    let _shown = Fingerprint::from(&request).to_string();
    true
}

/// A join request, signed here with the key that it then presents.
fn join_document(bytes: &[u8]) -> bool {
    let Ok(mut request) = cbor::from_slice::<JoinRequest>(bytes) else { return false };
    let key = SigningKey::from_seed(&Seed::from_bytes([1; 32]));
    request.organisation_key = key.verifying_key();
    let Ok(signed) = request.clone().sign(&key) else { return false };
    let wire = signed.to_wire();
    assert!(wire.len() <= MAX_JOIN_REQUEST_BYTES, "what is signed can be read");
    assert_eq!(JoinRequest::read(&wire).expect("what is signed can be read").document(), &request);
    true
}

/// What a governor sees of two rosters that strangers may have written.
fn shown(bytes: &[u8]) -> bool {
    let mut pieces = Pieces::new(bytes);
    let (one, other) = (SignedRoster::parse(pieces.piece()), SignedRoster::parse(pieces.rest()));
    let claimed = |signed: &SignedRoster| signed.claimed().ok();
    let (Some(one), Some(other)) =
        (one.as_ref().ok().and_then(claimed), other.as_ref().ok().and_then(claimed))
    else {
        return false;
    };
    for roster in [&one, &other] {
        is_harmless(&governance::describe(roster));
        is_harmless(&governance::unreachable_pairs(&roster.document).unwrap_or_default());
        assert!(governance::json(roster).is_object());
    }
    for changed in governance::changes(&one.document, &other.document) {
        is_harmless(&changed.change);
    }
    true
}

/// Nothing in it moves the cursor of a terminal.
fn is_harmless(page: &str) {
    assert!(!page.chars().any(|c| c.is_control() && c != '\n'), "{page:?}");
}

fn fingerprint(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let Ok(fingerprint) = text.parse::<Fingerprint>() else { return false };
    assert_eq!(fingerprint.to_string().parse(), Ok(fingerprint));
    true
}
