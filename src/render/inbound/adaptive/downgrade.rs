//! Elements that Teams' webhooks do not take, as something that they do.

use serde_json::{Value, json};

use super::Reader;
use crate::render::inbound::{
    draft,
    fields::{Fields, text_of},
};

/// Columns of a table that are shown; more can't be read on any screen.
const MOST_COLUMNS: usize = 12;

impl Reader<'_> {
    /// Its `fallback`, or something like it, or nothing but a word of it at the end.
    pub(super) fn unknown(&mut self, kind: &str, fields: Fields<'_>, depth: usize) -> Vec<Value> {
        if let Some(fallback) = self.fallback(fields, depth) {
            return fallback;
        }
        let kind = kind.to_ascii_lowercase();
        match kind.as_str() {
            "table" => return self.table(fields, depth),
            "media" => return self.media(fields),
            "codeblock" => {
                let code = fields.text("codeSnippet").chars().take(2_000).collect();
                return self.draft.text_with(code, json!({"fontType": "monospace"})).into_iter().collect();
            }
            "carousel" => {
                let pages = fields.list("pages").to_vec();
                return pages
                    .iter()
                    .filter_map(Fields::of)
                    .flat_map(|page| self.elements(page.list("items"), depth))
                    .collect();
            }
            _ => {}
        }
        if kind.starts_with("input.") {
            self.draft.leave_out("input", 1);
            return Vec::new();
        }
        if kind.starts_with("action.") {
            let (mut buttons, mut below) = (Vec::new(), Vec::new());
            if let Some(button) = self.open_url(fields) {
                buttons.push(button);
            }
            below.splice(0..0, self.draft.buttons(buttons));
            return below;
        }
        // Of what nobody knows, its words and what it holds.
        let words: Vec<String> = ["title", "text"].iter().map(|name| fields.text(name)).collect();
        let mut made: Vec<Value> = words.iter().filter_map(|words| self.draft.text(draft::markdown(words))).collect();
        made.extend(self.elements(fields.list("items"), depth));
        if made.is_empty() {
            self.draft.leave_out("element", 1);
        }
        made
    }

    /// Rows as columns side by side; each cell is as wide as the table says.
    fn table(&mut self, fields: Fields<'_>, depth: usize) -> Vec<Value> {
        let widths: Vec<Value> = fields.objects("columns").map(|column| width(column.get("width"))).collect();
        let has_head = fields.flag("firstRowAsHeaders").or(fields.flag("firstRowAsHeader")).unwrap_or(true);
        let mut made = Vec::new();
        for (index, row) in fields.objects("rows").enumerate() {
            let mut cells = Vec::new();
            for (column, cell) in row.objects("cells").take(MOST_COLUMNS).enumerate() {
                let mut items = self.elements(cell.list("items"), depth + 2);
                if index == 0 && has_head {
                    items.iter_mut().for_each(embolden);
                }
                if items.is_empty() {
                    // An empty cell keeps its place.
                    items.push(json!({"type": "TextBlock", "text": "–"}));
                }
                cells.push((widths.get(column).cloned().unwrap_or_else(|| "stretch".into()), items));
            }
            let mut row = self.draft.columns(cells);
            if let (Some(Value::Object(row)), true) = (&mut row, index > 0) {
                row.insert("separator".to_owned(), true.into());
                row.insert("spacing".to_owned(), "small".into());
            }
            made.extend(row);
        }
        made
    }

    /// Its picture, and where it can be watched or heard.
    fn media(&mut self, fields: Fields<'_>) -> Vec<Value> {
        let words = fields.text("altText");
        let words = if words.trim().is_empty() { "Media" } else { words.as_str() };
        let mut made: Vec<Value> =
            self.draft.image(&fields.text("poster"), words, json!({"size": "stretch"})).into_iter().collect();
        let source = fields.objects("sources").next().map(|source| source.text("url")).unwrap_or_default();
        let button = self.draft.button(words, &source);
        made.extend(self.draft.buttons(button.into_iter().collect()));
        made
    }
}

fn width(value: Option<&Value>) -> Value {
    let text = value.map(text_of).unwrap_or_default();
    match text.trim().parse::<u32>() {
        Ok(share @ 1..=1000) => share.into(),
        _ => "stretch".into(),
    }
}

fn embolden(element: &mut Value) {
    if let Value::Object(map) = element
        && map.get("type").and_then(Value::as_str) == Some("TextBlock")
    {
        map.insert("weight".to_owned(), "bolder".into());
    }
}
