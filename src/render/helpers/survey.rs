//! Helpers for payloads of which nothing is known.

use serde_json::json;

use super::{HelperDoc, status};
use crate::render::survey;

pub(super) const HELPERS: &[HelperDoc] = &[
    HelperDoc {
        name: "find_title",
        usage: "{{find_title payload}}",
        gives: "The text that most likely says what it is about, such as a `title`, `subject` or `message`.",
        example: ["{{find_title payload}}", r#"{"id":1,"alert":{"title":"Disk full"}}"#, "Disk full"],
        values: (1, 1),
        run: |args| Ok(survey::title(args.value(0)).into()),
    },
    HelperDoc {
        name: "find_text",
        usage: "{{find_text payload}}",
        gives: "The text that most likely describes it, such as a `description` or `body`.",
        example: [
            "{{find_text payload}}",
            r#"{"alert":{"title":"Disk full","description":"97 % of sda1"}}"#,
            "97 % of sda1",
        ],
        values: (1, 1),
        run: |args| Ok(survey::text(args.value(0)).into()),
    },
    HelperDoc {
        name: "find_status",
        usage: "{{find_status payload}}",
        gives: "The word that most likely says how it stands, such as a `status` or `severity`.",
        example: ["{{find_status payload}}", r#"{"build":{"status":"failed"}}"#, "failed"],
        values: (1, 1),
        run: |args| Ok(survey::status(args.value(0)).into()),
    },
    HelperDoc {
        name: "find_severity",
        usage: "{{find_severity payload}}",
        gives: "How grave it seems: good, info, warning or critical, by its status and, of an alert that is on, its severity; nothing where it says neither.",
        example: ["{{find_severity payload}}", r#"{"status":"firing","labels":{"severity":"warning"}}"#, "warning"],
        values: (1, 1),
        run: |args| Ok(severity(&survey::status(args.value(0)), &survey::grade(args.value(0))).into()),
    },
    HelperDoc {
        name: "find_link",
        usage: "{{find_link payload}}",
        gives: "The http address that most likely leads to it.",
        example: [
            "{{find_link payload}}",
            r#"{"alert":{"html_url":"https://octo.example/1"},"avatar_url":"https://octo.example/a.png"}"#,
            "https://octo.example/1",
        ],
        values: (1, 1),
        run: |args| Ok(survey::link(args.value(0)).unwrap_or_default().into()),
    },
    HelperDoc {
        name: "scalars",
        usage: "(scalars payload 8)",
        gives: "The so many short values in it that seem to tell most, as facts (`title`, `value`).",
        example: [
            "{{#each (scalars payload 2)}}{{title}}={{value}} {{/each}}",
            r#"{"host":"db1","meta":{"disk_name":"sda1"},"x":null}"#,
            "Host=db1 Disk name=sda1",
        ],
        values: (2, 2),
        run: |args| {
            let facts = survey::facts(args.value(0), args.count(1, 8), args.words, &args.time_zone());
            Ok(facts
                .into_iter()
                .map(|(title, value)| json!({"title": title, "value": value}))
                .collect::<Vec<_>>()
                .into())
        },
    },
];

/// A status only says that an alert is on; how much that matters stands in its severity, where it has one.
fn severity(status: &str, grade: &str) -> &'static str {
    let by_status = if status.is_empty() { "" } else { status::severity(status) };
    if by_status != "critical" {
        return by_status;
    }
    match grade.to_lowercase().as_str() {
        "warning" | "warn" | "minor" | "medium" | "moderate" | "average" | "p3" => "warning",
        "low" | "info" | "informational" | "p4" | "p5" => "info",
        _ => by_status,
    }
}
