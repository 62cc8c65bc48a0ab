//! The main log as a privacy officer meets it: processes and the command line.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a panic in a test is a failing test, and a test that waits needs a clock"
)]

#[path = "process/machine.rs"]
#[expect(dead_code, reason = "shared with the tests of whole networks")]
mod machine;
#[path = "process/network.rs"]
#[expect(dead_code, reason = "shared with the tests of whole networks")]
mod network;

use std::fs;
use std::path::Path;

use machine::Machine;
use roster::{LogGeneration, OinBytes, Witnesses};
use serde_json::Value;

const HEADER: &str = "gezin;rol;burgerservicenummer;voornamen;geslachtsnaam;geboortedatum;grondslag\n";
const ANNA: &str = "ouder;111222333;Anna;Zonneveld;1980-02-03;wet\n";

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// The entries of a log that is listed, but for those that a start leaves.
fn entries(machine: &Machine, more: &[&str]) -> Vec<Value> {
    let listed = machine.ok(&[&["audit", "list", "--json"], more].concat());
    listed.lines().map(json).filter(|line| line["soort"] != "configuratie").collect()
}

/// What stands under a name, in order.
fn told(entries: &[Value], name: &str) -> Vec<String> {
    entries.iter().map(|entry| entry[name].as_str().unwrap_or_default().to_owned()).collect()
}

/// Three machines that have made their keys, and the roster that names them; the last holds no share.
fn founded() -> ([Machine; 3], roster::SignedRoster) {
    let trio = [1, 2, 3].map(Machine::new);
    for machine in &trio {
        machine.ok(&["init"]);
    }
    let roster = network::found_with(&trio, 2);
    (trio, roster)
}

#[test]
fn every_question_stands_in_the_log_with_its_result_and_whoever_reads_the_log_stands_there_too() {
    let (mut trio, roster) = founded();
    for machine in &mut trio {
        network::install(machine, &roster);
        machine.start();
    }
    let [_keyholder, ggz, mut school] = trio;
    let mine = school.write("school.csv", &format!("{HEADER}L-1;{ANNA}"));
    let theirs = ggz.write("ggz.csv", &format!("{HEADER}C-1;{ANNA}"));
    school.ok(&["import", "--wait", &mine]);
    ggz.ok(&["import", "--wait", &theirs]);
    // Status asks nobody anything, so that this leaves no questions.
    school.until("the match is logged", |_| {
        school.ok(&["audit", "list", "--kind", "match-gezien"]).lines().count() == 1
    });
    let looks = entries(&school, &["--kind", "uitvoer"]).len();
    school.ok(&["who", "L-1"]);
    assert_eq!(school.run(&["who", "L-9"]).status, 2);
    school.ok(&["match", "same", "L-1", "Organisatie 2"]);

    let all = entries(&school, &[]);
    let places: Vec<u64> = all.iter().map(|entry| entry["plaats"].as_u64().unwrap()).collect();
    assert!(places.is_sorted_by(|a, b| a < b), "{places:?}");
    let about: Vec<&Value> = all.iter().filter(|entry| entry["gezin"] == "L-1").collect();
    let kinds: Vec<&str> = about.iter().map(|entry| entry["soort"].as_str().unwrap()).collect();
    let asked = "evaluatie-gevraagd";
    assert_eq!(kinds, ["signaal-geregistreerd", asked, asked, "match-gezien", "vraag", "uitspraak"]);
    let is_founded =
        |entry: &&Value| entry["grondslag"] == "wet" && entry["kringen"].as_array().unwrap().len() == 1;
    let is_asked = |entry: &&Value| entry["soort"] == asked;
    assert!(about.iter().all(|entry| is_founded(entry) || is_asked(entry)), "{about:?}");
    let told_of = |kind| about.iter().find(|entry| entry["soort"] == kind).unwrap();
    assert_eq!(told_of("vraag")["rol"], "beheerder");
    assert_eq!(told_of("match-gezien")["rol"], "knooppunt");
    assert!(told_of("vraag")["uitkomst"].as_str().unwrap().starts_with("1 betrokken, "));
    assert_eq!(told_of("uitspraak")["uitkomst"], "zelfde gezin");
    assert_eq!(told_of("match-gezien")["organisatie"], ggz.oin());
    let refused = entries(&school, &["--kind", "weigering"]);
    assert_eq!(
        (told(&refused, "gezin"), told(&refused, "uitkomst")),
        (vec!["L-9".into()], vec!["vraag".into()])
    );
    // Each look at it is in it before anything is shown.
    assert_eq!(told(&entries(&school, &["--kind", "uitvoer"]), "uitkomst"), vec!["dit log"; looks + 3]);
    assert_eq!(entries(&school, &["--last", "1"])[0]["soort"], "uitvoer");
    let table = school.ok(&["audit", "list", "--family", "L-1"]);
    assert!(table.contains("uitkomst: 1 betrokken") && !table.contains("Zonneveld"), "{table}");

    // It goes on where it was, over a kill and without a running node.
    let before = school.ok(&["audit", "verify"]);
    assert!(before.contains("are as they were written (0 erased"), "{before}");
    school.kill();
    assert_eq!(school.run(&["who", "L-8"]).status, 2);
    assert_eq!(told(&entries(&school, &["--kind", "weigering"]), "gezin"), ["L-9", "L-8"]);
    school.start();
    assert!(school.ok(&["audit", "verify"]).contains("are as they were written"));
}

/// Copies a folder with everything in it.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else if entry.file_type().unwrap().is_file() {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn witnesses_cosign_the_log_and_an_old_folder_that_was_put_back_signs_nothing_until_governors_say_so() {
    let mut quartet = [1, 2, 3, 4].map(Machine::new);
    for machine in &quartet {
        machine.ok(&["init"]);
    }
    let roster = network::found_as(&quartet, 2, |content| {
        let members = content.members.iter().map(|member| OinBytes(member.oin)).collect();
        content.accountability.witnesses = Witnesses { needed: 3, members };
    });
    for machine in &mut quartet {
        network::install(machine, &roster);
        machine.start();
    }
    let cosigned = |machine: &Machine, by: u64| {
        machine.until("everything is cosigned", |status| {
            let log = &status["witnessing"]["logs"][0];
            log["cosignatures"] == by && log["cosigned"].as_u64() > Some(0)
        })
    };
    let status = cosigned(&quartet[3], 3);
    let log = &status["witnessing"]["logs"][0];
    assert_eq!((&log["log"], &log["needed"], &log["witnesses"]), (&"main".into(), &3.into(), &3.into()));
    let shown = quartet[3].ok(&["status"]);
    assert!(shown.contains("main log      cosigned by 3 of 3 up to entry "), "{shown}");
    assert!(quartet[3].ok(&["doctor"]).contains("the main log is cosigned by 3 of 3 witnesses"));
    let metrics = quartet[3].get("/metrics").1;
    assert!(metrics.contains("samenhang_log_cosignatures{log=\"main\"} 3\n"), "{metrics}");
    assert!(metrics.contains("\nsamenhang_log_forks 0\n"), "{metrics}");
    // An export says so to whoever has the file, and holds the log to what was cosigned.
    let out = quartet[3].write("log.jsonl", "");
    quartet[3].ok(&["audit", "export", "--out", &out, "--force"]);
    let verified = json(quartet[0].ok(&["audit", "verify", &out, "--json"]).trim());
    assert_eq!((&verified["wrong"], &verified["cosigned"]["by"]), (&Value::Null, &3.into()));
    assert_eq!(verified["cosigned"]["witnesses"], 3);
    let text = fs::read_to_string(&out).unwrap();
    let (first, rest) = text.split_once('\n').unwrap();
    let mut head = json(first);
    let note = head["meegetekend"].as_str().unwrap().to_owned();
    head["meegetekend"] = note.lines().take(5).fold(String::new(), |note, line| note + line + "\n").into();
    let uncosigned = quartet[0].write("less.jsonl", &format!("{head}\n{rest}"));
    let verified = json(quartet[0].ok(&["audit", "verify", &uncosigned, "--json"]).trim());
    assert_eq!(verified["cosigned"]["by"], 0);

    // The folder as it was is put back later.
    assert_eq!(quartet[3].terminate(), 0);
    let (data, old) = (quartet[3].data(), quartet[3].folder().join("old"));
    copy(&data, &old);
    quartet[3].start();
    for _ in 0..5 {
        quartet[3].ok(&["audit", "list", "--last", "1"]);
    }
    let before = quartet[3].until("what was done is cosigned", |status| {
        status["witnessing"]["logs"][0]["cosigned"].as_u64() > log["cosigned"].as_u64().map(|size| size + 5)
    });
    assert_eq!(quartet[3].terminate(), 0);
    fs::remove_dir_all(&data).unwrap();
    fs::rename(&old, &data).unwrap();
    quartet[3].start();
    let status =
        quartet[3].until("the loss shows", |status| !status["witnessing"]["logs"][0]["lost"].is_null());
    let lost = &status["witnessing"]["logs"][0]["lost"];
    assert!(lost["size"].as_u64() >= before["witnessing"]["logs"][0]["cosigned"].as_u64(), "{lost}");
    let messages = status["messages"].to_string();
    assert!(messages.contains("nothing of it is signed until the governors"), "{messages}");
    assert!(quartet[3].run(&["doctor"]).stdout.contains("log generation"));
    assert_ne!(quartet[3].run(&["audit", "verify"]).status, 0);
    // Governors let it go on, with what the message states.
    let root = <[u8; 32]>::try_from(hex::decode(lost["root"].as_str().unwrap()).unwrap()).unwrap();
    let next = network::changed(&roster, |content| {
        content.accountability.log_generations.push(LogGeneration {
            member: OinBytes(quartet[3].oin().parse().unwrap()),
            generation: 1,
            size: lost["size"].as_u64().unwrap(),
            root: crypto::Digest::from_bytes(root),
        });
    });
    network::install_version(&quartet[3], 2, &next);
    quartet[3].until("the log goes on", |status| {
        let log = &status["witnessing"]["logs"][0];
        log["generation"] == 1 && log["cosignatures"] == 3 && log["lost"].is_null()
    });
    let gone_on = entries(&quartet[3], &["--kind", "logboekgeneratie"]);
    assert!(gone_on[0]["uitkomst"].as_str().unwrap().starts_with("generatie 1 na verlies"), "{gone_on:?}");
    let verified = json(quartet[3].ok(&["audit", "verify", "--json"]).trim());
    assert_eq!((&verified["wrong"], &verified["cosigned"]["by"]), (&Value::Null, &3.into()));
    // A restore is not fraud: nobody is accused.
    for machine in &quartet {
        let witnessing = json(machine.ok(&["status", "--json"]).trim())["witnessing"].clone();
        assert_eq!(witnessing["forks"], Value::Array(Vec::new()));
        assert_eq!(witnessing["challenges"], Value::Array(Vec::new()));
    }
}

#[test]
fn an_export_verifies_on_another_machine_and_whatever_was_changed_is_named() {
    let ([machine, other, _third], roster) = founded();
    network::install(&machine, &roster);
    let families: String = (0..300).map(|number| format!("F-{number};{ANNA}")).collect();
    machine.ok(&["import", &machine.write("all.csv", &format!("{HEADER}{families}"))]);
    let out = machine.write("log.jsonl", "");
    let refused = machine.run(&["audit", "export", "--out", &out]);
    assert_eq!(refused.status, 2);
    assert!(refused.stderr.contains("--force"), "{}", refused.stderr);
    machine.ok(&["audit", "export", "--out", &out, "--force"]);

    // Without a node, a configuration or a passphrase.
    let verified = json(other.ok(&["audit", "verify", &out, "--json"]).trim());
    assert_eq!((&verified["oin"], &verified["wrong"]), (&machine.oin().into(), &Value::Null));
    let entries = verified["entries"].as_u64().unwrap();
    assert!(entries > 300 && verified["erased"] == 0, "{verified}");
    let key = verified["key"].as_str().unwrap();
    other.ok(&["audit", "verify", &out, "--key", key]);
    let wrong_key = other.run(&["audit", "verify", &out, "--key", &"ab".repeat(32)]);
    assert_eq!(wrong_key.status, 2);
    assert!(wrong_key.stderr.contains("another key"), "{}", wrong_key.stderr);

    let text = fs::read_to_string(&out).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let with = |place: usize, change: &dyn Fn(&mut Value)| {
        let mut line = json(lines[place + 1]);
        change(&mut line);
        let changed = line.to_string();
        let mut all = lines.clone();
        all[place + 1] = &changed;
        other.write("changed.jsonl", &(all.join("\n") + "\n"))
    };
    let names = |file: &str, place: u64| {
        let said = other.run(&["audit", "verify", file, "--json"]);
        assert_eq!(said.status, 1, "{}", said.stderr);
        assert_eq!(json(said.stdout.trim())["first_wrong"].as_u64(), Some(place), "{}", said.stdout);
    };
    let tenth = json(lines[11]);
    names(&with(200, &|line| line["gezin"] = "F-9999".into()), 200);
    names(&with(7, &|line| line["tijd"] = "2020-01-01T00:00:00Z".into()), 7);
    names(&with(7, &|line| line["gegevens"] = tenth["gegevens"].clone()), 7);
    let replaced = |line: &mut Value| {
        for name in ["regel", "blad"] {
            line[name] = tenth[name].clone();
        }
    };
    names(&with(7, &replaced), 7);
    let without: Vec<&str> = [&lines[..43], &lines[44..]].concat();
    names(&other.write("without.jsonl", &(without.join("\n") + "\n")), 42);
    let cut = other.write("cut.jsonl", &(lines[..lines.len() - 1].join("\n") + "\n"));
    names(&cut, entries - 1);
    for (rubbish, sentence) in
        [("", "is empty"), ("a;b\n1;2\n", "does not begin like a log"), (&text[..text.len() - 9], "cut off")]
    {
        let file = other.write("rubbish.jsonl", rubbish);
        let said = other.run(&["audit", "verify", &file]);
        assert_eq!(said.status, 2);
        assert!(said.stderr.contains(sentence), "{}", said.stderr);
    }

    // The other forms.
    let table = machine.write("log.csv", "");
    machine.ok(&["audit", "export", "--out", &table, "--format", "csv", "--force"]);
    let table = fs::read_to_string(table).unwrap();
    assert!(table.starts_with("plaats;tijd;soort;rol;"), "{table}");
    assert!(table.lines().any(|line| line.contains(";signaal-geregistreerd;beheerder;;F-7;;wet;")));
    let logboek = machine.write("logboek.jsonl", "");
    machine.ok(&["audit", "export", "--out", &logboek, "--format", "logboek", "--force"]);
    let objects: Vec<Value> = fs::read_to_string(logboek).unwrap().lines().map(json).collect();
    let mut registered =
        objects.iter().filter(|object| object["attributes"]["dpl.core.data_subject_id"] == "F-7");
    let registered = registered.next().unwrap();
    assert_eq!(registered["name"], "signaal-geregistreerd");
    assert_eq!(registered["status_code"], "STATUS_CODE_OK");
    assert_eq!(registered["trace_id"].as_str().unwrap().len(), 32);
    let terms =
        ["trace_id", "span_id", "status_code", "name", "start_time", "end_time", "resource", "attributes"];
    let is_known = |name: &String| terms.contains(&name.as_str());
    let names_nobody = objects.iter().all(|object| object.as_object().unwrap().keys().all(is_known));
    assert!(names_nobody, "nobody who acted is named");
}

#[test]
fn the_figures_of_a_year_hold_no_names_and_add_up() {
    let ([one, two, _third], roster) = founded();
    let mut files = Vec::new();
    let mut year = String::new();
    for (machine, families) in [(&one, 2), (&two, 20)] {
        network::install(machine, &roster);
        let rows: String = (0..families).map(|number| format!("F-{number};{ANNA}")).collect();
        machine.ok(&["import", &machine.write("all.csv", &format!("{HEADER}{rows}"))]);
        machine.ok(&["who", "F-0"]);
        let asked = entries(machine, &["--kind", "vraag"]);
        year = asked[0]["tijd"].as_str().unwrap()[..4].to_owned();
        let printed = machine.ok(&["accountability", "--year", &year, "--json"]);
        assert!(!printed.contains("F-") && !printed.contains("Zonneveld"), "{printed}");
        files.push(one.write(&format!("{families}.json"), &printed));
    }
    // No node and no configuration is needed to add up.
    let sum = json(two.ok(&["accountability", "--json", "--sum", &files[0], &files[1]]).trim());
    assert_eq!(sum["organisaties"].as_array().unwrap().len(), 2);
    let registered = &sum["aantallen"]["signalen geregistreerd"];
    assert_eq!((&registered["minst"], &registered["hoogst"]), (&21.into(), &24.into()));
    let table = one.ok(&["accountability", "--year", &year]);
    assert!(table.contains("signalen geregistreerd") && table.contains("1 tot 4"), "{table}");
    let twice = two.run(&["accountability", "--sum", &files[0], &files[0]]);
    assert_eq!(twice.status, 2);
    assert!(twice.stderr.contains("are there twice"), "{}", twice.stderr);
}

#[test]
fn retention_is_what_the_configuration_says() {
    let machine = Machine::new(1);
    let shown = json(machine.ok(&["audit", "retention", "--json"]).trim());
    assert_eq!((&shown["vraag"], &shown["uitspraak"]), (&60.into(), &60.into()));
    let file = machine.config();
    machine.configure(&format!(
        "{file}\n[audit]\nretention_months = 24\nretention_months_by_kind = {{ vraag = 12 }}\n"
    ));
    let shown = json(machine.ok(&["audit", "retention", "--json"]).trim());
    assert_eq!((&shown["vraag"], &shown["uitspraak"]), (&12.into(), &24.into()));
    machine.configure(&format!("{file}\n[audit]\nretention_months_by_kind = {{ vragen = 12 }}\n"));
    let refused = machine.run(&["audit", "retention"]);
    assert_eq!(refused.status, 2);
    assert!(
        refused.stderr.contains("no entries of kind 'vragen'; known are signaal-geregistreerd"),
        "{}",
        refused.stderr
    );
    machine.configure(&format!("{file}\n[audit]\nretention_months = 0\n"));
    let refused = machine.run(&["audit", "retention"]);
    assert!(refused.stderr.contains("kept for 1 to 240 months"), "{}", refused.stderr);
}
