//! Getting room back from the engine: what was removed is gone from its files only after they are written anew.
//!
//! All of it blocks the caller, and no writer for longer than it takes to begin a new table in memory.

use std::time::Duration;

use super::{
    disk::{Disk, Space},
    failure::said,
};
use crate::store::StoreError;

/// How often the payloads are compacted, at most: once to find out what is dead, once to remove it, and some more, since
/// in a store that an older version made, the engine writes only some of the files anew each time.
const PASSES: usize = 5;

/// How often it is looked, a hundred times a second, whether what was in memory is on disk.
const LOOKS: usize = 3_000;

/// Brings to disk what is in memory alone, so that journals can go, and has the engine drop what is dead.
pub(super) fn compact(disk: &Disk) -> Result<(), StoreError> {
    for space in Space::ALL {
        disk.space(space).rotate_memtable().map_err(|error| failed(&error))?;
    }
    let is_in_memory = || Space::ALL.iter().any(|space| disk.space(*space).sealed_memtable_count() > 0);
    // The engine's own way to wait would wait for ever if its threads had ended.
    for _ in 0..LOOKS {
        if !is_in_memory() {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let payloads = disk.space(Space::Payloads);
    let mut dead = u64::MAX;
    for pass in 0..PASSES {
        payloads.major_compact().map_err(|error| failed(&error))?;
        let left = payloads.fragmented_blob_bytes();
        if pass > 0 && (left == 0 || left >= dead) {
            break;
        }
        dead = left;
    }
    for space in [Space::Waiting, Space::Settled, Space::Attempts, Space::DeliveryIds, Space::Dead] {
        disk.space(space).major_compact().map_err(|error| failed(&error))?;
    }
    Ok(())
}

/// Has the engine remove the files that were replaced before the last write, unless somebody reads them; it looks
/// whenever it begins a new table in memory.
pub(super) fn let_go(disk: &Disk) -> Result<(), StoreError> {
    disk.space(Space::Books).rotate_memtable().map(drop).map_err(|error| failed(&error))
}

/// What was removed before this age is read by nobody any more.
pub(super) fn safe_age(disk: &Disk) -> u64 {
    disk.database.supervisor.snapshot_tracker.get_seqno_safe_to_gc()
}

fn failed(error: &fjall::Error) -> StoreError {
    StoreError::Failed { why: format!("its files can't be compacted: {}", said(error)) }
}
