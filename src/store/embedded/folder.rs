//! sled's folder: small records that rarely change, each flushed as it is written, and sealed where there is a key.
//!
//! sled never wipes what it replaces, so where nothing readable may stay, all records go into a new folder and the old
//! one is removed. The first is `sled`, those after it `sled-1`, `sled-2` and so on; one of these counts once the file
//! `sealed` stands in it, which says that all was sealed that ever was in this folder.

mod drowsy;
mod files;
mod kind;
mod numbered;
mod unopened;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

pub(super) use self::{
    files::expected,
    kind::{KINDS, Kind},
    numbered::{current, exists},
    unopened::{Unopened, is_taken, said},
};
use self::{
    files::{FILE, Files, make, note_count},
    numbered::{SEALED, newest, path, remove, remove_others},
};
use super::{
    codec::damaged,
    failure::{Failure, failed_at},
    format::sync_folder,
    rewrite::rewrite,
};
use crate::{
    seal::{Seal, Unopened as NotOpened, is_sealed},
    store::{Resealed, StoreError},
};

/// A key, and what is kept under it.
pub(super) type Record = (Vec<u8>, Vec<u8>);

/// The folder. Cloning it is cheap.
#[derive(Clone)]
pub(super) struct Folder(Arc<Inner>);

struct Inner {
    store: PathBuf,
    seal: Seal,
    failure: Failure,
    /// Held across a write, and across a change of folders.
    files: Mutex<Files>,
}

impl Folder {
    /// Opens the newest folder of a store, or makes the first. With a key, nothing is readable in it afterwards.
    pub(super) fn open(store: &Path, seal: Seal, failure: Failure) -> Result<Self, Unopened> {
        let number = newest(store).map_err(|error| failed_at(store, &error))?;
        let path = path(store, number.unwrap_or(0));
        let sealed = path.join(SEALED).exists();
        if sealed && seal.key().is_none() {
            return Err(sealed_store(store, "`store.key` is not set").into());
        }
        let files = match number {
            Some(number) => Files::open(&path, number)?,
            None => make(store)?,
        };
        if number.is_none() && seal.key().is_some() {
            files.mark_sealed().map_err(|error| failed_at(&path, &error))?;
        }
        files.flush().map_err(|why| StoreError::Failed { why })?;
        rewrite(&path.join(FILE)).map_err(|error| failed_at(&path, &error))?;
        files.compare(store, &path)?;
        remove_others(store, number.unwrap_or(0))?;
        let folder = Self(Arc::new(Inner { store: store.to_owned(), seal, failure, files: Mutex::new(files) }));
        if number.is_some() && folder.0.seal.key().is_some() && !(sealed && folder.all_sealed()?) {
            let Resealed { records, key } = folder.reseal()?;
            tracing::info!(records, key, "what was readable in the store is sealed now");
        }
        Ok(folder)
    }

    /// All records of a kind, opened, in the order of their keys.
    pub(super) fn records(&self, kind: Kind) -> Result<Vec<Record>, StoreError> {
        self.opened(&self.files(), kind)
    }

    /// The same, each for itself: one that can't be opened costs no other.
    pub(super) fn each(&self, kind: Kind) -> Vec<Result<Record, StoreError>> {
        self.each_opened(&self.files(), kind).collect()
    }

    /// Writes one, flushed. Blocks.
    pub(super) fn write(&self, kind: Kind, key: &[u8], text: &[u8]) -> Result<(), StoreError> {
        self.0.failure.check()?;
        let record = self.closed(kind, key, text)?;
        let mut files = self.files();
        let before = self.failing(files.tree(kind).insert(key, record).map_err(|error| said(&error)))?;
        self.failing(files.flush())?;
        if before.is_none() {
            files.count += 1;
            self.failing(note_count(&self.0.store, files.count).map_err(|error| error.to_string()))?;
        }
        Ok(())
    }

    /// Takes one away, flushed. Blocks.
    pub(super) fn remove(&self, kind: Kind, key: &[u8]) -> Result<(), StoreError> {
        self.0.failure.check()?;
        let mut files = self.files();
        if self.failing(files.tree(kind).contains_key(key).map_err(|error| said(&error)))? {
            files.count -= 1;
            self.failing(note_count(&self.0.store, files.count).map_err(|error| error.to_string()))?;
        }
        self.failing(files.tree(kind).remove(key).map_err(|error| said(&error)))?;
        self.failing(files.flush())
    }

    /// Seals all records with the first key, in a new folder, and removes the old one. Blocks.
    ///
    /// Until the new folder is whole and on disk, the old one counts; what fails before that has changed nothing.
    pub(super) fn reseal(&self) -> Result<Resealed, StoreError> {
        let key = self.0.seal.key().ok_or(StoreError::NoKey)?.to_string();
        self.0.failure.check()?;
        let mut files = self.files();
        let mut all = Vec::new();
        for kind in KINDS {
            all.push((kind, self.opened(&files, kind)?));
        }
        let number = files.number + 1;
        let new = path(&self.0.store, number);
        remove(&new).map_err(|error| failed_at(&new, &error))?;
        let made = self.fill(&new, number, all).inspect_err(|_| {
            if let Err(error) = remove(&new) {
                tracing::warn!(%error, "a half-made folder is left for the next start");
            }
        });
        let (filled, records) = made?;
        drop(std::mem::replace(&mut *files, filled));
        remove_others(&self.0.store, number)?;
        Ok(Resealed { records, key })
    }

    fn fill(&self, new: &Path, number: u64, all: Vec<(Kind, Vec<Record>)>) -> Result<(Files, usize), StoreError> {
        let failed = |why: String| StoreError::Failed { why };
        let mut files = Files::open(new, number).map_err(|error| failed(said(&error)))?;
        let mut count = 0;
        for (kind, records) in all {
            for (key, text) in records {
                let record = self.closed(kind, &key, &text)?;
                files.tree(kind).insert(key, record).map_err(|error| failed(said(&error)))?;
                count += 1;
            }
        }
        files.count = count as u64;
        files.flush().map_err(failed)?;
        files.mark_sealed().map_err(|error| failed_at(new, &error))?;
        sync_folder(&self.0.store).map_err(|error| failed(error.to_string()))?;
        Ok((files, count))
    }

    fn all_sealed(&self) -> Result<bool, Unopened> {
        let files = self.files();
        for kind in KINDS {
            for value in files.tree(kind).iter().values() {
                if !is_sealed(&value?) {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    fn files(&self) -> MutexGuard<'_, Files> {
        self.0.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn closed(&self, kind: Kind, key: &[u8], text: &[u8]) -> Result<Vec<u8>, StoreError> {
        let record = self.0.seal.close(&kind.place(key), text);
        record.map(std::borrow::Cow::into_owned).map_err(|error| StoreError::Failed { why: error.to_string() })
    }

    fn opened(&self, files: &Files, kind: Kind) -> Result<Vec<Record>, StoreError> {
        self.each_opened(files, kind).collect()
    }

    fn each_opened(&self, files: &Files, kind: Kind) -> impl Iterator<Item = Result<Record, StoreError>> {
        files.tree(kind).iter().map(move |pair| {
            let (key, record) = self.failing(pair.map_err(|error| said(&error)))?;
            match self.0.seal.open(&kind.place(&key), &record) {
                Ok(text) => Ok((key.to_vec(), text.into_owned())),
                Err(NotOpened::Key(id)) => {
                    let why = format!("{} in it has the key {id}, which is not in `store.key`", kind.word());
                    Err(sealed_store(&self.0.store, &why))
                }
                Err(error) => Err(damaged(kind.word().into(), error.to_string())),
            }
        })
    }

    fn failing<T>(&self, outcome: Result<T, String>) -> Result<T, StoreError> {
        outcome.map_err(|why| self.0.failure.happened(why))
    }
}

fn sealed_store(store: &Path, why: &str) -> StoreError {
    StoreError::Sealed { path: store.display().to_string(), why: why.to_owned() }
}

#[cfg(test)]
mod tests;
