//! Looking things up: an event, its history, the lists. Each list is read from a snapshot, so that an event that
//! is settled meanwhile is neither missed nor seen twice. All of it blocks on the disk.

use fjall::{Readable, Slice, Snapshot};

use super::{
    codec::{AttemptRow, DeadRow, EventRow, damaged, decode},
    disk::{Disk, Space, attempt_key, destination_of, event_key, event_of, event_row, unreadable},
    payload,
};
use crate::{
    delivery::Attempt,
    destination::DestinationId,
    event::Event,
    name::EventId,
    store::{DeadLetter, EventRecord, KEPT_ATTEMPTS, Page, StoreError, missing_event},
};

/// The store as it was at one moment.
pub(super) struct View<'a> {
    disk: &'a Disk,
    snapshot: Snapshot,
}

impl<'a> View<'a> {
    pub(super) fn new(disk: &'a Disk) -> Self {
        Self { disk, snapshot: disk.database.snapshot() }
    }

    pub(super) fn get(&self, space: Space, key: &Slice) -> Result<Option<Slice>, StoreError> {
        self.snapshot.get(self.disk.space(space), key).map_err(|error| unreadable(space, &error))
    }

    pub(super) fn row(&self, id: EventId) -> Result<EventRow, StoreError> {
        let key = event_key(id);
        let waiting = self.get(Space::Waiting, &key)?;
        let bytes = if waiting.is_some() { waiting } else { self.get(Space::Settled, &key)? };
        decode(&bytes.ok_or_else(|| missing_event(id))?, || format!("event {id}"))
    }

    /// An event whole, of its row.
    pub(super) fn event(&self, id: EventId, row: &EventRow) -> Result<Event, StoreError> {
        let payload = self.get(Space::Payloads, &event_key(id))?;
        payload::event(
            id,
            row,
            &payload.ok_or_else(|| damaged(format!("the payload of event {id}"), "it is gone".into()))?,
        )
    }

    /// The attempts for one delivery that are kept, oldest first; `made` were recorded.
    pub(super) fn attempts(&self, id: EventId, to: DestinationId, made: u32) -> Result<Vec<Attempt>, StoreError> {
        let mut attempts = Vec::new();
        for number in made.saturating_sub(KEPT_ATTEMPTS)..made {
            let what = || format!("attempt {number} of event {id} to {to}");
            if let Some(bytes) = self.get(Space::Attempts, &attempt_key(id, to, number))? {
                attempts.push(decode::<AttemptRow>(&bytes, what)?.attempt(what)?);
            }
        }
        Ok(attempts)
    }

    pub(super) fn history(&self, id: EventId) -> Result<(EventRecord, Vec<(DestinationId, Attempt)>), StoreError> {
        let row = self.row(id)?;
        let mut attempts = Vec::new();
        for delivery in &row.deliveries {
            let destination = delivery.target().destination;
            let made = self.attempts(id, destination, delivery.attempts)?;
            attempts.extend(made.into_iter().map(|attempt| (destination, attempt)));
        }
        Ok((row.record(id)?, attempts))
    }

    pub(super) fn events(&self, page: Page) -> Result<Vec<EventRecord>, StoreError> {
        let newest_first = |space| {
            let range = ..event_key_or_end(page.before);
            let pairs = self.snapshot.range(self.disk.space(space), range).rev();
            pairs.map(move |pair| pair.into_inner().map_err(|error| unreadable(space, &error))).peekable()
        };
        let (mut waiting, mut settled) = (newest_first(Space::Waiting), newest_first(Space::Settled));
        let mut records = Vec::new();
        while records.len() < page.limit {
            let next = match (waiting.peek(), settled.peek()) {
                (Some(Ok((one, _))), Some(Ok((other, _)))) if one < other => settled.next(),
                (Some(_), _) => waiting.next(),
                (None, _) => settled.next(),
            };
            let Some(next) = next else { break };
            let (key, value) = next?;
            let (id, row) = event_row(&key, &value)?;
            records.push(row.record(id)?);
        }
        Ok(records)
    }

    pub(super) fn dead(&self, page: Page) -> Result<Vec<DeadLetter>, StoreError> {
        let range = ..event_key_or_end(page.before);
        let mut letters: Vec<DeadLetter> = Vec::new();
        for pair in self.snapshot.range(self.disk.space(Space::Dead), range).rev() {
            let (key, value) = pair.into_inner().map_err(|error| unreadable(Space::Dead, &error))?;
            let (event, destination) = (event_of(&key)?, destination_of(&key)?);
            // A page ends between two events, since the next one goes on at an event.
            if letters.len() >= page.limit && letters.last().is_none_or(|last| last.event != event) {
                break;
            }
            let what = || format!("the dead letter of event {event} to {destination}");
            letters.push(decode::<DeadRow>(&value, what)?.letter(event, destination)?);
        }
        Ok(letters)
    }

    /// The rows of all events, oldest first within each space.
    pub(super) fn rows(&self) -> impl Iterator<Item = Result<(EventId, EventRow), StoreError>> + use<'_, 'a> {
        let pairs = |space| {
            let pairs = self.snapshot.iter(self.disk.space(space));
            pairs.map(move |pair| pair.into_inner().map_err(|error| unreadable(space, &error)))
        };
        pairs(Space::Settled).chain(pairs(Space::Waiting)).map(|pair| pair.and_then(|(key, row)| event_row(&key, &row)))
    }
}

/// Below it is everything older than `before`; everything, if none.
fn event_key_or_end(before: Option<EventId>) -> Slice {
    // No key begins with 17 such bytes: an id has 16, and a time that far is not one.
    before.map_or_else(|| [u8::MAX; 17].into(), event_key)
}
