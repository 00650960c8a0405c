//! The card that goes out where a template failed: an event is worth more than its looks.

use serde_json::{Value, json};

use super::{RenderInput, markdown::neutral, phrase, survey, text};
use crate::card::{Action, Card, Severity};

/// A plain card of an event: source, type, what it seems to be about, its values and a link, and that a template failed.
///
/// `why` is shown to the channel, so it must hold nothing of the payload; a [`RenderError`](super::RenderError) fits.
pub fn fallback(input: &RenderInput, why: &dyn std::fmt::Display) -> Card {
    let words = input.locale().words();
    let payload = input.root().get("payload").unwrap_or(&Value::Null);
    let (source, kind) = (text::one_line(input.event("source")), text::one_line(input.event("type")));
    let title = survey::title(payload);
    let link = survey::link(payload);
    let head = if kind.is_empty() { source.clone() } else { format!("{source}: {kind}") };
    let mut facts = vec![(words.phrase(phrase::STATUS).into_owned(), survey::status(payload))];
    facts.extend(survey::facts(payload, 6, words, &input.locale().time_zone()));
    facts.extend(
        [(phrase::EVENT, input.event("id")), (phrase::DELIVERY, input.event("delivery_id"))]
            .map(|(name, id)| (words.phrase(name).into_owned(), text::one_line(id))),
    );
    let facts: Vec<Value> = facts
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| json!({"title": neutral(name), "value": neutral(value)}))
        .collect();
    let mut body = vec![json!({"type": "TextBlock", "text": neutral(&head), "weight": "bolder", "wrap": true})];
    if !title.is_empty() {
        body.push(json!({"type": "TextBlock", "text": neutral(&title), "wrap": true}));
    }
    if !facts.is_empty() {
        body.push(json!({"type": "FactSet", "facts": facts}));
    }
    let notice = words.fill(phrase::FAILED, &[("why", &why.to_string())]);
    body.push(json!({"type": "TextBlock", "text": neutral(&notice), "isSubtle": true, "size": "small", "wrap": true}));
    let summary = if title.is_empty() { head } else { format!("{head}: {title}") };
    let actions =
        link.iter().map(|url| Action { title: words.phrase(phrase::OPEN).into_owned(), url: url.clone() }).collect();
    Card {
        summary: text::truncate(&summary, 200),
        severity: Severity::Info,
        link,
        fold: Some(source),
        body,
        actions,
        mentions: Vec::new(),
    }
}
