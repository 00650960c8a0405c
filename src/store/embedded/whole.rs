//! Whether the events' folder has all its parts; looked at before the engine opens it. Where one of these is missing,
//! the engine does not complain: it makes a new one, or removes what belonged to it.

use std::{fs, io, path::Path};

/// The first of the engine's parts that is missing.
pub(super) fn missing(folder: &Path) -> io::Result<Option<String>> {
    let journals = numbers(folder, ".jnl")?;
    if journals.is_empty() {
        return Ok(Some("its journal `*.jnl` is gone".into()));
    }
    // The engine removes the oldest alone.
    if let Some(lost) = gap(&journals, journals.first().copied().unwrap_or(0)) {
        return Ok(Some(format!("its journal `{lost}.jnl` is gone")));
    }
    let keyspaces = folder.join("keyspaces");
    let numbers = if keyspaces.exists() { numbers(&keyspaces, "")? } else { Vec::new() };
    if let Some(lost) = gap(&numbers, 0) {
        return Ok(Some(format!("its folder `keyspaces/{lost}` is gone")));
    }
    for number in numbers {
        let keyspace = keyspaces.join(number.to_string());
        let is_used = number == 0 || holds_files(&keyspace.join("tables"))? || holds_files(&keyspace.join("blobs"))?;
        if is_used && !keyspace.join("current").exists() {
            return Ok(Some(format!("its file `keyspaces/{number}/current` is gone")));
        }
    }
    Ok(None)
}

/// The numbers that the names in a folder are, before this ending; in order.
pub(super) fn numbers(folder: &Path, ending: &str) -> io::Result<Vec<u64>> {
    let mut numbers = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        numbers.extend(name.to_str().and_then(|name| name.strip_suffix(ending)?.parse::<u64>().ok()));
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// The first number from `first` on that is not among these, but for those after the last; `first` itself, if there are
/// none.
fn gap(numbers: &[u64], first: u64) -> Option<u64> {
    if numbers.is_empty() {
        return Some(first);
    }
    (first..).zip(numbers).find(|(expected, number)| expected != *number).map(|(expected, _)| expected)
}

fn holds_files(folder: &Path) -> io::Result<bool> {
    Ok(folder.exists() && fs::read_dir(folder)?.next().is_some())
}
