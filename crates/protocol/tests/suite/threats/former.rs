//! A member that the governors removed: its node goes on, and nobody hears it any more.

use domain::{Epoch, KeyClass};
use protocol::{Command, Conversation, Notice, Reply};
use testkit::Fate;

use super::{BSN, Tape, feed, guess, import, involved, key_set, matched, oin, tag, tags};

#[test]
fn a_former_member_neither_reads_asks_gossips_publishes_nor_serves() {
    let mut net = matched();
    let former = oin(5);
    let tape = Tape::record(&mut net);
    net.seconds(20);
    net.restart(former);
    net.seconds(10);
    net.restart(oin(4));
    net.settle();
    let set = key_set(&net, 4, Epoch(1), KeyClass::Bsn);
    let circle = net.founding().circle;
    let key = guess(&mut net, 5, &set, Epoch(1), BSN).unwrap();
    assert!(
        tags(&net, &feed(&net, 4, Epoch(1))).contains(&tag(&key, 4, &circle)),
        "while a member it can ask"
    );

    let said = tape.take();
    let held = net.founding().roster.clone();
    let next = net.founding().next(&held, |content| content.members.retain(|member| member.oin != former));
    let reply = net.command(oin(1), Command::InstallRoster(Box::new(next)));
    assert!(matches!(reply, Reply::Roster(Ok(2))), "{reply:?}");
    net.until(20, "the members have the version", |net| {
        (1..=4).all(|member| net.status(oin(member)).roster_version == 2)
    });
    assert!(involved(&mut net, 4, "school").is_empty(), "its feed is forgotten at once");
    net.settle_among(&[1, 2, 3, 4]);

    // It asks everything that anybody ever asked: no answer leaves.
    let refused: Vec<u64> = (1..=4).map(|member| net.status(oin(member)).refused.not_allowed).collect();
    let tape = Tape::record(&mut net);
    let mut asked = 0;
    for message in said.iter().filter(|message| !message.is_response) {
        if let Some(conversation) = message.conversation {
            for member in (1..=4).map(oin) {
                net.ask_as(former, member, conversation, message.frame.clone());
                asked += 1;
            }
        }
    }
    assert!(asked > 100);
    assert!(!tape.take().iter().any(|message| message.is_response && message.to == former));
    for (member, before) in (1..=4).zip(refused) {
        assert!(net.status(oin(member)).refused.not_allowed > before, "{member} counts it");
    }
    assert!(guess(&mut net, 5, &set, Epoch(1), BSN).is_none(), "nor does anybody evaluate");

    // Its heads, old and new, are nobody's; and its node, which goes on by the roster it has, reaches nobody.
    let disks = super::disks(&net);
    for message in said.iter().filter(|message| message.conversation.is_none() && message.from == former) {
        for member in (1..=4).map(oin) {
            net.inject_gossip(member, message.frame.clone());
        }
    }
    assert!(super::disks(&net)[..4] == disks[..4], "nothing of it is kept");
    import(&mut net, 5, "later");
    let tape = Tape::record(&mut net);
    net.seconds(20);
    let travelled = tape.take();
    assert!(
        !travelled.iter().any(|message| message.to == former && message.conversation.is_some()),
        "nobody asks it or answers"
    );
    let is_asked = |message: &testkit::Message| {
        message.from == former && message.conversation == Some(Conversation::Feed) && message.is_response
    };
    assert!(!travelled.iter().any(is_asked), "and nobody is served by it");
    assert!(involved(&mut net, 4, "school").is_empty());
    let alarm = |notice: &&Notice| matches!(notice, Notice::NewMatch { .. });
    assert_eq!(net.notices(oin(4)).iter().filter(alarm).count(), 1, "only the one from before");
}

#[test]
fn what_a_former_member_answers_to_a_question_from_before_is_checked_like_anything() {
    let mut net = matched();
    let former = oin(1);
    // The keyholder is asked, and removed before its answer arrives; the answer is of another key.
    net.judge(move |message| {
        let evaluated = message.is_response && message.conversation == Some(Conversation::Evaluation);
        if evaluated && message.from == former { Fate::Late(20) } else { Fate::Deliver }
    });
    import(&mut net, 3, "wijkteam");
    net.seconds(2);
    let held = net.founding().roster.clone();
    let next = net.founding().next(&held, |content| {
        content.members.retain(|member| member.oin != former);
        content.keyholders[0].oin = oin(4);
        content.keyholders[0].index = 4;
        content.keyholders.sort_by_key(|keyholder| keyholder.index);
    });
    let reply = net.command(oin(2), Command::InstallRoster(Box::new(next)));
    assert!(matches!(reply, Reply::Roster(Ok(2))), "{reply:?}");
    net.until(60, "the two that stay evaluate", |net| net.status(oin(3)).keys_waiting == 0);
    net.seconds(30);
    assert_eq!(involved(&mut net, 4, "school"), [oin(3), oin(5)]);
    assert!(super::accusations(&net).iter().all(|notice| matches!(notice, Notice::Ceremony(_))));
}
