//! Words that stand where a name should.

/// Found in Dutch registrations for "no name known". A key made of one would tie strangers.
const PLACEHOLDERS: &[&str] = &[
    "onb",
    "onbekend",
    "onbekende",
    "nietbekend",
    "nogonbekend",
    "nogniet",
    "nn",
    "nnb",
    "nomennescio",
    "nvt",
    "nb",
    "geen",
    "geennaam",
    "leeg",
    "volgt",
    "unknown",
    "unk",
    "null",
    "none",
    "noname",
    "nofirstname",
    "nolastname",
    "anoniem",
    "anonymous",
    "test",
    "tester",
    "testpersoon",
    "naamloos",
    "vertrouwelijk",
    "geheim",
    "nader",
    "onbek",
    "afgeschermd",
    "geenachternaam",
    "zieopmerking",
    "ziedossier",
    "dummy",
    "naam",
    "achternaam",
    "geslachtsnaam",
];

/// Stand for an unborn or unnamed child, or for a form of address; names of no one.
const GIVEN_PLACEHOLDERS: &[&str] = &[
    "baby",
    "ongeboren",
    "kind",
    "kindje",
    "zoon",
    "zoontje",
    "dochter",
    "dochtertje",
    "jongen",
    "meisje",
    "foetus",
    "vrucht",
    "voornaam",
    "voornamen",
    "familie",
    "moeder",
    "vader",
];

/// Whether the words of a surname or given names stand for "unknown".
pub(super) fn is_placeholder(words: &[String]) -> bool {
    let joined = words.concat();
    let repeated = |letter: char| joined.chars().all(|c| c == letter);
    // A single n, z or q is somebody's initial; a single x hardly is.
    let filler = repeated('x') || (joined.len() > 1 && ['n', 'z', 'q'].into_iter().any(repeated));
    filler || PLACEHOLDERS.contains(&joined.as_str())
}

/// Whether a first given name stands for "unknown" or for a child without one.
pub(super) fn is_given_placeholder(words: &[String]) -> bool {
    is_placeholder(words) || words.first().is_some_and(|word| GIVEN_PLACEHOLDERS.contains(&word.as_str()))
}

#[cfg(test)]
mod tests {
    use super::super::letters::words;
    use super::*;

    #[test]
    fn placeholders_are_no_names() {
        let check =
            |input: &str, expected: bool| assert_eq!(is_placeholder(&words(input)), expected, "{input}");
        for placeholder in
            ["onbekend", "Onb.", "N.N.", "nn", "x", "XXX", "-", "", "n.v.t.", "niet bekend", "?"]
        {
            check(placeholder, true);
        }
        for name in ["Jansen", "van Ee", "van der Aa", "Nne", "Bos", "N."] {
            check(name, false);
        }
        assert!(is_given_placeholder(&words("Baby")));
        assert!(!is_given_placeholder(&words("Babette")));
    }
}
