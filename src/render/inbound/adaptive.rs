//! An Adaptive Card as a sender made it, brought down to what Teams' webhooks take: elements and properties of 1.4.
//!
//! Which those are stands in one table, that of the walk which makes every card safe ([`Known`]). What is not in it has
//! its `fallback`, or is made into something like it ([`downgrade`]), or is counted and left out.

mod actions;
mod dates;
mod downgrade;
mod property;

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::{
    Posted, colour,
    draft::Draft,
    fields::{Fields, flag, text_of},
    heading,
};
use crate::render::element::{ELEMENTS, Kind, Known, known};

/// Containers within containers that are kept; what is deeper stands in the last of them.
const MOST_DEPTH: usize = 10;

/// Reads it.
pub(super) fn read(card: &Map<String, Value>, draft: &mut Draft) -> Posted {
    let fields = Fields(card);
    let mut reader = Reader { draft, toggled: actions::toggled(card) };
    let mut body = reader.elements(fields.list("body"), 0);
    let (mut actions, below) = reader.actions(fields.list("actions"), 0);
    body.extend(below);
    actions.extend(fields.objects("selectAction").filter_map(|action| reader.open_url(action)));
    let summary =
        ["fallbackText", "speak"].iter().map(|name| heading(&fields.text(name))).find(|line| !line.is_empty());
    let severity = body.iter().take(3).find_map(coloured).unwrap_or_default();
    let title = body.iter().find_map(super::first_words).unwrap_or_default();
    Posted { title, summary: summary.unwrap_or_default(), status: String::new(), severity, body, actions, styled: true }
}

/// What the first colour says.
fn coloured(element: &Value) -> Option<&'static str> {
    let own = ["color", "style"].iter().filter_map(|name| element.get(name)?.as_str());
    let graver = own.filter_map(colour::severity).find(|severity| *severity != "info");
    let inside = ["columns", "items"].iter().filter_map(|name| element.get(name)?.as_array());
    graver.or_else(|| inside.flatten().find_map(coloured))
}

struct Reader<'a> {
    draft: &'a mut Draft,
    /// The ids of elements that a button would show and hide.
    toggled: HashSet<String>,
}

impl Reader<'_> {
    fn elements(&mut self, list: &[Value], depth: usize) -> Vec<Value> {
        list.iter().flat_map(|element| self.element(element, depth)).collect()
    }

    /// An element; several where it was too deep to stay one, or none.
    fn element(&mut self, element: &Value, depth: usize) -> Vec<Value> {
        let Some(fields) = Fields::of(element) else {
            return self.draft.text(super::draft::markdown(&text_of(element))).into_iter().collect();
        };
        // The button that would show it is gone, so it is shown at once.
        if fields.flag("isVisible") == Some(false) && !self.toggled.contains(&fields.text("id")) {
            return Vec::new();
        }
        if self.draft.is_full() {
            self.draft.leave_out("part", 1);
            return Vec::new();
        }
        let kind = fields.text("type");
        // A column outside of a set is a container, but for its name.
        let named = if kind == "Column" { "Container" } else { kind.as_str() };
        let is_met = actions::is_met(fields.get("requires"));
        match known(named).filter(|known| ELEMENTS.contains(&known.name) && is_met) {
            Some(known) => self.known(known, fields, depth),
            None => self.unknown(&kind, fields, depth),
        }
    }

    /// What stands in for an element that is not known; none where nothing was said of it.
    fn fallback(&mut self, fields: Fields<'_>, depth: usize) -> Option<Vec<Value>> {
        match fields.get("fallback")? {
            Value::String(word) if word.eq_ignore_ascii_case("drop") => Some(Vec::new()),
            other @ Value::Object(_) => Some(self.element(other, depth)),
            _ => None,
        }
    }

    /// An element of the table with the properties that the table has for it.
    fn known(&mut self, known: &'static Known, fields: Fields<'_>, depth: usize) -> Vec<Value> {
        let inner = match known.name {
            "Container" | "Column" => Some("items"),
            "ColumnSet" => Some("columns"),
            _ => None,
        };
        if let Some(inner) = inner.filter(|_| depth >= MOST_DEPTH) {
            return self.elements(fields.list(inner), depth);
        }
        if known.name == "ActionSet" {
            let (buttons, mut below) = self.actions(fields.list("actions"), depth);
            below.splice(0..0, self.draft.buttons(buttons));
            return below;
        }
        self.one(known, fields, depth).into_iter().collect()
    }

    fn one(&mut self, known: &'static Known, fields: Fields<'_>, depth: usize) -> Option<Value> {
        let mut made = Map::new();
        if known.name != "Fact" {
            made.insert("type".to_owned(), known.name.into());
        }
        let mut texts = String::new();
        for (name, kind) in known.all_properties() {
            if matches!(name, "id" | "isVisible") {
                continue;
            }
            let Some(value) = fields.get(name) else { continue };
            let Some(value) = self.property(known, name, kind, value, depth) else { continue };
            if let Some(text) = value.as_str() {
                texts.push_str(text);
            }
            made.insert(name.to_owned(), value);
        }
        let shows = match made.get(known.needs) {
            None | Some(Value::Null) => false,
            Some(Value::String(text)) => crate::render::text::shows(text),
            Some(Value::Array(list)) => !list.is_empty(),
            Some(_) => true,
        };
        if !shows {
            if known.name == "Image" {
                self.draft.leave_out("picture", 1);
            }
            return None;
        }
        if fields.text("style").eq_ignore_ascii_case("heading") && known.name == "TextBlock" {
            made.entry("weight").or_insert_with(|| "bolder".into());
            made.entry("size").or_insert_with(|| "large".into());
        }
        self.draft.fits(&texts).then_some(made.into())
    }

    fn property(&mut self, of: &'static Known, name: &str, kind: Kind, value: &Value, depth: usize) -> Option<Value> {
        match kind {
            Kind::Elements => {
                let list = if value.is_object() { std::slice::from_ref(value) } else { value.as_array()?.as_slice() };
                Some(self.elements(list, depth + 1).into())
            }
            Kind::List(only) => Some(self.list(value.as_array()?, only, depth).into()),
            Kind::Action => self.open_url(Fields::of(value)?).map(without_title),
            Kind::Flag => flag(value).map(Value::from),
            _ => property::plain(of, name, kind, value),
        }
    }

    /// Things of one type, such as the columns of a set.
    fn list(&mut self, list: &[Value], only: &'static str, depth: usize) -> Vec<Value> {
        let Some(of) = known(only) else { return Vec::new() };
        let mut made = Vec::new();
        for member in list {
            let run = json!({"text": text_of(member)});
            let member = if member.is_string() && only == "TextRun" { &run } else { member };
            let Some(fields) = Fields::of(member) else { continue };
            if fields.flag("isVisible") == Some(false) && !self.toggled.contains(&fields.text("id")) {
                continue;
            }
            let is_other =
                only == "Image" && !["", "image"].contains(&fields.text("type").to_ascii_lowercase().as_str());
            if is_other {
                self.draft.leave_out("element", 1);
                continue;
            }
            made.extend(self.one(of, fields, depth + 1));
        }
        made
    }
}

/// What leads somewhere by itself says nothing of it.
fn without_title(mut action: Value) -> Value {
    if let Value::Object(map) = &mut action {
        map.shift_remove("title");
    }
    action
}
