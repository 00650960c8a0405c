//! What is kept in memory beside the disk, rebuilt from it at each opening.

use super::{
    codec::{BooksRow, SeenRow, damaged, decode},
    disk::{BOOKS, Disk, Space, event_of, event_row, unreadable},
    kept,
    known::Known,
    lanes::Change,
};
use crate::{
    name::EventId,
    outcome::Accounts,
    store::{StoreError, seen::Seen},
};

/// The lanes as the waiting events' records say, the books, and the greatest event id given so far.
pub(super) fn known(disk: &Disk) -> Result<(Known, EventId), StoreError> {
    let mut known = Known::default();
    let mut last = EventId::from_u128(0);
    for pair in disk.space(Space::Waiting).iter() {
        let (key, value) = pair.into_inner().map_err(|error| unreadable(Space::Waiting, &error))?;
        match event_row(&key, &value) {
            Ok((id, row)) => {
                last = last.max(id);
                let waits = row.deliveries.iter().filter_map(|delivery| Change::waits(id, row.received_at, delivery));
                waits.for_each(|change| known.lanes.apply(change));
            }
            // One bad record must not keep all others from going out; it stays on disk, to be looked at.
            Err(error) => tracing::error!(%error, "an event that waits is left where it is"),
        }
    }
    if let Some(settled) = disk.space(Space::Settled).last_key_value() {
        let key = settled.key().map_err(|error| unreadable(Space::Settled, &error))?;
        last = last.max(event_of(&key)?);
    }
    let books = disk.get(Space::Books, BOOKS)?;
    let books: Option<BooksRow> = books.map(|bytes| decode(&bytes, || "the books".into())).transpose()?;
    if let Some(books) = &books {
        known.accounts = books.accounts();
        last = last.max(books.last_event());
    } else if last.as_u128() > 0 {
        return Err(damaged("the books".into(), "they are gone, and the events are there".into()));
    }
    known.standings = kept::standings(disk)?;
    reconcile(&mut known.accounts, known.lanes.queue().0);
    Ok((known, last))
}

/// The signatures and bodies that are remembered, by the end of their time.
pub(super) fn seen(disk: &Disk) -> Result<Seen, StoreError> {
    let mut seen = Seen::default();
    for pair in disk.space(Space::Seen).iter() {
        let (key, value) = pair.into_inner().map_err(|error| unreadable(Space::Seen, &error))?;
        let row = decode::<SeenRow>(&value, || "a signature that was seen".into());
        match (row, <[u8; 16]>::try_from(&*key)) {
            (Ok(row), Ok(key)) => seen.restore(row.until, key),
            (Err(error), _) => tracing::error!(%error, "a signature that was seen is left where it is"),
            (_, Err(_)) => tracing::error!(bytes = key.len(), "a signature that was seen has a key of another length"),
        }
    }
    Ok(seen)
}

/// The books say how many deliveries must be there; where the disk lost some, that is said aloud, once.
fn reconcile(accounts: &mut Accounts, found: u64) {
    let expected = accounts.waiting;
    if found != expected {
        tracing::error!(expected, found, "the store does not hold as many waiting deliveries as its books say");
        accounts.waiting = found;
        accounts.accepted = (accounts.accepted + found).saturating_sub(expected);
    }
}
