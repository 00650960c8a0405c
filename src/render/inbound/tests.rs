//! Whatever is posted makes a card; the words of each shape are looked at here, those of whole samples in `embedded`.

use proptest::prelude::*;

use super::*;
use crate::{
    card::Card,
    render::{RenderInput, Sample, Templates, embedded, markdown},
};

fn templates() -> Templates {
    Templates::compile(embedded()).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

fn rendered(templates: &Templates, template: &str, payload: &Value) -> Card {
    let sample = Sample { template: template.parse().unwrap(), variant: None, json: payload.to_string().into() };
    let input: RenderInput = sample.input().unwrap();
    templates.render(&sample.template, &input).unwrap_or_else(|error| panic!("{error}: {:.2000}", payload.to_string()))
}

/// The words of the card that the payload makes, without those that all have.
fn words(payload: &Value) -> Vec<String> {
    let card = rendered(&templates(), "messagecard/default", payload);
    let mut found = Vec::new();
    card.body.iter().for_each(|element| collect(element, &mut found));
    found.retain(|text| !text.starts_with('●') && text != "messagecard");
    found.extend(card.actions.iter().map(|action| format!("({}) {}", action.title, action.url)));
    found
}

fn collect(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            if let Some(fact) = map.get("value").and_then(Value::as_str) {
                found.push(format!("{}: {fact}", map["title"].as_str().unwrap()));
                return;
            }
            for (name, value) in map {
                match value {
                    Value::String(text) if name == "text" || name == "title" => found.push(text.clone()),
                    other => collect(other, found),
                }
            }
        }
        Value::Array(list) => list.iter().for_each(|value| collect(value, found)),
        _ => {}
    }
}

#[test]
fn every_shape_is_known_by_its_looks() {
    let bare = json!({"type": "AdaptiveCard", "body": [{"type": "TextBlock", "text": "x"}]});
    for payload in [
        json!({"@type": "MessageCard", "text": "x"}),
        json!({"text": "x"}),
        json!({"TEXT": "x", "themeColor": "ff0000"}),
        json!({"sections": [{"text": "x"}]}),
        json!({"sections": {"activityTitle": "x"}}),
        bare.clone(),
        json!({"type": "message", "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "content": bare}]}),
        json!({"type": "message", "attachments": [{"content": bare.to_string()}]}),
        json!({"attachments": [{"contentType": "application/vnd.microsoft.teams.card.o365connector", "content": {"text": "x"}}]}),
        json!({"body": [{"type": "TextBlock", "text": "x"}], "version": "1.2"}),
        json!({"blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "x"}}]}),
        json!({"attachments": [{"text": "x"}]}),
        json!({"text": "x", "username": "octo"}),
        json!([bare]),
        json!("x"),
        json!({"message": "x"}),
    ] {
        let shown = words(&payload);
        assert!(shown == ["x"] || shown == ["**x**"], "{payload}: {shown:?}");
    }
}

#[test]
fn what_can_not_be_taken_is_counted_and_said() {
    let card = json!({"type": "AdaptiveCard", "body": [
        {"type": "TextBlock", "text": "x"}, {"type": "Input.Text"}, {"type": "Input.Date"}, {"type": "Chart.Line"},
        {"type": "Image", "url": "data:image/png;base64,AA=="},
    ], "actions": [{"type": "Action.Submit", "title": "Yes"}]});
    assert_eq!(words(&card), ["x", "Left out: 2 inputs, 1 element, 1 picture, 1 button"]);
    let card = json!({"text": "x", "title": "t", "potentialAction": [
        {"@type": "HttpPOST", "name": "a"}, {"@type": "ActionCard", "name": "b"}, {"@type": "OpenUri", "name": "c", "targets": []},
        {"@type": "OpenUri", "name": "d", "targets": [{"os": "default", "uri": "https://octo.example/"}]},
    ]});
    assert_eq!(words(&card), ["t", "x", "Left out: 3 buttons", "(d) https://octo.example/"]);
}

#[test]
fn a_fallback_stands_in_for_what_is_not_taken() {
    let text = |text: &str| json!({"type": "TextBlock", "text": text});
    for (element, expected) in [
        (json!({"type": "Rating", "fallback": text("3 of 5")}), vec!["x", "3 of 5"]),
        (json!({"type": "Rating", "fallback": "drop"}), vec!["x"]),
        (
            json!({"type": "TextBlock", "text": "new", "requires": {"adaptiveCards": "1.6"}, "fallback": text("old")}),
            vec!["x", "old"],
        ),
        (
            json!({"type": "TextBlock", "text": "new", "requires": {"adaptiveCards": "1.2"}, "fallback": text("old")}),
            vec!["x", "new"],
        ),
        (
            json!({"type": "Input.Text", "fallback": {"type": "Input.Date", "fallback": text("a date")}}),
            vec!["x", "a date"],
        ),
        (
            json!({"type": "Table", "rows": [{"cells": [{"items": [text("a")]}, {"items": [text("b")]}]}]}),
            vec!["x", "a", "b"],
        ),
    ] {
        let card = json!({"type": "AdaptiveCard", "body": [text("x"), element]});
        assert_eq!(words(&card), expected, "{element}");
    }
}

#[test]
fn a_sender_mentions_nobody() {
    let entity =
        json!({"type": "mention", "text": "<at>Mona</at>", "mentioned": {"id": "mona@octo.example", "name": "Mona"}});
    let templates = templates();
    for payload in [
        json!({"type": "AdaptiveCard", "msteams": {"entities": [entity]}, "body": [
            {"type": "TextBlock", "text": "hi <at>Mona</at>"},
            {"type": "RichTextBlock", "inlines": ["hi <at>Mona</at>"]}]}),
        json!({"text": "hi <at>Mona</at> &lt;at&gt;Mona&lt;/at&gt;", "entities": [entity]}),
        json!({"text": "hi <!channel> <@U1|Mona> <at>Mona</at>", "channel": "#ops"}),
    ] {
        let card = rendered(&templates, "messagecard/default", &payload);
        assert_eq!(card.mentions, [], "{payload}");
        assert!(card.body.iter().any(|element| element.to_string().contains("Mona")), "{payload}");
    }
}

#[test]
fn colour_and_status_say_how_grave_it_is() {
    let severity = |card: Value| posted(&card, Dialect::Markdown)["severity"].as_str().unwrap().to_owned();
    let facts = json!([{"facts": [{"name": "Status", "value": "Build Failed"}]}]);
    assert_eq!(severity(json!({"title": "t", "themeColor": "FFA500", "sections": facts})), "warning");
    assert_eq!(severity(json!({"title": "t", "themeColor": "0078D7", "sections": facts})), "critical");
    assert_eq!(severity(json!({"title": "t"})), "info");
    assert_eq!(
        severity(json!({"attachments": [{"color": "good", "text": "x"}, {"color": "danger", "text": "y"}]})),
        "critical"
    );
    let text = json!({"type": "TextBlock", "text": "x", "color": "Attention"});
    assert_eq!(severity(json!({"type": "AdaptiveCard", "body": [{"type": "Container", "items": [text]}]})), "critical");
}

#[test]
fn the_summary_is_the_first_that_says_something() {
    let summary = |card: Value| posted(&card, Dialect::Markdown)["summary"].as_str().unwrap().to_owned();
    for (card, expected) in [
        (json!({"summary": "s", "title": "t", "text": "x"}), "s"),
        (json!({"title": "**t** <b>u</b>", "text": "x"}), "t u"),
        (json!({"summary": " ", "text": "\n**first** line\nsecond"}), "first line"),
        (json!({"sections": [{"activityTitle": "[a](https://octo.example/)"}]}), "a"),
        (json!({"type": "AdaptiveCard", "fallbackText": "f", "body": []}), "f"),
        (json!({"text": "see <https://octo.example/|it>"}), "see it"),
        (json!({}), "An empty message"),
        (json!(null), "An empty message"),
    ] {
        assert_eq!(summary(card.clone()), expected, "{card}");
    }
}

#[test]
fn a_card_of_any_size_and_depth_stays_within_bounds() {
    let templates = templates();
    let mut deep = json!({"type": "TextBlock", "text": "deep"});
    for level in 0..55 {
        let kind = if level % 2 == 0 { "Container" } else { "Column" };
        deep = json!({"type": kind, "items": [deep]});
    }
    let wide: Vec<Value> = (0..5_000).map(|n| json!({"type": "TextBlock", "text": format!("{n} \u{7}\"\\")})).collect();
    let long = "\u{1}\"é[x](https://octo.example/) ".repeat(2_000);
    for payload in [
        json!({"type": "AdaptiveCard", "body": [deep]}),
        json!({"type": "AdaptiveCard", "body": wide}),
        json!({"blocks": wide}),
        json!({"text": long, "title": long, "summary": long, "sections": vec![json!({"text": long, "facts": [{"name": long, "value": long}]}); 40]}),
        json!({"text": long, "attachments": vec![json!({"text": long, "title": long, "footer": long}); 40]}),
        json!(vec![json!({"text": "x"}); 5_000]),
    ] {
        let card = rendered(&templates, "messagecard/default", &payload);
        assert!(!card.body.is_empty());
    }
    let card = rendered(&templates, "messagecard/default", &json!({"type": "AdaptiveCard", "body": wide}));
    assert!(card.body.last().unwrap().to_string().contains("Left out: "), "what had no room is said");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn any_json_whatsoever_makes_a_card(payloads in any::any_posted()) {
        thread_local!(static TEMPLATES: Templates = templates());
        TEMPLATES.with(|templates| {
            for payload in payloads {
                for template in ["messagecard/default", "slack-message/default"] {
                    let card = rendered(templates, template, &payload);
                    assert_eq!(card.mentions, []);
                    let body = Value::Array(card.body).to_string();
                    assert!(!body.contains("<at>") || body.contains("altText"), "{body}");
                }
            }
        });
    }

    #[test]
    fn any_text_makes_a_card(text in "\\PC{0,40}", code in "(<|>|&|\\[|\\]|\\(|\\)|\\*|_|`|~|#|-|\n| |\\||:|!|@|a|https://octo.example/|lt;){0,40}") {
        for text in [&text, &code] {
            for dialect in [Dialect::Markdown, Dialect::Mrkdwn] {
                let made = posted(&json!({"text": text}), dialect);
                let shown = made["body"][0]["text"].as_str().unwrap();
                let shown = markdown::safe(shown, &mut Vec::new());
                prop_assert!(!shown.is_empty() && !shown.contains("<at>"), "{shown}");
            }
        }
    }
}
