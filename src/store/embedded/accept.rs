//! Taking an event on: the id, the row, the payload and the delivery id, in one draft.

use jiff::Timestamp;

use super::{
    codec::{EventRow, encode_payload, id_bytes},
    disk::{Space, delivery_key, event_key, event_of},
    draft::Draft,
    lanes::Change,
};
use crate::{
    delivery::Target,
    event::Event,
    outcome::Reason,
    store::{Accepted, StoreError, distinct},
};

/// An event made ready for the disk, off the writer's thread; only its id is still to be given.
pub(super) struct Offer {
    received_at: Timestamp,
    row: EventRow,
    payload: Vec<u8>,
}

impl Offer {
    pub(super) fn new(event: &Event, targets: &[Target], ignored: Reason) -> Result<Self, StoreError> {
        let targets = distinct(targets);
        let ignored = targets.is_empty().then_some(ignored);
        let row = EventRow::new(event, &targets, ignored);
        Ok(Self { received_at: event.received_at, row, payload: encode_payload(event)? })
    }

    /// Bytes that it puts into the batch, near enough.
    pub(super) fn weight(&self) -> usize {
        self.payload.len() + 64 * self.row.deliveries.len()
    }
}

impl Draft<'_> {
    pub(super) fn accept(&mut self, offer: Offer) -> Result<Accepted, StoreError> {
        let Offer { received_at, row, payload } = offer;
        let delivery = row.delivery_id.as_deref().map(|delivery_id| delivery_key(&row.source, delivery_id));
        if let Some(key) = &delivery
            && let Some(first) = self.get(Space::DeliveryIds, key)?
        {
            return Ok(Accepted::Duplicate(event_of(&first)?));
        }
        let id = self.next_id(received_at);
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
}
