//! Helpers for lists.

use serde_json::{Map, Value, json};
use unicode_segmentation::UnicodeSegmentation;

use super::{ANY, Args, HelperDoc, is_empty, lines::at, text_of};
use crate::render::phrase;

pub(super) const HELPERS: &[HelperDoc] = &[
    HelperDoc {
        name: "first",
        usage: "{{first list}}",
        gives: "The first member.",
        example: ["{{first payload}}", r#"["a","b"]"#, "a"],
        values: (1, 1),
        run: |args| Ok(args.list(0).first().cloned().unwrap_or_default()),
    },
    HelperDoc {
        name: "last",
        usage: "{{last list}}",
        gives: "The last member.",
        example: ["{{last payload}}", r#"["a","b"]"#, "b"],
        values: (1, 1),
        run: |args| Ok(args.list(0).last().cloned().unwrap_or_default()),
    },
    HelperDoc {
        name: "lookup",
        usage: "{{lookup value key}}",
        gives: "An object's member of that name, or a list's at that place, from 0.",
        example: ["{{lookup payload \"a b\"}}", r#"{"a b":1}"#, "1"],
        values: (2, 2),
        run: |args| {
            let member = match args.value(0) {
                Value::Array(list) => list.get(args.count(1, usize::MAX)),
                other => other.get(args.text(1)),
            };
            Ok(member.cloned().unwrap_or_default())
        },
    },
    HelperDoc {
        name: "values",
        usage: "{{first (values object)}}",
        gives: "An object's values, where their names can't be known.",
        example: ["{{join (values payload)}}", r#"{"a":"x","b":"y"}"#, "x, y"],
        values: (1, 1),
        run: |args| match args.value(0) {
            Value::Object(map) => Ok(map.values().cloned().collect::<Vec<_>>().into()),
            _ => Ok(Value::Array(Vec::new())),
        },
    },
    HelperDoc {
        name: "take",
        usage: "{{#each (take list 5)}}",
        gives: "The first so many members.",
        example: ["{{#each (take payload 2)}}{{this}}{{/each}}", r#"["a","b","c"]"#, "ab"],
        values: (2, 2),
        run: |args| Ok(args.list(0).iter().take(args.count(1, usize::MAX)).cloned().collect::<Vec<_>>().into()),
    },
    HelperDoc {
        name: "pick",
        usage: "(pick list 6 \"id author.name\")",
        gives: "The first so many members, each with these fields alone: what is handed to a partial is copied, so hand it what it shows.",
        example: [
            "{{#each (pick payload 1 \"id author.name\")}}{{id}} {{author.name}} {{author.email}}{{/each}}",
            r#"[{"id":"a1","author":{"name":"Mona","email":"m@octo.example"}},{"id":"b2"}]"#,
            "a1 Mona",
        ],
        values: (3, 3),
        run: |args| {
            let fields = args.text(2);
            let members = args.list(0).iter().take(args.count(1, usize::MAX));
            Ok(members.map(|member| picked(member, &fields)).collect::<Vec<_>>().into())
        },
    },
    HelperDoc {
        name: "join",
        usage: "{{join list \", \" field=\"name\"}}",
        gives: "The members, or a field of each (a name, or a path with dots), with a text between them.",
        example: [
            "{{join payload \", \" field=\"user.name\"}}",
            r#"[{"user":{"name":"Mona"}},{"user":{"name":"Lisa"}}]"#,
            "Mona, Lisa",
        ],
        values: (1, 2),
        run: join,
    },
    HelperDoc {
        name: "len",
        usage: "{{len value}}",
        gives: "How many members a list or an object has, or characters a text.",
        example: ["{{len payload}}", r#"["a","b"]"#, "2"],
        values: (1, 1),
        run: |args| Ok(size(args.value(0)).into()),
    },
    HelperDoc {
        name: "count",
        usage: "{{count value}}",
        gives: "The same as `len`.",
        example: ["{{count payload}}", r#"["a","b"]"#, "2"],
        values: (1, 1),
        run: |args| Ok(size(args.value(0)).into()),
    },
    HelperDoc {
        name: "more",
        usage: "{{more list 5 \"commit\"}}",
        gives: "What `take` left out, in words; nothing where it left out nothing.",
        example: ["{{more payload 2 \"commit\"}}", r#"["a","b","c"]"#, "… and 1 more commit"],
        values: (2, 3),
        run: |args| {
            let rest = args.list(0).len().saturating_sub(args.count(1, usize::MAX));
            let (number, noun) = (rest.to_string(), args.text(2));
            let noun = if rest == 1 { noun } else { plural_of(&noun) };
            Ok(match rest {
                0 => String::new(),
                _ if noun.is_empty() => args.words.fill(phrase::MORE, &[("number", &number)]),
                _ => args.words.fill(phrase::MORE_OF, &[("number", &number), ("noun", &args.words.phrase(&noun))]),
            }
            .into())
        },
    },
    HelperDoc {
        name: "plural",
        usage: "{{plural number \"commit\" \"commits\"}}",
        gives: "A number, or a list's length, with its noun; the plural may be left out where it is regular.",
        example: ["{{plural payload \"commit\"}}", "3", "3 commits"],
        values: (2, 3),
        run: plural,
    },
    HelperDoc {
        name: "facts",
        usage: "(facts \"Branch\" value \"Labels\" value …)",
        gives: "A list of facts (`title`, `value`); those without a value are left out. A list of facts may stand in it.",
        example: [
            "{{#each (facts \"Branch\" payload.branch \"Tag\" payload.tag)}}{{title}}: {{value}}{{/each}}",
            r#"{"branch":"main"}"#,
            "Branch: main",
        ],
        values: (1, ANY),
        run: |args| Ok(facts(&args.values).into()),
    },
];

/// The fields of an object, each a path with dots.
fn picked(member: &Value, fields: &str) -> Value {
    let mut picked = Map::new();
    for field in fields.split_whitespace() {
        if let Some(value) = at(member, field) {
            put(&mut picked, field, value);
        }
    }
    picked.into()
}

fn put(object: &mut Map<String, Value>, path: &str, value: &Value) {
    let Some((name, rest)) = path.split_once('.') else {
        object.insert(path.to_owned(), value.clone());
        return;
    };
    if let Value::Object(inner) = object.entry(name).or_insert_with(|| Map::new().into()) {
        put(inner, rest, value);
    }
}

fn join(args: &Args<'_>) -> Result<Value, &'static str> {
    let between = if args.values.len() > 1 { args.text(1) } else { ", ".to_owned() };
    let field = args.named("field");
    let shown = |member: &Value| match &field {
        // A name with dots in it is one before it is a path.
        Some(field) => member.get(field).or_else(|| at(member, field)).map(text_of).unwrap_or_default(),
        None => text_of(member),
    };
    let words: Vec<String> = args.list(0).iter().map(shown).filter(|word| !word.is_empty()).collect();
    Ok(words.join(&between).into())
}

fn facts(values: &[&Value]) -> Vec<Value> {
    let mut facts = Vec::new();
    let mut rest = values.iter();
    while let Some(title) = rest.next() {
        if let Value::Array(more) = title {
            facts.extend(more.iter().cloned());
        } else if let Some(value) = rest.next().filter(|value| !is_empty(value)) {
            facts.push(json!({"title": text_of(title), "value": text_of(value)}));
        }
    }
    facts
}

fn size(value: &Value) -> usize {
    match value {
        Value::Array(list) => list.len(),
        Value::Object(map) => map.len(),
        Value::String(text) => text.graphemes(true).count(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}

fn plural(args: &Args<'_>) -> Result<Value, &'static str> {
    let number = match args.value(0) {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        other => size(other).to_string(),
    };
    let (one, many) = (args.text(1), args.text(2));
    let noun = match number.as_str() {
        "1" => one,
        _ if many.is_empty() => plural_of(&one),
        _ => many,
    };
    Ok(format!("{number} {}", args.words.phrase(&noun)).into())
}

fn plural_of(noun: &str) -> String {
    let regular = |suffix: &str| noun.ends_with(suffix);
    match noun.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'i', 'o', 'u']) => format!("{stem}ies"),
        _ if noun.is_empty() => String::new(),
        _ if regular("s") || regular("x") || regular("ch") || regular("sh") => format!("{noun}es"),
        _ => format!("{noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::render::Words;

    fn joined(list: &Value, field: &str) -> Value {
        let field = Value::from(field);
        let named = BTreeMap::from([("field", &field)]);
        join(&Args { values: vec![list], named, root: &Value::Null, words: &Words::default() }).unwrap()
    }

    #[test]
    fn a_field_is_a_name_or_a_path_into_each_member() {
        let list = json!([{"a.b": "x", "a": {"b": "y"}}, {"a": {"b": "z", "c": ["w"]}}, {"a": 1}, "text", null]);
        assert_eq!(joined(&list, "a.b"), "x, z");
        assert_eq!(joined(&list, "a.c.0"), "w");
        assert_eq!(joined(&list, "a.b.c"), "");
    }
}
