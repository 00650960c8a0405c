//! Finds its way in a payload of which nothing is known: what it is about, how it stands, where it leads.

use std::collections::VecDeque;

use jiff::Timestamp;
use serde_json::Value;

use super::text::{first_line, one_line, truncate, web_address};

/// Values that are looked at; the interesting ones stand near the top.
const MOST_VALUES: usize = 2_000;
/// Longer values are no facts.
const LONGEST_FACT: usize = 80;

const TITLES: &[&str] = &[
    "title",
    "subject",
    "headline",
    "alertname",
    "alert_name",
    "rule_name",
    "rulename",
    "condition_name",
    "monitor_name",
    "summary",
    "message",
    "name",
    "display_title",
    "description",
    "text",
    "event",
    "event_type",
    "type",
    "kind",
];
const TEXTS: &[&str] =
    &["description", "body", "message", "content", "text", "summary", "details", "detail", "note", "error_message"];
const STATES: &[&str] = &[
    "status",
    "state",
    "severity",
    "result",
    "conclusion",
    "outcome",
    "level",
    "priority",
    "current_state",
    "alert_type",
];
const LINKS: &[&str] = &[
    "html_url",
    "web_url",
    "target_url",
    "public_url",
    "permalink",
    "url",
    "link",
    "href",
    "dashboard_url",
    "incident_url",
    "build_url",
    "external_url",
    "generator_url",
    "web_link",
];

/// What it is about, as one line; empty where nothing says.
pub(super) fn title(payload: &Value) -> String {
    let leaves = leaves(payload);
    truncate(&one_line(first_line(named(&leaves, TITLES).unwrap_or_default())), 160)
}

/// What describes it, if that is more than its title says.
pub(super) fn text(payload: &Value) -> String {
    let leaves = leaves(payload);
    let said = named(&leaves, TITLES);
    let text =
        named(&leaves, TEXTS).filter(|text| Some(*text) != said || text.trim().contains('\n')).unwrap_or_default();
    truncate(text.trim(), 600)
}

/// How it stands, in its own word.
pub(super) fn status(payload: &Value) -> String {
    let leaves = leaves(payload);
    let status = named(&leaves, STATES).filter(|word| word.chars().count() <= 30).unwrap_or_default();
    one_line(status)
}

/// Where it leads: the address of the best name, else the first that is no picture and no API's.
pub(super) fn link(payload: &Value) -> Option<String> {
    let leaves = leaves(payload);
    let addresses: Vec<(&str, String)> =
        leaves.iter().filter_map(|leaf| Some((leaf.name.as_str(), web_address(leaf.value.as_str()?)?))).collect();
    let shown =
        |address: &str| !address.contains("/api/") && !address.contains("://api.") && !address.contains("avatar");
    let of_name = |wanted: String| addresses.iter().find(|(name, address)| *name == wanted && shown(address));
    LINKS
        .iter()
        .find_map(|name| of_name(bare(name)))
        .or_else(|| addresses.iter().find(|(_, address)| shown(address)))
        .or_else(|| addresses.first())
        .map(|(_, found)| found.clone())
}

/// The first so many short values, with their names as people write them.
pub(super) fn facts(payload: &Value, most: usize) -> Vec<(String, String)> {
    let said = [title(payload), text(payload), status(payload)];
    let mut found: Vec<(String, String)> = Vec::new();
    for leaf in leaves(payload) {
        if found.len() >= most {
            break;
        }
        let Some(value) = fact(leaf.key, leaf.value).filter(|value| !said.contains(value)) else { continue };
        let name = words(leaf.key);
        if !name.is_empty() && found.iter().all(|(known, shown)| *known != name && *shown != value) {
            found.push((name, value));
        }
    }
    found
}

/// A value as a fact; none for what says nothing to people: addresses, ids, tokens, long texts.
fn fact(key: &str, value: &Value) -> Option<String> {
    let key = key.to_ascii_lowercase();
    let is_id = key == "id" || key.ends_with("_id") || key.ends_with("uuid") || key.ends_with("guid");
    let is_secret = ["token", "secret", "signature", "password", "sig"].iter().any(|word| key.contains(word));
    match value {
        _ if is_id || is_secret => None,
        Value::Bool(flag) => Some(if *flag { "yes" } else { "no" }.to_owned()),
        Value::Number(number) => Some(instant(&key, value).unwrap_or_else(|| number.to_string())),
        Value::String(text) => {
            let text = text.trim();
            if let Ok(instant) = text.parse::<Timestamp>() {
                return shown(instant);
            }
            let fits = !text.is_empty() && text.chars().count() <= LONGEST_FACT && !text.contains('\n');
            let is_noise = web_address(text).is_some() || is_hash(text) || text.contains(['{', '}']);
            (fits && !is_noise).then(|| one_line(text)).filter(|text| !text.is_empty())
        }
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Words in the name of a number that counts seconds, or milliseconds, since 1970.
const INSTANTS: &[&str] = &["time", "date", "created", "updated", "_at", "since"];

/// A number that by its name and its size is an instant of our time.
fn instant(key: &str, value: &Value) -> Option<String> {
    let number = value.as_i64().filter(|_| INSTANTS.iter().any(|word| key.contains(word)))?;
    match number {
        1_000_000_000..=9_999_999_999 => shown(Timestamp::from_second(number).ok()?),
        1_000_000_000_000..=9_999_999_999_999 => shown(Timestamp::from_millisecond(number).ok()?),
        _ => None,
    }
}

/// An instant as people write it; none for the year 1 and for 1970, by which systems say "never".
fn shown(instant: Timestamp) -> Option<String> {
    (instant.as_second() > 0).then(|| instant.strftime("%d %b %Y, %H:%M UTC").to_string())
}

/// A digest, a UUID or the like.
fn is_hash(text: &str) -> bool {
    text.len() >= 20
        && text.chars().all(|c| c.is_ascii_hexdigit() || c == '-')
        && text.contains(|c: char| c.is_ascii_digit())
}

/// `disk_name` and `diskName` as `Disk name`.
fn words(key: &str) -> String {
    let mut out = String::new();
    let mut last_small = false;
    for c in key.chars() {
        if c.is_uppercase() && last_small {
            out.push(' ');
            out.extend(c.to_lowercase());
        } else if matches!(c, '_' | '-' | '.' | '/') {
            out.push(' ');
        } else {
            out.push(c);
        }
        last_small = c.is_lowercase();
    }
    let line = truncate(&one_line(&out), 40);
    let mut rest = line.chars();
    rest.next().map(|first| first.to_uppercase().chain(rest).collect()).unwrap_or_default()
}

struct Leaf<'a> {
    key: &'a str,
    /// The key by which it is looked for.
    name: String,
    value: &'a Value,
}

/// The values that hold no others, those nearest to the root first. A list's members go by the list's name.
fn leaves(payload: &Value) -> Vec<Leaf<'_>> {
    let mut found = Vec::new();
    let mut next = VecDeque::from([("", payload)]);
    for _ in 0..MOST_VALUES {
        let Some((key, value)) = next.pop_front() else { break };
        match value {
            Value::Object(map) => next.extend(map.iter().map(|(key, value)| (key.as_str(), value))),
            Value::Array(list) => next.extend(list.iter().take(20).map(|value| (key, value))),
            _ => found.push(Leaf { key, name: bare(key), value }),
        }
    }
    found
}

fn named<'a>(leaves: &[Leaf<'a>], names: &[&str]) -> Option<&'a str> {
    names.iter().find_map(|name| {
        let wanted = bare(name);
        leaves.iter().filter(|leaf| leaf.name == wanted).find_map(|leaf| {
            leaf.value
                .as_str()
                .filter(|text| !text.trim().is_empty() && web_address(text).is_none() && !is_hash(text.trim()))
        })
    })
}

/// `html_url`, `htmlUrl` and `HTML-URL` are one name: `htmlurl`. Long keys are no name that is looked for.
fn bare(key: &str) -> String {
    let letters = key.chars().take(40).filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_are_known_however_they_are_written() {
        let payload =
            json!({"data": {"HtmlUrl": "https://octo.example/1", "Alert-Name": "Disk full", "currentState": "open"}});
        assert_eq!(link(&payload).as_deref(), Some("https://octo.example/1"));
        assert_eq!(title(&payload), "Disk full");
        assert_eq!(status(&payload), "open");
    }

    #[test]
    fn facts_leave_out_what_says_nothing_to_people() {
        let payload = json!({
            "id": 7, "user_id": "x", "auth_token": "secret", "sha": "6dcb09b5b57875f334f61aebed695e2e4193db5e",
            "page": "https://octo.example", "empty": "", "endsAt": "0001-01-01T00:00:00Z", "created": 1_795_420_800,
            "hostName": "db-1", "ok": true, "long": "x".repeat(200),
        });
        let facts = facts(&payload, 9);
        let shown: Vec<String> = facts.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(shown, ["Created=23 Nov 2026, 08:00 UTC", "Host name=db-1", "Ok=yes"]);
    }
}
