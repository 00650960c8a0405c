//! A second note of the newest event, beside the journal: the engine takes a journal that was cut or emptied for one
//! that ends there, so without this nobody would know that there was more.
//!
//! It is written after the flush that it tells of, and is not flushed itself: it may be behind, and never ahead.

use std::{fs::File, io, os::unix::fs::FileExt, path::Path};

use sha2::{Digest, Sha256};

use crate::name::EventId;

const FILE: &str = "witness";

/// The id, how many deliveries were accepted, and a checksum.
const LENGTH: usize = 16 + 8 + 8;

/// The file, open.
pub(super) struct Witness {
    file: File,
    last: (EventId, u64),
}

impl Witness {
    /// Opens it, and gives how many deliveries the store had accepted and has no more, if it lost its newest events.
    pub(super) fn open(folder: &Path, last: EventId, accepted: u64) -> io::Result<(Self, Option<u64>)> {
        let file = File::options().read(true).write(true).create(true).truncate(false).open(folder.join(FILE))?;
        let mut bytes = [0; LENGTH];
        let read = file.read_at(&mut bytes, 0)?;
        let before = told(&bytes).filter(|(newest, _)| read == LENGTH && *newest > last);
        let lost = before.map(|(_, had)| had.saturating_sub(accepted));
        let mut witness = Self { file, last: (EventId::from_u128(0), 0) };
        witness.saw(last, accepted)?;
        Ok((witness, lost))
    }

    /// Takes note of what is on disk now. Where that can't be written, a disk fails that holds the rest as well.
    pub(super) fn saw(&mut self, last: EventId, accepted: u64) -> io::Result<()> {
        if self.last == (last, accepted) {
            return Ok(());
        }
        self.last = (last, accepted);
        let content = [last.as_u128().to_be_bytes().as_slice(), &accepted.to_be_bytes()].concat();
        let bytes = [content.as_slice(), &checksum(&content)].concat();
        self.file.write_all_at(&bytes, 0)
    }
}

fn told(bytes: &[u8; LENGTH]) -> Option<(EventId, u64)> {
    let (content, sum) = bytes.split_at_checked(LENGTH - 8)?;
    let (id, accepted) = content.split_first_chunk::<16>()?;
    let accepted = u64::from_be_bytes(*accepted.first_chunk()?);
    (checksum(content) == sum).then(|| (EventId::from_u128(u128::from_be_bytes(*id)), accepted))
}

fn checksum(content: &[u8]) -> [u8; 8] {
    Sha256::digest(content).first_chunk().copied().unwrap_or_default()
}
