//! The format of the store as a whole, in a file of its own that is read before anything else is opened.

use std::{
    fs::{self, File},
    io::{ErrorKind, Write},
    os::unix::fs::DirBuilderExt,
    path::Path,
};

use super::failure::failed_at;
use crate::store::StoreError;

/// The format that this version writes. In format 1 no body was text, XML or compressed, and no signature remembered;
/// in format 2 nothing was sealed.
const FORMAT: u32 = 3;
/// Holds the format as a decimal number.
const FILE: &str = "format";

/// Reads the folder's format, and writes it where the folder is new.
pub(super) fn check(path: &Path) -> Result<u32, StoreError> {
    make(path).map_err(|error| failed_at(path, &error))?;
    let text = match fs::read_to_string(path.join(FILE)) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound && !path.join(super::open::EVENTS).exists() => {
            return write(path).map(|()| FORMAT).map_err(|error| failed_at(path, &error));
        }
        Err(error) => return Err(damaged(path, error.to_string())),
    };
    let found: u32 = text.trim().parse().map_err(|_| damaged(path, "it holds no number".into()))?;
    if found > FORMAT {
        return Err(StoreError::Newer { path: path.display().to_string(), found, known: FORMAT });
    }
    Ok(found)
}

/// Marks a folder of an older format, once it is open, as one that an older version can't read any more.
pub(super) fn raise(path: &Path, found: u32) -> Result<(), StoreError> {
    if found < FORMAT { write(path).map_err(|error| failed_at(path, &error)) } else { Ok(()) }
}

/// Makes the folder where it is missing, and sees to it that it is found after a power loss.
fn make(path: &Path) -> std::io::Result<()> {
    // Webhook URLs are secrets; the group may enter, since the admin socket stands here by default.
    fs::DirBuilder::new().recursive(true).mode(0o750).create(path)?;
    // Even where it is there: whoever made room for the socket may have made it a moment ago.
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    match sync_folder(parent.unwrap_or(Path::new("."))) {
        // Who may not look into the folder above did not make this one.
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Ok(()),
        other => other,
    }
}

fn damaged(path: &Path, why: String) -> StoreError {
    StoreError::Damaged { what: format!("its format (`{}`)", path.join(FILE).display()), why }
}

/// Before the engines make their folders.
fn write(path: &Path) -> std::io::Result<()> {
    write_number(path, FILE, FORMAT.into())
}

/// Writes a file with a number in it, which appears whole or not at all.
pub(super) fn write_number(folder: &Path, name: &str, number: u64) -> std::io::Result<()> {
    let new = folder.join(format!("{name}.new"));
    let mut file = File::create(&new)?;
    writeln!(file, "{number}")?;
    file.sync_all()?;
    fs::rename(new, folder.join(name))?;
    sync_folder(folder)
}

/// Flushes a folder's entries: a file is found after a power loss only if its name was flushed too.
pub(super) fn sync_folder(path: &Path) -> std::io::Result<()> {
    // Elsewhere a folder can't be opened as a file, and its entries are flushed with the files.
    if cfg!(unix) { File::open(path)?.sync_all() } else { Ok(()) }
}
