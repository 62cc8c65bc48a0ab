//! The format of entries of a main log, held to a file that shows every kind.

#![expect(clippy::unwrap_used, reason = "a panic in a test is a failing test")]

use audit::{
    ActorRole, Details, Entry, EntryKind, Event, Exported, InCircle, IncidentStep, InformingStep, LeafHash,
    ObjectionStep, OnBasis, Said, Salt, Wanted,
};
use crypto::Digest;
use domain::{Certainty, CircleId, Oin, Timestamp};

fn events() -> Vec<Event> {
    let organisation = Oin::test_number(2).unwrap();
    vec![
        Event::SignalRegistered,
        Event::SignalChanged,
        Event::SignalWithdrawn,
        Event::EvaluationRequested { leaf: 3, keys: 14 },
        Event::EvaluationGranted { leaf: 3 },
        Event::Question { families: 1, found: 2, complete: false },
        Event::match_seen(organisation, Certainty::Probable),
        Event::Statement { organisation, said: Said::Different },
        Event::Export { exported: Exported::Log },
        Event::Configuration { digest: Digest::from_bytes([3; 32]) },
        Event::Roster { version: 7, digest: Digest::from_bytes([4; 32]) },
        Event::Refusal { wanted: Wanted::Question },
        Event::erasure("2031-11".parse().unwrap()),
        Event::Restore,
        Event::Leaving,
        Event::LogGeneration { generation: 1, size: 812, root: Digest::from_bytes([5; 32]) },
        Event::Objection { step: ObjectionStep::Made, person: Some(2) },
        Event::Incident { step: IncidentStep::Opened, organisation, person: None },
        Event::Informing { step: InformingStep::ChildSafety, person: 3 },
        Event::PersonReport { person: 2, released: true },
    ]
}

fn entry(place: u64, event: Event) -> (Entry, Details) {
    let salt = Salt::from_bytes([2; 32]);
    let details = Details::new(&salt, None, Some("L-1".to_owned()), Some("west".to_owned()));
    let entry = Entry {
        place,
        time: Timestamp(1_795_253_400),
        role: ActorRole::Operator,
        event,
        circles: vec![InCircle(CircleId::from_bytes([1; 16]))],
        details: details.commitment(),
        basis: Some(OnBasis("jeugdwet-7.3".parse().unwrap())),
    };
    (entry, details)
}

/// `BLESS=1 cargo test -p audit` writes the file again; a difference means that old logs become unreadable.
#[test]
fn the_format_of_entries_is_the_golden_one() {
    let (_, details) = entry(0, Event::SignalRegistered);
    let mut now = format!(
        "details    {}\ncommitment {}\n",
        hex::encode(details.reveal_bytes()),
        hex::encode(details.commitment().as_bytes())
    );
    for (place, event) in (6..).zip(events()) {
        let (entry, _) = entry(place, event);
        let bytes = entry.to_bytes();
        assert_eq!(Entry::from_bytes(&bytes), Ok(entry.clone()));
        now += &format!(
            "\n{}\nentry {}\nleaf  {}\n",
            entry.event.kind().dutch(),
            hex::encode(&bytes),
            hex::encode(LeafHash::of(&bytes).as_bytes())
        );
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/main-log.txt");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(path, &now).unwrap();
    }
    assert_eq!(now, std::fs::read_to_string(path).unwrap());
}

#[test]
fn every_kind_is_shown_and_has_a_name_of_its_own() {
    let shown: Vec<EntryKind> = events().iter().map(Event::kind).collect();
    // A report about a person is an export too.
    assert_eq!(shown, [EntryKind::ALL.as_slice(), &[EntryKind::Export]].concat());
    let names: std::collections::BTreeSet<&str> = EntryKind::ALL.into_iter().map(EntryKind::dutch).collect();
    assert_eq!(names.len(), EntryKind::ALL.len());
}

#[test]
fn details_are_bounded_and_an_absent_one_is_not_an_empty_one() {
    let salt = Salt::from_bytes([2; 32]);
    let of = |family: Option<&str>| Details::new(&salt, None, family.map(str::to_owned), None);
    assert_ne!(of(None).commitment(), of(Some("")).commitment());
    let fits = |length| Details::from_bytes(&of(Some(&"a".repeat(length))).reveal_bytes()).is_ok();
    assert!(fits(audit::MAX_DETAIL_BYTES) && !fits(audit::MAX_DETAIL_BYTES + 1));
    assert_eq!(format!("{:?}", of(Some("L-1"))), "Details(redacted)");
    let (long, _) = entry(0, Event::SignalRegistered);
    let long =
        Entry { circles: (0..=255).map(|n| InCircle(CircleId::from_bytes([n; 16]))).collect(), ..long };
    assert!(long.to_bytes().len() > audit::MAX_ENTRY_BYTES && Entry::from_bytes(&long.to_bytes()).is_err());
}
