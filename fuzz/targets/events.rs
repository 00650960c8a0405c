//! Whatever a believed sender posts: each shipped template makes a card of it that Teams takes, or fails in words.
//!
//! An input is a line with a template's name, such as `github/push`, and the payload.

#![no_main]

mod judged;

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use teams_relay::{
    name::TemplateName,
    render::{RenderInput, Templates, embedded},
};

static TEMPLATES: LazyLock<(Templates, Vec<TemplateName>)> = LazyLock::new(|| {
    let templates = Templates::compile(embedded()).expect("the shipped templates are sound");
    let names = templates.names();
    (templates, names)
});

fuzz_target!(|input: &[u8]| {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let (name, payload) = text.split_once('\n').unwrap_or_default();
    let Ok(payload) = serde_json::from_str(payload) else { return };
    let (templates, names) = &*TEMPLATES;
    // A line that names none chooses one, so that no input is wasted.
    let lot = name.bytes().fold(0_usize, |lot, byte| lot.wrapping_mul(31).wrapping_add(usize::from(byte)));
    let named = name.parse().ok().filter(|name| templates.has(name));
    let name = named.unwrap_or_else(|| names[lot % names.len()].clone());
    let (provider, kind) = name.as_str().split_once('/').unwrap_or(("generic", name.as_str()));
    match templates.render(&name, &RenderInput::of_sample(payload, provider, kind)) {
        Ok(card) => judged::encode(&card),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
