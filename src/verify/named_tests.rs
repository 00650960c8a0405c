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

/// A token of any header and claims, signed with the key.
fn token(key: &pem::PemKey, header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let unsigned = format!("{}.{}", part(header), part(claims));
    jws::with_signature(&unsigned, &key.sign(unsigned.as_bytes()).unwrap())
}

fn with_token(token: &str) -> Webhook {
    let mut webhook = webhook("/hooks/ci", "{}");
    webhook.headers.insert("authorization", HeaderValue::from_str(&format!("Bearer {token}")).unwrap());
    webhook
}

fn key_set(kid: &str) -> Vec<u8> {
    use x509_cert::der::{Decode, Reader, SliceReader, asn1::UintRef};
    let Some(pem::PublicKey::Rsa(der)) = pem::PemKey::read(PUBLIC).map(|key| key.public) else { panic!("an RSA key") };
    let (n, e) = SliceReader::new(&der)
        .unwrap()
        .sequence(|reader| {
            let n = UintRef::decode(reader)?.as_bytes().to_vec();
            Ok::<_, x509_cert::der::Error>((n, UintRef::decode(reader)?.as_bytes().to_vec()))
        })
        .unwrap();
    let key =
        json!({"kty": "RSA", "use": "sig", "kid": kid, "n": URL_SAFE_NO_PAD.encode(n), "e": URL_SAFE_NO_PAD.encode(e)});
    json!({"keys": [{"kty": "OKP", "kid": "other"}, key]}).to_string().into_bytes()
}

#[test]
fn a_jwt_that_holds_the_hash_of_the_body_needs_no_end() {
    let spec = json!({"scheme": "jwt", "header": "X-Webhook-Signature", "algorithms": ["HS256"], "issuer": "netlify",
        "body_hash": "sha256"});
    let verifier = verifier(spec.clone(), &["invented"]);
    let sent = signed(&verifier, "/hooks/ci", r#"{"state":"ready"}"#);
    assert_eq!(plain(&verifier, copy(&sent)), "ok");
    let mut other = copy(&sent);
    other.body = RawBody(Bytes::from_static(br#"{"state":"error"}"#));
    assert_eq!(plain(&verifier, other), "the token's claim `sha256` is not the SHA-256 of the body");
    let stranger = self::verifier(spec, &["guessed"]);
    let refused = plain(&verifier, signed(&stranger, "/hooks/ci", "{}"));
    assert_eq!(refused, "x-webhook-signature fits none of the source's secrets");
    assert_eq!(plain(&verifier, webhook("/hooks/ci", "{}")), "there is no x-webhook-signature");
    let value = sent.headers["x-webhook-signature"].as_bytes().to_vec();
    for at in 0..value.len() {
        let mut changed = value.clone();
        changed[at] ^= 1;
        let Ok(changed) = HeaderValue::from_bytes(&changed) else { continue };
        let mut other = copy(&sent);
        other.headers.insert("x-webhook-signature", changed);
        assert_ne!(plain(&verifier, other), "ok", "{at}");
    }
}

#[test]
fn a_jwt_is_judged_by_its_issuer_audience_tenant_and_times() {
    let spec = json!({"scheme": "jwt", "algorithms": ["RS256"], "issuer": "https://i.example", "audience": ["us"],
        "tenants": ["t-1"]});
    let verifier = verifier(spec, &[PUBLIC]);
    let (key, other) = (pem::PemKey::read(PRIVATE).unwrap(), pem::PemKey::read(OTHER).unwrap());
    let time = |seconds: i64| now().as_second() + seconds;
    let good = json!({"iss": "https://i.example", "aud": ["them", "us"], "tid": "t-1", "exp": time(9), "iat": time(0)});
    let header = json!({"alg": "RS256"});
    assert_eq!(plain(&verifier, with_token(&token(&key, &header, &good))), "ok");
    let refused = plain(&verifier, with_token(&token(&other, &header, &good)));
    assert_eq!(refused, "authorization: Bearer fits none of the source's secrets");
    for (claim, value, expected) in [
        ("iss", json!("https://j.example"), "the token's claim `iss` is not `https://i.example`"),
        ("aud", json!("them"), "the token's claim `aud` is not what the source takes"),
        ("aud", json!("us"), "ok"),
        ("tid", json!("t-2"), "the token's claim `tid` is not one of `tenants`"),
        ("exp", json!(time(-60)), "ok"),
        ("exp", json!(time(-61)), "the token expired 61 s ago"),
        ("exp", json!("soon"), "the token's claim `exp` is not a time"),
        ("nbf", json!(time(60)), "ok"),
        ("nbf", json!(time(61)), "signed 61 s in the future, where 60 s are allowed"),
        ("iat", json!(time(61)), "signed 61 s in the future, where 60 s are allowed"),
    ] {
        let mut claims = good.clone();
        claims[claim] = value.clone();
        assert_eq!(plain(&verifier, with_token(&token(&key, &header, &claims))), expected, "{claim} {value}");
    }
    let mut endless = good.clone();
    endless.as_object_mut().unwrap().remove("exp");
    let refused = plain(&verifier, with_token(&token(&key, &header, &endless)));
    assert_eq!(refused, "the token's claim `exp` is not there");
    let crit = json!({"alg": "RS256", "crit": ["b64"], "b64": false});
    let refused = plain(&verifier, with_token(&token(&key, &crit, &good)));
    assert_eq!(refused, "authorization: Bearer: holds no signed token (JWT)");
}

#[test]
fn a_token_cannot_choose_an_algorithm_that_the_settings_do_not_name() {
    let verifier = verifier(json!({"scheme": "jwt", "algorithms": ["RS256"]}), &[PUBLIC]);
    let claims = URL_SAFE_NO_PAD.encode(json!({"exp": now().as_second() + 60}).to_string());
    // The public key is no secret, so that a MAC by it proves nothing.
    let shared = key::Key::decode(PUBLIC, crate::config::scheme::SecretEncoding::Text).unwrap();
    for alg in ["none", "None", "HS256", "RS512"] {
        let unsigned = format!("{}.{claims}", URL_SAFE_NO_PAD.encode(json!({"alg": alg}).to_string()));
        let mac = mac::mac(crate::config::scheme::Algorithm::Sha256, &shared, &[unsigned.as_bytes()]).unwrap();
        for signature in [mac, Vec::new()] {
            let verdict = plain(&verifier, with_token(&jws::with_signature(&unsigned, &signature)));
            assert_eq!(verdict, "authorization: Bearer: is signed in a way that `algorithms` does not name", "{alg}");
        }
    }
}

#[test]
fn published_keys_are_asked_for_and_found_by_their_id() {
    let spec = json!({"scheme": "jwt", "algorithms": ["RS256"], "jwks": KEYS});
    // The audience may stand in the source's `secrets`, where its provider's file can't know it.
    let verifier = verifier(spec.clone(), &["us"]);
    let key = pem::PemKey::read(PRIVATE).unwrap();
    let sent = |kid: Value, audience: &str| {
        let claims = json!({"aud": audience, "exp": now().as_second() + 60});
        with_token(&token(&key, &json!({"alg": "RS256", "kid": kid}), &claims))
    };
    let keys = keyring(KEYS, &key_set("k1"));
    let fetch = |why: &str| format!("fetch {KEYS}: {why}");
    assert_eq!(plain(&verifier, sent(json!("k1"), "us")), fetch("no key of login.example is known"));
    assert_eq!(verdict(&verifier, sent(json!("k1"), "us"), &keys), "ok");
    assert_eq!(verdict(&verifier, sent(Value::Null, "us"), &keys), "ok");
    let unknown = fetch("login.example publishes no key such as the token says it is signed with");
    assert_eq!(verdict(&verifier, sent(json!("k2"), "us"), &keys), unknown);
    assert_eq!(
        verdict(&verifier, sent(json!("k1"), "them"), &keys),
        "the token's claim `aud` is not what the source takes"
    );
    let garbage = verdict(&verifier, sent(json!("k1"), "us"), &keyring(KEYS, b"<html>"));
    assert_eq!(garbage, fetch("login.example publishes no set of keys (JWKS)"));
    // The signature of another token.
    let token_for = |audience| {
        let sent = sent(Value::Null, audience);
        let token = sent.headers["authorization"].to_str().unwrap();
        token.rsplit_once('.').map(|(signed, signature)| (signed.to_owned(), signature.to_owned())).unwrap()
    };
    let mut forged = sent(Value::Null, "us");
    let token = format!("{}.{}", token_for("us").0, token_for("them").1);
    forged.headers.insert("authorization", token.parse().unwrap());
    let mismatch = fetch("authorization: Bearer fits none of the source's secrets");
    assert_eq!(verdict(&verifier, forged, &keys), mismatch, "the key may be another by now");
    assert!(made(&spec, &[], None).is_err(), "tokens for anybody are not believed");
    let mut named = spec;
    named["audience"] = json!(["us"]);
    assert!(made(&named, &[], None).is_ok());
    assert!(made(&named, &["us"], None).is_err());
}

#[test]
fn jwts_are_signed_as_they_are_checked() {
    let p256 = rcgen::KeyPair::generate().unwrap().serialize_pem();
    for (algorithm, secret) in [("HS256", "s"), ("HS512", "s"), ("RS256", PRIVATE), ("ES256", &p256)] {
        let spec =
            json!({"scheme": "jwt", "algorithms": [algorithm], "issuer": "i", "audience": ["us"], "tenants": ["t"]});
        let verifier = verifier(spec, &[secret]);
        assert_eq!(plain(&verifier, signed(&verifier, "/hooks/ci", "{}")), "ok", "{algorithm}");
    }
    let mut webhook = webhook("/", "{}");
    let only_public = verifier(json!({"scheme": "jwt", "algorithms": ["RS256"]}), &[PUBLIC]);
    assert_eq!(only_public.sign(&mut webhook, "id", now()), Err(CannotSign::NoSecret));
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

const CERTIFICATE: &str =
    "https://sns.eu-north-1.amazonaws.com/SimpleNotificationService-0123456789abcdef0123456789abcdef.pem";

/// A message by the invented key, which names this certificate.
fn message(kind: &str, certificate: &str) -> Webhook {
    let signer = verifier(json!({"scheme": "sns"}), &[TOPIC, PRIVATE]);
    let body = json!({"Type": kind, "Subject": "red", "Message": "build 41\nfailed", "Token": "t",
        "SubscribeURL": "https://sns.example/", "SigningCertURL": certificate});
    signed(&signer, "/hooks/ci", &body.to_string())
}

/// A certificate over the invented key that holds for these years.
fn certificate_pem(years: std::ops::Range<i32>) -> String {
    let key = rcgen::KeyPair::from_pem(PRIVATE).unwrap();
    let mut params = rcgen::CertificateParams::new(vec!["sns.example".to_owned()]).unwrap();
    params.not_before = rcgen::date_time_ymd(years.start, 1, 1);
    params.not_after = rcgen::date_time_ymd(years.end, 1, 1);
    params.self_signed(&key).unwrap().pem()
}

#[test]
fn a_message_of_sns_is_checked_with_the_certificate_it_names() {
    let verifier = verifier(json!({"scheme": "sns"}), &[TOPIC]);
    let keys = keyring(CERTIFICATE, certificate_pem(2026..2028).as_bytes());
    let fetch = |why: &str| format!("fetch {CERTIFICATE}: {why}");
    let unknown = fetch("no key of sns.eu-north-1.amazonaws.com is known");
    for kind in ["Notification", "SubscriptionConfirmation", "UnsubscribeConfirmation"] {
        assert_eq!(plain(&verifier, message(kind, CERTIFICATE)), unknown);
        assert_eq!(verdict(&verifier, message(kind, CERTIFICATE), &keys), "ok", "{kind}");
    }
    let expired = keyring(CERTIFICATE, certificate_pem(2020..2026).as_bytes());
    assert_eq!(
        verdict(&verifier, message("Notification", CERTIFICATE), &expired),
        fetch("the address in SigningCertURL holds a certificate that is not valid at this time")
    );
    let garbage = keyring(CERTIFICATE, b"<html>");
    let refused = verdict(&verifier, message("Notification", CERTIFICATE), &garbage);
    assert_eq!(refused, fetch("the address in SigningCertURL holds no certificate"));
    let signed = ["Message", "MessageId", "Subject", "Timestamp", "Type", "Signature"];
    for field in signed {
        let mut webhook = message("Notification", CERTIFICATE);
        let mut body: Value = serde_json::from_slice(&webhook.body.0).unwrap();
        body[field] = json!("QUJD");
        webhook.body = RawBody(body.to_string().into());
        let refused = verdict(&verifier, webhook, &keys);
        assert_eq!(refused, fetch("Signature fits none of the source's secrets"), "{field}");
    }
}

#[test]
fn a_certificate_is_taken_from_no_other_host_or_path() {
    let verifier = verifier(json!({"scheme": "sns"}), &[TOPIC]);
    let name = "SimpleNotificationService-0123456789abcdef0123456789abcdef.pem";
    for address in [
        format!("http://sns.eu-north-1.amazonaws.com/{name}"),
        format!("https://sns.eu-north-1.amazonaws.com.evil.example/{name}"),
        format!("https://evil.example/sns.eu-north-1.amazonaws.com/{name}"),
        format!("https://sns.a.b.amazonaws.com/{name}"),
        format!("https://sns.eu.amazonaws.com/{name}"),
        format!("https://xsns.eu-north-1.amazonaws.com/{name}"),
        format!("https://u@sns.eu-north-1.amazonaws.com/{name}"),
        format!("https://sns.eu-north-1.amazonaws.com:8443/{name}"),
        format!("https://sns.eu-north-1.amazonaws.com/{name}?x=1"),
        format!("https://sns.eu-north-1.amazonaws.com/bucket/{name}"),
        "https://sns.eu-north-1.amazonaws.com/SimpleNotificationService-short.pem".to_owned(),
        "https://bucket.s3.amazonaws.com/a.pem".to_owned(),
        String::new(),
    ] {
        let refused = plain(&verifier, message("Notification", &address));
        assert_eq!(refused, "SigningCertURL: is no address of SNS' certificates", "{address}");
    }
    let why = "no key of sns.eu-north-1.amazonaws.com.cn is known";
    let china = CERTIFICATE.replace(".com/", ".com.cn/");
    assert_eq!(plain(&verifier, message("Notification", &china)), format!("fetch {china}: {why}"));
}

#[test]
fn a_signed_body_that_would_be_read_as_something_else_is_refused() {
    let sns = verifier(json!({"scheme": "sns"}), &[TOPIC, PUBLIC, PRIVATE]);
    let form = json!({"scheme": "hmac", "header": "X-S", "signed": "{form:payload}"});
    let form = verifier(form, &["s"]);
    let plain_form = "application/x-www-form-urlencoded";
    let signed_form = |content_type: &'static str| {
        let mut webhook = webhook("/hooks/ci", "payload=%7B%7D");
        webhook.headers.insert("content-type", HeaderValue::from_static(plain_form));
        form.sign(&mut webhook, "id-1", now()).unwrap();
        webhook.headers.insert("content-type", HeaderValue::from_static(content_type));
        webhook
    };
    assert_eq!(plain(&form, signed_form(plain_form)), "ok");
    assert_eq!(plain(&form, signed_form("application/x-www-form-urlencoded; charset=utf-8")), "ok");
    for other in ["application/json", "text/plain", "application/x-www-form-urlencoded; charset=utf-16le"] {
        assert!(plain(&form, signed_form(other)).starts_with("content-type:"), "{other}");
    }
    let mut inflated = signed_form(plain_form);
    inflated.headers.insert("content-encoding", HeaderValue::from_static("gzip"));
    assert!(plain(&form, inflated).starts_with("content-type:"));
    let mut twice = signed_form(plain_form);
    twice.body = RawBody(Bytes::from_static(b"payload=%7B%7D&payload=%7B%22forged%22%3A1%7D"));
    assert!(plain(&form, twice).starts_with("the body:"));
    for (content_type, believed) in
        [("text/plain; charset=UTF-8", true), ("application/json", true), (plain_form, false)]
    {
        let mut message = message("Notification", CERTIFICATE);
        message.headers.insert("content-type", HeaderValue::from_static(content_type));
        assert_eq!(plain(&sns, message) == "ok", believed, "{content_type}");
    }
}

#[test]
fn only_the_topics_of_the_source_are_believed() {
    let spec = json!({"scheme": "sns", "tolerance": "1h"});
    let sent = || message("Notification", "");
    let with_key = verifier(spec.clone(), &[TOPIC, PUBLIC]);
    assert_eq!(plain(&with_key, sent()), "ok");
    let elsewhere = verifier(spec.clone(), &["arn:aws:sns:eu-north-1:000000000000:other", PUBLIC]);
    assert_eq!(plain(&elsewhere, sent()), "TopicArn fits none of the source's secrets");
    assert_eq!(
        made(&spec, &[PUBLIC], None).unwrap_err(),
        [
            "f.toml: secrets: name no topic whose messages are to be believed; add the topic's ARN, beginning with `arn:aws:sns:`"
        ]
    );
    assert!(made(&spec, &["hunter2"], None).is_err_and(|problems| !problems[0].contains("hunter2")));
    let stale = with_key.check(sent(), now() + Duration::from_secs(3601), &Keyring::default()).unwrap_err();
    assert!(matches!(stale, Unproved::Refused(refused) if refused.reason() == Reason::TimestampStale));
    let mut raw = sent();
    raw.body = RawBody(Bytes::from_static(b"build 41 failed"));
    assert_eq!(plain(&with_key, raw), "the body: is no message of SNS; turn raw message delivery off");
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
