//! Join requests, drafts that governors sign one after the other, and what binds in production.
#![expect(clippy::unwrap_used, reason = "a panic in a test is a failing test")]

use crypto::{Document, EncodingError, SealingKey, Seed, Signed, SigningKey, TypeName};
use domain::{CircleId, Oin, Timestamp};
use roster::{
    Accountability, Circle, EpochRules, Fingerprint, Governors, JoinError, JoinRequest, KeyholderRecord,
    LegalBasis, LegalBasisText, Member, OpenPair, RosterContent, RosterError, Rules, SignedRoster,
    VerifiedRoster,
};

fn key(number: u8) -> SigningKey {
    SigningKey::from_seed(&Seed::from_bytes([number; 32]))
}

fn request(number: u8) -> JoinRequest {
    JoinRequest {
        kind: TypeName::new(),
        oin: format!("00000001{number:012}").parse().unwrap(),
        name: format!("organisation {number}"),
        sector: "jeugd".parse().unwrap(),
        working_area: "Rivierenland".to_owned(),
        bsn_entitled: true,
        organisation_key: key(10 + number).verifying_key(),
        node_key: key(100 + number).verifying_key(),
        addresses: vec!["192.0.2.1:7443".to_owned()],
        contact_point: "dienst, 085-0010100".to_owned(),
        time: Timestamp(1_795_000_000),
        relay: true,
        log_key: None,
        cosignature_key: None,
        privacy_officer_key: None,
        fg_key: None,
    }
}

/// A network that meets every minimum of production.
fn content() -> RosterContent {
    RosterContent {
        name: "Rivierenland".to_owned(),
        test_network: false,
        rules: Rules {
            epoch: EpochRules::starting(1_000, 90 * 86_400),
            publish_interval_seconds: 60,
            heartbeat_seconds: 120,
            ceremony_deadline_seconds: 600,
            live_tags: Rules::LIVE_TAGS,
            segments_per_snapshot: Rules::SEGMENTS_PER_SNAPSHOT,
            notice_seconds: 7 * 86_400,
        },
        circles: vec![Circle {
            id: CircleId::from_bytes([1; 16]),
            name: "jeugd".to_owned(),
            purpose: "samenwerken".to_owned(),
            legal_bases: vec![LegalBasisText("jeugdwet".parse().unwrap())],
            open: vec![OpenPair::new("jeugd".parse().unwrap(), "jeugd".parse().unwrap())],
            trial: false,
        }],
        legal_bases: vec![LegalBasis {
            code: "jeugdwet".parse().unwrap(),
            article: "7.1".to_owned(),
            avg6: "6.1.e".to_owned(),
            avg9: None,
            secrecy: None,
            consent_required: false,
            valid_until: None,
        }],
        threshold: 2,
        keyholders: (1..=3)
            .map(|n| KeyholderRecord { index: n, oin: request(u8::try_from(n).unwrap()).oin })
            .collect(),
        members: (1..=4).map(|n| Member::from(&request(n))).collect(),
        governors: Governors { threshold: 2, keys: (1..=3).map(|n| key(n).verifying_key()).collect() },
        institutions: vec![],
        accountability: Accountability::default(),
    }
}

#[test]
fn a_join_request_comes_back_only_as_it_was_signed() {
    let signed = request(1).sign(&key(11)).unwrap();
    let wire = signed.to_wire();
    assert_eq!(JoinRequest::read(&wire).unwrap(), signed);
    for place in 0..wire.len() {
        let mut changed = wire.clone();
        changed[place] ^= 1;
        assert!(JoinRequest::read(&changed).is_err(), "byte {place}");
    }
    assert!(matches!(JoinRequest::read(&wire[1..]), Err(JoinError::Encoding(_))));
    assert!(matches!(JoinRequest::read(&[0; 100_000]), Err(JoinError::Encoding(_))));
    assert!(matches!(request(1).sign(&key(12)), Err(JoinError::Signature)));
}

#[test]
fn a_join_request_that_no_roster_can_hold_is_refused_at_both_ends() {
    type Spoil = fn(&mut JoinRequest);
    let spoilt: [(&str, Spoil); 11] = [
        ("a relay that nobody can dial", |r| r.addresses = vec![]),
        ("no name", |r| r.name = String::new()),
        ("a name that moves the cursor", |r| r.name = "a\u{1b}[2Jb".to_owned()),
        ("blanks around the name", |r| r.name = " a ".to_owned()),
        ("a contact point of a page", |r| r.contact_point = "x".repeat(201)),
        ("an empty address", |r| r.addresses.push(String::new())),
        ("too many addresses", |r| r.addresses = vec!["192.0.2.1:1".to_owned(); 17]),
        ("one key for both uses", |r| r.node_key = r.organisation_key),
        ("one key for logs and documents", |r| r.log_key = Some(r.organisation_key)),
        ("one key for logs and cosignatures", |r| {
            (r.log_key, r.cosignature_key) = (Some(r.node_key), Some(r.node_key));
        }),
        ("one officer", |r| {
            let key = SealingKey::from_seed(&Seed::from_bytes([7; 32])).public();
            (r.privacy_officer_key, r.fg_key) = (Some(key), Some(key));
        }),
    ];
    for (what, spoil) in spoilt {
        let mut request = request(1);
        spoil(&mut request);
        assert!(request.clone().sign(&key(11)).is_err(), "{what}");
        // Somebody else's program signs it all the same.
        let wire = Signed::sign(request, &key(11)).to_wire();
        assert!(JoinRequest::read(&wire).is_err(), "{what}");
    }
}

#[test]
fn a_join_request_that_is_too_long_is_not_read() {
    let wire = request(1).sign(&key(11)).unwrap().to_wire();
    let padded = |bytes: usize| {
        let rest = vec![0; bytes - wire.len()];
        JoinRequest::read(&[wire.as_slice(), &rest].concat()).unwrap_err()
    };
    assert!(matches!(padded(32 * 1024), JoinError::Encoding(EncodingError::TrailingBytes)));
    assert!(matches!(padded(32 * 1024 + 1), JoinError::Encoding(EncodingError::Malformed)));
}

#[test]
fn the_fingerprint_covers_everything_that_is_asked() {
    let fingerprint = |request: JoinRequest| Fingerprint::from(&request.sign(&key(11)).unwrap());
    let first = fingerprint(request(1));
    let officer = SealingKey::from_seed(&Seed::from_bytes([7; 32])).public();
    assert_eq!(fingerprint(request(1)), first);
    for other in [
        JoinRequest { bsn_entitled: false, ..request(1) },
        JoinRequest { addresses: vec!["192.0.2.2:7443".to_owned()], ..request(1) },
        JoinRequest { relay: false, ..request(1) },
        JoinRequest { node_key: key(9).verifying_key(), ..request(1) },
        JoinRequest { time: Timestamp(1), ..request(1) },
        JoinRequest { log_key: Some(key(9).verifying_key()), ..request(1) },
        JoinRequest { cosignature_key: Some(key(9).verifying_key()), ..request(1) },
        JoinRequest { privacy_officer_key: Some(officer), ..request(1) },
        JoinRequest { fg_key: Some(officer), ..request(1) },
    ] {
        assert_ne!(fingerprint(other), first);
    }
    assert_ne!(
        Fingerprint::of_governor(&key(1).verifying_key()),
        Fingerprint::of_governor(&key(2).verifying_key())
    );
}

#[test]
fn governors_sign_a_draft_one_after_the_other() {
    let mut draft = SignedRoster::draft(None, content()).unwrap();
    assert!(draft.claimed().unwrap().signers.is_empty());
    assert!(draft.add_signature(&key(1)).unwrap());
    assert!(!draft.add_signature(&key(1)).unwrap());
    assert!(matches!(
        VerifiedRoster::genesis(&draft, None),
        Err(RosterError::TooFewSignatures { valid: 1, governors: 3, needed: 2 })
    ));
    // The draft travels as a file between governors.
    let mut draft = SignedRoster::parse(&draft.to_wire()).unwrap();
    assert!(draft.add_signature(&key(3)).unwrap());
    let first = VerifiedRoster::genesis(&draft, None).unwrap();
    let claimed = draft.claimed().unwrap();
    assert_eq!((claimed.network, claimed.signed_by(&claimed.document.governors)), (first.network(), 2));
    assert_eq!(claimed.fingerprint(), Fingerprint::from(first.network()));

    let mut content = RosterContent::from(first.document().clone());
    content.members.push(Member::from(&request(5)));
    let mut second = SignedRoster::draft(Some(&claimed), content).unwrap();
    for governor in [2, 3] {
        second.add_signature(&key(governor)).unwrap();
    }
    let held = first.successor(&second).unwrap();
    assert_eq!((held.version(), held.members().len()), (2, 5));
    assert_eq!(second.claimed().unwrap().network, first.network());
}

#[test]
fn production_has_minimums_that_a_test_network_has_not() {
    type Spoil = fn(&mut RosterContent);
    let spoilt: [(&str, Spoil); 15] = [
        ("the length of an epoch", |c| c.rules.epoch = EpochRules::starting(1_000, 3_600)),
        ("the length of an epoch", |c| c.rules.epoch.length_seconds = 4_000 * 86_400),
        ("publish_interval_seconds", |c| c.rules.publish_interval_seconds = 59),
        ("publish_interval_seconds", |c| {
            (c.rules.publish_interval_seconds, c.rules.heartbeat_seconds) = (86_401, 100_000);
        }),
        ("heartbeat_seconds", |c| {
            (c.rules.publish_interval_seconds, c.rules.heartbeat_seconds) = (60, 119);
        }),
        ("heartbeat_seconds", |c| c.rules.heartbeat_seconds = u32::MAX),
        ("the grace of an epoch", |c| c.rules.epoch.grace_seconds = 86_400),
        ("the preparation of an epoch", |c| c.rules.epoch.preparation_seconds = 86_400),
        ("live_tags", |c| c.rules.live_tags = u32::MAX),
        ("segments_per_snapshot", |c| c.rules.segments_per_snapshot = 1),
        ("ceremony_deadline_seconds", |c| c.rules.ceremony_deadline_seconds = 30),
        ("notice period", |c| c.rules.notice_seconds = 7 * 86_400 - 1),
        ("number of keyholders", |c| {
            c.keyholders.truncate(2);
        }),
        ("governors' threshold", |c| {
            c.governors = Governors { threshold: 1, keys: vec![key(1).verifying_key()] }
        }),
        ("test OIN", |c| {
            c.members.push(Member { oin: Oin::test_number(9).unwrap(), ..Member::from(&request(9)) });
        }),
    ];
    assert!(SignedRoster::draft(None, content()).is_ok());
    for (what, spoil) in spoilt {
        let mut content = content();
        spoil(&mut content);
        let refused = SignedRoster::draft(None, content.clone()).unwrap_err();
        let told = refused.to_string();
        assert!(told.contains(what) || what.contains("threshold") && told.contains("keyholders"), "{told}");
        assert!(told.contains("no test network"), "{told}");
        content.test_network = true;
        assert!(SignedRoster::draft(None, content).is_ok(), "{what}");
    }
}

#[test]
fn the_join_request_is_the_golden_one() {
    let signed = request(1).sign(&key(11)).unwrap();
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let text = format!(
        "# A join request. Regenerate with BLESS=1 cargo test -p roster.\nlabel = {}\nsigned = {}\ndigest = {}\n\
         fingerprint = {}\ngovernor fingerprint = {}\n",
        JoinRequest::LABEL,
        hex(&signed.to_wire()),
        signed.digest(),
        Fingerprint::from(&signed),
        Fingerprint::of_governor(&key(1).verifying_key()),
    );
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/join.txt");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text, "a format changed; if meant, run with BLESS=1");
}
