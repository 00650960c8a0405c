//! The folders of a store that sled has had so far, by their numbers, and which of them counts.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::store::{
    StoreError,
    embedded::{failure::failed_at, format::sync_folder},
};

/// The first folder, and what the names of all others begin with.
pub(super) const NAME: &str = "sled";
/// The file that says that nothing in a folder was ever readable.
pub(super) const SEALED: &str = "sealed";

/// Whether a store has such a folder, whole or not.
pub(in crate::store::embedded) fn exists(store: &Path) -> bool {
    numbers(store).is_ok_and(|numbers| !numbers.is_empty())
}

/// The folder that counts.
pub(in crate::store::embedded) fn current(store: &Path) -> PathBuf {
    path(store, newest(store).ok().flatten().unwrap_or(0))
}

pub(super) fn path(store: &Path, number: u64) -> PathBuf {
    if number == 0 { store.join(NAME) } else { store.join(format!("{NAME}-{number}")) }
}

pub(super) fn newest(store: &Path) -> io::Result<Option<u64>> {
    let whole = |number: &u64| *number == 0 || path(store, *number).join(SEALED).exists();
    Ok(numbers(store)?.into_iter().filter(whole).max())
}

pub(super) fn numbers(store: &Path) -> io::Result<Vec<u64>> {
    let mut numbers = Vec::new();
    for entry in fs::read_dir(store)? {
        let name = entry?.file_name();
        match name.to_str().and_then(|name| name.strip_prefix(NAME)) {
            Some("") => numbers.push(0),
            Some(rest) => numbers.extend(rest.strip_prefix('-').and_then(|number| number.parse::<u64>().ok())),
            None => {}
        }
    }
    Ok(numbers)
}

/// Removes those that a newer one stands for, and those that never became whole.
pub(super) fn remove_others(store: &Path, kept: u64) -> Result<(), StoreError> {
    for number in numbers(store).map_err(|error| failed_at(store, &error))? {
        if number != kept {
            let old = path(store, number);
            remove(&old).map_err(|error| {
                let why = format!("the old folder `{}` can't be removed: {error}", old.display());
                StoreError::Failed { why }
            })?;
            sync_folder(store).map_err(|error| failed_at(store, &error))?;
        }
    }
    Ok(())
}

pub(super) fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
