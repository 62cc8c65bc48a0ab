//! Undoes one accident of exports: UTF-8 that was read as Windows-1252, so that `Gökçe` became `GÃ¶kÃ§e`.

use std::borrow::Cow;

/// What Windows-1252 writes for the bytes 0x80 to 0x9F; NUL where it has nothing (WHATWG Encoding Standard, index
/// windows-1252). The other bytes are the code points of the same number.
const HIGH_CONTROLS: [char; 32] = [
    '€', '\0', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\0', 'Ž', '\0', '\0', '‘', '’', '“',
    '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\0', 'ž', 'Ÿ',
];

/// The text as it was before the accident; any other text as it is.
///
/// Only text of which every character is a byte of Windows-1252 and whose bytes are valid UTF-8 is taken for such an
/// accident. No name is written like that: it would have a capital Â, Ã, Ä or Å directly before a sign.
pub(super) fn repaired(text: &str) -> Cow<'_, str> {
    if !text.contains(['Â', 'Ã', 'Ä', 'Å']) {
        return Cow::Borrowed(text);
    }
    let bytes: Option<Vec<u8>> = text.chars().map(byte_of).collect();
    let before = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    before.map_or(Cow::Borrowed(text), Cow::Owned)
}

fn byte_of(c: char) -> Option<u8> {
    let same = u8::try_from(c).ok().filter(|byte| !(0x80..0xa0).contains(byte));
    same.or_else(|| {
        let place = HIGH_CONTROLS.iter().position(|high| *high == c && c != '\0')?;
        u8::try_from(place + 0x80).ok()
    })
}

/// The accident itself.
#[cfg(test)]
pub(super) fn misread(text: &str) -> String {
    let high =
        |byte: u8| HIGH_CONTROLS.get(usize::from(byte).checked_sub(0x80)?).copied().filter(|c| *c != '\0');
    text.bytes().map(|byte| high(byte).unwrap_or(char::from(byte))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_accident_is_undone() {
        for (input, expected) in [
            ("GÃ¶kÃ§e", "Gökçe"),
            ("YÄ±ldÄ±z", "Yıldız"),
            ("Åahin", "Åahin"),
            ("Å\u{17e}ahin", "Şahin"),
            ("WaÅ‚Ä™sa", "Wałęsa"),
            ("RenÃ©e", "Renée"),
            ("Åse", "Åse"),
            ("Ägren", "Ägren"),
            ("Gökçe", "Gökçe"),
            ("Jansen", "Jansen"),
        ] {
            assert_eq!(repaired(input), expected);
        }
    }
}
