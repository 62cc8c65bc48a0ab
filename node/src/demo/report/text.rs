//! Lines of a fixed width with colours. Characters count as one column each; the names of organisations and families
//! seldom hold others.

/// What a piece of text is, from which its colour follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ink {
    /// As the terminal has it.
    Plain,
    /// Headings.
    Heading,
    /// What matters less.
    Faint,
    /// What limits everything around it.
    Warning,
    /// `zeker`
    Certain,
    /// `waarschijnlijk`
    Probable,
    /// `mogelijk`
    Possible,
}

impl Ink {
    /// Parameters of the ANSI sequence "select graphic rendition" (ECMA-48, 8.3.117).
    const fn code(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Heading => Some("1"),
            Self::Faint => Some("2"),
            Self::Warning => Some("31"),
            Self::Certain => Some("1;32"),
            Self::Probable => Some("33"),
            Self::Possible => Some("36"),
        }
    }
}

/// One line: pieces of text from left to right.
#[derive(Clone, Debug, Default)]
pub(super) struct Line(Vec<(Ink, String)>);

impl Line {
    /// A line of one piece.
    pub(super) fn of(ink: Ink, text: impl Into<String>) -> Self {
        Self::default().and(ink, text)
    }

    /// The line with one more piece.
    pub(super) fn and(mut self, ink: Ink, text: impl Into<String>) -> Self {
        self.0.push((ink, text.into()));
        self
    }

    /// The text, without blanks at its end.
    pub(super) fn render(&self, colour: bool) -> String {
        let mut rendered = String::new();
        for (place, (ink, text)) in self.0.iter().enumerate() {
            let is_last = place + 1 == self.0.len();
            let text = if is_last { text.trim_end() } else { text };
            match ink.code().filter(|_| colour && !text.is_empty()) {
                Some(code) => {
                    rendered.push_str(&format!("\u{1b}[{code}m{text}\u{1b}[0m"));
                }
                None => rendered.push_str(text),
            }
        }
        rendered.truncate(rendered.trim_end().len());
        rendered
    }
}

/// Columns that a text takes.
pub(super) fn width(text: &str) -> usize {
    text.chars().count()
}

/// The text, cut with `…` when it is longer than `columns`.
pub(super) fn fit(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let kept: String = text.chars().take(columns.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// The text, cut or filled with blanks to exactly `columns`.
pub(super) fn pad(text: &str, columns: usize) -> String {
    let mut padded = fit(text, columns);
    padded.extend(std::iter::repeat_n(' ', columns.saturating_sub(width(&padded))));
    padded
}

/// The text on lines of at most `columns`, broken at blanks; a longer word is broken anywhere. Never empty.
pub(super) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(1);
    let mut lines = vec![String::new()];
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let mut rest: Vec<char> = word.chars().collect();
        loop {
            let line = lines.last_mut().expect("there is a line from the start");
            let used = width(line);
            let blank = usize::from(used > 0);
            if used + blank + rest.len() <= columns {
                line.extend(std::iter::repeat_n(' ', blank));
                line.extend(rest);
                break;
            }
            if used == 0 {
                line.extend(rest.drain(..columns));
            }
            lines.push(String::new());
        }
    }
    lines
}

/// A wrapped text, each line after `indent` blanks and the first after `mark` within them.
pub(super) fn paragraph(ink: Ink, mark: &str, indent: usize, text: &str, columns: usize) -> Vec<Line> {
    wrap(text, columns.saturating_sub(indent))
        .into_iter()
        .enumerate()
        .map(|(place, line)| {
            let margin = if place == 0 { pad(mark, indent) } else { " ".repeat(indent) };
            Line::of(Ink::Plain, margin).and(ink, line)
        })
        .collect()
}

/// A number with the right form of its noun.
pub(super) fn counted(number: usize, one: &str, more: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { more })
}

/// `a`, `a and b`, `a, b and c`.
pub(super) fn joined(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_and_filled_by_characters() {
        for (text, columns, padded) in
            [("cliënt", 8, "cliënt  "), ("cliënt", 6, "cliënt"), ("cliënt", 5, "clië…"), ("a bc", 3, "a…  ")]
        {
            assert_eq!(pad(text, columns), padded.chars().take(columns).collect::<String>());
        }
    }

    #[test]
    fn text_is_wrapped_within_its_width() {
        for (text, columns, lines) in [
            ("", 5, &[""][..]),
            ("een twee drie", 8, &["een twee", "drie"]),
            ("een twee", 20, &["een twee"]),
            ("abcdefgh ij", 3, &["abc", "def", "gh", "ij"]),
            ("ab cdefgh", 4, &["ab", "cdef", "gh"]),
            ("éé éé", 2, &["éé", "éé"]),
            ("a  b", 1, &["a", "b"]),
        ] {
            assert_eq!(wrap(text, columns), lines, "{text}");
        }
        assert_eq!(wrap("ab", 0), ["a", "b"]);
    }

    #[test]
    fn colours_surround_text_only_when_asked() {
        let line = Line::of(Ink::Plain, "  ").and(Ink::Certain, "zeker").and(Ink::Plain, "  ");
        assert_eq!(line.render(false), "  zeker");
        assert_eq!(line.render(true), "  \u{1b}[1;32mzeker\u{1b}[0m");
        assert_eq!(Line::of(Ink::Faint, "").render(true), "");
    }

    #[test]
    fn lists_and_numbers_read_as_sentences() {
        let names =
            |count: usize| ["a", "b", "c"].iter().take(count).map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!([0, 1, 2, 3].map(|count| joined(&names(count))), ["", "a", "a and b", "a, b and c"]);
        assert_eq!(counted(1, "family", "families"), "1 family");
        assert_eq!(counted(0, "family", "families"), "0 families");
    }
}
