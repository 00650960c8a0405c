//! Captured requests and published signatures, where the folder that holds them is at hand.

use std::{
    fs,
    path::{Path, PathBuf},
};

use http::{HeaderMap, HeaderName, HeaderValue, Method};

use crate::event::{RawBody, Webhook};

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

pub(crate) fn json(path: &Path) -> serde_json::Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// A captured request, as if it had come for this source.
pub(crate) fn webhook(file: &Path, source: &str) -> Webhook {
    let mut headers = HeaderMap::new();
    for (name, value) in json(&file.with_extension("headers.json")).as_object().unwrap() {
        let value = HeaderValue::from_str(value.as_str().unwrap()).unwrap();
        headers.insert(HeaderName::try_from(name.as_str()).unwrap(), value);
    }
    Webhook {
        source: source.parse().unwrap(),
        received_at: "2026-11-23T08:00:00Z".parse().unwrap(),
        peer: None,
        method: Method::POST,
        target: "/hooks/captured".parse().unwrap(),
        headers,
        body: RawBody(fs::read(file).unwrap().into()),
    }
}
