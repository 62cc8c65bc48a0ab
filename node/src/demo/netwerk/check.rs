//! Whether a `netwerk.toml` holds together and fits the files beside it. Everything wrong is told at once, so that
//! whoever writes one need not run it again for each.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use domain::{Invalid, LegalBasisCode, Oin, Sector};
use roster::{Institution, LegalBasis};

use super::{Circle, Document, Ground, Network, Participant, Residence, did_you_mean, nearest, quoted};
use crate::demo::plan::{DemoCircle, DemoOrganisation, DemoPlan, MAX_LEGAL_BASES, is_plain};

/// Fewest keyholders: with one, whoever runs it could test every BSN there is.
const MIN_KEYHOLDERS: usize = 2;

/// Most keyholders and circles, as many as a roster may list.
const MAX_KEYHOLDERS: usize = 16;
const MAX_CIRCLES: usize = 100;

pub(super) fn checked(document: Document, files: &[&str]) -> Result<DemoPlan, Vec<String>> {
    let mut flaws = Flaws::default();
    let organisations = organisations(&document.participants, files, &mut flaws);
    let keyholders = keyholders(&document.netwerk, &document.participants, &mut flaws);
    let legal_bases = legal_bases(&document.grounds, &mut flaws);
    let circles = circles(&document.circles, &document.participants, &legal_bases, &mut flaws);
    misspelt_sectors(&document.participants, &document.circles, &mut flaws);
    let institutions = institutions(&document.institutions, &mut flaws);
    let name = flaws.text("[netwerk] naam", &document.netwerk.name);
    if !flaws.0.is_empty() {
        return Err(flaws.0);
    }
    let mut plan = DemoPlan {
        name,
        threshold: document.netwerk.threshold,
        keyholders,
        organisations,
        circles,
        legal_bases,
        institutions,
        problems: Vec::new(),
        remarks: Vec::new(),
    };
    plan.remarks = isolated(&plan);
    Ok(plan)
}

fn institutions(residences: &[Residence], flaws: &mut Flaws) -> Vec<Institution> {
    let mut listed = Vec::new();
    for (residence, place) in residences.iter().zip(1..) {
        let institution = Institution {
            postcode: residence.postcode.trim().to_uppercase().replace(' ', ""),
            number: residence.number,
            letter: residence.letter.clone(),
            addition: residence.addition.clone(),
        };
        match institution.address() {
            Ok(_) => listed.push(institution),
            Err(refused) => flaws.note(format!("instelling {place}: {refused}")),
        }
    }
    listed
}

/// What is wrong, in the order of the sections.
#[derive(Default)]
struct Flaws(Vec<String>);

impl Flaws {
    fn note(&mut self, flaw: String) {
        self.0.push(flaw);
    }

    /// A text that people will see.
    fn text(&mut self, what: &str, text: &str) -> String {
        if !is_plain(text) {
            self.note(format!(
                "{what} is not 1 to 200 characters without control characters or blanks around it"
            ));
        }
        text.to_owned()
    }

    /// The same where nothing may be said.
    fn optional_text(&mut self, what: &str, text: &str) -> String {
        if text.is_empty() { String::new() } else { self.text(what, text) }
    }

    /// A value that its type may refuse.
    fn value<T: FromStr<Err = Invalid>>(&mut self, what: &str, text: &str) -> Option<T> {
        text.parse().map_err(|refused| self.note(format!("{what} = {}: {refused}", quoted(text)))).ok()
    }
}

fn organisations(participants: &[Participant], files: &[&str], flaws: &mut Flaws) -> Vec<DemoOrganisation> {
    if participants.is_empty() {
        flaws.note("there is no [[deelnemer]]; name each file and its organisation".to_owned());
        return Vec::new();
    }
    let mut by_oin: BTreeMap<Oin, &str> = BTreeMap::new();
    let mut by_file: BTreeSet<&str> = BTreeSet::new();
    let mut by_name: BTreeMap<String, &str> = BTreeMap::new();
    let mut organisations = Vec::new();
    for participant in participants {
        let file = participant.file.as_str();
        let shown = format!("deelnemer {}", quoted(file));
        if !by_file.insert(file) {
            flaws.note(format!("{shown} is listed twice"));
        } else if let Some(stem) = file.strip_suffix(".csv").filter(|stem| files.contains(stem)) {
            flaws.note(format!("{shown}: bestand is the file name without .csv; write {}", quoted(stem)));
        } else if !files.contains(&file) {
            let meant = did_you_mean(file, files.iter().copied());
            flaws.note(format!("{shown}: there is no file {}{meant}", quoted(&format!("{file}.csv"))));
        }
        let name = flaws.text(&format!("{shown}: naam"), &participant.name);
        if let Some(other) = by_name.insert(name.to_lowercase(), file).filter(|other| *other != file) {
            flaws.note(format!("{shown} has the same naam as deelnemer {}", quoted(other)));
        }
        let working_area = flaws.optional_text(&format!("{shown}: werkgebied"), &participant.working_area);
        let contact_point = flaws.optional_text(&format!("{shown}: contactpunt"), &participant.contact_point);
        let sector = flaws.value(&format!("{shown}: sector"), &participant.sector);
        let oin = flaws.value(&format!("{shown}: oin"), &participant.oin);
        if let Some(other) = oin.and_then(|oin| by_oin.insert(oin, file)) {
            flaws.note(format!("{shown} has the same oin as deelnemer {}", quoted(other)));
        }
        let (Some(oin), Some(sector)) = (oin, sector) else { continue };
        organisations.push(DemoOrganisation {
            file: file.to_owned(),
            name,
            oin,
            sector,
            working_area,
            bsn_entitled: participant.bsn_entitled,
            contact_point,
            signals: Vec::new(),
            families_left_out: 0,
            rows_left_out: 0,
        });
    }
    for file in files.iter().filter(|file| !by_file.contains(*file)) {
        flaws.note(format!(
            "the file '{file}.csv' belongs to no deelnemer; add a [[deelnemer]] with bestand = \"{file}\", or move \
             the file elsewhere"
        ));
    }
    organisations
}

/// Places of the keyholders among the deelnemers.
fn keyholders(network: &Network, participants: &[Participant], flaws: &mut Flaws) -> Vec<usize> {
    let mut places = Vec::new();
    for file in &network.keyholders {
        match participants.iter().position(|participant| participant.file == *file) {
            Some(place) if places.contains(&place) => {
                flaws.note(format!("[netwerk] sleutelhouders names {} twice", quoted(file)));
            }
            Some(place) => places.push(place),
            None => {
                let meant = did_you_mean(file, participants.iter().map(|held| held.file.as_str()));
                flaws.note(format!(
                    "[netwerk] sleutelhouders names {}, who is no deelnemer{meant}",
                    quoted(file)
                ));
            }
        }
    }
    let count = network.keyholders.len();
    let threshold = usize::from(network.threshold);
    if !(MIN_KEYHOLDERS..=MAX_KEYHOLDERS).contains(&count) {
        flaws.note(format!(
            "[netwerk] sleutelhouders names {count}; a network has {MIN_KEYHOLDERS} to {MAX_KEYHOLDERS} keyholders"
        ));
    } else if threshold * 2 <= count || threshold > count {
        flaws.note(format!(
            "[netwerk] drempel = {threshold} with {count} sleutelhouders; it must be more than half of them, {} to \
             {count}",
            count / 2 + 1
        ));
    }
    places
}

fn legal_bases(grounds: &[Ground], flaws: &mut Flaws) -> Vec<LegalBasis> {
    if grounds.is_empty() {
        flaws.note("there is no [[grondslag]]; without a legal basis nothing is published".to_owned());
    } else if grounds.len() > MAX_LEGAL_BASES {
        flaws.note(format!("{} grondslagen; a network lists {MAX_LEGAL_BASES} at most", grounds.len()));
    }
    let mut by_code = BTreeMap::new();
    for ground in grounds {
        let shown = format!("grondslag {}", quoted(&ground.code));
        let Some(code) = flaws.value::<LegalBasisCode>("[[grondslag]] code", &ground.code) else { continue };
        let basis = LegalBasis {
            code: code.clone(),
            article: flaws.text(&format!("{shown}: artikel"), &ground.article),
            avg6: flaws.text(&format!("{shown}: avg6"), &ground.avg6),
            avg9: ground.avg9.as_ref().map(|text| flaws.text(&format!("{shown}: avg9"), text)),
            secrecy: ground.secrecy.as_ref().map(|text| flaws.text(&format!("{shown}: geheimhouding"), text)),
            consent_required: ground.consent_required,
            valid_until: None,
        };
        if by_code.insert(code, basis).is_some() {
            flaws.note(format!("{shown} is listed twice"));
        }
    }
    by_code.into_values().collect()
}

fn circles(
    circles: &[Circle],
    participants: &[Participant],
    legal_bases: &[LegalBasis],
    flaws: &mut Flaws,
) -> Vec<DemoCircle> {
    if circles.is_empty() {
        flaws.note("there is no [[kring]]; without one nobody publishes to anybody".to_owned());
    } else if circles.len() > MAX_CIRCLES {
        flaws.note(format!("{} kringen; a network has {MAX_CIRCLES} at most", circles.len()));
    }
    let codes: BTreeSet<LegalBasisCode> = legal_bases.iter().map(|basis| basis.code.clone()).collect();
    let sectors: BTreeSet<Sector> = participants.iter().filter_map(|held| held.sector.parse().ok()).collect();
    let mut names = BTreeSet::new();
    circles
        .iter()
        .map(|circle| {
            let shown = format!("kring {}", quoted(&circle.name));
            if !names.insert(&circle.name) {
                flaws.note(format!("{shown} is listed twice"));
            }
            let sector = |key: &str, code: &str, flaws: &mut Flaws| {
                let what = format!("{shown}: {key}");
                let sector: Sector = flaws.value(&what, code)?;
                if !sectors.contains(&sector) {
                    let meant = did_you_mean(code, sectors.iter().map(Sector::as_str));
                    flaws.note(format!("{what} names the sector '{sector}', which no deelnemer has{meant}"));
                }
                Some(sector)
            };
            let mut open = BTreeSet::new();
            for pair in &circle.open {
                let publisher = sector("van", &pair.publisher, flaws);
                for code in &pair.readers {
                    let reader = sector("aan", code, flaws);
                    open.extend(publisher.clone().zip(reader));
                }
            }
            DemoCircle {
                name: flaws.text(&format!("{shown}: naam"), &circle.name),
                purpose: flaws.text(&format!("{shown}: doel"), &circle.purpose),
                legal_bases: circle_grounds(circle, &shown, &codes, flaws).into_iter().collect(),
                open: open.into_iter().collect(),
            }
        })
        .collect()
}

/// Names a sector at its deelnemer too, where a kring names one that nobody has: either may be the misspelt one.
fn misspelt_sectors(participants: &[Participant], circles: &[Circle], flaws: &mut Flaws) {
    let held: BTreeSet<Sector> = participants.iter().filter_map(|held| held.sector.parse().ok()).collect();
    let open: BTreeSet<Sector> = circles
        .iter()
        .flat_map(|circle| &circle.open)
        .flat_map(|pair| std::iter::once(&pair.publisher).chain(&pair.readers))
        .filter_map(|sector| sector.parse().ok())
        .collect();
    for participant in participants {
        let Ok(sector) = participant.sector.parse::<Sector>() else { continue };
        let unheld = open.difference(&held).map(Sector::as_str);
        if let Some(meant) = nearest(sector.as_str(), unheld).filter(|_| !open.contains(&sector)) {
            flaws.note(format!(
                "deelnemer {}: sector = {}, which no kring opens; did you mean {}?",
                quoted(&participant.file),
                quoted(&participant.sector),
                quoted(meant)
            ));
        }
    }
}

/// The legal bases that a circle lists, or else all of them.
fn circle_grounds(
    circle: &Circle,
    shown: &str,
    codes: &BTreeSet<LegalBasisCode>,
    flaws: &mut Flaws,
) -> BTreeSet<LegalBasisCode> {
    let Some(listed) = &circle.grounds else { return codes.clone() };
    let what = format!("{shown}: grondslagen");
    let mut grounds = BTreeSet::new();
    for text in listed {
        let Some(code) = flaws.value::<LegalBasisCode>(&what, text) else { continue };
        if !codes.contains(&code) {
            let meant = did_you_mean(text, codes.iter().map(LegalBasisCode::as_str));
            flaws.note(format!("{what} names '{code}', which is no [[grondslag]]{meant}"));
        }
        grounds.insert(code);
    }
    grounds
}

/// Organisations that nobody reads and that read nobody: allowed, but seldom meant.
fn isolated(plan: &DemoPlan) -> Vec<String> {
    let open: BTreeSet<&str> = plan
        .circles
        .iter()
        .flat_map(|circle| &circle.open)
        .flat_map(|(publisher, reader)| [publisher.as_str(), reader.as_str()])
        .collect();
    plan.organisations
        .iter()
        .filter(|one| {
            !plan
                .organisations
                .iter()
                .any(|other| plan.publishes_to(one, other) || plan.publishes_to(other, one))
        })
        .map(|one| {
            let meant = nearest(one.sector.as_str(), open.iter().copied())
                .filter(|_| !open.contains(one.sector.as_str()))
                .map(|meant| {
                    format!(" Is its sector {} meant to be {}?", quoted(one.sector.as_str()), quoted(meant))
                })
                .unwrap_or_default();
            format!("{} is in no open pair of sectors: it finds nobody and nobody finds it.{meant}", one.name)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::netwerk::plan;

    const NETWORK: &str = r#"
[netwerk]
naam = "Proef"
drempel = 2
sleutelhouders = ["c", "a"]

[[kring]]
naam = "jeugd"
doel = "samenwerken"
open = [{ van = "zorg", aan = ["school", "zorg"] }, { van = "school", aan = ["zorg"] }]

[[kring]]
naam = "veiligheid"
doel = "veilig"
grondslagen = ["wet-b"]

[[grondslag]]
code = "wet-b"
artikel = "artikel 2"
avg6 = "6.1.e"
toestemming = true

[[grondslag]]
code = "Wet-A"
artikel = "artikel 1"
avg6 = "6.1.e"
toestemming = false

[[deelnemer]]
bestand = "c"
naam = "De C"
oin = "00000099000000000003"
sector = "Zorg"
bsn = true

[[deelnemer]]
bestand = "a"
naam = "De A"
oin = "00000099000000000001"
sector = "school"
bsn = false

[[deelnemer]]
bestand = "b"
naam = "De B"
oin = "00000099000000000002"
sector = "politie"
bsn = true
werkgebied = "hier"
"#;

    const FILES: [&str; 3] = ["a", "b", "c"];

    #[test]
    fn everything_said_stands_in_the_plan() {
        let plan = plan(NETWORK, &FILES).unwrap();
        let files: Vec<&str> = plan.organisations.iter().map(|held| held.file.as_str()).collect();
        assert_eq!((plan.name.as_str(), plan.threshold), ("Proef", 2));
        assert_eq!((files.as_slice(), plan.keyholders.as_slice()), (&["c", "a", "b"][..], &[0, 1][..]));
        let [c, a, b] = plan.organisations.as_slice() else { panic!("three organisations") };
        assert_eq!((c.sector.as_str(), a.bsn_entitled, b.working_area.as_str()), ("zorg", false, "hier"));
        assert!(plan.publishes_to(c, a) && plan.publishes_to(a, c) && !plan.publishes_to(c, b));
        let codes = |codes: &[LegalBasisCode]| codes.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(codes(&plan.circles[0].legal_bases), ["wet-a", "wet-b"]);
        assert_eq!(codes(&plan.circles[1].legal_bases), ["wet-b"]);
        assert_eq!(plan.circles[0].open.len(), 3);
        let consent: Vec<bool> = plan.legal_bases.iter().map(|basis| basis.consent_required).collect();
        assert_eq!(consent, [false, true]);
        assert_eq!(
            plan.remarks,
            ["De B is in no open pair of sectors: it finds nobody and nobody finds it."]
        );
    }

    #[test]
    fn a_contradiction_is_told_in_a_sentence() {
        for (replaced, by, told) in [
            ("bestand = \"b\"", "bestand = \"bb\"", "deelnemer 'bb': there is no file 'bb.csv'"),
            (
                "bestand = \"b\"",
                "bestand = \"b.csv\"",
                "deelnemer 'b.csv': bestand is the file name without .csv; write 'b'",
            ),
            ("bestand = \"b\"", "bestand = \"a\"", "deelnemer 'a' is listed twice"),
            ("0002\"", "0001\"", "deelnemer 'b' has the same oin as deelnemer 'a'"),
            ("0002\"", "02\"", "deelnemer 'b': oin = '000000990000000002': OIN: expected twenty digits"),
            ("\"politie\"", "\"de politie\"", "deelnemer 'b': sector = 'de politie': sector: expected"),
            ("\"De B\"", "\" De B\"", "deelnemer 'b': naam is not 1 to 200 characters"),
            ("\"hier\"", "\"\\u001b[2J\"", "deelnemer 'b': werkgebied is not 1 to 200 characters"),
            ("[\"c\", \"a\"]", "[\"c\", \"d\"]", "[netwerk] sleutelhouders names 'd', who is no deelnemer"),
            ("\"De B\"", "\"de a\"", "deelnemer 'b' has the same naam as deelnemer 'a'"),
            (
                "sector = \"school\"",
                "sector = \"scool\"",
                "kring 'jeugd': aan names the sector 'school', which no deelnemer has; did you mean 'scool'?",
            ),
            (
                "sector = \"school\"",
                "sector = \"scool\"",
                "deelnemer 'a': sector = 'scool', which no kring opens; did you mean 'school'?",
            ),
            ("[\"c\", \"a\"]", "[\"c\", \"c\"]", "[netwerk] sleutelhouders names 'c' twice"),
            (
                "[\"c\", \"a\"]",
                "[\"c\"]",
                "[netwerk] sleutelhouders names 1; a network has 2 to 16 keyholders",
            ),
            (
                "drempel = 2",
                "drempel = 1",
                "[netwerk] drempel = 1 with 2 sleutelhouders; it must be more than half of them, 2 to 2",
            ),
            ("drempel = 2", "drempel = 3", "[netwerk] drempel = 3 with 2 sleutelhouders; it must"),
            ("\"Wet-A\"", "\"wet-b\"", "grondslag 'wet-b' is listed twice"),
            ("\"Wet-A\"", "\"7\"", "[[grondslag]] code = '7': grondslag: expected"),
            (
                "[\"wet-b\"]",
                "[\"wet-c\"]",
                "kring 'veiligheid': grondslagen names 'wet-c', which is no [[grondslag]]; did you mean",
            ),
            ("naam = \"veiligheid\"", "naam = \"jeugd\"", "kring 'jeugd' is listed twice"),
            (
                "\"school\", \"zorg\"]",
                "\"scool\"]",
                "kring 'jeugd': aan names the sector 'scool', which no deelnemer has; did you mean 'school'?",
            ),
            ("van = \"school\"", "van = \"x y\"", "kring 'jeugd': van = 'x y': sector: expected"),
        ] {
            assert!(NETWORK.contains(replaced), "{replaced}");
            let flaws = plan(&NETWORK.replacen(replaced, by, 1), &FILES).unwrap_err();
            assert!(flaws.iter().any(|flaw| flaw.starts_with(told)), "{told}: {flaws:?}");
        }
    }

    #[test]
    fn a_lone_sector_that_is_like_another_is_remarked() {
        let lone = NETWORK.replacen("\"politie\"", "\"scholl\"", 1);
        assert_eq!(
            plan(&lone, &FILES).unwrap().remarks,
            [
                "De B is in no open pair of sectors: it finds nobody and nobody finds it. Is its sector 'scholl' meant to \
              be 'school'?"
            ]
        );
        // Unlike what no deelnemer has, a sector of its own is no flaw where nothing like it is missing.
        assert!(plan(NETWORK, &FILES).is_ok());
    }

    #[test]
    fn a_file_of_nobody_is_refused() {
        let flaws = plan(NETWORK, &["a", "b", "c", "d"]).unwrap_err();
        assert_eq!(
            flaws,
            [
                "the file 'd.csv' belongs to no deelnemer; add a [[deelnemer]] with bestand = \"d\", or move the file \
             elsewhere"
            ]
        );
    }

    #[test]
    fn missing_sections_are_told_together() {
        let flaws = plan("[netwerk]\nnaam = \"x\"\ndrempel = 2\nsleutelhouders = []\n", &[]).unwrap_err();
        for (flaw, told) in flaws.iter().zip([
            "there is no [[deelnemer]]",
            "[netwerk] sleutel",
            "there is no [[grondslag]]",
            "there is no [[kring]]",
        ]) {
            assert!(flaw.starts_with(told), "{flaws:?}");
        }
        assert_eq!(flaws.len(), 4);
    }
}
