//! A webhook (not trusted) and an event (a webhook that was verified): what came in, byte for byte.

mod charset;
mod encoding;
mod form;
mod inflate;
mod json;
mod parts;
mod xml;

use std::net::IpAddr;

use bytes::Bytes;
use http::{HeaderMap, Method, uri::PathAndQuery};
use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest, Sha256};

pub use self::{
    charset::Charset,
    encoding::{BadPayload, Encoding},
    inflate::{Codings, Compression, MOST_INFLATED},
    parts::Parts,
};
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
    /// What is to be undone before it is.
    pub codings: Codings,
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

    /// The same as templates are named after it, `repo_push` for `repo:push`; none where that is no other.
    pub fn as_file(&self) -> Option<Self> {
        let named = Self { name: file_of(&self.name), action: self.action.as_deref().map(file_of) };
        (named != *self).then_some(named)
    }
}

/// A type as a template file's name, in which a colon, a slash or a blank can't stand: `repo_push` for `repo:push`.
pub fn file_of(kind: &str) -> String {
    let stands = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.');
    kind.to_lowercase().chars().map(|c| if stands(c) { c } else { '_' }).collect()
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

/// What a webhook that was taken once is known by for a while, should it come a second time: its signature, or its body.
///
/// A signature with a time in it is good for as long as its tolerance. Whoever saw the request could send it again
/// under a delivery id that was not signed; the store remembers these keys, so that it is taken for what it is.
/// A provider that tries again signs anew, with a new time; that is a repeat by its delivery id, or, where the
/// provider numbers nothing, by its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replay {
    /// Half a SHA-256 over the source and the signature, or over source, type and body.
    pub key: [u8; 16],
    /// When the signature is too old to be believed, or the same body tells of something new.
    pub until: Timestamp,
}

impl Replay {
    /// A key made of what is the same whenever this request is sent: a signature, decoded, or what it was made over.
    pub fn new(source: &SourceName, proof: &[u8], until: Timestamp) -> Self {
        let digest = Sha256::new().chain_update(source.as_str()).chain_update([0]).chain_update(proof).finalize();
        let mut key = [0; 16];
        key.iter_mut().zip(digest).for_each(|(byte, digest)| *byte = digest);
        Self { key, until }
    }

    /// A key made of the event's type and its body. The type may stand in a header or the query alone, and the same
    /// body under another one is another event.
    pub fn of_body(event: &Event, until: Timestamp) -> Self {
        let digest =
            Sha256::new().chain_update(event.kind.to_string()).chain_update([0]).chain_update(&event.body.0).finalize();
        Self::new(&event.source, &digest, until)
    }
}

impl Event {
    /// The payload, parsed anew.
    ///
    /// # Errors
    /// As [`Encoding::payload`]; an event that was accepted has been parsed once, so none is expected.
    pub fn payload(&self) -> Result<Value, BadPayload> {
        self.encoding.payload(&self.codings, &self.body.0)
    }
}

#[cfg(test)]
mod payloads;
