//! JSON in and out: the one helper that may stand in triple braces, and one for JSON that travels as text.

use serde_json::Value;

use super::HelperDoc;
use crate::render::marks;

pub(super) const HELPERS: &[HelperDoc] = &[
    HelperDoc {
        name: "json",
        usage: "{{{json value}}}",
        gives: "A number, a list or an object as JSON, without quotes around it; its texts stay values.",
        example: ["{{{json payload}}}", r#"{"a":[1,"x\"y"]}"#, r#"{"a":[1,"x\"y"]}"#],
        values: (1, 1),
        run: |args| {
            let mut out = String::new();
            write(args.value(0), &mut out);
            Ok(out.into())
        },
    },
    HelperDoc {
        name: "parse_json",
        usage: "{{lookup (parse_json text) \"key\"}}",
        gives: "What a text of JSON says; the text itself where it is none, and any other value as it is.",
        example: [
            "{{lookup (parse_json payload.Message) \"AlarmName\"}}",
            r#"{"Message":"{\"AlarmName\":\"disk-full\"}"}"#,
            "disk-full",
        ],
        values: (1, 1),
        run: |args| {
            let Value::String(text) = args.value(0) else { return Ok(args.value(0).clone()) };
            let Ok(mut parsed) = serde_json::from_str(text) else { return Ok(text.as_str().into()) };
            // An escape in the text may have hidden a mark.
            marks::strip_all(&mut parsed);
            Ok(parsed)
        },
    },
];

/// Compact JSON, its strings marked as values; keys are bare, since they are looked up and not shown.
fn write(value: &Value, out: &mut String) {
    match value {
        Value::String(text) => {
            out.push('"');
            out.push_str(&marks::escape(text));
            out.push('"');
        }
        Value::Array(list) => {
            out.push('[');
            for (index, member) in list.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write(member, out);
            }
            out.push(']');
        }
        Value::Object(map) => {
            out.push('{');
            for (index, (key, member)) in map.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                out.push_str(&Value::from(key.as_str()).to_string());
                out.push(':');
                write(member, out);
            }
            out.push('}');
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => out.push_str(&value.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use crate::render::Words;
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::{super::Args, *};

    #[test]
    fn no_mark_can_be_hidden_in_a_text_of_json_and_any_text_is_taken() {
        let parse = HELPERS.iter().find(|helper| helper.name == "parse_json").unwrap().run;
        let parsed = |text: &str| {
            let (value, root) = (Value::from(text), Value::Null);
            parse(&Args { values: vec![&value], named: BTreeMap::new(), root: &root, words: &Words::default() })
                .unwrap()
        };
        assert_eq!(parsed(r#"{"a\ufdd1": "x\ufdd4y"}"#), json!({"a": "xy"}));
        assert_eq!(parsed("no JSON"), json!("no JSON"));
        assert_eq!(parsed(&"[".repeat(10_000)), json!("[".repeat(10_000)));
    }
}
