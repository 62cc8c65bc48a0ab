//! Weights estimated on data: what a node sees of agreeing keys, split into persons who are the same and chance, by
//! expectation and maximisation (Dempster, Laird and Rubin, 1977), without looking at the truth.
//!
//! Seen is, for each own person and other organisation, which of the person's weak keys agree, where at least one does. A
//! key agrees when every fact in it does. Of persons who are the same each fact agrees by itself with a probability m
//! (given name within initial); strangers agree on one key.

use std::collections::{BTreeMap, BTreeSet};

use linkage::{FieldKind, KeyKind, PersonEvidence};

/// Rounds; the estimates stand still long before.
const ROUNDS: usize = 200;

/// The weak kinds of which a person's keys are made, each with a place in a pattern.
pub(super) const KINDS: [KeyKind; 4] =
    [KeyKind::NameBirth, KeyKind::NameAddress, KeyKind::BirthAddress, KeyKind::FullNameBirth];

/// Which of a person's weak kinds of keys there are, and which agree: a bit for each place in [`KINDS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Pattern {
    pub(super) there: u8,
    pub(super) agreed: u8,
}

impl Pattern {
    /// What a node sees of one person.
    pub(super) fn of(person: &PersonEvidence) -> Self {
        let bits = |kinds: &BTreeSet<KeyKind>| {
            let places = KINDS.iter().enumerate().filter(|(_, kind)| kinds.contains(kind));
            places.map(|(place, _)| bit(place)).sum()
        };
        Self { there: bits(&person.kinds), agreed: bits(&person.agreed_kinds) }
    }
}

/// What was estimated.
#[derive(Debug, Clone, Default)]
pub struct Estimates {
    /// How often each fact agrees when both mean the same person, as far as it is recorded at all.
    pub same: BTreeMap<FieldKind, f64>,
    /// The share of persons with an agreeing weak key who are the same.
    pub share: f64,
    /// Of each kind of key, how many strangers agree on it.
    pub strangers: BTreeMap<KeyKind, f64>,
}

/// One way in which the facts of one person may agree: a bit for each of [`FACTS`].
const FACTS: [FieldKind; 5] =
    [FieldKind::Surname, FieldKind::Initial, FieldKind::GivenName, FieldKind::BirthDate, FieldKind::Address];

const fn bit(fact: usize) -> u8 {
    1 << fact
}

/// The facts in each of [`KINDS`]. Two of them hold no place: else whose address differs could not be told from strangers of
/// one name and birth date.
const NEEDS: [u8; 4] =
    [bit(0) | bit(1) | bit(3), bit(0) | bit(1) | bit(4), bit(3) | bit(4), bit(0) | bit(2) | bit(3)];

/// What a fact can agree within: nobody shares a given name without its initial.
const WITHIN: [Option<usize>; 5] = [None, None, Some(1), None, None];

/// Estimates from what is seen, each pattern with how often.
pub(super) fn estimate(seen: &BTreeMap<Pattern, usize>) -> Estimates {
    let total: f64 = seen.values().map(|count| *count as f64).sum();
    let mut same = [0.9_f64; 5];
    let mut share = 0.9_f64;
    let mut chance = [0.25_f64; 4];
    for _ in 0..ROUNDS {
        let mut agreed = [0.0_f64; 5];
        let mut possible = [0.0_f64; 5];
        let mut strangers = [0.0_f64; 4];
        let mut same_persons = 0.0;
        for (pattern, count) in seen {
            let count = *count as f64;
            let states: Vec<(u8, f64)> = states(pattern, &same).collect();
            let by_same: f64 = states.iter().map(|(_, probability)| probability).sum();
            let by_same_seen = by_same / (1.0 - unseen(pattern.there, &same)).max(f64::MIN_POSITIVE);
            let by_chance = single(pattern.agreed).map_or(0.0, |place| {
                let there: f64 = places(pattern.there).map(|place| at(&chance, place)).sum();
                at(&chance, place) / there.max(f64::MIN_POSITIVE)
            });
            let joint = share * by_same_seen + (1.0 - share) * by_chance;
            if joint <= 0.0 {
                continue;
            }
            let is_same = share * by_same_seen / joint;
            same_persons += is_same * count;
            if let Some(strange) = single(pattern.agreed).and_then(|place| strangers.get_mut(place)) {
                *strange += (1.0 - is_same) * count;
            }
            // Those of whom nothing agrees are not seen; their number follows from what is estimated so far.
            let hidden = is_same * count * unseen(pattern.there, &same)
                / (1.0 - unseen(pattern.there, &same)).max(1e-9);
            let nothing = Pattern { agreed: 0, ..*pattern };
            let unseen_states: Vec<(u8, f64)> = self::states(&nothing, &same).collect();
            let unseen_sum: f64 = unseen_states.iter().map(|(_, probability)| probability).sum();
            let seen_states =
                states.iter().map(|(state, p)| (*state, is_same * count * p / by_same.max(1e-300)));
            let hidden_states =
                unseen_states.iter().map(|(state, p)| (*state, hidden * p / unseen_sum.max(1e-300)));
            for (state, weight) in seen_states.chain(hidden_states) {
                for (fact, within) in WITHIN.iter().enumerate() {
                    if within.is_some_and(|within| state & bit(within) == 0) {
                        continue;
                    }
                    if let (Some(possible), Some(agreed)) = (possible.get_mut(fact), agreed.get_mut(fact)) {
                        *possible += weight;
                        *agreed += if state & bit(fact) == 0 { 0.0 } else { weight };
                    }
                }
            }
        }
        for (fact, same) in same.iter_mut().enumerate() {
            *same = (at(&agreed, fact) / at(&possible, fact).max(1e-300)).clamp(1e-6, 1.0 - 1e-6);
        }
        let strange: f64 = strangers.iter().sum();
        share = (same_persons / total.max(1.0)).clamp(1e-6, 1.0 - 1e-9);
        for (place, chance) in chance.iter_mut().enumerate() {
            *chance = (at(&strangers, place) / strange.max(1e-300)).max(1e-9);
        }
    }
    let strangers = KINDS.into_iter().enumerate();
    Estimates {
        same: FACTS.into_iter().zip(same).collect(),
        share,
        strangers: strangers
            .map(|(place, kind)| (kind, at(&chance, place) * (1.0 - share) * total))
            .collect(),
    }
}

/// The states of the facts of one who is the same that show this pattern, each with its probability.
fn states<'a>(pattern: &'a Pattern, same: &'a [f64; 5]) -> impl Iterator<Item = (u8, f64)> + 'a {
    (0..32_u8).filter_map(move |state| {
        let mut probability = 1.0;
        for (fact, within) in WITHIN.iter().enumerate() {
            let agrees = state & bit(fact) != 0;
            match within {
                Some(within) if state & bit(*within) == 0 => {
                    if agrees {
                        return None;
                    }
                }
                Some(_) | None => probability *= if agrees { at(same, fact) } else { 1.0 - at(same, fact) },
            }
        }
        let shows = places(pattern.there).all(|place| {
            let needs = NEEDS.get(place).copied().unwrap_or(u8::MAX);
            (state & needs == needs) == (pattern.agreed & bit(place) != 0)
        });
        shows.then_some((state, probability))
    })
}

/// How probable it is that nothing agrees of one who is the same.
fn unseen(there: u8, same: &[f64; 5]) -> f64 {
    states(&Pattern { there, agreed: 0 }, same).map(|(_, probability)| probability).sum()
}

fn places(bits: u8) -> impl Iterator<Item = usize> {
    (0..KINDS.len()).filter(move |place| bits & bit(*place) != 0)
}

fn single(bits: u8) -> Option<usize> {
    places(bits).next().filter(|_| bits.count_ones() == 1)
}

fn at<const N: usize>(values: &[f64; N], place: usize) -> f64 {
    values.get(place).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Dice;

    /// What a thousand in a million of `dice` comes to.
    fn happens(dice: &mut Dice, probability: f64) -> bool {
        (dice.below(1_000_000) as f64) < probability * 1e6
    }

    #[test]
    fn finds_back_what_it_was_drawn_from() {
        let truth = [0.95, 0.97, 0.80, 0.93, 0.82];
        let mut dice = Dice::new(11);
        let mut seen: BTreeMap<Pattern, usize> = BTreeMap::new();
        for _ in 0..200_000 {
            let mut state = 0_u8;
            for (fact, within) in WITHIN.iter().enumerate() {
                let can = within.is_none_or(|within| state & bit(within) != 0);
                if can && happens(&mut dice, truth[fact]) {
                    state |= bit(fact);
                }
            }
            let agreed: u8 = (0..4).filter(|place| state & NEEDS[*place] == NEEDS[*place]).map(bit).sum();
            if agreed != 0 {
                *seen.entry(Pattern { there: 15, agreed }).or_default() += 1;
            }
        }
        *seen.entry(Pattern { there: 15, agreed: 1 }).or_default() += 3_000;
        let found = estimate(&seen);
        for (fact, truth) in FACTS.into_iter().zip(truth) {
            let found = found.same[&fact];
            assert!((found - truth).abs() < 0.02, "{fact:?}: {found} of {truth}");
        }
        let strangers = found.strangers[&KeyKind::NameBirth];
        assert!((2_000.0..4_000.0).contains(&strangers), "{strangers}");
    }
}
