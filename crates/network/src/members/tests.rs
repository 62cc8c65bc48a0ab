//! Whom to dial, when, and by which way.

use super::member::UPGRADE_PAUSE;
use super::*;
use crate::node_public_key;

const OWN: u64 = 5;

fn oin(serial: u64) -> Oin {
    Oin::test_number(serial).unwrap()
}

fn entry(serial: u8, key_seed: u8) -> Peer {
    let node_key = node_public_key(&[key_seed; 32]);
    let addresses = vec![([127, 0, 0, 1], 4_000 + u16::from(serial)).into()];
    Peer { oin: oin(serial.into()), node_key, addresses, relay: false }
}

fn outbound_only(serial: u8) -> Peer {
    Peer { addresses: Vec::new(), ..entry(serial, serial) }
}

fn relay(serial: u8) -> Peer {
    Peer { relay: true, ..entry(serial, serial) }
}

fn peer(key_seed: u8) -> PeerId {
    peer_id(&node_public_key(&[key_seed; 32])).unwrap()
}

fn connection(number: usize) -> ConnectionId {
    ConnectionId::new_unchecked(number)
}

fn members(entries: Vec<Peer>, now: Instant) -> Members {
    let mut members = Members::new(oin(OWN), peer(5), true, false);
    let added = entries.len();
    assert_eq!(members.replace(entries, now).added.len(), added);
    members
}

/// Opens a connection over which the member answers at once.
fn connects(members: &mut Members, seed: u8, number: usize, path: Path, now: Instant) -> Answered {
    members.opened(&peer(seed), connection(number), path);
    members.answered(&peer(seed), connection(number), now)
}

/// Begins the next attempt when it is due and lets it fail; by which way it went.
fn fails(members: &mut Members) -> Vec<String> {
    let due = members.next_dial().unwrap();
    let attempt = members.begin_dial(due).unwrap();
    members.dial_failed(&attempt.peer, due);
    attempt.addresses.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn the_lower_number_dials_first_and_pauses_double_up_to_the_longest() {
    let now = Instant::now();
    let mut members = members(vec![entry(9, 9)], now);
    let mut due = now;
    for pause_ms in [250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000] {
        assert_eq!(members.next_dial(), Some(due));
        assert_eq!(members.begin_dial(due).unwrap().peer, peer(9));
        assert_eq!((members.next_dial(), members.begin_dial(due)), (None, None), "one attempt at a time");
        members.dial_failed(&peer(9), due);
        due += Duration::from_millis(pause_ms);
    }
    let mut members = self::members(vec![entry(1, 1)], now);
    assert_eq!(members.next_dial(), Some(now + HEAD_START), "the own number is the higher one");
    assert_eq!(members.begin_dial(now), None);
}

#[tokio::test]
async fn a_handshake_alone_makes_nobody_reachable() {
    let now = Instant::now();
    let mut members = members(vec![entry(9, 9)], now);
    let quiet = Answered::default();
    assert_eq!(members.answered(&peer(9), connection(1), now), quiet, "no connection yet");
    members.opened(&peer(9), connection(1), Path::Tcp);
    assert_eq!(members.reachable(&oin(9)), None);
    assert_eq!(members.closed(&peer(9), connection(1), now), None, "refused: it never was reachable");
    assert_eq!(members.next_dial(), Some(now + FIRST_PAUSE));
    assert_eq!(connects(&mut members, 9, 2, Path::Tcp, now).newly, Some(oin(9)));
    assert_eq!(members.answered(&peer(9), connection(2), now), quiet, "told once");
    assert_eq!(connects(&mut members, 9, 3, Path::Quic, now), quiet, "a second connection changes nothing");
    assert_eq!(members.reachable(&oin(9)), Some(peer(9)));
    assert_eq!(members.paths(), BTreeMap::from([(Path::Quic, 1)]));
    assert_eq!(members.closed(&peer(9), connection(2), now), None);
    assert_eq!(members.closed(&peer(9), connection(3), now), Some(oin(9)));
    assert_eq!(members.closed(&peer(9), connection(3), now), None);
}

#[tokio::test]
async fn a_new_list_keeps_who_stays_and_names_who_goes() {
    let now = Instant::now();
    let mut members = members(vec![entry(1, 1), entry(2, 2), entry(3, 3)], now);
    for seed in [1, 2, 3] {
        connects(&mut members, seed, seed.into(), Path::Tcp, now);
    }
    let change = members.replace(vec![entry(1, 1), entry(2, 22), entry(4, 4)], now);
    assert_eq!(change.added, [peer(22), peer(4)]);
    let gone = |serial, seed| Removed { peer: peer(seed), oin: oin(serial), was_reachable: true };
    assert_eq!(change.removed, [gone(2, 2), gone(3, 3)], "a changed key is another node");
    assert_eq!(members.reachable(&oin(1)), Some(peer(1)));
    assert_eq!((members.reachable(&oin(2)), members.oin(&peer(2))), (None, None));
}

#[tokio::test]
async fn the_own_organisation_and_doubtful_keys_are_left_out() {
    let mut members = Members::new(oin(OWN), peer(5), true, true);
    // Not the y coordinate of any point of the curve.
    let no_key = Peer { node_key: [2; 32], ..entry(6, 6) };
    assert_eq!(peer_id(&no_key.node_key), None);
    let list = vec![entry(5, 5), entry(1, 1), entry(2, 1), entry(1, 3), entry(7, 5), no_key];
    let change = members.replace(list, Instant::now());
    assert_eq!((change.added, change.skipped, members.len()), (vec![peer(1)], 4, 1));
}

#[tokio::test]
async fn quic_is_tried_beside_tcp_where_the_own_node_uses_it() {
    let now = Instant::now();
    let mut members = Members::new(oin(OWN), peer(5), true, true);
    members.replace(vec![entry(9, 9)], now);
    assert_eq!(fails(&mut members), ["/ip4/127.0.0.1/udp/4009/quic-v1", "/ip4/127.0.0.1/tcp/4009"]);
}

#[tokio::test]
async fn who_has_no_address_is_dialled_through_the_relays_that_are_there_in_turn() {
    let now = Instant::now();
    let mut members = members(vec![relay(1), relay(2), outbound_only(9)], now);
    for seed in [1, 2] {
        connects(&mut members, seed, seed.into(), Path::Tcp, now);
    }
    let first = now + HEAD_START_OUTBOUND_ONLY;
    assert_eq!(members.next_dial(), Some(first), "it can dial the own node and has a head start");
    let nearest = nearest_first(&peer(9), &[(oin(1), peer(1)), (oin(2), peer(2))], 8);
    let circuit = |relay: Oin| {
        let seed = if relay == oin(1) { 1 } else { 2 };
        format!("/ip4/127.0.0.1/tcp/400{seed}/p2p/{}/p2p-circuit/p2p/{}", peer(seed), peer(9))
    };
    for turn in [nearest[0], nearest[1], nearest[0]] {
        assert_eq!(fails(&mut members), [circuit(turn)]);
    }
    let lost = if nearest[1] == oin(1) { 1 } else { 2 };
    members.closed(&peer(lost), connection(lost.into()), now);
    let mut attempts: Vec<String> = (0..16).flat_map(|_| fails(&mut members)).collect();
    attempts.retain(|way| way.contains("p2p-circuit"));
    assert!(attempts.len() >= 2, "{attempts:?}");
    assert!(
        attempts.iter().all(|way| *way == circuit(nearest[0])),
        "through the one that is left: {attempts:?}"
    );
}

#[tokio::test]
async fn without_a_relay_nobody_without_address_is_dialled() {
    let now = Instant::now();
    let mut members = members(vec![entry(1, 1), outbound_only(9)], now);
    connects(&mut members, 1, 1, Path::Tcp, now);
    assert_eq!(members.next_dial(), None, "member 1 does not relay");
    members.replace(vec![relay(1), outbound_only(9)], now);
    assert!(members.next_dial().is_some());
    members.closed(&peer(1), connection(1), now);
    connects(&mut members, 1, 2, Path::Relayed, now);
    let due = members.next_dial().unwrap();
    assert_eq!(due, now + UPGRADE_PAUSE, "a relay that is itself reached through another carries nothing");
}

#[tokio::test]
async fn addresses_come_first_and_every_second_attempt_goes_through_a_relay() {
    let now = Instant::now();
    let mut members = members(vec![relay(1), entry(9, 9)], now);
    connects(&mut members, 1, 1, Path::Quic, now);
    let ways: Vec<bool> = (0..4).map(|_| fails(&mut members).concat().contains("p2p-circuit")).collect();
    assert_eq!(ways, [false, true, false, true]);
}

#[tokio::test]
async fn a_circuit_goes_once_the_member_answers_directly() {
    let now = Instant::now();
    let mut members = members(vec![relay(1), entry(9, 9)], now);
    connects(&mut members, 1, 1, Path::Tcp, now);
    assert_eq!(connects(&mut members, 9, 2, Path::Relayed, now).newly, Some(oin(9)));
    assert_eq!(members.paths(), BTreeMap::from([(Path::Tcp, 1), (Path::Relayed, 1)]));
    assert_eq!(members.begin_dial(now), None);
    let due = now + UPGRADE_PAUSE;
    assert_eq!(members.next_dial(), Some(due));
    let attempt = members.begin_dial(due).unwrap();
    assert!(attempt.is_upgrade && attempt.peer == peer(9));
    members.dial_failed(&peer(9), due);
    assert_eq!(members.reachable(&oin(9)), Some(peer(9)), "a failed try changes nothing");
    assert_eq!(members.next_dial(), Some(due + UPGRADE_PAUSE));

    // A handshake alone is not enough to give up what works.
    members.opened(&peer(9), connection(3), Path::Tcp);
    assert_eq!(members.answered(&peer(9), connection(2), due), Answered::default());
    let answered = members.answered(&peer(9), connection(3), due);
    assert_eq!(answered, Answered { newly: None, superseded: vec![connection(2)] });
    assert_eq!(members.closed(&peer(9), connection(2), due), None);
    assert_eq!(members.paths(), BTreeMap::from([(Path::Tcp, 2)]));
    assert_eq!(members.next_dial(), None);
}

#[tokio::test]
async fn who_gets_an_address_while_connected_through_a_relay_is_tried_there_at_once() {
    let now = Instant::now();
    let mut members = members(vec![relay(1), outbound_only(9)], now);
    connects(&mut members, 1, 1, Path::Tcp, now);
    connects(&mut members, 9, 2, Path::Relayed, now);
    assert_eq!(members.next_dial(), None, "nowhere else to try");
    let later = now + Duration::from_secs(1);
    members.replace(vec![relay(1), entry(9, 9)], later);
    assert_eq!(members.next_dial(), Some(later));
}

#[tokio::test]
async fn at_most_eight_attempts_go_through_one_relay_at_a_time() {
    let now = Instant::now();
    let others = 10..30;
    let entries = others.clone().map(outbound_only).chain([relay(1)]).collect();
    let mut members = members(entries, now);
    connects(&mut members, 1, 1, Path::Tcp, now);
    let far = now + Duration::from_secs(100);
    let begun: Vec<Attempt> = std::iter::from_fn(|| members.begin_dial(far)).collect();
    assert_eq!(begun.len(), MAX_DIALLING_THROUGH_ONE);
    assert_eq!(members.next_dial(), None, "no timer fires while there is no room");
    members.dial_failed(&begun[0].peer, far);
    assert!(members.begin_dial(far).is_some());
}

#[tokio::test]
async fn who_needs_places_is_read_from_the_roster_and_the_own_listeners() {
    let now = Instant::now();
    let check = |listens: bool, own: Option<Peer>, expected: bool| {
        let mut members = Members::new(oin(OWN), peer(5), listens, false);
        members.replace(own.into_iter().chain([relay(1)]).collect(), now);
        assert_eq!(members.is_outbound_only(), expected);
        members
    };
    check(true, Some(entry(5, 5)), false);
    check(true, Some(outbound_only(5)), true);
    check(true, None, false);
    let mut members = check(false, Some(entry(5, 5)), true);
    assert_eq!(members.own_relays().count(), 0, "not connected yet");
    connects(&mut members, 1, 1, Path::Tcp, now);
    assert_eq!(members.own_relays().map(|relay| relay.oin).collect::<Vec<_>>(), [oin(1)]);
}

#[test]
fn places_are_spread_over_the_relays() {
    let relays: Vec<(Oin, PeerId)> = (1..=8).map(|seed| (oin(seed.into()), peer(seed))).collect();
    let mut firsts = std::collections::BTreeSet::new();
    for seed in 100..164 {
        let ranked = nearest_first(&peer(seed), &relays, 3);
        assert_eq!(ranked.len(), 3);
        firsts.extend(ranked.first().copied());
    }
    assert!(firsts.len() >= 6, "{firsts:?}");
    assert_eq!(nearest_first(&peer(1), &relays, 8).len(), 7, "nobody is its own relay");
}

#[tokio::test]
async fn no_more_attempts_are_under_way_than_so_many() {
    let now = Instant::now();
    let mut members = Members::new(oin(1), peer(1), true, false);
    members.replace((2..=60).map(|serial| entry(serial, serial)).collect(), now);
    let begun: Vec<Attempt> = std::iter::from_fn(|| members.begin_dial(now)).collect();
    assert_eq!((begun.len(), members.next_dial()), (32, None));
    members.dial_failed(&begun[0].peer, now);
    assert!(members.begin_dial(now).is_some(), "the next one when one has ended");
}

#[tokio::test]
async fn a_member_is_tried_at_a_few_addresses_and_through_a_few_relays() {
    let now = Instant::now();
    let many = Peer { addresses: (1..=20).map(|n| ([127, 0, 0, n], 7_000).into()).collect(), ..entry(9, 9) };
    let mut members = members(vec![many], now);
    assert_eq!(members.begin_dial(now).unwrap().addresses.len(), 8);

    let relays: Vec<Peer> = (20..40).map(relay).collect();
    let mut all = relays.clone();
    all.push(outbound_only(9));
    let mut members = self::members(all, now);
    for relay in &relays {
        let seed = u8::try_from(relay.addresses[0].port() - 4_000).unwrap();
        connects(&mut members, seed, seed.into(), Path::Tcp, now);
    }
    let tried: std::collections::BTreeSet<Vec<String>> = (0..40).map(|_| fails(&mut members)).collect();
    assert_eq!(tried.len(), 8);
}

#[tokio::test]
async fn more_members_than_any_roster_lists_are_left_out() {
    let numbered = |serial: u64| {
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&serial.to_be_bytes());
        Peer { oin: oin(serial), node_key: node_public_key(&seed), addresses: Vec::new(), relay: false }
    };
    let mut members = Members::new(oin(20_000), peer(5), true, false);
    let change = members.replace((1..=10_001).map(numbered).collect(), Instant::now());
    assert_eq!((members.len(), change.skipped), (10_000, 1));
}
