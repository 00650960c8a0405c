//! Reads JSON to its end, and builds a tree of those parts alone that are looked at.
//!
//! What it lets through is what the whole parser lets through, for it is the same one: all numbers, texts and levels of
//! nesting are read, only not kept. Where it sees that it can't be sure of that it gives up, and the whole is parsed.

use std::{borrow::Cow, fmt};

use serde::{
    Deserializer,
    de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Value};

use crate::event::parts::Parts;

/// By this name the parser's crate knows JSON within JSON, which is no member like others.
const RAW: &str = "$serde_json::private::RawValue";

/// The parts that somebody looks at, in a tree that has nothing else; none where the text must be parsed whole.
pub(super) fn parse(text: &str, looked_at: &[&Parts]) -> Option<Value> {
    let mut parser = serde_json::Deserializer::from_str(text);
    let value = Part(looked_at.to_vec()).deserialize(&mut parser).ok()?;
    parser.end().ok()?;
    Some(value)
}

/// A place in the tree, and who looks at it or below it.
struct Part<'p>(Vec<&'p Parts>);

impl<'p> Part<'p> {
    fn below(&self, name: &str) -> Vec<&'p Parts> {
        self.0.iter().filter_map(|part| part.below(name)).collect()
    }
}

impl<'de> DeserializeSeed<'de> for Part<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, parser: D) -> Result<Value, D::Error> {
        if self.0.iter().any(|part| part.is_whole()) {
            return serde::Deserialize::deserialize(parser);
        }
        parser.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Part<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut members: M) -> Result<Value, M::Error> {
        let mut kept = Map::new();
        while let Some(name) = members.next_key_seed(Name)? {
            let looked_at = self.below(&name);
            if looked_at.is_empty() {
                members.next_value_seed(Skipped)?;
            } else {
                kept.insert(name.into_owned(), members.next_value_seed(Part(looked_at))?);
            }
        }
        Ok(Value::Object(kept))
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut items: S) -> Result<Value, S::Error> {
        let mut kept = Vec::new();
        for index in 0_usize.. {
            let looked_at = self.below(&index.to_string());
            if looked_at.is_empty() {
                if items.next_element_seed(Skipped)?.is_none() {
                    break;
                }
                kept.push(Value::Null);
            } else {
                let Some(item) = items.next_element_seed(Part(looked_at))? else { break };
                kept.push(item);
            }
        }
        Ok(Value::Array(kept))
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, yes: bool) -> Result<Value, E> {
        Ok(yes.into())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }
}

/// A member's name.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, parser: D) -> Result<Self::Value, D::Error> {
        parser.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E: Error>(self, name: &'de str) -> Result<Self::Value, E> {
        known(name)?;
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        known(name)?;
        Ok(Cow::Owned(name.to_owned()))
    }
}

fn known<E: Error>(name: &str) -> Result<(), E> {
    if name == RAW { Err(E::custom("a name that the parser gives a meaning of its own")) } else { Ok(()) }
}

/// What nobody looks at.
struct Skipped;

impl<'de> DeserializeSeed<'de> for Skipped {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, parser: D) -> Result<(), D::Error> {
        // Not `deserialize_ignored_any`, which looks at neither numbers nor levels of nesting.
        parser.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Skipped {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut members: M) -> Result<(), M::Error> {
        while members.next_key_seed(Name)?.is_some() {
            members.next_value_seed(Skipped)?;
        }
        Ok(())
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut items: S) -> Result<(), S::Error> {
        while items.next_element_seed(Skipped)?.is_some() {}
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parts(pointers: &[&str]) -> Parts {
        let mut parts = Parts::default();
        pointers.iter().for_each(|pointer| parts.add_pointer(pointer));
        parts
    }

    #[test]
    fn what_is_looked_at_stands_where_it_stood_and_nothing_else_does() {
        let text = r#"{"a": {"b": [1, {"c": "x", "d": 2}, 3], "e": null}, "f": "long", "g": {"h": 1.5}, "a2": true}"#;
        let (one, other) = (parts(&["/a/b/1/c", "/f/deeper"]), parts(&["/g"]));
        let kept = parse(text, &[&one, &other]).unwrap();
        assert_eq!(kept, serde_json::json!({"a": {"b": [null, {"c": "x"}, null]}, "f": "long", "g": {"h": 1.5}}));
    }

    #[test]
    fn what_the_whole_parser_refuses_is_not_read_in_part_either() {
        let nested = format!("{{\"deep\": {}{}}}", "[".repeat(200), "]".repeat(200));
        for refused in
            ["[1e999]", "{\"a\": \"\\ud83d\"}", "{\"a\": 1} 2", "{\"a\": tru}", "[1,]", "{\"a\": 01}", &nested]
        {
            assert!(serde_json::from_str::<Value>(refused).is_err(), "{refused}");
            assert_eq!(parse(refused, &[&parts(&["/b"])]), None, "{refused}");
        }
        assert_eq!(parse(r#"{"$serde_json::private::RawValue": "1"}"#, &[&parts(&["/b"])]), None);
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            ".{0,6}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec(("[ab/~0]{0,2}", inner), 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_pointer_finds_the_same_in_the_part_and_in_the_whole(json in any_json(), pointers in prop::collection::vec("(/[ab~0-1]{0,2}){1,3}", 0..4)) {
            let parts = parts(&pointers.iter().map(String::as_str).collect::<Vec<_>>());
            let part = parse(&json.to_string(), &[&parts]).unwrap();
            prop_assert_eq!(part.is_object(), json.is_object());
            let whole: Value = serde_json::from_str(&json.to_string()).unwrap();
            for pointer in &pointers {
                prop_assert_eq!(part.pointer(pointer), whole.pointer(pointer));
            }
        }
    }
}
