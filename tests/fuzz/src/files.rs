//! What the program reads of people: CSV files, configurations, descriptions of networks, governors' keys.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use domain::{CalendarDate, CircleId, FamilyRef, PlainText, Timestamp};
use linkage::{DeriveOptions, HouseholdSuppression, derive};
use roster::{Governors, genesis};
use samenhang::config::{Config, Passphrase};
use samenhang::governance::{
    GovernorKeyFile, GovernorPublicKey, NetworkFile, apply, blank_content, describe,
};
use samenhang::import::{ImportRules, read_csv};
use samenhang::{decoders, demo};
use testkit::Founding;

use super::{Check, recorded};

pub(crate) const CHECKS: &[(&str, Check)] = &[
    ("csv", csv),
    ("config", config),
    ("network", network),
    ("demo", demonstration),
    ("governor-key", governor_key),
    ("governor-public", governor_public),
    ("passphrase", passphrase),
    ("csv-under-rules", csv_under_rules),
    ("network-applied", network_applied),
    ("salt", salt),
    ("departure", departure),
];

/// Good inputs, by check.
pub(crate) fn good() -> Vec<(&'static str, Vec<u8>)> {
    let csv = "gezin;rol;burgerservicenummer;voornamen;voorvoegsel;geslachtsnaam;geboortedatum;postcode;huisnummer;\
               grondslag;soort;zichtbaarheid\n\
               G-1;ouder;999990019;Anna Maria;van der;Zonneveld;1987-05-12;1234AB;12;jeugdwet-7.1;zorg;zichtbaar\n\
               G-1;kind;;Bram;;Zonneveld;2015-01-00;1234AB;12;;;\n\
               G-2;partner;;\"C.\";;\"Berg\";00-00-1990;1234 AB;13;jeugdwet-7.1;bekend;afgeschermd\n";
    let under_rules = "gezin,rol,geslachtsnaam,geboortedatum,voornamen,afdeling,grondslag,einddatum,betrokken_sinds\n\
                       G-1,ouder,Zonneveld,1987-05-12,Anna,west,test,2027-01-31,2026-01-01\n\
                       G-2,ouder,Zonneveld,1987-05-12,Anna,oost,test,,\n\
                       G-1,kind,Zonneveld,2015-01-00,Bram,,,,\n";
    let mut network = include_str!("../../../config/network.toml").to_owned();
    for (place, member) in ["101", "301", "401"].into_iter().enumerate() {
        let member = format!("00000099000000000{member}");
        network = network.replace(&member, Founding::oin(1 + place).as_str());
    }
    let departure = "{\"oin\":\"00000099000000000001\",\"network\":null,\"begun\":\"2026-11-22T08:00:00Z\",\
                     \"stage\":\"erasing\",\"ended\":null}\n";
    vec![
        ("csv", csv.as_bytes().to_vec()),
        ("csv", include_bytes!("../../../config/demo/woonstichting-de-brug.csv").to_vec()),
        ("config", include_bytes!("../../../config/member.toml").to_vec()),
        ("config", include_bytes!("../../../config/mediator.toml").to_vec()),
        ("network", include_bytes!("../../../config/network.toml").to_vec()),
        ("demo", include_bytes!("../../../config/demo/netwerk.toml").to_vec()),
        ("governor-key", governor_key_file()),
        ("governor-public", governor_public_line().into_bytes()),
        ("passphrase", b"correct horse battery\r\n".to_vec()),
        ("csv-under-rules", under_rules.as_bytes().to_vec()),
        ("network-applied", network.into_bytes()),
        ("salt", format!("argon2id 65536 3 4 {}\n", "05".repeat(16)).into_bytes()),
        ("departure", departure.as_bytes().to_vec()),
    ]
}

/// A whole file with nothing sealed in it: its hash is right, and no passphrase opens it.
fn governor_key_file() -> Vec<u8> {
    use sha2::{Digest as _, Sha256};
    let costs = [65_536_u32, 3, 4].map(u32::to_be_bytes).concat();
    let content = [b"smhgov".as_slice(), &[0, 1], &costs, &[5; 16], &[6; 32], &[7; 24], &[8; 48]].concat();
    let hash = Sha256::digest(&content);
    [content.as_slice(), hash.as_slice()].concat()
}

fn governor_public_line() -> String {
    let key = super::documents::signer();
    let public = key.verifying_key();
    let signature = key.sign("samenhang governor public key v1", public.as_bytes());
    format!("samenhang-governor-v1 {public} {}\n", hex::encode(signature.as_bytes()))
}

/// A name that stands in good inputs; no message may repeat it.
const NAME: &str = "Zonneveld";

fn csv(bytes: &[u8]) -> bool {
    let rules = ImportRules {
        bsn_entitled: true,
        known_grounds: None,
        known_units: None,
        today: Some(today()),
        held: None,
    };
    imported(bytes, &rules)
}

/// The same where the network and the organisation say what may stand there.
fn csv_under_rules(bytes: &[u8]) -> bool {
    let holds = roster::BasisStanding::Holds { trial: false };
    let grounds = BTreeMap::from([("test".parse().expect("a code"), holds)]);
    let units = BTreeSet::from([PlainText::new("unit", "west").expect("a unit")]);
    let held = BTreeSet::from([FamilyRef::new("G-1").expect("a reference")]);
    let rules = ImportRules {
        bsn_entitled: false,
        known_grounds: Some(&grounds),
        known_units: Some(&units),
        today: Some(today()),
        held: Some(&held),
    };
    imported(bytes, &rules)
}

fn today() -> CalendarDate {
    "2026-11-21".parse().expect("a date")
}

fn imported(bytes: &[u8], rules: &ImportRules<'_>) -> bool {
    let import = match read_csv("file", bytes, rules) {
        Ok(import) => import,
        Err(error) => {
            let told = error.to_string();
            assert!(!told.contains(NAME) || is_about_column(&told, bytes), "{told}");
            return false;
        }
    };
    for problem in &import.problems {
        let told = problem.to_string();
        assert!(!told.contains(NAME) && told.len() < 2_048, "{told}");
    }
    let named: BTreeSet<_> = import.signals.iter().map(|signal| &signal.family_ref).collect();
    assert_eq!(named.len(), import.signals.len(), "one signal for each family");
    assert!(named.iter().all(|family| !import.untouched.contains(*family)));
    assert!(import.problems.is_empty() == (import.untouched.is_empty() && import.unplaced_rows == 0));
    let suppressed_households = HouseholdSuppression::default();
    for signal in import.signals.iter().take(8) {
        assert!(!format!("{signal:?}").contains(NAME));
        let known = |code| rules.known_grounds.is_none_or(|known| known.contains_key(code));
        assert!(signal.legal_basis.as_ref().is_none_or(known), "no ground of the network");
        let options = DeriveOptions {
            bsn_entitled: rules.bsn_entitled,
            today: today(),
            suppressed_households: &suppressed_households,
        };
        let keys = derive(&signal.family, &options).keys().count();
        // Two surnames, two addresses, and given names told in two ways: 18 for a person, and four of the household.
        assert!(keys <= 22 * signal.family.persons().len(), "{keys} keys");
        let options = DeriveOptions { bsn_entitled: false, ..options };
        let without = derive(&signal.family, &options);
        assert!(without.keys().all(|key| key.kind().dutch() != "bsn"), "not entitled to the BSN");
    }
    !import.signals.is_empty()
}

/// Whether a message names a column that is not known. It repeats what stands there only in a first row that names columns,
/// and never a cell that looks like none.
fn is_about_column(told: &str, bytes: &[u8]) -> bool {
    let Some(cell) = told.strip_prefix("file: unknown column '") else { return false };
    let all: String = text(bytes).unwrap_or_default().to_lowercase().split_whitespace().collect();
    !cell.starts_with(&format!("{NAME}'")) || all.contains("gezin") || all.contains("rol")
}

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

fn config(bytes: &[u8]) -> bool {
    match text(bytes).map(|text| Config::parse(text, Path::new("/etc/samenhang"))) {
        Some(Ok(config)) => {
            assert!(config.socket().is_absolute() && config.roster_folder().is_absolute());
            true
        }
        Some(Err(flaws)) => {
            assert!(!flaws.is_empty() && flaws.iter().all(|flaw| !flaw.trim().is_empty()));
            false
        }
        None => false,
    }
}

fn network(bytes: &[u8]) -> bool {
    match text(bytes).map(NetworkFile::parse) {
        Some(Ok(_)) => true,
        Some(Err(flaw)) => {
            assert!(!flaw.is_empty() && !flaw.contains('\n') && !flaw.contains('\u{1b}'), "{flaw:?}");
            false
        }
        None => false,
    }
}

/// A description that is read is applied to a network, or everything that is wrong with it is told; what comes of it can be
/// founded or not, and is shown.
fn network_applied(bytes: &[u8]) -> bool {
    let Some(Ok(file)) = text(bytes).map(NetworkFile::parse) else { return false };
    let governor = super::documents::signer();
    let governors = Governors { threshold: 1, keys: vec![governor.verifying_key()] };
    let now = Timestamp(1_795_000_000);
    for highest_index in [None, Some(7)] {
        let mut content = blank_content(governors.clone(), true, now);
        content.members = recorded().founding.roster.document().members.clone();
        let mut drawn = 0;
        let draw = || {
            drawn += 1;
            CircleId::from_bytes([drawn; 16])
        };
        if let Err(flaws) = apply(&file, &mut content, highest_index, now, draw) {
            let told = flaws.to_string();
            assert!(!told.is_empty() && !told.chars().any(|c| c.is_control() && c != '\n'), "{told:?}");
            return false;
        }
        if let Ok((signed, _)) = genesis(content, &[&governor]) {
            let claimed = signed.claimed().expect("a roster that was just verified");
            let page = describe(&claimed);
            assert!(!page.chars().any(|c| c.is_control() && c != '\n'), "{page:?}");
        }
    }
    true
}

/// What stands beside a passphrase: costs that the machine can bear.
fn salt(bytes: &[u8]) -> bool {
    let Some(costs) = text(bytes).and_then(decoders::hash_costs) else { return false };
    assert!(costs.memory_kibibytes <= 4 << 20 && costs.passes <= 100 && costs.lanes <= 64, "{costs:?}");
    true
}

fn departure(bytes: &[u8]) -> bool {
    text(bytes).is_some_and(decoders::is_departure)
}

/// The files that `config/demo/` has.
const DEMO_FILES: [&str; 9] = [
    "basisschool-de-linde",
    "basisschool-het-kompas",
    "ggz-waalbocht",
    "jgz-rivierenland",
    "politie-basisteam",
    "scholengemeenschap-rivierstad",
    "veilig-thuis",
    "wijkteam-oost",
    "woonstichting-de-brug",
];

fn demonstration(bytes: &[u8]) -> bool {
    match text(bytes).map(|text| demo::parse_plan(text, &DEMO_FILES)) {
        Some(Ok(plan)) => {
            assert_eq!(plan.organisations.len(), DEMO_FILES.len());
            true
        }
        Some(Err(flaws)) => {
            assert!(!flaws.is_empty() && flaws.iter().all(|flaw| !flaw.contains('\u{1b}')), "{flaws:?}");
            false
        }
        None => false,
    }
}

fn governor_key(bytes: &[u8]) -> bool {
    let Ok(file) = GovernorKeyFile::parse(bytes, Path::new("governor.key")) else { return false };
    assert!(bytes.windows(32).any(|window| window == file.public_key().key().as_bytes()));
    true
}

fn governor_public(bytes: &[u8]) -> bool {
    let Ok(public) = GovernorPublicKey::parse(bytes, Path::new("governor.pub")) else { return false };
    let shown = String::from_utf8_lossy(bytes).to_lowercase();
    assert!(shown.contains(&public.key().to_string()));
    true
}

fn passphrase(bytes: &[u8]) -> bool {
    let Some(text) = text(bytes) else { return false };
    assert_eq!(format!("{:?}", Passphrase::new(text)), "Passphrase(redacted)");
    true
}
