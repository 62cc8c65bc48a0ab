//! What a node says of itself to those who operate it: its ceremonies, its readers, its clock.

use crypto::cbor;
use domain::{KeyClass, Role};
use protocol::ceremony::{CeremonyRound, CeremonyState};
use protocol::feed::FeedResponse;
use protocol::{Command, Notice, Reply};
use testkit::{Fate, Founding, Simulation, family, person};

fn ceremony(net: &mut Simulation, member: usize) -> CeremonyState {
    net.status(Founding::oin(member)).ceremonies.into_iter().next().unwrap()
}

fn import(net: &mut Simulation, member: usize, reference: &str) {
    let signal = family(reference, [person(Role::Parent).bsn("111222333")]);
    assert!(matches!(net.command(Founding::oin(member), Command::Import(vec![signal])), Reply::Imported(_)));
}

#[test]
fn a_ceremony_tells_who_has_taken_part_how_far_and_what_came_out() {
    let mut net = Simulation::new(Founding::uniform(4));
    net.disconnect(Founding::oin(3));
    net.seconds(5);
    let state = ceremony(&mut net, 1);
    assert_eq!((state.class, state.attempt, state.share, state.key_set), (KeyClass::Bsn, 1, None, None));
    assert!(state.deadline.is_some());
    let done: Vec<_> = state.keyholders.iter().map(|held| (held.index, held.reachable, held.done)).collect();
    let commitments = Some(CeremonyRound::Commitments);
    assert_eq!(
        done,
        [(1, true, commitments), (2, true, commitments), (3, false, Some(CeremonyRound::Nothing))]
    );
    // Who takes no part knows nothing yet.
    let state = ceremony(&mut net, 4);
    assert!(state.deadline.is_none() && state.keyholders.iter().all(|held| held.done.is_none()), "{state:?}");

    net.reconnect(Founding::oin(3));
    net.until(20, "key sets", |net| {
        (1..=4).all(|member| net.status(Founding::oin(member)).key_sets.len() == 2)
    });
    let states: Vec<CeremonyState> = (1..=4).map(|member| ceremony(&mut net, member)).collect();
    for (state, share) in states.iter().zip([Some(1), Some(2), Some(3), None]) {
        assert_eq!(state.share, share);
        assert_eq!(state.key_set, states[0].key_set);
        assert!(state.keyholders.iter().all(|held| held.done == Some(CeremonyRound::Signature)), "{state:?}");
    }
    assert_eq!(states[0].key_set.unwrap().threshold, 2);
    net.restart(Founding::oin(1));
    assert_eq!(ceremony(&mut net, 1).share, Some(1), "also after a restart");
}

#[test]
fn a_publisher_knows_who_has_taken_what_it_published() {
    let mut net = Simulation::new(Founding::uniform(4));
    net.settle();
    net.disconnect(Founding::oin(4));
    import(&mut net, 1, "a");
    let behind = |net: &mut Simulation| net.status(Founding::oin(1)).readers.behind;
    net.until(30, "all that are there have it", |net| behind(net) == [Founding::oin(4)]);
    assert_eq!(net.status(Founding::oin(1)).readers.total, 3);
    // A restart forgets who has it, and hears it again from those who are there.
    net.restart(Founding::oin(1));
    assert_eq!(behind(&mut net).len(), 3);
    net.disconnect(Founding::oin(4));
    net.until(30, "heard again", |net| behind(net) == [Founding::oin(4)]);
    net.reconnect(Founding::oin(4));
    net.until(30, "everybody", |net| behind(net).is_empty());
    // A withdrawal counts like anything else that is published.
    assert!(matches!(
        net.command(Founding::oin(1), Command::Withdraw(vec![domain::FamilyRef::new("a").unwrap()])),
        Reply::Withdrawn(1)
    ));
    net.until(30, "withdrawn", |net| net.status(Founding::oin(1)).tags_published == 0);
    net.until(30, "everybody again", |net| behind(net).is_empty());
}

#[test]
fn a_reader_that_gets_headers_without_bodies_is_not_said_to_have_taken_anything() {
    let mut net = Simulation::new(Founding::uniform(4));
    net.settle();
    let (publisher, reader) = (Founding::oin(1), Founding::oin(2));
    net.judge(move |message| {
        let body =
            matches!(cbor::from_slice::<FeedResponse>(&message.frame), Ok(FeedResponse::Bodies { .. }));
        if message.to == reader && message.is_response && body { Fate::Drop } else { Fate::Deliver }
    });
    import(&mut net, 1, "a");
    // Whoever cannot have a body asks for headers beyond it: there may be a generation that does without.
    for _ in 0..40 {
        net.second();
        let status = net.status(publisher);
        assert!(!status.published || status.readers.behind.contains(&reader));
    }
    net.judge(|_| Fate::Deliver);
    net.until(30, "everybody has it", |net| net.status(publisher).readers.behind.is_empty());
}

#[test]
fn a_clock_that_was_set_back_stops_publishing_with_a_word_and_goes_on_when_it_is_right() {
    const DAY: u64 = 86_400;
    let mut net = Simulation::new(Founding::uniform(3));
    net.jump(DAY);
    net.settle();
    let sequence = |net: &mut Simulation| {
        let answer = net.status(Founding::oin(2));
        (answer.tags_published, answer.set_back.published)
    };
    let before = sequence(&mut net);
    net.set_back(DAY);
    net.restart(Founding::oin(1));
    net.seconds(30);
    for member in 1..=3 {
        let clock = net.status(Founding::oin(member)).set_back;
        assert!(clock.seconds > DAY - 60, "{clock:?}");
        let told = net.notices(Founding::oin(member)).iter();
        assert_eq!(
            told.filter(|told| matches!(told, Notice::ClockBehind { .. })).count(),
            1,
            "member {member}"
        );
    }
    assert_eq!(sequence(&mut net), before, "nothing was published");
    import(&mut net, 1, "a");
    net.jump(DAY);
    net.settle();
    let status = net.status(Founding::oin(1));
    assert!(status.set_back.seconds == 0 && status.tags_published > 0, "{status:?}");
    for member in 1..=3 {
        assert_eq!(net.status(Founding::oin(member)).refused.equivocations, 0);
    }
}

#[test]
fn a_small_step_back_needs_no_word() {
    let mut net = Simulation::new(Founding::uniform(3));
    net.jump(1_000);
    net.settle();
    net.set_back(200);
    net.seconds(30);
    let status = net.status(Founding::oin(1));
    assert_eq!(status.set_back.seconds, 0);
    assert!(status.clock.ahead_seconds.unsigned_abs() < 300, "{:?}", status.clock);
}
