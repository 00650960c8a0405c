//! One folder of sled's, open, and how many records it must have.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use super::{
    drowsy::drowsy,
    kind::{KINDS, Kind},
    numbered::{NAME, SEALED, path, remove},
    unopened::{Unopened, is_taken, said},
};
use crate::store::{
    StoreError,
    embedded::{
        codec::damaged,
        failure::failed_at,
        format::{sync_folder, write_number},
    },
};

/// sled's own file.
pub(super) const FILE: &str = "db";
/// Hundredths of a second that its lock may be taken after it was dropped.
const LET_GO: usize = 500;
/// Room for sled's page cache; the subscriptions of any real installation fit in.
const CACHE: u64 = 4 << 20;
/// The file beside the folders that says how many records there are at least: of a file that was cut or emptied, sled
/// makes a new one without a word.
const COUNT: &str = "records";

/// One folder, open.
pub(super) struct Files {
    pub(super) number: u64,
    path: PathBuf,
    database: sled::Db,
    trees: [sled::Tree; KINDS.len()],
    /// Records in them; sled would count them one by one.
    pub(super) count: u64,
}

impl Files {
    /// Only under the lock of the events: what it clears away may be another process's.
    pub(super) fn open(path: &Path, number: u64) -> Result<Self, sled::Error> {
        remove_half_written(path)?;
        let settings = sled::Config::new()
            .path(path)
            .cache_capacity(CACHE)
            .mode(sled::Mode::LowSpace)
            // Each change flushes by itself; nothing is left for a thread to flush later.
            .flush_every_ms(None);
        // It starts its threads with the first flush.
        let database = drowsy(|| settings.open().and_then(|database| database.flush().map(|_| database)))?;
        // sled leaves it to chance when this one reaches the disk, and opens nothing without it.
        File::open(path.join("conf"))?.sync_all()?;
        let open = |kind: Kind| database.open_tree(kind.tree());
        let [subscriptions, captured, key, used] = KINDS.map(open);
        let trees = [subscriptions?, captured?, key?, used?];
        let count = trees.iter().map(|tree| tree.len() as u64).sum();
        Ok(Self { number, path: path.to_owned(), database, trees, count })
    }

    pub(super) fn tree(&self, kind: Kind) -> &sled::Tree {
        let [subscriptions, captured, key, used] = &self.trees;
        match kind {
            Kind::Subscription => subscriptions,
            Kind::Captured => captured,
            Kind::RelayKey => key,
            Kind::UsedInvitation => used,
        }
    }

    /// An error where there are fewer records than there must be.
    pub(super) fn compare(&self, store: &Path, path: &Path) -> Result<(), StoreError> {
        let found = self.count;
        match expected(store) {
            Some(expected) if expected > found => {
                let (note, path) = (store.join(COUNT), path.display());
                let why = format!(
                    "it holds {found} of {expected} subscriptions, captured secrets and records of guests; put it back from a backup, or remove `{}` to go on with those",
                    note.display()
                );
                Err(damaged(format!("`{path}`"), why))
            }
            Some(expected) if expected == found => Ok(()),
            _ => note_count(store, found).map_err(|error| failed_at(store, &error)),
        }
    }

    /// sled's own flush leaves the file's size and the disk's cache to chance, so its file is flushed once more.
    pub(super) fn flush(&self) -> Result<(), String> {
        self.database.flush().map_err(|error| said(&error))?;
        File::open(self.path.join(FILE)).and_then(|file| file.sync_data()).map_err(|error| error.to_string())
    }

    pub(super) fn mark_sealed(&self) -> io::Result<()> {
        sync_folder(&self.path)?;
        File::create(self.path.join(SEALED))?.sync_all()?;
        sync_folder(&self.path)
    }
}

/// Removes sled's snapshots that a kill or a full disk left half written: sled would take one for its newest, and give up.
fn remove_half_written(folder: &Path) -> io::Result<()> {
    if !folder.exists() {
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "generating") {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

/// Makes the first folder. It appears whole: sled can't open one that was left half made.
pub(super) fn make(store: &Path) -> Result<Files, Unopened> {
    let new = store.join(format!("{NAME}.new"));
    remove(&new).map_err(|error| failed_at(&new, &error))?;
    let files = Files::open(&new, 0)?;
    files.flush().map_err(|why| StoreError::Failed { why })?;
    drop(files);
    let renamed = sync_folder(&new).and_then(|()| fs::rename(&new, path(store, 0))).and_then(|()| sync_folder(store));
    renamed.map_err(|error| failed_at(&new, &error))?;
    // sled lets go of its lock a moment after it was dropped.
    for _ in 0..LET_GO {
        match Files::open(&path(store, 0), 0) {
            Err(sled::Error::Io(error)) if is_taken(&error) => std::thread::sleep(Duration::from_millis(10)),
            other => return Ok(other?),
        }
    }
    Ok(Files::open(&path(store, 0), 0)?)
}

/// How many records there must be, at least, where that was noted down.
pub(in crate::store::embedded) fn expected(store: &Path) -> Option<u64> {
    fs::read_to_string(store.join(COUNT)).ok()?.trim().parse().ok()
}

/// Notes down how many records there are: after one was added, and before one is removed, so that it is never too many.
pub(super) fn note_count(store: &Path, count: u64) -> io::Result<()> {
    write_number(store, COUNT, count)
}
