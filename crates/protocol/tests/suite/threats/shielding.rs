//! A shielded family: whoever reads the feed of its organisation, or carries its frames, sees the same without it.

use std::cell::RefCell;
use std::rc::Rc;

use domain::{Role, Visibility};
use index::Body;
use protocol::{Command, Conversation, Notice};
use testkit::{Fate, Founding, Message, Simulation, family, person};

use super::{Tape, bodies, feed, import, involved, oin, own_headers, pseudonyms, tag};

/// What others see of member 4's node over some time: its headers but for digests and times, and its bodies.
struct Seen {
    headers: Vec<(u64, u32, u32)>,
    bodies: Vec<Body>,
    messages: Vec<Message>,
    backlog: Vec<bool>,
}

/// A quarter of an hour in which member 4 registers what it is told to, and nothing else.
fn registers(visibilities: &[Visibility]) -> (Simulation, Seen) {
    let mut net = Simulation::new(Founding::uniform(5).without_full_sets());
    import(&mut net, 5, "ggz");
    net.settle();
    net.command(oin(4), Command::Import(vec![family("b", [person(Role::Parent).bsn("123456782")])]));
    net.settle();
    net.seconds(4);
    let tape = Tape::record(&mut net);
    for (visibility, number) in visibilities.iter().zip(0..) {
        let mut signal = family(&format!("s-{number}"), [super::mother()]);
        signal.visibility = *visibility;
        net.command(oin(4), Command::Import(vec![signal]));
        net.seconds(10);
    }
    if visibilities.is_empty() {
        net.seconds(10);
    }
    net.settle();
    net.seconds(4);
    let epoch = domain::Epoch(1);
    let own = feed(&net, 4, epoch);
    let headers = own_headers(&net, &own)
        .iter()
        .map(|header| header.document())
        .map(|header| (header.sequence, header.added, header.withdrawn))
        .collect();
    let messages: Vec<Message> =
        tape.take().into_iter().filter(|message| message.from == oin(4) || message.to == oin(4)).collect();
    let (backlog, bodies) = (backlogs(&messages), bodies(&net, &own));
    (net, Seen { headers, bodies, messages, backlog })
}

/// What the heads of member 4 say of a backlog, each as often as it was gossiped.
fn backlogs(messages: &[Message]) -> Vec<bool> {
    let key = Founding::organisation_key(oin(4)).verifying_key();
    let heads = messages.iter().filter(|message| message.conversation.is_none() && message.from == oin(4));
    heads
        .map(|message| {
            let head = crypto::Unverified::<index::HeadDocument>::parse(&message.frame).unwrap();
            head.verify(&key).unwrap().document().backlog
        })
        .collect()
}

#[test]
fn a_shielded_family_leaves_no_trace_in_the_feed_nor_in_what_travels_but_for_its_evaluation() {
    let (_, without) = registers(&[]);
    let (mut net, with) = registers(&[Visibility::Shielded]);
    let (known, visible) = registers(&[Visibility::Visible]);
    assert_eq!(with.headers, without.headers, "number and size of every segment; dummies are random anyway");
    let circle = net.founding().circle;
    let named = |net: &Simulation, seen: &Seen| {
        let tags: Vec<_> =
            pseudonyms(net, 4, domain::Epoch(1)).values().map(|key| tag(key, 4, &circle)).collect();
        let in_feed = |tag: &&crypto::Tag| seen.bodies.iter().any(|body| body.added().contains(tag));
        (tags.iter().filter(in_feed).count(), tags.len())
    };
    let ((shown, known_keys), (hidden, keys)) = (named(&known, &visible), named(&net, &with));
    assert_eq!((shown, keys), (known_keys, known_keys), "the feed names every key of a visible family");
    assert_eq!(hidden, 1, "and of a shielded one none: only the key of the family that is visible");
    assert_eq!(with.backlog, without.backlog, "nor do heads say that something waits");
    // Its organisation finds the other; the other is told nothing.
    assert_eq!(involved(&mut net, 4, "s-0"), [oin(5)]);
    assert!(involved(&mut net, 5, "ggz").is_empty());
    assert!(!net.notices(oin(5)).iter().any(|notice| matches!(notice, Notice::NewMatch { .. })));

    let lengths = |seen: &Seen, evaluation: bool| -> Vec<_> {
        let counted = seen.messages.iter();
        let counted = counted
            .filter(|message| (message.conversation == Some(Conversation::Evaluation)) == evaluation)
            .map(|message| {
                let Message { from, to, conversation, is_response, frame, .. } = message;
                (*from, *to, *conversation, *is_response, frame.len())
            });
        counted.collect()
    };
    assert_eq!(
        lengths(&with, false),
        lengths(&without, false),
        "frames of the same lengths between the same"
    );
    // Only the keyholders are asked, and whoever watches the wire sees that they are: nothing covers this today.
    assert!(lengths(&without, true).is_empty());
    assert_eq!(lengths(&with, true).len(), lengths(&visible, true).len());
    assert!(!lengths(&with, true).is_empty());
}

#[test]
fn a_shielded_family_that_waits_for_keyholders_or_for_the_rest_of_an_import_is_no_backlog() {
    let signal = |visibility| {
        let mut signal = family("s", [super::mother()]);
        signal.visibility = visibility;
        vec![signal]
    };
    let imports: [fn(Vec<domain::Signal>) -> Command; 2] = [Command::Import, Command::ImportPart];
    for import in imports {
        let mut net = Simulation::new(Founding::uniform(5));
        net.settle();
        let heard = Rc::new(RefCell::new(Vec::new()));
        let seen = Rc::clone(&heard);
        net.judge(move |message| {
            seen.borrow_mut().push(message.clone());
            let evaluates = message.conversation == Some(Conversation::Evaluation);
            if evaluates { Fate::Drop } else { Fate::Deliver }
        });
        net.command(oin(4), import(signal(Visibility::Shielded)));
        net.seconds(10);
        assert!(!net.status(oin(4)).published, "its own organisation is told that it waits");
        let told = backlogs(&heard.take());
        assert!(!told.is_empty() && !told.contains(&true), "nobody else is: {told:?}");
        net.command(oin(4), import(signal(Visibility::Visible)));
        net.seconds(10);
        assert!(backlogs(&heard.take()).contains(&true), "a visible one is honestly told of");
    }
}
