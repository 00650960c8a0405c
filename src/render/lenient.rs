//! Takes stray commas out of a JSON text, so that `{{#if}}{…},{{/if}}` can be written in a list.

use super::marks::{VALUE, VALUE_END};

/// Why a text can't be mended.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BareValue {
    pub(super) line: usize,
    pub(super) column: usize,
}

/// The text without commas that stand before `]` or `}`, after `[` or `{`, or after another comma.
///
/// # Errors
/// A value of the payload outside of a string, where it would be JSON of the sender's making.
pub(super) fn without_stray_commas(text: &str) -> Result<String, BareValue> {
    let mut out = String::with_capacity(text.len());
    let (mut in_string, mut escaped) = (false, false);
    // The comma that was read but not yet written, and the blanks after it.
    let (mut comma, mut blanks) = (false, String::new());
    let mut opened = true;
    let (mut line, mut column) = (1, 0);
    for c in text.chars() {
        (line, column) = if c == '\n' { (line + 1, 0) } else { (line, column + 1) };
        if in_string {
            out.push(c);
            (in_string, escaped) = (escaped || c != '"', !escaped && c == '\\');
            continue;
        }
        match c {
            VALUE | VALUE_END => return Err(BareValue { line, column }),
            ',' => comma = comma || !opened,
            _ if c.is_ascii_whitespace() => blanks.push(c),
            _ => {
                if comma && !matches!(c, ']' | '}') {
                    out.push(',');
                }
                out.push_str(&std::mem::take(&mut blanks));
                out.push(c);
                comma = false;
                opened = matches!(c, '[' | '{');
                in_string = c == '"';
            }
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stray_commas_go_and_those_in_strings_stay() {
        for (given, mended) in [
            ("[,1,,2,]", "[1,2]"),
            ("{,\"a\":1, ,}", "{\"a\":1 }"),
            ("[\",]\",]", "[\",]\"]"),
            ("[\"\\\",]\"]", "[\"\\\",]\"]"),
            ("[1\n,\n,2]", "[1,\n\n2]"),
        ] {
            assert_eq!(without_stray_commas(given).unwrap(), mended);
        }
    }

    #[test]
    fn a_value_outside_of_quotes_is_named_with_its_place() {
        let text = format!("{{\n \"a\": {}}}", super::super::marks::escape("5"));
        assert_eq!(without_stray_commas(&text), Err(BareValue { line: 2, column: 7 }));
    }
}
