//! The folder with the events: which keyspaces it has, how they are tuned, and how their keys are made.
//!
//! It reads and makes keys; what is written, and when, is the writer's.

use std::path::Path;

use fjall::{Database, Keyspace, KeyspaceCreateOptions, KvSeparationOptions, Slice};
use sha2::{Digest, Sha256};

use super::codec::{EventRow, damaged, decode, id_bytes};
use crate::{destination::DestinationId, name::EventId, store::StoreError};

/// Memtables of the small rows: they hold every row twice at most, in memory and in the journal.
const SMALL_MEMTABLE: u64 = 8 << 20;
/// Payloads are larger and gone sooner; a larger memtable lets many die before they reach a table.
const PAYLOAD_MEMTABLE: u64 = 16 << 20;
/// Bounds the time to open after a crash.
const JOURNALS: u64 = 128 << 20;
/// Blocks kept in memory for reads.
const CACHE: u64 = 16 << 20;
/// Payloads from this size on are kept out of the tables, so that compaction does not copy them about.
const SEPARATE_FROM: u32 = 512;
/// Files that the engine keeps open; further ones are opened when they are read. `app::descriptors` leaves room for them.
const OPEN_FILES: usize = 128;
/// Smaller blob files give the room of delivered payloads back sooner.
const BLOB_FILE: u64 = 32 << 20;

/// A part of the disk with keys of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Space {
    /// Event id → event row, of events with a delivery that waits.
    Waiting,
    /// Event id → event row, of all other events.
    Settled,
    /// Event id → payload.
    Payloads,
    /// Event id, destination, number → attempt row.
    Attempts,
    /// Source and delivery id → event id.
    DeliveryIds,
    /// Event id, destination → dead letter row.
    Dead,
    /// Key of a signature or a body that was taken once → until when it counts, and the event.
    Seen,
    /// One key: the books.
    Books,
    /// A quota group's text → usage row.
    Usages,
    /// Destination → standing row.
    Standings,
    /// Subscription, hash of a key → told row.
    Told,
}

impl Space {
    /// Every part there is.
    pub(super) const ALL: [Self; 11] = [
        Self::Waiting,
        Self::Settled,
        Self::Payloads,
        Self::Attempts,
        Self::DeliveryIds,
        Self::Dead,
        Self::Seen,
        Self::Books,
        Self::Usages,
        Self::Standings,
        Self::Told,
    ];
}

/// The only key of [`Space::Books`].
pub(super) const BOOKS: &[u8] = b"books";

/// The open database. Cloning it is cheap.
#[derive(Clone)]
pub(super) struct Disk {
    pub(super) database: Database,
    waiting: Keyspace,
    settled: Keyspace,
    payloads: Keyspace,
    attempts: Keyspace,
    delivery_ids: Keyspace,
    dead: Keyspace,
    seen: Keyspace,
    books: Keyspace,
    usages: Keyspace,
    standings: Keyspace,
    told: Keyspace,
}

impl Disk {
    /// Opens the folder, or makes it.
    pub(super) fn open(folder: &Path) -> Result<Self, fjall::Error> {
        let database = Database::builder(folder)
            .cache_size(CACHE)
            .max_journaling_size(JOURNALS)
            .max_cached_files(Some(OPEN_FILES))
            // Payloads, the only large values, come compressed.
            .journal_compression(fjall::CompressionType::None)
            .open()?;
        let small =
            |name| database.keyspace(name, || KeyspaceCreateOptions::default().max_memtable_size(SMALL_MEMTABLE));
        let separate = KvSeparationOptions::default()
            .compression(fjall::CompressionType::None)
            .separation_threshold(SEPARATE_FROM)
            // All files that are stale are written anew, and not the oldest alone: else room would come back late.
            .age_cutoff(1.0)
            .file_target_size(BLOB_FILE);
        let payloads = database.keyspace("payloads", || {
            KeyspaceCreateOptions::default().max_memtable_size(PAYLOAD_MEMTABLE).with_kv_separation(Some(separate))
        })?;
        Ok(Self {
            waiting: small("waiting")?,
            settled: small("settled")?,
            attempts: small("attempts")?,
            delivery_ids: small("delivery_ids")?,
            dead: small("dead")?,
            seen: small("seen")?,
            books: small("books")?,
            usages: small("usages")?,
            standings: small("standings")?,
            told: small("told")?,
            payloads,
            database,
        })
    }

    pub(super) fn space(&self, space: Space) -> &Keyspace {
        match space {
            Space::Waiting => &self.waiting,
            Space::Settled => &self.settled,
            Space::Payloads => &self.payloads,
            Space::Attempts => &self.attempts,
            Space::DeliveryIds => &self.delivery_ids,
            Space::Dead => &self.dead,
            Space::Seen => &self.seen,
            Space::Books => &self.books,
            Space::Usages => &self.usages,
            Space::Standings => &self.standings,
            Space::Told => &self.told,
        }
    }

    pub(super) fn get(&self, space: Space, key: &[u8]) -> Result<Option<Slice>, StoreError> {
        self.space(space).get(key).map_err(|error| unreadable(space, &error))
    }
}

/// What the engine could not read.
pub(super) fn unreadable(space: Space, error: &fjall::Error) -> StoreError {
    damaged(format!("{space:?}"), super::failure::said(error))
}

/// An event's row with its id, from a pair of [`Space::Waiting`] or [`Space::Settled`].
pub(super) fn event_row(key: &[u8], value: &[u8]) -> Result<(EventId, EventRow), StoreError> {
    let id = event_of(key)?;
    Ok((id, decode(value, || format!("event {id}"))?))
}

/// The event id that a key begins with.
pub(super) fn event_of(key: &[u8]) -> Result<EventId, StoreError> {
    let bytes = key.first_chunk::<16>();
    let bytes = bytes.ok_or_else(|| damaged("an event".into(), format!("its key has {} bytes", key.len())))?;
    Ok(EventId::from_u128(u128::from_be_bytes(*bytes)))
}

/// The destination that a key of [`Space::Dead`] ends with.
pub(super) fn destination_of(key: &[u8]) -> Result<DestinationId, StoreError> {
    let bytes = key.get(16..).and_then(|rest| rest.first_chunk::<8>());
    let bytes = bytes.ok_or_else(|| damaged("a dead letter".into(), format!("its key has {} bytes", key.len())))?;
    Ok(DestinationId::from_u64(u64::from_be_bytes(*bytes)))
}

pub(super) fn event_key(event: EventId) -> Slice {
    id_bytes(event).into()
}

pub(super) fn dead_key(event: EventId, destination: DestinationId) -> Slice {
    [&id_bytes(event) as &[u8], &destination.as_u64().to_be_bytes()].concat().into()
}

pub(super) fn attempt_key(event: EventId, destination: DestinationId, number: u32) -> Slice {
    [&id_bytes(event) as &[u8], &destination.as_u64().to_be_bytes(), &number.to_be_bytes()].concat().into()
}

/// A digest stands for the delivery id: providers set its length, and keys are bounded.
pub(super) fn delivery_key(source: &str, delivery_id: &str) -> Slice {
    let digest = Sha256::digest(delivery_id.as_bytes());
    [source.as_bytes(), &[0], digest.as_slice()].concat().into()
}
