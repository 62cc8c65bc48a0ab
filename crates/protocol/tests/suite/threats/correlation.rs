//! Feeds of the same two thousand families next to each other: of two members, in two circles, in two epochs.
//!
//! The orders in which the two register differ: who registers the same families in the same order publishes them at
//! the same time, and that shows (`SECURITY.md`, timing).

use std::collections::BTreeMap;

use crypto::Tag;
use domain::{CircleId, Epoch, Oin, Role, Signal};
use index::FeedId;
use protocol::{Command, Reply};
use testkit::{Dice, Founding, Simulation, family, person};

use super::statistics::{CHANCE, Placed, worst};
use super::{DAY, LENGTH, PREPARATION, at, bodies, feed, oin, pseudonyms};

const FAMILIES: usize = 2_000;

/// Of each family: by number, by name and birth date, and by the beginning of the name because no home is known.
const KEYS: usize = 3;

const OTHER_CIRCLE: CircleId = CircleId::from_bytes([8; 16]);

/// A family of a mother with a BSN and a birth date of her own.
fn signal(number: usize) -> Signal {
    // Nine digits of which the last makes the weighted sum a multiple of eleven.
    let bsn = (0..).map(|skipped| 10_000_000 + number * 20 + skipped).find_map(|front| {
        let digits: Vec<usize> = front.to_string().bytes().map(|digit| usize::from(digit - b'0')).collect();
        let sum: usize = digits.iter().zip((2..=9).rev()).map(|(digit, weight)| digit * weight).sum();
        Some(format!("{front}{}", sum % 11)).filter(|bsn| bsn.len() == 9)
    });
    // Days after the twelfth: a key does not tell day and month apart.
    let day = format!("{}-{:02}-{:02}", 1_960 + number % 40, number / 40 % 12 + 1, number / 480 % 16 + 13);
    let mother = person(Role::Parent).bsn(&bsn.unwrap()).name("Anna", "Zonneveld").born(&day);
    family(&format!("f-{number}"), [mother])
}

/// The families in an order of one's own.
fn shuffled(seed: u64) -> Vec<Signal> {
    let mut dice = Dice::new(seed);
    let mut numbers: Vec<usize> = (0..FAMILIES).collect();
    for place in (1..numbers.len()).rev() {
        numbers.swap(place, usize::try_from(dice.below(place as u64 + 1)).unwrap());
    }
    numbers.into_iter().map(signal).collect()
}

/// Every tag of a feed with its place in it.
fn places(net: &Simulation, feed: &FeedId) -> BTreeMap<Tag, usize> {
    let all = bodies(net, feed).into_iter().flat_map(|body| body.added().to_vec());
    all.enumerate().map(|(place, tag)| (tag, place)).collect()
}

/// The tags of a feed by the linkage key that they stand for.
fn placed(
    net: &Simulation,
    member: usize,
    circle: CircleId,
    epoch: Epoch,
) -> BTreeMap<crypto::Digest, Placed> {
    let places = places(net, &FeedId { circle, ..feed(net, member, epoch) });
    let keys = pseudonyms(net, member, epoch);
    assert_eq!(keys.len(), KEYS * FAMILIES);
    let placed: BTreeMap<_, _> = keys
        .into_iter()
        .filter_map(|(key, pseudonym)| {
            let tag = super::tag(&pseudonym, member, &circle);
            Some((key, Placed { tag, place: *places.get(&tag)? }))
        })
        .collect();
    assert_eq!(placed.len(), KEYS * FAMILIES, "everything is published");
    placed
}

fn pairs(
    one: &BTreeMap<crypto::Digest, Placed>,
    other: &BTreeMap<crypto::Digest, Placed>,
) -> Vec<(Placed, Placed)> {
    one.iter().map(|(key, placed)| (*placed, other[key])).collect()
}

fn assert_chance(what: &str, pairs: &[(Placed, Placed)]) {
    let (found, deviation) = worst(pairs);
    assert!(deviation.abs() < CHANCE, "{what}: {found} is {deviation} standard deviations off chance");
}

fn import(net: &mut Simulation, member: Oin, signals: &[Signal]) {
    // In parts, as over days: so that many segments come of it.
    for part in signals.chunks(FAMILIES / 8) {
        assert!(matches!(net.command(member, Command::Import(part.to_vec())), Reply::Imported(_)));
        net.seconds(5);
    }
    net.settle();
}

#[test]
fn feeds_of_the_same_families_correlate_no_better_than_chance() {
    let mut net = Simulation::new(Founding::uniform(5).without_full_sets());
    let second = net.founding().next(&net.founding().roster, |content| {
        let mut other = content.circles[0].clone();
        other.id = OTHER_CIRCLE;
        content.circles.push(other);
    });
    net.command(oin(1), Command::InstallRoster(Box::new(second)));
    net.settle();
    import(&mut net, oin(4), &shuffled(4));
    import(&mut net, oin(5), &shuffled(5));
    let circle = net.founding().circle;
    at(&mut net, LENGTH - PREPARATION + DAY);
    net.until(120, "published in the next epoch", |net| {
        [4, 5].iter().all(|member| net.status(oin(*member)).next.is_some_and(|next| next.published))
    });
    let [four, five] = [4, 5].map(|member| placed(&net, member, circle, Epoch(1)));
    assert_chance("two members", &pairs(&four, &five));
    let elsewhere = placed(&net, 4, OTHER_CIRCLE, Epoch(1));
    // The same member at the same time: places agree, and only places.
    let elsewhere: BTreeMap<_, _> = elsewhere
        .into_iter()
        .zip(five.values())
        .map(|((key, placed), other)| (key, Placed { place: other.place, ..placed }))
        .collect();
    assert_chance("one member in two circles", &pairs(&four, &elsewhere));
    let later = placed(&net, 4, circle, Epoch(2));
    assert_chance("one member in two epochs", &pairs(&four, &later));
}
