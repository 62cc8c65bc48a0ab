//! The decisions kept: by family and organisation, on disk until they are undone or their family has been gone for long.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use domain::{FamilyRef, Oin, Timestamp};
use linkage::LinkageKey;

use super::{Decided, Facts, Judgement, MAX_DECISIONS, SECONDS_AFTER_WITHDRAWAL};
use crate::Collection;
use crate::effects::Effects;
use crate::record::{decision_key, decision_record, read_decision};

/// All decisions of the own organisation.
#[derive(Default)]
pub(crate) struct Decisions {
    kept: BTreeMap<FamilyRef, BTreeMap<Oin, Decided>>,
}

impl Decisions {
    /// Takes back what is on disk. What cannot be read is left out: the store has already said when it is damaged.
    pub(crate) fn restore(records: &[Vec<u8>]) -> Self {
        let mut restored = Self::default();
        for (family, organisation, decided) in records.iter().filter_map(|bytes| read_decision(bytes)) {
            let of_family = restored.kept.entry(family).or_default();
            if of_family.len() < MAX_DECISIONS {
                of_family.insert(organisation, decided);
            }
        }
        restored
    }

    /// What was decided about a match.
    pub(crate) fn of(&self, family: &FamilyRef, organisation: &Oin) -> Option<&Decided> {
        self.kept.get(family)?.get(organisation)
    }

    /// Whether a fact was found to be none: it is part of a match that was wrong.
    pub(crate) fn drops(&self, family: &FamilyRef, organisation: &Oin, fact: &LinkageKey) -> bool {
        let is_wrong = |decided: &&Decided| decided.decision.judgement == Judgement::Wrong;
        self.of(family, organisation).filter(is_wrong).is_some_and(|decided| decided.facts.holds(fact))
    }

    /// Whether no further organisation finds room.
    pub(crate) fn is_full(&self, family: &FamilyRef) -> bool {
        self.kept.get(family).is_some_and(|held| held.len() >= MAX_DECISIONS)
    }

    /// Keeps a decision in the place of the one there was.
    pub(crate) fn keep(
        &mut self,
        family: &FamilyRef,
        organisation: Oin,
        decided: Decided,
        fx: &mut Effects<'_>,
    ) {
        put(family, &organisation, &decided, fx);
        self.kept.entry(family.clone()).or_default().insert(organisation, decided);
    }

    /// Forgets a decision; whether there was one.
    pub(crate) fn undo(&mut self, family: &FamilyRef, organisation: &Oin, fx: &mut Effects<'_>) -> bool {
        let Entry::Occupied(mut held) = self.kept.entry(family.clone()) else { return false };
        let was_there = held.get_mut().remove(organisation).is_some();
        if was_there {
            fx.delete(Collection::Decision, decision_key(family, organisation));
        }
        if held.get().is_empty() {
            held.remove();
        }
        was_there
    }

    /// Brings the decisions of a family in line with whether it has a signal. Without one they have a time to live, and
    /// what agreed is forgotten at once: it says who the persons are.
    pub(crate) fn follow(
        &mut self,
        family: &FamilyRef,
        has_signal: bool,
        now: Timestamp,
        fx: &mut Effects<'_>,
    ) {
        let Some(held) = self.kept.get_mut(family) else { return };
        for (organisation, decided) in held {
            if decided.withdrawn_at.is_none() == has_signal {
                continue;
            }
            decided.withdrawn_at = (!has_signal).then_some(now);
            decided.facts = Facts::default();
            put(family, organisation, decided, fx);
        }
        fx.cut();
    }

    /// The families of which something is kept.
    pub(crate) fn families(&self) -> impl Iterator<Item = &FamilyRef> {
        self.kept.keys()
    }

    /// Forgets the decisions of families that have been gone for long.
    pub(crate) fn expire(&mut self, now: Timestamp, fx: &mut Effects<'_>) {
        let is_over = |decided: &Decided| {
            decided.withdrawn_at.is_some_and(|at| now.since(at) >= SECONDS_AFTER_WITHDRAWAL)
        };
        for (family, held) in &mut self.kept {
            for (organisation, _) in held.extract_if(.., |_, decided| is_over(decided)) {
                fx.delete(Collection::Decision, decision_key(family, &organisation));
            }
            fx.cut();
        }
        self.kept.retain(|_, held| !held.is_empty());
    }
}

fn put(family: &FamilyRef, organisation: &Oin, decided: &Decided, fx: &mut Effects<'_>) {
    let key = decision_key(family, organisation);
    fx.put(Collection::Decision, key, decision_record(family, organisation, decided));
}

#[cfg(test)]
mod tests {
    use audit::{ActorRole, Retention};
    use crypto::Seed;
    use domain::Certainty;

    use super::*;
    use crate::effects::Requests;
    use crate::log::MainLog;
    use crate::review::{Decision, Judgement};
    use crate::{Batch, Durable, Refused, Scope, Write};

    const DAY: u64 = 86_400;

    /// Does something and returns the records that are on disk after it.
    fn written(disk: &mut BTreeMap<Vec<u8>, Vec<u8>>, does: impl FnOnce(&mut Effects<'_>)) -> Vec<Vec<u8>> {
        struct Records<'a>(&'a mut BTreeMap<Vec<u8>, Vec<u8>>);
        impl Durable for Records<'_> {
            type Error = ();
            fn make_durable(&mut self, writes: Vec<Write>) -> Result<(), ()> {
                for write in writes {
                    match write {
                        Write::Put { key, value, .. } => drop(self.0.insert(key, value)),
                        Write::Delete { key, .. } => drop(self.0.remove(&key)),
                        Write::Forget { .. } | Write::PutSecret { .. } | Write::DestroySecret { .. } => {}
                    }
                }
                Ok(())
            }

            fn read(&mut self, _: Scope, _: Collection, key: &[u8]) -> Result<Option<Vec<u8>>, ()> {
                Ok(self.0.get(key).cloned())
            }
        }
        let (mut requests, mut refused) = (Requests::default(), Refused::default());
        let mut log = MainLog::restore(None, Retention::default(), Seed::from_bytes([1; 32]));
        let at = (Timestamp(0), ActorRole::Node);
        let mut fx = Effects::new(&mut requests, &mut refused, &mut log, at);
        does(&mut fx);
        for step in fx.into_steps() {
            let mut batch = Batch::default();
            batch.push(step);
            let _said = batch.commit(&mut Records(disk)).unwrap();
        }
        disk.values().cloned().collect()
    }

    fn decided() -> Decided {
        let (judgement, certainty) = (Judgement::Different, Certainty::Possible);
        let decision = Decision { judgement, certainty, decided_at: Timestamp(1), unit: None };
        Decided { decision, facts: Facts([7].into()), withdrawn_at: None }
    }

    fn oin(number: usize) -> Oin {
        Oin::test_number(number as u64).unwrap()
    }

    #[test]
    fn so_many_decisions_are_kept_about_a_family() {
        let (family, mut disk) = (FamilyRef::new("a").unwrap(), BTreeMap::new());
        let mut decisions = Decisions::default();
        for number in 0..MAX_DECISIONS {
            assert!(!decisions.is_full(&family));
            written(&mut disk, |fx| decisions.keep(&family, oin(number), decided(), fx));
        }
        assert!(decisions.is_full(&family) && !decisions.is_full(&FamilyRef::new("b").unwrap()));
        // Not by a disk that holds more, either.
        let mut records: Vec<Vec<u8>> = disk.values().cloned().collect();
        records.push(decision_record(&family, &oin(MAX_DECISIONS), &decided()));
        let restored = Decisions::restore(&records);
        assert_eq!(restored.kept[&family].len(), MAX_DECISIONS);
        written(&mut disk, |fx| assert!(decisions.undo(&family, &oin(3), fx)));
        written(&mut disk, |fx| assert!(!decisions.undo(&family, &oin(3), fx), "once"));
        assert!(!decisions.is_full(&family));
        assert_eq!(disk.len(), MAX_DECISIONS - 1);
    }

    #[test]
    fn decisions_outlast_a_withdrawal_for_a_while_and_forget_the_facts_at_once() {
        let (family, mut disk) = (FamilyRef::new("a").unwrap(), BTreeMap::new());
        let mut decisions = Decisions::default();
        written(&mut disk, |fx| decisions.keep(&family, oin(1), decided(), fx));
        let gone_at = Timestamp(100 * DAY);
        let records = written(&mut disk, |fx| decisions.follow(&family, false, gone_at, fx));
        let mut decisions = Decisions::restore(&records);
        let held = decisions.of(&family, &oin(1)).unwrap();
        assert_eq!((held.withdrawn_at, &held.facts), (Some(gone_at), &Facts::default()));
        // Said again, it does not begin anew.
        written(&mut disk, |fx| decisions.follow(&family, false, gone_at.plus(DAY), fx));
        written(&mut disk, |fx| decisions.expire(gone_at.plus(30 * DAY - 1), fx));
        assert_eq!(decisions.of(&family, &oin(1)).unwrap().withdrawn_at, Some(gone_at));
        // Back in time, and gone again.
        let later = gone_at.plus(90 * DAY);
        written(&mut disk, |fx| decisions.follow(&family, true, gone_at.plus(20 * DAY), fx));
        written(&mut disk, |fx| decisions.expire(later, fx));
        assert_eq!(decisions.of(&family, &oin(1)).unwrap().decision, decided().decision);
        written(&mut disk, |fx| decisions.follow(&family, false, later, fx));
        let records = written(&mut disk, |fx| decisions.expire(later.plus(30 * DAY), fx));
        assert!(records.is_empty() && decisions.families().next().is_none());
    }
}
