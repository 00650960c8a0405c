//! The one helper that may stand in triple braces: a value as JSON.

use serde_json::Value;

use super::HelperDoc;
use crate::render::marks;

pub(super) const HELPERS: &[HelperDoc] = &[HelperDoc {
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
}];

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
