//! sled's folder: small records that rarely change, each flushed as it is written, and sealed where there is a key.
//!
//! sled never wipes what it replaces, so where nothing readable may stay, all records go into a new folder and the old
//! one is removed. The first is `sled`, those after it `sled-1`, `sled-2` and so on; one of these counts once the file
//! `sealed` stands in it, which says that all was sealed that ever was in this folder.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::{
    codec::damaged,
    failure::Failure,
    format::{sync_folder, write_number},
    rewrite::rewrite,
};
use crate::{
    seal::{Seal, Unopened as NotOpened, is_sealed},
    store::{Resealed, StoreError, guests},
};

/// The first folder, and what the names of all others begin with.
const NAME: &str = "sled";
/// sled's own file.
const FILE: &str = "db";
/// The file that says that nothing in a folder was ever readable.
const SEALED: &str = "sealed";
/// Hundredths of a second that its lock may be taken after it was dropped.
const LET_GO: usize = 500;
/// The file beside the folders that says how many records there are at least: of a file that was cut or emptied, sled
/// makes a new one without a word.
const COUNT: &str = "records";
/// Room for sled's page cache; the subscriptions of any real installation fit in.
const CACHE: u64 = 4 << 20;

/// What the records are of; the name of their tree, and part of the place that a sealed one is bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Subscription,
    Captured,
    RelayKey,
    UsedInvitation,
}

/// All of them.
pub(super) const KINDS: [Kind; 4] = [Kind::Subscription, Kind::Captured, Kind::RelayKey, Kind::UsedInvitation];

impl Kind {
    const fn tree(self) -> &'static str {
        match self {
            Self::Subscription => "subscriptions",
            Self::Captured => "captured",
            Self::RelayKey => "relay_key",
            Self::UsedInvitation => "used_invitations",
        }
    }

    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Subscription => "a subscription",
            Self::Captured => "a captured secret",
            Self::RelayKey => guests::KEY,
            Self::UsedInvitation => guests::USED,
        }
    }

    fn place(self, key: &[u8]) -> Vec<u8> {
        [self.tree().as_bytes(), &[0], key].concat()
    }
}

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

/// Why the folder could not be opened.
pub(super) enum Unopened {
    /// What sled said.
    Engine(sled::Error),
    /// Anything else.
    Other(StoreError),
}

impl From<sled::Error> for Unopened {
    fn from(error: sled::Error) -> Self {
        Self::Engine(error)
    }
}

impl From<StoreError> for Unopened {
    fn from(error: StoreError) -> Self {
        Self::Other(error)
    }
}

impl Folder {
    /// Opens the newest folder of a store, or makes the first. With a key, nothing is readable in it afterwards.
    pub(super) fn open(store: &Path, seal: Seal, failure: Failure) -> Result<Self, Unopened> {
        let number = newest(store).map_err(|error| failed(store, &error))?;
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
            files.mark_sealed().map_err(|error| failed(&path, &error))?;
        }
        files.flush().map_err(|why| StoreError::Failed { why })?;
        rewrite(&path.join(FILE)).map_err(|error| failed(&path, &error))?;
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
        remove(&new).map_err(|error| failed(&new, &error))?;
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
        files.mark_sealed().map_err(|error| failed(format!("`{}`: {error}", new.display())))?;
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

/// One folder, open.
struct Files {
    number: u64,
    path: PathBuf,
    database: sled::Db,
    trees: [sled::Tree; KINDS.len()],
    /// Records in them; sled would count them one by one.
    count: u64,
}

impl Files {
    /// Only under the lock of the events: what it clears away may be another process's.
    fn open(path: &Path, number: u64) -> Result<Self, sled::Error> {
        remove_half_written(path)?;
        let database = sled::Config::new()
            .path(path)
            .cache_capacity(CACHE)
            .mode(sled::Mode::LowSpace)
            // Each change flushes by itself; nothing is left for a thread to flush later.
            .flush_every_ms(None)
            .open()?;
        // sled leaves it to chance when this one reaches the disk, and opens nothing without it.
        File::open(path.join("conf"))?.sync_all()?;
        let open = |kind: Kind| database.open_tree(kind.tree());
        let [subscriptions, captured, key, used] = KINDS.map(open);
        let trees = [subscriptions?, captured?, key?, used?];
        let count = trees.iter().map(|tree| tree.len() as u64).sum();
        Ok(Self { number, path: path.to_owned(), database, trees, count })
    }

    fn tree(&self, kind: Kind) -> &sled::Tree {
        let [subscriptions, captured, key, used] = &self.trees;
        match kind {
            Kind::Subscription => subscriptions,
            Kind::Captured => captured,
            Kind::RelayKey => key,
            Kind::UsedInvitation => used,
        }
    }

    /// An error where there are fewer records than there must be.
    fn compare(&self, store: &Path, path: &Path) -> Result<(), StoreError> {
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
            _ => note_count(store, found).map_err(|error| failed(store, &error)),
        }
    }

    /// sled's own flush leaves the file's size and the disk's cache to chance, so its file is flushed once more.
    fn flush(&self) -> Result<(), String> {
        self.database.flush().map_err(|error| said(&error))?;
        File::open(self.path.join(FILE)).and_then(|file| file.sync_data()).map_err(|error| error.to_string())
    }

    fn mark_sealed(&self) -> io::Result<()> {
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
fn make(store: &Path) -> Result<Files, Unopened> {
    let new = store.join(format!("{NAME}.new"));
    remove(&new).map_err(|error| failed(&new, &error))?;
    let files = Files::open(&new, 0)?;
    files.flush().map_err(|why| StoreError::Failed { why })?;
    drop(files);
    let renamed = sync_folder(&new).and_then(|()| fs::rename(&new, path(store, 0))).and_then(|()| sync_folder(store));
    renamed.map_err(|error| failed(&new, &error))?;
    // sled lets go of its lock a moment after it was dropped.
    for _ in 0..LET_GO {
        match Files::open(&path(store, 0), 0) {
            Err(sled::Error::Io(error)) if is_taken(&error) => std::thread::sleep(Duration::from_millis(10)),
            other => return Ok(other?),
        }
    }
    Ok(Files::open(&path(store, 0), 0)?)
}

/// Whether an error of sled's says that its lock is taken: it has none of its own for that, only these words.
pub(super) fn is_taken(error: &io::Error) -> bool {
    error.to_string().starts_with("could not acquire lock")
}

/// How many records there must be, at least, where that was noted down.
pub(super) fn expected(store: &Path) -> Option<u64> {
    fs::read_to_string(store.join(COUNT)).ok()?.trim().parse().ok()
}

/// Notes down how many records there are: after one was added, and before one is removed, so that it is never too many.
fn note_count(store: &Path, count: u64) -> io::Result<()> {
    write_number(store, COUNT, count)
}

/// Whether a store has such a folder, whole or not.
pub(super) fn exists(store: &Path) -> bool {
    numbers(store).is_ok_and(|numbers| !numbers.is_empty())
}

/// The folder that counts.
pub(super) fn current(store: &Path) -> PathBuf {
    path(store, newest(store).ok().flatten().unwrap_or(0))
}

fn path(store: &Path, number: u64) -> PathBuf {
    if number == 0 { store.join(NAME) } else { store.join(format!("{NAME}-{number}")) }
}

fn newest(store: &Path) -> io::Result<Option<u64>> {
    let whole = |number: &u64| *number == 0 || path(store, *number).join(SEALED).exists();
    Ok(numbers(store)?.into_iter().filter(whole).max())
}

fn numbers(store: &Path) -> io::Result<Vec<u64>> {
    let mut numbers = Vec::new();
    for entry in fs::read_dir(store)? {
        let name = entry?.file_name();
        match name.to_str().and_then(|name| name.strip_prefix(NAME)) {
            Some("") => numbers.push(0),
            Some(rest) => numbers.extend(rest.strip_prefix('-').and_then(|number| number.parse::<u64>().ok())),
            None => {}
        }
    }
    Ok(numbers)
}

/// Removes those that a newer one stands for, and those that never became whole.
fn remove_others(store: &Path, kept: u64) -> Result<(), StoreError> {
    for number in numbers(store).map_err(|error| failed(store, &error))? {
        if number != kept {
            let old = path(store, number);
            remove(&old).map_err(|error| {
                let why = format!("the old folder `{}` can't be removed: {error}", old.display());
                StoreError::Failed { why }
            })?;
            sync_folder(store).map_err(|error| failed(store, &error))?;
        }
    }
    Ok(())
}

fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

fn sealed_store(store: &Path, why: &str) -> StoreError {
    StoreError::Sealed { path: store.display().to_string(), why: why.to_owned() }
}

fn failed(path: &Path, error: &io::Error) -> StoreError {
    StoreError::Failed { why: format!("`{}`: {error}", path.display()) }
}

/// What sled says, in the words of the operating system where it passes them on.
pub(super) fn said(error: &sled::Error) -> String {
    match error {
        sled::Error::Io(error) => error.to_string(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests;
