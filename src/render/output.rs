//! Where a template writes: memory, up to a limit.

use std::io;

/// Bytes of a rendered document; the largest card that Teams takes is an eighteenth of it.
pub(in crate::render) const MOST_BYTES: usize = 512 * 1024;

/// Keeps what is written and fails as soon as it is too much, so that a loop in a template ends.
#[derive(Default)]
pub(super) struct Output(Vec<u8>);

impl Output {
    pub(super) fn into_text(self) -> String {
        String::from_utf8_lossy(&self.0).into_owned()
    }
}

impl io::Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MOST_BYTES {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
