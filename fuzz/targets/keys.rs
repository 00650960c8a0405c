//! Whatever a provider's address holds where keys are looked for: no panic, and nobody is believed for it.
//!
//! An input is a request as in `headers`, a line with nothing but `---`, and what the address holds.

#![no_main]

mod request;

use std::sync::{Arc, LazyLock};

use http::{Method, uri::PathAndQuery};
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use teams_relay::{
    event::{RawBody, Webhook},
    provider::Providers,
    secret::Secret,
    verify::{Unproved, Verifier, keyring::Keyring},
};

/// Every preset that may want a key from somewhere.
static VERIFIERS: LazyLock<Vec<(String, Verifier)>> = LazyLock::new(|| {
    let providers = Providers::read([]).expect("the built-in providers are sound");
    let public_url = "https://relay.example".parse().expect("an address");
    let mut verifiers = Vec::new();
    for provider in providers.iter() {
        // None, or what SNS is told apart by.
        for secrets in [Vec::new(), vec![Secret::new("arn:aws:sns:eu-west-1:123456789012:b")]] {
            if let Ok(verifier) = Verifier::new(provider.schemes(), &secrets, "fuzz.toml", Some(&public_url)) {
                verifiers.push((provider.name().to_string(), verifier));
            }
        }
    }
    verifiers
});

static NOW: LazyLock<Timestamp> = LazyLock::new(|| "2026-11-24T00:00:00Z".parse().expect("a time"));

fuzz_target!(|input: &[u8]| {
    const LINE: &[u8] = b"\n---\n";
    let end = input.windows(LINE.len()).position(|window| window == LINE).unwrap_or(input.len());
    let (request, held) = input.split_at(end);
    let held: Arc<[u8]> = held.strip_prefix(LINE).unwrap_or_default().into();
    let (headers, body) = request::read(request);
    for (name, verifier) in VERIFIERS.iter() {
        let webhook = Webhook {
            source: "fuzz".parse().expect("a name"),
            received_at: *NOW,
            peer: None,
            method: Method::POST,
            target: PathAndQuery::from_static("/hooks/fuzz"),
            headers: headers.clone(),
            body: RawBody(body.to_vec().into()),
        };
        if let Err(Unproved::NeedsKey { from, refused }) = verifier.check(webhook, *NOW, &Keyring::default()) {
            let mut ring = Keyring::default();
            ring.put_fetched(*from, held.clone());
            assert!(verifier.check(*refused.webhook, *NOW, &ring).is_err(), "{name} believed a stranger");
        }
    }
});
