//! Makes a card fit: Teams counts what it stores, which is the card as a string inside of its own JSON.
//!
//! Little by little: long texts are cut, then lists, then facts go, and at last one line and the link are left. A card
//! that was shortened says so, so that nobody takes it for the whole.

use serde_json::{Value, json};

use crate::{
    card::Card,
    render::{Words, neutral, phrase, truncate},
};

/// Bytes that the message around the card takes where it is stored; seen to be under 300.
const AROUND: usize = 512;

/// The lengths that texts are cut to, in characters, and how many members of a list are kept, step by step.
const STEPS: &[(usize, usize)] = &[(2_000, 40), (800, 20), (300, 10), (120, 6), (60, 3)];

/// The content that `make` yields for the card, or for as much of it as fits; and whether something was left out.
pub(super) fn fit(card: &Card, max_bytes: usize, words: &Words, make: impl Fn(&Card) -> Value) -> (Value, bool) {
    let fits = |content: &Value| fits(card, content, max_bytes);
    let whole = make(card);
    if fits(&whole) {
        return (whole, false);
    }
    let shorter = STEPS.iter().map(|(chars, members)| shortened(card, *chars, *members, words));
    let without_facts = std::iter::once_with(|| without_facts(&shortened(card, 60, 3, words)));
    let found = shorter.chain(without_facts).map(|card| make(&with_notice(card, words))).find(&fits);
    (found.unwrap_or_else(|| least(card, max_bytes, words, make)), true)
}

fn fits(card: &Card, content: &Value, max_bytes: usize) -> bool {
    // The summary stands in the message once more.
    let around = AROUND + truncate(&card.summary, 200).len();
    stored_size(content) + around <= max_bytes
}

/// Bytes of the content as Teams stores it: escaped into a JSON string.
pub(super) fn stored_size(content: &Value) -> usize {
    // Whether Teams counts bytes or UTF-16 units is not known; bytes are never fewer. What is not to stand in a string
    // is escaped in JSON already, so only quotes and backslashes are escaped once more.
    bytes_of(content).iter().map(|byte| if matches!(byte, b'"' | b'\\') { 2 } else { 1 }).sum::<usize>() + 2
}

/// A value as JSON.
pub(super) fn bytes_of(value: &Value) -> Vec<u8> {
    // A `Value` always is JSON; its `to_string` takes twice as long.
    serde_json::to_vec(value).unwrap_or_else(|_| value.to_string().into_bytes())
}

fn shortened(card: &Card, chars: usize, members: usize, words: &Words) -> Card {
    let mut card = card.clone();
    card.summary = truncate(&card.summary, chars);
    let mut body = Value::Array(std::mem::take(&mut card.body));
    shorten(&mut body, chars, members, words);
    if let Value::Array(body) = body {
        card.body = body;
    }
    card.actions.iter_mut().for_each(|action| action.title = truncate(&action.title, 40));
    card
}

/// Cuts texts and lists, all the way down.
fn shorten(value: &mut Value, chars: usize, members: usize, words: &Words) {
    match value {
        Value::Array(list) => {
            let over = list.len().saturating_sub(members);
            if over > 0 {
                list.truncate(members);
                list.extend(rest(list.first(), over, words));
            }
            list.iter_mut().for_each(|member| shorten(member, chars, members, words));
        }
        Value::Object(map) => {
            for (name, member) in map.iter_mut() {
                match member {
                    Value::String(text) if matches!(name.as_str(), "text" | "value" | "title" | "altText") => {
                        *text = cut(text, chars);
                    }
                    Value::String(_) => {}
                    _ => shorten(member, chars, members, words),
                }
            }
        }
        _ => {}
    }
}

/// Cut Markdown is Markdown still: what was opened and not closed is only a sign on the screen, but a link that lost
/// its end, an escape that lost its letter, or half a mention must not be left.
fn cut(text: &str, chars: usize) -> String {
    let short = truncate(text, chars);
    if short.len() == text.len() {
        return short;
    }
    let mut end = short.trim_end_matches('…').trim_end();
    for (open, close) in [("[", ")"), ("<at>", "</at>")] {
        let opened = end.rfind(open).filter(|at| !end.get(*at..).unwrap_or_default().contains(close));
        end = opened.and_then(|at| end.get(..at)).unwrap_or(end);
    }
    format!("{}…", end.trim_end_matches('\\').trim_end())
}

/// What stands for the members that were left out; nothing where no words can stand.
fn rest(first: Option<&Value>, over: usize, words: &Words) -> Option<Value> {
    let fill = |phrase| words.fill(phrase, &[("number", &over.to_string())]);
    let text = fill(phrase::MORE);
    let first = first?;
    match first.get("type").and_then(Value::as_str) {
        None if first.get("value").is_some() => Some(json!({"title": "…", "value": fill(phrase::AND_MORE)})),
        Some("TextRun") => Some(json!({"type": "TextRun", "text": text})),
        Some("Column" | "Image" | "Action.OpenUrl") | None => None,
        Some(_) => Some(json!({"type": "TextBlock", "text": text, "isSubtle": true, "wrap": true})),
    }
}

fn without_facts(card: &Card) -> Card {
    let mut card = card.clone();
    card.body.retain(|element| element.get("type").and_then(Value::as_str) != Some("FactSet"));
    card
}

fn with_notice(mut card: Card, words: &Words) -> Card {
    let is_linked = card.link.is_some() || !card.actions.is_empty();
    let text = words.phrase(if is_linked { phrase::SHORTENED_LINKED } else { phrase::SHORTENED });
    card.body.push(json!({"type": "TextBlock", "text": text, "isSubtle": true, "size": "small", "wrap": true}));
    card
}

/// One line and the link; less of the line, and then no link, until it fits.
pub(super) fn least(card: &Card, max_bytes: usize, words: &Words, make: impl Fn(&Card) -> Value) -> Value {
    let link = card.link.iter().chain(card.actions.iter().map(|action| &action.url)).next();
    let title = words.phrase(phrase::OPEN);
    let line = |chars: usize, linked: bool| {
        let summary: String = truncate(&card.summary, chars).chars().take(chars).collect();
        let actions = link.iter().filter(|_| linked);
        let card = Card {
            body: vec![json!({"type": "TextBlock", "text": neutral(&summary), "wrap": true})],
            actions: actions
                .map(|url| crate::card::Action { title: title.clone().into_owned(), url: (*url).clone() })
                .collect(),
            summary,
            severity: card.severity,
            link: card.link.clone(),
            fold: None,
            mentions: Vec::new(),
        };
        make(&with_notice(card, words))
    };
    let lines = [(120, true), (40, true), (40, false)].into_iter().map(|(chars, linked)| line(chars, linked));
    lines.into_iter().find(|content| fits(card, content, max_bytes)).unwrap_or_else(|| line(0, false))
}
