//! Every body that was captured, read as its headers say.

use std::{
    fs,
    path::{Path, PathBuf},
};

use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

use super::{Codings, Encoding};

#[expect(clippy::print_stdout, reason = "who runs the tests should know what was skipped")]
fn captured() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/payloads");
    if folder.is_dir() {
        return Some(folder);
    }
    assert!(std::env::var_os("CI").is_none(), "../shared is missing");
    println!("skipped: ../shared with captured payloads is not there");
    None
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let inside = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    let files = inside.flat_map(|folder| fs::read_dir(folder).unwrap()).map(|entry| entry.unwrap().path());
    files.filter(|path| !path.to_str().unwrap().ends_with(".headers.json")).collect()
}

fn headers(body: &Path) -> HeaderMap {
    let Ok(text) = fs::read(body.with_extension("headers.json")) else { return HeaderMap::new() };
    let sent: Value = serde_json::from_slice(&text).unwrap();
    let header = |(name, value): (&String, &Value)| {
        (HeaderName::try_from(name.as_str()).unwrap(), HeaderValue::from_str(value.as_str().unwrap()).unwrap())
    };
    sent.as_object().unwrap().iter().map(header).collect()
}

fn read(file: &Path) -> Value {
    let headers = headers(file);
    let encoding = Encoding::of(&headers).unwrap_or_else(|| panic!("{} is of a type that is not read", file.display()));
    let codings = Codings::of(&headers).unwrap();
    encoding.payload(&codings, &fs::read(file).unwrap()).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

#[test]
fn every_captured_body_is_read() {
    let Some(folder) = captured() else { return };
    let files = files(&folder);
    assert!(files.len() >= 100, "only {}", files.len());
    for file in files {
        let payload = read(&file);
        assert!(payload.is_object() || payload.is_array(), "{} is read as {payload}", file.display());
    }
}

#[test]
fn the_long_integers_of_opsgenie_keep_all_their_digits() {
    let Some(folder) = captured() else { return };
    let mut seen = 0;
    for file in files(&folder).iter().filter(|file| file.to_str().unwrap().contains("/opsgenie/")) {
        let text = fs::read_to_string(file).unwrap();
        let Some((_, rest)) = text.split_once("\"updatedAt\":") else { continue };
        let digits: String = rest.trim_start().chars().take_while(char::is_ascii_digit).collect();
        assert!(digits.len() > 16, "{} is no test of it", file.display());
        assert_eq!(read(file).pointer("/alert/updatedAt").unwrap().to_string(), digits, "{}", file.display());
        seen += 1;
    }
    assert!(seen > 0);
}
