//! Buttons of an Adaptive Card: those that open an address stay, cards behind a button come out, others are left out.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::{MOST_DEPTH, Reader};
use crate::render::inbound::{
    draft,
    fields::{Fields, text_of},
};

impl Reader<'_> {
    /// The buttons, and what stands behind them and is put below.
    pub(super) fn actions(&mut self, list: &[Value], depth: usize) -> (Vec<Value>, Vec<Value>) {
        let (mut buttons, mut below) = (Vec::new(), Vec::new());
        for action in list.iter().filter_map(Fields::of) {
            self.action(action, depth, &mut buttons, &mut below);
        }
        (buttons, below)
    }

    fn action(&mut self, action: Fields<'_>, depth: usize, buttons: &mut Vec<Value>, below: &mut Vec<Value>) {
        match action.text("type").to_ascii_lowercase().as_str() {
            "action.openurl" => buttons.extend(self.open_url(action)),
            "action.showcard" => below.extend(self.show_card(action, depth)),
            // What it would show is shown.
            "action.togglevisibility" => {}
            _ => match action.get("fallback").and_then(Fields::of) {
                Some(fallback) => self.action(fallback, depth, buttons, below),
                None if action.text("fallback").eq_ignore_ascii_case("drop") => {}
                None => self.draft.leave_out("button", 1),
            },
        }
    }

    /// A button that opens an address; any other is counted.
    pub(super) fn open_url(&mut self, action: Fields<'_>) -> Option<Value> {
        match action.text("type").to_ascii_lowercase().as_str() {
            "action.openurl" => self.draft.button(&action.text("title"), &action.text("url")),
            "action.togglevisibility" => None,
            _ => {
                self.draft.leave_out("button", 1);
                None
            }
        }
    }

    /// The card behind the button, below the button's words.
    fn show_card(&mut self, action: Fields<'_>, depth: usize) -> Option<Value> {
        let card = action.get("card").and_then(Fields::of)?;
        let mut items = self.elements(card.list("body"), depth + 1);
        let (buttons, below) = self.actions(card.list("actions"), depth + 1);
        items.extend(self.draft.buttons(buttons));
        items.extend(below);
        let title = self.draft.text_with(draft::markdown(&action.text("title")), json!({"weight": "bolder"}));
        if !items.is_empty() {
            items.splice(0..0, title);
        }
        if depth < MOST_DEPTH {
            return self.draft.container(items, json!({"style": "emphasis", "spacing": "medium"}));
        }
        // Too deep for a container of its own: as much as one element can say.
        items.into_iter().next()
    }
}

/// The ids of the elements that some button of the card shows and hides.
pub(super) fn toggled(card: &Map<String, Value>) -> HashSet<String> {
    let mut found = HashSet::new();
    card.values().for_each(|value| look_for_targets(value, &mut found));
    found
}

fn look_for_targets(value: &Value, found: &mut HashSet<String>) {
    match value {
        Value::Array(list) => list.iter().for_each(|value| look_for_targets(value, found)),
        Value::Object(map) => {
            let fields = Fields(map);
            if fields.text("type").eq_ignore_ascii_case("Action.ToggleVisibility") {
                let id = |target: &Value| text_of(target.get("elementId").unwrap_or(target));
                found.extend(fields.list("targetElements").iter().map(id));
            }
            map.values().for_each(|value| look_for_targets(value, found));
        }
        _ => {}
    }
}

/// Whether Teams has what an element asks for, as far as is known here: cards of 1.4 and nothing else.
pub(super) fn is_met(requires: Option<&Value>) -> bool {
    let Some(Value::Object(requires)) = requires else { return true };
    requires.iter().all(|(what, version)| {
        let version = text_of(version);
        let mut numbers = version.split('.').map(|part| part.trim().parse::<u32>().unwrap_or(0));
        let asked = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
        what.eq_ignore_ascii_case("adaptiveCards") && (version.trim() == "*" || asked <= (1, 4))
    })
}
