//! Where a template writes: memory, up to a limit.

use std::io;

/// Bytes of a rendered document; the largest card that Teams takes is an eighteenth of it.
pub(in crate::render) const MOST_BYTES: usize = 512 * 1024;

/// Keeps what is written and fails as soon as it is too much, so that a loop in a template ends.
pub(super) struct Output {
    written: Vec<u8>,
    most: usize,
}

impl Default for Output {
    fn default() -> Self {
        Self::with_room(1)
    }
}

impl Output {
    /// For so many documents of the largest size.
    pub(super) const fn with_room(documents: usize) -> Self {
        Self { written: Vec::new(), most: MOST_BYTES * documents }
    }

    pub(super) fn into_text(self) -> String {
        String::from_utf8(self.written).unwrap_or_else(|bad| String::from_utf8_lossy(bad.as_bytes()).into_owned())
    }
}

impl io::Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.written.len() + bytes.len() > self.most {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.written.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
