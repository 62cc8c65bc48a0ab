//! What of the main log goes into the report for one person: what was done with that person's data, and nothing that
//! tells of others.
//!
//! Left out are entries about other persons of the family, and every match with an organisation that does not rest on this
//! person: so nobody learns by it that a party is there that sees the others. Matches between units of the own organisation
//! are left out altogether, and so are counts of what a question found: one of the units may be shielded.

use std::collections::{BTreeSet, VecDeque};

use anyhow::{Context as _, Result};
use audit::{Details, Entry, Event, Exported};
use control::LogLine;
use domain::{FamilyRef, Oin, PersonNumber, Timestamp};
use serde_json::{Value, json};

/// Most entries in one report: the newest.
const MAX_ENTRIES: usize = 2_000;

/// How long a draft may be reviewed before it is given.
const DRAFT_SECONDS: u64 = 30 * 86_400;

/// Gathers the entries for one report.
pub(crate) struct Gathering {
    family: FamilyRef,
    person: PersonNumber,
    organisations: BTreeSet<Oin>,
    entries: VecDeque<Value>,
    left_out: bool,
    draft: Option<Timestamp>,
}

impl Gathering {
    /// Of a person of a family, found by these organisations.
    pub(crate) fn new(family: FamilyRef, person: PersonNumber, organisations: BTreeSet<Oin>) -> Self {
        let entries = VecDeque::new();
        Self { family, person, organisations, entries, left_out: false, draft: None }
    }

    /// Takes the next entry.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn take(&mut self, line: &LogLine) -> Result<()> {
        let (Some(entry), Some(details)) = (&line.entry, &line.details) else { return Ok(()) };
        let unreadable = || format!("entry {} of the main log cannot be read", line.place);
        let details = Details::from_bytes(&hex::decode(details).with_context(unreadable)?);
        if details.with_context(unreadable)?.family.as_deref() != Some(self.family.as_str()) {
            return Ok(());
        }
        let entry = Entry::from_bytes(&hex::decode(entry).with_context(unreadable)?);
        let entry = entry.with_context(unreadable)?;
        if let Event::PersonReport { person, released: false } = entry.event
            && person == self.person.number()
        {
            self.draft = Some(entry.time);
        }
        let Some(outcome) = self.outcome(&entry.event) else { return Ok(()) };
        if self.entries.len() == MAX_ENTRIES {
            self.entries.pop_front();
            self.left_out = true;
        }
        self.entries.push_back(json!({
            "tijd": entry.time.to_string(),
            "soort": entry.event.kind().dutch(),
            "rol": entry.role.dutch(),
            "grondslag": entry.basis.as_ref().map(|basis| basis.0.to_string()),
            "uitkomst": outcome,
        }));
        Ok(())
    }

    /// What an entry says in the report, where it says anything there.
    fn outcome(&self, event: &Event) -> Option<Option<String>> {
        let own = self.person.number();
        let of_own = |person: Option<u8>| person == Some(own);
        let with = |organisation: &Oin| self.organisations.contains(organisation);
        match event {
            Event::SignalRegistered | Event::SignalChanged | Event::SignalWithdrawn => Some(None),
            // Not what was found.
            Event::Question { .. } => Some(None),
            Event::MatchSeen { organisation, .. } | Event::Statement { organisation, .. } => {
                with(organisation).then(|| Some(organisation.to_string()))
            }
            Event::Objection { step, person } => of_own(*person).then(|| Some(step.dutch().to_owned())),
            Event::Incident { step, person, .. } => of_own(*person).then(|| Some(step.dutch().to_owned())),
            Event::Informing { step, person } => of_own(Some(*person)).then(|| Some(step.dutch().to_owned())),
            Event::PersonReport { person, released } => of_own(Some(*person)).then(|| {
                Some(if *released { "inzageverslag" } else { "concept van een inzageverslag" }.to_owned())
            }),
            Event::Export { exported: Exported::Backup | Exported::Log }
            // A step of what was registered, which is told.
            | Event::EvaluationRequested { .. }
            | Event::EvaluationGranted { .. }
            | Event::LogGeneration { .. }
            | Event::Leaving
            | Event::Refusal { .. }
            | Event::Configuration { .. }
            | Event::Roster { .. }
            | Event::Erasure { .. }
            | Event::Restore => None,
        }
    }

    /// Whether a draft was made that can have been reviewed.
    pub(crate) fn has_draft(&self, now: Timestamp) -> bool {
        self.draft.is_some_and(|made| now.since(made) <= DRAFT_SECONDS)
    }

    /// The entries, and whether older ones were left out.
    pub(crate) fn finish(self) -> (Vec<Value>, bool) {
        (self.entries.into(), self.left_out)
    }
}

#[cfg(test)]
mod tests {
    use audit::{ActorRole, InformingStep, ObjectionStep, Salt};
    use domain::Certainty;

    use super::*;

    const NOW: u64 = 1_795_253_400;

    fn line(place: u64, event: Event, family: &str) -> LogLine {
        let details = Details::new(&Salt::from_bytes([1; 32]), None, Some(family.to_owned()), None);
        let entry = Entry {
            place,
            time: Timestamp(NOW),
            role: ActorRole::Operator,
            event,
            circles: Vec::new(),
            details: details.commitment(),
            basis: None,
        };
        let (entry, details) = (hex::encode(entry.to_bytes()), hex::encode(details.reveal_bytes()));
        LogLine { place, leaf: String::new(), entry: Some(entry), details: Some(details) }
    }

    fn oin(number: u64) -> Oin {
        Oin::test_number(number).unwrap()
    }

    fn gathered(events: &[Event]) -> Vec<Value> {
        let (family, person) = (FamilyRef::new("L-1").unwrap(), PersonNumber::new(2).unwrap());
        let mut gathering = Gathering::new(family, person, [oin(3)].into());
        for (place, event) in (0..).zip(events) {
            gathering.take(&line(place, event.clone(), "L-1")).unwrap();
            gathering.take(&line(place, event.clone(), "L-2")).unwrap();
        }
        gathering.finish().0
    }

    /// The own organisation has number 1, and another of its units is a shelter; number 4 sees somebody else of the family.
    #[test]
    fn a_report_is_the_same_with_and_without_a_shelter() {
        let question = |found| Event::Question { families: 1, found, complete: true };
        let (alone, sheltered) = (
            vec![Event::SignalRegistered, question(1)],
            vec![
                Event::SignalRegistered,
                Event::match_seen(oin(1), Certainty::Certain),
                Event::match_seen(oin(4), Certainty::Certain),
                question(3),
                Event::Informing { step: InformingStep::OtherSafety, person: 1 },
                Event::Objection { step: ObjectionStep::Made, person: Some(1) },
                Event::Objection { step: ObjectionStep::Rejected, person: None },
            ],
        );
        assert_eq!(gathered(&alone), gathered(&sheltered));
        assert_eq!(gathered(&alone).len(), 2);
    }

    #[test]
    fn only_the_newest_entries_are_told() {
        let (family, person) = (FamilyRef::new("L-1").unwrap(), PersonNumber::new(2).unwrap());
        let mut gathering = Gathering::new(family, person, BTreeSet::new());
        for place in 0..=MAX_ENTRIES {
            gathering.take(&line(place as u64, Event::SignalChanged, "L-1")).unwrap();
        }
        let (entries, left_out) = gathering.finish();
        assert_eq!((entries.len(), left_out), (MAX_ENTRIES, true));
    }

    #[test]
    fn what_is_about_the_person_is_told() {
        let told = gathered(&[
            Event::match_seen(oin(3), Certainty::Probable),
            Event::Informing { step: InformingStep::Told, person: 2 },
            Event::Objection { step: ObjectionStep::Made, person: Some(2) },
        ]);
        let outcomes: Vec<&str> = told.iter().map(|entry| entry["uitkomst"].as_str().unwrap()).collect();
        assert_eq!(outcomes, ["00000099000000000003", "geinformeerd", "gemaakt"]);
    }

    #[test]
    fn a_report_is_given_only_after_a_draft_of_late() {
        let (family, person) = (FamilyRef::new("L-1").unwrap(), PersonNumber::new(2).unwrap());
        let mut gathering = Gathering::new(family, person, BTreeSet::new());
        let other = Event::PersonReport { person: 1, released: false };
        gathering.take(&line(0, other, "L-1")).unwrap();
        assert!(!gathering.has_draft(Timestamp(NOW)));
        gathering.take(&line(1, Event::PersonReport { person: 2, released: false }, "L-1")).unwrap();
        assert!(gathering.has_draft(Timestamp(NOW + DRAFT_SECONDS)));
        assert!(!gathering.has_draft(Timestamp(NOW + DRAFT_SECONDS + 1)));
    }
}
