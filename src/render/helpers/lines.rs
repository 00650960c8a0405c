//! A list of anything, such as alerts or jobs, made into lines that a card shows alike.

use serde_json::{Map, Value};

use super::{Args, HelperDoc, is_empty, status::severity, text_of};

pub(super) const HELPERS: &[HelperDoc] = &[HelperDoc {
    name: "lines",
    usage: "(lines list text=\"title name\" status=\"state\" note=\"labels.host\" url=\"web_url\")",
    gives: "A line (`text`, `status`, `note`, `url`) for each member, the worst first. Each name is a path with dots, or several: the first with a value counts.",
    example: [
        "{{#each (lines payload text=\"title name\" status=\"state\")}}{{status}} {{text}}; {{/each}}",
        r#"[{"name":"lint","state":"passed"},{"name":"test","title":"Unit tests","state":"failed"}]"#,
        "failed Unit tests; passed lint;",
    ],
    values: (1, 1),
    run: |args| {
        let mut lines: Vec<Value> = args.list(0).iter().filter_map(|member| line(member, args)).collect();
        lines.sort_by_key(|line| rank(severity(&line.get("status").map(text_of).unwrap_or_default())));
        Ok(lines.into())
    },
}];

const PARTS: [&str; 4] = ["text", "status", "note", "url"];

/// A line; none where it would have no text.
fn line(member: &Value, args: &Args<'_>) -> Option<Value> {
    let part = |name: &&str| {
        let paths = args.named(name)?;
        let value = paths.split_whitespace().filter_map(|path| at(member, path)).find(|value| !is_empty(value))?;
        Some(((*name).to_owned(), Value::from(text_of(value))))
    };
    let line: Map<String, Value> = PARTS.iter().filter_map(part).collect();
    line.contains_key("text").then_some(Value::Object(line))
}

/// What stands at a path; `this` is the member itself.
pub(super) fn at<'a>(member: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(member, |value, name| match value {
        _ if name == "this" => Some(value),
        Value::Array(list) => list.get(name.parse::<usize>().ok()?),
        other => other.get(name),
    })
}

const fn rank(severity: &str) -> u8 {
    match severity.as_bytes() {
        b"critical" => 0,
        b"warning" => 1,
        b"info" => 2,
        _ => 3,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_path_goes_through_objects_and_lists() {
        let member = json!({"labels": {"host": "db1"}, "tests": [{"name": "it works"}]});
        assert_eq!(at(&member, "labels.host"), Some(&json!("db1")));
        assert_eq!(at(&member, "tests.0.name"), Some(&json!("it works")));
        assert_eq!(at(&member, "tests.1.name"), None);
        assert_eq!(at(&json!("plain"), "this"), Some(&json!("plain")));
    }
}
