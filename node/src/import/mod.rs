//! Reads the CSV file of an organisation into signals. Only reads: comparing with what is stored, withdrawing and
//! publishing are the caller's.
//!
//! The family is the unit. A bad row leaves its family out of [`Import::signals`] and in [`Import::untouched`];
//! other families proceed. A file of which rows or columns cannot be told apart is refused as a whole.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::path::Path;

use csv::{ReaderBuilder, StringRecord};
use domain::{CalendarDate, FamilyRef, LegalBasisCode, Signal, Unit};
use roster::BasisStanding;

mod address;
mod columns;
mod family;
mod problem;
mod row;
mod scan;

#[cfg(test)]
mod tests;

use columns::Header;
pub use columns::column_names;
use family::Draft;
pub use problem::{FileError, FileFlaw, RowProblem};
use row::Row;
use scan::{LineCount, Lines};

/// Largest file: it is held in memory, and the whole of a large organisation (a million persons at some 200 bytes)
/// fits.
pub const MAX_FILE_BYTES: u64 = 256 << 20;

/// Longest cell. No value has more than 200 characters, so whatever exceeds this is not a value.
pub const MAX_CELL_BYTES: usize = 4 << 10;

/// Most rows: twice what fits a file of usual rows, and a bound on the memory that short rows take.
pub const MAX_ROWS: u64 = 2_000_000;

/// The byte-order mark that spreadsheets put before UTF-8.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// What the roster and the calendar allow the organisation to import.
#[derive(Clone, Copy, Debug)]
pub struct ImportRules<'a> {
    /// Whether the organisation may process the burgerservicenummer.
    pub bsn_entitled: bool,
    /// The legal bases of the roster and how they stand for the organisation; `None` accepts any code.
    pub known_grounds: Option<&'a BTreeMap<LegalBasisCode, BasisStanding>>,
    /// The units of the organisation; `None` accepts any.
    pub known_units: Option<&'a BTreeSet<Unit>>,
    /// The day of import, to refuse later birth dates and end dates that lie too far; `None` accepts any.
    pub today: Option<CalendarDate>,
    /// Families with a signal already; `None`: there are none.
    pub held: Option<&'a BTreeSet<FamilyRef>>,
}

/// What a file says. `signals` and `untouched` have no family in common.
#[derive(Debug, Default)]
pub struct Import {
    /// The families without a bad row, by family reference.
    pub signals: Vec<Signal>,
    /// What is wrong with the others, by line.
    pub problems: Vec<RowProblem>,
    /// Families with a bad row: to be left exactly as they were.
    pub untouched: BTreeSet<FamilyRef>,
    /// Bad rows of which it is not certain to which families they belong, for want of a reference. While there is
    /// one, that a family is absent from `signals` and `untouched` proves nothing: withdraw none.
    pub unplaced_rows: u64,
    /// The units the file names, also for untouched families; `None` stands for families without a unit, named by
    /// a family whose rows are good. The file is the whole list of these.
    pub units: BTreeSet<Option<Unit>>,
}

/// Reads the file at `path`; problems name it by its last part.
///
/// # Errors
/// When the file cannot be read, or is refused as a whole.
pub fn read_csv_file(path: &Path, rules: &ImportRules<'_>) -> Result<Import, FileError> {
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    let mut bytes = Vec::new();
    // One byte past the limit shows that the file is too large, without trusting the length that is reported.
    File::open(path)
        .and_then(|file| file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes))
        .map_err(|cause| FileError { file: name.to_string(), flaw: FileFlaw::Unreadable(cause) })?;
    read_csv(&name, &bytes, rules)
}

/// Reads the content of a file; problems name it `file_name`.
///
/// # Errors
/// When the file is refused as a whole.
pub fn read_csv(file_name: &str, bytes: &[u8], rules: &ImportRules<'_>) -> Result<Import, FileError> {
    read(file_name, bytes, rules, MAX_ROWS).map_err(|flaw| FileError { file: file_name.to_owned(), flaw })
}

fn read(file: &str, bytes: &[u8], rules: &ImportRules<'_>, max_rows: u64) -> Result<Import, FileFlaw> {
    if u64::try_from(bytes.len()).is_ok_and(|length| length > MAX_FILE_BYTES) {
        return Err(FileFlaw::TooLarge);
    }
    let text = decode(bytes)?;
    let separator = scan::separator(text)?;
    let damaged = scan::damaged_quotes(text.as_bytes(), separator)?;
    let mut lines = Lines::new(text.as_bytes());
    let mut parser = ReaderBuilder::new()
        .delimiter(separator)
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());

    let mut gathered = Gathered { file, rules, import: Import::default(), drafts: BTreeMap::new() };
    let mut header: Option<Header> = None;
    let mut record = StringRecord::new();
    let mut rows = 0_u64;
    loop {
        let start = parser.position().byte();
        if !parser.read_record(&mut record).map_err(FileFlaw::Unparsable)? {
            break;
        }
        if record.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        let Some(header) = &header else {
            header = Some(Header::read(&record)?);
            continue;
        };
        rows += 1;
        if rows > max_rows {
            return Err(FileFlaw::TooManyRows);
        }
        let mut row = Row::new(header, &record, lines.of_row_from(start));
        let [header_has, other] = if separator == b';' { [';', ','] } else { [',', ';'] };
        if row.is_separated_by(other) {
            if rows == 1 {
                return Err(FileFlaw::OtherSeparator { header: header_has, row: other, line: row.line() });
            }
            gathered.pass_over(
                row,
                &format!("separated by '{other}', and the header by '{header_has}'; use one of them"),
            );
            continue;
        }
        if damaged.range(start..parser.position().byte()).next().is_some() {
            row.refuse_row("text follows a closing quotation mark; double the marks inside a quoted cell");
        }
        gathered.take(row);
    }
    Ok(gathered.finish())
}

/// The text without byte-order mark.
fn decode(bytes: &[u8]) -> Result<&str, FileFlaw> {
    if is_utf16(bytes) {
        return Err(FileFlaw::Utf16);
    }
    let marked = bytes.strip_prefix(BYTE_ORDER_MARK);
    std::str::from_utf8(marked.unwrap_or(bytes)).map_err(|wrong| {
        let mark = if marked.is_some() { BYTE_ORDER_MARK.len() } else { 0 };
        let good = mark + wrong.valid_up_to();
        FileFlaw::NotUtf8 { line: LineCount::after(bytes.get(..good).unwrap_or_default()), byte: good + 1 }
    })
}

/// Whether the text begins with a byte-order mark of UTF-16 (Unicode standard, 23.8), or with a character of which one
/// of two bytes is zero, as every Latin letter has in UTF-16 and nothing has in a text file otherwise.
pub(crate) fn is_utf16(bytes: &[u8]) -> bool {
    matches!(bytes, [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, 1..=u8::MAX, ..] | [1..=u8::MAX, 0, ..])
}

/// What the rows read so far amount to.
struct Gathered<'a> {
    file: &'a str,
    rules: &'a ImportRules<'a>,
    import: Import,
    drafts: BTreeMap<FamilyRef, Draft>,
}

impl Gathered<'_> {
    fn take(&mut self, mut row: Row<'_>) {
        if row.is_blank(columns::FAMILY) {
            row.refuse(columns::FAMILY, "empty; every row needs it");
        }
        let family_ref = row.checked(columns::FAMILY, |_, cell| FamilyRef::new(cell));
        let draft = match family_ref {
            Some(family_ref) => Some(self.drafts.entry(family_ref).or_default()),
            None => None,
        };
        let is_unplaced = draft.is_none() || row.is_shifted();
        // A row without family is read all the same, so that every flaw of it is told at once.
        let mut nobodys = Draft::default();
        let draft = draft.unwrap_or(&mut nobodys);
        draft.hear(&mut row, self.rules);
        let problems = row.into_problems(self.file);
        if problems.is_empty() {
            return;
        }
        draft.spoil();
        self.import.problems.extend(problems);
        if is_unplaced {
            self.import.unplaced_rows += 1;
        }
    }

    /// Refuses a row of which no cell is certain, for this reason alone.
    fn pass_over(&mut self, mut row: Row<'_>, reason: &str) {
        row.refuse_row(reason);
        self.import.problems.extend(row.into_problems(self.file));
        self.import.unplaced_rows += 1;
    }

    fn finish(mut self) -> Import {
        for (family_ref, draft) in self.drafts {
            self.import.units.extend(draft.named_unit());
            match draft.finish(&family_ref, self.file, self.rules) {
                Ok(Some(signal)) => self.import.signals.push(signal),
                Ok(None) => {
                    self.import.untouched.insert(family_ref);
                }
                Err(problem) => {
                    self.import.problems.push(problem);
                    self.import.untouched.insert(family_ref);
                }
            }
        }
        self.import.problems.sort_by_key(|problem| problem.line);
        self.import
    }
}
