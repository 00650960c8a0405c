//! The folder with the subscriptions: a few small records that rarely change, all of them in memory as well.

use std::{
    collections::BTreeMap,
    fs::File,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use super::writer::Failure;
use crate::{
    name::SubscriptionId,
    store::{StoreError, export},
    subscription::Subscription,
};

/// Room for sled's page cache; the subscriptions of any real installation fit in.
const CACHE: u64 = 4 << 20;

type All = BTreeMap<SubscriptionId, Arc<Subscription>>;

/// All subscriptions. Cloning it is cheap.
#[derive(Clone)]
pub(super) struct Subscriptions(Arc<Inner>);

struct Inner {
    folder: PathBuf,
    database: sled::Db,
    tree: sled::Tree,
    failure: Failure,
    /// Held across a write, so that memory changes in the order of the disk.
    writing: Mutex<()>,
    all: RwLock<Arc<All>>,
}

/// Why the folder could not be opened.
pub(super) enum Unopened {
    /// What sled said.
    Engine(sled::Error),
    /// A record in it can't be read.
    Record(StoreError),
}

impl From<sled::Error> for Unopened {
    fn from(error: sled::Error) -> Self {
        Self::Engine(error)
    }
}

impl Subscriptions {
    /// Opens the folder, or makes it, and reads it whole.
    pub(super) fn open(folder: &Path, failure: Failure) -> Result<Self, Unopened> {
        let database = sled::Config::new()
            .path(folder)
            .cache_capacity(CACHE)
            .mode(sled::Mode::LowSpace)
            // Each change flushes by itself; nothing is left for a thread to flush later.
            .flush_every_ms(None)
            .open()?;
        let tree = database.open_tree("subscriptions")?;
        let mut all = All::new();
        for pair in &tree {
            let (key, value) = pair?;
            let what = format!("subscription {}", key_id(&key).map_or_else(|| "?".into(), |id| id.to_string()));
            let value = serde_json::from_slice(&value)
                .map_err(|error| StoreError::Damaged { what: what.clone(), why: error.to_string() })
                .map_err(Unopened::Record)?;
            let subscription = export::subscription(value, &what).map_err(Unopened::Record)?;
            all.insert(subscription.id, Arc::new(subscription));
        }
        let folder = folder.to_owned();
        let (writing, all) = (Mutex::new(()), RwLock::new(Arc::new(all)));
        let subscriptions = Self(Arc::new(Inner { folder, database, tree, failure, writing, all }));
        subscriptions.flush().map_err(Unopened::Record)?;
        Ok(subscriptions)
    }

    /// All of them as they are now.
    pub(super) fn all(&self) -> Arc<All> {
        self.0.all.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Writes one, flushed, and calls `known` once it is; with `keep`, not if its id is taken. Blocks.
    pub(super) fn put(
        &self,
        subscription: Subscription,
        keep: bool,
        known: impl FnOnce(&Subscription),
    ) -> Result<(), StoreError> {
        self.0.failure.check()?;
        let _writing = self.0.writing.lock().unwrap_or_else(PoisonError::into_inner);
        if keep && self.all().contains_key(&subscription.id) {
            return Ok(());
        }
        let value = export::subscription_value(&subscription)?.to_string();
        self.failing(self.0.tree.insert(id_key(subscription.id), value.as_bytes()))?;
        self.flush()?;
        known(&subscription);
        self.change(|all| all.insert(subscription.id, Arc::new(subscription)));
        Ok(())
    }

    /// Takes one away, flushed, and calls `known` once it is. Blocks.
    pub(super) fn remove(&self, id: SubscriptionId, known: impl FnOnce()) -> Result<(), StoreError> {
        self.0.failure.check()?;
        let _writing = self.0.writing.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.all().contains_key(&id) {
            return Err(StoreError::Missing { what: format!("subscription {id}") });
        }
        self.failing(self.0.tree.remove(id_key(id)))?;
        self.flush()?;
        known();
        self.change(|all| all.remove(&id));
        Ok(())
    }

    /// Another tree of the same folder.
    pub(super) fn tree(&self, name: &str) -> Result<sled::Tree, StoreError> {
        self.failing(self.0.database.open_tree(name))
    }

    /// Writes one record of such a tree, flushed. Blocks.
    pub(super) fn write(&self, tree: &sled::Tree, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        self.0.failure.check()?;
        self.failing(tree.insert(key, value))?;
        self.flush()
    }

    fn change<T>(&self, change: impl FnOnce(&mut All) -> T) {
        let mut all = self.0.all.write().unwrap_or_else(PoisonError::into_inner);
        change(Arc::make_mut(&mut all));
    }

    /// sled's own flush leaves the file's size and the disk's cache to chance, so its file is flushed once more.
    fn flush(&self) -> Result<(), StoreError> {
        self.failing(self.0.database.flush())?;
        let flushed = File::open(self.0.folder.join("db")).and_then(|file| file.sync_data());
        flushed.map_err(|error| self.0.failure.happened(error.to_string()))
    }

    pub(super) fn failing<T>(&self, outcome: sled::Result<T>) -> Result<T, StoreError> {
        outcome.map_err(|error| self.0.failure.happened(said(&error)))
    }
}

/// What sled says, in the words of the operating system where it passes them on.
pub(super) fn said(error: &sled::Error) -> String {
    match error {
        sled::Error::Io(error) => error.to_string(),
        other => other.to_string(),
    }
}

fn id_key(id: SubscriptionId) -> [u8; 16] {
    id.as_u128().to_be_bytes()
}

fn key_id(key: &[u8]) -> Option<SubscriptionId> {
    Some(SubscriptionId::from_u128(u128::from_be_bytes(key.try_into().ok()?)))
}
