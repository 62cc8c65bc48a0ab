//! The chain of rosters: who may sign what, and what is refused.
#![expect(clippy::unwrap_used, reason = "a panic in a test is a failing test")]

use crypto::{Seed, SigningKey};
use domain::{CircleId, Epoch, NetworkId, Oin, Timestamp};
use roster::{
    Accountability, BasisStanding, Circle, EpochRules, FirstSight, Governors, Institution, KeyholderRecord,
    LegalBasis, LegalBasisText, MAX_DOCUMENT_BYTES, Member, MemberKeys, OpenPair, RosterChain, RosterContent,
    RosterError, Rules, SignedRoster, VerifiedRoster, genesis,
};

type Spoil = fn(&mut RosterContent);

fn key(number: u8) -> SigningKey {
    SigningKey::from_seed(&Seed::from_bytes([number; 32]))
}

fn member(number: u64, sector: &str) -> Member {
    Member {
        oin: Oin::test_number(number).unwrap(),
        name: format!("organisation {number}"),
        sector: sector.parse().unwrap(),
        working_area: "Rivierenland".to_owned(),
        bsn_entitled: number != 3,
        keys: MemberKeys::new(
            key(10 + u8::try_from(number).unwrap()).verifying_key(),
            key(100 + u8::try_from(number).unwrap()).verifying_key(),
        ),
        addresses: vec!["127.0.0.1:7001".to_owned(), "not an address".to_owned()],
        contact_point: "085-1234567".to_owned(),
        relay: number == 2,
    }
}

fn content() -> RosterContent {
    let governors = Governors { threshold: 2, keys: (1..=3).map(|n| key(n).verifying_key()).collect() };
    let pair = |from: &str, to: &str| OpenPair::new(from.parse().unwrap(), to.parse().unwrap());
    RosterContent {
        name: "Rivierenland".to_owned(),
        test_network: true,
        rules: Rules {
            epoch: EpochRules { anchor_epoch: 5, ..EpochRules::starting(1_000, 100) },
            publish_interval_seconds: 2,
            heartbeat_seconds: 60,
            ceremony_deadline_seconds: 30,
            live_tags: Rules::LIVE_TAGS,
            segments_per_snapshot: Rules::SEGMENTS_PER_SNAPSHOT,
            notice_seconds: 0,
        },
        circles: vec![Circle {
            id: CircleId::from_bytes([1; 16]),
            name: "jeugd".to_owned(),
            purpose: "samenwerken".to_owned(),
            legal_bases: vec![LegalBasisText("jeugdwet".parse().unwrap())],
            open: vec![pair("school", "ggz"), pair("ggz", "school"), pair("wonen", "ggz")],
            trial: false,
        }],
        legal_bases: vec![LegalBasis {
            code: "jeugdwet".parse().unwrap(),
            article: "7.1".to_owned(),
            avg6: "6.1.e".to_owned(),
            avg9: None,
            secrecy: None,
            consent_required: false,
            valid_until: Some(2_000),
        }],
        threshold: 2,
        keyholders: (1..=3)
            .map(|n| KeyholderRecord { index: n, oin: Oin::test_number(u64::from(n)).unwrap() })
            .collect(),
        members: vec![member(3, "wonen"), member(1, "school"), member(2, "ggz")],
        governors,
        institutions: vec![],
        accountability: Accountability::default(),
    }
}

fn founded() -> (SignedRoster, VerifiedRoster) {
    genesis(content(), &[&key(1), &key(2)]).unwrap()
}

#[test]
fn the_digest_of_the_genesis_roster_is_the_network() {
    let (signed, roster) = founded();
    assert_eq!(roster.network().as_bytes(), signed.digest().as_bytes());
    assert_eq!(roster.version(), 1);
    let again = SignedRoster::parse(&signed.to_wire()).unwrap();
    VerifiedRoster::genesis(&again, Some(roster.network())).unwrap();
    let other = NetworkId::from_bytes([9; 32]);
    assert!(matches!(VerifiedRoster::genesis(&again, Some(other)), Err(RosterError::OtherNetwork)));
}

#[test]
fn an_index_of_a_keyholder_is_given_to_nobody_else_ever() {
    let (signed, first) = founded();
    let both = [key(1), key(2)];
    let both = [&both[0], &both[1]];
    let mut chain = RosterChain::found(signed, None).unwrap();
    let keyholders = |pairs: &[(u16, u64)]| RosterContent {
        keyholders: pairs
            .iter()
            .map(|(index, number)| KeyholderRecord { index: *index, oin: Oin::test_number(*number).unwrap() })
            .collect(),
        members: [1, 2, 3, 4].map(|number| member(number, "ggz")).to_vec(),
        threshold: if pairs.len() > 3 { 3 } else { 2 },
        ..content()
    };
    let second = SignedRoster::next(&first, keyholders(&[(1, 1), (2, 2)]), &both);
    chain.accept(second).unwrap();
    assert_eq!(chain.newest().document().highest_index(), 3, "a draft from this version alone knows it");
    let held = chain.newest().clone();
    // The third is another's now, or the first and second change places.
    for (pairs, index) in [(vec![(1, 1), (2, 2), (3, 4)], 3), (vec![(1, 2), (2, 1)], 1)] {
        let version = SignedRoster::next(&held, keyholders(&pairs), &both);
        let sight = FirstSight { seen: Timestamp(1), sure: true };
        for refused in
            [chain.clone().accept(version.clone()), chain.clone().receive(version, sight).map(drop)]
        {
            assert!(
                matches!(refused, Err(RosterError::IndexReused { index: found, .. }) if found == index),
                "{refused:?}"
            );
        }
    }
    // Whose it was may have it again, and anybody a new one.
    let version = SignedRoster::next(&held, keyholders(&[(1, 1), (2, 2), (3, 3), (4, 4)]), &both);
    chain.accept(version).unwrap();
    assert_eq!(chain.newest().document().retired_index, 0);
}

#[test]
fn each_version_builds_on_the_one_before() {
    let (_, first) = founded();
    let second = SignedRoster::next(&first, content(), &[&key(2), &key(3)]);
    let held = first.successor(&second).unwrap();
    assert_eq!((held.version(), held.network()), (2, first.network()));
    let third = SignedRoster::next(&held, content(), &[&key(1), &key(3)]);
    assert_eq!(held.successor(&third).unwrap().version(), 3);
    assert!(matches!(first.successor(&third), Err(RosterError::NotTheNext { held: 1, found: 3 })));
    assert!(matches!(held.successor(&second), Err(RosterError::NotTheNext { held: 2, found: 2 })));
    // A sibling of version 2 is the next number, but not built on what is held.
    let (_, stranger) =
        genesis(RosterContent { name: "other".to_owned(), ..content() }, &[&key(1), &key(2)]).unwrap();
    let foreign = SignedRoster::next(&stranger, content(), &[&key(1), &key(2)]);
    assert!(matches!(first.successor(&foreign), Err(RosterError::OtherNetwork)));
}

#[test]
fn more_than_half_of_the_governors_in_office_must_sign() {
    let (_, first) = founded();
    for (signers, valid) in [(vec![], 0), (vec![1], 1), (vec![1, 1], 1), (vec![1, 9], 1), (vec![8, 9], 0)] {
        let keys: Vec<SigningKey> = signers.iter().map(|n| key(*n)).collect();
        let signed = SignedRoster::next(&first, content(), &keys.iter().collect::<Vec<_>>());
        match first.successor(&signed) {
            Err(RosterError::TooFewSignatures { valid: found, governors: 3, needed: 2 }) => {
                assert_eq!(found, valid)
            }
            other => panic!("{signers:?}: {other:?}"),
        }
    }
    // New governors take office only with the signatures of the old ones.
    let coup = RosterContent {
        governors: Governors { threshold: 1, keys: vec![key(9).verifying_key()] },
        ..content()
    };
    let signed = SignedRoster::next(&first, coup, &[&key(9)]);
    assert!(matches!(first.successor(&signed), Err(RosterError::TooFewSignatures { valid: 0, .. })));
}

#[test]
fn changed_bytes_lose_their_signatures() {
    let (_, first) = founded();
    let wire = SignedRoster::next(&first, content(), &[&key(1), &key(2)]).to_wire();
    for place in 0..wire.len() {
        let mut changed = wire.clone();
        changed[place] ^= 1;
        let accepted = SignedRoster::parse(&changed).is_ok_and(|signed| first.successor(&signed).is_ok());
        assert!(!accepted, "byte {place}");
    }
}

#[test]
fn a_roster_that_contradicts_itself_is_refused_whoever_signs_it() {
    let spoilt: [(&str, Spoil); 19] = [
        ("a relay that nobody can dial", |c| {
            for member in &mut c.members {
                member.addresses = vec!["not an address".to_owned()];
            }
        }),
        ("doubled member", |c| c.members.push(member(1, "school"))),
        ("keyholder that is no member", |c| c.keyholders[0].oin = Oin::test_number(77).unwrap()),
        ("one member with two shares", |c| c.keyholders[0].oin = c.keyholders[1].oin),
        ("index zero", |c| c.keyholders[0].index = 0),
        ("doubled index", |c| c.keyholders[0].index = 2),
        ("threshold of half", |c| c.threshold = 1),
        ("threshold above all", |c| c.threshold = 4),
        ("governors' threshold of half", |c| c.governors.threshold = 1),
        ("shared node key", |c| c.members[0].keys.node = c.members[1].keys.node),
        ("shared organisation key", |c| c.members[0].keys.organisation = c.members[1].keys.organisation),
        ("one keyholder", |c| {
            c.keyholders.truncate(1);
            c.threshold = 1;
        }),
        ("heartbeat within the interval", |c| c.rules.heartbeat_seconds = 2),
        ("unlisted legal basis", |c| c.legal_bases.clear()),
        ("grace longer than an epoch", |c| c.rules.epoch.grace_seconds = 101),
        ("preparation longer than an epoch", |c| c.rules.epoch.preparation_seconds = 101),
        ("no live tag", |c| c.rules.live_tags = 0),
        ("no segment between full sets", |c| c.rules.segments_per_snapshot = 0),
        ("epoch of no length", |c| c.rules.epoch.length_seconds = 0),
    ];
    for (what, spoil) in spoilt {
        let mut content = content();
        spoil(&mut content);
        let refused = genesis(content, &[&key(1), &key(2), &key(3)]);
        assert!(matches!(refused, Err(RosterError::Inconsistent(_))), "{what}: {refused:?}");
    }
}

#[test]
fn the_matrix_is_directed_and_closed_by_default() {
    let (_, roster) = founded();
    let circle = CircleId::from_bytes([1; 16]);
    let oin = |n| Oin::test_number(n).unwrap();
    for (publisher, reader, open) in [
        (1, 2, true),
        (2, 1, true),
        (3, 2, true),
        (2, 3, false),
        (1, 3, false),
        (1, 1, false),
        (1, 77, false),
        (77, 1, false),
    ] {
        assert_eq!(
            roster.publishes_to(&circle, &oin(publisher), &oin(reader)),
            open,
            "{publisher} to {reader}"
        );
    }
    assert!(!roster.publishes_to(&CircleId::from_bytes([2; 16]), &oin(1), &oin(2)));
    assert!(roster.has_readers(&circle, &oin(3)));
    let readable: Vec<Oin> = roster.publishers_for(&circle, &oin(2)).map(|member| member.oin).collect();
    assert_eq!(readable, [oin(1), oin(3)]);
    assert_eq!(roster.publishers_for(&circle, &oin(3)).count(), 0);
}

#[test]
fn a_legal_basis_holds_where_it_is_listed_until_it_lapses() {
    let (_, roster) = founded();
    let circle = CircleId::from_bytes([1; 16]);
    let oin = |n| Oin::test_number(n).unwrap();
    let code = "jeugdwet".parse().unwrap();
    let holds =
        |circle: CircleId, n, code: &_, now| roster.basis_holds(&circle, &oin(n), code, Timestamp(now));
    assert!(holds(circle, 1, &code, 2_000));
    assert!(!holds(circle, 1, &code, 2_001));
    assert!(!holds(CircleId::from_bytes([2; 16]), 1, &code, 0));
    assert!(!holds(circle, 1, &"wmo".parse().unwrap(), 0));
    assert!(!holds(circle, 77, &code, 0), "no member");
    let standing = |code: &str, now| roster.basis_standing(&oin(1), &code.parse().unwrap(), Timestamp(now));
    assert_eq!(standing("jeugdwet", 2_000), Some(BasisStanding::Holds { trial: false }));
    assert_eq!(standing("jeugdwet", 2_001), Some(BasisStanding::Lapsed(Timestamp(2_000))));
    assert_eq!(standing("wmo", 0), None);
}

#[test]
fn a_pair_of_sectors_narrows_what_its_circle_names_and_only_that() {
    let mut content = content();
    let wmo =
        LegalBasis { code: "wmo".parse().unwrap(), valid_until: None, ..content.legal_bases[0].clone() };
    content.legal_bases.push(wmo);
    content.legal_bases.push(LegalBasis { code: "los".parse().unwrap(), ..content.legal_bases[1].clone() });
    let named = |code: &str| LegalBasisText(code.parse().unwrap());
    content.circles[0].legal_bases.push(named("wmo"));
    // What schools publish rests on the Jeugdwet alone, what mental care publishes on either.
    content.circles[0].open[0].legal_bases = vec![named("jeugdwet")];
    let sign = |content: RosterContent| genesis(content, &[&key(1), &key(2)]);
    let (_, roster) = sign(content.clone()).unwrap();
    let (circle, oin) = (CircleId::from_bytes([1; 16]), |n| Oin::test_number(n).unwrap());
    for (member, code, holds) in [
        (1, "jeugdwet", true),
        (1, "wmo", false),
        (2, "jeugdwet", true),
        (2, "wmo", true),
        (2, "los", false),
        (3, "wmo", true),
    ] {
        let held = roster.basis_holds(&circle, &oin(member), &code.parse().unwrap(), Timestamp(0));
        assert_eq!(held, holds, "{member} {code}");
    }
    let closed = roster.basis_standing(&oin(1), &"wmo".parse().unwrap(), Timestamp(0));
    assert_eq!(closed, Some(BasisStanding::Closed));

    // One feed goes to every reader: what holds for one of them only is not published in it.
    let mut two_readers = content.clone();
    two_readers.circles[0].open.push(OpenPair::new("ggz".parse().unwrap(), "wonen".parse().unwrap()));
    two_readers.circles[0].open[1].legal_bases = vec![named("wmo")];
    let (_, roster) = sign(two_readers).unwrap();
    assert!(roster.basis_holds(&circle, &oin(2), &"wmo".parse().unwrap(), Timestamp(0)));
    assert!(!roster.basis_holds(&circle, &oin(2), &"jeugdwet".parse().unwrap(), Timestamp(0)));

    let spoilt: [(&str, Spoil); 3] = [
        ("beyond its circle", |c| {
            c.circles[0].open[0].legal_bases = vec![LegalBasisText("los".parse().unwrap())];
        }),
        ("a pair twice", |c| {
            let pair = OpenPair { legal_bases: Vec::new(), ..c.circles[0].open[0].clone() };
            c.circles[0].open.push(pair);
        }),
        ("a trial beside what is real", |c| {
            let trial = Circle { id: CircleId::from_bytes([2; 16]), trial: true, ..c.circles[0].clone() };
            c.circles.push(trial);
        }),
    ];
    for (what, spoil) in spoilt {
        let mut spoilt = content.clone();
        spoil(&mut spoilt);
        assert!(matches!(sign(spoilt), Err(RosterError::Inconsistent(_))), "{what}");
    }
}

#[test]
fn epochs_follow_from_the_anchor() {
    let (_, roster) = founded();
    for (now, epoch) in [(0, 5), (1_000, 5), (1_099, 5), (1_100, 6), (u64::MAX, u32::MAX)] {
        assert_eq!(roster.epoch_at(Timestamp(now)), Epoch(epoch), "at {now}");
    }
}

#[test]
fn addresses_that_cannot_be_read_are_left_out() {
    let (_, roster) = founded();
    assert_eq!(roster.members()[0].socket_addresses().len(), 1);
}

#[test]
fn the_signed_form_is_the_golden_one() {
    let (signed, roster) = founded();
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let text = format!(
        "# A genesis roster. Regenerate with BLESS=1 cargo test -p roster.\nsigned = {}\ndigest = {}\nsection = {}\n",
        hex(&signed.to_wire()),
        signed.digest(),
        roster.keyholder_section().digest(),
    );
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/roster.txt");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text, "a format changed; if meant, run with BLESS=1");
}

#[test]
fn a_roster_too_long_to_travel_is_refused_by_everybody() {
    let mut giant = content();
    giant.members[0].contact_point = "0".repeat(MAX_DOCUMENT_BYTES);
    let refusal = genesis(giant.clone(), &[&key(1), &key(2)]).unwrap_err();
    assert!(refusal.to_string().contains("longer than nodes pass on"), "{refusal}");

    let held = genesis(content(), &[&key(1), &key(2)]).unwrap().1;
    let next = SignedRoster::next(&held, giant, &[&key(1), &key(2)]);
    let refusal = held.successor(&next).unwrap_err();
    assert!(refusal.to_string().contains("longer than nodes pass on"), "{refusal}");

    // Before a byte of it is read.
    let refusal = SignedRoster::parse(&vec![0; 4 << 20 | 1]).unwrap_err();
    assert!(refusal.to_string().contains("longer than nodes pass on"), "{refusal}");
}

#[test]
fn a_roster_larger_than_any_network_is_refused() {
    // Doubled ones: their number is looked at before anything else.
    let oversized: [(&str, Spoil); 4] = [
        ("members", |c| c.members = vec![member(1, "school"); 10_001]),
        ("circles", |c| c.circles = vec![c.circles[0].clone(); 101]),
        ("legal bases", |c| c.legal_bases = vec![c.legal_bases[0].clone(); 501]),
        ("institutions", |c| {
            let address = |number| {
                let postcode = "1234AB".to_owned();
                Institution { postcode, number, letter: None, addition: None }
            };
            c.institutions = (1..=100_001).map(address).collect();
        }),
    ];
    for (what, spoil) in oversized {
        let mut content = content();
        spoil(&mut content);
        let refusal = genesis(content, &[&key(1), &key(2), &key(3)]).unwrap_err();
        assert!(refusal.to_string().contains("larger than any network"), "{what}: {refusal}");
    }
}

#[test]
fn more_signatures_than_are_ever_read_are_refused() {
    let draft = || SignedRoster::draft(None, content()).unwrap();
    let mut signed = draft();
    for n in 1..=64 {
        assert!(signed.add_signature(&key(n)).unwrap());
    }
    assert!(signed.add_signature(&key(65)).is_err());
    let mut other = draft();
    other.add_signature(&key(65)).unwrap();
    assert!(signed.merge(&other).is_err());
    assert!(SignedRoster::parse(&signed.to_wire()).is_ok());
}
