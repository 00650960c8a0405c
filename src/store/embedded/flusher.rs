//! The thread that flushes: what must not wait for the disk is written meanwhile, and what must gathers for the next flush.
//!
//! The engine's own flush holds the lock that its writes take. So the journal is flushed through a handle of this
//! thread's own; the engine flushes a journal itself before it begins the next one, so the newest is all there is to flush.
//!
//! Where nothing is to be flushed, it asks the engine now and then whether one of its own threads has failed: they write
//! tables behind the writer's back, and what fails there is told to nobody before the next batch.

use std::{
    fs::File,
    io,
    path::PathBuf,
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    thread::JoinHandle,
    time::Duration,
};

use fjall::PersistMode;

use super::{
    command::Answer,
    desk::Desk,
    disk::Disk,
    failure::{Failure, said},
    journal,
    known::Shared,
    witness::Witness,
};
use crate::{name::EventId, store::StoreError};

/// How long a failure of the engine's own may stay unnoticed.
const EVERY: Duration = Duration::from_secs(1);

/// What a flush is for.
#[derive(Default)]
pub(super) struct Group {
    /// The newest event, and how many deliveries were accepted with it.
    pub(super) newest: Option<(EventId, u64)>,
    /// Events that may not go out before it.
    pub(super) events: Vec<EventId>,
    /// Those who wait for it.
    pub(super) answers: Vec<Answer>,
}

/// How the journal is brought to disk; the tests bring one that fails.
pub(super) type Sync = Box<dyn FnMut() -> io::Result<()> + Send>;

/// The way to the flushing thread.
pub(super) struct Flusher {
    groups: Option<Sender<Group>>,
    thread: Option<JoinHandle<()>>,
}

impl Flusher {
    /// Starts the thread. It tells the desk of the end of each flush.
    pub(super) fn start(
        disk: Disk,
        memory: Shared,
        failure: Failure,
        desk: Arc<Desk>,
        witness: Witness,
        sync: Sync,
    ) -> Result<Self, StoreError> {
        let (groups, waiting) = channel();
        let mut work = Work { disk, memory, failure, desk, witness, sync };
        let run = move || work.run(&waiting);
        let thread = std::thread::Builder::new().name("store-flusher".into()).spawn(run);
        let thread = thread.map_err(|error| StoreError::Failed { why: format!("no thread to flush with: {error}") })?;
        Ok(Self { groups: Some(groups), thread: Some(thread) })
    }

    /// Has all that is written flushed, and then those answered who wait for it.
    pub(super) fn flush(&self, group: Group) {
        let sent = self.groups.as_ref().is_some_and(|groups| groups.send(group).is_ok());
        if !sent {
            // Dropping the answers' channels has their askers look for the reason.
            tracing::error!("the store's flushing thread is gone");
        }
    }

    /// Lets the thread finish what it has.
    pub(super) fn finish(&mut self) {
        self.groups = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the store's flushing thread had panicked");
        }
    }
}

/// The thread's side.
struct Work {
    disk: Disk,
    memory: Shared,
    failure: Failure,
    desk: Arc<Desk>,
    witness: Witness,
    sync: Sync,
}

impl Work {
    fn run(&mut self, waiting: &Receiver<Group>) {
        loop {
            let mut group = match waiting.recv_timeout(EVERY) {
                Ok(group) => group,
                Err(RecvTimeoutError::Timeout) => {
                    self.ask();
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => return,
            };
            let mut groups = 1;
            for more in waiting.try_iter() {
                groups += 1;
                group.newest = more.newest.or(group.newest);
                group.events.extend(more.events);
                group.answers.extend(more.answers);
            }
            self.flush(group, groups);
        }
    }

    /// Asks whether the engine could write what it wrote by itself; nothing is left to write here.
    fn ask(&self) {
        if self.failure.check().is_ok()
            && let Err(error) = self.disk.database.persist(PersistMode::Buffer)
        {
            self.failure.happened(said(&error));
        }
    }

    fn flush(&mut self, group: Group, groups: usize) {
        // What was counted is written, so a flush that begins now covers it.
        let covered = self.desk.unflushed();
        let flushed = self.failure.check().and_then(|()| {
            let synced = if covered == 0 { Ok(()) } else { (self.sync)() };
            synced.map_err(|error| self.failure.happened(error.to_string()))
        });
        if flushed.is_ok() {
            self.memory.lock().lanes.reveal(&group.events);
            if let Some((event, accepted)) = group.newest
                && let Err(error) = self.witness.saw(event, accepted)
            {
                self.failure.happened(error.to_string());
            }
        }
        // The next batch is made while these are answered.
        self.desk.flushed(groups, if flushed.is_ok() { covered } else { 0 });
        for answer in group.answers {
            answer(self.failure.check());
        }
    }
}

/// Flushes the newest journal of a database.
pub(super) fn journal(folder: PathBuf) -> Sync {
    let mut open: Option<(u64, File)> = None;
    Box::new(move || {
        // Each journal has the number after that of the one before it.
        let begun = open.as_ref().is_none_or(|(number, _)| journal::path(&folder, number + 1).exists());
        if begun {
            let newest = journal::newest(&folder)?;
            let newest =
                newest.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "the store's journal is gone"))?;
            open = Some((newest, File::options().write(true).open(journal::path(&folder, newest))?));
        }
        open.as_ref().map_or(Ok(()), |(_, file)| file.sync_data())
    })
}
