//! From bytes to text, by the charset that the sender names; UTF-8 where none is named.

use std::borrow::Cow;

use encoding_rs::{Encoding as Table, UTF_8};

use super::BadPayload;

/// A charset of the web, such as `windows-1252`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Charset(&'static Table);

impl Default for Charset {
    fn default() -> Self {
        Self(UTF_8)
    }
}

impl Charset {
    /// The charset of this name, in any of its spellings. Those are the web's, so that `iso-8859-1` is `windows-1252`.
    pub fn parse(label: &str) -> Option<Self> {
        // The web reads ASCII as windows-1252 as well; who says ASCII and sends more means UTF-8 today.
        if label.eq_ignore_ascii_case("us-ascii") || label.eq_ignore_ascii_case("ascii") {
            return Some(Self::default());
        }
        Table::for_label_no_replacement(label.as_bytes()).map(Self)
    }

    /// Its one name.
    pub fn as_str(self) -> &'static str {
        self.0.name()
    }

    /// Whether ASCII is the same in it. Where ASCII can be read, a charset that isn't so is named by mistake.
    pub(super) fn holds_ascii(self) -> bool {
        self.0.is_ascii_compatible()
    }

    /// The bytes as text; a byte order mark goes before what was named, and is taken off.
    pub(super) fn decode(self, bytes: &[u8]) -> Result<Cow<'_, str>, BadPayload> {
        let (table, mark) = Table::for_bom(bytes).unwrap_or((self.0, 0));
        let bytes = bytes.get(mark..).unwrap_or_default();
        if table == UTF_8 {
            let bad = |error: std::str::Utf8Error| BadPayload::NotUtf8 { at: mark + error.valid_up_to() };
            return std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(bad);
        }
        let text = table.decode_without_bom_handling_and_without_replacement(bytes);
        text.ok_or(BadPayload::NotCharset { charset: Self(table) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(label: &str, bytes: &[u8]) -> Result<String, BadPayload> {
        Charset::parse(label).unwrap().decode(bytes).map(Cow::into_owned)
    }

    #[test]
    fn old_charsets_are_read() {
        assert_eq!(decoded("ISO-8859-1", b"caf\xe9").unwrap(), "café");
        assert_eq!(decoded("windows-1252", b"\x80 5").unwrap(), "€ 5");
        assert_eq!(decoded("utf-16le", b"a\0b\0").unwrap(), "ab");
        assert_eq!(decoded("US-ASCII", "é".as_bytes()).unwrap(), "é");
        assert_eq!(Charset::parse("latin-13"), None);
    }

    #[test]
    fn a_byte_order_mark_says_more_than_a_name() {
        assert_eq!(decoded("utf-8", b"\xef\xbb\xbfa").unwrap(), "a");
        assert_eq!(decoded("utf-8", b"\xfe\xff\0a").unwrap(), "a");
        assert_eq!(decoded("iso-8859-1", b"\xef\xbb\xbf\xc3\xa9").unwrap(), "é");
    }

    #[test]
    fn bytes_that_are_no_text_are_told_by_their_place() {
        assert_eq!(decoded("utf-8", b"ab\xff"), Err(BadPayload::NotUtf8 { at: 2 }));
        assert_eq!(decoded("utf-8", b"\xef\xbb\xbfab\xff"), Err(BadPayload::NotUtf8 { at: 5 }));
        let error = decoded("utf-16le", b"\x3d\xd8").unwrap_err();
        assert!(error.to_string().contains("UTF-16LE"), "{error}");
    }
}
