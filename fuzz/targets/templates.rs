//! Whatever stands in a template: it is refused in words, or it makes a card that Teams takes, or it fails in words.
//!
//! An input is the template, a line with nothing but `---`, and the payload.

#![no_main]

mod judged;

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use teams_relay::render::{RenderInput, TemplateFile, Templates, embedded};

static PARTIALS: LazyLock<Vec<TemplateFile>> =
    LazyLock::new(|| embedded().into_iter().filter(TemplateFile::is_partial).collect());

fuzz_target!(|input: &[u8]| {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let (template, payload) = text.split_once("\n---\n").unwrap_or((text, "{}"));
    let file = TemplateFile { name: "fuzz/x".into(), origin: "templates/fuzz/x.hbs".into(), text: template.into() };
    // Compiling all partials takes most of the time, so they are there only for those who ask for one.
    let partials = PARTIALS.iter().filter(|_| template.contains("partials/")).cloned();
    match Templates::compile(partials.chain([file]).collect()) {
        Ok(templates) => {
            let payload = serde_json::from_str(payload).unwrap_or_default();
            match templates.render(&"fuzz/x".parse().expect("a name"), &RenderInput::of_sample(payload, "fuzz", "x")) {
                Ok(card) => judged::encode(&card),
                Err(error) => assert!(!error.to_string().is_empty()),
            }
        }
        Err(problems) => assert!(!problems.is_empty()),
    }
});
