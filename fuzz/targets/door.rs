//! Whatever a connection begins with: a PROXY header names who is there, leaves what follows, or is refused.
//!
//! An input is a line with `X-Forwarded-For`, and what comes over the connection.

#![no_main]

use futures_util::FutureExt;
use http::{HeaderMap, HeaderValue};
use libfuzzer_sys::fuzz_target;
use teams_relay::http::{proxies::TrustedProxies, proxy_protocol};

fuzz_target!(|input: &[u8]| {
    let end = input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len());
    let (forwarded, rest) = input.split_at(end);
    let sent = rest.strip_prefix(b"\n").unwrap_or_default();
    let trusted = TrustedProxies::new(vec!["10.0.0.0/8".parse().expect("a network")]);
    let from = "10.0.0.1:9".parse().expect("an address");
    let mut stream = sent;
    let peer = proxy_protocol::accept(&mut stream, from, &trusted).now_or_never().expect("it never waits for bytes");
    if peer.is_ok() {
        assert!(sent.ends_with(stream), "it took more than the header");
    }
    if let Ok(value) = HeaderValue::from_bytes(forwarded) {
        let headers = HeaderMap::from_iter([(http::header::HeaderName::from_static("x-forwarded-for"), value)]);
        let stranger = "192.0.2.9".parse().expect("an address");
        assert_eq!(trusted.client(stranger, &headers), stranger, "a stranger has no say");
        drop(trusted.client(from.ip(), &headers));
    }
});
