//! What a test network is founded on: its members, its circles, its keyholders, how often it publishes. Either written
//! out, or one of many by number.

use std::collections::BTreeSet;

use domain::CircleId;

use crate::Dice;

/// One member of a test network; its OIN is the test number of its place, from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberPlan {
    /// Its sector.
    pub sector: &'static str,
    /// Whether it may process the BSN.
    pub bsn_entitled: bool,
}

/// One circle of a test network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CirclePlan {
    /// Codes of the legal bases that hold in it.
    pub bases: Vec<&'static str>,
    /// Who publishes to whom: publishing sector, reading sector.
    pub open: Vec<(&'static str, &'static str)>,
}

/// A whole network. The first members hold the keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The members, the first of them number 1.
    pub members: Vec<MemberPlan>,
    /// The circles; the place of each is its number.
    pub circles: Vec<CirclePlan>,
    /// How many members hold keys.
    pub keyholders: u16,
    /// How many of them must answer.
    pub threshold: u16,
    /// Seconds between two segments of a feed.
    pub interval_seconds: u32,
    /// Length of an epoch in seconds.
    pub epoch_seconds: u64,
    /// Members that are none any more.
    pub absent: BTreeSet<usize>,
}

/// Every legal basis of a test network; all of them hold.
pub const BASES: [&str; 2] = ["test", "anders"];

/// The length of an epoch where nothing else is said: no schedule gets to its end.
const LONG_EPOCH_SECONDS: u64 = 90 * 86_400;

/// Sectors of the networks that have a number.
const SECTORS: [&str; 3] = ["jeugd", "school", "zorg"];

impl Plan {
    /// `members` entitled members of one sector that is open to itself; the first three hold keys, two suffice.
    #[must_use]
    pub fn uniform(members: usize) -> Self {
        Self {
            members: vec![MemberPlan { sector: "jeugd", bsn_entitled: true }; members],
            circles: vec![CirclePlan { bases: vec!["test"], open: vec![("jeugd", "jeugd")] }],
            keyholders: 3,
            threshold: 2,
            interval_seconds: 2,
            epoch_seconds: LONG_EPOCH_SECONDS,
            absent: BTreeSet::new(),
        }
    }

    /// The network with this number: one to three sectors, one or two circles with a matrix that is open here and
    /// there in one direction, members without entitlement, three to five keyholders, two to ten seconds between
    /// segments. Number 0 is [`Plan::uniform`].
    #[must_use]
    pub fn numbered(members: usize, number: u64) -> Self {
        if number == 0 {
            return Self::uniform(members);
        }
        let mut dice = Dice::new(number);
        let sectors = SECTORS.get(..1 + dice.pick(SECTORS.len())).unwrap_or(&SECTORS);
        let entitled = 50 + dice.below(60);
        let plans = (0..members).map(|place| MemberPlan {
            sector: sectors.get(place % sectors.len().max(1)).copied().unwrap_or("jeugd"),
            bsn_entitled: dice.percent(entitled),
        });
        let plans = plans.collect();
        let openness = 40 + dice.below(61);
        let mut circles = Vec::new();
        for bases in if dice.percent(50) { vec![&BASES[..1], &BASES[..]] } else { vec![&BASES[..]] } {
            let pairs = sectors.iter().flat_map(|from| sectors.iter().map(move |to| (*from, *to)));
            let open = pairs.filter(|_| dice.percent(openness)).collect();
            circles.push(CirclePlan { bases: bases.to_vec(), open });
        }
        let (keyholders, threshold) = match (members, dice.below(3)) {
            (5.., 0) => (5, 3),
            (4.., 1) => (4, 3),
            _ => (3, 2),
        };
        let interval_seconds = [2, 5, 10, 10].get(dice.pick(4)).copied().unwrap_or(2);
        Self { members: plans, circles, keyholders, threshold, interval_seconds, ..Self::uniform(0) }
    }

    /// The id of a circle.
    #[must_use]
    pub fn circle_id(circle: usize) -> CircleId {
        let number = u8::try_from(circle).unwrap_or(u8::MAX);
        CircleId::from_bytes([number.saturating_add(7); 16])
    }

    /// Whether one member publishes to another in a circle; members are numbered from 1.
    #[must_use]
    pub fn publishes_to(&self, circle: usize, publisher: usize, reader: usize) -> bool {
        let (Some(circle), Some(from), Some(to)) =
            (self.circles.get(circle), self.member(publisher), self.member(reader))
        else {
            return false;
        };
        let are_members = !self.absent.contains(&publisher) && !self.absent.contains(&reader);
        are_members && publisher != reader && circle.open.contains(&(from.sector, to.sector))
    }

    /// Whether anybody may read what a member publishes in a circle.
    #[must_use]
    pub fn is_read(&self, circle: usize, publisher: usize) -> bool {
        self.numbers().any(|reader| self.publishes_to(circle, publisher, reader))
    }

    /// One member, numbered from 1.
    #[must_use]
    pub fn member(&self, number: usize) -> Option<&MemberPlan> {
        self.members.get(number.checked_sub(1)?)
    }

    /// Numbers of all members.
    pub fn numbers(&self) -> impl Iterator<Item = usize> + use<> {
        1..=self.members.len()
    }

    /// Numbers of the circles in which a legal basis holds.
    pub fn circles_of<'a>(&'a self, basis: &'a str) -> impl Iterator<Item = usize> + 'a {
        let holds = move |circle: &CirclePlan| basis_holds(circle, basis);
        self.circles.iter().enumerate().filter(move |(_, circle)| holds(circle)).map(|(number, _)| number)
    }
}

fn basis_holds(circle: &CirclePlan, basis: &str) -> bool {
    circle.bases.contains(&basis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_differ_and_the_numbers_reach_every_sort() {
        let plans: Vec<Plan> = (0..60).map(|number| Plan::numbered(6, number)).collect();
        assert_eq!(plans[0], Plan::uniform(6));
        assert!(plans.iter().any(|plan| plan.circles.len() == 2));
        assert!(plans.iter().any(|plan| plan.keyholders == 5 && plan.threshold == 3));
        assert!(plans.iter().any(|plan| plan.members.iter().any(|member| !member.bsn_entitled)));
        let one_way = |plan: &Plan| {
            plan.numbers()
                .any(|a| plan.numbers().any(|b| plan.publishes_to(0, a, b) && !plan.publishes_to(0, b, a)))
        };
        assert!(plans.iter().any(one_way));
        assert_eq!(Plan::numbered(6, 7), Plan::numbered(6, 7));
    }
}
