//! An event's line, with its payload, its deliveries and their attempts.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::bad;
use crate::{
    delivery::{Attempt, DeliveryState, Target},
    destination::DestinationId,
    event::{Charset, Codings, Compression, Encoding, Event, EventType, RawBody},
    name::{EventId, SourceName, SubscriptionId},
    outcome::Reason,
    store::{KEPT_ATTEMPTS, StoreError},
};

/// New ids follow the greatest there is, so one at the end of the number's range would leave no room.
const LAST_ID: u128 = u128::MAX / 2;

/// An event with all that hangs on it.
pub(in crate::store) struct Whole {
    pub(in crate::store) id: EventId,
    pub(in crate::store) event: Event,
    pub(in crate::store) ignored: Option<Reason>,
    pub(in crate::store) deliveries: Vec<WholeDelivery>,
}

/// A delivery with its attempts, oldest first.
pub(in crate::store) struct WholeDelivery {
    pub(in crate::store) target: Target,
    pub(in crate::store) state: DeliveryState,
    /// Whether it is on the list of dead letters.
    pub(in crate::store) listed: bool,
    pub(in crate::store) attempts: Vec<Attempt>,
}

#[derive(Serialize, Deserialize)]
struct EventLine {
    id: EventId,
    source: SourceName,
    r#type: String,
    action: Option<String>,
    delivery_id: Option<String>,
    received_at: Timestamp,
    headers: Vec<(String, String)>,
    encoding: EncodingWord,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    charset: Option<String>,
    /// In the order in which they were done.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    compressions: Vec<CompressionWord>,
    /// The raw body in base64: it need not be text.
    body: String,
    ignored: Option<Reason>,
    deliveries: Vec<DeliveryLine>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum EncodingWord {
    Json,
    /// Lines of format 1 say `form_payload`.
    #[serde(alias = "form_payload")]
    Form,
    Text,
    Xml,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum CompressionWord {
    Gzip,
    Deflate,
    Brotli,
}

#[derive(Serialize, Deserialize)]
struct DeliveryLine {
    destination: DestinationId,
    subscription: SubscriptionId,
    #[serde(flatten)]
    state: StateLine,
    dead_letter: bool,
    attempts: Vec<AttemptLine>,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
enum StateLine {
    Waiting { failures: u32, throttles: u32, due_at: Timestamp },
    Delivered { at: Timestamp },
    Dead { at: Timestamp, why: Reason },
    Skipped { at: Timestamp, why: Reason },
}

#[derive(Serialize, Deserialize)]
struct AttemptLine {
    at: Timestamp,
    took_us: u64,
    status: Option<u16>,
    reason: Reason,
    answer: String,
}

/// An event's line.
pub(in crate::store) fn event_value(whole: Whole) -> Result<Value, StoreError> {
    let Whole { id, event, ignored, deliveries } = whole;
    let line = EventLine {
        id,
        r#type: event.kind.name().to_owned(),
        action: event.kind.action().map(str::to_owned),
        source: event.source,
        delivery_id: event.delivery_id,
        received_at: event.received_at,
        headers: event.headers,
        encoding: event.encoding.into(),
        charset: event.codings.charset.map(|charset| charset.as_str().to_owned()),
        compressions: event.codings.compressions.into_iter().map(CompressionWord::from).collect(),
        body: BASE64_STANDARD.encode(&event.body.0),
        ignored,
        deliveries: deliveries.into_iter().map(DeliveryLine::from).collect(),
    };
    serde_json::to_value(line).map_err(|error| bad(&format!("event {id}"), error))
}

/// An event from its line.
pub(in crate::store) fn event(value: Value) -> Result<Whole, StoreError> {
    let what = format!("event {}", value.get("id").and_then(Value::as_str).unwrap_or("without an id"));
    let line: EventLine = serde_json::from_value(value).map_err(|error| bad(&what, error))?;
    if line.id.as_u128() > LAST_ID {
        return Err(bad(&what, "its id is of a time after the year 6000, and ids go on after the greatest"));
    }
    let body = BASE64_STANDARD.decode(&line.body).map_err(|error| bad(&what, format!("its body: {error}")))?;
    let charset =
        |name: &str| Charset::parse(name).ok_or_else(|| bad(&what, format!("the charset `{name}` is not known")));
    let mut deliveries: Vec<WholeDelivery> = Vec::with_capacity(line.deliveries.len());
    for delivery in line.deliveries.into_iter().map(WholeDelivery::from) {
        if deliveries.iter().any(|known| known.target.destination == delivery.target.destination) {
            return Err(bad(&what, format!("two deliveries to {}", delivery.target.destination)));
        }
        deliveries.push(delivery);
    }
    // Every event stands in the books once at least: as ignored, where there is nothing else.
    let ignored = deliveries.is_empty().then(|| line.ignored.unwrap_or(Reason::NoSubscription));
    Ok(Whole {
        id: line.id,
        event: Event {
            source: line.source,
            kind: EventType::new(&line.r#type, line.action.as_deref()),
            delivery_id: line.delivery_id,
            received_at: line.received_at,
            headers: line.headers,
            encoding: line.encoding.into(),
            codings: Codings {
                charset: line.charset.as_deref().map(charset).transpose()?,
                compressions: line.compressions.into_iter().map(Compression::from).collect(),
            },
            body: RawBody(Bytes::from(body)),
        },
        ignored,
        deliveries,
    })
}

impl From<Encoding> for EncodingWord {
    fn from(encoding: Encoding) -> Self {
        match encoding {
            Encoding::Json => Self::Json,
            Encoding::Form => Self::Form,
            Encoding::Text => Self::Text,
            Encoding::Xml => Self::Xml,
        }
    }
}

impl From<EncodingWord> for Encoding {
    fn from(word: EncodingWord) -> Self {
        match word {
            EncodingWord::Json => Self::Json,
            EncodingWord::Form => Self::Form,
            EncodingWord::Text => Self::Text,
            EncodingWord::Xml => Self::Xml,
        }
    }
}

impl From<Compression> for CompressionWord {
    fn from(compression: Compression) -> Self {
        match compression {
            Compression::Gzip => Self::Gzip,
            Compression::Deflate => Self::Deflate,
            Compression::Brotli => Self::Brotli,
        }
    }
}

impl From<CompressionWord> for Compression {
    fn from(word: CompressionWord) -> Self {
        match word {
            CompressionWord::Gzip => Self::Gzip,
            CompressionWord::Deflate => Self::Deflate,
            CompressionWord::Brotli => Self::Brotli,
        }
    }
}

impl From<WholeDelivery> for DeliveryLine {
    fn from(delivery: WholeDelivery) -> Self {
        Self {
            destination: delivery.target.destination,
            subscription: delivery.target.subscription,
            state: match delivery.state {
                DeliveryState::Waiting { failures, throttles, due_at } => {
                    StateLine::Waiting { failures, throttles, due_at }
                }
                DeliveryState::Delivered { at } => StateLine::Delivered { at },
                DeliveryState::Dead { at, why } => StateLine::Dead { at, why },
                DeliveryState::Skipped { at, why } => StateLine::Skipped { at, why },
            },
            dead_letter: delivery.listed,
            attempts: delivery.attempts.into_iter().map(AttemptLine::from).collect(),
        }
    }
}

impl From<DeliveryLine> for WholeDelivery {
    fn from(line: DeliveryLine) -> Self {
        let state = match line.state {
            StateLine::Waiting { failures, throttles, due_at } => {
                DeliveryState::Waiting { failures, throttles, due_at }
            }
            StateLine::Delivered { at } => DeliveryState::Delivered { at },
            StateLine::Dead { at, why } => DeliveryState::Dead { at, why },
            StateLine::Skipped { at, why } => DeliveryState::Skipped { at, why },
        };
        let surplus = line.attempts.len().saturating_sub(KEPT_ATTEMPTS as usize);
        Self {
            target: Target { destination: line.destination, subscription: line.subscription },
            listed: line.dead_letter && matches!(state, DeliveryState::Dead { .. }),
            state,
            attempts: line.attempts.into_iter().skip(surplus).map(Attempt::from).collect(),
        }
    }
}

impl From<Attempt> for AttemptLine {
    fn from(attempt: Attempt) -> Self {
        let Attempt { at, took, status, reason, answer } = attempt;
        Self { at, took_us: u64::try_from(took.as_micros()).unwrap_or(u64::MAX), status, reason, answer }
    }
}

impl From<AttemptLine> for Attempt {
    fn from(line: AttemptLine) -> Self {
        let AttemptLine { at, took_us, status, reason, answer } = line;
        Self { at, took: Duration::from_micros(took_us), status, reason, answer }
    }
}
