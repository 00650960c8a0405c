//! Opening both engines, and what they say when they can't, in this program's words.

use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

use super::{
    codec::damaged,
    disk::Disk,
    failure::{Failure, failed_at, said},
    folder::{self, Folder, Unopened},
    format::sync_folder,
    journal,
    rewrite::rewrite,
    torn::Torn,
    whole,
};
use crate::{seal::Seal, store::StoreError};

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
        Err(error) => return Err(failed_at(&folder, &error)),
    }
    opened(path, &folder).map_err(|error| match error {
        fjall::Error::Locked => locked(path),
        fjall::Error::Io(error) | fjall::Error::Storage(fjall::LsmError::Io(error)) => failed_at(&folder, &error),
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

/// sled's folder, with all records that are not of events.
pub(super) fn folder(path: &Path, seal: Seal, failure: &Failure) -> Result<Folder, StoreError> {
    let at = || format!("`{}`", folder::current(path).display());
    let opened = catch_unwind(AssertUnwindSafe(|| Folder::open(path, seal, failure.clone())));
    let fault = |_| Err(Unopened::Other(damaged(at(), "its engine came to a fault in it".into())));
    let opened = opened.unwrap_or_else(fault).map_err(|error| match error {
        Unopened::Other(error) => error,
        Unopened::Engine(sled::Error::Io(error)) if folder::is_taken(&error) => locked(path),
        Unopened::Engine(sled::Error::Io(error)) => failed_at(&folder::current(path), &error),
        Unopened::Engine(other) => damaged(at(), folder::said(&other)),
    })?;
    for made in [&folder::current(path), path] {
        sync_folder(made).map_err(|error| failed_at(made, &error))?;
    }
    Ok(opened)
}

pub(super) fn locked(path: &Path) -> StoreError {
    StoreError::Locked { path: path.display().to_string() }
}
