//! The package: what it takes exists, and what its units say is true of the program.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic in a test is a failing test")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use samenhang::config::Config;
use samenhang::exit::Exit;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The values of a key in a unit, in order.
fn values<'a>(unit: &'a str, key: &str) -> Vec<&'a str> {
    unit.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix('=')).collect()
}

/// What the program says of a command; `None` when it has no such command.
fn help(command: &str) -> Option<String> {
    let output = Command::new(env!("CARGO_BIN_EXE_samenhang")).args([command, "--help"]).output().unwrap();
    output.status.success().then(|| String::from_utf8(output.stdout).unwrap())
}

/// The options in a command line exist.
fn options_exist(command_line: &str) {
    let words: Vec<&str> = command_line.split_whitespace().collect();
    assert_eq!(words[0], "/usr/bin/samenhang", "{command_line}");
    let help = help(words[1]).unwrap_or_else(|| panic!("no command {}", words[1]));
    for option in words.iter().filter(|word| word.starts_with("--")) {
        assert!(help.contains(option), "{} has no {option}: {help}", words[1]);
    }
}

fn manifest() -> toml::Table {
    let manifest: toml::Table = toml::from_str(&text("node/Cargo.toml")).unwrap();
    manifest["package"]["metadata"]["deb"].as_table().unwrap().clone()
}

#[test]
fn everything_that_the_package_takes_is_there() {
    let deb = manifest();
    let mut installed = Vec::new();
    for asset in deb["assets"].as_array().unwrap() {
        let part = |at: usize| asset[at].as_str().unwrap();
        let (from, to, mode) = (part(0), part(1), part(2));
        installed.push((
            to.to_owned() + if to.ends_with('/') { from.rsplit('/').next().unwrap() } else { "" },
            mode,
        ));
        // Made by the build.
        if from.starts_with("target/") || from.starts_with("../target/package/") {
            continue;
        }
        let path = root().join("node").join(from);
        let (folder, name) = (path.parent().unwrap(), path.file_name().unwrap().to_str().unwrap());
        match name.strip_prefix('*') {
            Some(ending) => {
                let found = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
                assert!(found.into_iter().any(|name| name.to_str().unwrap().ends_with(ending)), "{from}");
            }
            None => assert!(path.is_file(), "{from}"),
        }
        let executable = path.is_file() && fs::metadata(&path).unwrap().permissions().mode() & 0o111 != 0;
        assert_eq!(executable, mode == "755", "{from} has another mode in the package");
    }
    for wanted in ["usr/bin/samenhang", "usr/lib/samenhang/backup"] {
        assert!(
            installed.iter().any(|(path, mode)| path == wanted && *mode == "755"),
            "{wanted}: {installed:?}"
        );
    }
    for file in deb["conf-files"].as_array().unwrap() {
        let path = file.as_str().unwrap().trim_start_matches('/');
        assert!(installed.iter().any(|(held, mode)| held == path && *mode == "640"), "{path}: {installed:?}");
    }
    for script in ["postinst", "prerm", "postrm"] {
        let path = root().join("config/packaging/maintainer").join(script);
        assert!(Command::new("sh").arg("-n").arg(&path).status().unwrap().success(), "{script}");
        assert!(fs::read_to_string(path).unwrap().contains("\nset -e\n"), "{script} goes on after a failure");
    }
}

#[test]
fn the_unit_says_what_is_true_of_the_program() {
    let unit = text("config/packaging/samenhang.service");
    let [start] = values(&unit, "ExecStart")[..] else { panic!("one ExecStart") };
    options_exist(start);
    assert!(start.ends_with(samenhang::config::DEFAULT_FILE), "{start}");
    assert_eq!(values(&unit, "Type"), ["notify"]);
    // Who could not start must not be restarted, who failed while running must be.
    let unstartable = values(&unit, "RestartPreventExitStatus");
    let status = |exit: Exit| format!("{:?}", ExitCode::from(exit));
    assert_eq!(unstartable, ["2"]);
    assert_eq!(status(Exit::Failed), format!("{:?}", ExitCode::from(2)));
    assert_ne!(status(Exit::Broken), status(Exit::Failed));
    assert_eq!(values(&unit, "Restart"), ["on-failure"]);
    // The state folder of the unit is the data folder of the configuration.
    let sample = text("config/packaging/node.toml");
    let [state] = values(&unit, "StateDirectory")[..] else { panic!("one StateDirectory") };
    assert!(sample.contains(&format!("data_folder = \"/var/lib/{state}\"")));
    let [credential] = values(&unit, "LoadCredential")[..] else { panic!("one LoadCredential") };
    let file = credential.strip_prefix("passphrase:").unwrap();
    assert!(sample.contains(&format!("passphrase_file = \"{file}\"")));
}

#[test]
fn the_backup_unit_says_what_is_true_of_the_program() {
    let unit = text("config/packaging/samenhang-backup.service");
    assert_eq!(values(&unit, "ExecStart"), ["/usr/lib/samenhang/backup"]);
    assert!(text("config/packaging/samenhang-backup.timer").contains("\nOnCalendar="));
    let script = text("config/packaging/backup");
    assert!(
        Command::new("sh")
            .args(["-n"])
            .arg(root().join("config/packaging/backup"))
            .status()
            .unwrap()
            .success()
    );
    let line = script.lines().find(|line| line.starts_with("/usr/bin/samenhang ")).unwrap();
    options_exist(line);
}

#[test]
fn both_units_are_hardened() {
    for name in ["samenhang", "samenhang-backup"] {
        let unit = text(&format!("config/packaging/{name}.service"));
        for line in [
            "CapabilityBoundingSet=",
            "LimitCORE=0",
            "MemoryDenyWriteExecute=yes",
            "NoNewPrivileges=yes",
            "PrivateTmp=yes",
            "ProtectSystem=strict",
            "SystemCallFilter=@system-service",
            "UMask=0077",
            "User=samenhang",
        ] {
            assert!(unit.lines().any(|found| found == line), "{name} lacks {line}");
        }
    }
}

/// Shipped, it is refused with what is to be filled in; filled in, it is right.
#[test]
fn the_configuration_that_the_package_installs_only_lacks_what_nobody_else_knows() {
    let sample = text("config/packaging/node.toml");
    let flaws = Config::parse(&sample, Path::new("/etc/samenhang")).unwrap_err();
    let keys: Vec<&str> = flaws.iter().map(|flaw| flaw.split(':').next().unwrap()).collect();
    let organisation = ["oin", "sector", "name", "working_area", "contact_point"];
    let mut lacking = organisation.map(|key| format!("organisation.{key}")).to_vec();
    lacking.push("node.advertise".to_owned());
    assert_eq!(keys, lacking, "a node that listens says where others reach it");
    let mut filled = sample.replace("oin = \"\"", "oin = \"00000099000000000101\"");
    for key in organisation {
        filled = filled.replace(&format!("\n{key} = \"\""), &format!("\n{key} = \"onderwijs\""));
    }
    let filled = filled.replace("\n# advertise = ", "\nadvertise = ");
    let config = Config::parse(&filled, Path::new("/etc/samenhang")).unwrap();
    assert_eq!(config.advertise.len(), 1);
    assert_eq!(config.data_folder, Path::new("/var/lib/samenhang"));
}

#[test]
fn the_container_runs_the_program_as_nobody_in_particular() {
    let file = text("config/packaging/Containerfile");
    let words = |key: &str| -> Vec<String> {
        let line = file.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_else(|| panic!("no {key}"));
        line.split(['[', ']', ',', ' ', '"']).filter(|word| !word.is_empty()).map(str::to_owned).collect()
    };
    assert_eq!(words("ENTRYPOINT "), ["/usr/bin/samenhang"]);
    assert!(help(&words("CMD ")[0]).is_some());
    let health = words("HEALTHCHECK ");
    assert!(help(health.last().unwrap()).is_some(), "{health:?}");
    let last_stage = file.rsplit("\nFROM ").next().unwrap();
    assert!(
        last_stage.starts_with("gcr.io/distroless/") && last_stage.contains("\nUSER 65532"),
        "{last_stage}"
    );
    assert!(!last_stage.contains("\nRUN "), "there is no shell to run anything");
    // Nothing secret goes to whoever builds.
    for hidden in [".git", "target", "**/*.key", "**/*.sealed"] {
        assert!(text(".dockerignore").lines().any(|line| line == hidden), "{hidden}");
    }
}
