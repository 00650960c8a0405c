//! A journal whose end was torn by a power loss: cut back to its last whole batch, so that the store opens again.
//!
//! The engine cuts an end that is missing by itself, but refuses to open where the end is there and something
//! before it never reached the disk. Only batches that were not yet flushed can be torn like that, so only so many
//! are cut; damage further back stays what it is, and is an error.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use super::writer::UNFLUSHED;

/// What the engine writes behind every batch.
const TRAILER: &[u8] = b"FJL\x03";

/// The newest journal of a database that did not open, and a copy of it as it was found.
pub(super) struct Torn {
    journal: PathBuf,
    copy: PathBuf,
    cuts: usize,
}

impl Torn {
    /// Finds the newest journal among the engine's files and copies it into `aside`.
    pub(super) fn find(folder: &Path, aside: &Path) -> io::Result<Option<Self>> {
        let mut newest: Option<(u64, PathBuf)> = None;
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(".jnl"));
            if let Some(number) = name.and_then(|name| name.parse().ok())
                && newest.as_ref().is_none_or(|(greatest, _)| number > *greatest)
            {
                newest = Some((number, path));
            }
        }
        let Some((number, journal)) = newest else { return Ok(None) };
        let copy = aside.join(format!("torn-{number}.jnl"));
        fs::copy(&journal, &copy)?;
        Ok(Some(Self { journal, copy, cuts: 0 }))
    }

    /// Cuts the last batch off; says whether there was one that may be cut.
    pub(super) fn cut(&mut self) -> io::Result<bool> {
        let content = fs::read(&self.journal)?;
        let end = content.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        if end == 0 || self.cuts > UNFLUSHED {
            return Ok(false);
        }
        self.cuts += 1;
        // One byte short, so that it is the trailer of the batch before the last that is found.
        let before = content.get(..end - 1).unwrap_or_default();
        let keep = before.windows(TRAILER.len()).rposition(|bytes| bytes == TRAILER).map_or(0, |at| at + TRAILER.len());
        let file = File::options().write(true).open(&self.journal)?;
        file.set_len(keep as u64)?;
        file.sync_all()?;
        tracing::error!(
            bytes = end - keep,
            copy = %self.copy.display(),
            "the end of the store's journal was torn, as by a power loss, and was cut off; a copy was kept"
        );
        Ok(true)
    }

    /// Puts the journal back as it was found: cutting did not help.
    pub(super) fn restore(&self) -> io::Result<()> {
        fs::copy(&self.copy, &self.journal).map(drop)
    }
}
