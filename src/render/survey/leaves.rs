//! The values of a payload that hold no others, each with where it stands.

use std::collections::VecDeque;

use serde_json::{Map, Value};

use super::names::{BESIDE, NAMING, WRAPPERS, bare};

/// Values that are looked at; the interesting ones stand near the top.
const MOST_VALUES: usize = 2_000;
/// Members of a list that are looked at.
const MOST_MEMBERS: usize = 20;

pub(super) struct Leaf<'a> {
    pub(super) key: &'a str,
    /// The key by which it is looked for.
    pub(super) name: String,
    pub(super) value: &'a Value,
    /// How many objects it stands in.
    pub(super) depth: usize,
    /// Whether it belongs to something that only stands beside the event, such as a repository or a sender.
    pub(super) beside: bool,
    /// Whether it is one of many.
    pub(super) in_list: bool,
    /// Whether an object goes by this value, so that it is told under the object's name.
    pub(super) is_told: bool,
}

impl<'a> Leaf<'a> {
    pub(super) fn text(&self) -> Option<&'a str> {
        self.value.as_str().map(str::trim).filter(|text| !text.is_empty())
    }
}

struct Place<'a> {
    key: &'a str,
    value: &'a Value,
    depth: usize,
    beside: bool,
    in_list: bool,
    is_told: bool,
}

/// Those nearest to the root first. A list's members go by the list's name; an object that has a name of its own, such
/// as `"priority": {"name": "High"}`, gives one leaf more, as if it were `"priority": "High"`.
pub(super) fn leaves(payload: &Value) -> Vec<Leaf<'_>> {
    let mut found = Vec::new();
    let mut next =
        VecDeque::from([Place { key: "", value: payload, depth: 0, beside: false, in_list: false, is_told: false }]);
    for _ in 0..MOST_VALUES {
        let Some(place) = next.pop_front() else { break };
        match place.value {
            Value::Object(map) => open(map, &place, &mut next, &mut found),
            Value::Array(list) => {
                next.extend(list.iter().take(MOST_MEMBERS).map(|value| Place { value, in_list: true, ..place }));
            }
            value => found.push(Leaf {
                key: place.key,
                name: bare(place.key),
                value,
                depth: place.depth,
                beside: place.beside,
                in_list: place.in_list,
                is_told: place.is_told,
            }),
        }
    }
    found
}

fn open<'a>(map: &'a Map<String, Value>, place: &Place<'a>, next: &mut VecDeque<Place<'a>>, found: &mut Vec<Leaf<'a>>) {
    let name = bare(place.key);
    let has_name = !name.is_empty() && !WRAPPERS.iter().any(|wrapper| name.ends_with(wrapper));
    let naming = if has_name { naming(map) } else { None };
    if let Some((_, value)) = naming {
        let Place { depth, beside, in_list, .. } = *place;
        found.push(Leaf { key: place.key, name: name.clone(), value, depth, beside, in_list, is_told: false });
    }
    let beside = place.beside || BESIDE.contains(&name.as_str());
    next.extend(map.iter().map(|(key, value)| Place {
        key,
        value,
        depth: place.depth + 1,
        beside,
        in_list: place.in_list,
        is_told: naming.is_some_and(|(naming, _)| naming == key),
    }));
}

/// The member by which an object is called.
pub(super) fn naming(map: &Map<String, Value>) -> Option<(&str, &Value)> {
    let named = |wanted: &str| {
        let mut members = map.iter().filter(|(_, value)| value.as_str().is_some_and(|text| !text.trim().is_empty()));
        members.find(|(key, _)| bare(key) == wanted)
    };
    NAMING.iter().find_map(|wanted| named(wanted)).map(|(key, value)| (key.as_str(), value))
}
