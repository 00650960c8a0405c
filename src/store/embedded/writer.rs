//! The one thread that writes events: it gathers what waits, writes it as one batch, has it flushed once, answers all.
//!
//! What must outlive this process alone is answered once it is written. What must outlive the machine's power waits
//! while a flush goes on, unless something else is written meanwhile, so that all that comes shares the next batch.
//!
//! A commit or a flush that fails ends all writing: what the disk holds then is not known, and nothing may be promised
//! on it.

use std::{path::Path, sync::Arc, thread::JoinHandle};

use fjall::{OwnedWriteBatch, PersistMode};
use tokio::sync::oneshot;

use super::{
    command::{Answer, Command, Durable},
    desk::Desk,
    disk::Disk,
    draft::Draft,
    failure::{Failure, said},
    flusher::{self, Flusher, Group, Sync},
    known::Shared,
    open::EVENTS,
    room::Meter,
    witness::Witness,
};
use crate::{
    name::EventId,
    outcome::Accounts,
    store::{StoreError, seen::Seen},
};

/// How a batch is written; the tests bring one that fails.
pub(super) type Commit = Box<dyn FnMut(OwnedWriteBatch) -> fjall::Result<()> + Send>;

/// How batches come to the disk.
pub(super) struct Way {
    pub(super) commit: Commit,
    pub(super) sync: Sync,
}

impl Way {
    /// The usual one, for the store in this folder.
    pub(super) fn to(path: &Path) -> Self {
        Self { commit: Box::new(OwnedWriteBatch::commit), sync: flusher::journal(path.join(EVENTS)) }
    }
}

/// What the thread begins with.
pub(super) struct Beginning {
    /// The greatest event id given so far.
    pub(super) last_event: EventId,
    pub(super) seen: Seen,
    pub(super) meter: Meter,
    pub(super) witness: Witness,
}

/// The way to the writing thread. Dropping it lets the thread finish what it has, and waits for that.
#[derive(Debug)]
pub(super) struct Writer {
    desk: Arc<Desk>,
    thread: Option<JoinHandle<()>>,
    failure: Failure,
}

impl Writer {
    /// Starts the thread.
    pub(super) fn start(
        disk: Disk,
        memory: Shared,
        failure: Failure,
        beginning: Beginning,
        way: Way,
    ) -> Result<Self, StoreError> {
        let Beginning { last_event, seen, meter, witness } = beginning;
        let desk = Arc::new(Desk::default());
        let accounts = memory.lock().accounts;
        let Way { commit, sync } = way;
        let flusher = Flusher::start(disk.clone(), memory.clone(), failure.clone(), desk.clone(), witness, sync)?;
        let mut work = Work {
            disk,
            memory,
            failure: failure.clone(),
            accounts,
            last_event,
            seen,
            meter,
            commit,
            flusher,
            desk: desk.clone(),
        };
        let thread = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || work.run())
            .map_err(|error| StoreError::Failed { why: format!("no thread to write with: {error}") })?;
        Ok(Self { desk, thread: Some(thread), failure })
    }

    /// Has `work` done in the next batch and returns its outcome once the batch is as durable as asked.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        durable: Durable,
        weight: usize,
        work: impl FnOnce(&mut Draft<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (done, answer) = oneshot::channel();
        let work = Box::new(move |draft: &mut Draft<'_>| -> Answer {
            let outcome = work(draft);
            // An asker that has left needs no answer; what was written stands.
            Box::new(move |committed| drop(done.send(committed.and(outcome))))
        });
        self.desk.ask(Command { durable, weight, work });
        answer.await.map_err(|_| self.gone())?
    }

    /// Whether it still writes.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        self.failure.check()?;
        if self.desk.is_open() { Ok(()) } else { Err(self.gone()) }
    }

    /// Commands that wait to be gathered.
    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        self.desk.waiting()
    }

    fn gone(&self) -> StoreError {
        self.failure.check().err().unwrap_or_else(stopped)
    }
}

fn stopped() -> StoreError {
    StoreError::Failed { why: "the writing thread has stopped".into() }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.desk.close();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the store's writing thread had panicked");
        }
    }
}

/// The thread's side.
struct Work {
    disk: Disk,
    memory: Shared,
    failure: Failure,
    accounts: Accounts,
    last_event: EventId,
    seen: Seen,
    meter: Meter,
    commit: Commit,
    flusher: Flusher,
    desk: Arc<Desk>,
}

impl Drop for Work {
    fn drop(&mut self) {
        self.desk.leave();
    }
}

impl Work {
    fn run(&mut self) {
        while let Some(group) = self.desk.next() {
            let weight = group.iter().map(|command| command.weight).sum();
            let (written, is_batch) = self.write(group);
            self.meter.wrote(weight);
            if self.desk.wrote(is_batch, !written.answers.is_empty()) {
                self.flusher.flush(written);
            }
        }
        self.flusher.finish();
        // What was settled last is on its way to the disk, but not yet flushed.
        if let Err(error) = flush(&self.disk, &self.failure) {
            tracing::error!(%error, "closed without a last flush");
        }
    }

    /// Writes a group as one batch, and answers those who need no more. Returns those who wait for a flush, and whether
    /// there was anything to write.
    fn write(&mut self, group: Vec<Command>) -> (Group, bool) {
        if let Err(failed) = self.failure.check() {
            // Dropping the work drops its asker's channel, and the asker finds the reason in `Failure`.
            tracing::debug!(commands = group.len(), %failed, "nothing is written any more");
            return (Group::default(), false);
        }
        let mut draft = Draft::new(&self.disk, self.accounts, self.last_event, &mut self.seen);
        let answers: Vec<(Durable, Answer)> =
            group.into_iter().map(|command| (command.durable, (command.work)(&mut draft))).collect();
        let is_empty = draft.is_empty();
        let committed = if is_empty {
            Ok(())
        } else {
            draft.batch().and_then(|batch| {
                let batch = batch.durability(Some(PersistMode::Buffer));
                (self.commit)(batch).map_err(|error| StoreError::Failed { why: said(&error) })
            })
        };
        if let Err(error) = committed {
            let why = match error {
                StoreError::Failed { why } => why,
                other => other.to_string(),
            };
            answers.into_iter().for_each(|(_, answer)| answer(Err(self.failure.happened(why.clone()))));
            return (Group::default(), false);
        }
        self.memory.lock().apply(&draft);
        (self.accounts, self.last_event) = (draft.accounts, draft.last_event);
        let mut waiting = Group {
            newest: Some((self.last_event, self.accounts.accepted)),
            events: std::mem::take(&mut draft.accepted),
            answers: Vec::new(),
        };
        for (durable, answer) in answers {
            match durable {
                Durable::Flushed => waiting.answers.push(answer),
                Durable::Written => answer(Ok(())),
            }
        }
        (waiting, !is_empty)
    }
}

/// Flushes all that was written so far.
pub(super) fn flush(disk: &Disk, failure: &Failure) -> Result<(), StoreError> {
    failure.check()?;
    disk.database.persist(PersistMode::SyncAll).map_err(|error| failure.happened(said(&error)))
}
