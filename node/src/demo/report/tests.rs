use std::fs;
use std::path::Path;

use index::FeedState;

use super::sample::{answer, completeness, findings, plan};
use super::*;

const STYLE: Style = Style { colour: false, width: 100, full: false };

fn report(plan: &DemoPlan, findings: &[Finding], style: Style) -> String {
    let mut out = Vec::new();
    write_report(plan, findings, style, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// The text with every run of blanks and line ends as one blank, to look for sentences that may be wrapped.
fn flowing(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_small_report_is_the_golden_one() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/report.txt");
    let found = report(&plan(), &findings(), STYLE);
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, &found).unwrap();
    }
    let golden = fs::read_to_string(&path).unwrap();
    assert!(found == golden, "the report differs from {}; BLESS=1 writes it anew:\n{found}", path.display());
}

#[test]
fn no_line_exceeds_the_width() {
    for width in [0, 40, 57, 80, 100, 200] {
        for full in [false, true] {
            let text = report(&plan(), &findings(), Style { width, full, ..STYLE });
            for line in text.lines() {
                assert!(text::width(line) <= width.max(MIN_WIDTH), "{width}: {line}");
                assert_eq!(line, line.trim_end());
            }
        }
    }
}

#[test]
fn colours_change_nothing_but_colours() {
    let plain = report(&plan(), &findings(), STYLE);
    assert!(!plain.contains('\u{1b}'));
    let coloured = report(&plan(), &findings(), Style { colour: true, ..STYLE });
    let mut stripped = String::new();
    for (place, piece) in coloured.split("\u{1b}[").enumerate() {
        stripped.push_str(if place == 0 { piece } else { piece.split_once('m').unwrap().1 });
    }
    let stripped: Vec<&str> = stripped.lines().map(str::trim_end).collect();
    assert_eq!(stripped.join("\n") + "\n", plain);
}

#[test]
fn a_long_section_shows_the_most_telling_and_counts_the_rest() {
    let short = report(&plan(), &findings(), STYLE);
    let school = short.split("── ").nth(1).unwrap();
    let shown = school.lines().filter(|line| line.starts_with("  L-")).count();
    assert_eq!(shown, 12);
    assert!(school.contains("  L-0099") && !school.contains("L-0014"), "{school}");
    assert!(school.contains("and 3 more families; --json FILE writes all of them"));
    let full = report(&plan(), &findings(), Style { full: true, ..STYLE });
    assert!(full.contains("  L-0014") && !full.contains("more families;"));
    assert!(flowing(&full).contains("geboorte-adres, voornaam-geboorte-wijk; gezin: huishouden"));
}

#[test]
fn no_one_else_is_never_said_on_incomplete_data_without_saying_so() {
    let all = FeedState::Current;
    for (answers, told, not_told) in [
        (
            vec![answer("A", vec![], completeness(&[(1, all)])), answer("B", vec![], completeness(&[(1, all)]))],
            "2 families: no one else found, with every organisation current.",
            "incomplete",
        ),
        (
            vec![answer("A", vec![], completeness(&[(1, all), (2, FeedState::Incomplete)]))],
            "1 family: no one else found so far, but the data are incomplete (1 of 2 organisations current; \
             incomplete: GGZ Waalbocht).",
            "with every organisation current",
        ),
        (
            vec![answer("A", vec![], completeness(&[]))],
            "1 family: nobody can be found, for no organisation publishes to this one.",
            "no one else found",
        ),
        (
            vec![
                answer("A", vec![], completeness(&[(1, all)])),
                answer("B", vec![], completeness(&[(1, FeedState::Incomplete)])),
            ],
            "1 family: no one else found, with every organisation current. 1 family: no one else found so far, but \
             the data are incomplete (0 of 1 organisation current; incomplete: Basisschool De Linde).",
            "2 families",
        ),
    ] {
        let mut plan = plan();
        plan.organisations[2].signals.truncate(answers.len());
        let text = report(&plan, &[Finding { organisation: 2, answers }], STYLE);
        let section = flowing(text.split("── ").nth(3).unwrap());
        assert!(section.contains(told), "{section}");
        assert!(!section.split("Completeness: ").last().unwrap().contains(not_told) || not_told == "2 families", "{section}");
    }
}

#[test]
fn a_narrow_page_puts_reasons_below_and_leaves_the_table_out() {
    let text = report(&plan(), &findings(), Style { width: 48, ..STYLE });
    assert!(!text.contains("Who finds whom"));
    let at = text.lines().position(|line| line.starts_with("  L-0099")).unwrap();
    let below = text.lines().nth(at + 1).unwrap();
    assert!(below.trim_start().starts_with("kind: bsn +4; ouder: bsn +4;"), "{below}");
}

#[test]
fn organisations_of_one_sector_are_told_without_it() {
    let mut plan = plan();
    for organisation in &mut plan.organisations {
        organisation.sector = "deelnemer".parse().unwrap();
    }
    let text = report(&plan, &[], STYLE);
    assert!(!text.contains("deelnemer"), "{text}");
    assert!(flowing(&text).contains("20 families, no answers. No answer yet about 20 families."), "{text}");
}
