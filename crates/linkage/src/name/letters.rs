//! From any Latin spelling to words of small letters a–z.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Splits into words of small letters without diacritics.
///
/// Sources: Unicode NFKD with the marks removed (UAX 15); letters that do not decompose after the table of the
/// LO BRP's "diacriet" annex and ICAO Doc 9303 part 3 section 6, but one letter where ICAO writes two (`ø` is `o`,
/// not `oe`) because Dutch systems that lack the sign write one; hyphens of any sort, dots and slashes part words.
/// An apostrophe parts words after a particle of one letter (`d'Hondt`, `'t`, `'s`) and is left out elsewhere
/// (`Sa'id`). Letters of other scripts are kept as they are.
pub(super) fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for c in text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase) {
        let Some(word) = words.last_mut() else { break };
        if is_apostrophe(c) {
            if matches!(word.as_str(), "d" | "l" | "s" | "t" | "o") {
                words.push(String::new());
            }
        } else if let Some(letters) = transliterated(c) {
            word.push_str(letters);
        } else if c.is_alphabetic() {
            word.push(c);
        } else if parts_words(c) && !word.is_empty() {
            words.push(String::new());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '`' | '\u{2018}' | '\u{2019}' | '\u{201b}' | '\u{02bb}' | '\u{02bc}' | '\u{02b9}')
}

/// Blanks, punctuation and dashes; a stray digit or question mark within a word is a slip and vanishes.
fn parts_words(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '-' | '/' | '\\' | '.' | ',' | ';' | ':' | '(' | ')' | '[' | ']' | '"' | '_' | '&' | '+' | '='
        )
        || matches!(c, '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{00ad}' | '\u{201c}' | '\u{201d}')
}

/// Letters that NFKD leaves whole.
fn transliterated(c: char) -> Option<&'static str> {
    Some(match c {
        'ß' => "ss",
        'ø' => "o",
        'ł' => "l",
        'ı' => "i",
        'æ' => "ae",
        'œ' => "oe",
        'đ' | 'ð' => "d",
        'þ' => "th",
        'ħ' => "h",
        'ŋ' => "n",
        'ŧ' => "t",
        'ə' => "e",
        'ĸ' => "k",
        'ʻ' | 'ʿ' | 'ʾ' => "",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_plain_small_letters() {
        let check = |input: &str, expected: &str| assert_eq!(words(input).join("|"), expected, "{input}");
        // Diacritics and capitals.
        check("Gökçe ÖZDEMİR", "gokce|ozdemir");
        check("Włodarczyk", "wlodarczyk");
        check("Şahin", "sahin");
        check("Yıldız", "yildiz");
        check("Strauß", "strauss");
        check("Sørensen", "sorensen");
        check("Đorđević", "dordevic");
        check("Peña", "pena");
        // The one-character IJ and y with diaeresis.
        check("Ĳsbrand", "ijsbrand");
        check("Meÿer", "meyer");
        // Hyphens, dots, slashes.
        check("Jansen-de Vries", "jansen|de|vries");
        check("Jansen – de Vries", "jansen|de|vries");
        check("v.d. Berg", "v|d|berg");
        check("v/d Berg", "v|d|berg");
        // Apostrophes.
        check("d'Hondt", "d|hondt");
        check("in ’t Veld", "in|t|veld");
        check("'s-Gravesande", "s|gravesande");
        check("Sa'id", "said");
        check("M'Barek", "mbarek");
        // Slips.
        check("Jans3en", "jansen");
        check("  -- ", "");
        check("?", "");
    }
}
