//! What stands on disk, byte for byte: rows of this module's own and their first byte, a version.
//!
//! The words of the program are not stored themselves, so that changing one cannot silently change the disk.
//! Times are milliseconds since 1970, ids are big-endian bytes, reasons are their words.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    config::{duration::Span, profile::Window},
    delivery::{Attempt, DeliveryState, Target},
    destination::DestinationId,
    event::{Event, EventType},
    name::{EventId, SourceName, SubscriptionId},
    outcome::{Accounts, Reason},
    standing::{Actor, Standing, State},
    store::{DeadLetter, EventRecord, StoreError, Usage},
};

/// The version of every row's form; payloads have one of their own.
const VERSION: u8 = 1;

/// An event without its payload, and where each of its deliveries stands.
#[derive(Serialize, Deserialize)]
pub(super) struct EventRow {
    pub(super) source: String,
    name: String,
    action: Option<String>,
    pub(super) delivery_id: Option<String>,
    pub(super) received_at: i64,
    size: u64,
    pub(super) ignored: Option<String>,
    pub(super) deliveries: Vec<DeliveryRow>,
}

/// One delivery of an event.
#[derive(Serialize, Deserialize)]
pub(super) struct DeliveryRow {
    destination: [u8; 8],
    subscription: [u8; 16],
    /// Attempts recorded so far; the number of the next one.
    pub(super) attempts: u32,
    pub(super) state: StateRow,
}

/// Where one delivery stands.
#[derive(Clone, Serialize, Deserialize)]
pub(super) enum StateRow {
    Waiting { failures: u32, throttles: u32, due_at: i64 },
    Delivered { at: i64 },
    Dead { at: i64, why: String },
    Skipped { at: i64, why: String },
}

/// What a subscription was last told of a key, in the space of what was told.
#[derive(Serialize, Deserialize)]
pub(super) struct ToldRow {
    pub(super) failing: bool,
    pub(super) at: i64,
}

/// What one attempt came to.
#[derive(Serialize, Deserialize)]
pub(super) struct AttemptRow {
    at: i64,
    took_us: u64,
    status: Option<u16>,
    reason: String,
    answer: String,
}

/// A delivery on the list of those given up.
#[derive(Serialize, Deserialize)]
pub(super) struct DeadRow {
    pub(super) subscription: [u8; 16],
    pub(super) source: String,
    pub(super) kind: String,
    pub(super) at: i64,
    pub(super) why: String,
}

/// A signature or a body that was taken once, in the space of those seen.
#[derive(Serialize, Deserialize)]
pub(super) struct SeenRow {
    pub(super) until: i64,
    pub(super) event: [u8; 16],
}

/// What a quota group has used up, in the space of usages. Nanoseconds since 1970, as the quotas count.
#[derive(Serialize, Deserialize)]
pub(super) struct UsageRow {
    at: i128,
    windows: Vec<WindowRow>,
    closed_until: Option<i128>,
}

/// One window of it.
#[derive(Serialize, Deserialize)]
struct WindowRow {
    posts: u32,
    per_ns: u64,
    whole_at: i128,
}

/// How a destination stands.
#[derive(Serialize, Deserialize)]
pub(super) struct StandingRow {
    state: String,
    reason: Option<String>,
    since: i64,
    by_admin: bool,
}

/// The books, and the greatest event id given so far.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct BooksRow {
    accepted: u64,
    delivered: u64,
    digested: u64,
    dead: u64,
    ignored: u64,
    waiting: u64,
    last_event: [u8; 16],
}

/// A row as bytes.
pub(super) fn encode<T: Serialize>(row: &T) -> Result<Vec<u8>, StoreError> {
    postcard::to_extend(row, vec![VERSION]).map_err(|error| StoreError::Failed { why: error.to_string() })
}

/// A row from its bytes; `what` names it in the error.
pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8], what: impl Fn() -> String) -> Result<T, StoreError> {
    let (row, rest) = split(bytes, &what)?;
    if rest.is_empty() { Ok(row) } else { Err(damaged(what(), format!("{} bytes too many", rest.len()))) }
}

fn split<T: DeserializeOwned>(bytes: &[u8], what: impl Fn() -> String) -> Result<(T, &[u8]), StoreError> {
    match bytes.split_first() {
        Some((&VERSION, row)) => postcard::take_from_bytes(row).map_err(|error| damaged(what(), error.to_string())),
        Some((other, _)) => Err(other_version(what(), *other, VERSION)),
        None => Err(damaged(what(), "it is empty".into())),
    }
}

pub(super) fn other_version(what: String, found: u8, known: u8) -> StoreError {
    damaged(what, format!("it has version {found}, and this version reads {known}"))
}

pub(super) fn damaged(what: String, why: String) -> StoreError {
    StoreError::Damaged { what, why }
}

/// Milliseconds as an instant; what no calendar holds becomes its first or last instant.
pub(super) fn instant(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or(if ms < 0 { Timestamp::MIN } else { Timestamp::MAX })
}

fn reason(word: &str, what: impl Fn() -> String) -> Result<Reason, StoreError> {
    word.parse().map_err(|_| damaged(what(), format!("the reason `{word}` is not on this version's list")))
}

pub(super) fn source(name: &str, what: impl Fn() -> String) -> Result<SourceName, StoreError> {
    name.parse().map_err(|error| damaged(what(), format!("{error}")))
}

pub(super) fn id_bytes(id: EventId) -> [u8; 16] {
    id.as_u128().to_be_bytes()
}

impl EventRow {
    /// A row for an event that is just taken on; `ignored` is kept only where there are no targets.
    pub(super) fn new(event: &Event, targets: &[Target], ignored: Option<Reason>) -> Self {
        let received_at = event.received_at.as_millisecond();
        let waiting = StateRow::Waiting { failures: 0, throttles: 0, due_at: received_at };
        Self {
            source: event.source.as_str().to_owned(),
            name: event.kind.name().to_owned(),
            action: event.kind.action().map(str::to_owned),
            delivery_id: event.delivery_id.clone(),
            received_at,
            size: event.body.0.len() as u64,
            ignored: ignored.map(|why| why.as_str().to_owned()),
            deliveries: targets.iter().map(|target| DeliveryRow::new(*target, waiting.clone())).collect(),
        }
    }

    pub(super) fn is_waiting(&self) -> bool {
        self.deliveries.iter().any(|delivery| matches!(delivery.state, StateRow::Waiting { .. }))
    }

    /// Bytes of its body.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    pub(super) fn has_dead(&self) -> bool {
        self.deliveries.iter().any(|delivery| matches!(delivery.state, StateRow::Dead { .. }))
    }

    pub(super) fn kind(&self) -> EventType {
        EventType::new(&self.name, self.action.as_deref())
    }

    /// The event as lists show it.
    pub(super) fn record(self, id: EventId) -> Result<EventRecord, StoreError> {
        let what = || format!("event {id}");
        Ok(EventRecord {
            id,
            source: source(&self.source, what)?,
            kind: self.kind().to_string(),
            received_at: instant(self.received_at),
            size: usize::try_from(self.size).map_err(|error| damaged(what(), error.to_string()))?,
            ignored: self.ignored.as_deref().map(|word| reason(word, what)).transpose()?,
            deliveries: self
                .deliveries
                .iter()
                .map(|delivery| Ok((delivery.target(), delivery.state.state(what)?)))
                .collect::<Result<_, StoreError>>()?,
            delivery_id: self.delivery_id,
        })
    }
}

impl DeliveryRow {
    pub(super) fn new(target: Target, state: StateRow) -> Self {
        let mut row = Self { destination: [0; 8], subscription: [0; 16], attempts: 0, state };
        row.retarget(target);
        row
    }

    pub(super) fn retarget(&mut self, target: Target) {
        self.destination = target.destination.as_u64().to_be_bytes();
        self.subscription = target.subscription.as_u128().to_be_bytes();
    }

    pub(super) fn target(&self) -> Target {
        Target {
            destination: DestinationId::from_u64(u64::from_be_bytes(self.destination)),
            subscription: SubscriptionId::from_u128(u128::from_be_bytes(self.subscription)),
        }
    }
}

impl StateRow {
    pub(super) fn of(state: &DeliveryState) -> Self {
        match *state {
            DeliveryState::Waiting { failures, throttles, due_at } => {
                Self::Waiting { failures, throttles, due_at: due_at.as_millisecond() }
            }
            DeliveryState::Delivered { at } => Self::Delivered { at: at.as_millisecond() },
            DeliveryState::Dead { at, why } => Self::Dead { at: at.as_millisecond(), why: why.as_str().to_owned() },
            DeliveryState::Skipped { at, why } => {
                Self::Skipped { at: at.as_millisecond(), why: why.as_str().to_owned() }
            }
        }
    }

    pub(super) fn state(&self, what: impl Fn() -> String) -> Result<DeliveryState, StoreError> {
        Ok(match self {
            Self::Waiting { failures, throttles, due_at } => {
                DeliveryState::Waiting { failures: *failures, throttles: *throttles, due_at: instant(*due_at) }
            }
            Self::Delivered { at } => DeliveryState::Delivered { at: instant(*at) },
            Self::Dead { at, why } => DeliveryState::Dead { at: instant(*at), why: reason(why, what)? },
            Self::Skipped { at, why } => DeliveryState::Skipped { at: instant(*at), why: reason(why, what)? },
        })
    }
}

impl AttemptRow {
    pub(super) fn of(attempt: &Attempt) -> Self {
        Self {
            at: attempt.at.as_millisecond(),
            took_us: u64::try_from(attempt.took.as_micros()).unwrap_or(u64::MAX),
            status: attempt.status,
            reason: attempt.reason.as_str().to_owned(),
            answer: attempt.answer.clone(),
        }
    }

    pub(super) fn attempt(self, what: impl Fn() -> String) -> Result<Attempt, StoreError> {
        Ok(Attempt {
            at: instant(self.at),
            took: Duration::from_micros(self.took_us),
            status: self.status,
            reason: reason(&self.reason, what)?,
            answer: self.answer,
        })
    }
}

impl DeadRow {
    pub(super) fn letter(self, event: EventId, destination: DestinationId) -> Result<DeadLetter, StoreError> {
        let what = || format!("the dead letter of event {event} to {destination}");
        Ok(DeadLetter {
            event,
            target: Target {
                destination,
                subscription: SubscriptionId::from_u128(u128::from_be_bytes(self.subscription)),
            },
            source: source(&self.source, what)?,
            kind: self.kind,
            at: instant(self.at),
            why: reason(&self.why, what)?,
        })
    }
}

impl UsageRow {
    pub(super) fn of(usage: &Usage) -> Self {
        let window = |(window, whole_at): &(Window, Timestamp)| WindowRow {
            posts: window.posts.get(),
            per_ns: u64::try_from(window.per.0.as_nanos()).unwrap_or(u64::MAX),
            whole_at: whole_at.as_nanosecond(),
        };
        Self {
            at: usage.at.as_nanosecond(),
            windows: usage.whole_at.iter().map(window).collect(),
            closed_until: usage.closed_until.map(Timestamp::as_nanosecond),
        }
    }

    /// Windows that can't be, as only a damaged row has, are left out.
    pub(super) fn usage(self, group: String) -> Usage {
        let at = |ns| Timestamp::from_nanosecond(ns).unwrap_or(Timestamp::MAX);
        let window = |row: WindowRow| {
            let window = Window { posts: row.posts.try_into().ok()?, per: Span(Duration::from_nanos(row.per_ns)) };
            Some((window, at(row.whole_at)))
        };
        Usage {
            group,
            at: at(self.at),
            whole_at: self.windows.into_iter().filter_map(window).collect(),
            closed_until: self.closed_until.map(at),
        }
    }
}

impl StandingRow {
    pub(super) fn of(standing: &Standing) -> Self {
        Self {
            state: standing.state.as_str().to_owned(),
            reason: standing.reason.map(|why| why.as_str().to_owned()),
            since: standing.since.as_millisecond(),
            by_admin: standing.by == Actor::Admin,
        }
    }

    pub(super) fn standing(self, what: impl Fn() -> String) -> Result<Standing, StoreError> {
        let state = State::ALL.into_iter().find(|state| state.as_str() == self.state);
        Ok(Standing {
            state: state.ok_or_else(|| damaged(what(), format!("there is no state `{}`", self.state)))?,
            reason: self.reason.map(|word| reason(&word, &what)).transpose()?,
            since: instant(self.since),
            by: if self.by_admin { Actor::Admin } else { Actor::Relay },
        })
    }
}

impl BooksRow {
    pub(super) fn of(accounts: &Accounts, last: EventId) -> Self {
        let Accounts { accepted, delivered, digested, dead, ignored, waiting } = *accounts;
        Self { accepted, delivered, digested, dead, ignored, waiting, last_event: id_bytes(last) }
    }

    pub(super) fn accounts(&self) -> Accounts {
        let Self { accepted, delivered, digested, dead, ignored, waiting, .. } = *self;
        Accounts { accepted, delivered, digested, dead, ignored, waiting }
    }

    pub(super) fn last_event(&self) -> EventId {
        EventId::from_u128(u128::from_be_bytes(self.last_event))
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::event::{Codings, Encoding, RawBody};

    #[test]
    fn a_row_of_another_version_is_damage_and_is_named() {
        let mut bytes = encode(&BooksRow::default()).unwrap();
        if let Some(version) = bytes.first_mut() {
            *version = 9;
        }
        let error = decode::<BooksRow>(&bytes, || "the books".into()).err().unwrap().to_string();
        assert!(error.contains("the books") && error.contains("version 9"), "{error}");
        assert!(decode::<BooksRow>(&[], || "the books".into()).is_err());
    }

    /// The form is a promise to the disks out there: where this fails, raise [`VERSION`] and read both.
    #[test]
    fn the_form_of_version_one_stands() {
        let target = Target {
            destination: DestinationId::from_u64(0x0102_0304_0506_0708),
            subscription: SubscriptionId::from_u128(5),
        };
        let event = Event {
            source: "ci".parse().unwrap(),
            kind: EventType::new("build", Some("failed")),
            delivery_id: None,
            received_at: instant(1_760_000_000_123),
            headers: Vec::new(),
            encoding: Encoding::Json,
            codings: Codings::default(),
            body: RawBody(Bytes::from_static(b"xy")),
        };
        let row = EventRow::new(&event, &[target], None);
        assert_eq!(
            hex::encode(encode(&row).unwrap()),
            "01026369056275696c6401066661696c656400f681e682b966020001010203040506070800000000000000000000000000000005\
             00000000f681e682b966"
        );
    }
}
