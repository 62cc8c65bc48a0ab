//! A family in the eyes of care: who of a household is child, parent, partner, grandparent, and which parents live elsewhere.

use domain::Role;

use super::people::{Household, People};
use super::{HouseholdId, HumanId};

/// Everybody that belongs to a household in the eyes of care.
pub(super) struct Kin {
    /// Under age and living here, also half of the week.
    pub(super) children: Vec<HumanId>,
    /// Parents of these children who live here, mothers first; then parents who live elsewhere.
    pub(super) parents: Vec<HumanId>,
    pub(super) elsewhere: Vec<HumanId>,
    /// Who lives with a parent as a partner and is no parent of any child here.
    pub(super) partners: Vec<HumanId>,
    /// All other adults here: grown-up children, grandparents, people on their own.
    pub(super) others: Vec<HumanId>,
    /// The home from which the family is seen.
    pub(super) home: HouseholdId,
}

impl Kin {
    pub(super) fn of(people: &People, home: HouseholdId, household: &Household) -> Self {
        let human = |id: HumanId| people.humans.get(id.place());
        let (mut children, mut adults) = (Vec::new(), Vec::new());
        for member in &household.members {
            let Some(person) = human(*member) else { continue };
            if person.is_child { children.push(*member) } else { adults.push(*member) }
        }
        let (mut parents, mut elsewhere) = (Vec::new(), Vec::new());
        for parent in
            children.iter().filter_map(|child| human(*child)).flat_map(|child| child.parents).flatten()
        {
            let here = human(parent).is_some_and(|parent| parent.home == home);
            let list = if here { &mut parents } else { &mut elsewhere };
            if !list.contains(&parent) {
                list.push(parent);
            }
        }
        let partner_of_parent = |adult: &HumanId| {
            let partner = human(*adult).and_then(|adult| adult.partner);
            partner.is_some_and(|partner| parents.contains(&partner)) && !parents.contains(adult)
        };
        let partners: Vec<HumanId> = adults.iter().copied().filter(partner_of_parent).collect();
        adults.retain(|adult| !parents.contains(adult) && !partners.contains(adult));
        Self { children, parents, elsewhere, partners, others: adults, home }
    }

    /// Sons and daughters who are of age, but not for long, wherever they live.
    pub(super) fn grown_up(&self, people: &People) -> Vec<HumanId> {
        let of_age = |id: &HumanId| (18..23).contains(&people.age_of(*id));
        let children = self.parents.iter().flat_map(|parent| people.children_of(*parent));
        let mut found: Vec<HumanId> = children.filter(of_age).collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The home that an organisation has of a person.
    pub(super) fn home_of(&self, people: &People, who: HumanId, other: bool) -> HouseholdId {
        let Some(human) = people.humans.get(who.place()) else { return self.home };
        match human.second_home {
            Some(second) if (human.home == self.home) == other => second,
            Some(_) | None => human.home,
        }
    }

    pub(super) fn role(&self, people: &People, who: HumanId) -> Role {
        if self.children.contains(&who) {
            return Role::Child;
        }
        if self.parents.contains(&who) || self.elsewhere.contains(&who) {
            return Role::Parent;
        }
        if self.partners.contains(&who) {
            return Role::Partner;
        }
        let Some(human) = people.humans.get(who.place()) else { return Role::Other };
        let child_of_these = human.parents.iter().flatten().any(|parent| self.parents.contains(parent));
        let grandparent = || {
            let child_here = |id: &HumanId| {
                people.humans.get(id.place()).is_some_and(|parent| parent.parents.contains(&Some(who)))
            };
            self.parents.iter().any(child_here)
        };
        match () {
            () if child_of_these => Role::Other,
            () if grandparent() => Role::Carer,
            // Adults without children in the record: a couple, somebody alone.
            () => Role::Partner,
        }
    }
}
