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

use super::{desk::UNFLUSHED, journal};

/// What the engine writes behind every batch.
const TRAILER: &[u8] = b"FJL\x03";

/// The newest journal of a database that did not open, and a copy of it as it was found.
pub(super) struct Torn {
    journal: PathBuf,
    copy: PathBuf,
    cuts: usize,
    bytes: usize,
}

impl Torn {
    /// Finds the newest journal among the engine's files and copies it into `aside`.
    pub(super) fn find(folder: &Path, aside: &Path) -> io::Result<Option<Self>> {
        let Some(number) = journal::newest(folder)? else { return Ok(None) };
        let journal = journal::path(folder, number);
        let copy = aside.join(format!("torn-{number}.jnl"));
        fs::copy(&journal, &copy)?;
        Ok(Some(Self { journal, copy, cuts: 0, bytes: 0 }))
    }

    /// Cuts the last batch off; says whether there was one that may be cut.
    pub(super) fn cut(&mut self) -> io::Result<bool> {
        let content = fs::read(&self.journal)?;
        let end = end_of(&content);
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
        self.bytes += end - keep;
        Ok(true)
    }

    /// Says aloud what was cut: the store opens without it.
    pub(super) fn report(&self) {
        let (bytes, copy) = (self.bytes, self.copy.display());
        tracing::error!(bytes, %copy, "the end of the store's journal was torn and was cut off; a copy was kept");
    }

    /// Puts the journal back as it was found: cutting did not help.
    pub(super) fn restore(&self) -> io::Result<()> {
        fs::copy(&self.copy, &self.journal).map(drop)
    }
}

/// Where each batch of a journal ends, and so where it can be cut.
pub(super) fn ends(content: &[u8]) -> Vec<u64> {
    let windows = content.get(..end_of(content)).unwrap_or_default().windows(TRAILER.len()).enumerate();
    windows.filter(|(_, bytes)| *bytes == TRAILER).map(|(at, _)| (at + TRAILER.len()) as u64).collect()
}

/// Where the content ends: the engine sets room aside in its journals, which reads as zeros.
pub(super) fn end_of(content: &[u8]) -> usize {
    const ZEROS: [u8; 4096] = [0; 4096];
    let mut end = content.len();
    for chunk in content.rchunks(ZEROS.len()) {
        // Compared as a whole first: the room set aside is many times larger than the content.
        if !ZEROS.starts_with(chunk) {
            return end - chunk.iter().rev().take_while(|byte| **byte == 0).count();
        }
        end -= chunk.len();
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_ends_with_its_last_byte_that_is_not_zero() {
        for (content, room) in [(0, 0), (0, 9000), (1, 0), (1, 4095), (4096, 4096), (5000, 9000)] {
            let bytes = [vec![7; content], vec![0; room]].concat();
            assert_eq!(end_of(&bytes), content, "{content} {room}");
        }
    }
}
