//! The helper for phrases; it is the only one that template authors need for languages, and most need none.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Args, HelperDoc, text_of};
use crate::render::locale::fill;

pub(super) const HELPERS: &[HelperDoc] = &[HelperDoc {
    name: "word",
    usage: "{{word \"Passed to {place}\" place=value}}",
    gives: "The phrase in the card's language, as it was where that does not list it; a value stands in each `{name}`. `as=\"status\"` says that it is a word for a state.",
    example: ["{{word \"in {place}\" place=payload}}", r#""octo/hello""#, "in octo/hello"],
    values: (1, 1),
    run: word,
}];

fn word(args: &Args<'_>) -> Result<Value, &'static str> {
    let phrase = args.text(0);
    let is_status = args.named("as").is_some_and(|table| table == "status");
    let text = if is_status { args.words.status(&phrase) } else { args.words.phrase(&phrase) };
    let values: BTreeMap<&str, String> =
        args.named.iter().filter(|(name, _)| **name != "as").map(|(name, value)| (*name, text_of(value))).collect();
    // The phrase may be the payload's, and could ask for a long value very often.
    let longest = values.values().map(String::len).max().unwrap_or_default();
    let grown = longest.saturating_mul(text.matches('{').count()).saturating_add(text.len());
    if grown > crate::render::output::MOST_BYTES {
        return Err("would make too long a text");
    }
    Ok(fill(&text, |name| values.get(name).cloned()).into())
}
