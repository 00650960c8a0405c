//! Helpers for texts.

use serde_json::Value;

use super::{ANY, Args, HelperDoc, text_of};
use crate::render::text;

pub(super) const HELPERS: &[HelperDoc] = &[
    HelperDoc {
        name: "concat",
        usage: "{{concat value value …}}",
        gives: "Its values, one after the other.",
        example: ["{{concat \"#\" payload.number \": \" payload.title}}", r#"{"number":7,"title":"Fix"}"#, "#7: Fix"],
        values: (1, ANY),
        run: |args| Ok(args.values.iter().map(|value| text_of(value)).collect::<String>().into()),
    },
    HelperDoc {
        name: "truncate",
        usage: "{{truncate text 80}}",
        gives: "At most so many characters; `…` stands for the rest.",
        example: ["{{truncate payload 6}}", r#""flux capacitor""#, "flux…"],
        values: (2, 2),
        run: |args| Ok(text::truncate(&args.text(0), args.count(1, usize::MAX)).into()),
    },
    HelperDoc {
        name: "first_line",
        usage: "{{first_line text}}",
        gives: "The first line that is not empty, such as a commit's subject.",
        example: ["{{first_line payload}}", r#""\nFix the thing\n\nAt last.""#, "Fix the thing"],
        values: (1, 1),
        run: |args| Ok(text::first_line(&args.text(0)).into()),
    },
    HelperDoc {
        name: "trim",
        usage: "{{trim text}}",
        gives: "The text without blanks and line ends around it.",
        example: ["{{trim payload}}", r#""\n done  ""#, "done"],
        values: (1, 1),
        run: |args| Ok(args.text(0).trim().into()),
    },
    HelperDoc {
        name: "split",
        usage: "(split text \",\")",
        gives: "The parts of a text as a list, without blanks around them; empty ones are left out.",
        example: ["{{last (split payload \"/\")}}", r#""octo/hello/main""#, "main"],
        values: (2, 2),
        run: |args| {
            let (text, between) = (args.text(0), args.text(1));
            let parts = if between.is_empty() { vec![text.as_str()] } else { text.split(&between).collect() };
            Ok(parts
                .into_iter()
                .map(str::trim)
                .filter(|part| !part.is_empty())
                .map(Value::from)
                .collect::<Vec<_>>()
                .into())
        },
    },
    HelperDoc {
        name: "header",
        usage: "{{header \"name\"}}",
        gives: "A header of the webhook that its provider's file keeps.",
        example: ["{{header \"X-Request-Id\"}}", "null", "7f3a"],
        values: (1, 1),
        run: |args| {
            let name = args.text(0).to_ascii_lowercase();
            Ok(args.root.get("headers").and_then(|headers| headers.get(&name)).cloned().unwrap_or_default())
        },
    },
    HelperDoc {
        name: "upper",
        usage: "{{upper text}}",
        gives: "The text in capitals.",
        example: ["{{upper payload}}", r#""high""#, "HIGH"],
        values: (1, 1),
        run: |args| Ok(args.text(0).to_uppercase().into()),
    },
    HelperDoc {
        name: "lower",
        usage: "{{lower text}}",
        gives: "The text in small letters.",
        example: ["{{lower payload}}", r#""HIGH""#, "high"],
        values: (1, 1),
        run: |args| Ok(args.text(0).to_lowercase().into()),
    },
    HelperDoc {
        name: "capitalize",
        usage: "{{capitalize text}}",
        gives: "The text with its first letter a capital.",
        example: ["{{capitalize payload}}", r#""high""#, "High"],
        values: (1, 1),
        run: |args| Ok(text::capitalized(&args.text(0)).into()),
    },
    HelperDoc {
        name: "words",
        usage: "{{words text}}",
        gives: "A word of a machine's as people write it: `_`, `-`, `.` and `:` become blanks.",
        example: ["{{words payload}}", r#""timed_out""#, "timed out"],
        values: (1, 1),
        run: |args| Ok(text::one_line(&args.text(0).replace(['_', '-', '.', ':'], " ")).into()),
    },
    HelperDoc {
        name: "replace",
        usage: "{{replace text \"from\" \"to\"}}",
        gives: "The text with every `from` made a `to`.",
        example: ["{{replace payload \"/\" \" / \"}}", r#""a/b""#, "a / b"],
        values: (3, 3),
        run: replace,
    },
    HelperDoc {
        name: "starts_with",
        usage: "{{#if (starts_with text \"begin\")}}",
        gives: "Whether the text begins with the other.",
        example: ["{{#if (starts_with payload \"refs/tags/\")}}tag{{/if}}", r#""refs/tags/v1""#, "tag"],
        values: (2, 2),
        run: |args| Ok(args.text(0).starts_with(&args.text(1)).into()),
    },
    HelperDoc {
        name: "contains",
        usage: "{{#if (contains text-or-list value)}}",
        gives: "Whether the text, or the list, holds the other.",
        example: ["{{#if (contains payload \"b\")}}yes{{/if}}", r#"["a","b"]"#, "yes"],
        values: (2, 2),
        run: |args| {
            Ok(match args.value(0) {
                Value::Array(list) => list.iter().any(|member| text_of(member) == args.text(1)),
                _ => args.text(0).contains(&args.text(1)),
            }
            .into())
        },
    },
    HelperDoc {
        name: "in",
        usage: "{{#if (in value \"one\" \"two\" …)}}",
        gives: "Whether the value is one of the others.",
        example: ["{{#if (in payload \"opened\" \"reopened\")}}open{{/if}}", r#""reopened""#, "open"],
        values: (2, ANY),
        run: |args| Ok(args.values.iter().skip(1).any(|value| text_of(value) == args.text(0)).into()),
    },
];

fn replace(args: &Args<'_>) -> Result<Value, &'static str> {
    let (text, from, to) = (args.text(0), args.text(1), args.text(2));
    if from.is_empty() {
        return Ok(text.into());
    }
    let grown = text.len() + text.matches(&from).count() * to.len();
    if grown > crate::render::output::MOST_BYTES {
        return Err("would make too long a text");
    }
    Ok(text.replace(&from, &to).into())
}
