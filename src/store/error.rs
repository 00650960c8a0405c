//! Why the store could not do what was asked.

use crate::name::EventId;

/// Why the store could not do it. Its text is for admins.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process has the folder.
    #[error("the store in `{path}` is in use by another process; stop that one, or set `store.path` to another folder")]
    Locked {
        /// The folder.
        path: String,
    },
    /// Written by a newer version.
    #[error(
        "the store in `{path}` has format {found}, and this version reads up to {known}; install the newer teams-relay again, or start with an empty `store.path`"
    )]
    Newer {
        /// The folder.
        path: String,
        /// The format on disk.
        found: u32,
        /// The format this version writes.
        known: u32,
    },
    /// It was sealed, and the key for it is not here.
    #[error(
        "the store in `{path}` is sealed, and {why}; set `store.key` to a list with the key that it was sealed with: nothing was changed"
    )]
    Sealed {
        /// The folder.
        path: String,
        /// Which key is missing.
        why: String,
    },
    /// There is nothing to seal with.
    #[error(
        "`store.key` is not set, so nothing is sealed; make a key with `teams-relay key new`, set it, and restart the daemon"
    )]
    NoKey,
    /// A value that can't be read back.
    #[error("the store's record of {what} can't be read: {why}")]
    Damaged {
        /// Which record.
        what: String,
        /// What was found.
        why: String,
    },
    /// A write or flush failed; from then on nothing is accepted, since nothing could be promised.
    #[error("the store can't write: {why}; free space or mend the disk, then restart")]
    Failed {
        /// What the engine said.
        why: String,
    },
    /// There is no room for anything new; what is there can be settled and replayed, and it ends by itself.
    #[error("the store is full: {why}")]
    Full {
        /// Which bound was reached, and what to do.
        why: String,
    },
    /// No such event, delivery or subscription.
    #[error("there is no {what}; see the list commands for what there is")]
    Missing {
        /// What was asked for.
        what: String,
    },
}

pub(super) fn missing_event(id: EventId) -> StoreError {
    StoreError::Missing { what: format!("event {id}") }
}
