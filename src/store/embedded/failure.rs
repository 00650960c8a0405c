//! Why nothing is written any more, once that is so, and what the engine of the events and the system say of it.

use std::{
    io,
    path::Path,
    sync::{Arc, OnceLock},
};

use fjall::LsmError;

use crate::store::StoreError;

/// Why nothing can be written any more, once that is so.
#[derive(Debug, Clone, Default)]
pub(super) struct Failure(Arc<OnceLock<String>>);

impl Failure {
    /// Remembers the first reason, says it to the log, and gives back the error to answer with.
    pub(super) fn happened(&self, why: String) -> StoreError {
        if self.0.set(why.clone()).is_ok() {
            tracing::error!(why, "the store can't write any more; nothing is accepted until a restart");
        }
        StoreError::Failed { why: self.0.get().unwrap_or(&why).clone() }
    }

    /// An error if it has happened.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        self.0.get().map_or(Ok(()), |why| Err(StoreError::Failed { why: why.clone() }))
    }
}

/// What an engine says, in the words of the operating system where it passes them on.
pub(super) fn said(error: &fjall::Error) -> String {
    match error {
        fjall::Error::Io(error) | fjall::Error::Storage(LsmError::Io(error)) => error.to_string(),
        fjall::Error::Poisoned => "an earlier write in the background failed".into(),
        fjall::Error::Storage(LsmError::Unrecoverable) | fjall::Error::Unrecoverable => {
            "one of its files is gone, cut or not what was written".into()
        }
        fjall::Error::Storage(LsmError::ChecksumMismatch { .. } | LsmError::InvalidHeader(_)) => {
            "what stands in one of its files is not what was written".into()
        }
        fjall::Error::JournalRecovery(_) => "its journal is damaged before its end".into(),
        other => other.to_string(),
    }
}

/// What the operating system says of a file or a folder, with its name.
pub(super) fn failed_at(path: &Path, error: &io::Error) -> StoreError {
    StoreError::Failed { why: format!("`{}`: {error}", path.display()) }
}
