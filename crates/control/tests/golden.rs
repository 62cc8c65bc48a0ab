//! What crosses the socket, line by line: programs depend on it. `BLESS=1 cargo test -p control` writes the file anew.
#![expect(clippy::unwrap_used, reason = "a panic in a test is a failing test")]

use std::fs;
use std::path::Path;

use control::{
    AnswerLine, BackupReport, BadRow, CeremonyKeyholderLine, CeremonyLine, ClockLine, ConnectionLine,
    ContinuedLine, Coverage, DecidedLine, EvaluationLine, ExplainedPersonLine, ExplanationLine, Extent,
    HearingLine, ImportReport, IncidentLine, IncidentOutcomeWanted, InformingLine, InvolvedLine,
    JudgementLine, JudgementWanted, KeySetLine, KeyholderLine, LeaveLine, LetterLine, MatchLine,
    NextEpochLine, ObjectionLine, ObjectionOutcomeWanted, OrganisationLine, Page, Phase,
    PostponeGroundWanted, Problem, ProblemKind, Progress, ProofLine, ReadersLine, ReasonLine, Reply, Request,
    Response, ReviewLine, RightsAnswer, RightsEntry, RightsLine, RightsRequest, RosterLine, SealedBytes,
    SealingKey, SignalLine, StaleLine, Standing, StatusLine, TwoLogsLine, Upload, Which,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

fn requests() -> Vec<Request> {
    vec![
        Request::Status { follow: true },
        Request::Import { extent: Extent::Whole, allow_withdrawals: true },
        Request::Import { extent: Extent::New, allow_withdrawals: false },
        Request::Import { extent: Extent::Known, allow_withdrawals: false },
        Request::Signals,
        Request::Renew { families: vec!["G-1".into()], until: "2027-01-01".into() },
        Request::Withdraw { families: vec!["G-1".into(), "G-2".into()] },
        Request::Who { family: "G-1".into() },
        Request::Matches { which: Which::Involved },
        Request::Matches { which: Which::Review },
        Request::Matches { which: Which::All },
        Request::Decide {
            family: "G-1".into(),
            organisation: "GGZ Waalbocht".into(),
            judgement: JudgementWanted::Different,
            unit: Some("team west".into()),
            although_certain: true,
        },
        Request::Decide {
            family: "G-1".into(),
            organisation: "00000099000000000001".into(),
            judgement: JudgementWanted::Same,
            unit: None,
            although_certain: false,
        },
        Request::Undo { family: "G-1".into(), organisation: "GGZ Waalbocht".into() },
        Request::Backup { key: SealingKey::new(&[0xab; 32]) },
        Request::Leave { begin: true, force: false },
        Request::Stop,
        Request::Rights { right: RightsRequest::Object { family: "G-1".into(), person: Some(2) } },
        Request::Rights {
            right: RightsRequest::DecideObjection {
                family: "G-1".into(),
                outcome: ObjectionOutcomeWanted::Upheld,
            },
        },
        Request::Rights { right: RightsRequest::Objections },
        Request::Rights {
            right: RightsRequest::Wrong {
                family: "G-1".into(),
                organisation: "GGZ Waalbocht".into(),
                person: Some(2),
            },
        },
        Request::Rights { right: RightsRequest::Incidents },
        Request::Rights {
            right: RightsRequest::Report {
                family: "G-1".into(),
                person: 2,
                release: true,
                key: "ab".repeat(32),
            },
        },
        Request::Rights { right: RightsRequest::Informed { family: None } },
        Request::Rights {
            right: RightsRequest::Told { family: "G-1".into(), person: 2, on: "2026-11-21".into() },
        },
        Request::Rights {
            right: RightsRequest::Postpone {
                family: "G-1".into(),
                person: 2,
                ground: PostponeGroundWanted::OtherSafety,
                until: "2027-02-01".into(),
            },
        },
        Request::Rights { right: RightsRequest::Letter { family: "G-1".into(), person: 2 } },
        Request::Rights {
            right: RightsRequest::CloseIncident { number: 1, outcome: IncidentOutcomeWanted::Reported },
        },
    ]
}

fn uploads() -> Vec<Upload> {
    vec![Upload::File("a.csv".into()), Upload::Text("gezin;rol\n".into()), Upload::End]
}

fn witnessing() -> control::WitnessingLine {
    let (oin, organisatie) = ("00000099000000000002", "Basisschool De Linde");
    control::WitnessingLine {
        logs: vec![control::OwnLogLine {
            log: control::LogSort::Main,
            generation: 1,
            cosigned: 812,
            cosignatures: 3,
            needed: 3,
            witnesses: 4,
            heard: 4,
            lost: Some(control::LostLine { first: 812, last: 899, size: 900, root: "cd".repeat(32) }),
        }],
        remembered: 8,
        forks: vec![control::ForkLine {
            oin: oin.into(),
            organisatie: organisatie.into(),
            log: control::LogSort::Evaluations,
            generation: 0,
            since: "2026-11-21T09:30:00Z".into(),
            open: true,
            proof: "01".into(),
        }],
        challenges: vec![control::ChallengeLine {
            oin: oin.into(),
            organisatie: organisatie.into(),
            log: control::LogSort::Main,
            earlier: 7,
            later: 9,
            since: "2026-11-21T09:30:00Z".into(),
        }],
    }
}

fn responses() -> Vec<Response> {
    let (oin, organisatie) = ("00000099000000000001".to_owned(), "GGZ Waalbocht".to_owned());
    let dekking = Coverage {
        actueel: 3,
        onvolledig: vec![OrganisationLine { oin: oin.clone(), organisatie: organisatie.clone() }],
        verouderd: vec![StaleLine {
            oin: oin.clone(),
            organisatie: organisatie.clone(),
            sinds: "2026-11-21T09:30:00Z".into(),
        }],
        tegenstrijdig: vec![OrganisationLine { oin: oin.clone(), organisatie: organisatie.clone() }],
    };
    let betrokken = InvolvedLine {
        oin: oin.clone(),
        organisatie,
        afdeling: None,
        contactpunt: "achterwacht, 085-0010101".into(),
        zekerheid: "zeker".into(),
        basis: vec![ReasonLine { rol: "ouder".into(), sleutel: "bsn".into() }],
        onderbouwing: None,
        sinds: Some("2026-11-21T09:30:00Z".into()),
        te_beoordelen: false,
        oordeel: None,
    };
    let oordeel = JudgementLine {
        oordeel: "ander gezin".into(),
        op: "2026-11-21".into(),
        zekerheid: "mogelijk".into(),
        afdeling: Some("team west".into()),
    };
    let returned = InvolvedLine { te_beoordelen: true, oordeel: Some(oordeel.clone()), ..betrokken.clone() };
    let signal = SignalLine {
        gezin: "G-1".into(),
        soort: "zorg".into(),
        zichtbaarheid: "zichtbaar".into(),
        grondslag: Some("jeugdwet-7.1".into()),
        gesloten: Some("de grondslag is vervallen op 2026-11-21".into()),
        afdeling: None,
        betrokken_sinds: Some("2026-01-01".into()),
        geinformeerd_op: None,
        einddatum: Some("2027-01-01".into()),
    };
    let ceremony = CeremonyLine {
        class: "bsn".into(),
        epoch: 1,
        attempt: 1,
        deadline: Some("2026-11-21T09:30:00Z".into()),
        keyholders: vec![CeremonyKeyholderLine {
            oin: oin.clone(),
            organisatie: "GGZ Waalbocht".into(),
            index: 1,
            reachable: true,
            done: Some("echo".into()),
        }],
        problems: vec!["key ceremony bsn: keyholder 2 has not sent its echo".into()],
        key_set: Some(KeySetLine {
            digest: "cd".repeat(32),
            fingerprint: "05321 60418".into(),
            threshold: 2,
        }),
        share: Some(1),
    };
    let status = StatusLine {
        phase: Phase::Running,
        messages: vec!["1 of 3 keyholders reachable, 2 needed".into()],
        oin,
        version: "0.1.0".into(),
        addresses: vec!["127.0.0.1:7310".into()],
        roster: Some(RosterLine {
            name: "Rivierenland".into(),
            network: "ab".repeat(32),
            version: 2,
            members: 9,
            newest_heard: 2,
            waiting: vec![control::WaitingRosterLine {
                version: 3,
                digest: "ef".repeat(32),
                first_seen: "2026-11-21T09:30:00Z".to_owned(),
                takes_effect: "2026-11-28T09:30:00Z".to_owned(),
                takes_effect_seconds: 1_795_858_200,
                clock_agreed: true,
                changes: vec!["members: GGZ Waalbocht becomes entitled to the BSN".to_owned()],
            }],
            conflicts: vec![control::RosterConflictLine {
                version: 2,
                held: Some("01".repeat(32)),
                others: vec!["02".repeat(32)],
                since: "2026-11-21T09:30:00Z".to_owned(),
                resolved_by: None,
            }],
            crossing: None,
        }),
        epoch: Some(1),
        entered: [("bsn".into(), 1), ("zwak".into(), 1)].into(),
        next_epoch: Some(NextEpochLine {
            epoch: 2,
            starts: "2026-11-21T09:30:00Z".into(),
            key_sets: vec!["bsn".into()],
            late: vec!["zwak".into()],
            keys_waiting: 3,
            published: false,
        }),
        key_sets: vec!["bsn".into(), "zwak".into()],
        keyholders: KeyholderLine { reachable: 1, total: 3, threshold: 2 },
        keys_waiting: 4,
        keys_evaluated: 5,
        evaluations: vec![EvaluationLine {
            epoch: 1,
            class: "zwak".into(),
            counted: 4_096,
            allowed: Some(4_100),
            spent: true,
            until: Some("2026-11-21T09:30:00Z".into()),
        }],
        two_logs: vec![TwoLogsLine {
            oin: "00000099000000000003".into(),
            organisatie: "GGZ".into(),
            proof: "84".into(),
        }],
        tags_published: 6,
        unit_matches: 9,
        review: ReviewLine { waiting: 2, oldest_days: 3 },
        published: false,
        hearing: vec![HearingLine {
            circle: "jeugd".into(),
            heard: 1,
            needed: 2,
            awaited: 0,
            restored: true,
        }],
        continued: vec![ContinuedLine {
            oin: "00000099000000000002".into(),
            organisatie: "Basisschool De Linde".into(),
            generation: 1,
        }],
        dekking: dekking.clone(),
        proofs: vec![ProofLine {
            oin: "00000099000000000002".into(),
            organisatie: "Basisschool De Linde".into(),
            circle: "jeugd".into(),
            epoch: 1,
            generation: 2,
            sequence: 3,
            since: "2026-11-21T09:30:00Z".into(),
            standing: Standing::BegunAnew,
            statements: ["01".into(), "02".into()],
        }],
        clock: ClockLine { members: 3, ahead_minutes: -7, behind_own_seconds: 8 },
        roster_conflicts: 1,
        logical_bytes: 4_096,
        refused: [("bad_signatures".to_owned(), 7)].into(),
        network: [("strangers_refused".to_owned(), 8)].into(),
        connections: ConnectionLine { tcp: 9, quic: 10, relayed: 11, places: 12, carried: 13 },
        ceremonies: vec![ceremony],
        readers: ReadersLine { total: 3, behind: dekking.onvolledig.clone() },
        leaving: Some("2026-11-21T09:30:00Z".into()),
        witnessing: witnessing(),
        rights: RightsLine {
            objections_open: 1,
            oldest_objection_days: 2,
            incidents_open: 3,
            incidents_overdue: 1,
            incident_hours_left: 4,
            informing_overdue: 5,
        },
    };
    let report = ImportReport {
        added: 1,
        changed: 2,
        unchanged: 3,
        withdrawn: 4,
        untouched: 5,
        bad_rows: 6,
        kept_for_unplaced_rows: 7,
        kept_out: 8,
    };
    let objection = ObjectionLine {
        gezin: "G-1".into(),
        stand: "gegrond".into(),
        persoon: Some(2),
        gemaakt_op: Some("2026-11-20".into()),
        gegrond_op: Some("2026-11-21".into()),
    };
    let incident = IncidentLine {
        nummer: 1,
        gezin: "G-1".into(),
        oin: "00000099000000000001".into(),
        organisatie: "GGZ Waalbocht".into(),
        persoon: Some(2),
        stand: "gesloten".into(),
        geopend_op: "2026-11-20T09:30:00Z".into(),
        uiterlijk: "2026-11-23T09:30:00Z".into(),
        gesloten_op: Some("2026-11-21T09:30:00Z".into()),
        uitkomst: Some("gemeld-bij-ap".into()),
    };
    let informing = InformingLine {
        gezin: "G-1".into(),
        persoon: 2,
        rol: "ouder".into(),
        hoe: "zelf".into(),
        stand: "uitgesteld tot".into(),
        datum: Some("2027-02-01".into()),
        grond: Some("veiligheid-ander".into()),
    };
    let letter = LetterLine {
        gezin: "G-1".into(),
        organisatie: "GGZ Waalbocht".into(),
        netwerk: "Rivierenland".into(),
        contactpunt: "085-0010101".into(),
        afdeling: Some("team west".into()),
        geregistreerd_op: "2026-11-21".into(),
        einddatum: Some("2027-11-21".into()),
        grondslag: Some("artikel 7.1 Jeugdwet".into()),
        aan_jongere: false,
        ook_voor_kinderen: true,
    };
    let bad_row = BadRow {
        file: "a.csv".into(),
        line: 12,
        column: Some("rol".into()),
        reason: "expected kind, ouder, partner, verzorger or overig".into(),
    };
    let explained = |persoon: usize, rol: &str, zekerheid: Option<&str>, overeen: &[&str]| {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        ExplainedPersonLine {
            persoon,
            rol: rol.into(),
            zekerheid: zekerheid.map(str::to_owned),
            overeen: words(overeen),
            niet_bevestigd: words(&["geboortedatum", "adres"]),
            alleen_bsn: zekerheid == Some("waarschijnlijk"),
        }
    };
    let onderbouwing = ExplanationLine {
        huishouden: true,
        personen: vec![
            explained(1, "ouder", Some("waarschijnlijk"), &["burgerservicenummer"]),
            explained(3, "kind", None, &["geslachtsnaam", "voorletter"]),
        ],
    };
    let explained = InvolvedLine { onderbouwing: Some(onderbouwing), ..betrokken.clone() };
    let unit = InvolvedLine { afdeling: Some("schuldhulp".into()), ..betrokken.clone() };
    let found =
        [&betrokken, &unit, &returned].map(|one| MatchLine { gezin: "G-1".into(), betrokken: one.clone() });
    vec![
        Response::Progress(Progress { doing: "reading".into(), done: 0, total: Some(2) }),
        Response::Page(Page::Signals(vec![signal])),
        Response::Page(Page::Matches(found.to_vec())),
        Response::Page(Page::BadRows(vec![bad_row])),
        Response::Page(Page::Backup(SealedBytes::new(&[1, 2, 255]))),
        Response::Reply(Reply::Status(Box::new(status))),
        Response::Reply(Reply::Imported(report)),
        Response::Reply(Reply::Signals(1)),
        Response::Reply(Reply::Withdrawn(2)),
        Response::Reply(Reply::Renewed(1)),
        Response::Reply(Reply::Who(AnswerLine {
            gezin: "G-1".into(),
            betrokken: vec![explained],
            ander_gezin: vec![returned],
            dekking: dekking.clone(),
            proef: true,
        })),
        Response::Reply(Reply::Matches { count: 1, dekking }),
        Response::Reply(Reply::Decided(DecidedLine {
            gezin: "G-1".into(),
            oin: "00000099000000000001".into(),
            organisatie: "GGZ Waalbocht".into(),
            oordeel: Some(oordeel),
        })),
        Response::Reply(Reply::BackedUp(BackupReport {
            oin: "00000099000000000001".into(),
            made_at: "2026-11-21T09:30:00Z".into(),
            signals: 3,
            keys: 2,
            rosters: 1,
        })),
        Response::Reply(Reply::Leaving(LeaveLine {
            begun: Some("2026-11-21T09:30:00Z".into()),
            signals: 3,
            keys: vec!["its share of the keys is destroyed".into()],
            refused: false,
        })),
        Response::Reply(Reply::Stopping),
        Response::Page(Page::Rights(vec![
            RightsEntry::Objection(objection.clone()),
            RightsEntry::Incident(incident.clone()),
            RightsEntry::Informing(informing.clone()),
        ])),
        Response::Reply(Reply::Rights(RightsAnswer::Incident(incident))),
        Response::Reply(Reply::Rights(RightsAnswer::Informing(informing))),
        Response::Reply(Reply::Rights(RightsAnswer::Letter(letter))),
        Response::Reply(Reply::Rights(RightsAnswer::Report(SealedBytes::new(&[1, 2, 255])))),
        Response::Reply(Reply::Rights(RightsAnswer::Objection(objection))),
        Response::Reply(Reply::Rights(RightsAnswer::Counted(1))),
        Response::Refused(Problem::new(ProblemKind::NotNow, "the node is stopping")),
    ]
}

/// The lines, each read back to what it was.
fn lines<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(values: &[T]) -> String {
    let line = |value: &T| {
        let line = serde_json::to_string(value).unwrap();
        assert_eq!(&serde_json::from_str::<T>(&line).unwrap(), value);
        line + "\n"
    };
    values.iter().map(line).collect()
}

#[test]
fn lines_are_the_golden_ones() {
    let text = format!(
        "requests\n{}\nuploads\n{}\nresponses\n{}",
        lines(&requests()),
        lines(&uploads()),
        lines(&responses())
    );
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/lines.txt");
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, &text).unwrap();
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), text, "BLESS=1 writes {} anew", path.display());
}
