//! A card as a MessageCard, which connectors take: its elements become sections with texts, facts and pictures.

use serde_json::{Map, Value, json};

use crate::{
    card::{Card, Severity},
    render::neutral,
};

/// Buttons that a MessageCard may have.
const MOST_BUTTONS: usize = 4;
/// Sections that are shown well.
const MOST_SECTIONS: usize = 10;

/// The MessageCard.
pub(super) fn message_card(card: &Card) -> Value {
    let mut made = json!({
        "@type": "MessageCard",
        "@context": "https://schema.org/extensions",
        "summary": card.summary,
        "themeColor": colour(card.severity),
        "sections": Sections::of(&card.body),
    });
    let buttons: Vec<Value> = card
        .actions
        .iter()
        .take(MOST_BUTTONS)
        .map(|action| {
            json!({"@type": "OpenUri", "name": action.title, "targets": [{"os": "default", "uri": action.url}]})
        })
        .collect();
    if let Some(map) = made.as_object_mut().filter(|_| !buttons.is_empty()) {
        map.insert("potentialAction".to_owned(), buttons.into());
    }
    made
}

/// Teams' own colours for these states.
const fn colour(severity: Severity) -> &'static str {
    match severity {
        Severity::Good => "13A10E",
        Severity::Info => "4F6BED",
        Severity::Warning => "EAA300",
        Severity::Critical => "C4314B",
    }
}

#[derive(Default)]
struct Sections {
    done: Vec<Value>,
    texts: Vec<String>,
    facts: Vec<Value>,
    images: Vec<Value>,
}

impl Sections {
    fn of(body: &[Value]) -> Vec<Value> {
        let mut sections = Self::default();
        body.iter().for_each(|element| sections.add(element));
        sections.close();
        sections.done
    }

    /// A section shows its text above its facts, so a text after facts begins a new one.
    fn close(&mut self) {
        if self.texts.is_empty() && self.facts.is_empty() && self.images.is_empty() {
            return;
        }
        if self.done.len() < MOST_SECTIONS {
            let mut section = Map::new();
            if !self.texts.is_empty() {
                section.insert("text".to_owned(), self.texts.join("\n\n").into());
            }
            if !self.facts.is_empty() {
                section.insert("facts".to_owned(), std::mem::take(&mut self.facts).into());
            }
            if !self.images.is_empty() {
                section.insert("images".to_owned(), std::mem::take(&mut self.images).into());
            }
            self.done.push(section.into());
        }
        *self = Self { done: std::mem::take(&mut self.done), ..Self::default() };
    }

    fn add(&mut self, element: &Value) {
        match text(element, "type") {
            "TextBlock" => self.text(words(element)),
            "RichTextBlock" => {
                let words: String = list(element, "inlines").iter().map(|run| text(run, "text")).collect();
                self.text(neutral(&words));
            }
            "FactSet" => {
                let facts = list(element, "facts").iter();
                self.facts.extend(facts.map(|fact| json!({"name": text(fact, "title"), "value": text(fact, "value")})));
            }
            // Faces beside names are too small a thing for a section's pictures.
            "Image" if text(element, "style") != "person" => {
                self.images.push(json!({"image": text(element, "url"), "title": text(element, "altText")}));
            }
            "Container" | "Column" => list(element, "items").iter().for_each(|inner| self.add(inner)),
            "ImageSet" => list(element, "images").iter().for_each(|inner| self.add(inner)),
            "ColumnSet" => self.columns(element),
            "ActionSet" => {
                let links = list(element, "actions").iter();
                let links: Vec<String> =
                    links.map(|link| format!("[{}]({})", neutral(text(link, "title")), text(link, "url"))).collect();
                self.text(links.join(" · "));
            }
            _ => {}
        }
    }

    fn text(&mut self, words: String) {
        if words.is_empty() {
            return;
        }
        if !self.facts.is_empty() || !self.images.is_empty() {
            self.close();
        }
        self.texts.push(words);
    }

    /// What stood side by side stands in one line, if it was texts.
    fn columns(&mut self, element: &Value) {
        let mut inner = Self::default();
        list(element, "columns").iter().for_each(|column| inner.add(column));
        if inner.facts.is_empty() && inner.images.is_empty() && inner.done.is_empty() {
            return self.text(inner.texts.join(" · "));
        }
        list(element, "columns").iter().for_each(|column| self.add(column));
    }
}

/// A text with its weight, which a MessageCard has no other way to say.
fn words(element: &Value) -> String {
    let words = text(element, "text");
    let is_bold = text(element, "weight") == "bolder" && !words.is_empty() && !words.contains(['\n', '*']);
    if is_bold { format!("**{words}**") } else { words.to_owned() }
}

fn text<'a>(element: &'a Value, name: &str) -> &'a str {
    element.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn list<'a>(element: &'a Value, name: &str) -> &'a [Value] {
    element.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}
