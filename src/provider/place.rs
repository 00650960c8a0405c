//! Finds what stands at a place of a webhook, and makes a delivery id of it.

use http::HeaderMap;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::config::provider::{IdPlace, Place};

/// What places are looked for in.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
    pub(super) headers: &'a HeaderMap,
    /// As it was asked for, still encoded.
    pub(super) query: &'a str,
    /// `Null` where nothing may be looked up in the body.
    pub(super) payload: &'a Value,
}

/// The text at the first of these places that holds any.
pub(super) fn first_text(places: &[Place], seen: Seen<'_>) -> Option<String> {
    places.iter().find_map(|place| said_at(place, seen))
}

/// The text that stands there, if it says anything.
fn said_at(place: &Place, seen: Seen<'_>) -> Option<String> {
    let text = text_at(place, seen)?;
    // A type of nothing but control characters would be cleaned away to an empty one.
    let says_something = text.chars().any(|c| !c.is_control() && !c.is_whitespace());
    says_something.then(|| text.trim().to_owned())
}

/// The delivery id at the first of these that are there, each with all its places. Several texts become a JSON list,
/// in which it stays clear where one ends.
pub(super) fn first_id(ids: &[IdPlace], seen: Seen<'_>) -> Option<String> {
    let found = ids.iter().find_map(|id| match id.places() {
        [place] => said_at(place, seen),
        places => {
            let texts: Option<Vec<String>> = places.iter().map(|place| said_at(place, seen)).collect();
            texts.map(|texts| Value::from(texts).to_string())
        }
    });
    found.map(delivery_id)
}

/// The text that stands there, as it stands. Numbers are text; lists and tables are none.
pub(super) fn text_at(place: &Place, seen: Seen<'_>) -> Option<String> {
    match place {
        Place::Header(name) => Some(std::str::from_utf8(seen.headers.get(&name.0)?.as_bytes()).ok()?.to_owned()),
        Place::Query(name) => {
            let mut pairs = form_urlencoded::parse(seen.query.as_bytes());
            pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
        }
        Place::Body(pointer) => match seen.payload.pointer(pointer.as_str())? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        },
    }
}

/// The longest delivery id that is kept as it is. Providers' own are UUIDs or shorter than 64 bytes.
const LONGEST: usize = 128;

/// What stands before an id that is kept as its hash.
const HASHED: &str = "sha256:";

/// The id that a repeat is known by: the provider's own, or its SHA-256 if that is long or holds control characters.
///
/// An id that looks like such a hash is hashed too, so that no two ids ever come to the same.
fn delivery_id(found: String) -> String {
    if found.len() <= LONGEST && !found.starts_with(HASHED) && !found.chars().any(char::is_control) {
        return found;
    }
    format!("{HASHED}{}", hex::encode(Sha256::digest(found.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_stay_apart_whatever_their_length() {
        let long = "a".repeat(LONGEST + 1);
        let longer = "a".repeat(LONGEST + 2);
        let hashed = delivery_id(long.clone());
        assert!(hashed.len() <= LONGEST && hashed != delivery_id(longer));
        // An id that imitates the hash of another does not become it.
        assert_ne!(delivery_id(hashed.clone()), hashed);
        assert_ne!(delivery_id("a\nb".to_owned()), delivery_id("ab".to_owned()));
        for kept in ["72d3162e-cc78-11e3-81ab-4c9367dc0958", "17", &"a".repeat(LONGEST)] {
            assert_eq!(delivery_id(kept.to_owned()), kept);
        }
    }

    #[test]
    fn the_first_place_that_holds_text_decides() {
        let payload = serde_json::json!({"no": null, "list": [1], "empty": " ", "n": 9007199254740993_u64, "t": "x"});
        let places = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<Place>>();
        let mut headers = HeaderMap::new();
        headers.insert("x-raw", http::HeaderValue::from_bytes(b"\xff").unwrap());
        headers.insert("x-event", http::HeaderValue::from_static(" push "));
        let query = "?a&topic=two%20words+and+%C3%A9&topic=second&empty=".trim_start_matches('?');
        let seen = Seen { headers: &headers, query, payload: &payload };
        let found = |texts: &[&str]| first_text(&places(texts), seen);
        assert_eq!(found(&["?none", "?empty", "?a", "?topic"]).unwrap(), "two words and é");
        assert_eq!(
            found(&["/no", "/list", "/empty", "/not/there", "X-Raw", "X-Not", "/n"]).unwrap(),
            "9007199254740993"
        );
        assert_eq!(found(&["X-Event", "/t"]).unwrap(), "push");
        assert_eq!(found(&["/t", "X-Event"]).unwrap(), "x");
        assert_eq!(found(&[]), None);
    }

    #[test]
    fn joined_places_make_an_id_only_all_together() {
        let payload = serde_json::json!({"source": "/a", "id": 7, "c": "d\",\"e"});
        let seen = Seen { headers: &HeaderMap::new(), query: "", payload: &payload };
        let found = |ids: serde_json::Value| {
            let ids: Vec<IdPlace> = serde_json::from_value(ids).unwrap();
            first_id(&ids, seen)
        };
        assert_eq!(found(serde_json::json!([["/source", "/id"]])).unwrap(), r#"["/a","7"]"#);
        assert_eq!(found(serde_json::json!([["/source", "/none"], "/id"])).unwrap(), "7");
        assert_eq!(found(serde_json::json!([["/source", "/none"]])), None);
        assert_eq!(found(serde_json::json!([["/c", "/id"]])).unwrap(), r#"["d\",\"e","7"]"#, "where one ends is clear");
    }
}
