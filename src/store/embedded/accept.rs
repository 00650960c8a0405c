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
    replay: Option<Replay>,
    row: EventRow,
    payload: Vec<u8>,
}

impl Offer {
    pub(super) fn new(
        event: &Event,
        replay: Option<Replay>,
        targets: &[Target],
        ignored: Reason,
    ) -> Result<Self, StoreError> {
        let targets = distinct(targets);
        let ignored = targets.is_empty().then_some(ignored);
        let row = EventRow::new(event, &targets, ignored);
        Ok(Self { received_at: event.received_at, replay, row, payload: encode_payload(event)? })
    }

    /// Bytes that it puts into the batch, near enough.
    pub(super) fn weight(&self) -> usize {
        self.payload.len() + 64 * self.row.deliveries.len()
    }
}

impl Draft<'_> {
    pub(super) fn accept(&mut self, offer: Offer) -> Result<Accepted, StoreError> {
        let Offer { received_at, replay, row, payload } = offer;
        let seen = replay.map_or(Ok(None), |replay| self.seen(replay))?;
        let delivery = row.delivery_id.as_deref().map(|delivery_id| delivery_key(&row.source, delivery_id));
        if let Some(key) = &delivery
            && let Some(first) = self.get(Space::DeliveryIds, key)?
        {
            let first = event_of(&first)?;
            self.remember(replay, seen, received_at, first)?;
            return Ok(Accepted::Duplicate(first));
        }
        if let Some(seen) = &seen
            && seen.until >= received_at.as_millisecond()
        {
            return Ok(Accepted::Replayed(event_of(&seen.event)?));
        }
        let id = self.next_id(received_at);
        self.remember(replay, seen, received_at, id)?;
        self.put_row(id, &row, None)?;
        self.put(Space::Payloads, event_key(id), payload);
        if let Some(key) = delivery {
            self.put(Space::DeliveryIds, key, id_bytes(id));
        }
        let deliveries = row.deliveries.len() as u64;
        self.accounts.accepted += deliveries.max(1);
        self.accounts.waiting += deliveries;
        self.accounts.ignored += u64::from(deliveries == 0);
        self.changes.extend(row.deliveries.iter().filter_map(|delivery| Change::waits(id, row.received_at, delivery)));
        Ok(Accepted::New(id))
    }

    fn seen(&self, replay: Replay) -> Result<Option<SeenRow>, StoreError> {
        let bytes = self.get(Space::Seen, &Slice::from(replay.key))?;
        bytes.map(|bytes| decode(&bytes, || "a signature that was seen".into())).transpose()
    }

    /// Remembers a signature, in place of what was known of it, and forgets those that must go for it.
    fn remember(
        &mut self,
        replay: Option<Replay>,
        known: Option<SeenRow>,
        now: Timestamp,
        event: EventId,
    ) -> Result<(), StoreError> {
        let Some(replay) = replay else { return Ok(()) };
        let row = encode(&SeenRow { until: replay.until.as_millisecond(), event: id_bytes(event) })?;
        if let Some(known) = known {
            self.replays.forget(known.until, replay.key);
        }
        self.put(Space::Seen, replay.key.into(), row);
        for key in self.replays.remember(replay, now) {
            self.remove(Space::Seen, key.into());
        }
        Ok(())
    }
}
