//! Opening: what the engines say when they can't, in this program's words, and what is rebuilt in memory.

use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

use super::{
    codec::{BooksRow, SeenRow, damaged, decode},
    disk::{BOOKS, Disk, Space, event_row, unreadable},
    failure::{Failure, said},
    folder::{self, Folder, Unopened},
    format::sync_folder,
    journal,
    known::Known,
    lanes::Change,
    rewrite::rewrite,
    torn::Torn,
    whole,
};
use crate::{
    name::EventId,
    outcome::Accounts,
    seal::Seal,
    store::{StoreError, seen::Seen},
};

/// fjall's folder.
pub(super) const EVENTS: &str = "events";

pub(super) fn events(path: &Path) -> Result<Disk, StoreError> {
    let folder = path.join(EVENTS);
    let at = || format!("`{}`", folder.display());
    if !folder.exists() && folder::exists(path) {
        let why = "the folder is gone; put it back from a backup, or start with an empty `store.path`";
        return Err(damaged(at(), why.into()));
    }
    made(&folder).map_err(|error| StoreError::Failed { why: format!("{}: {}", at(), said(&error)) })?;
    match whole::missing(&folder) {
        Ok(None) => {}
        Ok(Some(why)) => return Err(damaged(at(), why)),
        Err(error) => return Err(StoreError::Failed { why: format!("{}: {error}", at()) }),
    }
    opened(path, &folder).map_err(|error| match error {
        fjall::Error::Locked => locked(path),
        fjall::Error::Io(error) | fjall::Error::Storage(fjall::LsmError::Io(error)) => {
            StoreError::Failed { why: format!("{}: {error}", at()) }
        }
        fjall::Error::InvalidVersion(_) => damaged(at(), "another version of its engine wrote it".into()),
        other => damaged(at(), said(&other)),
    })
}

fn opened(path: &Path, folder: &Path) -> Result<Disk, fjall::Error> {
    // Found before opening, since the engine may begin another one; written after it, under the engine's lock.
    let newest = journal::newest(folder)?;
    let disk = match attempt(folder) {
        Err(error) if may_be_torn(&error) => mended(path, folder),
        other => other,
    }?;
    if let Some(number) = newest {
        rewrite(&journal::path(folder, number))?;
    }
    Ok(disk)
}

/// Makes the folder where it is missing. It appears whole: the engine can't go on with one that a kill left half made.
fn made(folder: &Path) -> Result<(), fjall::Error> {
    if folder.exists() {
        return Ok(());
    }
    let new = folder.with_extension("new");
    if new.exists() {
        fs::remove_dir_all(&new)?;
    }
    drop(Disk::open(&new)?);
    // The engine flushes its files, but not all folders that they stand in.
    sync_folders(&new)?;
    fs::rename(&new, folder)?;
    Ok(folder.parent().map_or(Ok(()), sync_folder)?)
}

/// Flushes the entries of a folder and of those below it.
fn sync_folders(folder: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_folders(&entry.path())?;
        }
    }
    sync_folder(folder)
}

/// Opens the events once more, batch by batch cut off the end of the newest journal.
fn mended(path: &Path, folder: &Path) -> Result<Disk, fjall::Error> {
    let mut torn = Torn::find(folder, path)?;
    while let Some(torn) = &mut torn {
        if torn.cut()? {
            match attempt(folder) {
                Err(error) if may_be_torn(&error) => {}
                other => return other.inspect(|_| torn.report()),
            }
        } else {
            torn.restore()?;
            break;
        }
    }
    attempt(folder)
}

/// Whether the engine may have stumbled over a journal whose end was torn: it says so, or it came to a fault.
fn may_be_torn(error: &fjall::Error) -> bool {
    matches!(error, fjall::Error::JournalRecovery(_) | fjall::Error::Unrecoverable)
}

/// Opens the engine's folder; a fault that the engine comes to on damaged files is an error like others.
pub(super) fn attempt(folder: &Path) -> Result<Disk, fjall::Error> {
    catch_unwind(|| Disk::open(folder)).unwrap_or(Err(fjall::Error::Unrecoverable))
}

/// The error of a store that does not open, with the way on.
pub(super) fn with_cure(path: &Path, error: StoreError) -> StoreError {
    match error {
        StoreError::Damaged { what, why } if !why.contains("; ") => {
            let cure = "keep a copy of it, save what can be read with `teams-relay export --offline`, and import that into an empty `store.path`";
            let path = path.display().to_string();
            let what = if what.contains(&path) { what } else { format!("{what} in `{path}`") };
            StoreError::Damaged { what, why: format!("{why}; {cure}") }
        }
        other => other,
    }
}

/// sled's folder, with the subscriptions and the captured secrets.
pub(super) fn folder(path: &Path, seal: Seal, failure: &Failure) -> Result<Folder, StoreError> {
    let at = || format!("`{}`", folder::current(path).display());
    let opened = catch_unwind(AssertUnwindSafe(|| Folder::open(path, seal, failure.clone())));
    let fault = |_| Err(Unopened::Other(damaged(at(), "its engine came to a fault in it".into())));
    let opened = opened.unwrap_or_else(fault).map_err(|error| match error {
        Unopened::Other(error) => error,
        Unopened::Engine(sled::Error::Io(error)) if folder::is_taken(&error) => locked(path),
        Unopened::Engine(sled::Error::Io(error)) => StoreError::Failed { why: format!("{}: {error}", at()) },
        Unopened::Engine(other) => damaged(at(), folder::said(&other)),
    })?;
    for made in [&folder::current(path), path] {
        sync_folder(made).map_err(|error| StoreError::Failed { why: format!("`{}`: {error}", made.display()) })?;
    }
    Ok(opened)
}

pub(super) fn locked(path: &Path) -> StoreError {
    StoreError::Locked { path: path.display().to_string() }
}

/// The lanes as the waiting events' records say, the books, and the greatest event id given so far.
pub(super) fn rebuild(disk: &Disk) -> Result<(Known, EventId), StoreError> {
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
        last = last.max(super::disk::event_of(&key)?);
    }
    let books = disk.get(Space::Books, BOOKS)?;
    let books: Option<BooksRow> = books.map(|bytes| decode(&bytes, || "the books".into())).transpose()?;
    if let Some(books) = &books {
        known.accounts = books.accounts();
        last = last.max(books.last_event());
    } else if last.as_u128() > 0 {
        return Err(damaged("the books".into(), "they are gone, and the events are there".into()));
    }
    known.standings = super::kept::standings(disk)?;
    reconcile(&mut known.accounts, known.lanes.queue().0);
    Ok((known, last))
}

/// The signatures that are remembered, by the end of their time.
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
