//! Whatever a body holds, and whatever its headers say that it holds: reading it ends, and never with a panic.
//!
//! An input is a line with the `Content-Type`, a line with the `Content-Encoding`, and the body.

#![no_main]

use http::{HeaderMap, HeaderValue, header};
use libfuzzer_sys::fuzz_target;
use teams_relay::event::{Codings, Encoding};

fuzz_target!(|input: &[u8]| {
    let mut parts = input.splitn(3, |byte| *byte == b'\n');
    let mut headers = HeaderMap::new();
    for name in [header::CONTENT_TYPE, header::CONTENT_ENCODING] {
        // An empty line is a header that is not there.
        if let Some(value) = parts.next().filter(|line| !line.is_empty())
            && let Ok(value) = HeaderValue::from_bytes(value)
        {
            headers.insert(name, value);
        }
    }
    let body = parts.next().unwrap_or_default();
    if let (Some(encoding), Some(codings)) = (Encoding::of(&headers), Codings::of(&headers)) {
        // Reading twice gives the same: what is stored is read again whenever a card is made of it.
        assert_eq!(encoding.payload(&codings, body), encoding.payload(&codings, body));
    }
});
