//! What the TOML parser says about a value of the wrong type, without the names that types have in a program.

/// The message in words of the file; a message of another form as it is.
pub(super) fn plain(message: &str) -> String {
    if let Some(key) = message.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`')) {
        return format!("'{key}' is missing");
    }
    let mismatch = message.strip_prefix("invalid type: ").or_else(|| message.strip_prefix("invalid value: "));
    // The value comes first and may hold any text; what was expected is ours.
    let Some((found, expected)) = mismatch.and_then(|rest| rest.rsplit_once(", expected ")) else {
        return message.to_owned();
    };
    if found == "map" && expected == "a sequence" {
        return "expected a heading between double brackets, such as [[deelnemer]]".to_owned();
    }
    let is_number = expected.starts_with('u');
    format!("expected {}, found {}", wanted(expected), given(found, is_number))
}

/// A type as serde names it.
fn wanted(expected: &str) -> &str {
    match expected {
        "u16" => "a whole number from 0 to 65535",
        "u32" => "a whole number from 0 to 4294967295",
        "a string" => "text between quotation marks",
        "a boolean" => "true or false",
        "a sequence" => "a list between square brackets",
        other if other.starts_with("struct ") => "a table of keys and values",
        other => other,
    }
}

/// A value as serde names it: a word for its type, for numbers and truths followed by the value itself. Text is not
/// repeated.
fn given(found: &str, wants_number: bool) -> String {
    let value = found.split('`').nth(1).unwrap_or_default();
    if found.starts_with("string") {
        "text".to_owned()
    } else if found.starts_with("integer") || found.starts_with("floating point") {
        if wants_number { value.to_owned() } else { format!("the number {value}") }
    } else if found.starts_with("boolean") {
        value.to_owned()
    } else if found.starts_with("map") {
        // The parser hands on a date as a table too.
        "a table or a date".to_owned()
    } else if found.starts_with("sequence") {
        "a list".to_owned()
    } else {
        found.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_told_in_plain_words() {
        for (message, told) in [
            (
                "invalid type: string \"x, expected u16\", expected u16",
                "expected a whole number from 0 to 65535, found text",
            ),
            (
                "invalid value: integer `-1`, expected u32",
                "expected a whole number from 0 to 4294967295, found -1",
            ),
            (
                "invalid type: boolean `true`, expected a string",
                "expected text between quotation marks, found true",
            ),
            (
                "invalid type: map, expected a string",
                "expected text between quotation marks, found a table or a date",
            ),
            (
                "invalid type: string \"x\", expected struct Network",
                "expected a table of keys and values, found text",
            ),
            (
                "invalid type: map, expected a sequence",
                "expected a heading between double brackets, such as [[deelnemer]]",
            ),
            ("missing field `oin`", "'oin' is missing"),
            ("duplicate key", "duplicate key"),
        ] {
            assert_eq!(plain(message), told);
        }
    }
}
