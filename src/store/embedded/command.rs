//! What the writing thread is asked for: work in a batch, how durable it must be, and who waits for it.

use super::draft::Draft;
use crate::store::StoreError;

/// Whether an answer may be given before the disk has flushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Durable {
    /// It must outlive the machine's power.
    Flushed,
    /// It must outlive this process.
    Written,
}

/// Tells an asker what came of it.
pub(super) type Answer = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// Something to be done in a batch.
pub(super) struct Command {
    pub(super) durable: Durable,
    pub(super) weight: usize,
    pub(super) work: Box<dyn FnOnce(&mut Draft<'_>) -> Answer + Send>,
}
