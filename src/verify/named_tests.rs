mod jwt;
mod sns;

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::HeaderValue;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{config::scheme::VerifySpec, event::RawBody, outcome::Reason};

const PRIVATE: &str = include_str!("../../tests/keys/rsa.pem");
const PUBLIC: &str = include_str!("../../tests/keys/rsa-public.pem");
const OTHER: &str = include_str!("../../tests/keys/rsa-other.pem");
const TOPIC: &str = "arn:aws:sns:eu-north-1:000000000000:builds";
const KEYS: &str = "https://login.example/keys";

fn now() -> Timestamp {
    "2026-11-23T08:00:00Z".parse().unwrap()
}

fn made(verify: &Value, secrets: &[&str], public_url: Option<&str>) -> Result<Verifier, Vec<String>> {
    let mut problems = Vec::new();
    let schemes = VerifySpec(verify.clone()).read("verify", &|_| "f.toml".to_owned(), &mut problems).unwrap();
    let secrets: Vec<Secret> = secrets.iter().map(|text| Secret::new(*text)).collect();
    let public_url = public_url.map(|url| url.parse().unwrap());
    Verifier::new(&schemes, &secrets, "f.toml", public_url.as_ref())
        .map_err(|found| found.iter().map(Problem::to_string).collect())
}

fn verifier(verify: Value, secrets: &[&str]) -> Verifier {
    made(&verify, secrets, Some("https://relay.example:8443/in/")).unwrap()
}

fn webhook(target: &str, body: &str) -> Webhook {
    Webhook {
        source: "ci".parse().unwrap(),
        received_at: now(),
        peer: None,
        method: http::Method::POST,
        target: target.parse().unwrap(),
        headers: HeaderMap::new(),
        body: RawBody(Bytes::copy_from_slice(body.as_bytes())),
    }
}

fn copy(webhook: &Webhook) -> Webhook {
    let mut same = self::webhook(webhook.target.as_str(), "");
    same.headers = webhook.headers.clone();
    same.body = webhook.body.clone();
    same
}

/// `ok`, `fetch ADDRESS` with why not if that changes nothing, or why not.
fn verdict(verifier: &Verifier, webhook: Webhook, keys: &Keyring) -> String {
    match verifier.check(webhook, now(), keys) {
        Ok(_) => "ok".to_owned(),
        Err(Unproved::NeedsKey { from, refused }) => format!("fetch {from}: {}", refused.why),
        Err(Unproved::Refused(refused)) => refused.why.to_string(),
    }
}

fn plain(verifier: &Verifier, webhook: Webhook) -> String {
    verdict(verifier, webhook, &Keyring::default())
}

fn signed(verifier: &Verifier, target: &str, body: &str) -> Webhook {
    let mut webhook = webhook(target, body);
    verifier.sign(&mut webhook, "id-1", now()).unwrap();
    webhook
}

fn keyring(from: &str, bytes: &[u8]) -> Keyring {
    let mut keys = Keyring::default();
    keys.put_fetched(from.parse().unwrap(), bytes.into());
    keys
}

#[test]
fn a_token_in_the_query_stands_there_once_and_decoded() {
    let verifier = verifier(json!({"scheme": "token", "query": "token"}), &["a b&c"]);
    for (target, expected) in [
        ("/hooks/ci?x=1&token=a%20b%26c", "ok"),
        ("/hooks/ci?token=a+b%26c", "ok"),
        ("/hooks/ci?token=a%20b", "?token fits none of the source's secrets"),
        ("/hooks/ci?token=a+b%26c&token=a+b%26c", "?token stands there twice"),
        ("/hooks/ci?token=", "?token is empty"),
        ("/hooks/ci?tokens=a+b%26c", "there is no ?token"),
        ("/hooks/ci", "there is no ?token"),
    ] {
        assert_eq!(plain(&verifier, webhook(target, "{}")), expected, "{target}");
    }
    let sent = signed(&verifier, "/hooks/ci?x=1&token=old", "{}");
    assert_eq!(sent.target, "/hooks/ci?x=1&token=a+b%26c");
    assert_eq!(plain(&verifier, sent), "ok");
}

#[test]
fn every_element_of_a_list_must_hold_the_token() {
    let verifier = verifier(json!({"scheme": "token", "body": "/value/*/clientState"}), &["s1", "s2"]);
    let wrong = "/value/*/clientState fits none of the source's secrets";
    let missing = "there is no /value/*/clientState";
    for (body, expected) in [
        (r#"{"value":[{"clientState":"s1"},{"clientState":"s2"}]}"#, "ok"),
        (r#"{"value":[{"clientState":"s1"},{"clientState":"no"}]}"#, wrong),
        (r#"{"value":[{"clientState":"no"},{"clientState":"s1"}]}"#, wrong),
        (r#"{"value":[{"clientState":"s1"},{}]}"#, wrong),
        (r#"{"value":[{},{"clientState":"s1"}]}"#, wrong),
        (r#"{"value":[]}"#, missing),
        (r#"{"value":{"*":{"clientState":7}}}"#, missing),
        ("not JSON", "/value/*/clientState: the body is not JSON"),
    ] {
        assert_eq!(plain(&verifier, webhook("/hooks/ci", body)), expected, "{body}");
    }
    let large = format!("[{}]", " ".repeat(1024 * 1024 - 1));
    assert_eq!(plain(&verifier, webhook("/hooks/ci", &large)), "the body is 1048577 bytes long");
    assert_eq!(verifier.sign(&mut webhook("/", "{}"), "id", now()), Err(CannotSign::InPayload));
}

#[test]
fn twilio_needs_the_public_address_and_covers_every_body() {
    let spec = json!({"scheme": "twilio"});
    let problem = &made(&spec, &["t"], None).unwrap_err()[0];
    assert!(problem.contains("server.public_url: is missing"), "{problem}");
    let verifier = verifier(spec, &["t"]);
    for (kind, body) in [("application/x-www-form-urlencoded", "B=2&A=1&B=1"), ("application/json", r#"{"a":1}"#)] {
        let mut sent = webhook("/hooks/ci?x=1", body);
        sent.headers.insert("content-type", HeaderValue::from_static(kind));
        verifier.sign(&mut sent, "id", now()).unwrap();
        assert_eq!(plain(&verifier, copy(&sent)), "ok");
        let mut changed = copy(&sent);
        changed.body = RawBody([b"0", body.as_bytes()].concat().into());
        assert_ne!(plain(&verifier, changed), "ok");
        let mut elsewhere = copy(&sent);
        elsewhere.target = "/hooks/other?x=1".parse().unwrap();
        assert_ne!(plain(&verifier, elsewhere), "ok");
    }
    // Signed as if there were no body, and sent with one that is no form.
    let mut sent = signed(&verifier, "/hooks/ci", "");
    sent.body = RawBody(Bytes::from_static(b"{}"));
    assert_eq!(plain(&verifier, sent), "there is no ?bodySHA256");
}

proptest! {
    #[test]
    fn nothing_of_chance_makes_it_panic_or_believe(
        value in proptest::collection::vec(any::<u8>(), 0..200),
        text in "[ -~]{0,80}",
        query in "[a-zA-Z0-9=&%+.]{0,40}",
    ) {
        let dotted = format!("{}.{}.{}", URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256"}"#), URL_SAFE_NO_PAD.encode(&value),
            URL_SAFE_NO_PAD.encode(&text));
        for (spec, secrets) in [
            (json!({"scheme": "token", "query": "token"}), vec!["an invented secret"]),
            (json!({"scheme": "token", "body": "/*"}), vec!["an invented secret"]),
            (json!({"scheme": "jwt", "algorithms": ["HS256"], "header": "x-s"}), vec!["an invented secret"]),
            (json!({"scheme": "jwt", "algorithms": ["RS256"], "header": "x-s", "jwks": KEYS}), vec!["us"]),
            (json!({"scheme": "twilio"}), vec!["an invented secret"]),
            (json!({"scheme": "sns"}), vec![TOPIC, PUBLIC]),
        ] {
            let verifier = verifier(spec, &secrets);
            let json = json!([text]).to_string();
            for (header, body) in [(value.as_slice(), text.as_bytes()), (dotted.as_bytes(), &value), (b"", json.as_bytes())] {
                let mut webhook = webhook(&format!("/hooks/ci?token={query}"), "");
                webhook.body = RawBody(Bytes::copy_from_slice(body));
                for name in ["x-s", "x-twilio-signature", "x-amz-sns-message-type"] {
                    if let Ok(value) = HeaderValue::from_bytes(header) {
                        webhook.headers.insert(name, value);
                    }
                }
                let keys = keyring(KEYS, body);
                prop_assert!(verifier.check(webhook, now(), &keys).is_err());
            }
        }
    }
}
