//! What the demonstration writes for programs: one line of JSON for each (organisatie, gezin, betrokken). The keys,
//! their order and the order of the lines are stable; scripts depend on them.

use std::io::{self, Write};

use domain::Oin;
use index::{Completeness, Involvement};
use protocol::Answer;
use serde::Serialize;

use super::plan::DemoPlan;
use super::report::Finding;

/// Sorted by its first three fields, byte by byte.
#[derive(Serialize)]
struct Match<'a> {
    organisatie: &'a str,
    gezin: &'a str,
    betrokken: String,
    zekerheid: &'static str,
    basis: Vec<Reason>,
    dekking: Coverage,
}

#[derive(Serialize)]
struct Reason {
    rol: &'static str,
    sleutel: &'static str,
}

#[derive(Serialize)]
struct Coverage {
    actueel: usize,
    onvolledig: Vec<String>,
    verouderd: Vec<Stale>,
}

#[derive(Serialize)]
struct Stale {
    organisatie: String,
    sinds: String,
}

/// Writes a line for every other organisation involved with a family, sorted, each ended by a line feed. A family
/// that nobody else knows has no line. Organisations go by their file name without `.csv`.
///
/// # Errors
/// When `out` cannot be written.
pub(super) fn write_json(plan: &DemoPlan, findings: &[Finding], out: &mut impl Write) -> io::Result<()> {
    let mut matches: Vec<Match<'_>> = Vec::new();
    for finding in findings {
        let Some(organisation) = plan.organisations.get(finding.organisation) else { continue };
        for answer in &finding.answers {
            matches
                .extend(answer.involved.iter().map(|other| found(plan, &organisation.file, answer, other)));
        }
    }
    matches
        .sort_by(|a, b| (a.organisatie, a.gezin, &a.betrokken).cmp(&(b.organisatie, b.gezin, &b.betrokken)));
    for found in &matches {
        serde_json::to_writer(&mut *out, found)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

fn found<'a>(plan: &'a DemoPlan, file: &'a str, answer: &'a Answer, other: &'a Involvement) -> Match<'a> {
    Match {
        organisatie: file,
        gezin: answer.family.as_str(),
        betrokken: file_of(plan, &other.organisation),
        zekerheid: other.certainty.dutch(),
        basis: other
            .basis
            .iter()
            .map(|basis| Reason { rol: basis.role.dutch(), sleutel: basis.key.dutch() })
            .collect(),
        dekking: coverage(plan, &answer.completeness),
    }
}

fn coverage(plan: &DemoPlan, completeness: &Completeness) -> Coverage {
    // Whoever signed two histories is incomplete too; nobody does in a demo.
    let onvolledig = completeness.incomplete().chain(completeness.two_histories());
    let mut onvolledig: Vec<String> = onvolledig.map(|oin| file_of(plan, &oin)).collect();
    onvolledig.sort_unstable();
    let mut verouderd: Vec<Stale> = completeness
        .stale()
        .map(|(oin, since)| Stale { organisatie: file_of(plan, &oin), sinds: since.to_string() })
        .collect();
    verouderd.sort_unstable_by(|a, b| a.organisatie.cmp(&b.organisatie));
    Coverage { actueel: completeness.current(), onvolledig, verouderd }
}

/// The file of an organisation; the number of one that the plan does not hold.
fn file_of(plan: &DemoPlan, oin: &Oin) -> String {
    plan.place_of(oin)
        .and_then(|place| plan.organisations.get(place))
        .map_or_else(|| oin.to_string(), |organisation| organisation.file.clone())
}

#[cfg(test)]
mod tests {
    use super::super::report::sample;
    use super::*;

    fn written(findings: &[Finding]) -> String {
        let mut out = Vec::new();
        write_json(&sample::plan(), findings, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_line_holds_these_keys_in_this_order() {
        let text = written(&sample::findings());
        let first = text.lines().next().unwrap();
        assert_eq!(
            first,
            "{\"organisatie\":\"ggz\",\"gezin\":\"cliënt-2\",\"betrokken\":\"school\",\
             \"zekerheid\":\"zeker\",\"basis\":[{\"rol\":\"ouder\",\"sleutel\":\"bsn\"}],\
             \"dekking\":{\"actueel\":1,\"onvolledig\":[],\"verouderd\":[{\"organisatie\":\"wonen\",\
             \"sinds\":\"2026-11-21T09:30:00Z\"}]}}"
        );
        assert!(text.ends_with("}\n"));
    }

    #[test]
    fn lines_are_sorted_and_families_alone_have_none() {
        let findings = sample::findings();
        let text = written(&findings);
        let keys: Vec<(String, String, String)> = text
            .lines()
            .map(|line| {
                let line: serde_json::Value = serde_json::from_str(line).unwrap();
                let text = |key: &str| line[key].as_str().unwrap().to_owned();
                (text("organisatie"), text("gezin"), text("betrokken"))
            })
            .collect();
        assert!(keys.is_sorted_by(|a, b| a < b), "{keys:?}");
        let matches = findings.iter().flat_map(|held| &held.answers).map(|answer| answer.involved.len());
        assert_eq!(keys.len(), matches.sum::<usize>());
        let mut reversed = findings;
        reversed.reverse();
        assert_eq!(written(&reversed), text);
        assert_eq!(written(&[]), "");
    }
}
