//! The format as a whole: files in, signals and problems out.

use domain::{Contact, Kindcheck, SignalKind, Timestamp, Visibility};

use super::*;

const RULES: ImportRules<'static> =
    ImportRules { bsn_entitled: true, known_grounds: None, known_units: None, today: None, held: None };

fn import(text: &str) -> Import {
    read_csv("a.csv", text.as_bytes(), &RULES).unwrap()
}

fn refused(bytes: &[u8]) -> String {
    read_csv("a.csv", bytes, &RULES).unwrap_err().to_string()
}

fn told(import: &Import) -> Vec<String> {
    import.problems.iter().map(ToString::to_string).collect()
}

/// Family reference and number of persons of each signal.
fn families(import: &Import) -> Vec<(&str, usize)> {
    import.signals.iter().map(|s| (s.family_ref.as_str(), s.family.persons().len())).collect()
}

fn untouched(import: &Import) -> Vec<&str> {
    import.untouched.iter().map(FamilyRef::as_str).collect()
}

#[test]
fn rows_of_one_family_need_not_be_adjacent() {
    let import = import("gezin;rol\nG2;kind\nG1;ouder\n G2 ;ouder\n");
    assert_eq!(families(&import), [("G1", 1), ("G2", 2)]);
    assert!(import.problems.is_empty() && import.untouched.is_empty());
    assert_eq!(import.unplaced_rows, 0);
}

#[test]
fn spreadsheets_and_line_ends_of_every_sort() {
    for text in [
        "gezin;rol\nG1;kind\n",
        "\u{feff}gezin;rol\nG1;kind",
        "gezin,rol\r\nG1,kind\r\n",
        "gezin;rol\rG1;kind\r",
        "\n;\nGezin;ROL;\n;;\n\nG1;Kind;\n  \n;;;;\n",
        "\"rol\";\"gezin\"\n\"kind\";\"G1\"\n",
        "gezin;rol;geslachtsnaam\nG1;kind\n",
    ] {
        assert_eq!(families(&import(text)), [("G1", 1)], "{text:?}");
    }
}

#[test]
fn details_of_the_family_may_stand_on_any_row() {
    let text = "gezin;rol;soort;kindcheck;grondslag;zichtbaarheid;afdeling;contactpersoon;functie;telefoon;contact;\
                betrokken_sinds;geinformeerd_op;einddatum\n\
                G1;ouder;;zwanger;Jeugdwet-7.1;;Wijk Noord;;;;;2026-01-02;;\n\
                G1;partner;Zorg;ZWANGER;jeugdwet-7.1;afgeschermd;;J. Puttelaar;arts;010 123;a@b.nl;02-01-2026;\
                03-01-2026;2027-01-01\n";
    let import = import(text);
    let [signal] = import.signals.as_slice() else { panic!("{:?}", told(&import)) };
    assert_eq!(signal.kind, SignalKind::Concern);
    assert_eq!(signal.family.kindcheck(), Some(Kindcheck::Pregnant));
    assert_eq!(signal.legal_basis.as_ref().unwrap().as_str(), "jeugdwet-7.1");
    assert_eq!(signal.visibility, Visibility::Shielded);
    assert_eq!(signal.unit.as_ref().unwrap().as_str(), "Wijk Noord");
    let Contact { person, function, phone, email } = &signal.contact;
    let shown: Vec<&str> =
        [person, function, phone, email].iter().map(|text| text.as_ref().unwrap().reveal()).collect();
    assert_eq!(shown, ["J. Puttelaar", "arts", "010 123", "a@b.nl"]);
    let dates = [signal.involved_since, signal.informed_on, signal.ends_on];
    assert_eq!(dates.map(|date| date.unwrap().to_string()), ["2026-01-02", "2026-01-03", "2027-01-01"]);
}

#[test]
fn defaults_of_the_family() {
    let import = import("gezin;rol;soort\nG1;kind;\n");
    let [signal] = import.signals.as_slice() else { panic!("{:?}", told(&import)) };
    assert_eq!((signal.kind, signal.visibility), (SignalKind::Known, Visibility::Visible));
    assert!(signal.legal_basis.is_none() && signal.unit.is_none() && signal.ends_on.is_none());
}

#[test]
fn a_bad_row_leaves_its_family_and_no_other() {
    let import = import(
        "gezin;rol;geboortedatum\nG1;kind;2015-03-09\nG2;kind;2015-02-30\nG2;ouder;\nG3;kind;\nG1;oom;1980-13-01\n",
    );
    assert_eq!(families(&import), [("G3", 1)]);
    assert_eq!(untouched(&import), ["G1", "G2"]);
    assert_eq!(
        told(&import),
        [
            "a.csv, line 3, column geboortedatum: no such date; unknown parts are written 00",
            "a.csv, line 6, column rol: expected kind, ouder, partner, verzorger or overig",
            "a.csv, line 6, column geboortedatum: no such date; unknown parts are written 00",
        ]
    );
    assert_eq!(import.unplaced_rows, 0);
}

#[test]
fn lines_are_those_of_the_file() {
    for (text, line) in [
        ("gezin;rol\nG1;oom\n", 2),
        ("gezin;rol\r\nG1;kind\r\nG1;oom\r\n", 3),
        ("\u{feff}gezin;rol\r\n\r\n;\r\n\r\nG1;oom", 5),
        ("gezin;rol\rG1;kind\rG1;oom", 3),
        ("gezin;rol;geslachtsnaam\nG1;kind;\"\nZonneveld\n\"\nG1;oom;\n", 5),
        ("\n\ngezin;\"rol\n\"\nG1;oom\n", 5),
    ] {
        let import = import(text);
        assert_eq!(import.problems.iter().map(|p| p.line).collect::<Vec<_>>(), [line], "{text:?}");
    }
}

#[test]
fn contradictions_name_column_and_both_lines() {
    for (column, first, second) in [
        ("soort", "bekend", "zorg"),
        ("kindcheck", "ja", "zwanger"),
        ("grondslag", "a", "b"),
        ("zichtbaarheid", "zichtbaar", "afgeschermd"),
        ("afdeling", "Noord", "Zuid"),
        ("contactpersoon", "A", "B"),
        ("functie", "A", "B"),
        ("telefoon", "1", "2"),
        ("email", "a@b", "b@b"),
        ("betrokken_sinds", "2026-01-01", "2026-01-02"),
        ("geinformeerd_op", "2026-01-01", "2026-01-02"),
        ("einddatum", "2026-01-01", "2026-01-02"),
    ] {
        let import = import(&format!("gezin;rol;{column}\nG1;kind;{first}\nG1;ouder;\nG1;ouder;{second}\n"));
        let expected =
            format!("a.csv, line 4, column {column}: differs from line 2; the rows of one gezin must agree");
        assert_eq!(told(&import), [expected]);
        assert_eq!(untouched(&import), ["G1"]);
    }
}

#[test]
fn one_citizen_one_row() {
    for (rows, expected) in [
        ("G1;kind;111222333;Bo\nG1;kind;111222333;Bo\n", None),
        ("G1;kind;;\nG1;kind;;\n", None),
        ("G1;kind;111222333;\nG2;ouder;111222333;\n", None),
        ("G1;kind;111222333;Bo\nG1;ouder;111222333;Bo\n", Some("the same number has another role in line 2")),
        (
            "G1;kind;111222333;Bo\nG1;kind;111222333;Jo\n",
            Some("the same number has other details in line 2; one row per person"),
        ),
    ] {
        let import = import(&format!("gezin;rol;burgerservicenummer;voornamen\n{rows}"));
        let expected: Vec<String> = expected
            .iter()
            .map(|told| format!("a.csv, line 3, column burgerservicenummer: {told}"))
            .collect();
        assert_eq!(told(&import), expected);
    }
    assert_eq!(families(&import("gezin;rol\nG1;kind\nG1;kind\n")), [("G1", 2)]);
}

#[test]
fn a_family_as_a_whole_may_be_wrong() {
    let crowd = "G1;kind;;\n".repeat(60);
    let import_of = |rows: &str| import(&format!("gezin;rol;betrokken_sinds;einddatum\n{rows}G2;kind;;\n"));
    for (rows, problem) in [
        (crowd.as_str(), "a.csv, line 42, column gezin: expected one to forty persons"),
        (
            "G1;kind;2026-05-01;\nG1;ouder;;2026-04-30\n",
            "a.csv, line 3, column einddatum: lies before betrokken_sinds",
        ),
    ] {
        let import = import_of(rows);
        assert_eq!(told(&import), [problem]);
        assert_eq!(untouched(&import), ["G1"]);
        assert_eq!(families(&import), [("G2", 1)]);
    }
}

#[test]
fn rows_without_a_certain_family_are_counted() {
    for (text, problems, left, unplaced) in [
        ("gezin;rol\n;kind\nG1;kind\n", 1, vec![], 1),
        ("gezin;rol\n;oom\n", 2, vec![], 1),
        ("gezin;rol\nG1;kind;x\n", 1, vec!["G1"], 0),
        ("rol;gezin\nkind;x;G1\n", 1, vec!["x"], 1),
        ("gezin;rol;geslachtsnaam\nG1;kind;\"Zonne\nveld\"\n", 1, vec!["G1"], 1),
        ("gezin;rol\n\"G1\nG2\";kind\n", 1, vec![], 1),
    ] {
        let import = import(text);
        assert_eq!(
            (import.problems.len(), untouched(&import), import.unplaced_rows),
            (problems, left, unplaced),
            "{text}"
        );
    }
}

#[test]
fn cells_are_quoted_as_in_rfc_4180() {
    let import = import(
        "gezin;rol;geslachtsnaam\nG1;kind;\"Zonne;\"\"veld\"\"\"\nG2;kind;\"Zonne\"veld\nG3;kind;Z \"x\"\n",
    );
    assert_eq!(families(&import), [("G1", 1), ("G3", 1)]);
    let surname =
        |signal: &Signal| signal.family.persons()[0].name.surname.as_ref().unwrap().reveal().to_owned();
    assert_eq!(import.signals.iter().map(surname).collect::<Vec<_>>(), ["Zonne;\"veld\"", "Z \"x\""]);
    assert_eq!(
        told(&import),
        ["a.csv, line 3: text follows a closing quotation mark; double the marks inside a quoted cell"]
    );
}

#[test]
fn legal_bases_are_those_of_the_roster() {
    let known: BTreeMap<LegalBasisCode, BasisStanding> = [
        ("jeugdwet-7.1", BasisStanding::Holds { trial: false }),
        ("wmo-5.1", BasisStanding::Holds { trial: false }),
        ("oud", BasisStanding::Lapsed(Timestamp(1_795_000_000))),
        ("elders", BasisStanding::Closed),
        ("proef", BasisStanding::Holds { trial: true }),
    ]
    .map(|(code, standing)| (code.parse().unwrap(), standing))
    .into();
    let none = BTreeMap::new();
    for (known, cell, expected) in [
        (None, "zorgplicht", None),
        (Some(&known), "", None),
        (Some(&known), " WMO-5.1 ", None),
        (
            Some(&known),
            "jeugdwt-7.1",
            Some("the roster holds no such legal basis; did you mean 'jeugdwet-7.1'?"),
        ),
        (
            Some(&known),
            "oud",
            Some("that legal basis ended on 2026-11-18; ask the governors whether it is extended"),
        ),
        (
            Some(&known),
            "elders",
            Some(
                "no circle names that legal basis for what organisations of this sector publish; the roster says which \
                 hold",
            ),
        ),
        (
            Some(&known),
            "proef",
            Some(
                "that legal basis is for trials with synthetic families: every person has a BSN that begins with 999, or \
                 no BSN and a geslachtsnaam that begins with 'Proef'",
            ),
        ),
        (Some(&known), "zorgplicht", Some("the roster holds no such legal basis")),
        (Some(&none), "wmo-5.1", Some("the roster holds no legal basis at all; leave the column empty")),
        (
            None,
            "wmo 5.1",
            Some("expected a code of 1 to 40 letters, digits, dots, hyphens, starting with a letter"),
        ),
    ] {
        let rules = ImportRules { known_grounds: known, ..RULES };
        let text = format!("gezin;rol;grondslag\nG1;kind;{cell}\n");
        let import = read_csv("a.csv", text.as_bytes(), &rules).unwrap();
        let expected: Vec<String> =
            expected.iter().map(|told| format!("a.csv, line 2, column grondslag: {told}")).collect();
        assert_eq!(told(&import), expected);
    }
}

#[test]
fn a_row_with_the_other_separator_is_told_as_such() {
    for (text, families_read, expected) in [
        (
            "gezin;rol\nG1;kind\nG2,kind\n",
            &[("G1", 1)][..],
            Some("a.csv, line 3: separated by ',', and the header by ';'; use one of them"),
        ),
        (
            "gezin,rol,geslachtsnaam\nG1,kind,\nG2;kind;\"Zonne,veld\"\n",
            &[("G1", 1)],
            Some("a.csv, line 3: separated by ';', and the header by ','; use one of them"),
        ),
        // The other separator is a character like any in a row that is split as it should be.
        ("gezin;rol;geslachtsnaam;functie\nG,1;kind;a,b,c,d\n", &[("G,1", 1)], None),
        ("gezin,rol,geslachtsnaam\n\"G;1\",kind\n", &[("G;1", 1)], None),
    ] {
        let import = import(text);
        assert_eq!(families(&import), families_read, "{text}");
        assert_eq!(told(&import), expected.iter().map(ToString::to_string).collect::<Vec<_>>(), "{text}");
        // Of which family such a row speaks is not certain, so absence proves nothing.
        assert_eq!(import.unplaced_rows, u64::from(expected.is_some()), "{text}");
        assert!(import.untouched.is_empty());
    }
}

#[test]
fn a_cell_that_is_too_long_is_not_called_empty() {
    let long = "x".repeat(MAX_CELL_BYTES + 1);
    for (row, unplaced, also_untouched) in [(format!("{long};kind"), 1, 0), (format!("G1;{long}"), 0, 1)] {
        let import = import(&format!("gezin;rol\n{row}\nG2;kind\n"));
        assert_eq!(told(&import), ["a.csv, line 2: a cell is longer than 4096 bytes"]);
        assert_eq!((import.unplaced_rows, import.untouched.len()), (unplaced, also_untouched));
        assert_eq!(families(&import), [("G2", 1)]);
    }
}

#[test]
fn text_that_would_be_shown_in_another_order_is_refused() {
    let import = import("gezin;rol;geslachtsnaam\nG1;kind;a\u{202e}b\nG\u{2066}2;kind;\n");
    let reason = "holds an invisible character that changes the direction of text";
    assert_eq!(
        told(&import),
        [
            format!("a.csv, line 2, column geslachtsnaam: {reason}"),
            format!("a.csv, line 3, column gezin: {reason}"),
        ]
    );
}

#[test]
fn a_family_of_grown_children_is_not_taken_anew_and_may_end_by_itself() {
    let held = BTreeSet::from([FamilyRef::new("held").unwrap()]);
    let today = Some("2026-11-21".parse().unwrap());
    let rules = ImportRules { held: Some(&held), today, ..RULES };
    let text = "gezin;rol;geboortedatum;einddatum\nnew;kind;2001-05-09;\nheld;kind;2001-05-09;\n\
                past;kind;2001-05-09;2020-01-01\nlate;kind;2001-05-09;2026-12-01\n";
    let import = read_csv("a.csv", text.as_bytes(), &rules).unwrap();
    assert_eq!(families(&import), [("held", 1), ("past", 1)]);
    assert_eq!(
        told(&import),
        [
            "a.csv, line 2, column einddatum: every child is 23 or older, so that no signal can last; leave the family \
             out",
            "a.csv, line 5, column einddatum: lies past the 23rd birthday of the youngest child; a signal lasts until \
             that day at most",
        ]
    );
}

#[test]
fn a_unit_that_the_organisation_does_not_have_is_refused_with_the_nearest() {
    let units = ["wijkteam west", "schuldhulp"].map(|name| Unit::new("unit", name).unwrap());
    let known = BTreeSet::from(units);
    let rules = ImportRules { known_units: Some(&known), ..RULES };
    let text =
        "gezin;rol;afdeling\nG1;kind;wijkteam west\nG2;kind;wijkteam wets\nG3;kind;leerplicht\nG4;kind;\n";
    let import = read_csv("a.csv", text.as_bytes(), &rules).unwrap();
    let reason = "units.names in the configuration holds no such unit";
    assert_eq!(
        told(&import),
        [
            format!("a.csv, line 3, column afdeling: {reason}; did you mean 'wijkteam west'?"),
            format!("a.csv, line 4, column afdeling: {reason}"),
        ]
    );
    let taken: Vec<&str> = import.signals.iter().map(|signal| signal.family_ref.as_str()).collect();
    assert_eq!(taken, ["G1", "G4"]);
    assert_eq!(import.units.len(), 2, "the file is no list of a unit that there is not");
}

#[test]
fn the_units_a_file_names() {
    for (rows, expected) in [
        ("G1;kind;Noord\nG2;oom;Zuid\nG3;kind;\n", &[None, Some("Noord"), Some("Zuid")][..]),
        ("G1;kind;Noord\nG2;oom;\nG3;kind;N\u{7}\n", &[Some("Noord")]),
        ("", &[]),
    ] {
        let import = import(&format!("gezin;rol;afdeling\n{rows}"));
        let units: Vec<Option<&str>> =
            import.units.iter().map(|unit| unit.as_ref().map(Unit::as_str)).collect();
        assert_eq!(units, expected, "{rows}");
    }
}

#[test]
fn an_address_abroad_need_not_be_dutch() {
    let import = import(
        "gezin;rol;adressoort;postcode;huisnummer\nG1;kind;buitenland;B-1000;rue 5\nG2;kind;;B-1000;5\n",
    );
    assert_eq!(families(&import), [("G1", 1)]);
    assert!(import.signals[0].family.persons()[0].address.is_none());
    assert_eq!(untouched(&import), ["G2"]);
}

#[test]
fn previous_addresses() {
    let import =
        import("gezin;rol;vorige_postcode;vorig_huisnummer;verhuisd_op\nG1;kind;1234ab;5;01-02-2026\n");
    let previous = import.signals[0].family.persons()[0].previous.clone().unwrap();
    assert_eq!(previous.address.postcode.reveal(), "1234AB");
    assert_eq!(previous.moved_on.unwrap().to_string(), "2026-02-01");
}

#[test]
fn files_refused_as_a_whole() {
    for (bytes, expected) in [
        (&b""[..], "a.csv: empty; "),
        (b"\xef\xbb\xbf\r\n", "a.csv: empty; "),
        (b"gezin;rol\nG1;ki\xebnd\n", "a.csv: not UTF-8 in line 2 (byte 16 of the file); save it as UTF-8"),
        (b"\xef\xbb\xbfgezin\xff", "a.csv: not UTF-8 in line 1 (byte 9 of the file)"),
        (b"\xff\xfeg\0e\0", "a.csv: this is UTF-16; save it as UTF-8"),
        (b"\xfe\xff\0g\0e", "a.csv: this is UTF-16; save it as UTF-8"),
        (b"g\0e\0z\0", "a.csv: this is UTF-16; save it as UTF-8"),
        (b"\0g\0e\0z", "a.csv: this is UTF-16; save it as UTF-8"),
        (
            b"gezin,rol\nG1;kind\nG2;ouder\n",
            "a.csv: the header separates its columns by ',' and line 2 by ';'; use one of them throughout the file",
        ),
        (
            b"gezin;rol;geslachtsnaam\n\nG1,kind\n",
            "a.csv: the header separates its columns by ';' and line 3 by ','; use one of them",
        ),
        (
            b"gezin,rol,geslachtsnaam\nG1;kind;\"Zonne,veld\"\n",
            "a.csv: the header separates its columns by ',' and line 2 by ';'; use one of them",
        ),
        (b"G1;kind\n", "a.csv: no header; "),
        (b"gezin;rol,soort\n", "a.csv: the header has both ';' and ','"),
        (b"gezin\trol\n", "a.csv: the header has neither ';' nor ','"),
        (b"gezin;rol;geboortedatm\n", "a.csv: unknown column 'geboortedatm'; did you mean 'geboortedatum'?"),
        (
            b"gezin;rol;email;contact\n",
            "a.csv: column 'email' is present twice, counting its alias 'contact'",
        ),
        (b"gezin;soort\n", "a.csv: column 'rol' is missing"),
        (b"gezin;rol\nG1;\"kind\nG2;kind\n", "a.csv: the quotation mark that opens a cell in line 2"),
        (b"gezin;rol\nG1;\"kind\nG2;\"kind\"\n", "a.csv: the quotation mark that opens a cell in line 2"),
    ] {
        let told = refused(bytes);
        assert!(told.starts_with(expected), "{told}");
    }
}

#[test]
fn sizes_are_bounded() {
    let large = vec![0; usize::try_from(MAX_FILE_BYTES).unwrap() + 1];
    assert_eq!(refused(&large), "a.csv: larger than 256 MiB; split it by unit (afdeling)");
    let text = b"gezin;rol\nG1;kind\n\nG2;kind\n";
    assert_eq!(families(&read("a.csv", text, &RULES, 2).unwrap()).len(), 2);
    let refused = read("a.csv", text, &RULES, 1).unwrap_err();
    assert_eq!(refused.to_string(), "more than 2000000 rows; split it by unit (afdeling)");
}

#[test]
fn a_file_on_disk_is_named_by_its_last_part() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("school-a.csv");
    let absent = read_csv_file(&path, &RULES).unwrap_err();
    assert!(matches!(absent.flaw, FileFlaw::Unreadable(_)));
    assert!(absent.to_string().starts_with("school-a.csv: cannot be read"));
    std::fs::write(&path, "gezin;rol\nG1;oom\n").unwrap();
    let import = read_csv_file(&path, &RULES).unwrap();
    assert!(told(&import)[0].starts_with("school-a.csv, line 2, column rol: "));
}

#[test]
fn debug_of_an_import_shows_no_personal_data() {
    let import = import("gezin;rol;burgerservicenummer;geslachtsnaam\nG1;kind;111222333;Zonneveld\n");
    let shown = format!("{import:?}");
    assert!(!shown.contains("111222333") && !shown.contains("Zonneveld"), "{shown}");
}

#[test]
fn a_trial_circle_takes_families_of_which_everybody_is_made_up() {
    let known: BTreeMap<LegalBasisCode, BasisStanding> =
        BTreeMap::from([("proef".parse().unwrap(), BasisStanding::Holds { trial: true })]);
    let rules = ImportRules { known_grounds: Some(&known), ..RULES };
    let taken = |persons: &[&str]| {
        let rows: String = persons.iter().map(|person| format!("G1;{person};proef\n")).collect();
        let text = format!("gezin;rol;burgerservicenummer;geslachtsnaam;grondslag\n{rows}");
        let import = read_csv("a.csv", text.as_bytes(), &rules).unwrap();
        (import.signals.len(), import.untouched.len())
    };
    assert_eq!(taken(&["ouder;999990019;Zonneveld"]), (1, 0));
    assert_eq!(taken(&["ouder;;Proefpersoon"]), (1, 0));
    assert_eq!(taken(&["ouder;999990019;Zonneveld", "kind;;Proef"]), (1, 0));
    assert_eq!(taken(&["ouder;111222333;Proefpersoon"]), (0, 1), "a BSN that somebody may have");
    assert_eq!(taken(&["ouder;;Zonneveld"]), (0, 1));
    assert_eq!(taken(&["ouder;;"]), (0, 1));
    assert_eq!(taken(&["ouder;999990019;Zonneveld", "kind;;Zonneveld"]), (0, 1), "one of them may be real");
}
