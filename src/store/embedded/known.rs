//! What is known in memory of what is on disk, so that lanes, books and standings are looked up without it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{draft::Draft, lanes::Lanes};
use crate::{destination::DestinationId, outcome::Accounts, standing::Standing};

/// What is known in memory of what is on disk.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) lanes: Lanes,
    pub(super) accounts: Accounts,
    pub(super) standings: HashMap<DestinationId, Standing>,
}

impl Known {
    /// What a group of commands changed, once it is written. Events that were taken on may not go out before they are
    /// flushed: their senders have no answer, and may send them again.
    pub(super) fn apply(&mut self, draft: &Draft<'_>) {
        self.lanes.hide(&draft.accepted);
        draft.changes.iter().for_each(|change| self.lanes.apply(*change));
        for (lane, standing) in &draft.standings {
            match standing {
                Some(standing) => self.standings.insert(*lane, *standing),
                None => self.standings.remove(lane),
            };
        }
        self.accounts = draft.accounts;
    }
}

/// Shared by the writer, which changes it after each commit, by the flusher and by readers. Never locked across a read or
/// write of the disk.
#[derive(Debug, Clone, Default)]
pub(super) struct Shared(Arc<Mutex<Known>>);

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, Known> {
        // What it holds is changed by code that does not panic half-way; a poisoned lock says nothing here.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
