//! Signatures that providers and their libraries have published, run through the presets where there is one.

use std::collections::{BTreeMap, BTreeSet};

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Providers, shared};
use crate::{
    config::scheme::{SchemeSpec, Schemes, VerifySpec},
    event::{RawBody, Webhook},
    secret::Secret,
    verify::{Verifier, keyring::Keyring},
};

/// What a vector's scheme is called here; none if it is not among ours yet.
fn schemes_of(vector: &Value, providers: &Providers) -> Option<Schemes> {
    let text = |key: &str| vector[key].as_str();
    let hmac = |algorithm: &str, encoding: &str, header: &str, prefix: &str| {
        let mut spec =
            json!({"scheme": "hmac", "algorithm": algorithm, "encoding": encoding, "header": header, "prefix": prefix});
        if vector["list"] == true || matches!(text("scheme"), Some("circleci" | "pagerduty-v3")) {
            spec["separator"] = json!(",");
        }
        if let Some(encoding) = text("secret_encoding") {
            spec["secret_encoding"] = json!(encoding);
        }
        Some(spec)
    };
    let preset = |name: &str| Some(providers.get(&name.parse().unwrap()).unwrap().schemes().clone());
    let named = text("header").unwrap_or_default();
    let plain = vector["list"] != true && text("secret_encoding").is_none();
    let spec = match (text("scheme").unwrap(), text("provider").unwrap()) {
        ("hub-sha256", _) if plain => return preset("github"),
        ("hub-sha256-in-x-hub-signature", _) => return preset("bitbucket"),
        ("gitea", _) => return preset("gitea"),
        ("plain-token", "gitlab") => return preset("gitlab"),
        ("standard-webhooks", _) => return preset("standard-webhooks").map(|preset| with_tolerance(preset, vector)),
        ("hub-sha256", _) => hmac("sha256", "hex", "X-Hub-Signature-256", "sha256="),
        ("hub-sha1", _) => hmac("sha1", "hex", "X-Hub-Signature", "sha1="),
        ("hub-sha512", _) => hmac("sha512", "hex", "X-Hub-Signature", "sha512="),
        ("gogs", _) => hmac("sha256", "hex", "X-Gogs-Signature", ""),
        ("circleci", _) => hmac("sha256", "hex", "circleci-signature", "v1="),
        ("pagerduty-v3", _) => hmac("sha256", "hex", "X-PagerDuty-Signature", "v1="),
        ("teams-outgoing-hmac", _) => hmac("sha256", "base64", "Authorization", "HMAC "),
        ("hmac-sha1-hex", _) => hmac("sha1", "hex", named, ""),
        ("hmac-sha256-hex", _) => hmac("sha256", "hex", named, ""),
        ("hmac-sha512-hex", _) => hmac("sha512", "hex", named, ""),
        ("hmac-sha256-base64", _) => hmac("sha256", "base64", named, ""),
        ("twilio", _) => Some(json!({"scheme": "twilio"})),
        ("plain-token", _) => Some(json!({"scheme": "token", "header": named})),
        _ => None,
    };
    let mut problems = Vec::new();
    let schemes = VerifySpec(spec?).read("verify", &|_| "vector".to_owned(), &mut problems);
    assert!(problems.is_empty(), "{problems:?}");
    schemes
}

fn with_tolerance(mut schemes: Schemes, vector: &Value) -> Schemes {
    if let (Schemes::AnyOf(specs), Some(seconds)) = (&mut schemes, vector["tolerance_s"].as_u64()) {
        for spec in specs {
            if let SchemeSpec::StandardWebhooks(spec) = spec {
                spec.tolerance = crate::config::duration::Span::seconds(seconds);
            }
        }
    }
    schemes
}

fn public_url(vector: &Value) -> url::Url {
    let url: url::Url = vector["url"].as_str().unwrap_or("https://relay.example/").parse().unwrap();
    url[..url::Position::BeforePath].parse().unwrap()
}

fn webhook(vector: &Value, now: Timestamp) -> Webhook {
    let mut headers = HeaderMap::new();
    for (name, value) in vector["headers"].as_object().unwrap() {
        let value = HeaderValue::from_str(value.as_str().unwrap()).unwrap();
        headers.insert(HeaderName::try_from(name.as_str()).unwrap(), value);
    }
    let body = if let Some(base64) = vector["body_base64"].as_str() {
        STANDARD.decode(base64).unwrap()
    } else if let Some(repeat) = vector["body_repeat"].as_object() {
        let count = usize::try_from(repeat["count"].as_u64().unwrap()).unwrap();
        repeat["text"].as_str().unwrap().repeat(count).into_bytes()
    } else {
        vector["body"].as_str().unwrap().as_bytes().to_vec()
    };
    let url: url::Url = vector["url"].as_str().unwrap_or("https://relay.example/hooks/vector").parse().unwrap();
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
#[expect(clippy::print_stdout, reason = "whoever runs the tests should see what is not covered yet")]
fn published_signatures_get_the_verdict_that_was_published_with_them() {
    let Some(path) = shared::path("signature-vectors.json") else { return };
    let vectors = shared::json(&path);
    let providers = Providers::read([]).unwrap();
    let mut run: BTreeMap<&str, usize> = BTreeMap::new();
    let mut not_covered = BTreeSet::new();
    for vector in vectors.as_array().unwrap() {
        let scheme = vector["scheme"].as_str().unwrap();
        let Some(schemes) = schemes_of(vector, &providers) else {
            not_covered.insert(scheme);
            continue;
        };
        let now = Timestamp::from_second(vector["now"].as_i64().unwrap_or(1_614_265_330)).unwrap();
        let secret = Secret::new(vector["secret"].as_str().unwrap());
        // An empty secret is refused before there is anything to check with.
        let public_url = public_url(vector);
        let valid = Verifier::new(&schemes, &[secret], "vector", Some(&public_url))
            .is_ok_and(|verifier| verifier.check(webhook(vector, now), now, &Keyring::default()).is_ok());
        if let Some(expected) = vector["valid"].as_bool() {
            assert_eq!(valid, expected, "{}", vector["id"]);
        }
        *run.entry(scheme).or_default() += 1;
    }
    println!("signature vectors run: {run:?}; schemes not covered yet: {not_covered:?}");
    assert!(run.values().sum::<usize>() > 80, "{run:?}");
    for scheme in ["hub-sha256", "hub-sha1", "hub-sha512", "gitea", "plain-token", "standard-webhooks", "twilio"] {
        assert!(run.contains_key(scheme), "no vector of {scheme} was run");
    }
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
        let schemes = schemes_of(vector, &Providers::read([]).unwrap()).unwrap();
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
