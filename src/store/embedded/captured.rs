//! The secrets that handshakes brought, in the folder of the subscriptions and flushed as they are.

use std::sync::{Arc, Mutex, PoisonError};

use super::folder::{Folder, Kind};
use crate::store::{
    Captured, StoreError,
    captured::{AllCaptured, Kept},
};

/// All of them. Cloning it is cheap.
#[derive(Clone)]
pub(super) struct CapturedSecrets {
    folder: Folder,
    /// Held across a write, so that two at once can't pass the limit.
    all: Arc<Mutex<AllCaptured>>,
}

/// One, of its record.
pub(super) fn read(value: &[u8]) -> Result<Kept, StoreError> {
    let damaged = |_| StoreError::Damaged { what: "a captured secret".into(), why: "it is no JSON".into() };
    Kept::read(serde_json::from_slice(value).map_err(damaged)?)
}

impl CapturedSecrets {
    /// Reads them whole.
    pub(super) fn open(folder: Folder) -> Result<Self, StoreError> {
        let mut all = AllCaptured::default();
        for (_, value) in folder.records(Kind::Captured)? {
            all.add(read(&value)?);
        }
        Ok(Self { folder, all: Arc::new(Mutex::new(all)) })
    }

    /// All of them as they are now.
    pub(super) fn all(&self) -> AllCaptured {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Writes one, flushed, unless it is there or the source has `at_most`. Blocks.
    pub(super) fn put(&self, kept: Kept, at_most: usize) -> Result<Captured, StoreError> {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        let offered = all.offer(&kept.source, &kept.secret, at_most);
        if offered == Captured::New {
            // Keys of one source are in the order of their numbers, and numbers grow.
            let number = all.of(&kept.source).len() as u64;
            let key = [kept.source.as_str().as_bytes(), &[0], &number.to_be_bytes()].concat();
            self.folder.write(Kind::Captured, &key, kept.value()?.to_string().as_bytes())?;
            all.add(kept);
        }
        Ok(offered)
    }
}
