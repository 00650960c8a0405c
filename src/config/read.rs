//! Turns a table into a type and reports everything that does not fit at once, not only the first thing.

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::{Path, Segment};

use super::problem::{Problem, did_you_mean};

/// A file with more mistakes than this is not read to its end; nobody mends forty at a time.
const MOST_PROBLEMS: usize = 40;

/// Reads `table` as a `T` whose types refuse unknown keys.
///
/// `place` names the file that a key came from. Each mistake is noted and taken out, and the rest is read again,
/// so that all are found. What is left comes back, unless something indispensable is missing.
pub fn read<T: DeserializeOwned>(
    mut table: Value,
    place: &dyn Fn(&str) -> String,
    problems: &mut Vec<Problem>,
) -> Option<T> {
    let mut taken_out: Vec<String> = Vec::new();
    for _ in 0..MOST_PROBLEMS {
        let error = match serde_path_to_error::deserialize::<_, T>(&table) {
            Ok(read) => return Some(read),
            Err(error) => error,
        };
        let key = key_of(error.path());
        let message = error.inner().to_string();
        let removed = remove(&mut table, error.path());
        if let Some(missing) = between(&message, "missing field `", "`") {
            let key = if key.is_empty() { missing.to_owned() } else { format!("{key}.{missing}") };
            // A key that was taken out above is missing now because of that, which has been said.
            if !taken_out.contains(&key) {
                problems.push(Problem::new(place(&key), key.clone(), "is missing", "add it"));
            }
            return None;
        }
        problems.push(explain(&key, &message, place));
        if !removed {
            return None;
        }
        taken_out.push(key);
    }
    None
}

fn explain(key: &str, message: &str, place: &dyn Fn(&str) -> String) -> Problem {
    let file = place(key);
    if let Some(unknown) = between(message, "unknown field `", "`") {
        let known: Vec<&str> = message.split('`').skip(3).step_by(2).collect();
        let cure = match did_you_mean(unknown, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if known.is_empty() => "take it out: no key is known here".to_owned(),
            None => format!("take it out, or use one of: {}", known.join(", ")),
        };
        return Problem::new(file, key, "is not a known key", cure);
    }
    if holds_secret(key) && !message.starts_with("a secret") {
        let cure = "write \"…\", { file = \"…\" }, { env = \"…\" } or { credential = \"…\" }, or a list of these";
        return Problem::new(file, key, "is not a secret", cure);
    }
    if message.contains("socket address") {
        return Problem::new(file, key, "is no address with a port", "write it as \"127.0.0.1:8080\"");
    }
    match message.split_once(", expected ") {
        Some((found, expected)) => Problem::new(file, key, found, in_words(expected)),
        None => match message.split_once("; ") {
            Some((found, cure)) => Problem::new(file, key, found, cure),
            None => Problem::new(file, key, message, "see config/teams-relay.example.toml"),
        },
    }
}

/// What serde expected, in the words of TOML.
fn in_words(expected: &str) -> String {
    match expected {
        "usize" | "u16" | "u32" | "u64" => "write a whole number".to_owned(),
        "a nonzero usize" | "a nonzero u32" => "write a whole number above 0".to_owned(),
        "a string" | "string" => "write text in quotes".to_owned(),
        "a boolean" => "write true or false".to_owned(),
        "a sequence" => "write a list in [ ]".to_owned(),
        "a map" => "write a table".to_owned(),
        _ if expected.starts_with("struct ") => "write a table".to_owned(),
        _ => format!("expected {expected}"),
    }
}

/// Whether a message about this key might quote a secret.
fn holds_secret(key: &str) -> bool {
    key.split('.').any(|part| {
        ["secrets", "token", "password", "client_secret"].contains(&part.split('[').next().unwrap_or_default())
    })
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    rest.split_once(after).map(|(found, _)| found)
}

/// `sources.ci.map[1].when`, as people write it.
fn key_of(path: &Path) -> String {
    let mut key = String::new();
    for segment in path.iter() {
        match segment {
            Segment::Map { key: name } | Segment::Enum { variant: name } => {
                if !key.is_empty() {
                    key.push('.');
                }
                key.push_str(name);
            }
            Segment::Seq { index } => key.push_str(&format!("[{index}]")),
            Segment::Unknown => {}
        }
    }
    key
}

/// Takes out what the path points at; false if nothing stands there.
fn remove(table: &mut Value, path: &Path) -> bool {
    let segments: Vec<&Segment> = path.iter().collect();
    let Some((last, parents)) = segments.split_last() else { return false };
    let mut at = table;
    for segment in parents {
        let next = match segment {
            Segment::Map { key } => at.get_mut(key.as_str()),
            Segment::Seq { index } => at.get_mut(*index),
            Segment::Enum { .. } | Segment::Unknown => return false,
        };
        let Some(next) = next else { return false };
        at = next;
    }
    match (last, at) {
        (Segment::Map { key }, Value::Object(map)) => map.shift_remove(key).is_some(),
        (Segment::Seq { index }, Value::Array(list)) if *index < list.len() => {
            list.remove(*index);
            true
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        #[serde(default)]
        #[expect(dead_code, reason = "read for its shape")]
        port: u16,
        #[expect(dead_code, reason = "read for its shape")]
        inner: Inner,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        #[serde(default)]
        #[expect(dead_code, reason = "read for its shape")]
        name: String,
        #[serde(default)]
        #[expect(dead_code, reason = "read for its shape")]
        secrets: Vec<u8>,
    }

    #[test]
    fn what_was_expected_is_told_in_the_words_of_toml() {
        let mut problems = Vec::new();
        let table = serde_json::json!({"port": "x", "inner": {"name": 7}});
        read::<Outer>(table, &|_| "f.toml".into(), &mut problems);
        let shown: Vec<String> = problems.iter().map(Problem::to_string).collect();
        assert!(shown.iter().any(|line| line.ends_with("write a whole number")), "{shown:#?}");
        assert!(shown.iter().any(|line| line.ends_with("write text in quotes")), "{shown:#?}");
    }

    #[test]
    fn every_mistake_is_reported_at_once_and_none_quotes_a_secret() {
        let table = serde_json::json!({"prot": 1, "port": "x", "inner": {"nam": 1, "name": 7, "secrets": "hunter2"}});
        let mut problems = Vec::new();
        assert!(read::<Outer>(table, &|_| "f.toml".into(), &mut problems).is_some());
        let mut shown: Vec<String> = problems.iter().map(Problem::to_string).collect();
        shown.sort();
        assert_eq!(shown.len(), 5, "{shown:#?}");
        assert!(
            shown.iter().any(|line| line == "f.toml: prot: is not a known key; did you mean `port`?"),
            "{shown:#?}"
        );
        assert!(shown.iter().any(|line| line.starts_with("f.toml: inner.name: invalid type")), "{shown:#?}");
        assert!(!shown.concat().contains("hunter2"), "{shown:#?}");
    }
}
