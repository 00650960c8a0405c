//! Whatever a template writes: it is no card, and that is said, or it is one that every profile posts as it must be.
//!
//! An input is the text that a template wrote.

#![no_main]

mod judged;

use libfuzzer_sys::fuzz_target;
use teams_relay::render;

fuzz_target!(|input: &[u8]| {
    let text = String::from_utf8_lossy(input);
    if let Some(card) = render::card(&text) {
        judged::encode(&card);
    }
});
