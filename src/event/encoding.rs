//! How a body holds its payload, and the one way to read it.

use http::{HeaderMap, header};
use serde_json::{Map, Value};

use super::{
    Charset, Codings, MOST_INFLATED, Parts, form,
    inflate::inflate,
    json,
    xml::{self, NotXml},
};

/// How the body of an event holds its payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// The body is JSON.
    Json,
    /// The body is a form: JSON in its field `payload`, or plain fields.
    Form,
    /// The body is text. JSON that was sent as text, as AWS SNS does, is read as JSON.
    Text,
    /// The body is XML, which is read as a tree.
    Xml,
}

impl Encoding {
    /// By the `Content-Type` header; no header is read as JSON, as senders that forget it mean.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let Some(value) = headers.get(header::CONTENT_TYPE) else { return Some(Self::Json) };
        let essence = value.to_str().ok()?.split(';').next()?.trim().to_ascii_lowercase();
        match essence.as_str() {
            "" | "application/json" | "text/json" => Some(Self::Json),
            "application/x-www-form-urlencoded" => Some(Self::Form),
            "application/xml" | "text/xml" => Some(Self::Xml),
            "text/html" => None,
            other if other.ends_with("+json") => Some(Self::Json),
            other if other.ends_with("+xml") => Some(Self::Xml),
            other => other.starts_with("text/").then_some(Self::Text),
        }
    }

    /// The JSON object that a body is, if it is one; of it at least the parts that are looked at.
    pub fn object(codings: &Codings, body: &[u8], looked_at: &[&Parts]) -> Option<Value> {
        let read = || Self::Json.payload_parts(codings, body, looked_at).ok().filter(Value::is_object);
        // A plain body that does not begin as an object need not be looked through to its end.
        let may_be = !codings.compressions.is_empty()
            || codings.charset.is_some()
            || body.trim_ascii_start().starts_with(b"{")
            || body.starts_with(b"\xef\xbb\xbf");
        may_be.then(read).flatten()
    }

    /// Reads the payload out of a body, once what was done to it on its way is undone. A body with nothing in it,
    /// or white space alone, is an empty object.
    ///
    /// # Errors
    /// Says what is wrong and where, without quoting the body.
    pub fn payload(self, codings: &Codings, body: &[u8]) -> Result<Value, BadPayload> {
        self.payload_parts(codings, body, &[Parts::whole()])
    }

    /// The same, of which only those parts need be there that somebody looks at. What is refused whole is refused.
    ///
    /// # Errors
    /// As [`Self::payload`].
    pub fn payload_parts(self, codings: &Codings, body: &[u8], looked_at: &[&Parts]) -> Result<Value, BadPayload> {
        let body = inflate(&codings.compressions, body)?;
        if self == Self::Form {
            return form::parse(body.trim_ascii(), codings.charset.unwrap_or_default());
        }
        let declared = if self == Self::Xml { xml::declared_charset(&body) } else { None };
        let text = codings.charset.or(declared).unwrap_or_default().decode(&body)?;
        if text.trim().is_empty() {
            return Ok(Value::Object(Map::new()));
        }
        match self {
            Self::Text => Ok(plain(&text)),
            Self::Xml => Ok(xml::parse(&text)?),
            Self::Json | Self::Form => json::parse_parts(&text, looked_at),
        }
    }
}

/// Text as an object, so that a template finds it by a name.
fn plain(text: &str) -> Value {
    let json = if json::begins(text) { json::parse(text).ok() } else { None };
    json.unwrap_or_else(|| serde_json::json!({ "text": text }))
}

/// Adds to a value that is there already, and makes a list of it where it is none.
pub(super) fn repeat(place: &mut Value, next: Value) {
    match place {
        Value::Array(list) => list.push(next),
        first => *first = Value::Array(vec![first.take(), next]),
    }
}

/// Why no payload could be read. Holds positions, never content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadPayload {
    /// The body is no JSON.
    #[error("the payload is not JSON (line {line}, column {column}); at most 127 levels of nesting are read")]
    NotJson {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// The body is no XML, or more than is read of it.
    #[error(transparent)]
    NotXml(#[from] NotXml),
    /// Bytes that are no text.
    #[error("the body is not UTF-8 (byte {at}); name its `charset` in `Content-Type`, or send UTF-8")]
    NotUtf8 {
        /// The byte, from 0; in a form, the first of the field.
        at: usize,
    },
    /// Bytes that the charset has no letters for.
    #[error("the body is not {}, though it says so; send UTF-8", charset.as_str())]
    NotCharset {
        /// As the header or the byte order mark says.
        charset: Charset,
    },
    /// Not what `Content-Encoding` says, or cut.
    #[error("the body can't be inflated as its `Content-Encoding` says; send it as it is")]
    NotInflated,
    /// More than is inflated.
    #[error("the body is larger than {} MiB once inflated; send less", MOST_INFLATED >> 20)]
    TooLarge,
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use serde_json::json;

    use super::*;

    fn encoding(kind: &'static str) -> Option<Encoding> {
        Encoding::of(&HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(kind))]))
    }

    #[test]
    fn the_content_type_says_how_a_body_is_read() {
        assert_eq!(Encoding::of(&HeaderMap::new()), Some(Encoding::Json));
        for (wanted, kinds) in [
            (Some(Encoding::Json), ["", "Application/JSON; charset=utf-8", "application/cloudevents-batch+json"]),
            (Some(Encoding::Form), ["application/x-www-form-urlencoded"; 3]),
            (Some(Encoding::Text), ["text/plain", "text/plain;charset=x", "text/markdown"]),
            (Some(Encoding::Xml), ["text/xml", "application/xml ; charset=utf-8", "application/atom+xml"]),
            (None, ["multipart/form-data; boundary=b", "text/html", "application/octet-stream"]),
        ] {
            for kind in kinds {
                assert_eq!(encoding(kind), wanted, "{kind}");
            }
        }
    }

    #[test]
    fn a_body_with_nothing_in_it_is_an_empty_object() {
        for encoding in [Encoding::Json, Encoding::Form, Encoding::Text, Encoding::Xml] {
            for body in ["", " \r\n\t"] {
                assert_eq!(encoding.payload(&Codings::default(), body.as_bytes()).unwrap(), json!({}), "{encoding:?}");
            }
        }
        assert_eq!(Encoding::Json.payload(&Codings::default(), b"\xef\xbb\xbf").unwrap(), json!({}));
    }

    #[test]
    fn text_is_an_object_and_json_that_was_sent_as_text_is_json() {
        let read = |text: &str| Encoding::Text.payload(&Codings::default(), text.as_bytes()).unwrap();
        assert_eq!(read("disk full\n"), json!({"text": "disk full\n"}));
        assert_eq!(read("\u{feff}{\"Type\": \"Notification\"}"), json!({"Type": "Notification"}));
        assert_eq!(read("[1]"), json!([1]));
        assert_eq!(read("[ok] 3 of 3"), json!({"text": "[ok] 3 of 3"}));
        assert_eq!(read("7"), json!({"text": "7"}));
    }

    #[test]
    fn an_object_is_known_by_its_looks() {
        let object = |body: &[u8]| Encoding::object(&Codings::default(), body, &[Parts::whole()]);
        assert_eq!(object(b" {\"a\": \"b=c&d\"}"), Some(json!({"a": "b=c&d"})));
        assert_eq!(object(b"\xef\xbb\xbf{}"), Some(json!({})));
        for other in ["payload=%7B%7D", "[1]", "{\"a\": ", "", "7"] {
            assert_eq!(object(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn bytes_that_are_no_utf_8_are_refused_by_every_encoding() {
        for encoding in [Encoding::Json, Encoding::Form, Encoding::Text, Encoding::Xml] {
            let error = encoding.payload(&Codings::default(), b"\"a\xff\"").unwrap_err();
            assert!(matches!(error, BadPayload::NotUtf8 { .. }), "{encoding:?}: {error}");
        }
    }

    #[test]
    fn the_charset_that_is_named_counts_for_every_encoding() {
        let codings = Codings { charset: Charset::parse("iso-8859-1"), ..Codings::default() };
        let read = |encoding: Encoding, body: &[u8]| encoding.payload(&codings, body).unwrap();
        assert_eq!(read(Encoding::Json, b"{\"a\": \"\xe9\"}"), json!({"a": "é"}));
        assert_eq!(read(Encoding::Form, b"a=\xe9"), json!({"a": "é"}));
        assert_eq!(read(Encoding::Text, b"\xe9"), json!({"text": "é"}));
        assert_eq!(read(Encoding::Xml, b"<a>\xe9</a>"), json!({"a": "é"}));
    }

    proptest::proptest! {
        #[test]
        fn any_body_is_read_or_refused_without_a_panic(body: Vec<u8>, text in "[<>a/&;#x0-9 =\"{}\\[\\]!?-]{0,40}") {
            for encoding in [Encoding::Json, Encoding::Form, Encoding::Text, Encoding::Xml] {
                for body in [body.as_slice(), text.as_bytes()] {
                    drop(encoding.payload(&Codings::default(), body));
                }
            }
        }
    }
}
