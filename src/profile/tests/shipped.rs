//! What the shipped templates make of payloads as senders really write them.

use std::{fs, sync::LazyLock};

use super::*;
use crate::{
    event::{Codings, Encoding, Event, EventType, RawBody},
    provider::shared,
    render::{self, RenderInput, Templates},
};

fn validator(path: &str) -> Option<jsonschema::Validator> {
    let schema: Value = serde_json::from_slice(&fs::read(shared::path(path)?).unwrap()).unwrap();
    Some(jsonschema::validator_for(&schema).unwrap())
}

/// The Adaptive Card without what Teams adds to the schema, and without the name of the schema.
fn content(body: &Value) -> Value {
    let mut content = body.pointer("/attachments/0/content").unwrap_or(body).clone();
    content.as_object_mut().unwrap().shift_remove("msteams");
    content
}

fn assert_valid(validator: &jsonschema::Validator, card: &Value, label: &str) {
    let errors: Vec<String> =
        validator.iter_errors(card).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{label}: {errors:#?}\n{card:#}");
}

fn event(kind: EventType, encoding: Encoding, body: Vec<u8>) -> Event {
    Event {
        source: "ci".parse().unwrap(),
        kind,
        delivery_id: None,
        received_at: "2026-11-23T08:00:00Z".parse().unwrap(),
        headers: Vec::new(),
        encoding,
        codings: Codings::default(),
        body: RawBody(body.into()),
    }
}

/// Every payload of a provider's folder as (file, `X-GitHub-Event`, event).
fn payloads(folder: &str) -> Vec<(String, Event)> {
    let Some(folder) = shared::path(&format!("payloads/{folder}")) else { return Vec::new() };
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let (encoding, stem) = match name.rsplit_once('.') {
            Some((stem, "json")) if !stem.ends_with(".headers") => (Encoding::Json, stem),
            Some((stem, "form")) => (Encoding::Form, stem),
            _ => continue,
        };
        let headers: Value = match fs::read(path.with_file_name(format!("{stem}.headers.json"))) {
            Ok(text) => serde_json::from_slice(&text).unwrap(),
            Err(_) => Value::Null,
        };
        let body = fs::read(&path).unwrap();
        let Ok(payload) = encoding.payload(&Codings::default(), &body) else { continue };
        let kind = headers.get("X-GitHub-Event").and_then(Value::as_str).unwrap_or(stem);
        let kind = EventType::new(kind, payload.get("action").and_then(Value::as_str));
        found.push((name, event(kind, encoding, body)));
    }
    found
}

#[test]
fn github_payloads_are_shown_by_their_own_templates_and_fit() {
    let Some(schema) = validator("schemas/adaptive-card/adaptive-card-1.4.0.json") else { return };
    let templates = Templates::compile(render::embedded()).unwrap();
    let github = "github".parse().unwrap();
    let payloads = payloads("github");
    assert!(payloads.len() > 10);
    for (file, event) in payloads {
        let name = render::choose(None, None, &github, &event.kind, |name| templates.has(name)).unwrap();
        assert_eq!(name.as_str(), format!("github/{}", event.kind.name()), "{file}");
        let payload = event.payload().unwrap();
        let card = templates.render(&name, &RenderInput::new(payload.clone(), &event, None, &github));
        let card = card.unwrap_or_else(|error| panic!("{file}: {error}"));
        let (body, encoded) = encoded(&profile("workflow"), &card);
        let content = content(&body);
        assert_valid(&schema, &content, &file);
        assert!(encoded.bytes.len() <= 28_672 && !encoded.shortened, "{file}");
        let shown = content.to_string();
        for at in ["/repository/full_name", "/sender/login"] {
            let Some(text) = payload.pointer(at).and_then(Value::as_str) else { continue };
            assert!(shown.contains(text), "{file}: {text} is not in {shown}");
        }
        assert!(card.link.is_some_and(|link| link.starts_with("http")), "{file}");
    }
}

#[test]
fn payloads_of_every_provider_are_shown_by_the_generic_template() {
    let Some(schema) = validator("schemas/adaptive-card/adaptive-card-1.4.0.json") else { return };
    let templates = Templates::compile(render::embedded()).unwrap();
    let name = "generic/event".parse().unwrap();
    let mut shown = 0;
    for entry in fs::read_dir(shared::path("payloads").unwrap()).unwrap() {
        let folder = entry.unwrap().file_name().into_string().unwrap();
        if folder.contains('.') {
            continue;
        }
        for (file, event) in payloads(&folder) {
            let input = RenderInput::new(event.payload().unwrap(), &event, None, &"generic".parse().unwrap());
            let card = templates.render(&name, &input).unwrap_or_else(|error| panic!("{folder}/{file}: {error}"));
            for name in ["workflow", "connector"] {
                let (body, encoded) = encoded(&profile(name), &card);
                assert!(encoded.bytes.len() <= 28_672, "{folder}/{file}");
                if name == "workflow" {
                    assert_valid(&schema, &content(&body), &format!("{folder}/{file}"));
                }
            }
            shown += 1;
        }
    }
    assert!(shown > 80, "{shown}");
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
    #[test]
    fn whatever_a_sender_makes_of_a_card_is_a_valid_one_in_the_end(payloads in render::any_posted()) {
        let Some(schema) = ADAPTIVE.as_ref() else { return Ok(()) };
        for payload in payloads {
            let sample = render::Sample {
                template: "messagecard/default".parse().unwrap(), variant: None, json: payload.to_string().into(),
            };
            let card = TEMPLATES.render(&sample.template, &sample.input().unwrap()).unwrap();
            assert_valid(schema, &content(&encoded(&profile("workflow"), &card).0), &payload.to_string());
        }
    }
}

static TEMPLATES: LazyLock<Templates> = LazyLock::new(|| Templates::compile(render::embedded()).unwrap());
static ADAPTIVE: LazyLock<Option<jsonschema::Validator>> =
    LazyLock::new(|| validator("schemas/adaptive-card/adaptive-card-1.4.0.json"));

#[test]
fn samples_make_valid_cards_of_both_kinds() {
    let Some(adaptive) = validator("schemas/adaptive-card/adaptive-card-1.4.0.json") else { return };
    let Some(message) = validator("schemas/messagecard/messagecard.own.schema.json") else { return };
    let templates = Templates::compile(render::embedded()).unwrap();
    for sample in render::samples() {
        let label = format!("{} {:?}", sample.template, sample.variant);
        let input = sample.input().unwrap();
        for card in [templates.render(&sample.template, &input).unwrap(), render::fallback(&input, &"it failed")] {
            assert_valid(&adaptive, &content(&encoded(&profile("workflow"), &card).0), &label);
            assert_valid(&message, &encoded(&profile("connector"), &card).0, &label);
        }
    }
}
