//! Configurations that are read, and what is told about those that are not.

use super::*;

const WHOLE: &str = r#"
[organisation]
oin = "00000099000000000001"
name = "Basisschool De Linde"
sector = "onderwijs"
working_area = "Rivierstad"
contact_point = "intern begeleider, 085-0010100"
bsn_entitled = true

[node]
data_folder = "data"
listen = ["127.0.0.1:7310"]
advertise = ["192.0.2.10:7310"]
passphrase_file = "/etc/passphrase"

[log]
filter = "info"
format = "json"

[health]
enabled = true
listen = "127.0.0.1:0"
"#;

fn parse(text: &str) -> Result<Config, Vec<String>> {
    Config::parse(text, Path::new("/etc/samenhang"))
}

#[test]
fn paths_are_relative_to_the_file() {
    let config = parse(WHOLE).unwrap();
    assert_eq!(config.data_folder, Path::new("/etc/samenhang/data"));
    assert_eq!(config.passphrase_file.as_deref(), Some(Path::new("/etc/passphrase")));
    assert_eq!(config.socket(), Path::new("/etc/samenhang/data/control.sock"));
    assert_eq!(config.health.unwrap().to_string(), "127.0.0.1:0");
    assert_eq!(config.log_format, LogFormat::Json);
}

#[test]
fn what_may_be_left_out_has_a_default() {
    let short: String = WHOLE
        .split("[log]")
        .next()
        .unwrap()
        .lines()
        .filter(|line| !line.contains("advertise"))
        .fold(String::new(), |text, line| text + line + "\n");
    let config = parse(&short).unwrap();
    assert_eq!(config.advertise, config.listen);
    assert_eq!(config.health.unwrap().to_string(), DEFAULT_HEALTH);
    assert_eq!((config.log_filter.as_str(), config.log_format), (DEFAULT_LOG, LogFormat::Text));
    assert!(parse(&WHOLE.replace("enabled = true", "enabled = false")).unwrap().health.is_none());
    assert_eq!((config.quic, config.relay, config.relay_circuits), (true, false, 4_096));
    assert_eq!(config.store_options().cache_bytes, 32 << 20);
}

#[test]
fn how_much_of_the_database_stays_in_memory_is_a_choice() {
    let larger = WHOLE.replace("[log]", "store_cache_mebibytes = 512\n[log]");
    assert_eq!(parse(&larger).unwrap().store_options().cache_bytes, 512 << 20);
}

#[test]
fn a_node_behind_a_firewall_listens_nowhere_and_a_relay_says_so() {
    let listens = "listen = [\"127.0.0.1:7310\"]\nadvertise = [\"192.0.2.10:7310\"]";
    let config = parse(&WHOLE.replace(listens, "listen = []\nquic = false")).unwrap();
    assert!(config.listen.is_empty() && config.advertise.is_empty() && !config.quic);
    let config =
        parse(&WHOLE.replace(listens, &format!("{listens}\nrelay = true\nrelay_circuits = 9"))).unwrap();
    assert_eq!((config.relay, config.relay_circuits), (true, 9));
}

#[test]
fn every_flaw_is_told_with_what_to_do() {
    for (replaced, by, told) in [
        (
            "data_folder",
            "data_foldr",
            "line 11: unknown key 'data_foldr' in [node]; did you mean 'data_folder'?",
        ),
        ("[health]", "[helth]", "line 20: unknown key 'helth' in the file; did you mean 'health'?"),
        ("00000099000000000001", "99", "organisation.oin: OIN: expected twenty digits"),
        (
            "listen = [\"127.0.0.1:7310\"]",
            "listen = [\"localhost\"]",
            "node.listen: 'localhost' is no address",
        ),
        ("192.0.2.10:7310", "0.0.0.0:7310", "node.advertise: others cannot dial 0.0.0.0"),
        (
            "listen = [\"127.0.0.1:7310\"]\nadvertise = [\"192.0.2.10:7310\"]",
            "relay = true\nlisten = []",
            "node.relay: a relay must be dialled by others",
        ),
        (
            "advertise = [\"192.0.2.10:7310\"]",
            "advertise = []",
            "node.advertise: empty, so nobody could dial",
        ),
        ("listen = [\"127.0.0.1:7310\"]", "listen = []", "node.advertise: with listen = [] nobody can dial"),
        ("advertise", "relay_circuits = 0\nadvertise", "node.relay_circuits: 0; at least one"),
        ("advertise", "store_cache_mebibytes = 0\nadvertise", "node.store_cache_mebibytes: 1 to 1048576"),
        ("192.0.2.10:7310", "192.0.2.10:0", "node.advertise: others cannot dial 0.0.0.0"),
        ("\"json\"", "\"xml\"", "log.format: expected \"text\" or \"json\""),
        ("\"info\"", "\"a=b=c\"", "log.filter: expected"),
        ("bsn_entitled = true", "", "line 2: missing field `bsn_entitled`"),
        ("bsn_entitled = true", "bsn_entitled = \"ja\"", "line 8: invalid type"),
        ("\"Rivierstad\"", "\"\"", "organisation.working_area: text: expected text"),
    ] {
        let flaws = parse(&WHOLE.replacen(replaced, by, 1)).unwrap_err();
        assert!(flaws.iter().any(|flaw| flaw.starts_with(told)), "{told}: {flaws:?}");
    }
}

#[test]
fn all_flaws_are_told_at_once() {
    let text = WHOLE.replace("00000099000000000001", "99").replace("192.0.2.10:7310", "x");
    assert_eq!(parse(&text).unwrap_err().len(), 2);
}

#[test]
fn units_see_each_other_only_as_listed() {
    let unit = |name: &str| Some(domain::Unit::new("unit", name).unwrap());
    let units = |text: &str| parse(&format!("{WHOLE}[units]\n{text}"));
    let config = units(
        "names = [\"west\", \"schuldhulp\"]\n[[units.open]]\npublisher = \"west\"\nreaders = [\"schuldhulp\", \"\"]\n",
    )
    .unwrap();
    let matrix = &config.units.matrix;
    assert!(matrix.is_open(&unit("west"), &unit("schuldhulp")) && matrix.is_open(&unit("west"), &None));
    assert!(!matrix.is_open(&unit("schuldhulp"), &unit("west")) && !matrix.is_open(&None, &unit("west")));
    assert_eq!(config.units.names.unwrap().len(), 2);
    assert_eq!(parse(WHOLE).unwrap().units, Units::default());

    let open = |names: &str, publisher: &str, reader: &str| {
        format!("names = {names}\n[[units.open]]\npublisher = \"{publisher}\"\nreaders = [\"{reader}\"]\n")
    };
    for (text, told) in [
        (open("[\"west\"]", "west", "wset"), "units.open: units.names holds no 'wset'; did you mean 'west'?"),
        (open("[\"west\"]", "west", "west"), "units.open: 'west' cannot read itself"),
        (open("[\"west\", \"west \"]", "west", ""), "units.names: 'west' stands there twice"),
        (open("[\"\"]", "", ""), "units.names: afdeling: expected text"),
        (
            "[[units.open]]\npublisher = \"west\"\nreaders = []\n".to_owned(),
            "units.open: list all units in units.names first",
        ),
        (
            "[[units.open]]\npublisher = \"west\"\nreader = []\n".to_owned(),
            "line 26: unknown key 'reader' in [[units.open]]; did you mean 'readers'?",
        ),
    ] {
        let flaws = units(&text).unwrap_err();
        assert!(flaws.iter().any(|flaw| flaw.starts_with(told)), "{told}: {flaws:?}");
    }
}

#[test]
fn the_samples_are_right() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("config");
    for sample in ["member.toml", "keyholder.toml", "mediator.toml", "behind-firewall.toml"] {
        let config = Config::read(&folder.join(sample)).unwrap_or_else(|error| panic!("{error}"));
        assert!(config.oin.as_str().starts_with("00000099"), "{sample} shows a test number");
        assert!(config.passphrase_file.is_some(), "{sample} shows where the passphrase goes");
    }
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = Config::read(Path::new("/nowhere/node.toml")).unwrap_err();
    assert!(error.to_string().starts_with("cannot read the configuration /nowhere/node.toml; "), "{error}");
}

#[test]
fn units_are_as_many_as_the_largest_organisation_has() {
    let units = |count: usize| {
        let names: Vec<String> = (0..count).map(|n| format!("\"unit {n}\"")).collect();
        parse(&format!("{WHOLE}[units]\nnames = [{}]\n", names.join(", ")))
    };
    assert_eq!(units(500).unwrap().units.names.unwrap().len(), 500);
    let flaws = units(501).unwrap_err();
    assert!(flaws.iter().any(|flaw| flaw.to_string().contains("more than 500 units")), "{flaws:?}");
}

#[test]
fn persons_are_told_within_four_weeks_unless_something_else_is_said() {
    assert_eq!(parse(WHOLE).unwrap().accounting.inform_within_days, 28);
    let with = |days: u32| parse(&format!("{WHOLE}\n[rights]\ninform_within_days = {days}\n"));
    assert_eq!(with(14).unwrap().accounting.inform_within_days, 14);
    for days in [0, 366] {
        assert!(with(days).unwrap_err().iter().any(|flaw| flaw.contains("rights.inform_within_days")));
    }
}
