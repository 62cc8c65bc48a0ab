//! Words for what was decided about matches.

use control::{InvolvedLine, JudgementLine};

/// What is to be said of a match beside its evidence: that somebody is to decide, or what was decided.
pub(super) fn words(line: &InvolvedLine) -> Option<String> {
    match (&line.oordeel, line.te_beoordelen) {
        (None, false) => None,
        (None, true) => Some(format!("te beoordelen, gevonden op {}", since(line))),
        (Some(judged), false) => Some(format!("beoordeeld als {}", told(judged))),
        (Some(judged), true) => {
            Some(format!("eerder als {} beoordeeld; opnieuw te beoordelen", told(judged)))
        }
    }
}

/// The same in a table.
pub(super) fn cell(line: &InvolvedLine) -> String {
    match (&line.oordeel, line.te_beoordelen) {
        (None, false) => String::new(),
        (None, true) => "te beoordelen".to_owned(),
        (Some(judged), false) => format!("{} {}", judged.oordeel, judged.op),
        (Some(judged), true) => format!("te beoordelen (eerder {} {})", judged.oordeel, judged.op),
    }
}

/// Since which day the match is found; empty for units.
pub(super) fn since(line: &InvolvedLine) -> &str {
    line.sinds.as_deref().and_then(|moment| moment.split('T').next()).unwrap_or_default()
}

/// `zelfde gezin op 2026-11-21 door team west (toen mogelijk)`
pub(super) fn told(judged: &JudgementLine) -> String {
    let by = judged.afdeling.as_ref().map(|unit| format!(" door {unit}")).unwrap_or_default();
    format!("{} op {}{by} (toen {})", judged.oordeel, judged.op, judged.zekerheid)
}

/// The organisations that somebody has set aside, so that nothing is hidden.
pub(super) fn set_aside(lines: &[InvolvedLine]) -> Option<String> {
    let day = |line: &InvolvedLine| line.oordeel.as_ref().map(|judged| judged.op.clone()).unwrap_or_default();
    let named: Vec<String> =
        lines.iter().map(|line| format!("{} ({})", line.organisatie, day(line))).collect();
    let organisations = match lines.len() {
        0 => return None,
        1 => "1 organisatie".to_owned(),
        many => format!("{many} organisaties"),
    };
    Some(format!("{organisations} eerder als ander gezin beoordeeld: {}", named.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(te_beoordelen: bool, oordeel: Option<&str>) -> InvolvedLine {
        let oordeel = oordeel.map(|words| JudgementLine {
            oordeel: words.to_owned(),
            op: "2026-11-21".to_owned(),
            zekerheid: "mogelijk".to_owned(),
            afdeling: (words == "zelfde gezin").then(|| "team west".to_owned()),
        });
        InvolvedLine {
            oin: "1".to_owned(),
            organisatie: "GGZ".to_owned(),
            afdeling: None,
            contactpunt: String::new(),
            zekerheid: "mogelijk".to_owned(),
            basis: Vec::new(),
            onderbouwing: None,
            sinds: Some("2026-11-20T09:30:00Z".to_owned()),
            te_beoordelen,
            oordeel,
        }
    }

    #[test]
    fn every_state_has_its_words() {
        for (line, said, in_a_table) in [
            (line(false, None), None, ""),
            (line(true, None), Some("te beoordelen, gevonden op 2026-11-20"), "te beoordelen"),
            (
                line(false, Some("zelfde gezin")),
                Some("beoordeeld als zelfde gezin op 2026-11-21 door team west (toen mogelijk)"),
                "zelfde gezin 2026-11-21",
            ),
            (
                line(true, Some("ander gezin")),
                Some(
                    "eerder als ander gezin op 2026-11-21 (toen mogelijk) beoordeeld; opnieuw te beoordelen",
                ),
                "te beoordelen (eerder ander gezin 2026-11-21)",
            ),
        ] {
            assert_eq!((words(&line).as_deref(), cell(&line).as_str()), (said, in_a_table));
        }
    }

    #[test]
    fn nothing_that_was_set_aside_is_hidden() {
        let one = line(false, Some("ander gezin"));
        assert_eq!(set_aside(&[]), None);
        assert_eq!(
            set_aside(std::slice::from_ref(&one)).unwrap(),
            "1 organisatie eerder als ander gezin beoordeeld: GGZ (2026-11-21)"
        );
        assert!(set_aside(&[one.clone(), one]).unwrap().starts_with("2 organisaties eerder"));
    }
}
