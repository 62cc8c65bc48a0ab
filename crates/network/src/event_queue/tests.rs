use std::time::Duration;

use domain::CircleId;
use protocol::RequestId;

use super::*;
use crate::rates::Rate;

const EVALUATION: Conversation = Conversation::Evaluation;
const FEED: Conversation = Conversation::Feed;

fn member(serial: u64) -> Oin {
    Oin::test_number(serial).unwrap()
}

fn unhurried() -> Rates {
    let any = Rate::UNBOUNDED;
    Rates { evaluation: any, ceremony: any, feed: any, roster: any, ..Rates::default() }
}

fn request(queue: &mut EventQueue, from: u64, conversation: Conversation, token: u64, bytes: usize) {
    let (from, token) = (member(from), ResponseToken(token));
    // The elements of an evaluation, with nothing in the place of leaves and checkpoint.
    let around = if conversation == EVALUATION { [0x82, 1, 0x83, 0xf6, 0xf6, 0x59].as_slice() } else { &[] };
    let length = u16::try_from(bytes).unwrap().to_be_bytes();
    let length = if conversation == EVALUATION { length.as_slice() } else { &[] };
    let frame = [around, length, vec![0; bytes].as_slice()].concat();
    queue.push_request(from, conversation, Input::Request { from, conversation, token, frame });
}

/// Takes everything that is due; the tokens of requests, and 0 for anything else.
fn drain(queue: &mut EventQueue, now: Instant) -> Vec<u64> {
    let mut taken = Vec::new();
    while queue.due(now, |_, _| Place::Free) == Due::Now {
        let input = queue.pop(now, |_, _| Place::Free).expect("what is due can be taken");
        taken.push(request_token(&input).map_or(0, |token| token.0));
    }
    taken
}

#[tokio::test]
async fn the_own_events_go_first_and_in_order() {
    let now = Instant::now();
    let mut queue = EventQueue::new(unhurried());
    request(&mut queue, 1, FEED, 1, 10);
    assert!(queue.push_own(Input::Connected(member(2))));
    assert!(queue.push_own(Input::RequestFailed { id: RequestId(7) }));
    assert_eq!(queue.len(), 3);
    assert!(matches!(queue.pop(now, |_, _| Place::Free), Some(Input::Connected(_))));
    assert!(matches!(queue.pop(now, |_, _| Place::Free), Some(Input::RequestFailed { .. })));
    assert_eq!(drain(&mut queue, now), [1]);
    assert_eq!((queue.len(), queue.lines.len()), (0, 0), "nothing is left behind");
    assert_eq!(queue.due(now, |_, _| Place::Free), Due::Unknown);
}

#[tokio::test]
async fn a_modest_member_waits_behind_at_most_one_event_of_each_greedy_one() {
    let now = Instant::now();
    let mut queue = EventQueue::new(unhurried());
    let full = 256 * 32;
    for greedy in 1..=10 {
        for number in 0..20 {
            request(&mut queue, greedy, EVALUATION, greedy * 100 + number, full);
        }
    }
    // The greedy ones have been at it for a while.
    for _ in 0..25 {
        queue.pop(now, |_, _| Place::Free).unwrap();
    }
    request(&mut queue, 11, EVALUATION, 1_100, full);
    request(&mut queue, 12, EVALUATION, 1_200, 4 * 32);
    request(&mut queue, 12, FEED, 1_201, 10);
    let order = drain(&mut queue, now);
    let place = |token: u64| order.iter().position(|taken| *taken == token).unwrap();
    assert!(place(1_200) < 2 && place(1_201) < 2, "little work goes before a full batch: {order:?}");
    let before: Vec<u64> = order[..place(1_100)].iter().map(|token| token / 100).collect();
    for greedy in 1..=10 {
        assert!(before.iter().filter(|from| **from == greedy).count() <= 1, "{order:?}");
    }
    assert_eq!(order.len(), 10 * 20 - 25 + 3, "everybody is served in the end");
}

#[tokio::test]
async fn greedy_members_get_equal_shares_by_work_and_not_by_number() {
    let now = Instant::now();
    let mut queue = EventQueue::new(unhurried());
    for number in 0..500 {
        request(&mut queue, 1, EVALUATION, 1_000 + number, 256 * 32);
        request(&mut queue, 2, FEED, 2_000 + number, 10);
    }
    let taken: Vec<u64> = (0..206)
        .filter_map(|_| request_token(&queue.pop(now, |_, _| Place::Free)?))
        .map(|token| token.0 / 1_000)
        .collect();
    let batches = taken.iter().filter(|from| **from == 1).count();
    assert!((1..=3).contains(&batches), "a batch costs as much as a hundred questions: {batches}");
}

#[tokio::test]
async fn who_waits_for_an_evaluator_loses_no_turn_and_holds_nobody_up() {
    let now = Instant::now();
    let mut queue = EventQueue::new(unhurried());
    let many = 256 * 32;
    for token in [10, 11] {
        request(&mut queue, 1, EVALUATION, token, many);
    }
    request(&mut queue, 2, EVALUATION, 20, many);
    request(&mut queue, 3, EVALUATION, 30, 32);
    // The evaluator of many is at work; that of few is free.
    let busy = |_: &Oin, token: ResponseToken| {
        if token == ResponseToken(30) || token.0 >= 100 { Place::Free } else { Place::Taken }
    };
    assert_eq!(request_token(&queue.pop(now, |_, _| Place::Free).unwrap()), Some(ResponseToken(30)));
    assert_eq!(request_token(&queue.pop(now, |_, _| Place::Free).unwrap()), Some(ResponseToken(10)));
    for token in 100..1_000 {
        request(&mut queue, 1, FEED, token, 10);
        assert_eq!(request_token(&queue.pop(now, busy).unwrap()), Some(ResponseToken(token)));
        assert_eq!(queue.due(now, busy), Due::Unknown);
    }
    assert_eq!(drain(&mut queue, now), [20, 11], "the second member's turn came first");
}

#[tokio::test]
async fn kinds_take_turns_in_a_line() {
    let now = Instant::now();
    let mut queue = EventQueue::new(unhurried());
    for number in 0..3 {
        request(&mut queue, 1, EVALUATION, 10 + number, 32);
        request(&mut queue, 1, FEED, 20 + number, 10);
    }
    queue.push_answer(member(1), Input::Response { id: RequestId(1), frame: vec![] });
    let gossip = Input::Gossip { circle: CircleId::from_bytes([1; 16]), frame: vec![] };
    assert!(queue.push_gossip(member(1), gossip));
    assert_eq!(drain(&mut queue, now), [0, 0, 20, 10, 21, 11, 22, 12]);
}

#[tokio::test]
async fn haste_makes_a_request_wait_and_nobody_else() {
    let now = Instant::now();
    let rate = Rate { burst: 4, every: Duration::from_secs(1) };
    let mut queue = EventQueue::new(Rates { evaluation: rate, ..unhurried() });
    for token in 1..=3 {
        request(&mut queue, 1, EVALUATION, token, 3 * 32);
    }
    request(&mut queue, 1, FEED, 8, 10);
    request(&mut queue, 2, EVALUATION, 9, 3 * 32);
    let mut taken = drain(&mut queue, now);
    taken.sort_unstable();
    assert_eq!(taken, [1, 8, 9], "the other conversation and the other member go on");
    let later = now + Duration::from_secs(2);
    assert_eq!(queue.due(now, |_, _| Place::Free), Due::At(later));
    assert_eq!(drain(&mut queue, later), [2]);
    assert_eq!(drain(&mut queue, later + Duration::from_secs(3)), [3]);
}

#[tokio::test]
async fn who_may_not_be_served_waits_with_its_requests_alone() {
    let now = Instant::now();
    let mut queue = EventQueue::new(unhurried());
    request(&mut queue, 1, FEED, 1, 10);
    assert_eq!(queue.due(now, |_, _| Place::Used), Due::Unknown);
    queue.push_answer(member(1), Input::Response { id: RequestId(1), frame: vec![] });
    assert!(matches!(queue.pop(now, |_, _| Place::Used), Some(Input::Response { .. })));
    assert_eq!(drain(&mut queue, now), [1]);
}

#[tokio::test]
async fn requests_that_nobody_waits_for_are_forgotten() {
    let now = Instant::now();
    let mut queue = EventQueue::new(unhurried());
    for token in 1..=4 {
        request(&mut queue, 1, if token == 1 { FEED } else { EVALUATION }, token, 10);
    }
    queue.forget_request(&member(1), ResponseToken(3));
    assert_eq!(queue.len(), 3);
    assert_eq!(queue.forget_requests(&member(1)), [ResponseToken(2), ResponseToken(4), ResponseToken(1)]);
    assert_eq!(drain(&mut queue, now), []);
}

#[tokio::test]
async fn gossip_is_bounded_for_each_member_and_for_all() {
    let mut queue = EventQueue::new(unhurried());
    let gossip = || Input::Gossip { circle: CircleId::from_bytes([1; 16]), frame: vec![] };
    let fits = |queue: &mut EventQueue, by: u64| {
        (0..1_000).take_while(|_| queue.push_gossip(member(by), gossip())).count()
    };
    let members = u64::try_from(MAX_GOSSIP / MAX_GOSSIP_PER_MEMBER).unwrap();
    for by in 1..=members {
        assert_eq!(fits(&mut queue, by), MAX_GOSSIP_PER_MEMBER);
    }
    assert_eq!(fits(&mut queue, members + 1), 1, "one of each is heard all the same");
    assert_eq!(queue.len(), MAX_GOSSIP + 1);
    assert_eq!(drain(&mut queue, Instant::now()).len(), MAX_GOSSIP + 1);
    assert_eq!(queue.gossip, 0);
}

#[tokio::test]
async fn own_events_are_bounded_too() {
    let mut queue = EventQueue::new(unhurried());
    for id in 0..MAX_OWN_EVENTS as u64 {
        assert!(queue.push_own(Input::RequestFailed { id: RequestId(id) }));
    }
    assert!(!queue.push_own(Input::Tick));
    queue.pop(Instant::now(), |_, _| Place::Free).unwrap();
    assert!(queue.push_own(Input::Tick));
}
