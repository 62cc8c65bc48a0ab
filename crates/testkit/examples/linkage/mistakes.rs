//! What was told though it is not so, and not told though it is, with the records. All of it is synthetic.

use std::fmt::Write as _;

use domain::{Address, Person};
use testkit::population::{Population, Record};
use testkit::quality::{Pair, Score};

/// Most of each sort that are shown.
const MOST: usize = 40;

/// The mistakes of a region.
pub(crate) fn list(region: &Population, score: &Score) -> String {
    let mut text = String::new();
    let kinds = [
        ("invented", &score.invented),
        ("missed", &score.missed),
        ("siblings missed", &score.missed_siblings),
    ];
    for (what, pairs) in kinds {
        line(&mut text, format_args!("## {what}: {}\n", pairs.len()));
        for pair in pairs.iter().step_by(pairs.len().div_ceil(MOST).max(1)) {
            show(&mut text, region, pair);
        }
    }
    text
}

fn show(text: &mut String, region: &Population, pair: &Pair) {
    let (Some(asker), Some(other)) =
        (region.organisations.get(pair.asker), region.organisations.get(pair.other))
    else {
        return;
    };
    let Some(record) = asker.records.get(pair.record) else { return };
    line(text, format_args!("- {} asks {}:", asker.name, other.name));
    persons(text, "  own", record);
    for theirs in other.records.iter().filter(|theirs| is_related(region, record, theirs)) {
        persons(text, "  theirs", theirs);
    }
}

/// Whether two records have a person in common, or an address.
fn is_related(region: &Population, own: &Record, theirs: &Record) -> bool {
    let home = |record: &Record| {
        let humans = record.humans.iter().filter_map(|human| region.human(*human));
        humans.map(|human| human.home).collect::<Vec<_>>()
    };
    let address = |record: &Record| {
        let persons = record.family.persons().iter();
        persons.filter_map(|person| person.address.as_ref().map(door)).collect::<Vec<_>>()
    };
    let (homes, addresses) = (home(theirs), address(theirs));
    home(own).iter().any(|home| homes.contains(home))
        || address(own).iter().any(|door| addresses.contains(door))
        || own.humans.iter().any(|human| theirs.humans.contains(human))
}

fn door(address: &Address) -> String {
    format!("{} {}", address.postcode.reveal(), address.number.reveal())
}

fn persons(text: &mut String, whose: &str, record: &Record) {
    for (person, human) in record.family.persons().iter().zip(&record.humans) {
        line(text, format_args!("{whose} {:>6} {}", human.0, words(person)));
    }
}

fn words(person: &Person) -> String {
    let part =
        |text: &Option<domain::PersonalText>| text.as_ref().map_or("-", |text| text.reveal()).to_owned();
    let born = person.born.as_ref().map_or_else(
        || "-".to_owned(),
        |born| born.reveal_whole().map_or_else(|| "partly".to_owned(), |date| date.to_string()),
    );
    let address = person.address.as_ref().map_or_else(
        || "-".to_owned(),
        |address| format!("{} {}{}", door(address), part(&address.letter), part(&address.addition)),
    );
    let previous =
        person.previous.as_ref().map_or_else(String::new, |left| format!(" from {}", door(&left.address)));
    format!(
        "{:10} {:9} {:?} {} | {} | {} | {born} | {address} {:?}{previous}",
        person.role.dutch(),
        person.bsn.as_ref().map_or("-", |bsn| bsn.reveal()),
        person.sex.map(|sex| sex == domain::Sex::Male),
        part(&person.name.given_names),
        part(&person.name.prefix),
        part(&person.name.surname),
        person.address_kind,
    )
}

fn line(text: &mut String, words: std::fmt::Arguments<'_>) {
    writeln!(text, "{words}").expect("a string takes every line");
}
