//! Keeping to the bounds: how much the folder takes is measured, and settled events go before their time where there
//! is too little room.
//!
//! What is removed gives its room back only once the engine has compacted it. So little is taken away at a time, the
//! engine is told to compact, and what the folder really takes then says whether more has to go.

use std::{
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use fjall::Slice;
use jiff::Timestamp;
use tokio::sync::Notify;

use super::{
    EmbeddedStore, blocking,
    command::Durable,
    disk::{BOOKS, Disk, Space},
    draft::Draft,
    reclaim,
    sweep::{self, Until},
};
use crate::{
    name::EventId,
    store::{
        StoreError, Swept,
        room::{Bounds, Measured, Watch},
    },
};

/// Bytes that are written between two looks at how much the folder takes.
const LOOK_AFTER: u64 = 8 << 20;

/// How it is measured; the tests bring one of their own.
pub(super) type Gauge = Box<dyn Fn() -> io::Result<Measured> + Send + Sync>;

/// Measures while there is writing. Cloning it is cheap.
#[derive(Clone)]
pub(super) struct Meter(Arc<Inner>);

struct Inner {
    watch: Watch,
    gauge: Gauge,
    /// Bytes written since it was measured last, and since it was opened.
    since: AtomicU64,
    written: AtomicU64,
    stirred: Notify,
}

impl Meter {
    pub(super) fn new(bounds: Bounds, gauge: Gauge) -> Self {
        let (watch, since, written) = (Watch::new(bounds), AtomicU64::default(), AtomicU64::default());
        Self(Arc::new(Inner { watch, gauge, since, written, stirred: Notify::new() }))
    }

    /// Returns once something was written since this returned last.
    pub(super) async fn stirred(&self) {
        self.0.stirred.notified().await;
    }

    pub(super) fn watch(&self) -> &Watch {
        &self.0.watch
    }

    fn written(&self) -> u64 {
        self.0.written.load(Ordering::Relaxed)
    }

    /// Takes note that about so many bytes were written, and measures after some of them.
    pub(super) fn wrote(&self, bytes: usize) {
        let bytes = bytes as u64;
        self.0.written.fetch_add(bytes.max(1), Ordering::Relaxed);
        self.0.stirred.notify_one();
        let since = self.0.since.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
        if since >= LOOK_AFTER && self.0.watch.bounds() != Bounds::NONE {
            self.measure();
        }
    }

    /// Measures. Where that fails, what was measured before counts.
    pub(super) fn measure(&self) -> Measured {
        self.0.since.store(0, Ordering::Relaxed);
        match (self.0.gauge)() {
            Ok(seen) => {
                self.0.watch.saw(seen);
                seen
            }
            Err(error) => {
                tracing::warn!(%error, "how much room the store has can't be measured");
                let room = self.0.watch.room();
                Measured { used: room.used, free: room.free }
            }
        }
    }
}

/// What a folder takes on disk, and what it is about to: what is in memory and in the journal alone is written once more.
pub(super) fn gauge(path: PathBuf, disk: Disk) -> Gauge {
    Box::new(move || {
        let on_disk = taken(&path)?;
        let file_system = rustix::fs::statvfs(&path)?;
        let free = file_system.f_bavail.saturating_mul(file_system.f_frsize);
        Ok(Measured { used: on_disk.saturating_add(disk.database.write_buffer_size()), free })
    })
}

/// Bytes that the files of a folder have on disk; room that is set aside in them and not written counts nothing.
pub(super) fn taken(folder: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in gone_is_none(fs::read_dir(folder))?.into_iter().flatten() {
        let entry = entry?;
        let Some(found) = gone_is_none(entry.metadata())? else { continue };
        bytes += if found.is_dir() { taken(&entry.path())? } else { found.blocks() * 512 };
    }
    Ok(bytes)
}

/// The engines remove files while they are counted.
fn gone_is_none<T>(found: io::Result<T>) -> io::Result<Option<T>> {
    match found {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        other => other.map(Some),
    }
}

/// What is remembered from one time that room was made to the next.
#[derive(Default)]
pub(super) struct Shrinking {
    /// What was written when there was nothing that could go.
    in_vain_at: Option<u64>,
    /// What was written when the engine compacted last.
    reclaimed_at: u64,
    /// The age of what was removed last: it stays on disk as long as somebody reads the store as it was before that.
    removed_at: u64,
}

impl EmbeddedStore {
    /// Measures, and makes room where there is too little.
    pub(super) async fn shrink(&self) -> Result<Swept, StoreError> {
        let mut past = self.shrinking.lock().await;
        let bounds = self.meter.watch().bounds();
        let mut swept = Swept::default();
        let mut seen = self.measured().await?;
        if !bounds.is_near(seen) || past.in_vain_at == Some(self.meter.written()) {
            return Ok(swept);
        }
        // Some of it may be dead already.
        if past.reclaimed_at + LOOK_AFTER <= self.meter.written() || self.is_held(&past) {
            seen = self.reclaimed(&mut past).await?;
        }
        while bounds.over(seen) > 0 && !self.is_held(&past) {
            let wanted = bounds.over(seen).min(bounds.step());
            let removed = self.remove(wanted).await?;
            if removed == 0 {
                past.in_vain_at = Some(self.meter.written());
                break;
            }
            swept.events += removed;
            past.removed_at = self.disk.database.seqno();
            let before = seen.used;
            seen = self.reclaimed(&mut past).await?;
            if before.saturating_sub(seen.used) < wanted / 8 {
                // It may take the engine more of them until it gives the room back; not all at once.
                break;
            }
        }
        Ok(swept)
    }

    async fn measured(&self) -> Result<Measured, StoreError> {
        let meter = self.meter.clone();
        blocking(move || Ok(meter.measure())).await
    }

    /// Has the engine give back what it can, and measures.
    async fn reclaimed(&self, past: &mut Shrinking) -> Result<Measured, StoreError> {
        past.reclaimed_at = self.meter.written();
        // With nothing written, the engine would not look who still reads.
        self.writer.run(Durable::Written, 0, |draft| draft.touch()).await?;
        let disk = self.disk.clone();
        blocking(move || reclaim::compact(&disk)).await?;
        // The same for the files that it has replaced.
        self.writer.run(Durable::Written, 0, |draft| draft.touch()).await?;
        let disk = self.disk.clone();
        blocking(move || reclaim::let_go(&disk)).await?;
        self.measured().await
    }

    /// Whether what was removed last can't be given back yet.
    fn is_held(&self, past: &Shrinking) -> bool {
        reclaim::safe_age(&self.disk) < past.removed_at.saturating_sub(1)
    }

    /// Removes the oldest settled events that take about so many bytes.
    async fn remove(&self, bytes: u64) -> Result<usize, StoreError> {
        let disk = self.disk.clone();
        let found = blocking(move || sweep::oldest(&disk, bytes)).await?;
        let unlisted = Until { before: Timestamp::MAX, dead_before: Timestamp::MIN };
        let any = Until { before: Timestamp::MAX, dead_before: Timestamp::MAX };
        Ok(self.take_away(&found.unlisted, unlisted).await? + self.take_away(&found.listed, any).await?)
    }

    /// Takes away those of these events that are settled and past their time, some at a time; says how many.
    pub(super) async fn take_away(&self, events: &[EventId], until: Until) -> Result<usize, StoreError> {
        let mut taken = 0;
        for group in events.chunks(sweep::GROUP) {
            let group = group.to_vec();
            taken += self.writer.run(Durable::Written, 0, move |draft| draft.sweep(&group, until)).await?;
        }
        Ok(taken)
    }
}

impl Draft<'_> {
    /// Writes the books as they are.
    fn touch(&mut self) -> Result<(), StoreError> {
        self.put(Space::Books, BOOKS.into(), Slice::default());
        Ok(())
    }
}
