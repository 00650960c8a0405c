//! What senders post who used to post to an Office 365 connector or to Slack's incoming webhook, as the parts of a card.
//!
//! The shape is known by its looks: a MessageCard, an Adaptive Card with or without its envelope, a message of Slack's,
//! or a text. Whatever comes makes something to show; what Teams' webhooks can't take is left out, and the card says so.
//!
//! Nothing here is safe by itself: texts come out marked as values or as Markdown, and the template's document goes
//! the way of every other. A sender can't mention anyone: it has no say in whom the channel's owner wants called.

mod adaptive;
mod colour;
mod draft;
mod fields;
mod html;
mod message_card;
mod slack;

use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use self::{draft::Draft, fields::Fields};
use super::{
    Locale, helpers, markdown, marks, survey,
    text::{first_line, one_line, truncate},
};

/// What a sender's card comes to.
#[derive(Debug, Default)]
struct Posted {
    /// What it is about; Markdown is left out of it.
    title: String,
    /// What lists and notifications show.
    summary: String,
    /// How it stands, in the sender's word.
    status: String,
    /// One of the severities; empty where nothing is said of it.
    severity: &'static str,
    body: Vec<Value>,
    /// `Action.OpenUrl`s.
    actions: Vec<Value>,
    /// Whether the sender gave it a look of its own.
    styled: bool,
}

/// Whose Markdown a bare text is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// As MessageCards have it.
    Markdown,
    /// As Slack has it.
    Mrkdwn,
}

/// Cards of one message that are shown.
const MOST_CARDS: usize = 10;
/// Buttons that Teams shows.
const MOST_BUTTONS: usize = 6;
/// Characters of a title that are kept.
const MOST_TITLE: usize = 200;

/// The parts of the card that this is, as a template takes them.
pub(super) fn posted(payload: &Value, dialect: Dialect) -> Value {
    let mut draft = Draft::default();
    let mut made = read(payload, dialect, &mut draft);
    let over = made.actions.len().saturating_sub(MOST_BUTTONS);
    made.actions.truncate(MOST_BUTTONS);
    draft.leave_out("button", over);
    if made.body.is_empty() {
        let words = [&made.title, &made.summary].into_iter().find(|words| !words.is_empty());
        made.body =
            vec![json!({"type": "TextBlock", "text": words.map_or("An empty message", |words| words), "wrap": true})];
    }
    made.body.extend(draft.notice());
    let shown = made.body.iter().find_map(first_words).unwrap_or_default();
    let line =
        [&made.summary, &made.title, &shown].into_iter().map(|words| one_line(words)).find(|line| !line.is_empty());
    let link = made.actions.iter().chain(&made.body).find_map(first_link).unwrap_or_default();
    json!({
        "title": one_line(&made.title),
        "summary": line.unwrap_or_else(|| "A message".to_owned()),
        "status": truncate(&one_line(&made.status), 40),
        "severity": if made.severity.is_empty() { "info" } else { made.severity },
        "link": link,
        "body": made.body,
        "actions": made.actions,
        "styled": made.styled,
    })
}

fn read(payload: &Value, dialect: Dialect, draft: &mut Draft) -> Posted {
    match payload {
        Value::Object(map) => object(map, dialect, draft),
        Value::Array(list) => several(list.iter(), dialect, draft),
        Value::String(text) => said(text, dialect, draft),
        other => said(&fields::text_of(other), dialect, draft),
    }
}

fn object(map: &Map<String, Value>, dialect: Dialect, draft: &mut Draft) -> Posted {
    let fields = Fields(map);
    let is_list = |name: &str| fields.get(name).is_some_and(|value| value.is_array() || value.is_object());
    let kind = fields.text("type").to_ascii_lowercase();
    if kind == "adaptivecard" || (is_list("body") && !is_list("sections")) {
        return adaptive::read(map, draft);
    }
    let in_envelope = |card: &&Value| card.as_object().is_some_and(|map| Fields(map).get("content").is_some());
    let cards: Vec<&Value> = fields.list("attachments").iter().filter(in_envelope).collect();
    if !cards.is_empty() {
        return envelope(fields, &cards, dialect, draft);
    }
    if slack::is_one(fields) {
        return slack::read(fields, draft);
    }
    if message_card::is_one(fields) {
        return message_card::read(fields, draft);
    }
    match fields.text("text") {
        text if !text.trim().is_empty() => Posted { summary: summary(fields), ..said(&text, dialect, draft) },
        _ => unknown(&Value::Object(map.clone()), draft),
    }
}

/// `{"type": "message", "attachments": […]}`: each attachment's content is a card.
fn envelope(fields: Fields<'_>, attachments: &[&Value], dialect: Dialect, draft: &mut Draft) -> Posted {
    let contents =
        attachments.iter().filter_map(|attachment| attachment.get("content").or_else(|| attachment.get("Content")));
    let inside: Vec<Value> = contents.map(content).collect();
    let mut made = several(inside.iter(), dialect, draft);
    let text = fields.text("text");
    if !text.trim().is_empty() {
        made.body.splice(0..0, draft.text(draft::markdown(&text)));
    }
    made.summary = [summary(fields), made.summary].into_iter().find(|line| !line.is_empty()).unwrap_or_default();
    made
}

/// A card that was put into the envelope as text, as Graph has it, is read as what it is.
fn content(value: &Value) -> Value {
    let read = value.as_str().filter(|text| text.trim_start().starts_with('{'));
    let Some(mut card) = read.and_then(|text| serde_json::from_str::<Value>(text).ok()) else { return value.clone() };
    // Marks are taken out of what comes in, but were escaped within a text within the JSON.
    marks::strip_all(&mut card);
    card
}

/// Cards one below the other.
fn several<'a>(cards: impl Iterator<Item = &'a Value>, dialect: Dialect, draft: &mut Draft) -> Posted {
    let mut made = Posted::default();
    for (index, card) in cards.enumerate() {
        if index >= MOST_CARDS {
            draft.leave_out("card", 1);
            continue;
        }
        let next = if card.is_array() { unknown(card, draft) } else { read(card, dialect, draft) };
        made = made.and(next);
    }
    made
}

impl Posted {
    /// This card and another one below it. The worst counts.
    fn and(mut self, mut next: Self) -> Self {
        if let (false, Some(Value::Object(first))) = (self.body.is_empty(), next.body.first_mut()) {
            first.insert("separator".to_owned(), true.into());
        }
        self.body.append(&mut next.body);
        self.actions.append(&mut next.actions);
        let rank =
            |severity: &str| ["", "info", "good", "warning", "critical"].iter().position(|word| *word == severity);
        if rank(next.severity) > rank(self.severity) {
            self.severity = next.severity;
        }
        for (mine, other) in
            [(&mut self.title, next.title), (&mut self.summary, next.summary), (&mut self.status, next.status)]
        {
            if mine.is_empty() {
                *mine = other;
            }
        }
        self.styled |= next.styled;
        self
    }
}

/// A text and nothing else.
fn said(text: &str, dialect: Dialect, draft: &mut Draft) -> Posted {
    let is_mrkdwn = dialect == Dialect::Mrkdwn || slack::looks_like(text);
    let words = if is_mrkdwn { slack::mrkdwn(text) } else { draft::markdown(text) };
    let summary = heading(&words);
    Posted { summary, body: draft.text(words).into_iter().collect(), ..Posted::default() }
}

/// JSON of another kind: what it seems to be about, as the generic template shows it.
fn unknown(payload: &Value, draft: &mut Draft) -> Posted {
    let title = survey::title(payload);
    let mut body: Vec<Value> = draft.title(&title).into_iter().collect();
    body.extend(draft.text(draft::markdown(&survey::text(payload))));
    let english = Locale::default();
    let facts = survey::facts(payload, 8, english.words(), &TimeZone::UTC);
    let facts = facts.into_iter().map(|(title, value)| draft.fact(title, value)).collect();
    body.extend(draft.facts(facts));
    let actions = survey::link(payload).and_then(|url| draft.button("Open", &url)).into_iter().collect();
    let status = survey::status(payload);
    let severity = if status.is_empty() { "" } else { helpers::severity(&status) };
    Posted { title, status, severity, body, actions, ..Posted::default() }
}

fn summary(fields: Fields<'_>) -> String {
    heading(&fields.text("summary"))
}

/// A text's first line without its Markdown, as a title or a summary.
fn heading(text: &str) -> String {
    let text: String = text.chars().take(4 * MOST_TITLE).collect();
    let words = markdown::plain(first_line(&marks::strip(&html::to_markdown(&text))));
    truncate(&one_line(&markdown::without_markdown(&words)), MOST_TITLE)
}

/// Where the first button leads.
fn first_link(element: &Value) -> Option<&str> {
    let is_button = element.get("type").and_then(Value::as_str) == Some("Action.OpenUrl");
    let own = element.get("url").and_then(Value::as_str).filter(|_| is_button);
    let inside = ["actions", "columns", "items"].iter().filter_map(|name| element.get(name)?.as_array());
    own.or_else(|| inside.flatten().find_map(first_link))
}

/// The first text of an element that says something.
fn first_words(element: &Value) -> Option<String> {
    let text = element.get("text").and_then(Value::as_str).map(heading).filter(|words| !words.is_empty());
    let inside = ["columns", "items", "inlines", "facts"].iter().filter_map(|name| element.get(name)?.as_array());
    text.or_else(|| inside.flatten().find_map(first_words))
}

#[cfg(test)]
pub(crate) mod any;
#[cfg(test)]
mod tests;
