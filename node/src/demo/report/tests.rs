use std::fs;
use std::path::Path;

use index::FeedState;

use super::sample::{answer, completeness, findings, plan};
use super::*;
use crate::import::RowProblem;

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
    assert!(
        school
            .contains("and 3 more families; --full prints all of them, --json FILE writes them for programs")
    );
    let full = report(&plan(), &findings(), Style { full: true, ..STYLE });
    assert!(full.contains("  L-0014") && !full.contains("more families;"));
    assert!(flowing(&full).contains("geboorte-adres, volle-naam-geboorte gezin: huishouden"));
}

/// The section of the wijkteam, which has as many families as there are answers.
fn section(answers: Vec<Answer>) -> String {
    section_of(plan(), answers)
}

fn section_of(mut plan: DemoPlan, answers: Vec<Answer>) -> String {
    plan.organisations[2].signals.truncate(answers.len());
    let text = report(&plan, &[Finding { organisation: 2, answers }], STYLE);
    flowing(text.split("── ").nth(3).unwrap())
}

#[test]
fn no_one_else_is_never_said_on_incomplete_data_without_saying_so() {
    let current = || completeness(&[(1, FeedState::Current)]);
    let partly = || completeness(&[(1, FeedState::Current), (2, FeedState::Incomplete)]);
    for (completenesses, told) in [
        (
            vec![current(), current()],
            "2 families, none of them known to another organisation. Completeness: 1 of 1 organisation current. \
             2 families: no one else found, with every organisation current.",
        ),
        (
            vec![partly()],
            "1 family, not found elsewhere so far. Completeness: 1 of 2 organisations current; incomplete: \
             GGZ Waalbocht. 1 family: no one else found so far, but the data are incomplete: 1 of 2 organisations \
             current.",
        ),
        (
            vec![completeness(&[])],
            "1 family, not found elsewhere so far. Completeness: no organisation publishes to this one. \
             1 family: nobody can be found, for no organisation publishes to this one.",
        ),
        (
            vec![current(), partly()],
            "2 families, none of them found elsewhere so far. Completeness differs from family to family. 1 family: \
             no one else found, with every organisation current. 1 family: no one else found so far, but the data \
             are incomplete: 1 of 2 organisations current; incomplete: GGZ Waalbocht.",
        ),
    ] {
        let families = (1..).zip(completenesses);
        let answers = families.map(|(number, held)| answer(&format!("WO-{number}"), vec![], held)).collect();
        let section = section(answers);
        assert!(section.contains(told), "{section}");
    }
}

#[test]
fn no_one_else_is_never_said_of_files_with_bad_rows_without_saying_so() {
    let current = || completeness(&[(1, FeedState::Current)]);
    let partly = || completeness(&[(1, FeedState::Current), (2, FeedState::Incomplete)]);
    let but = "(Basisschool De Linde left out 1 family with bad rows).";
    for (completenesses, told) in [
        (
            vec![current(), current()],
            "2 families, none of them found elsewhere so far. Completeness: 1 of 1 organisation current. 2 families: \
             no one else found, with every organisation current ",
        ),
        (
            vec![partly()],
            "1 family: no one else found so far, but the data are incomplete: 1 of 2 organisations current ",
        ),
    ] {
        let mut plan = plan();
        plan.organisations[0].families_left_out = 1;
        let families = (1..).zip(completenesses);
        let answers = families.map(|(number, held)| answer(&format!("WO-{number}"), vec![], held)).collect();
        let section = section_of(plan, answers);
        assert!(section.contains(&format!("{told}{but}")), "{section}");
        assert!(!section.contains("left out (bad rows)"), "{section}");
    }
}

#[test]
fn an_organisation_is_told_what_its_own_file_left_out() {
    let mut plan = plan();
    plan.organisations[2].families_left_out = 1;
    let answers = || vec![answer("WO-1", vec![], completeness(&[(1, FeedState::Current)]))];
    let own = section_of(plan.clone(), answers());
    assert!(
        own.contains("1 family, not known to another organisation. 1 family left out (bad rows)."),
        "{own}"
    );
    assert!(own.contains("1 family: no one else found, with every organisation current."), "{own}");
    let mut whole = report(&plan, &findings(), STYLE);
    assert!(!whole.contains("in the files:"));
    plan.problems.push(RowProblem { file: "team.csv".into(), line: 2, column: None, reason: "x".into() });
    whole = flowing(&report(&plan, &findings(), STYLE));
    let told = "1 problem in the files: Wijkteam Oost left out 1 family with bad rows. Nobody finds what was left out.";
    assert!(whole.contains(told), "{whole}");
    // The school hears the wijkteam; housing does too.
    let told = "with every organisation current (Wijkteam Oost left out 1 family with bad rows).";
    assert_eq!(whole.matches(told).count(), 2);
}

#[test]
fn one_and_none_read_as_sentences() {
    let current = || completeness(&[(1, FeedState::Current)]);
    let found = || findings()[2].answers[0].involved.clone();
    let answers = |involved: Vec<Vec<index::Involvement>>| -> Vec<Answer> {
        let families = (1..).zip(involved);
        families.map(|(number, held)| answer(&format!("WO-{number}"), held, current())).collect()
    };
    for (involved, told) in [
        (vec![], "No families."),
        (vec![vec![]], "1 family, not known to another organisation."),
        (vec![found()], "1 family, known elsewhere too."),
        (vec![found(), found()], "2 families, both known to other organisations too."),
        (vec![found(), vec![]], "2 families, 1 of them known to other organisations too."),
        (vec![found(), found(), found()], "3 families, all known to other organisations too."),
    ] {
        let section = section(answers(involved));
        assert!(section.contains(told), "{told}: {section}");
    }
    for (involved, told) in [
        (vec![], "hold no families. The keys"),
        (vec![], "• No family was asked about."),
        (vec![vec![]], "• The one family asked about was not found elsewhere."),
        (vec![found()], "• The one family asked about turned out to be known elsewhere too."),
        (vec![vec![], vec![]], "• Of 2 families asked about, none was found elsewhere."),
        (vec![vec![], found()], "• Of 2 families asked about, 1 turned out to be known elsewhere too."),
    ] {
        let mut plan = plan();
        plan.organisations.iter_mut().for_each(|held| held.signals.clear());
        let whole =
            flowing(&report(&plan, &[Finding { organisation: 2, answers: answers(involved) }], STYLE));
        assert!(whole.contains(told), "{told}: {whole}");
    }
    let plan = plan();
    assert!(flowing(&report(&plan, &[], STYLE)).contains("4 families, no answers."));
}

#[test]
fn a_narrow_page_puts_reasons_below() {
    let text = report(&plan(), &findings(), Style { width: 48, ..STYLE });
    let at = text.lines().position(|line| line.starts_with("  L-0099")).unwrap();
    let below = text.lines().nth(at + 1).unwrap();
    assert!(below.trim_start().starts_with("kind: bsn +4; ouder: bsn +4"), "{below}");
}

#[test]
fn a_table_that_does_not_fit_is_left_out() {
    let mut plan = plan();
    let more = plan.organisations.clone().into_iter().cycle().skip(4).take(16);
    plan.organisations.extend(more);
    for (width, shown) in [(80, false), (100, true)] {
        let text = report(&plan, &findings(), Style { width, ..STYLE });
        assert_eq!(text.contains("Who finds whom"), shown, "{width}");
        let told =
            "The table of who finds whom is left out: it needs 97 characters on a line, and there are 80.";
        assert_eq!(flowing(&text).contains(told), !shown, "{text}");
    }
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
