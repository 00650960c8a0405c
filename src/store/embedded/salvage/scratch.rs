//! A copy of the events' folder that the engine can open: as it is, or else with one of its parts mended or left out.
//!
//! Tables and payload files are never changed once they are written, so they are linked and not copied.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use crate::store::{
    StoreError,
    embedded::{
        disk::{Disk, Space},
        failure::{failed_at, said},
        open::{attempt, locked},
        torn,
        whole::{missing, numbers},
    },
};

/// What the engine writes before each payload.
const PAYLOAD: &[u8] = b"BLOB";
/// What a file that stands in for a missing one is called until it does.
const STAND_IN: &str = "stand-in";

/// What is done to the copy before it is opened.
enum Mend {
    Nothing,
    /// The journal ends after so many bytes.
    Cut(PathBuf, u64),
    /// Another file stands in for this one with payloads.
    StandIn(PathBuf),
    /// This keyspace is left out.
    Drop(u64),
}

/// Takes the store's lock, so that no daemon changes it meanwhile.
pub(super) fn lock(path: &Path) -> Result<Option<File>, StoreError> {
    let failed = |error: io::Error| failed_at(path, &error);
    let file = match File::options().read(true).write(true).open(path.join("events/lock")) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other.map_err(failed)?,
    };
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Err(locked(path)),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

/// Copies sled's folders.
pub(super) fn copy_sled(path: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() && entry.file_name().to_string_lossy().starts_with("sled") {
            copy(&entry.path(), &to.join(entry.file_name()))?;
        }
    }
    Ok(())
}

/// Opens a copy of `from` in `to`; what had to be left out for that is told.
pub(super) fn open(from: &Path, to: &Path, lost: &mut Vec<String>) -> Result<Disk, String> {
    let try_with = |mend: &Mend| -> Result<Disk, fjall::Error> {
        if to.exists() {
            fs::remove_dir_all(to)?;
        }
        build(from, to, mend)?;
        attempt(to)
    };
    let first = match try_with(&Mend::Nothing) {
        Ok(disk) => {
            lost.extend(missing(from).map_err(|error| error.to_string())?);
            return Ok(disk);
        }
        Err(error) => error,
    };
    let mends = if matches!(first, fjall::Error::JournalRecovery(_)) { cuts(from, &try_with) } else { others(from) };
    for mend in mends.map_err(|error| error.to_string())? {
        if let Ok(disk) = try_with(&mend) {
            lost.push(mend.cost(&disk, &first));
            return Ok(disk);
        }
    }
    Err(format!("{}, and no part alone is to blame", said(&first)))
}

impl Mend {
    fn cost(&self, disk: &Disk, error: &fjall::Error) -> String {
        let why = said(error);
        match self {
            Self::Nothing => why,
            Self::Cut(journal, at) => {
                format!("what was written last, after byte {at} of the journal `{}`: {why}", journal.display())
            }
            Self::StandIn(file) => format!("the payloads in `{}`: {why}", file.display()),
            Self::Drop(number) => {
                // The engine has made it anew, under a number of its own.
                let dropped = Space::ALL.into_iter().max_by_key(|space| disk.space(*space).id());
                let what = dropped.map_or_else(String::new, |space| format!(" ({space:?})"));
                format!("all of `keyspaces/{number}`{what}: {why}")
            }
        }
    }
}

/// For each journal, the newest first: as much of it as can be read.
fn cuts(from: &Path, try_with: &dyn Fn(&Mend) -> Result<Disk, fjall::Error>) -> io::Result<Vec<Mend>> {
    let mut cuts = Vec::new();
    for number in numbers(from, ".jnl")?.into_iter().rev() {
        let name = PathBuf::from(format!("{number}.jnl"));
        let ends = torn::ends(&fs::read(from.join(&name))?);
        let opens = |end: &u64| try_with(&Mend::Cut(name.clone(), *end)).is_ok();
        let readable = ends.partition_point(opens);
        let end = readable.checked_sub(1).and_then(|last| ends.get(last)).copied().unwrap_or(0);
        cuts.push(Mend::Cut(name, end));
        if readable > 0 {
            break;
        }
    }
    Ok(cuts)
}

/// Each file with payloads, then each keyspace, those that can be done without first.
fn others(from: &Path) -> io::Result<Vec<Mend>> {
    let (mut mends, mut keyspaces) = (Vec::new(), numbers(&from.join("keyspaces"), "")?);
    for keyspace in &keyspaces {
        let blobs = PathBuf::from(format!("keyspaces/{keyspace}/blobs"));
        if from.join(&blobs).exists() {
            mends.extend(
                numbers(&from.join(&blobs), "")?.into_iter().map(|blob| Mend::StandIn(blobs.join(blob.to_string()))),
            );
        }
    }
    // The one with the names of all others has number 0, and payloads and rows were made first.
    keyspaces.reverse();
    mends.extend(keyspaces.into_iter().filter(|number| *number > 0).map(Mend::Drop));
    Ok(mends)
}

fn build(from: &Path, to: &Path, mend: &Mend) -> io::Result<()> {
    copy(from, to)?;
    if let Mend::Drop(number) = mend {
        fs::remove_dir_all(to.join("keyspaces").join(number.to_string()))?;
    }
    if let Mend::Cut(journal, at) = mend {
        File::options().write(true).open(to.join(journal))?.set_len(*at)?;
    }
    if let Mend::StandIn(file) = mend {
        fs::remove_file(to.join(file))?;
    }
    if numbers(to, ".jnl")?.is_empty() {
        // With one of its own making, the engine takes everything for not yet written.
        File::create(to.join("0.jnl"))?;
    }
    let keyspaces = to.join("keyspaces");
    if keyspaces.exists() {
        for number in numbers(&keyspaces, "")? {
            point_to_newest(&keyspaces.join(number.to_string()))?;
            fill_gaps(&keyspaces.join(number.to_string()))?;
        }
    }
    Ok(())
}

/// Writes the file that says which list of files counts, where it is gone: the newest does.
fn point_to_newest(keyspace: &Path) -> io::Result<()> {
    let mut lists = Vec::new();
    for entry in fs::read_dir(keyspace)? {
        let name = entry?.file_name();
        lists.extend(name.to_str().and_then(|name| name.strip_prefix('v')?.parse::<u64>().ok()));
    }
    match lists.into_iter().max() {
        Some(newest) if !keyspace.join("current").exists() => {
            // A checksum and its kind come after the number; the engine does not read them.
            fs::write(keyspace.join("current"), [newest.to_le_bytes().as_slice(), &[0; 17]].concat())
        }
        _ => Ok(()),
    }
}

/// Puts a file without a single payload wherever one may be missing, since the engine opens with all of them only. It
/// removes those that it does not miss.
fn fill_gaps(keyspace: &Path) -> io::Result<()> {
    let blobs = keyspace.join("blobs");
    let present = if blobs.exists() { numbers(&blobs, "")? } else { Vec::new() };
    let Some((first, last)) = present.first().zip(present.last()) else { return Ok(()) };
    let mut content = fs::read(blobs.join(first.to_string()))?;
    let mut at = 0;
    while let Some(next) =
        content.get(at..).and_then(|rest| rest.windows(PAYLOAD.len()).position(|part| part == PAYLOAD))
    {
        at += next + PAYLOAD.len();
        if let Some(mark) = content.get_mut(at - PAYLOAD.len()..at) {
            mark.fill(0);
        }
    }
    let stand_in = keyspace.join(STAND_IN);
    fs::write(&stand_in, content)?;
    for number in (0..last + 8).filter(|number| present.binary_search(number).is_err()) {
        fs::hard_link(&stand_in, blobs.join(number.to_string()))?;
    }
    fs::remove_file(stand_in)
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    let is_fixed = from.file_name().is_some_and(|name| name == "tables" || name == "blobs");
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to)?;
        } else if to.extension().is_some_and(|ending| ending == "jnl") {
            // Without the room that is set aside in it.
            let content = fs::read(entry.path())?;
            fs::write(to, content.get(..torn::end_of(&content)).unwrap_or_default())?;
        } else if !is_fixed || fs::hard_link(entry.path(), &to).is_err() {
            fs::copy(entry.path(), &to)?;
        }
    }
    Ok(())
}
