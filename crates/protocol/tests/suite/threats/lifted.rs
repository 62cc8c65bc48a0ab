//! Tags where they do not belong: bound to organisation, circle and epoch, they match nothing there.

use crypto::{Signed, Tag, cbor};
use domain::{Epoch, Role};
use index::FeedId;
use protocol::Command;
use protocol::feed::FeedResponse;
use testkit::{Fate, Founding, Simulation, family, person};

use super::impostor::Impostor;
use super::{
    OTHER_CIRCLE, add_a_circle, feed, found_each_other, import, involved, oin, own_headers, prepared, tags,
    withdraw,
};

#[test]
fn tags_lifted_from_another_feed_circle_or_epoch_match_nobody() {
    let mut net = found_each_other(Founding::uniform(5).without_full_sets());
    add_a_circle(&mut net);
    // The thief knows the mother itself for a while: so it has tags of its own too, everywhere.
    import(&mut net, 3, "thief");
    net.settle();
    net.until(20, "found in both circles", |net| involved(net, 4, "school") == [oin(3), oin(5)]);
    prepared(&mut net);
    let (first, second) = (Epoch(1), Epoch(2));
    let everything = |feed: FeedId, net: &Simulation| tags(net, &feed).into_iter().collect::<Vec<Tag>>();
    let own = everything(feed(&net, 3, first), &net);
    let anothers = everything(feed(&net, 5, first), &net);
    let of_the_other_circle = everything(FeedId { circle: OTHER_CIRCLE, ..feed(&net, 3, first) }, &net);
    let of_the_next_epoch = everything(feed(&net, 3, second), &net);
    withdraw(&mut net, 3, "thief");
    net.seconds(4);
    net.settle();
    assert_eq!(involved(&mut net, 4, "school"), [oin(5)]);

    let place = feed(&net, 3, first);
    let mut impostor = Impostor::new(&mut net, place, oin(4));
    let mut before: Vec<Tag> = Vec::new();
    for lifted in [anothers, of_the_other_circle, of_the_next_epoch] {
        assert!(lifted.len() >= 4, "{lifted:?}");
        impostor.publish(&mut net, &before, &lifted);
        assert_eq!(involved(&mut net, 4, "school"), [oin(5)], "lifted tags match nobody");
        before = lifted;
    }
    // The reader does take what this node publishes: its own tags of this circle and epoch match.
    impostor.publish(&mut net, &before, &own);
    assert_eq!(involved(&mut net, 4, "school"), [oin(3), oin(5)]);
}

#[test]
fn the_parts_of_one_feed_do_not_pass_for_those_of_another() {
    let mut net = Simulation::new(Founding::uniform(5));
    let liar = oin(3);
    // Whatever the liar is asked for its own feed, it answers with what it was told of others.
    let mut heard: Vec<Vec<u8>> = Vec::new();
    let mut turn = 0;
    net.judge(move |message| {
        if !message.is_response {
            return Fate::Deliver;
        }
        match cbor::from_slice::<FeedResponse>(&message.frame) {
            Ok(FeedResponse::Heads { .. } | FeedResponse::Newest { .. } | FeedResponse::Unknown) | Err(_) => {
                Fate::Deliver
            }
            Ok(_) if message.to == liar => {
                heard.push(message.frame.clone());
                Fate::Deliver
            }
            Ok(_) if message.from == liar && !heard.is_empty() => {
                turn = (turn + 1) % heard.len();
                Fate::Replace(heard[turn].clone())
            }
            Ok(_) => Fate::Deliver,
        }
    });
    import(&mut net, 3, "liar");
    net.command(liar, Command::Import(vec![family("liar-2", [person(Role::Parent).bsn("123456782")])]));
    import(&mut net, 4, "school");
    import(&mut net, 5, "ggz");
    net.seconds(40);
    assert_eq!(involved(&mut net, 4, "school"), [oin(5)], "of the liar nothing is believed");
    assert!(net.status(oin(4)).refused.bad_feed_parts > 0);
    assert!(super::accusations(&net).is_empty(), "and nobody else is blamed: {:?}", super::accusations(&net));
    net.judge(|_| Fate::Deliver);
    net.settle();
    assert_eq!(involved(&mut net, 4, "school"), [oin(3), oin(5)]);
}

#[test]
fn a_member_that_signs_anothers_feed_as_its_own_gets_nothing_by_it() {
    let mut net = found_each_other(Founding::uniform(5).without_full_sets());
    let (thief, victim) = (feed(&net, 3, Epoch(1)), feed(&net, 5, Epoch(1)));
    // The victim's chain word for word, but for the name and the signature.
    let mut previous = None;
    let mut wires = Vec::new();
    let key = Founding::organisation_key(oin(3));
    for header in own_headers(&net, &victim) {
        let mut document = header.document().clone();
        (document.feed, document.previous) = (thief, previous);
        let signed = Signed::sign(document, &key);
        previous = Some(signed.digest());
        wires.push(signed.to_wire());
    }
    let page = FeedResponse::Headers { headers: wires.into_iter().map(Into::into).collect() };
    net.restart_from(oin(4), net.disk(oin(4)).restored(net.now()));
    net.judge(move |message| match cbor::from_slice::<FeedResponse>(&message.frame) {
        Ok(FeedResponse::Headers { headers }) if message.is_response => {
            // Every answer about the thief's feed is the page that it signed, whoever gives it.
            let is_thiefs = headers.iter().any(|wire| {
                crypto::Unverified::<index::HeaderDocument>::parse(wire)
                    .is_ok_and(|header| header.claimed().feed == thief)
            });
            if is_thiefs { Fate::Replace(cbor::to_vec(&page)) } else { Fate::Deliver }
        }
        _ => Fate::Deliver,
    });
    net.until(60, "the school is back", |net| involved(net, 4, "school") == [oin(5)]);
    net.seconds(20);
    assert_eq!(involved(&mut net, 4, "school"), [oin(5)], "the bodies are the victim's, the tags too");
}
