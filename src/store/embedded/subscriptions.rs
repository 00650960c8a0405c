//! The subscriptions: a few small records that rarely change, all of them in memory as well.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use super::folder::{Folder, Kind};
use crate::{
    name::SubscriptionId,
    store::{StoreError, export},
    subscription::Subscription,
};

type All = BTreeMap<SubscriptionId, Arc<Subscription>>;

/// All subscriptions. Cloning it is cheap.
#[derive(Clone)]
pub(super) struct Subscriptions(Arc<Inner>);

struct Inner {
    folder: Folder,
    /// Held across a write, so that memory changes in the order of the disk.
    writing: Mutex<()>,
    all: RwLock<Arc<All>>,
}

/// One, of its record.
pub(super) fn read(key: &[u8], value: &[u8]) -> Result<Subscription, StoreError> {
    let what = format!("subscription {}", key_id(key).map_or_else(|| "?".into(), |id| id.to_string()));
    let value = serde_json::from_slice(value)
        .map_err(|error| StoreError::Damaged { what: what.clone(), why: error.to_string() })?;
    export::subscription(value, &what)
}

impl Subscriptions {
    /// Reads them whole.
    pub(super) fn open(folder: Folder) -> Result<Self, StoreError> {
        let mut all = All::new();
        for (key, value) in folder.records(Kind::Subscription)? {
            let subscription = read(&key, &value)?;
            all.insert(subscription.id, Arc::new(subscription));
        }
        Ok(Self(Arc::new(Inner { folder, writing: Mutex::new(()), all: RwLock::new(Arc::new(all)) })))
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
        let _writing = self.0.writing.lock().unwrap_or_else(PoisonError::into_inner);
        if keep && self.all().contains_key(&subscription.id) {
            return Ok(());
        }
        let value = export::subscription_value(&subscription)?.to_string();
        self.0.folder.write(Kind::Subscription, &id_key(subscription.id), value.as_bytes())?;
        known(&subscription);
        self.change(|all| all.insert(subscription.id, Arc::new(subscription)));
        Ok(())
    }

    /// Takes one away, flushed, and calls `known` once it is. Blocks.
    pub(super) fn remove(&self, id: SubscriptionId, known: impl FnOnce()) -> Result<(), StoreError> {
        let _writing = self.0.writing.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.all().contains_key(&id) {
            return Err(StoreError::Missing { what: format!("subscription {id}") });
        }
        self.0.folder.remove(Kind::Subscription, &id_key(id))?;
        known();
        self.change(|all| all.remove(&id));
        Ok(())
    }

    fn change<T>(&self, change: impl FnOnce(&mut All) -> T) {
        let mut all = self.0.all.write().unwrap_or_else(PoisonError::into_inner);
        change(Arc::make_mut(&mut all));
    }
}

fn id_key(id: SubscriptionId) -> [u8; 16] {
    id.as_u128().to_be_bytes()
}

fn key_id(key: &[u8]) -> Option<SubscriptionId> {
    Some(SubscriptionId::from_u128(u128::from_be_bytes(key.try_into().ok()?)))
}
