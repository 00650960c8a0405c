//! A card as an Adaptive Card 1.4: Teams takes 1.5, but flows refuse more than 1.4.

use serde_json::{Map, Value, json};

use crate::card::{Card, MOST_MENTIONS, Mention};

/// Buttons that Teams shows.
const MOST_BUTTONS: usize = 6;

/// The Adaptive Card, without an envelope.
pub(super) fn adaptive_card(card: &Card) -> Value {
    let mut teams = Map::from_iter([("width".to_owned(), Value::from("Full"))]);
    let entities = entities(card);
    if !entities.is_empty() {
        teams.insert("entities".to_owned(), entities.into());
    }
    let mut content = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": teams,
        "fallbackText": card.summary,
        "body": card.body,
    });
    let buttons: Vec<Value> = card
        .actions
        .iter()
        .take(MOST_BUTTONS)
        .map(|action| json!({"type": "Action.OpenUrl", "title": action.title, "url": action.url}))
        .collect();
    if let Some(map) = content.as_object_mut().filter(|_| !buttons.is_empty()) {
        map.insert("actions".to_owned(), buttons.into());
    }
    content
}

/// Teams refuses a card whose mention stands nowhere in its text, so only those that do are named.
fn entities(card: &Card) -> Vec<Value> {
    let stands = |mention: &&Mention| {
        let text = format!("<at>{}</at>", mention.name);
        card.body.iter().any(|element| holds(element, &text))
    };
    card.mentions
        .iter()
        .filter(stands)
        .take(MOST_MENTIONS)
        .map(|mention| {
            json!({
                "type": "mention",
                "text": format!("<at>{}</at>", mention.name),
                "mentioned": {"id": mention.id, "name": mention.name},
            })
        })
        .collect()
}

fn holds(value: &Value, text: &str) -> bool {
    match value {
        Value::String(found) => found.contains(text),
        Value::Array(list) => list.iter().any(|member| holds(member, text)),
        Value::Object(map) => map.values().any(|member| holds(member, text)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}
