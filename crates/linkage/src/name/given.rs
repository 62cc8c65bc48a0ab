//! Given names: the first one, and its initial. The roepnaam is not used: registers disagree on it.

use domain::PersonName;

use super::letters::words;
use super::phonetic::given_code;
use super::placeholder::is_given_placeholder;
use crate::private::PrivateText;

/// Longest abbreviation before a dot that counts as an initial: `Chr.`, `Joh.`.
const MAX_ABBREVIATION_CHARS: usize = 4;

/// Forms of address that end up in the column of given names.
const TITLES: &[&str] =
    &["dhr", "heer", "hr", "mw", "mevr", "mevrouw", "mej", "dr", "drs", "ir", "mr", "ing", "prof"];

/// The first given name as far as it is known.
pub(crate) struct GivenName {
    /// The first letter, folded as it sounds.
    pub(crate) initial: char,
    /// The phonetic code when more than an initial is known.
    pub(crate) code: Option<PrivateText>,
}

/// The first given name, or at least its initial.
///
/// `J.M.`, `J M` and `JM` are initials (a word without a vowel is one); so is an abbreviation with a dot.
pub(crate) fn given_name(name: &PersonName) -> Option<GivenName> {
    let text = name.given_names.as_ref()?.reveal();
    let text = text.split('(').next().unwrap_or(text);
    text.split([' ', ',', '-', '\u{a0}', '"']).find_map(first_of)
}

/// What one blank-separated token says, `None` when it is no name.
fn first_of(token: &str) -> Option<GivenName> {
    let (head, dotted) = token.split_once('.').map_or((token, false), |(head, _)| (head, true));
    let word = words(head).into_iter().next()?;
    let unknown = is_given_placeholder(&words(token)) && !(dotted && word == "x");
    if TITLES.contains(&word.as_str()) || unknown {
        return None;
    }
    let vowel = word.chars().any(|c| !c.is_ascii() || matches!(c, 'a' | 'e' | 'i' | 'o' | 'u' | 'y'));
    let abbreviated = dotted && word.chars().count() <= MAX_ABBREVIATION_CHARS;
    let initial_only = abbreviated || !vowel || word.chars().count() == 1 || word == "ij";
    let code = (!initial_only).then(|| PrivateText::new(given_code(&word)));
    initial(&word).map(|initial| GivenName { initial, code })
}

/// The first letter, so folded that Cornelis agrees with Kees and Ysbrand with IJsbrand and Youssef with Joessef.
fn initial(word: &str) -> Option<char> {
    if word.starts_with("ij") {
        return Some('j');
    }
    word.chars().next().map(|first| match first {
        'c' | 'q' => 'k',
        'y' => 'j',
        'z' => 's',
        'v' => 'f',
        other => other,
    })
}

#[cfg(test)]
mod tests {
    use domain::PersonalText;

    use super::*;

    fn check(input: &str, expected: Option<(char, Option<&str>)>) {
        let name = PersonName {
            given_names: PersonalText::new("voornamen", input).ok(),
            prefix: None,
            surname: None,
        };
        let found = given_name(&name);
        let found = found.as_ref().map(|given| (given.initial, given.code.as_ref().map(PrivateText::reveal)));
        assert_eq!(found, expected, "{input}");
    }

    #[test]
    fn initials_and_names() {
        for initials in ["J.M.", "J M", "JM", "J", "j.", "J.-M.", "Joh. M.", "mw. J.M."] {
            check(initials, Some(('j', None)));
        }
        for jan in ["Jan", "JAN", "Jan Willem", "Jan-Willem", "Jan (Jantje)", "dhr. Jan"] {
            check(jan, Some(('j', Some("jan"))));
        }
        check("N.A.", Some(('n', None)));
        check("X.", Some(('x', None)));
        check("Chr.", Some(('k', None)));
        check("IJ.", Some(('j', None)));
        check("IJsbrand", Some(('j', Some("isbrant"))));
        check("Ysbrand", Some(('j', Some("isbrant"))));
        check("Cornelis", Some(('k', Some("kornalis"))));
        check("Özlem", Some(('o', Some("oslam"))));
    }

    #[test]
    fn no_name() {
        for unknown in ["onbekend", "nn", "x", "-", "baby", "N.N.", "dhr."] {
            check(unknown, None);
        }
    }
}
