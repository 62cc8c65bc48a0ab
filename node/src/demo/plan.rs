//! What a demonstration runs on: a directory of CSV files, one for each organisation, and perhaps a `netwerk.toml`
//! that says who takes part and who may read whom. Only reads; nothing here starts a node.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use domain::{CalendarDate, LegalBasisCode, Oin, Sector, Signal};
use roster::{BasisStanding, Institution, LegalBasis};
use thiserror::Error;

use super::netwerk;
use crate::import::{FileError, ImportRules, RowProblem, read_csv_file};

mod directory;
mod implied;

/// The file that describes the network.
const NETWORK_FILE: &str = "netwerk.toml";

/// Most organisations: each is a whole node in this one process, with sockets and a store of its own, and the number
/// of connections between them grows with its square.
const MAX_ORGANISATIONS: usize = 200;

/// Most legal bases, as many as a roster may list.
pub(super) const MAX_LEGAL_BASES: usize = 500;

/// Everything that a demonstration network is made of.
#[derive(Clone, Debug)]
pub struct DemoPlan {
    /// Name of the network for people.
    pub name: String,
    /// Keyholders needed for one evaluation: more than half of them.
    pub threshold: u16,
    /// Who holds a share of the keys: places in `organisations`, each once.
    pub keyholders: Vec<usize>,
    /// The organisations, in the order of `netwerk.toml`, or else by file name.
    pub organisations: Vec<DemoOrganisation>,
    /// The circles, in the order of `netwerk.toml`.
    pub circles: Vec<DemoCircle>,
    /// The legal bases, by code.
    pub legal_bases: Vec<LegalBasis>,
    /// Addresses where unrelated people live.
    pub institutions: Vec<Institution>,
    /// Bad rows of all files. Their families are in no organisation's `signals`.
    pub problems: Vec<RowProblem>,
    /// What a reader of the results should know about this plan, one sentence or more each.
    pub remarks: Vec<String>,
}

/// One organisation and what its file says.
#[derive(Clone, Debug)]
pub struct DemoOrganisation {
    /// Name of its file without `.csv`.
    pub file: String,
    /// Name for people.
    pub name: String,
    /// Its number.
    pub oin: Oin,
    /// Its sector.
    pub sector: Sector,
    /// Where it works.
    pub working_area: String,
    /// Whether it may process the BSN.
    pub bsn_entitled: bool,
    /// Whom to call when nobody else is known.
    pub contact_point: String,
    /// Its families, by reference.
    pub signals: Vec<Signal>,
    /// Families of its file that are not among `signals`, for they have a bad row: nobody finds them.
    pub families_left_out: usize,
    /// Bad rows of its file of which it is not certain to which family they belong.
    pub rows_left_out: u64,
}

impl DemoOrganisation {
    /// Whether its file says more than its `signals` do.
    #[must_use]
    pub fn leaves_out(&self) -> bool {
        self.families_left_out > 0 || self.rows_left_out > 0
    }
}

/// One circle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DemoCircle {
    /// Name for people, unlike that of any other circle.
    pub name: String,
    /// What the circle is for.
    pub purpose: String,
    /// Codes of the legal bases that hold in it, sorted.
    pub legal_bases: Vec<LegalBasisCode>,
    /// Who publishes to whom: publisher, reader; sorted.
    pub open: Vec<(Sector, Sector)>,
}

impl DemoPlan {
    /// The place of an organisation in `organisations`.
    #[must_use]
    pub fn place_of(&self, oin: &Oin) -> Option<usize> {
        self.organisations.iter().position(|organisation| organisation.oin == *oin)
    }

    /// Whether the signal rests on a legal basis that holds in a circle; otherwise it is neither published nor asked
    /// about.
    #[must_use]
    pub fn has_ground(&self, signal: &Signal) -> bool {
        signal
            .legal_basis
            .as_ref()
            .is_some_and(|code| self.circles.iter().any(|circle| circle.legal_bases.contains(code)))
    }

    /// Whether `publisher` publishes to `reader` in some circle.
    #[must_use]
    pub fn publishes_to(&self, publisher: &DemoOrganisation, reader: &DemoOrganisation) -> bool {
        publisher.oin != reader.oin
            && self
                .circles
                .iter()
                .flat_map(|circle| &circle.open)
                .any(|(from, to)| *from == publisher.sector && *to == reader.sector)
    }
}

/// Why a directory cannot be demonstrated.
#[derive(Debug, Error)]
pub enum PlanError {
    /// The operating system did not list the directory.
    #[error("{} cannot be listed; check that it is a directory and that this program may read it", .directory.display())]
    Directory {
        /// The directory.
        directory: PathBuf,
        /// The cause.
        #[source]
        cause: io::Error,
    },
    /// Nothing to show.
    #[error("{} holds no .csv file; a demonstration needs one file per organisation, two or more", .directory.display())]
    NoFiles {
        /// The directory.
        directory: PathBuf,
    },
    /// One organisation has nobody to find, and no other to share the keys with.
    #[error(
        "{} holds one .csv file, {file}; a demonstration needs one file per organisation, two or more",
        .directory.display()
    )]
    OneFile {
        /// The directory.
        directory: PathBuf,
        /// The only file.
        file: String,
    },
    /// More nodes than one process runs well.
    #[error("{found} .csv files; a demonstration runs {MAX_ORGANISATIONS} organisations at most")]
    TooManyFiles {
        /// How many there are.
        found: usize,
    },
    /// A name that no screen can show as it is.
    #[error("the file name '{}' is not plain UTF-8 text of 1 to 200 characters; rename the file", name.escape_debug())]
    UnusableName {
        /// The name, as far as it can be read.
        name: String,
    },
    /// Two files that differ by capitals in `.csv` only.
    #[error("two files are called {name}.csv; rename one of them")]
    DoubleName {
        /// The name without `.csv`.
        name: String,
    },
    /// Entries with the name of a file that is read, which lead to none.
    #[error("{}", listed(.0.iter().map(ToString::to_string)))]
    NoFileThere(Vec<NotAFile>),
    /// A name that is nearly `netwerk.toml`. Without that file everybody reads everybody, so it is not passed over.
    #[error(
        "there is no netwerk.toml, but '{}': did you mean netwerk.toml? Rename it, or move it elsewhere",
        name.escape_debug()
    )]
    NearlyNetworkFile {
        /// The name that was found.
        name: String,
    },
    /// `netwerk.toml` is there but cannot be read.
    #[error("netwerk.toml cannot be read; check that it is a file and that this program may read it")]
    NetworkFile(#[source] io::Error),
    /// `netwerk.toml` is not understood, contradicts itself, or does not fit the files.
    #[error("{}", listed(.0.iter().map(|flaw| format!("netwerk.toml: {flaw}"))))]
    Network(Vec<String>),
    /// CSV files that are refused as a whole.
    #[error("{}", listed(.0.iter().map(with_cause)))]
    Files(Vec<FileError>),
    /// Over the number that a roster may list.
    #[error("the files name {found} different grondslagen; a network lists {MAX_LEGAL_BASES} at most")]
    TooManyLegalBases {
        /// How many there are.
        found: usize,
    },
}

/// An entry of the directory that is taken for a file and is none.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("'{}' is {what}, not a file; rename it, or put a file in its place", name.escape_debug())]
pub struct NotAFile {
    /// Its name.
    pub name: String,
    /// What it is.
    pub what: &'static str,
}

fn listed(lines: impl Iterator<Item = String>) -> String {
    lines.collect::<Vec<_>>().join("\n")
}

/// A list has no single source for its causes, so each stands with its file.
fn with_cause(refused: &FileError) -> String {
    match std::error::Error::source(refused) {
        Some(cause) => format!("{refused} ({cause})"),
        None => refused.to_string(),
    }
}

/// Reads the plan of a directory: every `.csv` file directly in it and `netwerk.toml` when there is one.
///
/// Without `netwerk.toml`: one circle in which all read each other, everybody entitled to the BSN, the legal bases
/// that the files name (or `demonstratie` when none names any), keyholders the first three by name.
///
/// # Errors
/// When the directory cannot be listed, has fewer than two files or too many, `netwerk.toml` is refused, or a file is
/// refused as a whole. Bad rows are no error; they stand in [`DemoPlan::problems`].
pub fn read_plan(directory: &Path, today: CalendarDate) -> Result<DemoPlan, PlanError> {
    let names = directory::csv_names(directory)?;
    let files: Vec<&str> = names.iter().map(|(file, _)| file.as_str()).collect();
    let described = directory::network_file(directory)?;
    let mut plan = match &described {
        Some(text) => netwerk::plan(text, &files).map_err(PlanError::Network)?,
        None => implied::plan(&files),
    };
    let holds = BasisStanding::Holds { trial: false };
    let listed: BTreeMap<LegalBasisCode, BasisStanding> =
        plan.legal_bases.iter().map(|basis| (basis.code.clone(), holds)).collect();
    let known_grounds = described.is_some().then_some(&listed);
    let mut refused = Vec::new();
    for organisation in &mut plan.organisations {
        let Some((_, path)) = names.iter().find(|(file, _)| *file == organisation.file) else { continue };
        let rules = ImportRules {
            bsn_entitled: organisation.bsn_entitled,
            known_grounds,
            known_units: None,
            today: Some(today),
            held: None,
        };
        match read_csv_file(path, &rules) {
            Ok(import) => {
                organisation.signals = import.signals;
                organisation.families_left_out = import.untouched.len();
                organisation.rows_left_out = import.unplaced_rows;
                plan.problems.extend(import.problems);
            }
            Err(error) => refused.push(error),
        }
    }
    if !refused.is_empty() {
        return Err(PlanError::Files(refused));
    }
    if described.is_none() {
        implied::adopt_grounds(&mut plan)?;
    }
    remark_on_closed(&mut plan);
    Ok(plan)
}

/// Whether a roster and a screen can show the text unchanged.
pub(super) fn is_plain(text: &str) -> bool {
    domain::PlainText::new("name", text).is_ok_and(|plain| plain.as_str() == text)
}

fn remark_on_closed(plan: &mut DemoPlan) {
    let closed = signals(plan).filter(|signal| !plan.has_ground(signal)).count();
    if closed > 0 {
        let (families, verb) = if closed == 1 { ("family", "has") } else { ("families", "have") };
        plan.remarks.push(format!(
            "{closed} {families} {verb} no grondslag that holds in a circle: neither published nor asked about."
        ));
    }
}

fn signals(plan: &DemoPlan) -> impl Iterator<Item = &Signal> {
    plan.organisations.iter().flat_map(|organisation| &organisation.signals)
}

#[cfg(test)]
mod tests {
    use std::error::Error;
    use std::fs;

    use super::*;

    fn today() -> CalendarDate {
        CalendarDate::new(2026, 6, 1).unwrap()
    }

    fn directory(files: &[(&str, &str)]) -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        for (name, content) in files {
            fs::write(directory.path().join(name), content).unwrap();
        }
        directory
    }

    fn plan(files: &[(&str, &str)]) -> Result<DemoPlan, PlanError> {
        read_plan(directory(files).path(), today())
    }

    fn grounds(plan: &DemoPlan) -> Vec<Option<&str>> {
        signals(plan).map(|signal| signal.legal_basis.as_ref().map(LegalBasisCode::as_str)).collect()
    }

    const BARE: &str = "gezin;rol\nG1;kind\nG2;ouder\n";

    #[test]
    fn the_demonstration_of_this_repository_is_read_whole() {
        let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/demo");
        let plan = read_plan(&config, today()).unwrap();
        assert_eq!(plan.problems, []);
        assert_eq!(plan.name, "Demonstratie Rivierenland");
        assert_eq!(plan.organisations.len(), 9);
        let counts: Vec<usize> = plan.organisations.iter().map(|held| held.signals.len()).collect();
        assert_eq!(counts, [32, 33, 19, 45, 31, 43, 17, 17, 20]);
        assert_eq!(plan.threshold, 2);
        let keyholders: Vec<&str> =
            plan.keyholders.iter().map(|place| plan.organisations[*place].file.as_str()).collect();
        assert_eq!(keyholders, ["veilig-thuis", "jgz-rivierenland", "wijkteam-oost"]);
        assert_eq!(plan.circles[0].legal_bases.len(), plan.legal_bases.len());
        let [school, ggz, housing] = ["basisschool-de-linde", "ggz-waalbocht", "woonstichting-de-brug"]
            .map(|file| plan.organisations.iter().find(|organisation| organisation.file == file).unwrap());
        assert!(plan.publishes_to(school, ggz) && plan.publishes_to(ggz, school));
        assert!(!plan.publishes_to(housing, ggz) && !plan.publishes_to(school, school));
        assert!(!housing.bsn_entitled);
        assert_eq!(
            plan.remarks,
            ["1 family has no grondslag that holds in a circle: neither published nor asked about."]
        );
    }

    #[test]
    fn files_alone_make_one_open_circle() {
        let grounded = "gezin;rol;grondslag\nG1;kind;wet-b\nG2;ouder;\n";
        let plan = plan(&[
            ("d.csv", BARE),
            ("b.CSV", BARE),
            ("a-z.csv", BARE),
            ("a.csv", grounded),
            (".hidden.csv", "x"),
            ("notes.txt", "x"),
        ])
        .unwrap();
        let files: Vec<&str> = plan.organisations.iter().map(|held| held.file.as_str()).collect();
        assert_eq!(files, ["a", "a-z", "b", "d"]);
        let numbers: Vec<u64> =
            plan.organisations.iter().map(|held| held.oin.as_str()[8..].parse().unwrap()).collect();
        assert_eq!(numbers, [1, 2, 3, 4]);
        assert_eq!((plan.threshold, plan.keyholders.as_slice()), (2, &[0, 1, 2][..]));
        assert!(plan.organisations.iter().all(|held| held.bsn_entitled));
        for (publisher, reader) in [(0, 3), (3, 0), (1, 2)] {
            assert!(plan.publishes_to(&plan.organisations[publisher], &plan.organisations[reader]));
        }
        assert_eq!(plan.circles[0].legal_bases, ["wet-b".parse().unwrap()]);
        assert_eq!(plan.legal_bases.len(), 1);
        // Where one file names a legal basis, families without one stay closed.
        assert_eq!(grounds(&plan).into_iter().flatten().collect::<Vec<_>>(), ["wet-b"]);
        assert_eq!(plan.remarks.len(), 2);
        assert!(plan.remarks[1].starts_with("7 families have no grondslag"), "{:?}", plan.remarks);
    }

    #[test]
    fn files_without_any_legal_basis_rest_on_an_assumed_one_and_it_is_said() {
        let plan = plan(&[("a.csv", BARE), ("b.csv", "gezin,rol,grondslag\nX,kind,\n")]).unwrap();
        assert_eq!(grounds(&plan), [Some("demonstratie"); 3]);
        assert!(signals(&plan).all(|signal| plan.has_ground(signal)));
        assert_eq!(plan.keyholders, [0, 1]);
        assert_eq!(plan.remarks.len(), 2);
        assert!(plan.remarks[1].contains("'demonstratie'"), "{:?}", plan.remarks);
    }

    #[test]
    fn bad_rows_are_kept_apart() {
        let plan = plan(&[("a.csv", "gezin;rol\nG1;buurman\nG2;kind\n"), ("b.csv", BARE)]).unwrap();
        let told: Vec<String> = plan.problems.iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), 1);
        assert!(told[0].starts_with("a.csv, line 2, column rol: "), "{told:?}");
        assert_eq!(plan.organisations[0].signals.len(), 1);
    }

    #[test]
    fn what_bad_rows_leave_out_is_counted_at_its_organisation() {
        let rows = "gezin;rol\nG1;buurman\nG1;oom\nG2;kind\nG3;oom\n;kind\n";
        let plan = plan(&[("a.csv", rows), ("b.csv", BARE)]).unwrap();
        let left_out: Vec<(usize, u64)> =
            plan.organisations.iter().map(|held| (held.families_left_out, held.rows_left_out)).collect();
        assert_eq!(left_out, [(2, 1), (0, 0)]);
        assert!(plan.organisations[0].leaves_out() && !plan.organisations[1].leaves_out());
    }

    #[test]
    fn what_cannot_be_demonstrated_is_refused_with_a_sentence() {
        for (files, told) in [
            (&[("netwerk.toml", "")][..], "holds no .csv file; a demonstration needs"),
            (&[("a.csv", BARE)], "holds one .csv file, a.csv; a demonstration needs"),
            (&[("a.csv", BARE), ("a.CSV", BARE)], "two files are called a.csv; rename"),
            (&[("a\u{1b}[2J.csv", BARE), ("b.csv", BARE)], "the file name 'a\\u{1b}[2J' is not plain"),
            (&[(" a.csv", BARE), ("b.csv", BARE)], "the file name ' a' is not plain"),
            (
                &[("a.csv", "gezin;roll\n"), ("b.csv", "")],
                "a.csv: unknown column 'roll'; did you mean 'rol'?\nb.csv: empty; expected",
            ),
            (&[("a.csv", BARE), ("b.csv", BARE), ("netwerk.toml", "x = 1\n")], "netwerk.toml: "),
        ] {
            let error = plan(files).unwrap_err().to_string();
            assert!(error.contains(told), "{error}");
        }
        let many: Vec<String> = (0..=MAX_ORGANISATIONS).map(|number| format!("{number}.csv")).collect();
        let many: Vec<(&str, &str)> = many.iter().map(|name| (name.as_str(), BARE)).collect();
        assert_eq!(
            plan(&many).unwrap_err().to_string(),
            "201 .csv files; a demonstration runs 200 organisations at most"
        );
        let error = read_plan(Path::new("/nowhere/at/all"), today()).unwrap_err();
        assert!(error.to_string().starts_with("/nowhere/at/all cannot be listed"), "{error}");
        assert!(error.source().is_some());
    }
}
