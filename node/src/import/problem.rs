//! What is told about a bad row or a bad file: where it is and what to do, never what a cell holds.

use std::error::Error;
use std::{fmt, io};

use thiserror::Error;

/// One reason why a family of the file was left as it was. Repeats no cell: a shifted column could put a name
/// anywhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowProblem {
    /// The file, as it was named to the reader.
    pub file: String,
    /// Line in the file, counted from 1; of a row that spans lines, the first.
    pub line: u64,
    /// The column, by the name it has in the documentation; absent when the row as a whole is meant.
    pub column: Option<&'static str>,
    /// What was expected, or what to do.
    pub reason: String,
}

impl fmt::Display for RowProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, line {}", self.file, self.line)?;
        if let Some(column) = self.column {
            write!(f, ", column {column}")?;
        }
        write!(f, ": {}", self.reason)
    }
}

/// A file that was refused as a whole; nothing of it was taken over.
#[derive(Debug)]
pub struct FileError {
    /// The file, as it was named to the reader.
    pub file: String,
    /// What is wrong with it.
    pub flaw: FileFlaw,
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.file, self.flaw)
    }
}

impl Error for FileError {
    /// The flaw is told by this error itself, so the chain continues with the cause of the flaw.
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.flaw.source()
    }
}

/// Why a file was refused.
#[derive(Debug, Error)]
pub enum FileFlaw {
    /// The operating system did not hand over the file.
    #[error("cannot be read; check that it exists and that this program may read it")]
    Unreadable(#[source] io::Error),
    /// Over [`MAX_FILE_BYTES`](super::MAX_FILE_BYTES).
    #[error("larger than {} MiB; split it by unit (afdeling)", super::MAX_FILE_BYTES >> 20)]
    TooLarge,
    /// Over [`MAX_ROWS`](super::MAX_ROWS).
    #[error("more than {} rows; split it by unit (afdeling)", super::MAX_ROWS)]
    TooManyRows,
    /// Saved in another encoding.
    #[error("not UTF-8 in line {line} (byte {byte} of the file); save it as UTF-8")]
    NotUtf8 {
        /// Line of the first offending byte.
        line: u64,
        /// The first offending byte, counted from 1.
        byte: usize,
    },
    /// Saved in two bytes a character, as "Unicode" is called by some programs.
    #[error("this is UTF-16; save it as UTF-8")]
    Utf16,
    /// Nothing but blanks and line ends.
    #[error("empty; expected a header that names the columns, such as gezin;rol;geslachtsnaam;geboortedatum")]
    Empty,
    /// No cell of the first row resembles a column. The row is not repeated, for it may hold personal data.
    #[error(
        "no header; expected a first row that names the columns, such as gezin;rol;geslachtsnaam;geboortedatum"
    )]
    NoHeader,
    /// Neither `;` nor `,` in the header.
    #[error("the header has neither ';' nor ','; separate the columns by one of them")]
    NoSeparator,
    /// Both `;` and `,` in the header.
    #[error("the header has both ';' and ','; separate the columns by one of them throughout the file")]
    MixedSeparator,
    /// The first row does not use the separator of the header, so that cells cannot be told apart.
    #[error(
        "the header separates its columns by '{header}' and line {line} by '{row}'; use one of them throughout the file"
    )]
    OtherSeparator {
        /// The separator of the header.
        header: char,
        /// That of the row.
        row: char,
        /// Line of the row.
        line: u64,
    },
    /// A column that the format does not have.
    #[error("unknown column '{}'; {}", column.escape_debug(), meant(*nearest))]
    UnknownColumn {
        /// The name as given, shortened.
        column: String,
        /// The nearest known name, when one is near.
        nearest: Option<&'static str>,
    },
    /// One column twice, perhaps by its alias.
    #[error("column '{column}' is present twice{}; keep one of them", counting(*alias))]
    DoubleColumn {
        /// The column, by the name it has in the documentation.
        column: &'static str,
        /// The alias that the file uses for it.
        alias: Option<&'static str>,
    },
    /// A column that every file needs.
    #[error("column '{column}' is missing; every row needs it")]
    MissingColumn {
        /// The column, by the name it has in the documentation.
        column: &'static str,
    },
    /// A quoted cell runs on over the end of its line and does not end as a cell does, so that rows after it
    /// cannot be told apart and a family in them would seem absent.
    #[error(
        "the quotation mark that opens a cell in line {line} has no proper closing one; close the cell, \
         or remove the mark"
    )]
    OpenQuote {
        /// Line of the opening quotation mark.
        line: u64,
    },
    /// The parser gave up.
    #[error("cannot be split into rows and cells")]
    Unparsable(#[source] csv::Error),
}

fn meant(nearest: Option<&str>) -> String {
    nearest.map_or_else(
        || "no column has such a name; remove it or rename it".to_owned(),
        |nearest| format!("did you mean '{nearest}'?"),
    )
}

fn counting(alias: Option<&str>) -> String {
    alias.map(|alias| format!(", counting its alias '{alias}'")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_reads_as_one_line() {
        let mut problem = RowProblem {
            file: "school-a.csv".into(),
            line: 12,
            column: Some("geboortedatum"),
            reason: "no such date; unknown parts are written 00".into(),
        };
        assert_eq!(
            problem.to_string(),
            "school-a.csv, line 12, column geboortedatum: no such date; unknown parts are written 00"
        );
        problem.column = None;
        assert_eq!(problem.to_string(), "school-a.csv, line 12: no such date; unknown parts are written 00");
    }

    #[test]
    fn a_file_error_names_the_file_and_hands_on_the_cause() {
        let refused = |flaw| FileError { file: "a.csv".into(), flaw };
        let missing = refused(FileFlaw::MissingColumn { column: "rol" });
        assert_eq!(missing.to_string(), "a.csv: column 'rol' is missing; every row needs it");
        assert!(missing.source().is_none());
        let unreadable = refused(FileFlaw::Unreadable(io::Error::other("worn disk")));
        assert!(!unreadable.to_string().contains("worn disk"));
        assert_eq!(unreadable.source().unwrap().to_string(), "worn disk");
    }
}
