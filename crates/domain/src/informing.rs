//! Who of a family is to be told that a signal on it is registered: parents in the place of children under twelve, a child
//! of twelve to fifteen beside its parents, from sixteen the youth alone; each parent apart (Jeugdwet 7.3, UAVG 5).

use crate::{CalendarDate, Family, Person, PersonNumber, Role};

/// From this age a child is told itself.
const TOLD_AT: u16 = 12;

/// From this age nobody is told in its place.
const ALONE_AT: u16 = 16;

/// How one person is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ToldHow {
    /// In person, about what is registered of this person; a parent also about children under sixteen.
    InPerson,
    /// In person, and the parents beside it: a child of twelve to fifteen.
    BesideParents,
    /// Through the parents: a child under twelve.
    ThroughParents,
    /// Not: of whoever is `overig` nothing is published.
    Not,
}

impl ToldHow {
    /// The Dutch words used on lists.
    #[must_use]
    pub const fn dutch(self) -> &'static str {
        match self {
            Self::InPerson => "zelf",
            Self::BesideParents => "zelf en de ouders",
            Self::ThroughParents => "via de ouders",
            Self::Not => "niet",
        }
    }
}

impl Family {
    /// How a person is told; `None` for a number that nobody has. A child whose age is not known is as young as it may be.
    #[must_use]
    pub fn told_how(&self, number: PersonNumber, today: CalendarDate) -> Option<ToldHow> {
        let person = self.person(number)?;
        Some(match person.role {
            Role::Child if is_at_least(person, ALONE_AT, today) => ToldHow::InPerson,
            Role::Child if is_at_least(person, TOLD_AT, today) => ToldHow::BesideParents,
            Role::Child => ToldHow::ThroughParents,
            Role::Parent | Role::Partner | Role::Carer => ToldHow::InPerson,
            Role::Other => ToldHow::Not,
        })
    }

    /// The parents, each told apart. Without any the carers: a guardian is among those.
    pub fn told_for_children(&self) -> impl Iterator<Item = PersonNumber> {
        let has_parents = self.persons().iter().any(|person| person.role == Role::Parent);
        let wanted = if has_parents { Role::Parent } else { Role::Carer };
        self.numbered().filter(move |(_, person)| person.role == wanted).map(|(number, _)| number)
    }
}

fn is_at_least(person: &Person, age: u16, today: CalendarDate) -> bool {
    let latest = person.born.as_ref().and_then(|born| born.reveal_latest());
    latest.is_some_and(|born| born.plus_years(age) <= today)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ToldHow::{BesideParents, InPerson, Not, ThroughParents};

    #[test]
    fn the_age_of_a_child_says_who_is_told() {
        let today = "2026-11-22".parse().unwrap();
        for (role, born, expected) in [
            (Role::Child, "2014-11-23", ThroughParents),
            (Role::Child, "2014-11-22", BesideParents),
            (Role::Child, "2010-11-23", BesideParents),
            (Role::Child, "2010-11-22", InPerson),
            (Role::Child, "2014-11-00", ThroughParents),
            (Role::Child, "2014-10-00", BesideParents),
            (Role::Child, "2010-00-00", BesideParents),
            (Role::Child, "2009-00-00", InPerson),
            (Role::Child, "", ThroughParents),
            (Role::Parent, "", InPerson),
            (Role::Partner, "2012-01-01", InPerson),
            (Role::Carer, "1950-01-01", InPerson),
            (Role::Other, "1980-01-01", Not),
        ] {
            let person = Person { born: born.parse().ok(), ..Person::new(role) };
            let family = Family::new(vec![person], None).unwrap();
            let first = PersonNumber::new(1).unwrap();
            assert_eq!(family.told_how(first, today), Some(expected), "{role:?} {born}");
            assert_eq!(family.told_how(PersonNumber::new(2).unwrap(), today), None);
        }
    }

    #[test]
    fn every_parent_is_told_for_the_children_and_without_any_the_carers() {
        let told = |roles: &[Role]| -> Vec<u8> {
            let family = Family::new(roles.iter().copied().map(Person::new).collect(), None).unwrap();
            family.told_for_children().map(PersonNumber::number).collect()
        };
        assert_eq!(told(&[Role::Child, Role::Parent, Role::Carer, Role::Parent]), [2, 4]);
        assert_eq!(told(&[Role::Child, Role::Partner, Role::Carer]), [3]);
        assert_eq!(told(&[Role::Child, Role::Partner]), Vec::<u8>::new());
    }
}
