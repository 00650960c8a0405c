//! Starting: the engines are opened, what is known in memory is rebuilt, and the writer begins.

use std::path::Path;

use super::{
    EmbeddedStore,
    captured::CapturedSecrets,
    disk::Disk,
    failure::{Failure, failed_at},
    format,
    guests::GuestRecords,
    known::Shared,
    open, rebuild,
    room::{self, Gauge, Meter},
    salvage,
    subscriptions::Subscriptions,
    witness::Witness,
    writer::{Beginning, Way, Writer},
};
use crate::{
    seal::Seal,
    store::{Bounds, StoreError},
};

impl EmbeddedStore {
    /// Opens the store in a folder, or makes one there, without a key or bounds. Blocks, the longer the more events wait.
    ///
    /// # Errors
    /// As [`Self::open_sealed`].
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Self::open_sealed(path, Seal::default())
    }

    /// The same with keys: all that stands in sled's folder is sealed, what was readable too.
    ///
    /// # Errors
    /// [`StoreError::Locked`], [`StoreError::Newer`], [`StoreError::Damaged`]; [`StoreError::Sealed`] where the right
    /// key is missing; [`StoreError::Failed`] where the folder can't be made or written.
    pub fn open_sealed(path: &Path, seal: Seal) -> Result<Self, StoreError> {
        Self::open_bounded(path, seal, Bounds::NONE)
    }

    /// The same, for a store that keeps to bounds.
    ///
    /// # Errors
    /// As [`Self::open_sealed`].
    pub fn open_bounded(path: &Path, seal: Seal, bounds: Bounds) -> Result<Self, StoreError> {
        let measured = |disk: &Disk| room::gauge(path.to_owned(), disk.clone());
        let opened = Self::open_with(path, seal, bounds, measured, Way::to(path));
        opened.map_err(|error| open::with_cure(path, error))
    }

    pub(super) fn open_with(
        path: &Path,
        seal: Seal,
        bounds: Bounds,
        gauge: impl FnOnce(&Disk) -> Gauge,
        way: Way,
    ) -> Result<Self, StoreError> {
        let format = format::check(path)?;
        let failure = Failure::default();
        let disk = open::events(path)?;
        let folder = open::folder(path, seal, &failure)?;
        let subscriptions = Subscriptions::open(folder.clone())?;
        format::raise(path, format)?;
        let captured = CapturedSecrets::open(folder.clone())?;
        let guests = GuestRecords::open(folder.clone())?;
        let (known, last_event) = rebuild::known(&disk)?;
        salvage::clean(path);
        let (witness, lost) =
            Witness::open(path, last_event, known.accounts.accepted).map_err(|error| failed_at(path, &error))?;
        if let Some(deliveries) = lost {
            tracing::error!(deliveries, newest = %last_event, "the store has lost its newest events: the end of its journal is gone");
        }
        let seen = rebuild::seen(&disk)?;
        let shared = Shared::default();
        *shared.lock() = known;
        for subscription in subscriptions.all().values() {
            shared.lock().lanes.pause(subscription.id, subscription.paused_at.is_some());
        }
        let meter = Meter::new(bounds, gauge(&disk));
        meter.measure();
        let beginning = Beginning { last_event, seen, meter: meter.clone(), witness };
        let writer = Writer::start(disk.clone(), shared.clone(), failure.clone(), beginning, way)?;
        let (path, shrinking) = (path.to_owned(), tokio::sync::Mutex::default());
        Ok(Self { path, disk, folder, subscriptions, captured, guests, shared, failure, meter, shrinking, writer })
    }
}
