//! Signatures that providers and their libraries have published, run through the presets where there is one.

use std::sync::LazyLock;

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use serde_json::{Value, json};
use url::Url;

use super::{Providers, shared};
use crate::{
    config::{
        duration::Span,
        scheme::{SchemeSpec, Schemes, VerifySpec},
    },
    event::{RawBody, Webhook},
    secret::Secret,
    verify::{Verifier, keyring::Keyring},
};

static PROVIDERS: LazyLock<Providers> = LazyLock::new(|| Providers::read([]).unwrap());

/// The preset that a vector's scheme is one of; none for those that no provider of ours signs by.
fn preset_of(vector: &Value) -> Option<&str> {
    let plain = vector["list"] != true && vector["secret_encoding"].is_null();
    Some(match (vector["scheme"].as_str().unwrap(), vector["provider"].as_str().unwrap()) {
        ("hub-sha256", _) if plain => "github",
        ("hub-sha256-in-x-hub-signature", "jira") => "jira",
        ("hub-sha256-in-x-hub-signature", _) => "bitbucket",
        ("standard-webhooks", "svix") => "svix",
        ("standard-webhooks" | "standard-webhooks-ed25519", _) => "standard-webhooks",
        ("sendgrid-ecdsa", _) => "sendgrid",
        ("teams-outgoing-hmac", _) => "teams-outgoing",
        ("hmac-sha256-base64", "shopify") => "shopify",
        ("hmac-sha256-base64", "line") => "line",
        ("hmac-sha256-hex", "sentry") => "sentry",
        ("hmac-sha1-hex", "vercel") => "vercel",
        ("hubspot-v1" | "hubspot-v2", _) => "hubspot-legacy",
        ("plain-token", provider) => provider,
        (
            "buildkite" | "circleci" | "discord-ed25519" | "gitea" | "gitee" | "gogs" | "linear" | "paddle"
            | "pagerduty-v3" | "scalr" | "slack-v0" | "square" | "stripe" | "twilio" | "zendesk" | "zoom-v0",
            provider,
        ) => provider,
        _ => return None,
    })
}

/// How the vector proves itself: as its preset says, but with the tolerance that it was published with.
fn schemes_of(vector: &Value) -> Schemes {
    let Some(preset) = preset_of(vector) else { return without_preset(vector) };
    let provider = PROVIDERS.get(&preset.parse().unwrap()).unwrap_or_else(|| panic!("no preset {preset}"));
    let mut schemes = provider.schemes().clone();
    if let (Schemes::AnyOf(specs), Some(seconds)) = (&mut schemes, vector["tolerance_s"].as_u64()) {
        for spec in specs {
            match spec {
                SchemeSpec::Signed(spec) if spec.timestamp.is_some() => spec.tolerance = Some(Span::seconds(seconds)),
                SchemeSpec::StandardWebhooks(spec) => spec.tolerance = Span::seconds(seconds),
                _ => {}
            }
        }
    } else if let Schemes::AnyOf(specs) = &mut schemes {
        for spec in specs {
            if let SchemeSpec::Signed(spec) = spec {
                spec.tolerance = None;
            }
        }
    }
    schemes
}

/// Plain HMACs in lists, with encoded secrets or under headers of the vector's own.
fn without_preset(vector: &Value) -> Schemes {
    let hmac = |header: &str, algorithm: &str, encoding: &str, prefix: &str| json!({"scheme": "hmac", "header": header, "algorithm": algorithm, "encoding": encoding, "prefix": prefix});
    let named = vector["header"].as_str().unwrap_or_default();
    let mut spec = match vector["scheme"].as_str().unwrap() {
        "hub-sha256" => hmac("X-Hub-Signature-256", "sha256", "hex", "sha256="),
        "hub-sha1" => hmac("X-Hub-Signature", "sha1", "hex", "sha1="),
        "hub-sha512" => hmac("X-Hub-Signature", "sha512", "hex", "sha512="),
        "hmac-sha1-hex" => hmac(named, "sha1", "hex", ""),
        "hmac-sha256-hex" => hmac(named, "sha256", "hex", ""),
        "hmac-sha512-hex" => hmac(named, "sha512", "hex", ""),
        "hmac-sha256-base64" => hmac(named, "sha256", "base64", ""),
        "ed25519-raw" => json!({"scheme": "public-key", "algorithm": "ed25519", "header": "X-Signature-Ed25519"}),
        scheme => panic!("no scheme {scheme}"),
    };
    if vector["list"] == true {
        spec["separator"] = json!(",");
    }
    if let Some(encoding) = vector["secret_encoding"].as_str() {
        spec["secret_encoding"] = json!(encoding);
    }
    let mut problems = Vec::new();
    let schemes = VerifySpec(spec).read("verify", &|_| "vector".to_owned(), &mut problems);
    assert!(problems.is_empty(), "{}: {problems:?}", vector["id"]);
    schemes.unwrap()
}

/// An empty secret, and others of no use, are refused before there is anything to check with.
fn verifier(vector: &Value, secret: &str, schemes: &Schemes) -> Option<Verifier> {
    Verifier::new(schemes, &[Secret::new(secret)], "vector", Some(&public_url(vector))).ok()
}

fn believes(verifier: &Verifier, webhook: Webhook) -> bool {
    let now = webhook.received_at;
    verifier.check(webhook, now, &Keyring::default()).is_ok()
}

fn now_of(vector: &Value) -> Timestamp {
    Timestamp::from_second(vector["now"].as_i64().unwrap_or(1_614_265_330)).unwrap()
}

fn public_url(vector: &Value) -> Url {
    let url: Url = vector["url"].as_str().unwrap_or("https://relay.example/").parse().unwrap();
    url[..url::Position::BeforePath].parse().unwrap()
}

fn webhook(vector: &Value, now: Timestamp) -> Webhook {
    let mut headers = HeaderMap::new();
    for (name, value) in vector["headers"].as_object().unwrap() {
        let value = HeaderValue::from_str(value.as_str().unwrap()).unwrap();
        headers.insert(HeaderName::try_from(name.as_str()).unwrap(), value);
    }
    if vector["provider"] == "hubspot" {
        // Not in the vector, and part of what the preset looks at.
        headers.insert("content-type", HeaderValue::from_static("application/json"));
    }
    let body = if let Some(base64) = vector["body_base64"].as_str() {
        STANDARD.decode(base64).unwrap()
    } else if let Some(repeat) = vector["body_repeat"].as_object() {
        let count = usize::try_from(repeat["count"].as_u64().unwrap()).unwrap();
        repeat["text"].as_str().unwrap().repeat(count).into_bytes()
    } else {
        vector["body"].as_str().unwrap().as_bytes().to_vec()
    };
    let url: Url = vector["url"].as_str().unwrap_or("https://relay.example/hooks/vector").parse().unwrap();
    Webhook {
        source: "vector".parse().unwrap(),
        received_at: now,
        peer: None,
        method: vector["method"].as_str().unwrap_or("POST").parse().unwrap(),
        target: url[url::Position::BeforePath..].parse().unwrap(),
        headers,
        body: RawBody(Bytes::from(body)),
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "whoever runs the tests should see how many there are")]
fn published_signatures_get_the_verdict_that_was_published_with_them() {
    let Some(path) = shared::path("signature-vectors.json") else { return };
    let vectors = shared::json(&path);
    let mut run = 0;
    for vector in vectors.as_array().unwrap() {
        let schemes = schemes_of(vector);
        let verifier = verifier(vector, vector["secret"].as_str().unwrap(), &schemes);
        let valid = verifier.is_some_and(|verifier| believes(&verifier, webhook(vector, now_of(vector))));
        if let Some(expected) = vector["valid"].as_bool() {
            assert_eq!(valid, expected, "{}", vector["id"]);
        }
        run += 1;
    }
    println!("signature vectors run: {run}");
    assert!(run >= 152, "{run}");
}

/// Positions that are tried in one value; in longer ones they are spread.
const POSITIONS: usize = 2_000;

fn positions(length: usize) -> impl Iterator<Item = usize> {
    (0..length).step_by(length.div_ceil(POSITIONS).max(1))
}

/// The schemes whose signature does not cover the body: tokens, and Gitee's.
fn covers_the_body(vector: &Value) -> bool {
    !["plain-token", "gitee"].contains(&vector["scheme"].as_str().unwrap())
}

#[test]
fn a_published_signature_with_one_byte_changed_anywhere_is_refused() {
    let Some(path) = shared::path("signature-vectors.json") else { return };
    let vectors = shared::json(&path);
    let mut refused = 0;
    for vector in vectors.as_array().unwrap().iter().filter(|vector| vector["valid"] == true) {
        let schemes = schemes_of(vector);
        let secret = vector["secret"].as_str().unwrap();
        let verifier = verifier(vector, secret, &schemes).unwrap();
        refused += changed_headers(vector, &verifier) + changed_secrets(vector, secret, &schemes);
        if covers_the_body(vector) {
            refused += changed_bodies(vector, &verifier);
        }
    }
    assert!(refused > 10_000, "{refused}");
}

fn changed_bodies(vector: &Value, verifier: &Verifier) -> usize {
    let original = webhook(vector, now_of(vector));
    let mut refused = 0;
    // Some ten thousand bytes in all, so that a body of megabytes costs no minutes.
    let tries = (8_000_000 / original.body.0.len().max(1)).max(3);
    for at in positions(original.body.0.len()).take(tries) {
        let mut changed = webhook(vector, now_of(vector));
        let mut body = changed.body.0.to_vec();
        body[at] ^= 1;
        changed.body = RawBody(Bytes::from(body));
        assert!(!believes(verifier, changed), "{}: byte {at} of the body", vector["id"]);
        refused += 1;
    }
    refused
}

/// What of a header is neither signature nor signed time, or says the same in another case.
fn means_the_same(vector: &Value, name: &str, old: &str, at: usize, new: u8) -> bool {
    let scheme = vector["scheme"].as_str().unwrap();
    let signs_it = name.contains("sign")
        || name.contains("token")
        || name.contains("time")
        || name == "date"
        || ["authorization", "webhook-id", "svix-id", "x-shopify-hmac-sha256"].contains(&name);
    if !signs_it || (name == "x-hubspot-signature-version") {
        return true;
    }
    // One good signature of a list is enough, and items of other versions are passed over.
    let separator = match scheme {
        "paddle" => ';',
        "standard-webhooks" | "standard-webhooks-ed25519" => ' ',
        _ => ',',
    };
    if old.contains(separator) && name != "date" {
        let (before, after) = old.split_at(at);
        let start = before.rfind(separator).map_or(0, |found| found + 1);
        let end = after.find(separator).unwrap_or(after.len());
        let without = [before.split_at(start).0, after.split_at(end).1].concat();
        let mut shorter = webhook(vector, now_of(vector));
        shorter.headers.insert(HeaderName::try_from(name).unwrap(), HeaderValue::from_str(&without).unwrap());
        let schemes = schemes_of(vector);
        let verifier = verifier(vector, vector["secret"].as_str().unwrap(), &schemes).unwrap();
        if believes(&verifier, shorter) || old.as_bytes()[at] == u8::try_from(separator).unwrap() {
            return true;
        }
    }
    let base64 = !old.bytes().all(|byte| byte.is_ascii_hexdigit()) && old.trim_end().ends_with('=');
    old.as_bytes()[at].eq_ignore_ascii_case(&new) && !base64 && !scheme.contains("token")
}

fn changed_headers(vector: &Value, verifier: &Verifier) -> usize {
    let original = webhook(vector, now_of(vector));
    let mut refused = 0;
    for (name, value) in &original.headers {
        let mut without = webhook(vector, now_of(vector));
        without.headers.remove(name);
        if believes(verifier, without) {
            // The preset does not look at it.
            continue;
        }
        let old = value.to_str().unwrap();
        for at in positions(old.len()) {
            for bit in [0, 1, 5] {
                let mut bytes = old.as_bytes().to_vec();
                bytes[at] ^= 1 << bit;
                let Ok(new) = HeaderValue::from_bytes(&bytes) else { continue };
                if means_the_same(vector, name.as_str(), old, at, bytes[at]) {
                    continue;
                }
                let mut changed = webhook(vector, now_of(vector));
                changed.headers.insert(name, new);
                assert!(!believes(verifier, changed), "{}: byte {at} of {name}, bit {bit}", vector["id"]);
                refused += 1;
            }
        }
    }
    refused
}

fn changed_secrets(vector: &Value, secret: &str, schemes: &Schemes) -> usize {
    let mut refused = 0;
    for at in 0..secret.len() {
        let mut bytes = secret.as_bytes().to_vec();
        bytes[at] ^= 1;
        let Ok(changed) = String::from_utf8(bytes) else { continue };
        // An identifier that no longer fits makes the secret one of no use, which is refused earlier.
        let Some(verifier) = verifier(vector, &changed, schemes) else { continue };
        if !vector["body_repeat"].is_null() && at > 2 {
            break;
        }
        assert!(!believes(&verifier, webhook(vector, now_of(vector))), "{}: byte {at} of the secret", vector["id"]);
        refused += 1;
    }
    refused
}

#[test]
fn a_changed_byte_of_a_published_twilio_signature_body_or_secret_is_refused() {
    let Some(path) = shared::path("signature-vectors.json") else { return };
    let now = Timestamp::UNIX_EPOCH;
    let mut changed = 0;
    for vector in shared::json(&path).as_array().unwrap() {
        if vector["scheme"] != "twilio" || vector["valid"] != true {
            continue;
        }
        let schemes = schemes_of(vector);
        let believed = |secret: &str, webhook: Webhook| {
            let verifier =
                Verifier::new(&schemes, &[Secret::new(secret)], "vector", Some(&public_url(vector))).unwrap();
            verifier.check(webhook, now, &Keyring::default()).is_ok()
        };
        let secret = vector["secret"].as_str().unwrap();
        let as_sent = || webhook(vector, now);
        assert!(believed(secret, as_sent()), "{}", vector["id"]);
        for at in 0..secret.len() {
            let mut other = secret.as_bytes().to_vec();
            other[at] ^= 1;
            assert!(!believed(std::str::from_utf8(&other).unwrap(), as_sent()), "{} secret {at}", vector["id"]);
        }
        let signature = as_sent().headers["x-twilio-signature"].as_bytes().to_vec();
        for at in 0..signature.len() {
            let mut other = signature.clone();
            other[at] ^= 1;
            let mut sent = as_sent();
            sent.headers.insert("x-twilio-signature", HeaderValue::from_bytes(&other).unwrap());
            assert!(!believed(secret, sent), "{} signature {at}", vector["id"]);
        }
        let body = as_sent().body.0;
        for at in 0..body.len() {
            let mut other = body.to_vec();
            other[at] ^= 1;
            let mut sent = as_sent();
            sent.body = RawBody(other.into());
            assert!(!believed(secret, sent), "{} body {at}", vector["id"]);
            changed += 1;
        }
    }
    assert!(changed > 500, "{changed}");
}
