//! The region is what its options and its documentation say.

use std::collections::{BTreeMap, BTreeSet};

use domain::{AddressKind, Person, Role};

use super::*;

/// Every recorded person with the organisation and the truth.
fn recorded(region: &Population) -> impl Iterator<Item = (&Organisation, &Person, &Human)> {
    region.organisations.iter().flat_map(move |organisation| {
        organisation.records.iter().flat_map(move |record| {
            let humans = record.humans.iter().map(|id| region.human(*id).unwrap());
            record
                .family
                .persons()
                .iter()
                .zip(humans)
                .map(move |(person, human)| (organisation, person, human))
        })
    })
}

/// Tenths of a percent.
fn share(some: usize, of: usize) -> usize {
    some * 1_000 / of
}

fn near(what: &str, found: usize, expected: usize, tolerance: usize) {
    assert!(
        found.abs_diff(expected) <= tolerance,
        "{what}: {found} per mille, expected {expected} ± {tolerance}"
    );
}

#[test]
fn a_seed_is_one_region() {
    let options = PopulationOptions::default().with_persons(2_000);
    let families = |seed| -> Vec<Family> {
        let region = population(seed, &options);
        let records = region.organisations.into_iter().flat_map(|organisation| organisation.records);
        records.map(|record| record.family).collect()
    };
    assert!(families(1) == families(1));
    assert!(families(1) != families(2));
}

#[test]
fn records_and_truth_have_the_same_positions() {
    let options = PopulationOptions { bsn_wrong_per_mille: 50, ..PopulationOptions::default() };
    let region = population(3, &options.with_persons(10_000));
    assert!(region.humans.len() >= 10_000);
    assert_eq!(region.organisations.len(), 24);
    let mut numbers = BTreeSet::new();
    assert!(region.humans.iter().all(|human| numbers.insert(human.number)));
    for organisation in &region.organisations {
        assert!(!organisation.records.is_empty(), "{}", organisation.name);
        for record in &organisation.records {
            assert_eq!(record.family.persons().len(), record.humans.len());
            assert_eq!(record.humans.iter().collect::<BTreeSet<_>>().len(), record.humans.len());
        }
    }
    let (mut right, mut all) = (0, 0);
    for (organisation, person, human) in recorded(&region) {
        // Some are still called a child who are one no longer.
        assert!(person.role == Role::Child || !human.is_child);
        assert!(organisation.bsn_entitled || person.bsn.is_none());
        all += usize::from(person.bsn.is_some());
        right += usize::from(
            person.bsn.as_ref().is_some_and(|bsn| bsn.reveal() == format!("{:09}", human.number)),
        );
    }
    near("right numbers", share(right, all), 950, 20);
}

#[test]
fn shares_are_those_of_the_options() {
    let options = PopulationOptions::default().with_persons(30_000);
    let region = population(4, &options);
    let lacking = recorded(&region).filter(|(_, person, _)| person.bsn.is_none()).count();
    near("no BSN", share(lacking, recorded(&region).count()), 250, 12);
    assert!(recorded(&region).all(|(at, person, _)| at.bsn_entitled || person.bsn.is_none()));
    let without = population(4, &options.clone().with_no_bsn());
    assert!(recorded(&without).all(|(_, person, _)| person.bsn.is_none()));

    let recently = |human: &&Human| human.moved_on.is_some_and(|day| options.today.days_since(day) <= 730);
    near("moved", share(region.humans.iter().filter(recently).count(), region.humans.len()), 100, 12);

    // The same region without misspelling: only letters of names differ.
    let right = population(4, &PopulationOptions { misspelt_percent: 0, ..options });
    let (mut misspelt, mut all) = (0, 0);
    for ((_, one, _), (_, other, _)) in recorded(&region).zip(recorded(&right)) {
        all += 1;
        misspelt += usize::from(one.name != other.name);
        assert!(one.born == other.born && one.address == other.address && one.bsn == other.bsn);
    }
    // Somewhat fewer than asked for: dropping a diacritic is no misspelling where the system drops them anyway.
    near("misspelt names", share(misspelt, all), 60, 12);
}

#[test]
fn names_are_as_common_and_as_rare_as_in_the_netherlands() {
    let region = population(5, &PopulationOptions::default());
    let dutch: Vec<&Human> = region.humans.iter().filter(|human| human.origin == Origin::Dutch).collect();
    let mut bearers: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for human in &dutch {
        *bearers.entry((human.name.own.prefix, human.name.own.stem.as_str())).or_default() += 1;
    }
    let most = bearers.values().max().copied().unwrap();
    // De Jong: half a percent. A few names of the tail may come near it in one region.
    assert!((40..=80).contains(&(most * 10_000 / dutch.len())), "{most} of {}", dutch.len());
    assert!(bearers.len() * 4 > dutch.len(), "{} names for {}", bearers.len(), dutch.len());
    // A name is called by another one more often among the old.
    let called_otherwise = |old: bool| {
        let of_age = dutch.iter().filter(|human| (human.born.year() < 1960) == old);
        let (all, other): (Vec<&Human>, Vec<&Human>) = (
            of_age.clone().copied().collect(),
            of_age.copied().filter(|h| h.name.given.first() != Some(&h.name.called)).collect(),
        );
        share(other.len(), all.len())
    };
    assert!(called_otherwise(true) > 500 && called_otherwise(false) < 400);
}

#[test]
fn strangers_share_no_dwelling_but_in_institutions() {
    let people = People::draw(8, &PopulationOptions::default().with_persons(20_000));
    let homes =
        people.households.iter().filter(|household| !household.institution && !household.members.is_empty());
    let mut dwellings = BTreeSet::new();
    assert!(homes.map(|household| household.dwelling).all(|dwelling| dwellings.insert(dwelling)));
}

#[test]
fn the_hard_cases_are_there() {
    let region = population(6, &PopulationOptions::default().with_persons(20_000));
    let mut homes: BTreeMap<HouseholdId, Vec<&Human>> = BTreeMap::new();
    for human in &region.humans {
        homes.entry(human.home).or_default().push(human);
    }
    near(
        "persons to a household, in tenths of a percent",
        share(region.humans.len(), homes.len()),
        2_120,
        150,
    );
    let pairs = |test: &dyn Fn(&Human, &Human) -> bool| {
        let in_home = |home: &Vec<&Human>| {
            home.iter()
                .flat_map(|one| home.iter().map(move |other| (*one, *other)))
                .any(|(one, other)| test(one, other))
        };
        homes.values().filter(|home| in_home(home)).count()
    };
    let twins =
        pairs(&|one, other| !std::ptr::eq(one, other) && one.is_sibling_of(other) && one.born == other.born);
    let namesakes = pairs(&|one, other| {
        let son_of = one.parents.contains(&Some(HumanId(position(&region, other))));
        son_of && one.name.given.first() == other.name.given.first() && one.name.own == other.name.own
    });
    let half = pairs(&|one, other| one.is_sibling_of(other) && one.parents != other.parents);
    assert!(twins >= 15 && namesakes >= 15 && half >= 15, "{twins} {namesakes} {half}");
    assert!(region.humans.iter().filter(|human| human.second_home.is_some()).count() >= 150);
    // Children of one family under different addresses, and everything unusual of addresses, do reach records.
    let kinds = |kind| recorded(&region).filter(|(_, person, _)| person.address_kind == kind).count();
    for kind in [AddressKind::Secret, AddressKind::Correspondence, AddressKind::Abroad] {
        assert!(kinds(kind) > 5, "{kind:?}");
    }
    assert!(!region.institutions.is_empty());
    assert!(recorded(&region).any(|(_, person, _)| person.previous.is_some()));
}

#[test]
fn families_are_known_in_part_and_from_two_sides() {
    let region = population(7, &PopulationOptions::default().with_persons(20_000));
    let mut known_to: BTreeMap<HumanId, BTreeSet<Oin>> = BTreeMap::new();
    let mut at: BTreeMap<HouseholdId, Vec<(Oin, &Record)>> = BTreeMap::new();
    let mut doors: BTreeMap<HumanId, BTreeSet<String>> = BTreeMap::new();
    for organisation in &region.organisations {
        for record in &organisation.records {
            for (id, person) in record.humans.iter().zip(record.family.persons()) {
                known_to.entry(*id).or_default().insert(organisation.oin);
                let door = person
                    .address
                    .as_ref()
                    .map(|at| format!("{} {}", at.postcode.reveal(), at.number.reveal()));
                doors.entry(*id).or_default().extend(door);
            }
            let homes: BTreeSet<HouseholdId> =
                record.humans.iter().map(|id| region.human(*id).unwrap().home).collect();
            for home in homes {
                at.entry(home).or_default().push((organisation.oin, record));
            }
        }
    }
    // Known at all: one in eight. Of these half to one organisation only.
    let share_known = share(known_to.len(), region.humans.len());
    assert!((80..=200).contains(&share_known), "{share_known}");
    let to_one = known_to.values().filter(|organisations| organisations.len() == 1).count();
    assert!((350..=700).contains(&share(to_one, known_to.len())), "{}", share(to_one, known_to.len()));
    // Two organisations that know siblings have no person in common.
    let siblings = |one: &Record, other: &Record| {
        let humans =
            |record: &Record| record.humans.iter().map(|id| region.human(*id).unwrap()).collect::<Vec<_>>();
        humans(one).iter().any(|one| humans(other).iter().any(|other| one.is_sibling_of(other)))
    };
    let apart = at.values().filter(|records| {
        let mut pairs = records
            .iter()
            .enumerate()
            .flat_map(|(place, one)| records.iter().skip(place + 1).map(move |other| (one, other)));
        pairs.any(|((one_at, one), (other_at, other))| {
            one_at != other_at
                && !one.humans.iter().any(|id| other.humans.contains(id))
                && siblings(one, other)
        })
    });
    let apart = apart.count();
    assert!(apart >= 15, "{apart}");
    // A child with two homes is recorded at one here and at the other there.
    let two = region.humans.iter().enumerate().filter(|(_, human)| human.second_home.is_some());
    let two = two.filter_map(|(place, _)| doors.get(&HumanId(u32::try_from(place).unwrap())));
    assert!(two.filter(|doors| doors.len() > 1).count() >= 10);
}

fn position(region: &Population, human: &Human) -> u32 {
    let place = region.humans.iter().position(|other| std::ptr::eq(other, human)).unwrap();
    u32::try_from(place).unwrap()
}

/// Prints what a region is like, for whoever changes the generator: `PERSONS=50000 cargo test -p testkit survey -- --ignored
/// --nocapture`.
#[test]
#[ignore = "prints a survey"]
fn survey() {
    let persons = std::env::var("PERSONS").ok().and_then(|text| text.parse().ok()).unwrap_or(50_000);
    let region = population(1, &PopulationOptions::default().with_persons(persons));
    println!("{} persons", region.humans.len());
    for organisation in &region.organisations {
        let persons: usize = organisation.records.iter().map(|record| record.humans.len()).sum();
        println!("{:24} {:6} records {persons:6} persons", organisation.name, organisation.records.len());
    }
    let mut by_human: BTreeMap<u32, Vec<(&Oin, &Person)>> = BTreeMap::new();
    for (organisation, person, human) in recorded(&region) {
        by_human.entry(human.number).or_default().push((&organisation.oin, person));
    }
    let once = by_human.values().filter(|records| records.len() == 1).count();
    println!("{} persons recorded, {once} of them once", by_human.len());
    let (mut pairs, mut agree) = (0, BTreeMap::<&str, [usize; 2]>::new());
    for records in by_human.values() {
        for (place, (one_at, one)) in records.iter().enumerate() {
            for (_, other) in records.iter().skip(place + 1).filter(|(other_at, _)| other_at != one_at) {
                pairs += 1;
                let mut count = |what, one: Option<String>, other: Option<String>| {
                    if let (Some(one), Some(other)) = (one, other) {
                        let [both, same] = agree.entry(what).or_default();
                        *both += 1;
                        *same += usize::from(one == other);
                    }
                };
                let surname =
                    |person: &Person| person.name.surname.as_ref().map(|text| text.reveal().to_lowercase());
                let initial = |person: &Person| {
                    let given = person.name.given_names.as_ref()?;
                    given.reveal().to_lowercase().chars().next().map(String::from)
                };
                let born =
                    |person: &Person| person.born.as_ref().map(|born| format!("{:?}", born.reveal_parts()));
                let bsn = |person: &Person| person.bsn.as_ref().map(|bsn| bsn.reveal().to_owned());
                let door = |person: &Person| {
                    person
                        .address
                        .as_ref()
                        .map(|at| format!("{} {}", at.postcode.reveal(), at.number.reveal()))
                };
                count("surname", surname(one), surname(other));
                count("initial", initial(one), initial(other));
                count("born", born(one), born(other));
                count("bsn", bsn(one), bsn(other));
                count("door", door(one), door(other));
            }
        }
    }
    for (what, [both, same]) in agree {
        println!("{what}: both in {} of {pairs} pairs, the same in {} per mille", both, share(same, both));
    }
    for (organisation, person, human) in recorded(&region).step_by(by_human.len() / 60) {
        let text =
            |text: &Option<domain::PersonalText>| text.as_ref().map_or("", |text| text.reveal()).to_owned();
        let address = |address: &Option<Address>| {
            address.as_ref().map_or(String::new(), |a| {
                format!(
                    "{} {} {}|{}",
                    a.postcode.reveal(),
                    a.number.reveal(),
                    text(&a.letter),
                    text(&a.addition)
                )
            })
        };
        let born = person.born.as_ref().map(|born| born.reveal_parts());
        println!(
            "{:10.10} {:8} {:28} {:8} {:26} {born:?} {} {:?} {} <- {:?} {} {} {}",
            organisation.name,
            person.role.dutch(),
            text(&person.name.given_names),
            text(&person.name.prefix),
            text(&person.name.surname),
            address(&person.address),
            person.address_kind,
            person.bsn.as_ref().map_or("", |bsn| bsn.reveal()),
            human.name.given,
            human.name.own.prefix,
            human.name.own.stem,
            human.born,
        );
    }
}
