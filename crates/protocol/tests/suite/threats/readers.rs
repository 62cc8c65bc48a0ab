//! Members outside the matrix: what they ask of anybody, in any way that anybody ever asked.

use std::collections::BTreeSet;

use domain::{Epoch, Role};
use protocol::{Command, Conversation};
use testkit::{Founding, MemberPlan, Simulation, family, person};

use super::{Tape, feed, import, oin, own_headers, tags};

/// Longest answer that says nothing: a refusal, an empty list.
const EMPTY: usize = 8;

/// Members 1 to 3 hold keys; 4 (school) reads 5 (ggz), 3 (zorg) replicates it too; 6 (wonen) reads nobody of them.
fn closed_to_six() -> Simulation {
    let plan = |sector| MemberPlan { sector, bsn_entitled: true };
    let members = [plan("zorg"), plan("zorg"), plan("zorg"), plan("school"), plan("ggz"), plan("wonen")];
    let open = [("ggz", "school"), ("ggz", "zorg"), ("school", "ggz")];
    Simulation::new(Founding::new(&members, 3, 2, &open))
}

#[test]
fn whoever_may_not_read_a_feed_gets_nothing_of_it_from_anybody_by_any_request_that_was_ever_made() {
    let mut net = closed_to_six();
    let outsider = oin(6);
    let tape = Tape::record(&mut net);
    import(&mut net, 5, "ggz");
    import(&mut net, 4, "school");
    net.command(oin(5), Command::Import(vec![family("b", [person(Role::Parent).bsn("123456782")])]));
    net.settle();
    net.restart(oin(4));
    net.seconds(6);
    net.restart(oin(5));
    net.settle();
    let said = tape.take();
    let closed = feed(&net, 5, Epoch(1));
    let tags = tags(&net, &closed);
    assert!(tags.len() >= 4);
    let names =
        |bytes: &[u8]| tags.iter().any(|tag| bytes.windows(16).any(|window| window == tag.as_bytes()));
    let to_outsider = said.iter().filter(|message| message.to == outsider);
    assert!(!to_outsider.clone().any(|message| names(&message.frame)), "no tag reaches it unasked");
    assert!(said.iter().any(|message| names(&message.frame)), "they do reach the readers");

    let asked: BTreeSet<Vec<u8>> = said
        .iter()
        .filter(|message| !message.is_response && message.conversation == Some(Conversation::Feed))
        .map(|message| message.frame.clone())
        .collect();
    let before = net.status(oin(3)).refused.not_allowed;
    let of_the_feed: BTreeSet<Vec<u8>> =
        own_headers(&net, &closed).iter().map(|header| header.digest().as_bytes().to_vec()).collect();
    for frame in &asked {
        for holder in 1..=5 {
            let tape = Tape::record(&mut net);
            net.ask_as(outsider, oin(holder), Conversation::Feed, frame.clone());
            let answers = tape.take();
            for answer in answers.iter().filter(|message| message.is_response && message.to == outsider) {
                assert!(!names(&answer.frame), "{holder} gave a tag");
                let has = |digest: &Vec<u8>| answer.frame.windows(32).any(|window| window == digest);
                assert!(!of_the_feed.iter().any(has), "{holder} gave a header or a head");
                assert!(answer.frame.len() <= EMPTY, "{holder} gave {} bytes", answer.frame.len());
            }
        }
    }
    assert!(net.status(oin(3)).refused.not_allowed > before, "whoever replicates refuses and counts it");
}

#[test]
fn a_reader_of_one_feed_learns_of_its_own_families_only() {
    let mut net = closed_to_six();
    import(&mut net, 5, "ggz");
    net.command(oin(5), Command::Import(vec![family("b", [person(Role::Parent).bsn("123456782")])]));
    import(&mut net, 4, "school");
    net.settle();
    assert_eq!(super::involved(&mut net, 4, "school"), [oin(5)]);
    // Of the family that the school does not have, neither an answer nor a match nor a notice.
    let asked = Command::Who(domain::FamilyRef::new("b").unwrap());
    assert!(matches!(net.command(oin(4), asked), protocol::Reply::Who(Err(_))));
    assert_eq!(net.disk(oin(4)).count(protocol::Collection::Match), 1);
    assert_eq!(net.notices(oin(4)).len(), 1, "{:?}", net.notices(oin(4)));
    // Whom the matrix is closed to finds nobody, also with the same family.
    import(&mut net, 6, "wonen");
    net.settle();
    assert!(super::involved(&mut net, 6, "wonen").is_empty());
}
