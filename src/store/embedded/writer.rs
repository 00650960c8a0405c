//! The one thread that writes events: it gathers what waits, writes it as one batch, flushes once, answers all.
//!
//! A commit that fails ends all writing: what the disk holds then is not known, and nothing may be promised on it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    thread::JoinHandle,
};

use fjall::{LsmError, OwnedWriteBatch, PersistMode};
use tokio::sync::{mpsc, oneshot};

use super::{disk::Disk, draft::Draft, lanes::Lanes, room::Meter, witness::Witness};
use crate::{
    destination::DestinationId,
    name::EventId,
    outcome::Accounts,
    standing::Standing,
    store::{StoreError, seen::Seen},
};

/// Commands that may wait for the writer before askers wait to ask.
const QUEUED: usize = 1024;
/// Commands in one batch, at most.
const GROUP: usize = 512;
/// Bytes after which a batch is closed: an fsync of more takes long enough to share.
const GROUP_BYTES: usize = 8 << 20;

/// Batches that may be written before one is flushed. It bounds what a power loss can tear.
pub(super) const UNFLUSHED: usize = 16;

/// Whether an answer may be given before the disk has flushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Durable {
    /// It must outlive the machine's power.
    Flushed,
    /// It must outlive this process.
    Written,
}

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

/// What is known in memory of what is on disk.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) lanes: Lanes,
    pub(super) accounts: Accounts,
    pub(super) standings: HashMap<DestinationId, Standing>,
}

/// Shared by the writer, which changes it after each commit, and by readers. Never locked across a read or write
/// of the disk.
#[derive(Debug, Clone, Default)]
pub(super) struct Shared(Arc<Mutex<Known>>);

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, Known> {
        // What it holds is changed by code that does not panic half-way; a poisoned lock says nothing here.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

type Answer = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

struct Command {
    durable: Durable,
    weight: usize,
    work: Box<dyn FnOnce(&mut Draft<'_>) -> Answer + Send>,
}

/// How a batch is brought to disk; the tests bring one that fails.
pub(super) type Commit = Box<dyn FnMut(OwnedWriteBatch) -> fjall::Result<()> + Send>;

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
    commands: Option<mpsc::Sender<Command>>,
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
        commit: Commit,
    ) -> Result<Self, StoreError> {
        let Beginning { last_event, seen, meter, witness } = beginning;
        let (commands, waiting) = mpsc::channel(QUEUED);
        let accounts = memory.lock().accounts;
        let mut work = Work {
            disk,
            memory,
            failure: failure.clone(),
            accounts,
            last_event,
            seen,
            unflushed: 0,
            meter,
            witness,
            commit,
        };
        let thread = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || work.run(waiting))
            .map_err(|error| StoreError::Failed { why: format!("no thread to write with: {error}") })?;
        Ok(Self { commands: Some(commands), thread: Some(thread), failure })
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
        let commands = self.commands.as_ref().ok_or_else(stopped)?;
        commands.send(Command { durable, weight, work }).await.map_err(|_| self.gone())?;
        answer.await.map_err(|_| self.gone())?
    }

    /// Whether it still writes.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        self.failure.check()?;
        match &self.commands {
            Some(commands) if !commands.is_closed() => Ok(()),
            _ => Err(self.gone()),
        }
    }

    /// Commands that wait to be gathered.
    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        self.commands.as_ref().map_or(0, |commands| commands.max_capacity() - commands.capacity())
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
        self.commands = None;
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
    unflushed: usize,
    meter: Meter,
    witness: Witness,
    commit: Commit,
}

impl Work {
    fn run(&mut self, mut waiting: mpsc::Receiver<Command>) {
        while let Some(first) = waiting.blocking_recv() {
            let mut weight = first.weight;
            let mut group = vec![first];
            while group.len() < GROUP
                && weight < GROUP_BYTES
                && let Ok(next) = waiting.try_recv()
            {
                weight += next.weight;
                group.push(next);
            }
            self.write(group);
            self.meter.wrote(weight);
        }
        // What was settled last is on its way to the disk, but not yet flushed.
        if let Err(error) = flush(&self.disk, &self.failure) {
            tracing::error!(%error, "closed without a last flush");
        }
    }

    fn write(&mut self, group: Vec<Command>) {
        if let Err(failed) = self.failure.check() {
            // Dropping the work drops its asker's channel, and the asker finds the reason in `Failure`.
            tracing::debug!(commands = group.len(), %failed, "nothing is written any more");
            return;
        }
        let asked = group.iter().any(|command| command.durable == Durable::Flushed);
        let flushed = asked || self.unflushed >= UNFLUSHED;
        let mut draft = Draft::new(&self.disk, self.accounts, self.last_event, &mut self.seen);
        let answers: Vec<Answer> = group.into_iter().map(|command| (command.work)(&mut draft)).collect();
        let committed = if draft.is_empty() {
            Ok(())
        } else {
            let mode = if flushed { PersistMode::SyncData } else { PersistMode::Buffer };
            draft.batch().and_then(|batch| {
                (self.commit)(batch.durability(Some(mode))).map_err(|error| StoreError::Failed { why: said(&error) })
            })
        };
        match committed {
            Ok(()) => {
                let mut known = self.memory.lock();
                draft.changes.iter().for_each(|change| known.lanes.apply(*change));
                for (lane, standing) in &draft.standings {
                    match standing {
                        Some(standing) => known.standings.insert(*lane, *standing),
                        None => known.standings.remove(lane),
                    };
                }
                known.accounts = draft.accounts;
                drop(known);
                (self.accounts, self.last_event) = (draft.accounts, draft.last_event);
                self.unflushed = if flushed { 0 } else { self.unflushed + 1 };
                if flushed {
                    self.witness.saw(self.last_event, self.accounts.accepted);
                }
                answers.into_iter().for_each(|answer| answer(Ok(())));
            }
            Err(error) => {
                let why = match error {
                    StoreError::Failed { why } => why,
                    other => other.to_string(),
                };
                answers.into_iter().for_each(|answer| answer(Err(self.failure.happened(why.clone()))));
            }
        }
    }
}

/// Flushes all that was written so far.
pub(super) fn flush(disk: &Disk, failure: &Failure) -> Result<(), StoreError> {
    failure.check()?;
    disk.database.persist(PersistMode::SyncAll).map_err(|error| failure.happened(said(&error)))
}

/// What an engine says, in the words of the operating system where it passes them on.
pub(super) fn said(error: &fjall::Error) -> String {
    match error {
        fjall::Error::Io(error) => error.to_string(),
        fjall::Error::Poisoned => "an earlier write in the background failed".into(),
        fjall::Error::Storage(LsmError::Io(error)) => error.to_string(),
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
