//! Housekeeping: events past their time, and dead letters that an admin is done with.
//!
//! The lists are read beside the writer and taken away in small groups, each looked at again by the writer, so
//! that accepting goes on between them.

use fjall::{Readable, Slice};
use jiff::Timestamp;

use super::{
    codec::EventRow,
    disk::{Disk, Space, attempt_key, dead_key, delivery_key, event_key, event_row, unreadable},
    draft::Draft,
};
use crate::{
    name::EventId,
    store::{KEPT_ATTEMPTS, StoreError},
};

/// Events or dead letters that one batch takes away.
pub(super) const GROUP: usize = 256;

/// Until when settled events are kept.
#[derive(Clone, Copy)]
pub(super) struct Until {
    /// Those that arrived before this go.
    pub(super) before: Timestamp,
    /// The same for those with a dead letter on the list.
    pub(super) dead_before: Timestamp,
}

impl Until {
    fn is_past(self, row: &EventRow, listed: bool) -> bool {
        let until = if listed { self.dead_before } else { self.before };
        row.received_at < until.as_millisecond()
    }
}

/// Settled events that are past their time. One that can't be read is left where it is and named in the log.
pub(super) fn past(disk: &Disk, until: Until) -> Result<Vec<EventId>, StoreError> {
    let snapshot = disk.database.snapshot();
    let mut past = Vec::new();
    for pair in snapshot.iter(disk.space(Space::Settled)) {
        let (key, value) = pair.into_inner().map_err(|error| unreadable(Space::Settled, &error))?;
        match event_row(&key, &value) {
            Ok((id, row)) => {
                let listed = listed(&row, |key| disk.get(Space::Dead, key), id)?;
                past.extend(until.is_past(&row, listed).then_some(id));
            }
            Err(error) => tracing::error!(%error, "an event can't be swept"),
        }
    }
    Ok(past)
}

/// Settled events that may go before their time.
#[derive(Default)]
pub(super) struct Oldest {
    /// With no dead letter on the list.
    pub(super) unlisted: Vec<EventId>,
    /// With one.
    pub(super) listed: Vec<EventId>,
}

/// Bytes that a row's keys take, and those of one attempt, near enough.
const KEYS: u64 = 192;
const ATTEMPT: u64 = 160;

/// The oldest settled events that take about so many bytes together; those with a dead letter on the list only where
/// all others are not enough.
pub(super) fn oldest(disk: &Disk, bytes: u64) -> Result<Oldest, StoreError> {
    let mut found = Oldest::default();
    let (mut unlisted, mut listed, mut with_dead) = (0, 0, Vec::new());
    for pair in disk.space(Space::Settled).iter() {
        if unlisted >= bytes {
            break;
        }
        let (key, value) = pair.into_inner().map_err(|error| unreadable(Space::Settled, &error))?;
        let Ok((id, row)) = event_row(&key, &value) else { continue };
        let payload = disk.space(Space::Payloads).size_of(&key).map_err(|error| unreadable(Space::Payloads, &error))?;
        let attempts: u64 = row.deliveries.iter().map(|delivery| u64::from(delivery.attempts)).sum();
        let size = u64::from(payload.unwrap_or(0)) + value.len() as u64 + KEYS + attempts * ATTEMPT;
        if !self::listed(&row, |key| disk.get(Space::Dead, key), id)? {
            unlisted += size;
            found.unlisted.push(id);
        } else if listed < bytes {
            listed += size;
            with_dead.push((id, size));
        }
    }
    for (id, size) in with_dead {
        if unlisted < bytes {
            unlisted += size;
            found.listed.push(id);
        }
    }
    Ok(found)
}

/// Keys of the dead letters of events up to and with this one; of all, if none.
pub(super) fn dead_upto(disk: &Disk, upto: Option<EventId>) -> Result<Vec<Slice>, StoreError> {
    let end = upto.map_or(u128::MAX, EventId::as_u128).to_be_bytes();
    let end = [end.as_slice(), &[u8::MAX; 8]].concat();
    let keys = disk.database.snapshot().range(disk.space(Space::Dead), ..=end).map(fjall::Guard::key);
    keys.collect::<Result<_, _>>().map_err(|error| unreadable(Space::Dead, &error))
}

fn listed(
    row: &EventRow,
    get: impl Fn(&Slice) -> Result<Option<Slice>, StoreError>,
    id: EventId,
) -> Result<bool, StoreError> {
    if row.has_dead() {
        for delivery in &row.deliveries {
            if get(&dead_key(id, delivery.target().destination))?.is_some() {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

impl Draft<'_> {
    /// Takes those of these events away that are still settled and past their time; says how many.
    pub(super) fn sweep(&mut self, events: &[EventId], until: Until) -> Result<usize, StoreError> {
        let mut swept = Vec::new();
        for id in events {
            if let Some(row) = self.row(Space::Settled, *id)?
                && until.is_past(&row, listed(&row, |key| self.get(Space::Dead, key), *id)?)
            {
                swept.push((*id, row));
            }
        }
        for (id, row) in &swept {
            self.remove(Space::Settled, event_key(*id));
            self.remove(Space::Payloads, event_key(*id));
            self.forget_delivery_id(*id, row)?;
            for delivery in &row.deliveries {
                let destination = delivery.target().destination;
                for number in delivery.attempts.saturating_sub(KEPT_ATTEMPTS)..delivery.attempts {
                    self.remove(Space::Attempts, attempt_key(*id, destination, number));
                }
                self.remove(Space::Dead, dead_key(*id, destination));
            }
        }
        Ok(swept.len())
    }

    /// An imported event may carry the delivery id of another; only the one it stands for takes it away.
    fn forget_delivery_id(&mut self, id: EventId, row: &EventRow) -> Result<(), StoreError> {
        if let Some(delivery_id) = &row.delivery_id {
            let key = delivery_key(&row.source, delivery_id);
            if self.get(Space::DeliveryIds, &key)?.is_some_and(|stands_for| stands_for == event_key(id)) {
                self.remove(Space::DeliveryIds, key);
            }
        }
        Ok(())
    }

    /// Takes these dead letters off the list; says how many were still on it.
    pub(super) fn purge(&mut self, keys: Vec<Slice>) -> Result<usize, StoreError> {
        let mut listed = Vec::new();
        for key in keys {
            listed.extend(self.get(Space::Dead, &key)?.map(|_| key));
        }
        let purged = listed.len();
        listed.into_iter().for_each(|key| self.remove(Space::Dead, key));
        Ok(purged)
    }
}
