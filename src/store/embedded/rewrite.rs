//! Writes once more what an earlier process wrote last, before anything is built on it.
//!
//! After a flush that failed, the kernel takes for clean what never reached the disk, and shows it to whoever reads; a
//! later flush has nothing to do, and says that all is well. A process that starts anew can't tell such a file from a
//! good one. What it writes itself, though, the next flush must bring to the disk, or fail.

use std::{
    fs::File,
    io::{self, ErrorKind},
    os::unix::fs::FileExt,
    path::Path,
};

/// Bytes that are read and written at once.
const CHUNK: usize = 1 << 20;

/// Writes a file over itself and flushes it; one that is gone needs nothing. Nobody else may be writing to it.
pub(super) fn rewrite(path: &Path) -> io::Result<()> {
    let file = match File::options().read(true).write(true).open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        opened => opened?,
    };
    let mut chunk = vec![0; CHUNK];
    let mut at = 0;
    loop {
        let length = file.read_at(&mut chunk, at)?;
        let content = chunk.get(..length).unwrap_or_default();
        if content.is_empty() {
            return file.sync_all();
        }
        // Room that was set aside has no place on the disk yet, and is given none here.
        if content.iter().any(|byte| *byte != 0) {
            file.write_all_at(content, at)?;
        }
        at += length as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_the_same_afterwards_and_room_set_aside_stays_free() {
        use std::os::unix::fs::MetadataExt;
        let file = tempfile::NamedTempFile::new().unwrap();
        let content: Vec<u8> = (0..3 * CHUNK / 2).map(|at| u8::try_from(at % 251).unwrap()).collect();
        std::fs::write(file.path(), &content).unwrap();
        file.as_file().set_len(64 << 20).unwrap();
        rewrite(file.path()).unwrap();
        let after = std::fs::read(file.path()).unwrap();
        assert!(after.len() == 64 << 20 && after.starts_with(&content));
        assert!(after.iter().skip(content.len()).all(|byte| *byte == 0));
        assert!(file.as_file().metadata().unwrap().blocks() * 512 < 8 << 20);
        rewrite(&file.path().with_extension("gone")).unwrap();
    }
}
