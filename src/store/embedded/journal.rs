//! The engine's journals: `0.jnl`, `1.jnl` and so on, the newest of which it writes to.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Where the journal of this number is.
pub(super) fn path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{number}.jnl"))
}

/// The number of the newest journal; none where there is no journal.
pub(super) fn newest(folder: &Path) -> io::Result<Option<u64>> {
    let mut newest = None;
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let number = name.to_str().and_then(|name| name.strip_suffix(".jnl")?.parse::<u64>().ok());
        newest = newest.max(number);
    }
    Ok(newest)
}
