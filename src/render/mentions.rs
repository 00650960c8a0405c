//! Whom a card mentions: those of the document's own list, and those of the helper `mention`.
//!
//! Teams refuses a whole card for one person whom it can't look up, and for a mention that stands in the text or in the
//! list alone. So who can't be mentioned is only named.

use serde_json::Value;

use super::markdown::{called, is_person, neutral};
use crate::card::{MOST_MENTIONS, Mention};

const BEGIN: &str = "<at>";
const END: &str = "</at>";

/// Joins both lists, and takes the tags away from the names in the texts whom nobody on them bears.
pub(super) fn settle(body: &mut [Value], listed: Vec<Mention>, helped: Vec<Mention>) -> Vec<Mention> {
    let mut shown = Vec::new();
    each_name(body, &mut |written| {
        // The list has the name without the signs that were put before what means something.
        let name = called(&written.replace('\\', ""));
        shown.push(name.clone());
        if name.is_empty() { name } else { format!("{BEGIN}{name}{END}") }
    });
    let mut told: Vec<Mention> = Vec::new();
    for Mention { id, name } in listed.into_iter().chain(helped) {
        let mention = Mention { id: id.trim().to_owned(), name: called(&name) };
        let fits = is_person(&mention.id) && shown.contains(&mention.name) && told.len() < MOST_MENTIONS;
        if fits && !told.contains(&mention) {
            told.push(mention);
        }
    }
    let is_told = |name: &str| told.iter().any(|mention| mention.name == name);
    each_name(body, &mut |name| if is_told(name) { format!("{BEGIN}{name}{END}") } else { neutral(name) });
    told
}

/// Writes something else for each name between tags, and for the tags, in every text in which Teams looks for them.
fn each_name(body: &mut [Value], written: &mut dyn FnMut(&str) -> String) {
    for value in body {
        match value {
            Value::String(text) if text.contains(BEGIN) => *text = rewritten(text, written),
            Value::Array(list) => each_name(list, written),
            Value::Object(map) => {
                let texts = map.iter_mut().filter(|(name, _)| *name != "altText" && *name != "url");
                texts.for_each(|(_, member)| each_name(std::slice::from_mut(member), written));
            }
            _ => {}
        }
    }
}

fn rewritten(text: &str, written: &mut dyn FnMut(&str) -> String) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, (name, behind))) =
        rest.split_once(BEGIN).and_then(|(before, after)| Some((before, after.split_once(END)?)))
    {
        out.push_str(before);
        out.push_str(&written(name));
        rest = behind;
    }
    out + rest
}
