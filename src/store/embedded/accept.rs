//! Taking an event on: the id, the row, the payload and the delivery id, in one draft.

use fjall::Slice;
use jiff::Timestamp;

use super::{
    codec::{EventRow, SeenRow, decode, encode, id_bytes},
    disk::{Space, delivery_key, event_key, event_of},
    draft::Draft,
    lanes::Change,
    payload::encode_payload,
};
use crate::{
    delivery::Target,
    event::{Event, Replay},
    name::EventId,
    outcome::Reason,
    store::{Accepted, StoreError, distinct},
};

/// An event made ready for the disk, off the writer's thread; only its id is still to be given.
pub(super) struct Offer {
    received_at: Timestamp,
    replays: Vec<Replay>,
    row: EventRow,
    payload: Vec<u8>,
}

/// A key that is not known, and the end of its time where that is over.
type Fresh = (Replay, Option<i64>);

impl Offer {
    pub(super) fn new(
        event: &Event,
        replays: Vec<Replay>,
        targets: &[Target],
        ignored: Reason,
    ) -> Result<Self, StoreError> {
        let targets = distinct(targets);
        let ignored = targets.is_empty().then_some(ignored);
        let row = EventRow::new(event, &targets, ignored);
        Ok(Self { received_at: event.received_at, replays, row, payload: encode_payload(event)? })
    }

    /// Bytes that it puts into the batch, near enough.
    pub(super) fn weight(&self) -> usize {
        self.payload.len() + 64 * self.row.deliveries.len()
    }
}

impl Draft<'_> {
    pub(super) fn accept(&mut self, offer: Offer) -> Result<Accepted, StoreError> {
        let Offer { received_at, replays, row, payload } = offer;
        let (fresh, replayed) = self.known_by(replays, received_at)?;
        let delivery = row.delivery_id.as_deref().map(|delivery_id| delivery_key(&row.source, delivery_id));
        if let Some(key) = &delivery
            && let Some(first) = self.get(Space::DeliveryIds, key)?
        {
            let first = event_of(&first)?;
            self.remember(fresh, received_at, first)?;
            return Ok(Accepted::Duplicate(first));
        }
        if let Some(first) = replayed {
            self.remember(fresh, received_at, first)?;
            return Ok(Accepted::Replayed(first));
        }
        let id = self.next_id(received_at);
        self.remember(fresh, received_at, id)?;
        self.put_row(id, &row, None)?;
        self.put(Space::Payloads, event_key(id), payload);
        if let Some(key) = delivery {
            self.put(Space::DeliveryIds, key, id_bytes(id));
        }
        let deliveries = row.deliveries.len() as u64;
        self.accounts.accepted += deliveries.max(1);
        self.accounts.waiting += deliveries;
        self.accounts.ignored += u64::from(deliveries == 0);
        self.accepted.extend((deliveries > 0).then_some(id));
        self.changes.extend(row.deliveries.iter().filter_map(|delivery| Change::waits(id, row.received_at, delivery)));
        Ok(Accepted::New(id))
    }

    /// The event of the first key that is known and whose time is not over; and the keys before it, all of
    /// them if there is none.
    fn known_by(&self, replays: Vec<Replay>, now: Timestamp) -> Result<(Vec<Fresh>, Option<EventId>), StoreError> {
        let mut fresh = Vec::new();
        for replay in replays {
            let bytes = self.get(Space::Seen, &Slice::from(replay.key))?;
            let seen: Option<SeenRow> =
                bytes.map(|bytes| decode(&bytes, || "a webhook that was seen".into())).transpose()?;
            match seen {
                Some(seen) if seen.until >= now.as_millisecond() => return Ok((fresh, Some(event_of(&seen.event)?))),
                past => fresh.push((replay, past.map(|past| past.until))),
            }
        }
        Ok((fresh, None))
    }

    /// Remembers keys, and forgets those that must go for them.
    fn remember(&mut self, fresh: Vec<Fresh>, now: Timestamp, event: EventId) -> Result<(), StoreError> {
        for (replay, past) in fresh {
            if let Some(until) = past {
                self.replays.forget(until, replay.key);
            }
            let row = encode(&SeenRow { until: replay.until.as_millisecond(), event: id_bytes(event) })?;
            self.put(Space::Seen, replay.key.into(), row);
            for key in self.replays.remember(replay, now) {
                self.remove(Space::Seen, key.into());
            }
        }
        Ok(())
    }
}
