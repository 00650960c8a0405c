use std::collections::BTreeMap;

use serde_json::Value;

use super::*;
use crate::{
    card::Card,
    render::{RenderInput, Templates, budget, markdown, text::web_address},
};

fn templates() -> Templates {
    Templates::compile(embedded()).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

fn input(sample: &Sample, payload: Value) -> RenderInput {
    Sample { json: payload.to_string().into(), ..sample.clone() }.input().unwrap()
}

fn payload(sample: &Sample) -> Value {
    serde_json::from_str(&sample.json).unwrap()
}

fn label(sample: &Sample) -> String {
    format!("{} {}", sample.template, sample.variant.as_deref().unwrap_or(""))
}

/// JSON pointers of all values that hold no others.
fn leaves(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| {
            leaves(value, &format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")), found);
        }),
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(index, value)| leaves(value, &format!("{at}/{index}"), found))
        }
        _ => found.push(at.to_owned()),
    }
}

fn strings<'a>(value: &'a Value, key: &'a str, found: &mut Vec<(&'a str, &'a str)>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| {
            let is_run = map.get("type").and_then(Value::as_str) == Some("TextRun");
            strings(value, if is_run && key == "text" { "run" } else { key }, found);
        }),
        Value::Array(list) => list.iter().for_each(|value| strings(value, key, found)),
        Value::String(text) => found.push((key, text)),
        _ => {}
    }
}

/// Nothing in the card can do more than be read.
fn assert_harmless(card: &Card, label: &str) {
    let body = Value::Array(card.body.clone());
    let mut found = Vec::new();
    strings(&body, "", &mut found);
    for (key, text) in &found {
        assert!(
            !text.contains(|c| matches!(c, '\u{fdd0}'..='\u{fdef}' | '\u{202a}'..='\u{202e}')),
            "{label}: {text:?}"
        );
        match *key {
            "url" => {
                assert!(web_address(text).is_some(), "{label}: {text:?}");
                continue;
            }
            // Plain text: nothing in it is read as Markdown or as a mention.
            "altText" => continue,
            _ => {}
        }
        assert!(!text.contains("<at>") && !text.contains("</at>"), "{label}: {text:?}");
        // A run is no Markdown, so a link in it is only its signs.
        for (at, _) in text.match_indices("](").filter(|_| *key != "run") {
            let (before, after) = text.split_at(at);
            let escapes = before.len() - before.trim_end_matches('\\').len();
            assert!(escapes % 2 == 1 || after.starts_with("](http"), "{label}: {text:?}");
        }
    }
    let addresses = card.actions.iter().map(|action| &action.url).chain(&card.link);
    addresses.for_each(|url| assert!(web_address(url).is_some(), "{label}: {url}"));
    assert_eq!(card.mentions, [], "{label}");
    assert!(!card.summary.is_empty() && !card.summary.contains('\n'), "{label}: {:?}", card.summary);
}

#[test]
fn every_template_has_a_sample() {
    let sampled: Vec<TemplateName> = samples().into_iter().map(|sample| sample.template).collect();
    for name in templates().names() {
        assert!(sampled.contains(&name), "{name} has no sample");
    }
}

#[test]
fn every_sample_is_shown_by_its_template_with_all_that_it_asks_for() {
    let strict = templates().strict();
    for sample in samples() {
        let payload = payload(&sample);
        let card = strict.render(&sample.template, &input(&sample, payload.clone()));
        let card = card.unwrap_or_else(|error| panic!("{}: {error}", label(&sample)));
        let steps = budget::spent();
        assert!(steps < budget::MOST_STEPS / 50, "{} takes {steps} steps", label(&sample));
        if !sample.template.as_str().starts_with("github/") {
            continue;
        }
        let shown = format!("{} {}", card.summary, Value::Array(card.body.clone()));
        // An app is installed by an account, and an advisory is no one's.
        let place = payload.pointer("/repository/full_name").or(payload.pointer("/organization/login"));
        let is_there = place.and_then(Value::as_str).is_none_or(|place| shown.contains(place));
        assert!(is_there, "{}: {shown}", label(&sample));
        if let Some(actor) = payload.pointer("/sender/login").and_then(Value::as_str) {
            let body = Value::Array(card.body.clone());
            let mut texts = Vec::new();
            strings(&body, "", &mut texts);
            let named = markdown::neutral(actor);
            assert!(texts.iter().any(|(_, text)| text.contains(&named)), "{}: {shown}", label(&sample));
            assert!(card.summary.contains(actor), "{}: {}", label(&sample), card.summary);
        }
        assert!(card.link.is_some_and(|link| link.starts_with("http")), "{}", label(&sample));
        assert!(!card.actions.is_empty(), "{}", label(&sample));
    }
}

const HOSTILE: &[&str] = &[
    "\"},{\"type\":\"Action.Submit\"}],\"x\":\"\\",
    "one\r\ntwo\n\n# three\n- four\n1. five\n    six",
    "</at><at>x</at>&lt;at&gt;",
    "[x](javascript:alert(1)) ![x](data:text/html,x) <javascript:x> [x]: javascript:x",
    "\u{202e}gnp.exe\u{2066}\u{200f}\u{0}\u{7}",
    "\u{fdd1}\u{fdd2}<at>x</at>\u{fdd3}\u{fdd4}id\u{fdd5}name\u{fdd6}\u{fdd0}",
    "{{payload}} {{{json payload}}} {{DATE(2020-01-01T00:00:00Z)}}",
    "https://octo.example/)[x](javascript:1)",
    "javascript:alert(1)",
];

#[test]
fn hostile_values_everywhere_stay_text() {
    let templates = templates();
    let emoji = "🦑".repeat(10_000);
    let all = HOSTILE.join(" ");
    for sample in samples() {
        // The long one takes the most time, so only the plain sample of each template is given it.
        let long = sample.variant.is_none().then_some(emoji.as_str());
        for hostile in HOSTILE.iter().copied().chain([all.as_str()]).chain(long) {
            let mut payload = payload(&sample);
            let mut found = Vec::new();
            leaves(&payload, "", &mut found);
            for at in found {
                let leaf = payload.pointer_mut(&at).unwrap();
                // The action chooses the words of the card; it is planted into below.
                if leaf.is_string() && at != "/action" {
                    *leaf = hostile.into();
                }
            }
            let card = templates.render(&sample.template, &input(&sample, payload));
            let card = card.unwrap_or_else(|error| panic!("{} with {hostile:.30?}: {error}", label(&sample)));
            assert_harmless(&card, &label(&sample));
        }
    }
}

/// The leaves that make a difference to a template: those whose name stands in it, or all where it looks at all.
fn telling_leaves(sample: &Sample, payload: &Value, template: &str) -> Vec<String> {
    let mut found = Vec::new();
    leaves(payload, "", &mut found);
    let looks_at_all =
        ["generic/event", "github/default", "messagecard/default", "adaptive-card/default", "slack-message/default"];
    let surveys = looks_at_all.contains(&sample.template.as_str());
    found.retain(|at| {
        let name = at.rsplit('/').find(|part| part.parse::<usize>().is_err()).unwrap_or_default();
        surveys || template.contains(&format!(".{name}")) || template.contains(&format!("\"{name}"))
    });
    found
}

#[test]
fn any_one_value_may_be_hostile_null_or_missing() {
    let templates = templates();
    let texts: BTreeMap<String, String> =
        embedded().into_iter().map(|file| (file.name, file.text.to_string())).collect();
    let all = HOSTILE.join(" ");
    for sample in samples() {
        let whole = payload(&sample);
        for at in telling_leaves(&sample, &whole, &texts[sample.template.as_str()]) {
            let (parent, key) = at.rsplit_once('/').unwrap();
            // The plain sample of each template stands for its variants but in what it lacks.
            let kinds = if sample.variant.is_none() { &["missing", "hostile", "null"][..] } else { &["missing"] };
            for kind in kinds.iter().copied() {
                let mut payload = whole.clone();
                match kind {
                    "hostile" => *payload.pointer_mut(&at).unwrap() = all.as_str().into(),
                    "null" => *payload.pointer_mut(&at).unwrap() = Value::Null,
                    _ => match payload.pointer_mut(parent) {
                        Some(Value::Object(map)) => drop(map.shift_remove(key)),
                        Some(Value::Array(list)) => drop(list.remove(key.parse().unwrap())),
                        _ => panic!("{at} is in nothing"),
                    },
                }
                let card = templates.render(&sample.template, &input(&sample, payload));
                let card = card.unwrap_or_else(|error| panic!("{} with {at} {kind}: {error}", label(&sample)));
                assert_harmless(&card, &format!("{} with {at} {kind}", label(&sample)));
            }
        }
    }
}

#[test]
fn a_payload_of_any_kind_is_shown() {
    let templates = templates();
    let sample = Sample { template: "generic/event".parse().unwrap(), variant: None, json: "".into() };
    for json in ["null", "7", "\"text\"", "[]", "{}", "[[[[]]]]", "[{\"a\":1},2]", "{\"title\":{\"x\":null}}"] {
        let payload = serde_json::from_str(json).unwrap();
        templates.render(&sample.template, &input(&sample, payload)).unwrap_or_else(|error| panic!("{json}: {error}"));
    }
}

#[test]
fn the_example_of_the_guide_is_a_template_that_works() {
    let guide = include_str!("../../../templates/README.md");
    let block = |kind: &str| guide.split_once(kind).unwrap().1.split_once("```").unwrap().0;
    let mut files = embedded();
    files.push(TemplateFile {
        name: "bakery/order".to_owned(),
        origin: "README.md".to_owned(),
        text: block("```handlebars\n").to_owned().into(),
    });
    let templates = Templates::compile(files).unwrap_or_else(|problems| panic!("{problems:#?}")).strict();
    let sample = Sample::at("bakery/samples/order.json", block("```json\n").to_owned()).unwrap();
    let card = templates.render(&sample.template, &sample.input().unwrap()).unwrap();
    let mut lines = Vec::new();
    card.body.iter().for_each(|element| words(element, &mut lines));
    let expected =
        ["Failed [attention]", "Order 12 for Mona", "Rye: 2 loaves", "Spelt: 1 loaf", "Ready: 23 Nov 2026, 08:05 UTC"];
    assert_eq!(lines.iter().map(|line| line.trim()).collect::<Vec<_>>(), expected);
}

/// The words of a card as a reader sees them, a line for each element.
fn words(value: &Value, lines: &mut Vec<String>) {
    let list = |name: &str| value.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    if let Some(text) = value.get("text").and_then(Value::as_str) {
        let color = value.get("color").and_then(Value::as_str).map(|color| format!(" [{color}]")).unwrap_or_default();
        lines.push(format!("  {}{color}", text.replace('\n', "⏎")));
    }
    for fact in list("facts") {
        lines.push(format!("  {}: {}", fact["title"].as_str().unwrap(), fact["value"].as_str().unwrap()));
    }
    for name in ["columns", "items"] {
        list(name).iter().for_each(|inner| words(inner, lines));
    }
}

#[test]
fn the_words_of_every_sample_are_these() {
    let templates = templates();
    let mut lines = Vec::new();
    for sample in samples() {
        let card = templates.render(&sample.template, &input(&sample, payload(&sample))).unwrap();
        lines.push(format!("{}: {:?}, {}", label(&sample).trim(), card.severity, card.fold.unwrap_or_default()));
        lines.push(format!("  = {}", card.summary));
        card.body.iter().for_each(|element| words(element, &mut lines));
        lines.extend(card.actions.iter().map(|action| format!("  ({}) {}", action.title, action.url)));
    }
    insta::assert_snapshot!(lines.join("\n"));
}

/// JSON pointers of all lists and objects with members, but the whole.
fn containers(value: &Value, at: &str, found: &mut Vec<String>) {
    let key = |key: &str| format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
    let mut inner = Vec::new();
    match value {
        Value::Object(map) => inner.extend(map.iter().map(|(name, value)| (key(name), value))),
        Value::Array(list) => {
            inner.extend(list.iter().enumerate().map(|(index, value)| (key(&index.to_string()), value)))
        }
        _ => {}
    }
    for (at, value) in inner {
        let has_members = value.as_array().is_some_and(|list| !list.is_empty())
            || value.as_object().is_some_and(|map| !map.is_empty());
        if has_members {
            found.push(at.clone());
        }
        containers(value, &at, found);
    }
}

#[test]
fn a_list_may_stand_where_an_object_is_expected_and_an_object_where_a_list_is() {
    let templates = templates();
    for sample in samples().into_iter().filter(|sample| sample.variant.is_none()) {
        let whole = payload(&sample);
        let mut found = Vec::new();
        containers(&whole, "", &mut found);
        for at in found {
            let mut payload = whole.clone();
            let place = payload.pointer_mut(&at).unwrap();
            *place = match place.take() {
                Value::Array(list) => {
                    list.into_iter().enumerate().map(|(index, value)| (format!("m{index}"), value)).collect()
                }
                object => Value::Array(vec![object]),
            };
            let card = templates.render(&sample.template, &input(&sample, payload));
            let card = card.unwrap_or_else(|error| panic!("{} with {at} turned: {error}", label(&sample)));
            assert_harmless(&card, &format!("{} with {at} turned", label(&sample)));
        }
    }
}
