//! The rows of an event: itself, its deliveries, their attempts, and those of them that are dead letters.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{damaged, instant, reason, source};
use crate::{
    delivery::{Attempt, DeliveryState, Target},
    destination::DestinationId,
    event::{Event, EventType},
    name::{EventId, SubscriptionId},
    outcome::Reason,
    store::{DeadLetter, EventRecord, StoreError},
};

/// An event without its payload, and where each of its deliveries stands.
#[derive(Serialize, Deserialize)]
pub(in crate::store::embedded) struct EventRow {
    pub(in crate::store::embedded) source: String,
    name: String,
    action: Option<String>,
    pub(in crate::store::embedded) delivery_id: Option<String>,
    pub(in crate::store::embedded) received_at: i64,
    size: u64,
    pub(in crate::store::embedded) ignored: Option<String>,
    pub(in crate::store::embedded) deliveries: Vec<DeliveryRow>,
}

/// One delivery of an event.
#[derive(Serialize, Deserialize)]
pub(in crate::store::embedded) struct DeliveryRow {
    destination: [u8; 8],
    subscription: [u8; 16],
    /// Attempts recorded so far; the number of the next one.
    pub(in crate::store::embedded) attempts: u32,
    pub(in crate::store::embedded) state: StateRow,
}

/// Where one delivery stands.
#[derive(Clone, Serialize, Deserialize)]
pub(in crate::store::embedded) enum StateRow {
    Waiting { failures: u32, throttles: u32, due_at: i64 },
    Delivered { at: i64 },
    Dead { at: i64, why: String },
    Skipped { at: i64, why: String },
}

/// What one attempt came to.
#[derive(Serialize, Deserialize)]
pub(in crate::store::embedded) struct AttemptRow {
    at: i64,
    took_us: u64,
    status: Option<u16>,
    reason: String,
    answer: String,
}

/// A delivery on the list of those given up.
#[derive(Serialize, Deserialize)]
pub(in crate::store::embedded) struct DeadRow {
    pub(in crate::store::embedded) subscription: [u8; 16],
    pub(in crate::store::embedded) source: String,
    pub(in crate::store::embedded) kind: String,
    pub(in crate::store::embedded) at: i64,
    pub(in crate::store::embedded) why: String,
}

impl EventRow {
    /// A row for an event that is just taken on; `ignored` is kept only where there are no targets.
    pub(in crate::store::embedded) fn new(event: &Event, targets: &[Target], ignored: Option<Reason>) -> Self {
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

    pub(in crate::store::embedded) fn is_waiting(&self) -> bool {
        self.deliveries.iter().any(|delivery| matches!(delivery.state, StateRow::Waiting { .. }))
    }

    /// Bytes of its body.
    pub(in crate::store::embedded) fn size(&self) -> u64 {
        self.size
    }

    pub(in crate::store::embedded) fn has_dead(&self) -> bool {
        self.deliveries.iter().any(|delivery| matches!(delivery.state, StateRow::Dead { .. }))
    }

    pub(in crate::store::embedded) fn kind(&self) -> EventType {
        EventType::new(&self.name, self.action.as_deref())
    }

    /// The event as lists show it.
    pub(in crate::store::embedded) fn record(self, id: EventId) -> Result<EventRecord, StoreError> {
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
    pub(in crate::store::embedded) fn new(target: Target, state: StateRow) -> Self {
        let mut row = Self { destination: [0; 8], subscription: [0; 16], attempts: 0, state };
        row.retarget(target);
        row
    }

    pub(in crate::store::embedded) fn retarget(&mut self, target: Target) {
        self.destination = target.destination.as_u64().to_be_bytes();
        self.subscription = target.subscription.as_u128().to_be_bytes();
    }

    pub(in crate::store::embedded) fn target(&self) -> Target {
        Target {
            destination: DestinationId::from_u64(u64::from_be_bytes(self.destination)),
            subscription: SubscriptionId::from_u128(u128::from_be_bytes(self.subscription)),
        }
    }
}

impl StateRow {
    pub(in crate::store::embedded) fn of(state: &DeliveryState) -> Self {
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

    pub(in crate::store::embedded) fn state(&self, what: impl Fn() -> String) -> Result<DeliveryState, StoreError> {
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
    pub(in crate::store::embedded) fn of(attempt: &Attempt) -> Self {
        Self {
            at: attempt.at.as_millisecond(),
            took_us: u64::try_from(attempt.took.as_micros()).unwrap_or(u64::MAX),
            status: attempt.status,
            reason: attempt.reason.as_str().to_owned(),
            answer: attempt.answer.clone(),
        }
    }

    pub(in crate::store::embedded) fn attempt(self, what: impl Fn() -> String) -> Result<Attempt, StoreError> {
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
    pub(in crate::store::embedded) fn letter(
        self,
        event: EventId,
        destination: DestinationId,
    ) -> Result<DeadLetter, StoreError> {
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

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::{
        event::{Codings, Encoding, RawBody},
        store::embedded::codec::encode,
    };

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
