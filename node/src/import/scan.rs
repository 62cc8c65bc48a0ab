//! What the csv parser does not tell: which separator the file uses, on which line a row begins, and where quotation
//! marks are damaged. The parser itself is lenient: it lets an open quotation mark swallow the rows that follow.

use std::collections::BTreeSet;

use super::FileFlaw;

/// Counts physical lines; LF, CR LF and a lone CR each end one.
#[derive(Clone, Copy)]
pub(super) struct LineCount {
    line: u64,
    after_return: bool,
}

impl LineCount {
    pub(super) const fn new() -> Self {
        Self { line: 1, after_return: false }
    }

    fn pass(&mut self, byte: u8) {
        if byte == b'\r' || (byte == b'\n' && !self.after_return) {
            self.line += 1;
        }
        self.after_return = byte == b'\r';
    }

    /// The line of the first byte after `bytes`.
    pub(super) fn after(bytes: &[u8]) -> u64 {
        let mut count = Self::new();
        bytes.iter().for_each(|byte| count.pass(*byte));
        count.line
    }
}

/// Turns byte offsets, asked for in rising order, into line numbers.
pub(super) struct Lines<'a> {
    rest: std::iter::Peekable<std::iter::Enumerate<std::slice::Iter<'a, u8>>>,
    count: LineCount,
}

impl<'a> Lines<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes.iter().enumerate().peekable(), count: LineCount::new() }
    }

    /// The line of the row that the parser found from `byte` on. The parser starts at the line end before the row
    /// and passes over empty lines, so these are passed over here too.
    pub(super) fn of_row_from(&mut self, byte: u64) -> u64 {
        while let Some((at, found)) = self.rest.peek() {
            let before = u64::try_from(*at).is_ok_and(|at| at < byte);
            if !before && !matches!(found, b'\r' | b'\n') {
                break;
            }
            self.count.pass(**found);
            self.rest.next();
        }
        self.count.line
    }
}

/// The separator, from the first line that holds more than blanks, separators and quotation marks.
pub(super) fn separator(text: &str) -> Result<u8, FileFlaw> {
    let header = text
        .split(['\r', '\n'])
        .find(|line| line.chars().any(|c| !c.is_whitespace() && !matches!(c, ';' | ',' | '"')))
        .ok_or(FileFlaw::Empty)?;
    // Every second piece between quotation marks is inside them.
    let outside = || header.split('"').step_by(2);
    match (outside().any(|piece| piece.contains(';')), outside().any(|piece| piece.contains(','))) {
        (true, false) => Ok(b';'),
        (false, true) => Ok(b','),
        (true, true) => Err(FileFlaw::MixedSeparator),
        (false, false) => Err(FileFlaw::NoSeparator),
    }
}

/// Where the scan of quotation marks stands within a cell.
enum Quote {
    /// Before the first character of a cell.
    Start,
    /// In a cell without quotation marks; marks inside are plain characters.
    Plain,
    /// Inside quotation marks, opened on this line.
    Open { line: u64 },
    /// After what is either the closing mark or the first of a doubled pair.
    Closed { line: u64 },
    /// Only blanks since the closing mark.
    Blank { line: u64 },
}

/// Byte offsets at which text follows a closing quotation mark (RFC 4180 allows none), so that the row can be
/// refused.
///
/// # Errors
/// When such a cell, or one that never closes, spans lines: rows may be hidden in it.
pub(super) fn damaged_quotes(bytes: &[u8], separator: u8) -> Result<BTreeSet<u64>, FileFlaw> {
    let mut damaged = BTreeSet::new();
    let mut count = LineCount::new();
    let mut state = Quote::Start;
    for (at, byte) in (0_u64..).zip(bytes) {
        let ends = *byte == separator || matches!(byte, b'\r' | b'\n');
        state = match state {
            Quote::Open { line } if *byte == b'"' => Quote::Closed { line },
            Quote::Open { line } => Quote::Open { line },
            Quote::Closed { line } if *byte == b'"' => Quote::Open { line },
            Quote::Start | Quote::Plain | Quote::Closed { .. } | Quote::Blank { .. } if ends => Quote::Start,
            Quote::Start if *byte == b'"' => Quote::Open { line: count.line },
            Quote::Start | Quote::Plain => Quote::Plain,
            Quote::Closed { line } | Quote::Blank { line } if *byte == b' ' => Quote::Blank { line },
            Quote::Closed { line } | Quote::Blank { line } if line == count.line => {
                damaged.insert(at);
                Quote::Plain
            }
            Quote::Closed { line } | Quote::Blank { line } => return Err(FileFlaw::OpenQuote { line }),
        };
        count.pass(*byte);
    }
    match state {
        Quote::Open { line } => Err(FileFlaw::OpenQuote { line }),
        Quote::Start | Quote::Plain | Quote::Closed { .. } | Quote::Blank { .. } => Ok(damaged),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_decides_the_separator() {
        for (text, expected) in [
            ("gezin;rol\nG1,kind", Ok(b';')),
            ("\r\n;;;\ngezin,rol", Ok(b',')),
            ("\"gezin\";\"a,b\"\n", Ok(b';')),
            ("gezin;rol,email", Err("the header has both")),
            ("gezin\trol", Err("the header has neither")),
            (" \r\n\t\n", Err("empty; ")),
            ("", Err("empty; ")),
        ] {
            match (separator(text), expected) {
                (Ok(found), expected) => assert_eq!(Ok(found), expected, "{text:?}"),
                (Err(flaw), expected) => {
                    assert!(flaw.to_string().starts_with(expected.unwrap_err()), "{text:?}: {flaw}");
                }
            }
        }
    }

    #[test]
    fn lines_count_every_sort_of_line_end() {
        for (text, byte, line) in [
            ("ab\ncd", 2, 2),
            ("ab\r\ncd", 3, 2),
            ("ab\r\ncd", 4, 2),
            ("ab\rcd", 2, 2),
            ("ab\n\n\r\ncd", 2, 4),
            ("ab", 0, 1),
            ("\n\nab", 0, 3),
        ] {
            assert_eq!(Lines::new(text.as_bytes()).of_row_from(byte), line, "{text:?}");
        }
    }

    #[test]
    fn quotation_marks_close_where_the_cell_ends() {
        for (text, expected) in [
            ("a;\"b;c\";d\n\"e\"\"f\"\n", Ok(vec![])),
            ("a;\"b\nc\";d\n", Ok(vec![])),
            ("a;\"b\" ;c\n\"d\"", Ok(vec![])),
            ("'a \"b\" c;d\n", Ok(vec![])),
            ("\"a\"b;c\n", Ok(vec![3])),
            ("a\n\"b;c\n\"d\"\n", Err(2)),
            ("a\n\n\"b;c\nd\n", Err(3)),
        ] {
            let found = damaged_quotes(text.as_bytes(), b';');
            match (found, expected) {
                (Ok(found), expected) => assert_eq!(Ok(found.into_iter().collect()), expected, "{text:?}"),
                (Err(FileFlaw::OpenQuote { line }), expected) => assert_eq!(Err(line), expected, "{text:?}"),
                (Err(other), _) => panic!("{text:?}: {other}"),
            }
        }
    }
}
