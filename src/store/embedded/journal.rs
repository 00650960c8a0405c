//! The engine's journals: `0.jnl`, `1.jnl` and so on, the newest of which it writes to.

use std::{
    io,
    path::{Path, PathBuf},
};

use super::whole::numbers;

/// Where the journal of this number is.
pub(super) fn path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{number}.jnl"))
}

/// The number of the newest journal; none where there is no journal.
pub(super) fn newest(folder: &Path) -> io::Result<Option<u64>> {
    Ok(numbers(folder, ".jnl")?.pop())
}
