//! Walks the elements of a card: refuses what Adaptive Card 1.4 does not know, makes every value safe for its place.
//!
//! What shows nothing is left out: a text, fact, picture or button whose value is missing, and a container of nothing.
//! So a template need not ask of each value whether it is there.

use serde_json::{Map, Value};

pub(super) use super::known::{ELEMENTS, Kind, Known, known};
use super::known::{SIZES, is_pixels};
use super::{fault::Fault, markdown, marks, text};
use crate::{card::Mention, config::problem::did_you_mean};

/// A list of elements, `place` being its name in the document.
pub(super) fn elements(list: Value, place: &str, mentions: &mut Vec<Mention>) -> Result<Vec<Value>, Fault> {
    Walk { mentions }.list(list, None, place)
}

/// A list of buttons.
pub(super) fn actions(list: Value, place: &str) -> Result<Vec<Value>, Fault> {
    Walk { mentions: &mut Vec::new() }.list(list, Some("Action.OpenUrl"), place)
}

struct Walk<'a> {
    mentions: &'a mut Vec<Mention>,
}

impl Walk<'_> {
    /// `only`: the one type that may stand in the list; none: any element.
    fn list(&mut self, list: Value, only: Option<&'static str>, place: &str) -> Result<Vec<Value>, Fault> {
        let Value::Array(list) = list else {
            return Err(Fault::of(place, format!("`{place}` is {}, and must be a list", kind_of(&list))));
        };
        let mut found = Vec::with_capacity(list.len());
        for (index, value) in list.into_iter().enumerate() {
            let place = format!("{place}[{index}]");
            match value {
                Value::Null => {}
                Value::Object(map) => found.extend(self.one(map, only, &place)?),
                // `{{{json …}}}` may yield a list where an element stands.
                Value::Array(_) => found.extend(self.list(value, only, &place)?),
                // An inline of a RichTextBlock may be a string.
                Value::String(text) if only == Some("TextRun") => {
                    let map = Map::from_iter([("text".to_owned(), Value::String(text))]);
                    found.extend(self.one(map, only, &place)?);
                }
                other => {
                    let found = format!("`{place}` is {}, and must be an element `{{…}}`", kind_of(&other));
                    return Err(Fault::of(place, found));
                }
            }
        }
        Ok(found)
    }

    fn one(
        &mut self,
        mut map: Map<String, Value>,
        only: Option<&'static str>,
        place: &str,
    ) -> Result<Option<Value>, Fault> {
        let named = match map.shift_remove("type") {
            Some(Value::String(name)) => Some(marks::strip(&name)),
            Some(other) => {
                let found = format!("the `type` of `{place}` is {}", kind_of(&other));
                return Err(Fault::of(format!("{place}.type"), found));
            }
            None => None,
        };
        let known = find(named.as_deref(), only, place)?;
        let mut made = Map::new();
        if known.name != "Fact" {
            made.insert("type".to_owned(), known.name.into());
        }
        for (name, value) in map {
            let Some(kind) = known.property(&name) else { return Err(unknown_property(known, &name, place)) };
            let at = || format!("{place}.{name}");
            if let Some(value) = self.value(value, kind, &at)? {
                made.insert(name, value);
            }
        }
        if !says_something(made.get(known.needs)) {
            return Ok(None);
        }
        if known.name == "Action.OpenUrl" {
            made.entry("title").or_insert_with(|| "Open".into());
        }
        if known.name == "Fact" {
            made.entry("title").or_insert_with(|| "".into());
        }
        Ok(Some(Value::Object(made)))
    }

    /// A property's value made safe; nothing where it is missing or unfit and was not the author's own.
    fn value(&mut self, value: Value, kind: Kind, place: &dyn Fn() -> String) -> Result<Option<Value>, Fault> {
        let wrong = |value: &Value, right: &str| {
            Err(Fault::of(place(), format!("`{}` is {}, and must be {right}", place(), kind_of(value))))
        };
        Ok(match (kind, value) {
            (_, Value::Null) => None,
            (Kind::Elements, list) => Some(self.list(list, None, &place())?.into()),
            (Kind::List(only), list) => Some(self.list(list, Some(only), &place())?.into()),
            (Kind::Action, Value::Object(map)) => self.one(map, Some("Action.OpenUrl"), &place())?,
            (Kind::Action, other) => return wrong(&other, "an Action.OpenUrl"),
            (Kind::Markdown, Value::String(text)) => Some(markdown::safe(&text, self.mentions).into()),
            (Kind::Markdown, number @ Value::Number(_)) => {
                Some(markdown::safe(&number.to_string(), self.mentions).into())
            }
            (Kind::Plain, Value::String(text)) => Some(markdown::plain(&text).into()),
            (Kind::Plain, number @ Value::Number(_)) => Some(number.to_string().into()),
            (Kind::Run, Value::String(text)) => Some(markdown::run(&text).into()),
            (Kind::Run, number @ Value::Number(_)) => Some(number.to_string().into()),
            (Kind::Address, Value::String(text)) => text::web_address(&marks::strip(&text)).map(Value::from),
            (Kind::Flag, flag @ Value::Bool(_)) => Some(flag),
            (Kind::Number, Value::Number(number)) if number.is_u64() => Some(number.into()),
            (Kind::Size, Value::Number(number)) => Some(number.into()),
            (Kind::Size, Value::String(text)) => sized(&text, place)?,
            (Kind::Word(words), Value::String(text)) => word(&text, words, place, "")?,
            (Kind::Markdown | Kind::Plain | Kind::Run | Kind::Address, other) => return wrong(&other, "a text"),
            (Kind::Flag, other) => return wrong(&other, "true or false, without quotes"),
            (Kind::Number, other) => return wrong(&other, "a whole number, without quotes"),
            (Kind::Size | Kind::Word(_), other) => return wrong(&other, "a word in quotes"),
        })
    }
}

fn find(named: Option<&str>, only: Option<&'static str>, place: &str) -> Result<&'static Known, Fault> {
    let of_type = |words: String| Fault::of(format!("{place}.type"), words);
    let name = match (named, only) {
        (Some(name), Some(only)) if name != only => {
            let found = format!("`{place}` is of type {}, and only {only} can stand there", quoted(name));
            return Err(of_type(found));
        }
        (Some(name), None) if !ELEMENTS.contains(&name) => {
            let cure = match did_you_mean(name, ELEMENTS.iter().copied()) {
                Some(near) => format!("did you mean {near}?"),
                None => format!("use one of {}", ELEMENTS.join(", ")),
            };
            let found = format!("`{place}` is of type {}, which Teams' webhooks do not take; {cure}", quoted(name));
            return Err(of_type(found));
        }
        (None, None) => {
            return Err(Fault::of(place, format!("`{place}` has no `type`; use one of {}", ELEMENTS.join(", "))));
        }
        (Some(name), _) => name,
        (None, Some(only)) => only,
    };
    known(name).ok_or_else(|| of_type(format!("`{place}` is of a type that is not known")))
}

/// A type's name as it may be quoted: it could have come from the payload.
fn quoted(name: &str) -> String {
    let safe = name.len() <= 40 && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '.');
    if safe { format!("`{name}`") } else { "another name".to_owned() }
}

fn unknown_property(known: &Known, name: &str, place: &str) -> Fault {
    let near = did_you_mean(name, known.all_properties().map(|(name, _)| name));
    let cure = match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => "take it out".to_owned(),
    };
    let found =
        format!("`{place}` is a {} and has no property {} in Adaptive Card 1.4; {cure}", known.name, quoted(name));
    Fault::of_key(place, name, found)
}

/// `or`: what else is right beside the words.
fn word(text: &str, words: &[&str], place: &dyn Fn() -> String, or: &str) -> Result<Option<Value>, Fault> {
    let plain = marks::strip(text);
    if let Some(word) = words.iter().find(|word| word.eq_ignore_ascii_case(&plain)) {
        return Ok(Some((*word).into()));
    }
    // A value of the payload that does not fit is the sender's fault, not the template's.
    if plain.is_empty() || marks::has_any(text) {
        return Ok(None);
    }
    let found = format!("`{}` is {}, and must be one of {}{or}", place(), quoted(&plain), words.join(", "));
    Err(Fault::of(place(), found))
}

fn sized(text: &str, place: &dyn Fn() -> String) -> Result<Option<Value>, Fault> {
    let plain = marks::strip(text);
    if is_pixels(&plain) {
        return Ok(Some(plain.into()));
    }
    word(text, SIZES, place, ", or pixels such as `24px`")
}

fn says_something(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => false,
        Some(Value::String(text)) => !text.trim().is_empty(),
        Some(Value::Array(list)) => !list.is_empty(),
        Some(_) => true,
    }
}

/// What a value is, in words.
pub(super) const fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
