//! Whatever a stranger writes into headers and body: no provider's verifier may panic, and none may believe it.
//!
//! An input is a request: lines of `Name: value`, an empty line, the body.

#![no_main]

mod request;

use std::sync::LazyLock;

use http::{Method, uri::PathAndQuery};
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use teams_relay::{
    event::{RawBody, Webhook},
    provider::Providers,
    secret::Secret,
    verify::{Verifier, keyring::Keyring},
};

/// One of each kind that a scheme may ask for. A scheme refuses those that it can't use.
const SECRETS: [&str; 6] = [
    "an invented secret that nobody can guess",
    "whsec_aW52ZW50ZWQsIGFuZCB0aGlydHktdHdvIGJ5dGVzIQ==",
    "invented:password of nobody",
    // 32 bytes of hex: an HMAC key, or a point of Ed25519's curve.
    "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
    // A key of P-256, as SPKI.
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==",
    "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==\n-----END PUBLIC KEY-----\n",
];

/// Every preset with every secret that is of use to it.
static VERIFIERS: LazyLock<Vec<(String, Verifier)>> = LazyLock::new(|| {
    let providers = Providers::read([]).expect("the built-in providers are sound");
    let public_url = "https://relay.example".parse().expect("an address");
    let mut verifiers = Vec::new();
    for provider in providers.iter() {
        // Without a secret too: some keys are fetched or come from a handshake.
        for secrets in SECRETS.map(|secret| vec![Secret::new(secret)]).into_iter().chain([Vec::new()]) {
            if let Ok(verifier) = Verifier::new(provider.schemes(), &secrets, "fuzz.toml", Some(&public_url)) {
                verifiers.push((provider.name().to_string(), verifier));
            }
        }
    }
    assert!(!verifiers.is_empty());
    verifiers
});

/// The time that the seeds were signed at.
static NOW: LazyLock<Timestamp> = LazyLock::new(|| "2026-11-24T00:00:00Z".parse().expect("a time"));

fuzz_target!(|request: &[u8]| {
    let (headers, body) = request::read(request);
    for (name, verifier) in VERIFIERS.iter() {
        let webhook = Webhook {
            source: "fuzz".parse().expect("a name"),
            received_at: *NOW,
            peer: None,
            method: Method::POST,
            target: PathAndQuery::from_static("/hooks/fuzz?token=none"),
            headers: headers.clone(),
            body: RawBody(body.to_vec().into()),
        };
        assert!(verifier.check(webhook, *NOW, &Keyring::default()).is_err(), "{name} believed a stranger");
    }
});
