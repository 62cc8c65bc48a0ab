//! Frames that are said again, out of order, by somebody else, in another network or in another epoch.

use protocol::evaluation::EvaluationResponse;
use protocol::{Conversation, Scope};
use testkit::{Dice, Fate, Founding, Message, Simulation};

use super::{
    DAY, GRACE, LENGTH, OTHER_CIRCLE, PREPARATION, Tape, accusations, add_a_circle, all_have_version, at,
    disks, found_each_other, import, involved, matched, oin, prepared, withdraw,
};

/// Everything that travels while members import, match, withdraw and restart, in every conversation.
fn a_lively_time(founding: Founding) -> (Simulation, Vec<Message>) {
    let mut net = Simulation::new(founding);
    let tape = Tape::record(&mut net);
    import(&mut net, 4, "school");
    import(&mut net, 5, "ggz");
    import(&mut net, 3, "wijkteam");
    net.settle();
    withdraw(&mut net, 3, "wijkteam");
    let next = net.founding().next(&net.founding().roster, |content| content.name = "renamed".to_owned());
    net.command(oin(1), protocol::Command::InstallRoster(Box::new(next)));
    net.seconds(8);
    net.restart(oin(2));
    net.seconds(8);
    net.settle();
    assert_eq!(involved(&mut net, 4, "school"), [oin(5)]);
    net.judge(|_| Fate::Deliver);
    let said = tape.take();
    // The roster names no witnesses here.
    for conversation in Conversation::ALL.into_iter().filter(|one| *one != Conversation::Witness) {
        for is_response in [false, true] {
            let is_it = |message: &&Message| {
                message.conversation == Some(conversation) && message.is_response == is_response
            };
            assert!(said.iter().any(|message| is_it(&message)), "{conversation:?}");
        }
    }
    (net, said)
}

/// Says it all again in another order, each request and each head to whom it was for, by whoever said it and by a
/// thief; what is answered.
fn say_again(net: &mut Simulation, said: &[Message], seed: u64) -> Vec<Message> {
    let mut dice = Dice::new(seed);
    let mut order: Vec<&Message> = said.iter().filter(|message| !message.is_response).collect();
    for place in (1..order.len()).rev() {
        let other = usize::try_from(dice.below(place as u64 + 1)).unwrap();
        order.swap(place, other);
    }
    let tape = Tape::record(net);
    let thief = oin(4);
    for message in order {
        match message.conversation {
            None => net.inject_gossip(message.to, message.frame.clone()),
            Some(conversation) => {
                for from in [message.from, thief].into_iter().filter(|from| *from != message.to) {
                    net.ask_as(from, message.to, conversation, message.frame.clone());
                }
            }
        }
    }
    net.judge(|_| Fate::Deliver);
    tape.take().into_iter().filter(|message| message.is_response).collect()
}

/// One member answers everything with what was said in another place, to the same question of the same member.
fn answer_from(net: &mut Simulation, liar: usize, said: &[Message]) {
    let answers: Vec<Message> = said.iter().filter(|message| message.is_response).cloned().collect();
    let mut turn = 0;
    net.judge(move |message| {
        if message.from != oin(liar) || !message.is_response {
            return Fate::Deliver;
        }
        let fitting: Vec<&Message> = answers
            .iter()
            .filter(|answer| answer.conversation == message.conversation && answer.to == message.to)
            .collect();
        turn += 1;
        let chosen = fitting.get(turn % fitting.len().max(1));
        chosen.map_or(Fate::Drop, |answer| Fate::Replace(answer.frame.clone()))
    });
}

fn is_evaluated(message: &Message) -> bool {
    matches!(crypto::cbor::from_slice(&message.frame), Ok(EvaluationResponse::Evaluated { .. }))
        && message.conversation == Some(Conversation::Evaluation)
}

#[test]
fn whatever_was_said_changes_nothing_when_anybody_says_it_again_in_any_order() {
    let (mut net, said) = a_lively_time(Founding::uniform(5));
    let before = disks(&net);
    for seed in 1..=3 {
        say_again(&mut net, &said, seed);
        assert!(disks(&net) == before, "no disk changes, whatever is said again");
    }
    assert_eq!(accusations(&net), []);
    net.seconds(6);
    net.settle();
    assert_eq!(involved(&mut net, 4, "school"), [oin(5)]);
    assert_eq!(involved(&mut net, 5, "ggz"), [oin(4)]);
}

#[test]
fn answers_to_other_questions_are_not_taken_for_answers() {
    let (mut net, said) = a_lively_time(Founding::uniform(5));
    answer_from(&mut net, 2, &said);
    import(&mut net, 3, "wijkteam");
    net.seconds(60);
    assert_eq!(involved(&mut net, 4, "school"), [oin(3), oin(5)], "others answer, and nothing is invented");
    assert!(accusations(&net).iter().all(|notice| {
        matches!(notice, protocol::Notice::FailingProof { keyholder } if *keyholder == oin(2))
    }));
    net.judge(|_| Fate::Deliver);
    net.seconds(60);
    net.settle();
}

#[test]
fn frames_of_another_network_with_the_same_members_change_nothing() {
    // The same members, keys, circle and families; only the genesis roster differs.
    let (_, said) = a_lively_time(Founding::with_institution(5, "9999ZZ", 1));
    let mut net = found_each_other(Founding::uniform(5));
    let before = disks(&net);
    let answers = say_again(&mut net, &said, 7);
    assert!(disks(&net) == before, "no disk changes");
    assert!(!answers.iter().any(is_evaluated), "no keyholder evaluates under another network's key");
    let refused = net.status(oin(5)).refused;
    assert!(refused.bad_feed_parts > 0, "{refused:?}");
    answer_from(&mut net, 2, &said);
    import(&mut net, 3, "wijkteam");
    net.seconds(60);
    assert_eq!(involved(&mut net, 4, "school"), [oin(3), oin(5)]);
    assert!((1..=5).all(|member| net.status(oin(member)).roster_version == 1), "nor is its roster taken");
    net.judge(|_| Fate::Deliver);
    net.seconds(60);
    net.settle();
}

#[test]
fn frames_of_another_circle_answer_no_question_of_this_one_and_change_nothing_once_it_is_closed() {
    let mut net = found_each_other(Founding::uniform(5));
    let both = add_a_circle(&mut net);
    let tape = Tape::record(&mut net);
    import(&mut net, 3, "wijkteam");
    net.until(40, "found", |net| involved(net, 4, "school") == [oin(3), oin(5)]);
    net.seconds(8);
    net.settle();
    net.judge(|_| Fate::Deliver);
    let names_it =
        |message: &Message| message.frame.windows(16).any(|bytes| bytes == OTHER_CIRCLE.as_bytes());
    let of_the_other: Vec<Message> = tape.take().into_iter().filter(names_it).collect();
    for (conversation, is_response) in
        [(None, false), (Some(Conversation::Feed), false), (Some(Conversation::Feed), true)]
    {
        let is_it = |said: &&Message| said.conversation == conversation && said.is_response == is_response;
        assert!(of_the_other.iter().any(|said| is_it(&said)), "{conversation:?} {is_response}");
    }
    // One member answers questions about the first circle with what it holds of the second.
    answer_from(&mut net, 2, &of_the_other);
    withdraw(&mut net, 3, "wijkteam");
    net.until(60, "withdrawn", |net| involved(net, 4, "school") == [oin(5)]);
    import(&mut net, 3, "wijkteam");
    net.until(60, "found again", |net| involved(net, 4, "school") == [oin(3), oin(5)]);
    net.judge(|_| Fate::Deliver);
    // The second circle is closed: what was said in it is nobody's.
    let closed = net.founding().next(&both, |_| {});
    net.command(oin(1), protocol::Command::InstallRoster(Box::new(closed)));
    all_have_version(&mut net, 3);
    net.seconds(8);
    net.settle();
    let before = disks(&net);
    say_again(&mut net, &of_the_other, 9);
    assert!(disks(&net) == before);
    assert_eq!(involved(&mut net, 4, "school"), [oin(3), oin(5)]);
}

#[test]
fn frames_of_an_epoch_that_is_over_change_nothing_and_are_not_evaluated() {
    let mut net = Simulation::new(Founding::uniform(5));
    let tape = Tape::record(&mut net);
    import(&mut net, 4, "school");
    import(&mut net, 5, "ggz");
    net.settle();
    let said = tape.take();
    net.judge(|_| Fate::Deliver);
    prepared(&mut net);
    at(&mut net, LENGTH + DAY);
    net.settle();
    let answers = say_again(&mut net, &said, 5);
    assert!(!answers.iter().any(is_evaluated), "the key of an epoch that was left evaluates nothing");
    at(&mut net, LENGTH + GRACE + DAY);
    net.settle();
    let before = disks(&net);
    let answers = say_again(&mut net, &said, 6);
    assert!(!answers.iter().any(is_evaluated));
    assert!(disks(&net) == before);
    for member in 1..=5 {
        assert_eq!(net.disk(oin(member)).count_in(Scope::Epoch(domain::Epoch(1))), 0);
    }
    assert_eq!(involved(&mut net, 4, "school"), [oin(5)]);
    answer_from(&mut net, 2, &said);
    net.seconds(40);
    assert_eq!(involved(&mut net, 4, "school"), [oin(5)]);
    assert_eq!(net.disk(oin(4)).count_in(Scope::Epoch(domain::Epoch(1))), 0);
}

#[test]
fn nothing_of_an_epoch_beyond_the_next_is_kept() {
    // The other network is a whole epoch ahead: its heads are of epochs that this one has not come to.
    let mut ahead = matched();
    prepared(&mut ahead);
    at(&mut ahead, 2 * LENGTH - PREPARATION + DAY);
    let tape = Tape::record(&mut ahead);
    ahead.seconds(8);
    let said = tape.take();
    let mut net = matched();
    let before = disks(&net);
    say_again(&mut net, &said, 8);
    assert!(disks(&net) == before);
    assert_eq!(involved(&mut net, 4, "school"), [oin(5)]);
}
