//! What stands in the way of opening the folder, and what sled says.

use std::io;

use crate::store::StoreError;

/// Why the folder could not be opened.
pub(in crate::store::embedded) enum Unopened {
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

/// Whether an error of sled's says that its lock is taken: it has none of its own for that, only these words.
pub(in crate::store::embedded) fn is_taken(error: &io::Error) -> bool {
    error.to_string().starts_with("could not acquire lock")
}

/// What sled says, in the words of the operating system where it passes them on.
pub(in crate::store::embedded) fn said(error: &sled::Error) -> String {
    match error {
        sled::Error::Io(error) => error.to_string(),
        other => other.to_string(),
    }
}
