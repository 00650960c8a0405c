//! Marks around what comes from outside, so that after parsing it is still known which text a template's author wrote.
//!
//! The marks are Unicode noncharacters, which no text in interchange may hold; they are taken out of every value that
//! comes in, so only the engine can write them.

use serde_json::Value;

/// Begins a value that came from outside.
pub(super) const VALUE: char = '\u{FDD0}';
/// Ends it.
pub(super) const VALUE_END: char = '\u{FDD1}';
/// Begins Markdown that is already in Teams' subset.
pub(super) const MARKDOWN: char = '\u{FDD2}';
/// Ends it.
pub(super) const MARKDOWN_END: char = '\u{FDD3}';
/// Begins a mention: the person's id follows.
pub(super) const MENTION: char = '\u{FDD4}';
/// Between a mention's id and its name.
pub(super) const MENTION_NAME: char = '\u{FDD5}';
/// Ends a mention.
pub(super) const MENTION_END: char = '\u{FDD6}';
/// Begins the number of a template's piece; written only where it is asked which piece wrote something.
pub(super) const PIECE: char = '\u{FDD7}';
/// Ends it.
pub(super) const PIECE_END: char = '\u{FDD8}';

/// Characters of one value that are shown; a card of nothing else would not be taken with many more.
const MOST_CHARS: usize = 4_000;

const fn is_mark(c: char) -> bool {
    matches!(c, VALUE..=PIECE_END)
}

/// Whether there is a mark in a text, so that some of it came from outside. All begin with one byte, which few texts
/// have.
pub(super) fn has_any(text: &str) -> bool {
    text.as_bytes().contains(&0xEF) && text.contains(is_mark)
}

/// The text without any marks.
pub(super) fn strip(text: &str) -> String {
    if has_any(text) { text.chars().filter(|c| !is_mark(*c)).collect() } else { text.to_owned() }
}

/// Takes the marks out of everything that came in, keys included.
pub(super) fn strip_all(value: &mut Value) {
    match value {
        Value::String(text) if has_any(text) => *text = strip(text),
        Value::Array(list) => list.iter_mut().for_each(strip_all),
        Value::Object(map) => {
            map.values_mut().for_each(strip_all);
            if map.keys().any(|key| has_any(key)) {
                *map = std::mem::take(map).into_iter().map(|(key, value)| (strip(&key), value)).collect();
            }
        }
        _ => {}
    }
}

/// What is written for `{{value}}`: the text fit for the inside of a JSON string, between marks.
pub(super) fn escape(value: &str) -> String {
    if value.is_empty() {
        return String::new();
    }
    let mut inner: String = value.chars().filter(|c| !matches!(*c, VALUE | VALUE_END)).take(MOST_CHARS).collect();
    if inner.len() < value.len() && value.chars().nth(MOST_CHARS).is_some() {
        inner.push('…');
    }
    let quoted = Value::String(inner).to_string();
    let escaped = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
    format!("{VALUE}{escaped}{VALUE_END}")
}

/// A stretch of a string, by where it came from.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stretch {
    /// The template's own text.
    Author(String),
    /// A value: text, and nothing but text.
    Value(String),
    /// A value that the template says is Markdown, converted already.
    Markdown(String),
    /// A person to mention.
    Mention { id: String, name: String },
}

/// Cuts a string at its marks. A mark that a helper cut off is made up for: what follows is the more harmless kind.
pub(super) fn stretches(text: &str) -> Vec<Stretch> {
    let mut found = Vec::new();
    let (mut current, mut in_value, mut id, mut kind) = (String::new(), false, String::new(), VALUE_END);
    for c in text.chars() {
        if !is_mark(c) {
            current.push(c);
            continue;
        }
        let text = std::mem::take(&mut current);
        if c == MENTION_NAME {
            id = text;
            kind = MENTION_NAME;
            continue;
        }
        found.extend(stretch(kind, text, &mut id));
        in_value = match c {
            VALUE => true,
            VALUE_END => false,
            _ => in_value,
        };
        kind = match c {
            MARKDOWN | MENTION => c,
            _ if in_value => VALUE,
            _ => VALUE_END,
        };
    }
    found.extend(stretch(kind, current, &mut id));
    found
}

/// `kind` is the mark that the text stands after.
fn stretch(kind: char, text: String, id: &mut String) -> Option<Stretch> {
    if text.is_empty() {
        return None;
    }
    match kind {
        VALUE => Some(Stretch::Value(text)),
        MARKDOWN => Some(Stretch::Markdown(text)),
        MENTION_NAME => Some(Stretch::Mention { id: std::mem::take(id), name: text }),
        // An id whose name was cut off is nothing to show.
        MENTION => None,
        _ => Some(Stretch::Author(text)),
    }
}

/// Markdown in Teams' subset, between its marks.
pub(super) fn markdown(markdown: &str) -> String {
    if markdown.is_empty() { String::new() } else { format!("{MARKDOWN}{markdown}{MARKDOWN_END}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_escaped_value_is_json_and_can_be_told_from_the_authors_text() {
        let json = format!("\"by {}!\"", escape("a\"b\n"));
        let text: String = serde_json::from_str(&json).unwrap();
        assert_eq!(
            stretches(&text),
            [Stretch::Author("by ".into()), Stretch::Value("a\"b\n".into()), Stretch::Author("!".into())]
        );
    }

    #[test]
    fn marks_in_what_comes_in_are_taken_out_of_texts_and_keys() {
        let mut value = serde_json::json!({"a\u{FDD1}": ["x\u{FDD2}y"]});
        strip_all(&mut value);
        assert_eq!(value, serde_json::json!({"a": ["xy"]}));
    }

    #[test]
    fn a_mention_that_was_cut_short_is_no_mention() {
        assert_eq!(stretches("\u{FDD0}\u{FDD4}some-id\u{FDD1}x"), [Stretch::Author("x".into())]);
    }
}
