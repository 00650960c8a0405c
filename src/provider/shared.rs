//! Captured requests and published signatures, where the folder that holds them is at hand.

use std::{fs, path::PathBuf};

/// A path in the folder beside the crate; none, and a word about it, where it is missing. In CI it may not be.
#[expect(clippy::print_stdout, reason = "whoever runs the tests should see which were skipped")]
pub(crate) fn path(inside: &str) -> Option<PathBuf> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared").join(inside);
    if path.exists() {
        return Some(path);
    }
    assert!(std::env::var_os("CI").is_none(), "{} is missing", path.display());
    println!("skipped: {} is missing", path.display());
    None
}

pub(crate) fn json(path: &std::path::Path) -> serde_json::Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}
