//! What bad rows kept out of the network, in words. A feed can be current while the file behind it was not taken over
//! whole, so that completeness says nothing of it.

use super::super::plan::{DemoOrganisation, DemoPlan};
use super::text::{counted, joined};

/// Organisations named in one sentence; the rest are counted.
const NAMED: usize = 4;

/// `1 family left out (bad rows).`; `None` when everything was taken over.
pub(super) fn of_itself(organisation: &DemoOrganisation) -> Option<String> {
    let rows = organisation.rows_left_out;
    let families = Some(organisation.families_left_out).filter(|families| *families > 0);
    let parts = [
        families.map(|families| format!("{} left out (bad rows)", counted(families, "family", "families"))),
        (rows > 0).then(|| format!("{} left out, of which the family is not certain", rows_in_words(rows))),
    ];
    organisation
        .leaves_out()
        .then(|| format!("{}.", joined(&parts.into_iter().flatten().collect::<Vec<_>>())))
}

/// `aap left out 1 family with bad rows`, of the organisations that `reader` would hear; `None` when nobody left out
/// anything.
pub(super) fn of_others(plan: &DemoPlan, reader: &DemoOrganisation) -> Option<String> {
    in_words(plan.organisations.iter().filter(|other| plan.publishes_to(other, reader)))
}

/// The same of everybody.
pub(super) fn of_all(plan: &DemoPlan) -> Option<String> {
    in_words(plan.organisations.iter())
}

fn in_words<'a>(organisations: impl Iterator<Item = &'a DemoOrganisation>) -> Option<String> {
    let told: Vec<String> = organisations.filter(|held| held.leaves_out()).map(told).collect();
    let (named, others) = told.split_at(told.len().min(NAMED));
    let mut words = named.join("; ");
    if !others.is_empty() {
        words.push_str(&format!("; so did {}", counted(others.len(), "other", "others")));
    }
    (!told.is_empty()).then_some(words)
}

fn told(organisation: &DemoOrganisation) -> String {
    let rows = organisation.rows_left_out;
    let families = counted(organisation.families_left_out, "family", "families");
    let what = match organisation.families_left_out {
        0 => format!("{} of no certain family", rows_in_words(rows)),
        _ if rows == 0 => format!("{families} with bad rows"),
        _ => format!("{families} with bad rows and {} of no certain family", rows_in_words(rows)),
    };
    format!("{} left out {what}", organisation.name)
}

fn rows_in_words(rows: u64) -> String {
    format!("{rows} bad {}", if rows == 1 { "row" } else { "rows" })
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    fn plan(left_out: &[(usize, u64)]) -> DemoPlan {
        let mut plan = sample::plan();
        for (organisation, (families, rows)) in plan.organisations.iter_mut().zip(left_out) {
            (organisation.families_left_out, organisation.rows_left_out) = (*families, *rows);
        }
        plan
    }

    #[test]
    fn families_and_rows_in_words() {
        for (families, rows, itself, others) in [
            (0, 0, None, None),
            (1, 0, Some("1 family left out (bad rows)."), Some("1 family with bad rows")),
            (2, 0, Some("2 families left out (bad rows)."), Some("2 families with bad rows")),
            (
                0,
                1,
                Some("1 bad row left out, of which the family is not certain."),
                Some("1 bad row of no certain family"),
            ),
            (
                2,
                3,
                Some(
                    "2 families left out (bad rows) and 3 bad rows left out, of which the family is not certain.",
                ),
                Some("2 families with bad rows and 3 bad rows of no certain family"),
            ),
        ] {
            let plan = plan(&[(families, rows)]);
            assert_eq!(of_itself(&plan.organisations[0]).as_deref(), itself);
            let others = others.map(|told| format!("Basisschool De Linde left out {told}"));
            assert_eq!(of_all(&plan), others);
            assert_eq!(of_others(&plan, &plan.organisations[1]), others);
            assert_eq!(of_others(&plan, &plan.organisations[0]), None);
        }
    }

    #[test]
    fn only_those_who_publish_to_the_reader_are_told_of() {
        // Adult mental health care does not publish to housing.
        let plan = plan(&[(0, 0), (1, 0), (1, 0)]);
        let told = of_others(&plan, &plan.organisations[3]).unwrap();
        assert_eq!(told, "Wijkteam Oost left out 1 family with bad rows");
        assert_eq!(of_all(&plan).unwrap().matches("left out").count(), 2);
    }

    #[test]
    fn many_are_counted() {
        let mut plan = plan(&[(1, 0); 4]);
        let more = plan.organisations.clone();
        plan.organisations.extend(more);
        let told = of_all(&plan).unwrap();
        assert_eq!(told.matches("left out").count(), NAMED);
        assert!(told.ends_with("; so did 4 others"), "{told}");
    }
}
