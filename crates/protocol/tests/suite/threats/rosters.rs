//! Rosters that nobody signed, too few signed, or others signed; offered by whoever is asked for one.

use crypto::{Seed, SigningKey, cbor};
use protocol::roster::RosterResponse;
use protocol::{Command, Conversation, Reply};
use roster::{RosterContent, SignedRoster};
use testkit::{Fate, Founding, Simulation};

use super::{found_each_other, involved, matched, oin};

fn content_of(founding: &Founding) -> RosterContent {
    let mut taken = None;
    let _signed = founding.next(&founding.roster, |content| taken = Some(content.clone()));
    taken.unwrap()
}

/// Whatever anybody answers about rosters becomes this version.
fn serve(net: &mut Simulation, version: &SignedRoster) {
    let answer = cbor::to_vec(&RosterResponse::Next { wire: version.to_wire() });
    net.judge(move |message| {
        let about = message.conversation == Some(Conversation::Roster) && message.is_response;
        if about { Fate::Replace(answer.clone()) } else { Fate::Deliver }
    });
}

#[test]
fn a_version_that_too_few_governors_signed_is_refused_from_whoever_serves_it() {
    let founding = Founding::uniform(5);
    let held = founding.roster.clone();
    let expelled = || {
        let mut content = content_of(&founding);
        content.members.retain(|member| member.oin != oin(5));
        content
    };
    let stranger = SigningKey::from_seed(&Seed::from_bytes([42; 32]));
    let member = Founding::organisation_key(oin(4));
    let other_network = Founding::with_institution(5, "9999ZZ", 1);
    let skipped = held.successor(&founding.next(&held, |_| {})).unwrap();
    let offered = [
        ("signed by nobody", SignedRoster::next(&held, expelled(), &[])),
        ("signed by a stranger", SignedRoster::next(&held, expelled(), &[&stranger])),
        ("signed by a member", SignedRoster::next(&held, expelled(), &[&member])),
        ("of another network", other_network.next(&other_network.roster, |content| *content = expelled())),
        ("beyond the next", founding.next(&skipped, |content| *content = expelled())),
    ];
    for (what, version) in offered {
        let mut net = matched();
        serve(&mut net, &version);
        // Everybody asks: after a restart whoever becomes reachable, and a member a minute in any case.
        for member in 1..=5 {
            net.restart(oin(member));
        }
        net.seconds(70);
        for member in 1..=5 {
            let status = net.status(oin(member));
            assert_eq!(status.roster_version, 1, "{what}");
            assert!(status.refused.bad_signatures > 0, "{what}: {:?}", status.refused);
        }
        assert_eq!(involved(&mut net, 4, "school"), [oin(5)], "{what}");
    }
}

#[test]
fn one_of_three_governors_changes_nothing_and_two_do() {
    let founding = Founding::uniform(5);
    let governor = |number: u8| SigningKey::from_seed(&Seed::from_bytes([number; 32]));
    let mut net = found_each_other(founding.clone());
    // The one governor of the founding hands over to three, of whom two are needed.
    let three = founding.next(&founding.roster, |content| {
        let mut keys: Vec<_> = (51..=53).map(|number| governor(number).verifying_key()).collect();
        keys.sort_by_key(|key| *key.as_bytes());
        content.governors = roster::Governors { threshold: 2, keys };
    });
    net.command(oin(1), Command::InstallRoster(Box::new(three.clone())));
    net.until(20, "taken", |net| (1..=5).all(|member| net.status(oin(member)).roster_version == 2));
    let held = founding.roster.successor(&three).unwrap();
    let mut content = content_of(&founding);
    let mut keys: Vec<_> = (51..=53).map(|number| governor(number).verifying_key()).collect();
    keys.sort_by_key(|key| *key.as_bytes());
    content.governors = roster::Governors { threshold: 2, keys };
    content.circles[0].open.clear();
    let alone = SignedRoster::next(&held, content.clone(), &[&governor(51)]);
    let twice = SignedRoster::next(&held, content.clone(), &[&governor(51), &governor(51)]);
    let former = founding.next(&held, |replaced| *replaced = content.clone());
    for version in [&alone, &twice, &former] {
        let reply = net.command(oin(1), Command::InstallRoster(Box::new(version.clone())));
        assert!(matches!(reply, Reply::Roster(Err(_))), "{reply:?}");
        serve(&mut net, version);
        net.seconds(70);
        assert!((1..=5).all(|member| net.status(oin(member)).roster_version == 2));
        net.judge(|_| Fate::Deliver);
    }
    assert_eq!(involved(&mut net, 4, "school"), [oin(5)]);
    let both = SignedRoster::next(&held, content, &[&governor(51), &governor(53)]);
    let reply = net.command(oin(1), Command::InstallRoster(Box::new(both)));
    assert!(matches!(reply, Reply::Roster(Ok(3))), "{reply:?}");
    net.until(20, "closed", |net| involved(net, 4, "school").is_empty());
}

#[test]
fn what_a_majority_of_governors_opens_holds_from_then_on_and_shows_in_every_node() {
    let plan = |sector| testkit::MemberPlan { sector, bsn_entitled: true };
    let members = [plan("zorg"), plan("zorg"), plan("zorg"), plan("school"), plan("ggz")];
    let founding = Founding::new(&members, 3, 2, &[("ggz", "zorg")]);
    let mut net = Simulation::new(founding.clone());
    super::import(&mut net, 4, "school");
    super::import(&mut net, 5, "ggz");
    net.settle();
    assert!(involved(&mut net, 4, "school").is_empty());
    let opened = founding.next(&founding.roster, |content| {
        content.circles[0]
            .open
            .push(roster::OpenPair::new("ggz".parse().unwrap(), "school".parse().unwrap()));
        content.circles[0].open.sort();
    });
    net.command(oin(1), Command::InstallRoster(Box::new(opened)));
    net.until(60, "they may, and it shows", |net| {
        involved(net, 4, "school") == [oin(5)]
            && (1..=5).all(|member| net.status(oin(member)).roster_version == 2)
    });
}

#[test]
fn what_a_majority_of_governors_opens_is_shown_on_every_node_for_the_notice_and_can_be_taken_back() {
    let plan = |sector| testkit::MemberPlan { sector, bsn_entitled: true };
    let members = [plan("zorg"), plan("zorg"), plan("zorg"), plan("school"), plan("ggz")];
    let founding =
        Founding::new(&members, 3, 2, &[("ggz", "zorg")]).with_rules(|rules| rules.notice_seconds = 900);
    let mut net = Simulation::new(founding.clone());
    super::import(&mut net, 4, "school");
    super::import(&mut net, 5, "ggz");
    net.settle();
    let opened = founding.next(&founding.roster, |content| {
        content.circles[0]
            .open
            .push(roster::OpenPair::new("ggz".parse().unwrap(), "school".parse().unwrap()));
        content.circles[0].open.sort();
    });
    net.command(oin(1), Command::InstallRoster(Box::new(opened.clone())));
    let waits_everywhere = |net: &mut Simulation| {
        (1..=5).all(|member| {
            let status = net.status(oin(member));
            (status.roster_version, status.rosters_waiting.len()) == (1, 1)
        })
    };
    net.until(70, "it shows on every node", waits_everywhere);
    net.seconds(700);
    assert!(waits_everywhere(&mut net), "all the time");
    assert!(involved(&mut net, 4, "school").is_empty(), "and opens nothing");
    // Governors who were not asked take it back, before it was ever in force.
    let held = founding.roster.successor(&opened).unwrap();
    let back = Founding::version_after(&held, founding.roster.document().clone().into());
    net.command(oin(5), Command::InstallRoster(Box::new(back)));
    net.until(70, "nothing waits", |net| {
        (1..=5).all(|member| {
            let status = net.status(oin(member));
            (status.roster_version, status.rosters_waiting.len()) == (3, 0)
        })
    });
    net.seconds(300);
    assert!(involved(&mut net, 4, "school").is_empty());
}
