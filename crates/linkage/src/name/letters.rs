//! From any Latin spelling to words of small letters a–z.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Splits into words of small letters without diacritics.
///
/// Sources: Unicode NFKD with the marks removed (UAX 15); letters that do not decompose after the table of the
/// LO BRP's "diacriet" annex and ICAO Doc 9303 part 3 section 6, but one letter where ICAO writes two (`ø` is `o`,
/// not `oe`) because Dutch systems that lack the sign write one; hyphens of any sort, dots and slashes part words.
/// An apostrophe parts words after a particle of one letter (`d'Hondt`, `'t`, `'s`) and is left out elsewhere
/// (`Sa'id`, `O'Brien`). Letters of other scripts are kept as they are. A digit that stands between letters is read as
/// the letter that it is taken for by readers of print, where there is one (`J0ng`), and left out otherwise.
pub(super) fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    // The acute accent by itself serves as an apostrophe and would decompose into a blank.
    let letters = text.chars().map(|c| if c == '\u{b4}' { '\'' } else { c }).nfkd();
    let mut letters = letters.filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).peekable();
    while let Some(c) = letters.next() {
        let Some(word) = words.last_mut() else { break };
        if is_apostrophe(c) {
            if matches!(word.as_str(), "d" | "l" | "s" | "t") {
                words.push(String::new());
            }
        } else if let Some(letters) = transliterated(c) {
            word.push_str(letters);
        } else if c.is_alphabetic() {
            word.push(c);
        } else if let Some(letter) = misread(c) {
            if !word.is_empty() && letters.peek().is_some_and(|next| next.is_alphabetic()) {
                word.push(letter);
            }
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

/// The letter that a digit is mistaken for when print is scanned or typed over.
fn misread(c: char) -> Option<char> {
    match c {
        '0' => Some('o'),
        '1' => Some('l'),
        '5' => Some('s'),
        _ => None,
    }
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
        check("O'Brien", "obrien");
        check("D\u{b4}Hondt", "d|hondt");
        check("Sa\u{b4}id", "said");
        // Slips.
        check("Jans3en", "jansen");
        check("De J0ng", "de|jong");
        check("Jan5en", "jansen");
        check("Wi1lems 1", "willems");
        check("2e Jansen 05", "e|jansen");
        check("Jan\u{200b}sen\u{a0}Bos", "jansen|bos");
        check("  -- ", "");
        check("?", "");
    }
}
