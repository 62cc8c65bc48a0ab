//! An import as a whole: the files together are the whole list of the units that they name.

use std::collections::{BTreeMap, BTreeSet};

use control::{BadRow, Extent, Problem, ProblemKind};
use domain::{CalendarDate, FamilyRef, LegalBasisCode, Signal, Unit};
use protocol::SignalSummary;
use roster::BasisStanding;
use zeroize::Zeroizing;

use crate::import::{ImportRules, RowProblem, read_csv};

/// Withdrawals that need no confirmation, however small the list is: families come and go.
const FREE_WITHDRAWALS: usize = 5;

/// Largest part of the active signals, in hundredths, that may go without confirmation.
const FREE_PERCENT: usize = 20;

/// What the files of one import say together.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub(super) signals: Vec<Signal>,
    pub(super) problems: Vec<RowProblem>,
    untouched: BTreeSet<FamilyRef>,
    units: BTreeSet<Option<Unit>>,
    unplaced_rows: u64,
}

/// What is to be withdrawn.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Absent {
    pub(super) withdraw: Vec<FamilyRef>,
    /// Absent, but a row without a readable reference may be theirs.
    pub(super) kept: usize,
}

impl Gathered {
    /// Reads the files; `grounds` says how the roster's legal bases stand for the organisation.
    pub(super) fn read(
        files: &[(String, Zeroizing<String>)],
        grounds: &BTreeMap<LegalBasisCode, BasisStanding>,
        bsn_entitled: bool,
        known_units: Option<&BTreeSet<Unit>>,
        held: &[SignalSummary],
        today: CalendarDate,
    ) -> Result<Self, Problem> {
        let held = held.iter().map(|signal| signal.family.clone()).collect();
        let rules = ImportRules {
            bsn_entitled,
            known_grounds: Some(grounds),
            known_units,
            today: Some(today),
            held: Some(&held),
        };
        let mut gathered = Self::default();
        for (name, text) in files {
            let read = read_csv(name, text.as_bytes(), &rules)
                .map_err(|error| Problem::new(ProblemKind::File, error.to_string()))?;
            let signals = read.signals.iter().map(|signal| &signal.family_ref);
            if let Some(twice) = signals.chain(&read.untouched).find(|family| gathered.names(family)) {
                return Err(Problem::new(
                    ProblemKind::File,
                    format!(
                        "{name}: family {twice} stands in another file of this import too; keep it in one of them"
                    ),
                ));
            }
            gathered.signals.extend(read.signals);
            gathered.signals.sort_by(|a, b| a.family_ref.cmp(&b.family_ref));
            gathered.problems.extend(read.problems);
            gathered.untouched.extend(read.untouched);
            gathered.units.extend(read.units);
            gathered.unplaced_rows += read.unplaced_rows;
        }
        Ok(gathered)
    }

    /// How many families are left as they were because of a bad row.
    pub(super) fn untouched(&self) -> usize {
        self.untouched.len()
    }

    fn names(&self, family: &FamilyRef) -> bool {
        self.untouched.contains(family)
            || self.signals.binary_search_by(|signal| signal.family_ref.cmp(family)).is_ok()
    }

    /// Refuses an import of part of the list that names a family it should not.
    pub(super) fn check_extent(&self, held: &[SignalSummary], extent: Extent) -> Result<(), Problem> {
        let is_held = |family: &FamilyRef| held.binary_search_by(|signal| signal.family.cmp(family)).is_ok();
        let mut named = self.signals.iter().map(|signal| &signal.family_ref);
        let refused = |family: &FamilyRef, what: &str| {
            let message = format!("family {family} {what}; nothing was taken over");
            Err(Problem::new(ProblemKind::Signal, message))
        };
        match extent {
            Extent::Whole => Ok(()),
            Extent::New => named.find(|family| is_held(family)).map_or(Ok(()), |family| {
                refused(family, "has a signal already; change it with `samenhang signal change`")
            }),
            Extent::Known => named.find(|family| !is_held(family)).map_or(Ok(()), |family| {
                refused(family, "has no signal yet; add it with `samenhang signal add`")
            }),
        }
    }

    /// The families of the named units that the files do not name any more.
    pub(super) fn absent(
        &self,
        held: &[SignalSummary],
        today: CalendarDate,
        allow_withdrawals: bool,
    ) -> Result<Absent, Problem> {
        let listed: Vec<&SignalSummary> =
            held.iter().filter(|signal| self.units.contains(&signal.unit)).collect();
        let withdraw: Vec<FamilyRef> = listed
            .iter()
            .map(|signal| &signal.family)
            .filter(|family| !self.names(family))
            .cloned()
            .collect();
        if self.unplaced_rows > 0 {
            return Ok(Absent { withdraw: Vec::new(), kept: withdraw.len() });
        }
        let is_active = |signal: &&&SignalSummary| signal.ends_on.is_none_or(|end| end >= today);
        let active: BTreeSet<&FamilyRef> =
            listed.iter().filter(is_active).map(|signal| &signal.family).collect();
        let going = withdraw.iter().filter(|family| active.contains(family)).count();
        if going > FREE_WITHDRAWALS && going * 100 > active.len() * FREE_PERCENT && !allow_withdrawals {
            return Err(Problem::new(
                ProblemKind::Withdrawals,
                format!(
                    "the import names {} of the {} active signals of its units and would withdraw {going}; nothing was \
                     taken over. If the others are really closed, repeat it with --allow-withdrawals; otherwise give \
                     the whole list",
                    active.len() - going,
                    active.len(),
                ),
            ));
        }
        Ok(Absent { withdraw, kept: 0 })
    }
}

/// A bad row as it crosses the socket.
pub(super) fn bad_row(problem: &RowProblem) -> BadRow {
    BadRow {
        file: problem.file.clone(),
        line: problem.line,
        column: problem.column.map(str::to_owned),
        reason: problem.reason.clone(),
    }
}

#[cfg(test)]
mod tests {
    use domain::{SignalKind, Visibility};

    use super::*;

    fn held(reference: &str, unit: Option<&str>, ends_on: Option<&str>) -> SignalSummary {
        SignalSummary {
            family: FamilyRef::new(reference).unwrap(),
            kind: SignalKind::Known,
            visibility: Visibility::Visible,
            legal_basis: None,
            unit: unit.map(|unit| Unit::new("unit", unit).unwrap()),
            involved_since: None,
            informed_on: None,
            ends_on: ends_on.map(|date| date.parse().unwrap()),
            still_since: None,
        }
    }

    fn gathered(text: &str) -> Gathered {
        let rules = ImportRules {
            bsn_entitled: true,
            known_grounds: None,
            known_units: None,
            today: None,
            held: None,
        };
        let read = read_csv("a.csv", text.as_bytes(), &rules).unwrap();
        Gathered {
            signals: read.signals,
            problems: read.problems,
            untouched: read.untouched,
            units: read.units,
            unplaced_rows: read.unplaced_rows,
        }
    }

    fn absent(text: &str, held: &[SignalSummary], allow: bool) -> Result<Vec<String>, ProblemKind> {
        let today = "2026-11-21".parse().unwrap();
        match gathered(text).absent(held, today, allow) {
            Ok(absent) => Ok(absent.withdraw.iter().map(ToString::to_string).collect()),
            Err(problem) => Err(problem.kind),
        }
    }

    fn many(count: usize) -> Vec<SignalSummary> {
        (0..count).map(|number| held(&format!("G{number:03}"), None, None)).collect()
    }

    /// A file that names the families from `first` on.
    fn file(first: usize, count: usize) -> String {
        let rows: Vec<String> = (first..count).map(|number| format!("G{number:03};kind;Jansen")).collect();
        format!("gezin;rol;geslachtsnaam\n{}\n", rows.join("\n"))
    }

    #[test]
    fn only_the_units_that_the_file_names_are_its_list() {
        let known = [held("A", Some("west"), None), held("B", Some("oost"), None), held("C", None, None)];
        let text = "gezin;rol;geslachtsnaam;afdeling\nD;kind;Jansen;west\n";
        assert_eq!(absent(text, &known, false), Ok(vec!["A".to_owned()]));
        assert_eq!(absent("gezin;rol;geslachtsnaam\n", &known, false), Ok(vec![]));
    }

    #[test]
    fn bad_rows_withdraw_nothing_that_may_be_theirs() {
        let known = [held("A", None, None), held("B", None, None), held("C", None, None)];
        let named = "gezin;rol;geslachtsnaam\nA;kind;Jansen\nB;oom;Jansen\n";
        assert_eq!(absent(named, &known, false), Ok(vec!["C".to_owned()]));
        let unnamed = "gezin;rol;geslachtsnaam\nA;kind;Jansen\n;kind;Jansen\n";
        assert_eq!(absent(unnamed, &known, true), Ok(vec![]));
    }

    #[test]
    fn many_withdrawals_need_a_confirmation() {
        for (families, gone, refused) in
            [(10, 5, false), (10, 6, true), (30, 6, false), (29, 6, true), (100, 20, false), (100, 21, true)]
        {
            let (known, text) = (many(families), file(gone, families));
            let expected = if refused { Err(ProblemKind::Withdrawals) } else { Ok(gone) };
            assert_eq!(absent(&text, &known, false).map(|gone| gone.len()), expected, "{gone} of {families}");
            assert_eq!(absent(&text, &known, true).map(|gone| gone.len()), Ok(gone));
        }
    }

    #[test]
    fn part_of_the_list_names_only_what_it_should() {
        let (known, text) = (many(2), file(1, 3));
        let check = |extent, told: Option<&str>| {
            let refused = gathered(&text).check_extent(&known, extent).err().map(|problem| problem.message);
            assert_eq!(refused.as_deref().and_then(|said| said.split(';').next()), told);
        };
        check(Extent::Whole, None);
        check(Extent::New, Some("family G001 has a signal already"));
        check(Extent::Known, Some("family G002 has no signal yet"));
    }

    #[test]
    fn signals_that_ended_by_themselves_do_not_count() {
        let mut known = many(20);
        known.extend((100..110).map(|number| held(&format!("G{number}"), None, Some("2026-11-20"))));
        assert_eq!(absent(&file(0, 20), &known, false).map(|gone| gone.len()), Ok(10));
    }
}
