//! A webhook (not trusted) and an event (a webhook that was verified): what came in, byte for byte.

mod surrogate;

use std::net::IpAddr;

use bytes::Bytes;
use http::{HeaderMap, Method, header, uri::PathAndQuery};
use jiff::Timestamp;
use serde_json::Value;

use crate::name::SourceName;

/// One inbound HTTP request, whole but not yet trusted.
///
/// Its body is for the verifier alone; what is verified can be parsed, and nothing else can.
/// `Debug` shows the number of its headers only: among them are tokens and passwords.
pub struct Webhook {
    /// The source whose address it was posted to.
    pub source: SourceName,
    /// When it had arrived in full.
    pub received_at: Timestamp,
    /// Who sent it: the other end of the connection, or whom trusted proxies named.
    pub peer: Option<IpAddr>,
    /// The method, which some providers sign.
    pub method: Method,
    /// Path and query as they were asked for, which some providers sign or put their secret into.
    pub target: PathAndQuery,
    /// All request headers.
    pub headers: HeaderMap,
    /// The raw body.
    pub body: RawBody,
}

impl std::fmt::Debug for Webhook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Webhook")
            .field("source", &self.source)
            .field("received_at", &self.received_at)
            .field("peer", &self.peer)
            .field("method", &self.method)
            .field("headers", &self.headers.len())
            .field("body", &self.body)
            .finish()
    }
}

/// Bytes as received. `Debug` shows their number only.
#[derive(Clone, PartialEq, Eq)]
pub struct RawBody(pub Bytes);

impl std::fmt::Debug for RawBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

/// A verified webhook. It is what is stored; the payload, the card and all else is derived from it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Who sent it.
    pub source: SourceName,
    /// What happened, in the provider's word, such as `pull_request`.
    pub kind: EventType,
    /// The provider's delivery id, by which a repeat is known; none where the provider gives none.
    pub delivery_id: Option<String>,
    /// When it had arrived in full.
    pub received_at: Timestamp,
    /// The headers that the provider's file says to keep, names in lower case.
    pub headers: Vec<(String, String)>,
    /// How the body is to be read.
    pub encoding: Encoding,
    /// The raw body.
    pub body: RawBody,
}

/// An event's type and, where the provider has one, its action.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EventType {
    name: String,
    action: Option<String>,
}

impl EventType {
    /// At most this many characters of a type or an action are kept; providers' own are far shorter.
    pub const MAX_CHARS: usize = 100;

    /// A type of the provider's own words; control characters are dropped and long words cut.
    pub fn new(name: &str, action: Option<&str>) -> Self {
        let clean = |text: &str| text.chars().filter(|c| !c.is_control()).take(Self::MAX_CHARS).collect::<String>();
        Self { name: clean(name), action: action.map(clean).filter(|action| !action.is_empty()) }
    }

    /// The type alone: `pull_request`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The action alone: `opened`.
    pub fn action(&self) -> Option<&str> {
        self.action.as_deref()
    }
}

/// `pull_request.opened`, or `push` where there is no action.
impl std::fmt::Display for EventType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.action {
            Some(action) => f.pad(&format!("{}.{action}", self.name)),
            None => f.pad(&self.name),
        }
    }
}

/// How the body of an event holds its payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// The body is JSON.
    Json,
    /// The body is a form whose field `payload` is JSON.
    FormPayload,
}

impl Encoding {
    /// By the `Content-Type` header; no header is read as JSON, as senders that forget it mean.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let Some(value) = headers.get(header::CONTENT_TYPE) else { return Some(Self::Json) };
        let essence = value.to_str().ok()?.split(';').next()?.trim().to_ascii_lowercase();
        match essence.as_str() {
            "application/json" | "text/json" => Some(Self::Json),
            "application/x-www-form-urlencoded" => Some(Self::FormPayload),
            other => other.ends_with("+json").then_some(Self::Json),
        }
    }

    /// Reads the payload out of a body.
    ///
    /// # Errors
    /// Says what is wrong and where, without quoting the body.
    pub fn payload(self, body: &[u8]) -> Result<Value, BadPayload> {
        match self {
            Self::Json => parse(body),
            Self::FormPayload => {
                let field = form_urlencoded::parse(body).find(|(name, _)| name == "payload");
                let (_, json) = field.ok_or(BadPayload::NoPayloadField)?;
                parse(json.as_bytes())
            }
        }
    }
}

/// Why no payload could be read. Holds positions, never content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadPayload {
    /// The body is no JSON.
    #[error("the payload is not JSON (line {line}, column {column}); at most 128 levels of nesting are read")]
    NotJson {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// A form without the field that would hold the JSON.
    #[error("the form has no field `payload`; send JSON with `Content-Type: application/json`, or JSON in that field")]
    NoPayloadField,
}

fn parse(json: &[u8]) -> Result<Value, BadPayload> {
    // A byte order mark is no JSON, but some senders on Windows write one.
    let json = json.strip_prefix(b"\xef\xbb\xbf").unwrap_or(json);
    serde_json::from_slice(json)
        .or_else(|error| match surrogate::replace_lone(json) {
            Some(mended) => serde_json::from_slice(&mended),
            None => Err(error),
        })
        .map_err(|error| BadPayload::NotJson { line: error.line(), column: error.column() })
}

impl Event {
    /// The payload, parsed anew.
    ///
    /// # Errors
    /// As [`Encoding::payload`]; an event that was accepted has been parsed once, so none is expected.
    pub fn payload(&self) -> Result<Value, BadPayload> {
        self.encoding.payload(&self.body.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_without_payload_says_what_to_send_instead() {
        let error = Encoding::FormPayload.payload(b"a=1").unwrap_err();
        assert!(error.to_string().contains("application/json"), "{error}");
    }

    #[test]
    fn json_in_the_payload_field_is_read() {
        let value = Encoding::FormPayload.payload(b"x=1&payload=%7B%22a%22%3A+1%7D").unwrap();
        assert_eq!(value, serde_json::json!({"a": 1}));
    }

    #[test]
    fn nesting_past_128_levels_is_refused_and_not_a_crash() {
        let deep = "[".repeat(100_000);
        assert!(matches!(Encoding::Json.payload(deep.as_bytes()), Err(BadPayload::NotJson { .. })));
    }

    #[test]
    fn half_an_emoji_does_not_make_a_webhook_unreadable() {
        let value = Encoding::Json.payload(br#"{"title": "cut here \ud83d"}"#).unwrap();
        assert_eq!(value, serde_json::json!({"title": "cut here \u{fffd}"}));
    }

    #[test]
    fn integers_past_two_to_the_53_stay_exact() {
        let value = Encoding::Json.payload(b"1502709956288000110").unwrap();
        assert_eq!(value.to_string(), "1502709956288000110");
    }
}
