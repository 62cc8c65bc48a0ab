//! A small network with answers of every sort, for the tests of what is printed and written.

use std::collections::BTreeMap;

use domain::{
    Certainty, Family, FamilyRef, LegalBasisCode, Oin, Person, Role, Signal, Timestamp, Visibility,
};
use index::{Completeness, FeedState, Involvement};
use linkage::{Basis, BasisRole, Explanation, KeyKind};
use protocol::Answer;
use roster::LegalBasis;

use super::Finding;
use crate::demo::plan::{DemoCircle, DemoOrganisation, DemoPlan};

const SCHOOL: u64 = 1;
const GGZ: u64 = 2;
const TEAM: u64 = 3;
const HOUSING: u64 = 4;

/// Four organisations; housing and adult mental health care do not read each other.
pub(in crate::demo) fn plan() -> DemoPlan {
    let ground: LegalBasisCode = "wet".parse().unwrap();
    let open = [
        ("onderwijs", "ggz"),
        ("ggz", "onderwijs"),
        ("onderwijs", "wijkteam"),
        ("wijkteam", "onderwijs"),
        ("ggz", "wijkteam"),
        ("wijkteam", "ggz"),
        ("wonen", "wijkteam"),
        ("wijkteam", "wonen"),
        ("wonen", "onderwijs"),
        ("wonen", "ggz"),
    ];
    DemoPlan {
        name: "Demonstratie Rivierenland".into(),
        threshold: 2,
        keyholders: vec![0, 2, 3],
        organisations: vec![
            organisation(SCHOOL, "school", "Basisschool De Linde", "onderwijs", 20),
            organisation(GGZ, "ggz", "GGZ Waalbocht", "ggz", 4),
            organisation(TEAM, "team", "Wijkteam Oost", "wijkteam", 3),
            organisation(HOUSING, "wonen", "Woonstichting De Brug", "wonen", 3),
        ],
        circles: vec![DemoCircle {
            name: "jeugd".into(),
            purpose: "samenwerken".into(),
            legal_bases: vec![ground.clone()],
            open: open.map(|(from, to)| (from.parse().unwrap(), to.parse().unwrap())).into(),
        }],
        legal_bases: vec![LegalBasis {
            code: ground,
            article: "artikel 1".into(),
            avg6: "6.1.e".into(),
            avg9: None,
            secrecy: None,
            consent_required: false,
            valid_until: None,
        }],
        institutions: Vec::new(),
        problems: Vec::new(),
        remarks: Vec::new(),
    }
}

fn organisation(serial: u64, file: &str, name: &str, sector: &str, families: usize) -> DemoOrganisation {
    DemoOrganisation {
        file: file.into(),
        name: name.into(),
        oin: Oin::test_number(serial).unwrap(),
        sector: sector.parse().unwrap(),
        working_area: String::new(),
        bsn_entitled: true,
        contact_point: String::new(),
        families_left_out: 0,
        rows_left_out: 0,
        signals: (0..families).map(|number| signal(number, serial, &reference(serial, number))).collect(),
    }
}

/// The references of the answers, and of families without one.
fn reference(serial: u64, number: usize) -> String {
    match (serial, number) {
        (SCHOOL, 0..14) => format!("L-{:04}", number + 1),
        (SCHOOL, 14) => "L-0099".to_owned(),
        (SCHOOL, _) => format!("L-02{:02}", number - 15),
        (GGZ, 0) => "dossier 2024/0000123 van locatie Oost".to_owned(),
        (GGZ, _) => format!("cliënt-{}", number + 1),
        (TEAM, _) => format!("WO-{}", number + 1),
        _ => format!("HC-{}", number + 1),
    }
}

/// The first family of the GGZ is shielded, the last of the wijkteam rests on nothing, the last of housing has ended.
fn signal(number: usize, serial: u64, reference: &str) -> Signal {
    let shielded = serial == GGZ && number == 0;
    Signal {
        family_ref: FamilyRef::new(reference).unwrap(),
        family: Family::new(vec![Person::new(Role::Child)], None).unwrap(),
        kind: Default::default(),
        legal_basis: (serial != TEAM || number != 2).then(|| "wet".parse().unwrap()),
        visibility: if shielded { Visibility::Shielded } else { Visibility::Visible },
        unit: None,
        contact: Default::default(),
        involved_since: None,
        informed_on: None,
        ends_on: (serial == HOUSING && number == 2).then(|| "2026-01-31".parse().unwrap()),
    }
}

/// The school hears everyone and has more families than are shown, the GGZ misses a feed, the wijkteam still works
/// on one family, and housing has one family that ended and one without an answer.
pub(in crate::demo) fn findings() -> Vec<Finding> {
    use FeedState::{Current, Incomplete, Stale};
    let child = BasisRole::Person(Role::Child);
    let parent = BasisRole::Person(Role::Parent);
    let household = (BasisRole::Family, KeyKind::Household);
    let whole = || completeness(&[(GGZ, Current), (TEAM, Current)]);
    let bsn = |other| involved(other, Certainty::Certain, &[(parent, KeyKind::Bsn)]);
    let weak = |other| involved(other, Certainty::Probable, &[household]);
    let mut school: Vec<Answer> =
        (1..=14).map(|number| answer(&format!("L-{number:04}"), vec![bsn(TEAM)], whole())).collect();
    let everything: Vec<(BasisRole, KeyKind)> = [child, parent]
        .into_iter()
        .flat_map(|role| {
            KeyKind::ALL
                .into_iter()
                .filter(|kind| !kind.is_of_household())
                .take(5)
                .map(move |kind| (role, kind))
        })
        .chain([household])
        .collect();
    school.push(answer(
        "L-0099",
        vec![
            involved(GGZ, Certainty::Possible, &[(parent, KeyKind::NameBirth)]),
            involved(TEAM, Certainty::Certain, &everything),
            weak(HOUSING),
        ],
        whole(),
    ));
    school.extend((0..5).map(|number| answer(&format!("L-02{number:02}"), vec![], whole())));
    let since = Stale(Timestamp(1_795_253_400));
    let partly = || completeness(&[(SCHOOL, Current), (HOUSING, since)]);
    let ggz = vec![
        answer("cliënt-2", vec![bsn(SCHOOL), weak(TEAM)], partly()),
        answer("dossier 2024/0000123 van locatie Oost", vec![weak(SCHOOL)], partly()),
        answer("cliënt-3", vec![], partly()),
        answer("cliënt-4", vec![], partly()),
    ];
    let mut waiting = completeness(&[(SCHOOL, Current), (GGZ, Incomplete)]);
    waiting.own_work_left();
    let team = vec![
        answer("WO-1", vec![bsn(SCHOOL)], completeness(&[(SCHOOL, Current), (GGZ, Current)])),
        answer("WO-2", vec![weak(SCHOOL)], waiting),
    ];
    let housing = vec![answer("HC-1", vec![], completeness(&[(TEAM, Current)]))];
    let findings = [school, ggz, team, housing].into_iter().enumerate();
    findings.map(|(organisation, answers)| Finding { organisation, answers }).collect()
}

pub(super) fn answer(family: &str, involved: Vec<Involvement>, completeness: Completeness) -> Answer {
    let family = FamilyRef::new(family).unwrap();
    let (set_aside, reviews, units) = (Vec::new(), BTreeMap::new(), Vec::new());
    Answer { family, trial: false, involved, set_aside, reviews, units, completeness }
}

fn involved(serial: u64, certainty: Certainty, basis: &[(BasisRole, KeyKind)]) -> Involvement {
    let basis = basis.iter().map(|(role, key)| Basis { role: *role, key: *key }).collect();
    let organisation = Oin::test_number(serial).unwrap();
    Involvement { organisation, certainty, basis, explanation: Explanation::default() }
}

pub(super) fn completeness(states: &[(u64, FeedState)]) -> Completeness {
    let mut completeness = Completeness::default();
    for (serial, state) in states {
        completeness.add(Oin::test_number(*serial).unwrap(), *state);
    }
    completeness
}
