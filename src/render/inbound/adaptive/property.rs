//! Values of an Adaptive Card's properties, each as the table says that it is read, or not at all.

use serde_json::Value;

use super::{super::fields::text_of, dates};
use crate::render::{
    element::{Kind, Known},
    inbound::draft,
    known::{SIZES, is_pixels},
    text::web_address,
};

/// Characters of a text that is shown as it is.
const MOST_CHARS: usize = 2_000;

/// A value that holds no other elements. Words that do not fit are left to the walk, which leaves them out.
pub(super) fn plain(of: &Known, name: &str, kind: Kind, value: &Value) -> Option<Value> {
    match kind {
        Kind::Markdown => Some(draft::markdown(&dates::written_out(&text_of(value))).into()),
        Kind::Plain | Kind::Run => Some(text_of(value).chars().take(MOST_CHARS).collect::<String>().into()),
        Kind::Address => web_address(value.as_str()?).map(Value::from),
        Kind::Number => whole(value).map(Value::from),
        Kind::Word(_) => value.as_str().map(|word| word.chars().take(40).collect::<String>().into()),
        Kind::Size => size(of, name, value),
        Kind::Flag | Kind::Elements | Kind::List(_) | Kind::Action => None,
    }
}

fn whole(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.trim().parse().ok()).filter(|number| *number <= 10_000)
}

/// A word, pixels, or of a column its share. What may stand where is the schema's, narrower than the table's.
fn size(of: &Known, name: &str, value: &Value) -> Option<Value> {
    let word = value.as_str().map(|word| word.trim().to_ascii_lowercase()).unwrap_or_default();
    let pixels = is_pixels(&word);
    let is_word = SIZES.contains(&word.as_str());
    match (of.name, name) {
        ("Column", "width") if is_word || pixels => Some(word.into()),
        ("Column", "width") => whole(value).map(Value::from),
        ("Image", _) => (pixels || is_word).then(|| word.into()),
        (_, "height") => is_word.then(|| word.into()),
        _ => pixels.then(|| word.into()),
    }
}
