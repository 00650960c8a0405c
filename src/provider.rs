//! A provider, read from its file: how its webhooks are proved genuine, and how one that was becomes an event.
//!
//! A provider is data. There is no code for any one of them here, and adding one is adding a file.

mod embedded;
pub mod handshake;
mod opened;
mod parse;
mod place;
mod summary;

use http::{HeaderMap, HeaderValue, header::InvalidHeaderValue};
use jiff::Timestamp;
use serde_json::Value;

use crate::{
    config::{
        handshake::HandshakeSpec,
        header::Header,
        map::MapRule,
        provider::{ChipPlaces, EventSpec, Place},
        scheme::Schemes,
    },
    event::{BadPayload, Event, EventType, Parts, RawBody, Replay},
    name::ProviderName,
    outcome::Reason,
};
pub use embedded::Providers;
pub use opened::Opened;
use opened::Read;
use place::Seen;
pub use summary::Summary;

/// A kind of system that posts webhooks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider {
    name: ProviderName,
    title: String,
    setup: Option<String>,
    schemes: Schemes,
    event: EventSpec,
    handshakes: Vec<HandshakeSpec>,
    /// What `event` and `handshakes` look at in a payload.
    looked_at: Parts,
    chips: ChipPlaces,
    map: Vec<MapRule>,
    summary: Summary,
    file: File,
}

/// The file that a provider was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
struct File {
    place: String,
    text: String,
}

impl Provider {
    /// Its name, as a source's file has it.
    pub fn name(&self) -> &ProviderName {
        &self.name
    }

    /// Its name for people.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Where in the provider's own pages the secret is given, in a sentence or two.
    pub fn setup(&self) -> Option<&str> {
        self.setup.as_deref()
    }

    /// What it comes to, in a few words.
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// Where it says what happened.
    pub fn places(&self) -> &EventSpec {
        &self.event
    }

    /// Its file on disk, as problems name it; none for one that is built in.
    pub fn file_on_disk(&self) -> Option<&str> {
        (!self.file.place.ends_with(embedded::BUILT_IN)).then_some(self.file.place.as_str())
    }

    /// Its file's text.
    pub fn toml(&self) -> &str {
        &self.file.text
    }

    /// How its webhooks are proved genuine, where a source does not say otherwise.
    pub fn schemes(&self) -> &Schemes {
        &self.schemes
    }

    /// What people choose its events by.
    pub fn chips(&self) -> &ChipPlaces {
        &self.chips
    }

    /// Which of its events get which template, after the rules of the source.
    pub fn map(&self) -> &[MapRule] {
        &self.map
    }

    /// What a genuine webhook tells, and its payload, as far as anybody looks at it.
    ///
    /// # Errors
    /// Where the body can't be read. Nothing of it is quoted.
    pub fn event<'p>(&self, opened: impl Into<Opened<'p>>) -> Result<(Event, Value), Unreadable> {
        let (verified, Read { encoding, codings, payload }) = opened.into().into_read(self)?;
        let headers = verified.headers();
        let seen = Seen { headers, query: verified.target().query().unwrap_or_default(), payload: &payload };
        let kind = self.kind_of(seen).unwrap_or_else(|| {
            let action = place::first_text(&self.event.action, seen);
            EventType::new(&self.event.default, action.as_deref())
        });
        let event = Event {
            source: verified.source().clone(),
            kind,
            delivery_id: place::first_id(&self.event.id, seen),
            received_at: verified.received_at(),
            headers: self.kept(headers),
            encoding,
            codings,
            body: RawBody(verified.body().clone()),
        };
        Ok((event, payload))
    }

    /// What a second sending of this event would be known by, where no delivery id tells it.
    pub fn same_body(&self, event: &Event) -> Option<Replay> {
        let span = self.event.same_body.filter(|_| event.delivery_id.is_none())?;
        let until = event.received_at.saturating_add(span.0).unwrap_or(Timestamp::MAX);
        Some(Replay::of_body(event, until))
    }

    /// Type and action, where headers or payload name a type.
    pub fn kind(&self, headers: &HeaderMap, payload: &Value) -> Option<EventType> {
        self.kind_of(Seen { headers, query: "", payload })
    }

    fn kind_of(&self, seen: Seen<'_>) -> Option<EventType> {
        let name = place::first_text(&self.event.kind, seen)?;
        let action = place::first_text(&self.event.action, seen);
        Some(EventType::new(&name, action.as_deref()))
    }

    fn kept(&self, headers: &HeaderMap) -> Vec<(String, String)> {
        let values = |name: &Header| -> Vec<(String, String)> {
            let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
            headers.get_all(&name.0).iter().map(|value| (name.0.as_str().to_owned(), text(value))).collect()
        };
        self.event.keep.iter().flat_map(values).collect()
    }

    /// Puts type, action and delivery id into the headers where this provider has them, as [`Self::event`] reads them.
    ///
    /// Of several headers, the first. What stands in the body is left to the body.
    ///
    /// # Errors
    /// Where one of them holds control characters.
    pub fn headers_for(
        &self,
        kind: &EventType,
        delivery_id: &str,
        headers: &mut HeaderMap,
    ) -> Result<(), InvalidHeaderValue> {
        // Of joined places the last is the one that counts up; the others say for whom.
        let mut ids = self.event.id.iter().filter_map(|id| id.places().last());
        let said = [
            (self.event.kind.iter().find_map(Place::header), Some(kind.name())),
            (self.event.action.iter().find_map(Place::header), kind.action()),
            (ids.find_map(Place::header), Some(delivery_id)),
        ];
        for (header, text) in said {
            if let (Some(name), Some(text)) = (header, text) {
                headers.insert(&name.0, HeaderValue::from_bytes(text.as_bytes())?);
            }
        }
        Ok(())
    }
}

/// Why a genuine webhook is no event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Its `Content-Type` or `Content-Encoding` is of something else.
    #[error(
        "only JSON, forms, text and XML are read, as they are or as gzip, deflate or br; send `Content-Type: application/json`"
    )]
    MediaType,
    /// It is not what its `Content-Type` says.
    #[error(transparent)]
    Payload(#[from] BadPayload),
}

impl Unreadable {
    /// The word for it.
    pub const fn reason(&self) -> Reason {
        match self {
            Self::MediaType => Reason::UnsupportedMediaType,
            Self::Payload(BadPayload::TooLarge) => Reason::BodyTooLarge,
            Self::Payload(_) => Reason::BodyMalformed,
        }
    }
}

#[cfg(test)]
mod payloads;
#[cfg(test)]
mod presets;
#[cfg(test)]
pub(crate) mod shared;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod vectors;
