//! Keeps the documents true where a machine can tell: the columns of the CSV format, the values and labels of the
//! protocol, links, and the sample configuration.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic in a test is a failing test")]

#[path = "threats/named.rs"]
mod named;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use domain::CalendarDate;
use named::is_test;
use protocol::Conversation;
use samenhang::demo::read_plan;

/// Shortest hexadecimal value of a document that must stand in a golden file; shorter ones are parts and examples.
const VALUE_DIGITS: usize = 32;

/// Of a hundred limits, those that name a test that fails without them.
const LIMITS_TESTED_PERCENT: usize = 80;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn text(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The files below a folder whose path the filter takes; build output and hidden folders are left out.
fn files(below: &Path, wanted: &dyn Fn(&Path) -> bool) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(below).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            found.extend(files(&path, wanted));
        } else if path.is_file() && wanted(&path) {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|found| found == extension)
}

/// The words between single backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[test]
fn the_readme_lists_exactly_the_columns_that_are_accepted() {
    let readme = text("README.md");
    let table: Vec<&str> = readme
        .lines()
        .skip_while(|line| !line.starts_with("| column |"))
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .collect();
    let listed: Vec<&str> = table.iter().flat_map(|row| quoted(row.split('|').nth(1).unwrap())).collect();
    assert_eq!(listed, samenhang::import::column_names().collect::<Vec<_>>());
}

/// Runs of hexadecimal words with only white space between them, joined: values are broken over lines and into
/// groups where that reads better.
fn hexadecimal_values(text: &str) -> BTreeSet<String> {
    let is_hexadecimal = |word: &str| word.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let mut values = BTreeSet::new();
    let mut value = String::new();
    for word in text.split_whitespace().chain(["end of text"]) {
        if is_hexadecimal(word) {
            value.push_str(word);
        } else if value.len() >= VALUE_DIGITS {
            values.insert(std::mem::take(&mut value));
        } else {
            value.clear();
        }
    }
    values
}

#[test]
fn every_value_of_the_protocol_stands_in_a_golden_file() {
    let golden = |path: &Path| {
        has_extension(path, "txt")
            && path
                .parent()
                .is_some_and(|folder| folder.ends_with("tests/golden") || folder.ends_with("tests/vectors"))
    };
    let golden: String =
        files(&root().join("crates"), &golden).iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    let values = hexadecimal_values(&text("docs/protocol.md"));
    let unknown: Vec<&String> = values.iter().filter(|value| !golden.contains(value.as_str())).collect();
    assert!(unknown.is_empty(), "in docs/protocol.md, in no golden file: {unknown:#?}");
    assert!(values.len() >= 15, "only {} values were recognised", values.len());
}

/// Labels (`samenhang … vN`) in quotation marks of one kind. Those of examples belong to tests.
fn labels(text: &str, mark: char) -> BTreeSet<String> {
    let numbered =
        |label: &str| label.rsplit_once(" v").is_some_and(|(_, version)| version.parse::<u32>().is_ok());
    let in_marks = text.split(mark).map(|part| part.split_whitespace().collect::<Vec<_>>().join(" "));
    in_marks
        .filter(|part| part.starts_with("samenhang ") && numbered(part) && !part.contains("example"))
        .collect()
}

#[test]
fn the_protocol_names_every_label_of_the_code_and_no_other() {
    let sources =
        |path: &Path| has_extension(path, "rs") && path.components().any(|part| part.as_os_str() == "src");
    let in_code: BTreeSet<String> = files(&root().join("crates"), &sources)
        .iter()
        .flat_map(|path| labels(&fs::read_to_string(path).unwrap(), '"'))
        .collect();
    assert!(!in_code.is_empty());
    assert_eq!(labels(&text("docs/protocol.md"), '`'), in_code);
}

#[test]
fn the_protocol_lists_every_conversation_with_its_longest_frame() {
    let page = text("docs/protocol.md");
    for conversation in Conversation::ALL {
        let name = conversation.protocol_name();
        let row = page.lines().find(|line| line.starts_with(&format!("| `{name}` |")));
        let row = row.unwrap_or_else(|| panic!("docs/protocol.md does not list {name}"));
        let shown = |bytes: usize| match (bytes / 1024, bytes % 1024) {
            (kibibytes, 0) if kibibytes % 1024 == 0 => format!("{} MiB", kibibytes / 1024),
            (kibibytes, 0) => format!("{kibibytes} KiB"),
            _ => format!("{bytes} bytes"),
        };
        let bound = format!(
            "| {} | {} |",
            shown(conversation.max_request_bytes()),
            shown(conversation.max_response_bytes())
        );
        assert!(row.ends_with(&bound), "{name}: {bound}");
    }
}

/// The anchors that a page offers: its headings in small letters, blanks as hyphens, other marks dropped.
fn anchors(page: &str) -> BTreeSet<String> {
    let heading = |line: &str| {
        Some(line.trim_start_matches('#').trim().to_lowercase()).filter(|_| line.starts_with('#'))
    };
    let kept = |letter: &char| letter.is_alphanumeric() || matches!(letter, '-' | '_' | ' ');
    page.lines()
        .filter_map(heading)
        .map(|title| title.chars().filter(kept).collect::<String>().replace(' ', "-"))
        .collect()
}

#[test]
fn every_relative_link_leads_somewhere() {
    let mut followed = 0;
    for page in files(&root(), &|path| has_extension(path, "md")) {
        let content = fs::read_to_string(&page).unwrap();
        for link in content.split("](").skip(1) {
            // A long address may be broken over two lines by whoever wraps the text.
            let target: String = link.split(')').next().unwrap().split_whitespace().collect();
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let (path, anchor) = target.split_once('#').unwrap_or((&target, ""));
            let file = if path.is_empty() { page.clone() } else { page.parent().unwrap().join(path) };
            assert!(file.exists(), "{}: no {target}", page.display());
            if !anchor.is_empty() {
                let offered = anchors(&fs::read_to_string(&file).unwrap());
                assert!(offered.contains(anchor), "{}: no {target} among {offered:?}", page.display());
            }
            followed += 1;
        }
    }
    assert!(followed >= 30, "only {followed} links were recognised");
}

#[test]
fn every_decision_stands_in_the_list() {
    let list = text("docs/adr/README.md");
    let pages = files(&root().join("docs/adr"), &|path| !path.ends_with("README.md"));
    assert!(!pages.is_empty());
    for page in pages {
        let name = page.file_name().unwrap().to_string_lossy().into_owned();
        let title = fs::read_to_string(&page).unwrap().lines().next().unwrap().to_owned();
        let (number, title) = title.trim_start_matches("# ").split_once(". ").unwrap();
        let row = format!("| [{number:0>4}]({name}) | {title} |");
        assert!(list.contains(&row), "docs/adr/README.md lacks {row}");
    }
}

/// The setting that a comment shows; any other line as it is.
fn uncommented(line: &str) -> &str {
    line.strip_prefix("# ").filter(|shown| shown.starts_with("[[") || shown.contains(" = ")).unwrap_or(line)
}

fn today() -> CalendarDate {
    CalendarDate::new(2026, 11, 1).unwrap()
}

#[test]
fn what_the_sample_configuration_shows_in_comments_is_accepted_too() {
    let folder = tempfile::tempdir().unwrap();
    for file in files(&root().join("config/demo"), &|path| !has_extension(path, "md")) {
        let content = fs::read_to_string(&file).unwrap();
        let lines: Vec<&str> = content.lines().map(uncommented).collect();
        fs::write(folder.path().join(file.file_name().unwrap()), lines.join("\n")).unwrap();
    }
    assert_eq!(read_plan(folder.path(), today()).unwrap().institutions.len(), 1);
}

#[test]
fn the_sample_configuration_is_accepted_and_told_truly() {
    let folder = root().join("config/demo");
    let plan = read_plan(&folder, today()).unwrap();
    assert!(plan.problems.is_empty());
    let readme = fs::read_to_string(folder.join("README.md")).unwrap();
    for organisation in &plan.organisations {
        let cells: Vec<String> = readme
            .lines()
            .find(|line| line.starts_with(&format!("| `{}.csv` |", organisation.file)))
            .map(|line| line.split('|').map(|cell| cell.trim().to_owned()).collect())
            .unwrap_or_else(|| panic!("config/demo/README.md does not list {}", organisation.file));
        let persons: usize = organisation.signals.iter().map(|signal| signal.family.persons().len()).sum();
        assert_eq!(cells[2], organisation.sector.as_str());
        assert_eq!(cells[3], organisation.signals.len().to_string(), "families of {}", organisation.file);
        assert_eq!(cells[4], persons.to_string(), "rows of {}", organisation.file);
    }
}

/// A limit as its page states it: name and value, the file it stands in, and the test that holds it.
struct Limit {
    name: String,
    value: String,
    file: String,
    test: String,
}

fn limits() -> Vec<Limit> {
    let page = text("docs/limits.md");
    let rows = page.lines().filter(|line| line.starts_with("| ") && line.contains("` = `"));
    rows.map(|row| {
        let cells: Vec<&str> = row.split(" |").map(|cell| cell.trim_start_matches('|').trim()).collect();
        let (name, value) = cells[1].split_once(" = ").unwrap();
        let bare = |cell: &str| cell.trim_matches('`').to_owned();
        Limit { name: bare(name), value: bare(value), file: bare(cells[2]), test: bare(cells[5]) }
    })
    .collect()
}

#[test]
fn the_limits_are_those_of_the_code() {
    let limits = limits();
    assert!(limits.len() >= 100, "only {} limits were recognised", limits.len());
    for Limit { name, value, file, .. } in &limits {
        let source = text(file);
        // A constant, or the default of a field. Values are compared without the blanks of their layout.
        let squeezed = |text: &str| text.split_whitespace().collect::<String>();
        let constant = source.lines().any(|line| {
            let stated = line.split_once("const ").map(|(_, stated)| stated);
            stated.and_then(|stated| stated.split_once(':')).is_some_and(|(found, rest)| {
                found == name
                    && rest.split_once('=').is_some_and(|(_, is)| squeezed(is) == squeezed(value) + ";")
            })
        });
        let field = source.lines().any(|line| line.trim() == format!("{name}: {value},"));
        assert!(constant || field, "docs/limits.md: {name} is not {value} in {file}");
    }
}

#[test]
fn the_tests_of_the_limits_exist() {
    let wanted = |path: &Path| has_extension(path, "rs");
    let code: String = files(&root(), &wanted).iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    let limits = limits();
    let tests: Vec<&str> =
        limits.iter().map(|limit| limit.test.as_str()).filter(|test| !test.is_empty()).collect();
    for test in &tests {
        assert!(is_test(&code, test, false), "docs/limits.md names {test}, which is no test that runs");
    }
    let named = tests.len() * 100 / limits.len();
    assert!(named >= LIMITS_TESTED_PERCENT, "only {named}% of the limits name a test");
}

#[test]
fn every_limit_of_the_network_is_listed() {
    let listed: BTreeSet<(String, String)> =
        limits().into_iter().map(|limit| (limit.file, limit.name)).collect();
    for path in files(&root().join("crates/network/src"), &|path| has_extension(path, "rs")) {
        let file = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
        for line in fs::read_to_string(&path).unwrap().lines() {
            let name = line.split_once("const ").and_then(|(_, stated)| stated.split_once(": "));
            let Some((name, _)) = name.filter(|(name, _)| name.starts_with("MAX_")) else { continue };
            assert!(
                listed.contains(&(file.clone(), name.to_owned())),
                "docs/limits.md does not list {name} of {file}"
            );
        }
    }
}
