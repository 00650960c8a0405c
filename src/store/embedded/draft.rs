//! What one group of commands is about to write: all of it goes to disk in one batch, or none.
//!
//! Commands read through the draft, so that each sees what those before it in the group did. Each reads all it
//! needs before it changes anything, so that one that fails leaves the draft as it was.

use std::collections::BTreeMap;

use fjall::{OwnedWriteBatch, Slice};

use super::{
    codec::{BooksRow, DeadRow, EventRow, StateRow, decode, encode},
    disk::{self, BOOKS, Disk, Space, event_key},
    lanes::Change,
};
use crate::{
    destination::DestinationId,
    name::{EventId, EventIds},
    outcome::Accounts,
    standing::Standing,
    store::{StoreError, seen::Seen},
};

/// The group's writes and what they change in memory once they are on disk.
pub(super) struct Draft<'a> {
    disk: &'a Disk,
    /// One write a key: the engine gives all writes of a batch the same age, so the last must be the only one.
    writes: BTreeMap<(Space, Slice), Option<Slice>>,
    pub(super) accounts: Accounts,
    pub(super) last_event: EventId,
    pub(super) changes: Vec<Change>,
    /// Events that were taken on, with deliveries.
    pub(super) accepted: Vec<EventId>,
    /// How destinations stand from now on.
    pub(super) standings: Vec<(DestinationId, Option<Standing>)>,
    /// Changed at once, and not after the commit: nothing is written after one that fails.
    pub(super) replays: &'a mut Seen,
}

impl<'a> Draft<'a> {
    pub(super) fn new(disk: &'a Disk, accounts: Accounts, last_event: EventId, replays: &'a mut Seen) -> Self {
        let (changes, accepted, standings) = (Vec::new(), Vec::new(), Vec::new());
        Self { disk, writes: BTreeMap::new(), accounts, last_event, changes, accepted, standings, replays }
    }

    pub(super) fn get(&self, space: Space, key: &Slice) -> Result<Option<Slice>, StoreError> {
        match self.writes.get(&(space, key.clone())) {
            Some(written) => Ok(written.clone()),
            None => self.disk.get(space, key),
        }
    }

    pub(super) fn put(&mut self, space: Space, key: Slice, value: impl Into<Slice>) {
        self.writes.insert((space, key), Some(value.into()));
    }

    pub(super) fn remove(&mut self, space: Space, key: Slice) {
        self.writes.insert((space, key), None);
    }

    /// The next event id: later than all before it, and of this time where that allows.
    pub(super) fn next_id(&mut self, now: jiff::Timestamp) -> EventId {
        self.last_event = EventIds::after(Some(self.last_event)).next(now);
        self.last_event
    }

    /// An event's row, if it is in this space.
    pub(super) fn row(&self, space: Space, id: EventId) -> Result<Option<EventRow>, StoreError> {
        let bytes = self.get(space, &event_key(id))?;
        bytes.map(|bytes| decode(&bytes, || format!("event {id}"))).transpose()
    }

    /// An event's row wherever it is, and where.
    pub(super) fn find(&self, id: EventId) -> Result<Option<(Space, EventRow)>, StoreError> {
        for space in [Space::Waiting, Space::Settled] {
            if let Some(row) = self.row(space, id)? {
                return Ok(Some((space, row)));
            }
        }
        Ok(None)
    }

    /// Writes an event's row to where it belongs now; `was` says where it stood.
    pub(super) fn put_row(&mut self, id: EventId, row: &EventRow, was: Option<Space>) -> Result<(), StoreError> {
        let space = if row.is_waiting() { Space::Waiting } else { Space::Settled };
        let bytes = encode(row)?;
        if let Some(was) = was
            && was != space
        {
            self.remove(was, event_key(id));
        }
        self.put(space, event_key(id), bytes);
        Ok(())
    }

    /// Puts a delivery that is dead on the list of those given up.
    pub(super) fn put_dead(&mut self, id: EventId, row: &EventRow, index: usize) -> Result<(), StoreError> {
        let Some(delivery) = row.deliveries.get(index) else { return Ok(()) };
        let StateRow::Dead { at, why } = &delivery.state else { return Ok(()) };
        let target = delivery.target();
        let dead = DeadRow {
            subscription: target.subscription.as_u128().to_be_bytes(),
            source: row.source.clone(),
            kind: row.kind().to_string(),
            at: *at,
            why: why.clone(),
        };
        self.put(Space::Dead, disk::dead_key(id, target.destination), encode(&dead)?);
        Ok(())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.writes.is_empty()
    }

    /// The batch with all writes and the books as they are after them.
    pub(super) fn batch(&mut self) -> Result<OwnedWriteBatch, StoreError> {
        debug_assert!(self.accounts.balance(), "each command enters what it changes on both sides of the books");
        self.put(Space::Books, BOOKS.into(), encode(&BooksRow::of(&self.accounts, self.last_event))?);
        let mut batch = OwnedWriteBatch::with_capacity(self.disk.database.clone(), self.writes.len());
        for ((space, key), value) in std::mem::take(&mut self.writes) {
            match value {
                Some(value) => batch.insert(self.disk.space(space), key, value),
                None => batch.remove(self.disk.space(space), key),
            }
        }
        Ok(batch)
    }
}
