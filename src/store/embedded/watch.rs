//! Asks the engine now and then whether one of its own threads has failed.
//!
//! They write tables behind the writer's back, and what fails there is told to nobody before the next batch.

use std::{
    sync::mpsc::{RecvTimeoutError, Sender, channel},
    thread::JoinHandle,
    time::Duration,
};

use fjall::PersistMode;

use super::{
    disk::Disk,
    writer::{Failure, said},
};
use crate::store::StoreError;

/// How long a failure may stay unnoticed.
const EVERY: Duration = Duration::from_secs(1);

/// The thread that asks. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct Watch {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    pub(super) fn start(disk: Disk, failure: Failure) -> Result<Self, StoreError> {
        let (stop, stopped) = channel::<()>();
        let work = move || {
            while stopped.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
                // Nothing is left to write here; the engine says whether it could.
                if let Err(error) = disk.database.persist(PersistMode::Buffer) {
                    failure.happened(said(&error));
                    return;
                }
            }
        };
        let thread = std::thread::Builder::new().name("store-watch".into()).spawn(work);
        let thread = thread.map_err(|error| StoreError::Failed { why: format!("no thread to watch with: {error}") })?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the store's watching thread had panicked");
        }
    }
}
