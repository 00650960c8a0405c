//! The elements of a card in the making: what would show nothing is not made, and all together has a bound, so that no
//! sender's card is ever more than what is rendered. What is left out is counted and told.

use serde_json::{Value, json};

use super::html;
use crate::render::{
    markdown::{self, github},
    marks,
    text::{shows, web_address},
};

/// Bytes of JSON that all elements may have together; a tenth of it is more than Teams takes.
const MOST_BYTES: usize = 256 * 1024;
/// Bytes of JSON that an element takes beside its texts.
const AROUND: usize = 120;
/// Characters of one text that are kept.
const MOST_CHARS: usize = 3_000;

/// A card in the making.
pub(super) struct Draft {
    room: usize,
    left_out: Vec<(&'static str, usize)>,
}

impl Default for Draft {
    fn default() -> Self {
        Self { room: MOST_BYTES, left_out: Vec::new() }
    }
}

/// A text that is meant as Markdown, with or without HTML in it.
pub(super) fn markdown(text: &str) -> String {
    let short: String = text.chars().take(MOST_CHARS).collect();
    let cut = if short.len() < text.len() { "…" } else { "" };
    let made = github::to_teams(&html::to_markdown(&format!("{short}{cut}")));
    marks::markdown(&made)
}

/// An element with further properties.
fn looking(mut element: Value, look: Value) -> Value {
    if let (Value::Object(element), Value::Object(look)) = (&mut element, look) {
        element.extend(look);
    }
    element
}

impl Draft {
    /// Counts what could not be taken; `noun` is what it is called.
    pub(super) fn leave_out(&mut self, noun: &'static str, count: usize) {
        match self.left_out.iter_mut().find(|(known, _)| *known == noun) {
            Some((_, found)) => *found += count,
            None if count > 0 => self.left_out.push((noun, count)),
            None => {}
        }
    }

    /// Whether nothing more has room; then nothing more need be read.
    pub(super) const fn is_full(&self) -> bool {
        self.room == 0
    }

    /// Takes the room that an element with this text needs.
    pub(super) fn fits(&mut self, text: &str) -> bool {
        // Escaped, as it will be written.
        let size = AROUND
            + text
                .chars()
                .map(|c| if c.is_control() { 6 } else { c.len_utf8() + usize::from(c == '"' || c == '\\') })
                .sum::<usize>();
        match self.room.checked_sub(size) {
            Some(rest) => {
                self.room = rest;
                true
            }
            None => {
                self.room = 0;
                self.leave_out("part", 1);
                false
            }
        }
    }

    /// A text, in marks or without.
    pub(super) fn text(&mut self, words: String) -> Option<Value> {
        self.text_with(words, json!({}))
    }

    /// A text with properties such as its weight.
    pub(super) fn text_with(&mut self, words: String, look: Value) -> Option<Value> {
        if !shows(&words) || !self.fits(&words) {
            return None;
        }
        Some(looking(json!({"type": "TextBlock", "text": words, "wrap": true}), look))
    }

    /// A title, as this house shows it.
    pub(super) fn title(&mut self, title: &str) -> Option<Value> {
        self.text_with(title.to_owned(), json!({"size": "medium", "weight": "bolder", "spacing": "small"}))
    }

    /// A small text that others stand before.
    pub(super) fn aside(&mut self, words: String) -> Option<Value> {
        self.text_with(words, json!({"size": "small", "isSubtle": true, "spacing": "small"}))
    }

    /// One of the facts of [`Self::facts`].
    pub(super) fn fact(&mut self, title: String, value: String) -> Option<Value> {
        (shows(&value) && self.fits(&format!("{title}{value}"))).then(|| json!({"title": title, "value": value}))
    }

    /// A table of facts.
    pub(super) fn facts(&mut self, facts: Vec<Option<Value>>) -> Option<Value> {
        let facts: Vec<Value> = facts.into_iter().flatten().collect();
        (!facts.is_empty() && self.fits("")).then(|| json!({"type": "FactSet", "spacing": "medium", "facts": facts}))
    }

    /// A picture; those that are no http address are counted.
    pub(super) fn image(&mut self, url: &str, alt: &str, look: Value) -> Option<Value> {
        if url.trim().is_empty() {
            return None;
        }
        let Some(url) = web_address(url) else {
            self.leave_out("picture", 1);
            return None;
        };
        let alt: String = marks::strip(alt).chars().take(200).collect();
        if !self.fits(&format!("{url}{alt}")) {
            return None;
        }
        Some(looking(json!({"type": "Image", "url": url, "altText": alt}), look))
    }

    /// A button; those that lead to no http address are counted.
    pub(super) fn button(&mut self, title: &str, url: &str) -> Option<Value> {
        let Some(url) = web_address(url) else {
            self.leave_out("button", 1);
            return None;
        };
        let title: String = markdown::without_markdown(&marks::strip(title)).chars().take(80).collect();
        let title = if title.trim().is_empty() { "Open".to_owned() } else { title };
        self.fits(&format!("{title}{url}")).then(|| json!({"type": "Action.OpenUrl", "title": title, "url": url}))
    }

    /// Buttons within the body.
    pub(super) fn buttons(&mut self, buttons: Vec<Value>) -> Option<Value> {
        (!buttons.is_empty() && self.fits("")).then(|| json!({"type": "ActionSet", "actions": buttons}))
    }

    /// Elements that belong together.
    pub(super) fn container(&mut self, items: Vec<Value>, look: Value) -> Option<Value> {
        if items.is_empty() || !self.fits("") {
            return None;
        }
        Some(looking(json!({"type": "Container", "items": items}), look))
    }

    /// Elements side by side, each with its width.
    pub(super) fn columns(&mut self, columns: Vec<(Value, Vec<Value>)>) -> Option<Value> {
        let columns: Vec<Value> = columns
            .into_iter()
            .filter(|(_, items)| !items.is_empty())
            .map(|(width, items)| json!({"width": width, "items": items, "verticalContentAlignment": "center"}))
            .collect();
        (!columns.is_empty() && self.fits("")).then(|| json!({"type": "ColumnSet", "columns": columns}))
    }

    /// What was left out, in words.
    pub(super) fn notice(&self) -> Option<Value> {
        let plural = |(noun, count): &(&str, usize)| format!("{count} {noun}{}", if *count == 1 { "" } else { "s" });
        let parts: Vec<String> = self.left_out.iter().map(plural).collect();
        let text = format!("Left out: {}", parts.join(", "));
        (!parts.is_empty())
            .then(|| json!({"type": "TextBlock", "text": text, "size": "small", "isSubtle": true, "wrap": true}))
    }
}
