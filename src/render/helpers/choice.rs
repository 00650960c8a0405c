//! Helpers that choose between values, and those that show how good or bad a word is.

use serde_json::Value;

use super::{ANY, Args, HelperDoc, is_empty, status::severity, text_of};

pub(super) const HELPERS: &[HelperDoc] = &[
    HelperDoc {
        name: "default",
        usage: "{{default value otherwise}}",
        gives: "The value, or the other where it is missing or empty.",
        example: ["{{default payload.name payload.login}}", r#"{"name":"","login":"mona"}"#, "mona"],
        values: (2, 2),
        run: coalesce,
    },
    HelperDoc {
        name: "coalesce",
        usage: "{{coalesce value value …}}",
        gives: "The first value that is not missing or empty.",
        example: ["{{coalesce payload.a payload.b \"none\"}}", r#"{"b":null}"#, "none"],
        values: (1, ANY),
        run: coalesce,
    },
    HelperDoc {
        name: "when",
        usage: "{{when condition then otherwise}}",
        gives: "One of two values; without the last, nothing where the condition does not hold.",
        example: ["{{when payload.merged \"merged\" \"closed\"}}", r#"{"merged":true}"#, "merged"],
        values: (2, 3),
        run: |args| Ok(args.value(if holds(args.value(0)) { 1 } else { 2 }).clone()),
    },
    HelperDoc {
        name: "case",
        usage: "{{case value word=result … other=result}}",
        gives: "The result that stands at the value's own word, else the one at `other`, else the value itself.",
        example: ["{{case payload opened=\"New\" closed=\"Done\"}}", r#""closed""#, "Done"],
        values: (1, 1),
        run: |args| {
            let found = args.named.get(args.text(0).as_str()).or_else(|| args.named.get("other"));
            Ok(found.copied().unwrap_or(args.value(0)).clone())
        },
    },
    HelperDoc {
        name: "severity",
        usage: "{{severity word}}",
        gives: "How good or bad a status is: good, info, warning or critical. Of a phrase the last word counts, or that before `by`, `with` and the like.",
        example: ["{{severity payload}}", r#""timed_out""#, "critical"],
        values: (1, 1),
        run: |args| Ok(severity(&args.text(0)).into()),
    },
    HelperDoc {
        name: "color",
        usage: "{{color severity-or-status}}",
        gives: "The colour of a text of that severity: good, accent, warning or attention.",
        example: ["{{color payload}}", r#""failure""#, "attention"],
        values: (1, 1),
        run: |args| Ok(color(severity(&args.text(0))).into()),
    },
    HelperDoc {
        name: "style",
        usage: "{{style severity-or-status}}",
        gives: "The style of a container of that severity: good, accent, warning or attention.",
        example: ["{{style payload}}", r#""resolved""#, "good"],
        values: (1, 1),
        run: |args| Ok(color(severity(&args.text(0))).into()),
    },
    HelperDoc {
        name: "emoji",
        usage: "{{emoji severity-or-status}}",
        gives: "A sign of that severity, for places that have no colours.",
        example: ["{{emoji payload}}", r#""failed""#, "❌"],
        values: (1, 1),
        run: |args| {
            Ok(match severity(&args.text(0)) {
                "good" => "✅",
                "warning" => "⚠️",
                "critical" => "❌",
                _ => "ℹ️",
            }
            .into())
        },
    },
];

/// What Teams calls the colour of a severity.
fn color(severity: &'static str) -> &'static str {
    match severity {
        "critical" => "attention",
        "info" => "accent",
        other => other,
    }
}

fn coalesce(args: &Args<'_>) -> Result<Value, &'static str> {
    Ok(args.values.iter().find(|value| !is_empty(value)).map_or(Value::Null, |value| (*value).clone()))
}

/// As `{{#if}}` sees it.
fn holds(value: &Value) -> bool {
    match value {
        Value::Bool(flag) => *flag,
        Value::Number(number) => number.as_f64() != Some(0.0),
        other => !is_empty(other) && !text_of(other).eq("false"),
    }
}
