//! The relay's own key and the invitations that were used, in the folder of the subscriptions and flushed as they are.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde_json::Value;

use super::folder::{Folder, Kind};
use crate::{
    name::InvitationId,
    secret::Secret,
    store::{
        StoreError,
        guests::{self, Guests, Used},
    },
};

/// The only key of [`Kind::RelayKey`].
const KEY: &[u8] = b"key";

/// All of it. Cloning it is cheap.
#[derive(Clone)]
pub(super) struct GuestRecords {
    folder: Folder,
    /// Held across a write, so that of two who use an invitation at once only one is the first.
    all: Arc<Mutex<Guests>>,
}

/// The key, of its record.
pub(super) fn read_key(value: &[u8]) -> Result<Secret, StoreError> {
    guests::key(json(Kind::RelayKey, value)?)
}

/// A used invitation, of its record.
pub(super) fn read_used(value: &[u8]) -> Result<Used, StoreError> {
    Used::read(json(Kind::UsedInvitation, value)?)
}

fn json(kind: Kind, value: &[u8]) -> Result<Value, StoreError> {
    let damaged = |_| StoreError::Damaged { what: kind.word().into(), why: "it is no JSON".into() };
    serde_json::from_slice(value).map_err(damaged)
}

impl GuestRecords {
    /// Reads all of it.
    pub(super) fn open(folder: Folder) -> Result<Self, StoreError> {
        let mut all = Guests::default();
        for (_, value) in folder.records(Kind::RelayKey)? {
            all.key = Some(read_key(&value)?);
        }
        for (_, value) in folder.records(Kind::UsedInvitation)? {
            all.add(read_used(&value)?);
        }
        Ok(Self { folder, all: Arc::new(Mutex::new(all)) })
    }

    /// All of it as it is now.
    pub(super) fn all(&self) -> Guests {
        self.lock().clone()
    }

    pub(super) fn key(&self) -> Option<Secret> {
        self.lock().key.clone()
    }

    /// The key that is there, or else what `make` gives, flushed. Blocks.
    pub(super) fn key_or(&self, make: impl FnOnce() -> Result<Secret, StoreError>) -> Result<Secret, StoreError> {
        let mut all = self.lock();
        if let Some(key) = &all.key {
            return Ok(key.clone());
        }
        let key = make()?;
        self.folder.write(Kind::RelayKey, KEY, guests::key_value(&key)?.to_string().as_bytes())?;
        all.key = Some(key.clone());
        Ok(key)
    }

    pub(super) fn is_revoked(&self, invitation: InvitationId) -> bool {
        self.lock().is_revoked(invitation)
    }

    /// Notes that an invitation was used, flushed, and whether that is news; forgets those that are past. Blocks.
    pub(super) fn redeem(&self, used: Used, now: Timestamp) -> Result<bool, StoreError> {
        let mut all = self.lock();
        if all.is_used(used.invitation) {
            return Ok(false);
        }
        self.write(&mut all, used, now)?;
        Ok(true)
    }

    /// Adds this to what is known of an invitation, flushed; forgets those that are past. Blocks.
    pub(super) fn note(&self, used: Used, now: Timestamp) -> Result<(), StoreError> {
        self.write(&mut self.lock(), used, now)
    }

    fn write(&self, all: &mut Guests, used: Used, now: Timestamp) -> Result<(), StoreError> {
        let (key, used) = (id_key(used.invitation), all.joined(used));
        self.folder.write(Kind::UsedInvitation, &key, used.value()?.to_string().as_bytes())?;
        all.add(used);
        for past in all.past(now) {
            self.folder.remove(Kind::UsedInvitation, &id_key(past))?;
            all.forget(past);
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Guests> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn id_key(invitation: InvitationId) -> [u8; 16] {
    invitation.as_u128().to_be_bytes()
}
