//! Who did it, and where: what stands beside the event.

use std::collections::VecDeque;

use serde_json::{Map, Value};

use super::{
    leaves::naming,
    names::{LINKS, bare},
};
use crate::render::text::web_address;

/// Those who do things, the likeliest first.
const ACTORS: &[&str] = &[
    "sender",
    "actor",
    "triggeredby",
    "createdby",
    "requestedby",
    "user",
    "author",
    "pusher",
    "creator",
    "initiator",
    "username",
    "userusername",
    "committer",
    "owner",
];
/// Where things happen, the nearest first.
const PLACES: &[&str] =
    &["repository", "repo", "project", "service", "workspace", "team", "organization", "site", "app"];
/// A picture of someone.
const FACES: &[&str] = &["avatarurl", "avatar", "avatar72", "photo", "picture", "imageurl"];
/// Objects in objects that are looked into.
const DEEPEST: usize = 3;

/// Someone, or a place.
pub(in crate::render) struct Party<'a> {
    pub(in crate::render) name: &'a Value,
    pub(in crate::render) link: Option<&'a Value>,
    pub(in crate::render) face: Option<&'a Value>,
}

/// Who did it.
pub(in crate::render) fn actor(payload: &Value) -> Option<Party<'_>> {
    party(payload, ACTORS)
}

/// Where it happened.
pub(in crate::render) fn place(payload: &Value) -> Option<Party<'_>> {
    party(payload, PLACES)
}

/// The best of the names counts, and of one name that nearest to the root.
fn party<'a>(payload: &'a Value, names: &[&str]) -> Option<Party<'a>> {
    let mut next = VecDeque::from([(payload, 0)]);
    let mut best: Option<(usize, Party<'a>)> = None;
    while let Some((value, depth)) = next.pop_front() {
        let Value::Object(map) = value else { continue };
        for (key, value) in map {
            let name = bare(key);
            let rank = names.iter().position(|known| *known == name);
            if let Some((rank, found)) = rank.zip(of(value))
                && best.as_ref().is_none_or(|(known, _)| rank < *known)
            {
                best = Some((rank, found));
            }
            if depth < DEEPEST {
                next.push_back((value, depth + 1));
            }
        }
    }
    best.map(|(_, party)| party)
}

fn of(value: &Value) -> Option<Party<'_>> {
    match value {
        Value::String(text) if !text.trim().is_empty() && web_address(text).is_none() => {
            Some(Party { name: value, link: None, face: None })
        }
        Value::Object(map) => {
            let (_, name) = naming(map)?;
            Some(Party { name, link: address(map, LINKS, false), face: address(map, FACES, true) })
        }
        _ => None,
    }
}

fn address<'a>(map: &'a Map<String, Value>, names: &[&str], is_picture: bool) -> Option<&'a Value> {
    let named = |wanted: &str| map.iter().find(|(key, _)| bare(key) == wanted).map(|(_, value)| value);
    let fits = |value: &&Value| {
        value
            .as_str()
            .and_then(web_address)
            .is_some_and(|url| is_picture || !url.contains("://api.") && !url.contains("/api/"))
    };
    names.iter().find_map(|name| named(name).filter(fits))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_one_who_acts_and_the_place_are_told_with_face_and_link() {
        let payload = json!({
            "user": {"name": "Someone else"},
            "repository": {"full_name": "octo/tides", "url": "https://api.octo.example/1", "html_url": "https://octo.example/tides"},
            "sender": {"login": "mona", "avatar_url": "https://octo.example/mona.png"},
        });
        let (actor, place) = (actor(&payload).unwrap(), place(&payload).unwrap());
        assert_eq!((actor.name, actor.link), (&json!("mona"), None));
        assert_eq!(actor.face, Some(&json!("https://octo.example/mona.png")));
        assert_eq!(place.name, &json!("octo/tides"));
        assert_eq!(place.link, Some(&json!("https://octo.example/tides")));
        assert!(super::actor(&json!({"user": {"id": 7}, "author": ""})).is_none());
    }
}
