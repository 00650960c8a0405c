//! The few values of a payload that are worth a reader's time.

use jiff::{Timestamp, tz::TimeZone};
use serde_json::Value;

use super::{
    leaves::{Leaf, leaves},
    names::{NOISE, TELLING, words as name_of},
    status, text, title,
};
use crate::render::{
    Locale, Words,
    helpers::length,
    phrase,
    text::{one_line, truncate, web_address},
};

/// Longer values are no facts.
const LONGEST: usize = 80;

/// So many short values, with their names as people write them: the most telling ones, in the order of the payload.
pub(crate) fn facts(payload: &Value, most: usize, words: &Words, zone: &TimeZone) -> Vec<(String, String)> {
    chosen(payload, most, words, zone).into_iter().map(|(_, fact)| (fact.name, fact.shown)).collect()
}

/// The same, each as its name, the value itself, and how it is shown.
pub(in crate::render) fn fact_leaves(payload: &Value, most: usize) -> Vec<(String, &Value, How)> {
    let english = Locale::default();
    let chosen = chosen(payload, most, english.words(), &TimeZone::UTC);
    chosen.into_iter().map(|(value, fact)| (fact.name, value, fact.how)).collect()
}

/// How a fact's value becomes what people read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::render) enum How {
    AsItIs,
    /// As yes or no.
    Flag,
    /// As the helper `date` writes it.
    Instant,
    /// Seconds, as the helper `duration` writes them.
    Length,
    /// Without `refs/heads/`.
    Ref,
}

struct Fact {
    /// 0 for what tells most.
    rank: u8,
    name: String,
    shown: String,
    how: How,
}

impl Fact {
    fn new(rank: u8, key: &str, shown: impl Into<String>, how: How) -> Self {
        Self { rank, name: name_of(key), shown: shown.into(), how }
    }
}

fn chosen<'p>(payload: &'p Value, most: usize, words: &Words, zone: &TimeZone) -> Vec<(&'p Value, Fact)> {
    let said = [title(payload), text(payload), status(payload)].map(|text| text.to_lowercase());
    let mut found: Vec<(&'p Value, Fact)> = Vec::new();
    for leaf in leaves(payload) {
        let Some(fact) = fact(&leaf, words, zone) else { continue };
        let is_new = found.iter().all(|(_, known)| known.name != fact.name && known.shown != fact.shown);
        if is_new && !fact.name.is_empty() && !said.contains(&fact.shown.to_lowercase()) {
            found.push((leaf.value, Fact { name: truncate(&fact.name, 40), ..fact }));
        }
    }
    let mut order: Vec<(u8, usize)> = found.iter().enumerate().map(|(index, (_, fact))| (fact.rank, index)).collect();
    order.sort_unstable();
    let chosen: Vec<usize> = order.into_iter().take(most).map(|(_, index)| index).collect();
    let mut index = 0..;
    found.retain(|_| index.next().is_some_and(|index| chosen.contains(&index)));
    found
}

/// None for what says nothing to people.
fn fact(leaf: &Leaf<'_>, words: &Words, zone: &TimeZone) -> Option<Fact> {
    let is_label = leaf.name.chars().count() < 2 || leaf.name.starts_with("customfield");
    if leaf.beside
        || leaf.is_told
        || is_label
        || is_id(leaf.key)
        || is_secret(leaf.key)
        || NOISE.contains(&leaf.name.as_str())
    {
        return None;
    }
    let telling = u8::from(!TELLING.contains(&leaf.name.as_str()));
    match leaf.value {
        Value::Bool(flag) => {
            Some(Fact::new(3, leaf.key, words.phrase(if *flag { phrase::YES } else { phrase::NO }), How::Flag))
        }
        Value::Number(number) => {
            if let Some(instant) = instant(leaf, words, zone) {
                return Some(Fact::new(2, leaf.key, instant, How::Instant));
            }
            if let Some((key, seconds)) = leaf.key.strip_suffix("_seconds").zip(number.as_i64().filter(|n| *n >= 0)) {
                return Some(Fact::new(0, key, length(seconds, words), How::Length));
            }
            let rank = if number.as_f64() == Some(0.0) { 3 } else { telling };
            Some(Fact::new(rank, leaf.key, number.to_string(), How::AsItIs))
        }
        Value::String(text) => {
            let text = text.trim();
            if let Some(flag) = [("true", phrase::YES), ("false", phrase::NO)].iter().find(|(word, _)| *word == text) {
                return Some(Fact::new(3, leaf.key, words.phrase(flag.1), How::AsItIs));
            }
            if let Some(instant) = written(text) {
                // `date` reads RFC 3339 alone.
                let how = if text.parse::<Timestamp>().is_ok() { How::Instant } else { How::AsItIs };
                return shown(instant, words, zone).map(|instant| Fact::new(2, leaf.key, instant, how));
            }
            if let Some(instant) = instant(leaf, words, zone) {
                return Some(Fact::new(2, leaf.key, instant, How::AsItIs));
            }
            let bare = text.strip_prefix("refs/heads/").or_else(|| text.strip_prefix("refs/tags/"));
            let (text, how) = bare.map_or((text, How::AsItIs), |bare| (bare, How::Ref));
            is_for_people(text).then(|| Fact::new(telling, leaf.key, one_line(text), how))
        }
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn is_id(key: &str) -> bool {
    let lower = key.to_ascii_lowercase();
    lower == "id"
        || ["_id", "-id", "_ids", "uuid", "guid"].iter().any(|end| lower.ends_with(end))
        || ["Id", "ID", "Ids"].iter().any(|end| key.ends_with(end))
}

fn is_secret(key: &str) -> bool {
    let lower = key.to_ascii_lowercase();
    ["token", "secret", "signature", "password", "sig"].iter().any(|word| lower.contains(word))
}

fn is_for_people(text: &str) -> bool {
    let length = text.chars().count();
    let is_address = web_address(text).is_some() || text.contains("://") || text.starts_with("git@");
    (1..=LONGEST).contains(&length)
        && text.contains(char::is_alphanumeric)
        && !text.contains(['\n', '{', '}'])
        && !text.starts_with('*')
        && !is_address
        && !is_opaque(text)
}

/// A digest, a UUID, a key that a machine made up: long, without a blank, letters and digits mixed.
pub(super) fn is_opaque(text: &str) -> bool {
    let bare = text.rsplit_once(':').map_or(text, |(_, rest)| rest);
    let has = |what: fn(char) -> bool| bare.contains(what);
    let is_hex = bare.len() >= 16 && bare.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
    let is_key = bare.len() >= 16 && bare.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '/' | '=' | '+'));
    // `cus_9s6XKzkNRiz8i3`: a kind and a key.
    let is_numbered = bare.rsplit_once('_').is_some_and(|(_, key)| {
        key.len() >= 10 && key.chars().all(|c| c.is_ascii_alphanumeric()) && key.contains(|c: char| c.is_ascii_digit())
    });
    is_numbered
        || (is_hex && has(|c| c.is_ascii_digit()))
        || (is_key && has(|c| c.is_ascii_digit()) && has(|c| c.is_ascii_uppercase()) && has(|c| c.is_ascii_lowercase()))
}

/// Words in the name of a number that counts seconds, or milliseconds, since 1970.
const INSTANTS: &[&str] = &[
    "time", "date", "created", "updated", "pushed", "start", "end", "inserted", "received", "period", "anchor", "due",
    "expires", "_at", "since",
];

/// A number that by its name and its size is an instant of our time.
fn instant(leaf: &Leaf<'_>, words: &Words, zone: &TimeZone) -> Option<String> {
    let key = leaf.key.to_ascii_lowercase();
    let number = match leaf.value {
        Value::String(text) => text.trim().strip_suffix(".0").unwrap_or(text.trim()).parse().ok()?,
        value => value.as_i64().or_else(|| value.as_f64().filter(|number| number.abs() < 1e15).map(whole))?,
    };
    if !INSTANTS.iter().any(|word| key.contains(word)) {
        return None;
    }
    match number {
        1_000_000_000..=9_999_999_999 => shown(Timestamp::from_second(number).ok()?, words, zone),
        1_000_000_000_000..=9_999_999_999_999 => shown(Timestamp::from_millisecond(number).ok()?, words, zone),
        1_000_000_000_000_000_000.. => shown(Timestamp::from_microsecond(number / 1_000).ok()?, words, zone),
        _ => None,
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the caller lets numbers below 10^15 through")]
const fn whole(number: f64) -> i64 {
    number as i64
}

/// An instant as systems write it: RFC 3339, or with blanks and `UTC`.
fn written(text: &str) -> Option<Timestamp> {
    let loose = || {
        let offset = text.strip_suffix("UTC").map(|rest| format!("{rest}+0000"));
        Timestamp::strptime("%Y-%m-%d %H:%M:%S %z", offset.as_deref().unwrap_or(text)).ok()
    };
    text.parse().ok().or_else(loose)
}

/// An instant as people write it; none for the year 1 and for 1970, by which systems say "never".
fn shown(instant: Timestamp, words: &Words, zone: &TimeZone) -> Option<String> {
    if instant.as_second() <= 0 {
        return None;
    }
    words.dates.write(&instant.to_zoned_datetime(zone.clone()), None).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn shown(payload: &Value, most: usize) -> Vec<String> {
        facts(payload, most, &Words::default(), &TimeZone::UTC)
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect()
    }

    #[test]
    fn facts_leave_out_what_says_nothing_to_people() {
        let payload = json!({
            "title": "t", "id": 7, "user_id": "x", "dashboardId": 3, "auth_token": "secret", "api_version": "2026-01-01",
            "sha": "6dcb09b5b57875f334f61aebed695e2e4193db5e", "ref_key": "AXgTFfXRZCzhMRNj54bo",
            "page": "https://octo.example", "clone": "git@octo.example:a/b.git", "empty": "",
            "endsAt": "0001-01-01T00:00:00Z", "created": 1_795_420_800, "hostName": "db-1", "ok": true,
            "long": "x".repeat(200),
        });
        assert_eq!(shown(&payload, 9), ["Created=23 Nov 2026, 08:00 UTC", "Host name=db-1", "Ok=yes"]);
    }

    #[test]
    fn the_telling_facts_come_first_where_not_all_are_wanted() {
        let payload =
            json!({"muted": false, "retries": 0, "note_kind": "x", "host": "db-1", "nested": {"region": "eu"}});
        assert_eq!(shown(&payload, 2), ["Host=db-1", "Region=eu"]);
        assert_eq!(shown(&payload, 3), ["Note kind=x", "Host=db-1", "Region=eu"]);
    }

    #[test]
    fn an_object_goes_by_its_name() {
        let payload = json!({
            "title": "t", "queue": {"name": "Mail", "depth": 4}, "sender": {"login": "mona", "plan": "free"},
            "duration_seconds": 412, "ref": "refs/heads/main",
        });
        assert_eq!(shown(&payload, 9), ["Queue=Mail", "Sender=mona", "Duration=6 min 52 s", "Ref=main", "Depth=4"]);
    }
}
