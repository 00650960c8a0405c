//! Takes stray commas out of a JSON text, so that `{{#if}}{…},{{/if}}` can be written in a list.

use super::marks::{VALUE, VALUE_END};

/// Why a text can't be mended.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BareValue {
    /// The byte that it begins at.
    pub(super) at: usize,
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
    for (at, c) in text.char_indices() {
        if in_string {
            out.push(c);
            (in_string, escaped) = (escaped || c != '"', !escaped && c == '\\');
            continue;
        }
        match c {
            VALUE | VALUE_END => return Err(BareValue { at }),
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

/// The byte of `text` that became the byte `at` of `mended`: before both stand the same characters, commas and blanks
/// left out of account.
pub(super) fn before_mending(text: &str, mended: &str, at: usize) -> usize {
    let is_solid = |c: &char| !c.is_whitespace() && *c != ',';
    let solid = mended.get(..at).unwrap_or(mended).chars().filter(is_solid).count();
    let mut solids = text.char_indices().filter(|(_, c)| is_solid(c));
    solids.nth(solid).map_or(text.len(), |(at, _)| at)
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
    fn a_place_is_found_again_in_the_text_before_it_was_mended() {
        let text = "[,1 ,, \"a, b\",\n,x]";
        let mended = without_stray_commas(text).unwrap();
        let x = mended.find('x').unwrap();
        assert_eq!(before_mending(text, &mended, x), text.find('x').unwrap());
        assert_eq!(before_mending(text, &mended, mended.len()), text.len());
    }

    #[test]
    fn a_value_outside_of_quotes_is_named_with_its_place() {
        let text = format!("{{\n \"a\": {}}}", super::super::marks::escape("5"));
        assert_eq!(without_stray_commas(&text), Err(BareValue { at: 8 }));
    }
}
