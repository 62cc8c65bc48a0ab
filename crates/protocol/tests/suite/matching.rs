//! From import to match, at both sides, with reciprocity and completeness.

use domain::{Certainty, FamilyRef, Role, Visibility};
use protocol::{Answer, Collection, Command, Notice, Refusal, Reply};
use testkit::{Founding, MemberPlan, Simulation, family, person};

fn reference(text: &str) -> FamilyRef {
    FamilyRef::new(text).unwrap()
}

fn who(net: &mut Simulation, member: usize, family: &str) -> Result<Answer, Refusal> {
    match net.command(Founding::oin(member), Command::Who(reference(family))) {
        Reply::Who(answer) => answer,
        other => panic!("{other:?}"),
    }
}

fn involved(net: &mut Simulation, member: usize, family: &str) -> Vec<(usize, Certainty)> {
    let answer = who(net, member, family).unwrap();
    let number = |oin: &domain::Oin| oin.as_str().trim_start_matches("00000099").parse().unwrap();
    answer.involved.iter().map(|found| (number(&found.organisation), found.certainty)).collect()
}

fn import(net: &mut Simulation, member: usize, signals: Vec<domain::Signal>) {
    let count = signals.len();
    match net.command(Founding::oin(member), Command::Import(signals)) {
        Reply::Imported(counts) => assert_eq!(counts.added, count),
        other => panic!("{other:?}"),
    }
}

fn mother() -> testkit::PersonBuilder {
    person(Role::Parent).bsn("111222333").name("Anna", "Zonneveld").born("1987-05-12").at("1234AB", "12")
}

fn child() -> testkit::PersonBuilder {
    person(Role::Child).bsn("123456782").name("Bram", "Zonneveld").born("2016-03-01").at("1234AB", "12")
}

#[test]
fn a_shared_mother_is_found_and_told_at_both_sides() {
    let mut net = Simulation::new(Founding::uniform(5));
    import(&mut net, 4, vec![family("school-1", [mother(), child()])]);
    net.settle();
    assert!(involved(&mut net, 4, "school-1").is_empty());
    let honest = (1..=5).map(|member| net.status(Founding::oin(member)).refused);
    assert!(honest.into_iter().all(|refused| refused == protocol::Refused::default()), "nobody is accused");
    // The second organisation comes later: the first is told when the segment arrives.
    import(&mut net, 5, vec![family("ggz-1", [mother()])]);
    net.settle();
    assert_eq!(involved(&mut net, 4, "school-1"), [(5, Certainty::Certain)]);
    assert_eq!(involved(&mut net, 5, "ggz-1"), [(4, Certainty::Certain)]);
    for (member, other, reference) in [(4, 5, "school-1"), (5, 4, "ggz-1")] {
        let told: Vec<_> = net
            .notices(Founding::oin(member))
            .iter()
            .filter_map(|notice| match notice {
                Notice::NewMatch { family, involvement } => Some((family.as_str(), involvement.organisation)),
                _ => None,
            })
            .collect();
        assert_eq!(told, [(reference, Founding::oin(other))], "told once, at member {member}");
    }
}

#[test]
fn strangers_do_not_match_and_the_answer_says_that_it_is_complete() {
    let mut net = Simulation::new(Founding::uniform(4));
    import(&mut net, 1, vec![family("a", [mother()])]);
    let other =
        person(Role::Parent).bsn("999990019").name("Piet", "Visser").born("1970-01-02").at("4321BA", "3");
    import(&mut net, 2, vec![family("b", [other])]);
    net.settle();
    let answer = who(&mut net, 1, "a").unwrap();
    assert!(answer.involved.is_empty());
    assert!(answer.completeness.is_complete());
    assert_eq!(answer.completeness.current(), 3);
}

#[test]
fn asking_needs_an_own_signal_on_a_legal_basis_that_holds() {
    let mut net = Simulation::new(Founding::uniform(4));
    let mut without = family("without", [mother()]);
    without.legal_basis = None;
    let mut elsewhere = family("elsewhere", [mother()]);
    elsewhere.legal_basis = Some("onbekend".parse().unwrap());
    let mut ended = family("ended", [mother()]);
    ended.ends_on = Some("2020-01-01".parse().unwrap());
    import(&mut net, 1, vec![without, elsewhere, ended]);
    import(&mut net, 2, vec![family("b", [mother()])]);
    net.settle();
    assert_eq!(who(&mut net, 1, "never-registered"), Err(Refusal::NoOwnSignal));
    for closed in ["without", "elsewhere"] {
        assert_eq!(who(&mut net, 1, closed), Err(Refusal::NoLegalBasis), "{closed}");
    }
    assert_eq!(who(&mut net, 1, "ended"), Err(Refusal::Ended));
    assert!(involved(&mut net, 2, "b").is_empty(), "nothing without a basis is published");
    assert_eq!(net.status(Founding::oin(1)).tags_published, 0);
}

#[test]
fn a_shielded_signal_is_published_by_nobody() {
    let mut net = Simulation::new(Founding::uniform(4));
    let mut shielded = family("shelter-1", [mother(), child()]);
    shielded.visibility = Visibility::Shielded;
    import(&mut net, 1, vec![shielded]);
    import(&mut net, 2, vec![family("b", [mother()])]);
    net.settle();
    assert!(involved(&mut net, 2, "b").is_empty());
    assert_eq!(net.status(Founding::oin(1)).tags_published, 0);
    assert_eq!(involved(&mut net, 1, "shelter-1"), [(2, Certainty::Certain)]);
}

#[test]
fn a_pair_open_one_way_tells_only_the_reader() {
    let plan = |sector| MemberPlan { sector, bsn_entitled: true };
    let members = [plan("zorg"), plan("zorg"), plan("zorg"), plan("school"), plan("ggz")];
    let mut net = Simulation::new(Founding::new(&members, 3, 2, &[("ggz", "school")]));
    import(&mut net, 4, vec![family("school-1", [mother()])]);
    import(&mut net, 5, vec![family("ggz-1", [mother()])]);
    net.settle();
    assert_eq!(involved(&mut net, 4, "school-1"), [(5, Certainty::Certain)]);
    let answer = who(&mut net, 5, "ggz-1").unwrap();
    assert!(answer.involved.is_empty());
    assert_eq!(answer.completeness.total(), 0, "nobody publishes to it, and it does not claim otherwise");
    assert_eq!(net.status(Founding::oin(4)).tags_published, 0, "the school has no reader");
}

#[test]
fn a_member_without_entitlement_matches_by_weak_keys_only() {
    let plan = |bsn_entitled| MemberPlan { sector: "jeugd", bsn_entitled };
    let members = [plan(true), plan(true), plan(true), plan(false)];
    let mut net = Simulation::new(Founding::new(&members, 3, 2, &[("jeugd", "jeugd")]));
    import(&mut net, 1, vec![family("a", [mother(), child()])]);
    import(&mut net, 4, vec![family("b", [mother(), child()])]);
    net.settle();
    assert_eq!(involved(&mut net, 1, "a"), [(4, Certainty::Probable)]);
    assert_eq!(involved(&mut net, 4, "b"), [(1, Certainty::Probable)]);
}

#[test]
fn an_answer_names_who_is_silent_and_since_when() {
    let mut net = Simulation::new(Founding::uniform(4));
    import(&mut net, 1, vec![family("a", [mother()])]);
    net.settle();
    net.disconnect(Founding::oin(4));
    let left_at = net.now();
    net.seconds(61);
    let answer = who(&mut net, 1, "a").unwrap();
    assert_eq!(answer.completeness.current(), 2);
    let stale: Vec<_> = answer.completeness.stale().collect();
    assert_eq!(stale.len(), 1);
    assert_eq!(stale[0].0, Founding::oin(4));
    assert!(left_at.since(stale[0].1) <= 2, "since its last head");
    net.reconnect(Founding::oin(4));
    net.settle();
}

#[test]
fn an_answer_is_incomplete_while_own_keys_wait() {
    let mut net = Simulation::new(Founding::uniform(4));
    net.settle();
    net.disconnect(Founding::oin(2));
    net.disconnect(Founding::oin(3));
    import(&mut net, 4, vec![family("d", [mother()])]);
    net.seconds(3);
    let answer = who(&mut net, 4, "d").unwrap();
    assert_eq!(answer.completeness.current(), 0);
    let status = net.status(Founding::oin(4));
    assert_eq!(status.keyholder_shortage().unwrap(), "1 of 3 keyholders reachable, 2 needed");
    assert!(status.keys_waiting > 0 && !status.published);
    net.reconnect(Founding::oin(2));
    net.reconnect(Founding::oin(3));
    net.settle();
    assert!(who(&mut net, 4, "d").unwrap().completeness.is_complete());
}

#[test]
fn a_restarted_node_knows_what_it_knew_and_tells_nothing_twice() {
    let mut net = Simulation::new(Founding::uniform(4));
    import(&mut net, 1, vec![family("a", [mother(), child()])]);
    import(&mut net, 4, vec![family("d", [mother()])]);
    net.settle();
    let (before, headers) =
        (who(&mut net, 1, "a").unwrap().involved, net.disk(Founding::oin(1)).count(Collection::Header));
    let told = net.notices(Founding::oin(1)).len();
    for member in 1..=4 {
        net.restart(Founding::oin(member));
    }
    let after = who(&mut net, 1, "a").unwrap();
    assert_eq!(after.involved, before, "read from disk, before any message");
    net.seconds(5);
    net.settle();
    assert_eq!(who(&mut net, 1, "a").unwrap().involved, before);
    assert_eq!(net.notices(Founding::oin(1)).len(), told);
    let status = net.status(Founding::oin(1));
    assert_eq!((status.keys_waiting, status.keys_evaluated), (0, 0), "nothing is evaluated again");
    assert!(net.disk(Founding::oin(1)).count(Collection::Header) > headers, "its feeds went on");
    assert_eq!(status.refused, protocol::Refused::default(), "nobody took it for a fork");
}

#[test]
fn a_feed_is_fetched_from_whoever_replicates_it() {
    let mut net = Simulation::new(Founding::uniform(4));
    import(&mut net, 4, vec![family("d", [mother()])]);
    import(&mut net, 1, vec![family("a", [mother()])]);
    // Members 1 and 4 never reach each other; 2 and 3 reach both.
    let (first, last) = (Founding::oin(1), Founding::oin(4));
    net.judge(move |message| {
        let pair = (message.from, message.to);
        if pair == (first, last) || pair == (last, first) {
            testkit::Fate::Drop
        } else {
            testkit::Fate::Deliver
        }
    });
    net.until(60, "each finds the other", |net| {
        involved(net, 1, "a") == [(4, Certainty::Certain)]
            && involved(net, 4, "d") == [(1, Certainty::Certain)]
    });
}

#[test]
fn importing_the_same_signals_again_changes_nothing() {
    let mut net = Simulation::new(Founding::uniform(4));
    import(&mut net, 1, vec![family("a", [mother()])]);
    net.settle();
    let tags = net.status(Founding::oin(1)).tags_published;
    match net.command(Founding::oin(1), Command::Import(vec![family("a", [mother()])])) {
        Reply::Imported(counts) => assert_eq!((counts.added, counts.changed, counts.unchanged), (0, 0, 1)),
        other => panic!("{other:?}"),
    }
    net.settle();
    assert_eq!(net.status(Founding::oin(1)).tags_published, tags);
}

#[test]
fn siblings_apart_match_by_household_but_not_at_an_institution() {
    let sibling =
        |given: &str, born: &str| person(Role::Child).name(given, "Zonneveld").born(born).at("1234AB", "12");
    for (founding, expected) in [
        (Founding::uniform(4), vec![(2, Certainty::Probable)]),
        (Founding::with_institution(4, "1234AB", 12), vec![]),
    ] {
        let mut net = Simulation::new(founding);
        import(&mut net, 1, vec![family("a", [sibling("Bram", "2016-03-01")])]);
        import(&mut net, 2, vec![family("b", [sibling("Cato", "2018-07-09")])]);
        net.settle();
        assert_eq!(involved(&mut net, 1, "a"), expected);
    }
}

#[test]
fn a_withdrawn_signal_is_gone_from_every_answer_and_a_shared_tag_stays() {
    let mut net = Simulation::new(Founding::uniform(4));
    import(&mut net, 1, vec![family("a", [mother(), child()]), family("sister", [mother()])]);
    import(&mut net, 4, vec![family("d", [mother()]), family("e", [child()])]);
    net.settle();
    assert_eq!(involved(&mut net, 4, "e"), [(1, Certainty::Certain)]);
    let withdraw = |net: &mut Simulation, family: &str| {
        match net.command(Founding::oin(1), Command::Withdraw(vec![reference(family), reference("unknown")]))
        {
            Reply::Withdrawn(count) => assert_eq!(count, 1),
            other => panic!("{other:?}"),
        }
        net.seconds(5);
        net.settle();
    };
    withdraw(&mut net, "a");
    assert!(involved(&mut net, 4, "e").is_empty(), "nobody knows the child any more");
    assert_eq!(
        involved(&mut net, 4, "d"),
        [(1, Certainty::Certain)],
        "another family still carries the mother"
    );
    assert_eq!(who(&mut net, 1, "a"), Err(Refusal::NoOwnSignal));
    withdraw(&mut net, "sister");
    assert!(involved(&mut net, 4, "d").is_empty());
    assert_eq!(net.status(Founding::oin(1)).tags_published, 0);
    for (collection, member) in [(Collection::Signal, 1), (Collection::FamilyKeys, 1), (Collection::Match, 4)]
    {
        assert_eq!(net.disk(Founding::oin(member)).count(collection), 0, "{collection:?} at member {member}");
    }
    // And it stays gone after a restart, and comes back when registered again.
    net.restart(Founding::oin(4));
    net.restart(Founding::oin(1));
    net.seconds(5);
    net.settle();
    assert!(involved(&mut net, 4, "d").is_empty());
    import(&mut net, 1, vec![family("a", [mother(), child()])]);
    net.seconds(5);
    net.settle();
    assert_eq!(involved(&mut net, 4, "d"), [(1, Certainty::Certain)]);
    let told = net
        .notices(Founding::oin(4))
        .iter()
        .filter(|notice| matches!(notice, Notice::NewMatch { family, .. } if family.as_str() == "d"));
    assert_eq!(told.count(), 2, "an involvement that comes back is told again");
}

#[test]
fn a_changed_record_withdraws_what_it_no_longer_says() {
    let mut net = Simulation::new(Founding::uniform(4));
    import(&mut net, 1, vec![family("a", [mother(), child()])]);
    import(&mut net, 4, vec![family("d", [mother()]), family("e", [child()])]);
    net.settle();
    let change = |net: &mut Simulation, signal| {
        match net.command(Founding::oin(1), Command::Import(vec![signal])) {
            Reply::Imported(counts) => assert_eq!((counts.added, counts.changed), (0, 1)),
            other => panic!("{other:?}"),
        }
        net.seconds(5);
        net.settle();
    };
    change(&mut net, family("a", [mother()]));
    assert!(involved(&mut net, 4, "e").is_empty());
    assert_eq!(involved(&mut net, 4, "d"), [(1, Certainty::Certain)]);
    let mut shielded = family("a", [mother()]);
    shielded.visibility = Visibility::Shielded;
    change(&mut net, shielded);
    assert!(involved(&mut net, 4, "d").is_empty(), "shielded from now on");
    assert_eq!(involved(&mut net, 1, "a"), [(4, Certainty::Certain)]);
}

#[test]
fn a_node_that_missed_many_empty_segments_accuses_nobody() {
    let mut net = Simulation::new(Founding::uniform(4));
    net.settle();
    net.disconnect(Founding::oin(4));
    net.seconds(30);
    net.reconnect(Founding::oin(4));
    net.seconds(5);
    net.settle();
    for member in 1..=4 {
        assert_eq!(
            net.status(Founding::oin(member)).refused,
            protocol::Refused::default(),
            "at member {member}"
        );
    }
}

#[test]
fn a_signal_ends_by_itself_however_often_its_record_is_repeated() {
    let mut net = Simulation::new(Founding::uniform(4));
    let repeated = || vec![family("a", [mother(), child()])];
    let counts = |net: &mut Simulation| match net.command(Founding::oin(1), Command::Import(repeated())) {
        Reply::Imported(counts) => (counts.added, counts.changed, counts.unchanged),
        other => panic!("{other:?}"),
    };
    let ends = |net: &mut Simulation| match net.command(Founding::oin(1), Command::Signals) {
        Reply::Signals(signals) => signals[0].ends_on.unwrap(),
        other => panic!("{other:?}"),
    };
    let renew = |net: &mut Simulation, until: domain::CalendarDate| match net
        .command(Founding::oin(1), Command::Renew { families: vec![reference("a")], until })
    {
        Reply::Renewed(renewed) => renewed.map_err(|refused| refused.why),
        other => panic!("{other:?}"),
    };
    assert_eq!(counts(&mut net), (1, 0, 0));
    let first = ends(&mut net);
    assert_eq!(first, net.now().date().plus_years(1));
    net.jump(200 * 86_400);
    assert_eq!((counts(&mut net), ends(&mut net)), ((0, 0, 1), first), "as it was said first");
    net.jump(166 * 86_400);
    net.second();
    assert_eq!((counts(&mut net), ends(&mut net)), ((0, 0, 1), first), "also when it is over");
    assert_eq!(who(&mut net, 1, "a"), Err(Refusal::Ended));

    let today = net.now().date();
    let day_after = net.now().plus(86_400).date();
    assert_eq!(renew(&mut net, day_after.plus_years(2)), Err(domain::TooLate::TwoYears));
    assert_eq!((renew(&mut net, today.plus_years(2)), ends(&mut net)), (Ok(1), today.plus_years(2)));
    assert!(who(&mut net, 1, "a").is_ok());
    assert_eq!((counts(&mut net), ends(&mut net)), ((0, 0, 1), today.plus_years(2)), "renewed, and repeated");

    let grown = person(Role::Child).name("Cas", "Zonneveld").born("2006-01-05");
    import(&mut net, 1, vec![family("grown", [grown])]);
    let late =
        Command::Renew { families: vec![reference("a"), reference("grown")], until: today.plus_years(2) };
    match net.command(Founding::oin(1), late) {
        Reply::Renewed(Err(refused)) => {
            assert_eq!((refused.family, refused.why), (reference("grown"), domain::TooLate::Birthday));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_import_that_stops_half_way_is_followed_up_by_itself() {
    let mut net = Simulation::new(Founding::uniform(4));
    let own = Founding::oin(1);
    net.settle();
    let part = |net: &mut Simulation, reference: &str| {
        let reply = net.command(own, Command::ImportPart(vec![family(reference, [mother()])]));
        assert!(matches!(reply, Reply::Imported(counts) if counts.added == 1), "{reply:?}");
        let status = net.status(own);
        assert!(!status.published && status.keys_waiting == 0, "registered, and nothing more");
        assert_eq!(who(net, 1, reference).unwrap().completeness.current(), 0, "an answer says so");
    };
    part(&mut net, "a");
    net.seconds(5);
    assert_eq!(net.status(own).tags_published, 0, "more may come");
    net.seconds(30);
    net.settle();
    let tags = net.status(own).tags_published;
    assert!(tags > 0, "nothing came");

    part(&mut net, "b");
    net.restart(own);
    net.settle();
    assert_eq!(net.status(own).tags_published, tags, "the same mother");
    assert!(who(&mut net, 1, "b").unwrap().completeness.is_complete(), "taken up by the next start");

    part(&mut net, "c");
    import(&mut net, 1, vec![]);
    net.settle();
    assert!(who(&mut net, 1, "c").unwrap().completeness.is_complete(), "the last part may bring nothing");
}
