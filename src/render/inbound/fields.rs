//! Looks up fields as senders write them: `activityTitle`, `ActivityTitle` and `activitytitle` are one.

use serde_json::{Map, Value};

/// An object of a sender's.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a>(pub(super) &'a Map<String, Value>);

impl<'a> Fields<'a> {
    /// Of a value that may be none.
    pub(super) fn of(value: &'a Value) -> Option<Self> {
        value.as_object().map(Self)
    }

    /// A field that is there and not null.
    pub(super) fn get(self, name: &str) -> Option<&'a Value> {
        let written = self.0.get(name).filter(|value| !value.is_null());
        let like = || self.0.iter().find(|(key, value)| key.eq_ignore_ascii_case(name) && !value.is_null());
        written.or_else(|| like().map(|(_, value)| value))
    }

    /// A field as text; empty where it is none.
    pub(super) fn text(self, name: &str) -> String {
        self.get(name).map(text_of).unwrap_or_default()
    }

    /// A field's members; of a field that is one object, that object.
    pub(super) fn list(self, name: &str) -> &'a [Value] {
        match self.get(name) {
            Some(Value::Array(list)) => list,
            Some(one @ Value::Object(_)) => std::slice::from_ref(one),
            _ => &[],
        }
    }

    /// The objects of a list.
    pub(super) fn objects(self, name: &str) -> impl Iterator<Item = Fields<'a>> {
        self.list(name).iter().filter_map(Fields::of)
    }

    /// A field that is true, or says so.
    pub(super) fn flag(self, name: &str) -> Option<bool> {
        flag(self.get(name)?)
    }
}

/// True or false, also in quotes.
pub(super) fn flag(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// A value as text; nothing for lists and objects.
pub(super) fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_field_is_found_in_any_case_and_one_object_is_a_list_of_it() {
        let value = json!({"Title": "a", "title": null, "SECTIONS": {"x": 1}, "flag": "True", "list": [1, {"y": 2}]});
        let fields = Fields::of(&value).unwrap();
        assert_eq!(fields.text("title"), "a");
        assert_eq!(fields.list("sections").len(), 1);
        assert_eq!(fields.flag("Flag"), Some(true));
        assert_eq!(fields.objects("list").count(), 1);
        assert!(fields.get("none").is_none() && fields.list("title").is_empty());
    }
}
