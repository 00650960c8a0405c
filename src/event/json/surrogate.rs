//! Half an emoji in JSON: `"\ud83d"`, as senders write that cut texts at a number of UTF-16 units.
//!
//! JSON's grammar allows it and no parser can make text of it; so that a genuine webhook is not refused for it, the
//! half is read as U+FFFD, the sign for what could not be read.

/// Bytes of `\uXXXX`.
const ESCAPE: usize = 6;

/// The JSON with each lone half of a surrogate pair replaced; none if there is none.
pub(super) fn replace_lone(json: &[u8]) -> Option<Vec<u8>> {
    let mut mended = Vec::with_capacity(json.len());
    let mut rest = json;
    let mut found = false;
    while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
        let (before, escape) = rest.split_at(at);
        mended.extend_from_slice(before);
        let length = match (unit(escape), escape.get(ESCAPE..).and_then(unit)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 2 * ESCAPE,
            (Some(0xd800..=0xdfff), _) => {
                found = true;
                mended.extend_from_slice(b"\\ufffd");
                rest = escape.get(ESCAPE..).unwrap_or_default();
                continue;
            }
            // A backslash takes the next byte with it, so that `\\ud83d` stays a backslash and five letters.
            _ => 2.min(escape.len()),
        };
        let (kept, after) = escape.split_at(length);
        mended.extend_from_slice(kept);
        rest = after;
    }
    mended.extend_from_slice(rest);
    found.then_some(mended)
}

/// The UTF-16 unit of the escape that the bytes begin with.
fn unit(bytes: &[u8]) -> Option<u16> {
    let digits = bytes.strip_prefix(b"\\u")?.get(..4)?;
    if !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mended(json: &str) -> Option<String> {
        replace_lone(json.as_bytes()).map(|bytes| String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn lone_halves_are_replaced_and_pairs_kept() {
        assert_eq!(mended(r#""a\ud83d""#).unwrap(), r#""a\ufffd""#);
        assert_eq!(mended(r#""\ude00b""#).unwrap(), r#""\ufffdb""#);
        assert_eq!(mended(r#""\ud83d\ud83d\ude00""#).unwrap(), r#""\ufffd\ud83d\ude00""#);
        assert_eq!(mended(r#""\ud83d\ude00 \u00e9 \n""#), None);
        assert_eq!(mended(r#""\\ud83d""#), None);
        assert_eq!(mended(r#""\\\ud83d""#).unwrap(), r#""\\\ufffd""#);
        assert_eq!(mended(r"\"), None);
        assert_eq!(mended(r"\u12"), None);
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_looked_at_without_a_panic(bytes: Vec<u8>, json in r#"(\\u[dD][89a-fA-F][0-9a-f]{2}|\\.|[a-z"]){0,20}"#) {
            replace_lone(&bytes);
            if let Some(mended) = replace_lone(json.as_bytes()) {
                proptest::prop_assert_eq!(replace_lone(&mended), None);
            }
        }
    }
}
