//! JSON as senders write it. Of a name that stands twice in an object, the last counts.
//!
//! Integers are exact from -2^63 to 2^64-1; what is greater becomes the nearest number that 64 bits of floating point
//! can hold, and what is greater than those (`1e999`) is refused.

mod partly;
mod surrogate;

use serde_json::Value;

use super::{BadPayload, parts::Parts};

/// The one value that the text is.
pub(super) fn parse(text: &str) -> Result<Value, BadPayload> {
    serde_json::from_str(text)
        .or_else(|error| match surrogate::replace_lone(text.as_bytes()) {
            Some(mended) => serde_json::from_slice(&mended),
            None => Err(error),
        })
        .map_err(|error| BadPayload::NotJson { line: error.line(), column: error.column() })
}

/// The one value that the text is; of an object or a list those parts alone that somebody looks at.
pub(super) fn parse_parts(text: &str, looked_at: &[&Parts]) -> Result<Value, BadPayload> {
    partly::parse(text, looked_at).map_or_else(|| parse(text), Ok)
}

/// Whether the text begins as an object or a list does.
pub(super) fn begins(text: &str) -> bool {
    text.trim_start().starts_with(['{', '['])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nesting_past_127_levels_is_refused_and_not_a_crash() {
        let nested = |levels: usize| parse(&format!("{}{}", "[".repeat(levels), "]".repeat(levels)));
        assert!(nested(127).is_ok());
        for levels in [129, 100_000] {
            assert!(matches!(nested(levels), Err(BadPayload::NotJson { .. })), "{levels}");
        }
    }

    #[test]
    fn half_an_emoji_does_not_make_a_webhook_unreadable() {
        let value = parse(r#"{"title": "cut here \ud83d"}"#).unwrap();
        assert_eq!(value, serde_json::json!({"title": "cut here \u{fffd}"}));
    }

    #[test]
    fn integers_stay_exact_as_far_as_64_bits_go() {
        for digits in ["1502709956288000110", "9007199254740993", "-9223372036854775808", "18446744073709551615"] {
            assert_eq!(parse(digits).unwrap().to_string(), digits);
        }
        assert_eq!(parse("18446744073709551616").unwrap().as_f64(), Some(18_446_744_073_709_551_616.0));
    }

    #[test]
    fn a_number_that_nothing_can_hold_is_refused() {
        assert_eq!(parse("[1e999]"), Err(BadPayload::NotJson { line: 1, column: 6 }));
    }

    #[test]
    fn of_a_name_that_stands_twice_the_last_counts() {
        assert_eq!(parse(r#"{"a": 1, "b": 2, "a": 3}"#).unwrap(), serde_json::json!({"a": 3, "b": 2}));
    }
}
