mod keys;
mod shapes;
mod told;

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderName, HeaderValue};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{config::scheme::VerifySpec, event::RawBody, outcome::Reason};

const BODY: &[u8] = br#"{"build":41,"state":"red"}"#;

fn now() -> Timestamp {
    "2026-11-23T08:00:00Z".parse().unwrap()
}

fn signing_secret(key: &[u8]) -> String {
    format!("whsec_{}", STANDARD.encode(key))
}

fn try_verifier(verify: Value, secrets: &[&str]) -> Result<Verifier, Vec<String>> {
    let mut problems = Vec::new();
    let schemes = VerifySpec(verify).read("verify", &|_| "f.toml".to_owned(), &mut problems).unwrap();
    let secrets: Vec<Secret> = secrets.iter().map(|text| Secret::new(*text)).collect();
    Verifier::new(&schemes, &secrets, "f.toml", Some(&"https://relay.example".parse().unwrap()))
        .map_err(|found| found.iter().map(Problem::to_string).collect())
}

fn verifier(verify: Value, secrets: &[&str]) -> Verifier {
    try_verifier(verify, secrets).unwrap()
}

fn webhook(headers: HeaderMap, body: &[u8]) -> Webhook {
    Webhook {
        source: "ci".parse().unwrap(),
        received_at: now(),
        peer: None,
        method: http::Method::POST,
        target: "/hooks/ci".parse().unwrap(),
        headers,
        body: RawBody(Bytes::copy_from_slice(body)),
    }
}

fn verdict(verifier: &Verifier, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Result<(), Reason> {
    match verifier.check(webhook(headers.clone(), body), now, &Keyring::default()) {
        Ok(verified) => {
            assert_eq!(verified.body(), body);
            Ok(())
        }
        Err(Unproved::Refused(refused)) => {
            assert_eq!(refused.webhook.body.0, body, "the webhook comes back whole");
            Err(refused.reason())
        }
        Err(Unproved::NeedsKey { .. }) => panic!("no scheme here fetches keys"),
    }
}

fn signed(verifier: &Verifier, body: &[u8]) -> HeaderMap {
    let mut webhook = webhook(HeaderMap::new(), body);
    verifier.sign(&mut webhook, "msg_7f3a", now()).unwrap();
    webhook.headers
}

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in pairs {
        map.append(HeaderName::try_from(*name).unwrap(), HeaderValue::from_str(value).unwrap());
    }
    map
}

fn why(verifier: &Verifier, headers: &HeaderMap, body: &[u8]) -> String {
    match verifier.check(webhook(headers.clone(), body), now(), &Keyring::default()) {
        Err(Unproved::Refused(refused)) => refused.why.to_string(),
        other => panic!("{other:?}"),
    }
}

/// Every scheme, each with two secrets that fit it.
fn every_scheme() -> Vec<(Value, [String; 2])> {
    let text = || ["correct horse".to_owned(), "battery staple".to_owned()];
    let mut all = Vec::new();
    for algorithm in ["sha1", "sha256", "sha512"] {
        for encoding in ["hex", "base64"] {
            let hmac = json!({"scheme": "hmac", "header": "X-S", "algorithm": algorithm, "encoding": encoding, "prefix": "v1=",
                "separator": ","});
            all.push((hmac, text()));
        }
    }
    all.push((json!({"scheme": "hmac", "header": "X-S"}), text()));
    all.push((
        json!({"scheme": "hash", "header": "X-S", "algorithm": "sha384", "signed": "{secret}{method}{body}"}),
        text(),
    ));
    all.push((json!({"scheme": "token", "header": "X-T"}), text()));
    all.push((json!({"scheme": "bearer"}), text()));
    all.push((json!({"scheme": "basic"}), ["ci:pass:word".to_owned(), "other:".to_owned()]));
    all.push((json!({"scheme": "standard-webhooks"}), [signing_secret(&[7; 32]), STANDARD.encode([9; 24])]));
    all
}

fn signs_the_body(scheme: &Value) -> bool {
    scheme["scheme"] == "hmac" || scheme["scheme"] == "hash" || scheme["scheme"] == "standard-webhooks"
}

#[test]
fn any_secret_of_the_list_is_valid_and_no_other_is() {
    for (scheme, [first, second]) in every_scheme() {
        let both = verifier(scheme.clone(), &[&first, &second]);
        for secret in [&first, &second] {
            let sender = verifier(scheme.clone(), &[secret]);
            assert_eq!(verdict(&both, &signed(&sender, BODY), BODY, now()), Ok(()), "{scheme}");
        }
        let first = verifier(scheme.clone(), &[&first]);
        let second = verifier(scheme.clone(), &[&second]);
        let refused = verdict(&first, &signed(&second, BODY), BODY, now());
        assert_eq!(refused, Err(Reason::SignatureInvalid), "{scheme}");
    }
}

#[test]
fn without_its_header_a_webhook_is_unsigned() {
    for (scheme, [secret, _]) in every_scheme() {
        let verifier = verifier(scheme.clone(), &[&secret]);
        let stranger = headers(&[("authorization", "Digest abc"), ("x-other", "1")]);
        for headers in [HeaderMap::new(), stranger] {
            assert_eq!(verdict(&verifier, &headers, BODY, now()), Err(Reason::SignatureMissing), "{scheme}");
        }
        let mut emptied = signed(&verifier, BODY);
        emptied.values_mut().for_each(|value| *value = HeaderValue::from_static(" "));
        assert_eq!(verdict(&verifier, &emptied, BODY, now()), Err(Reason::SignatureMissing), "{scheme}");
    }
}

#[test]
fn a_flipped_bit_anywhere_is_refused() {
    for (scheme, [secret, _]) in every_scheme() {
        let verifier = verifier(scheme.clone(), &[&secret]);
        let headers = signed(&verifier, BODY);
        for bit in 0..BODY.len() * 8 {
            let mut body = BODY.to_vec();
            body[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(verdict(&verifier, &headers, &body, now()).is_err(), signs_the_body(&scheme), "{scheme} {bit}");
        }
        let mut flipped = 0;
        for (name, value) in &headers {
            for bit in 0..value.len() * 8 {
                let mut bytes = value.as_bytes().to_vec();
                bytes[bit / 8] ^= 1 << (bit % 8);
                // Upper-case hex and `bearer` mean the same; control characters are no header.
                let same = bytes.eq_ignore_ascii_case(value.as_bytes()) && bit % 8 == 5;
                let (false, Ok(changed)) = (same, HeaderValue::from_bytes(&bytes)) else { continue };
                let mut headers = headers.clone();
                headers.insert(name, changed);
                assert!(verdict(&verifier, &headers, BODY, now()).is_err(), "{scheme} {name} {bit}");
                flipped += 1;
            }
        }
        assert!(flipped > 50, "{scheme}");
    }
}

#[test]
fn a_letter_of_another_case_is_refused_in_tokens_and_base64() {
    for (scheme, [secret, _]) in every_scheme() {
        let hex = ["hmac", "hash"].contains(&scheme["scheme"].as_str().unwrap()) && scheme["encoding"] != "base64";
        let verifier = verifier(scheme.clone(), &[&secret]);
        let headers = signed(&verifier, BODY);
        let (name, value) = headers.iter().last().unwrap();
        let value = value.to_str().unwrap();
        // The last letter belongs to the signature or the token, whatever stands before it.
        let last = value.rfind(|c: char| c.is_ascii_alphabetic()).unwrap();
        let mut bytes = value.as_bytes().to_vec();
        bytes[last] ^= 0x20;
        let mut changed = headers.clone();
        changed.insert(name, HeaderValue::from_bytes(&bytes).unwrap());
        assert_eq!(verdict(&verifier, &changed, BODY, now()).is_ok(), hex, "{scheme}");
    }
}

#[test]
fn a_truncated_body_or_signature_is_refused() {
    for (scheme, [secret, _]) in every_scheme().into_iter().filter(|(scheme, _)| signs_the_body(scheme)) {
        let verifier = verifier(scheme.clone(), &[&secret]);
        let headers = signed(&verifier, BODY);
        for end in 0..BODY.len() {
            assert_eq!(verdict(&verifier, &headers, &BODY[..end], now()), Err(Reason::SignatureInvalid), "{scheme}");
        }
        let (name, value) =
            headers.iter().find(|(name, _)| ["x-s", "webhook-signature"].contains(&name.as_str())).unwrap();
        for end in 0..value.len() {
            let mut headers = headers.clone();
            headers.insert(name, HeaderValue::from_bytes(&value.as_bytes()[..end]).unwrap());
            assert!(verdict(&verifier, &headers, BODY, now()).is_err(), "{scheme} {end}");
        }
    }
}

#[test]
fn a_header_given_twice_or_too_long_is_refused() {
    for (scheme, [secret, _]) in every_scheme() {
        let verifier = verifier(scheme.clone(), &[&secret]);
        let once = signed(&verifier, BODY);
        for (name, value) in &once {
            let mut twice = once.clone();
            twice.append(name, value.clone());
            assert_eq!(verdict(&verifier, &twice, BODY, now()), Err(Reason::SignatureInvalid), "{scheme} {name}");
        }
        let mut long = once.clone();
        for value in long.values_mut() {
            *value = HeaderValue::from_str(&format!("{},{}", value.to_str().unwrap(), "a".repeat(8192))).unwrap();
        }
        assert!(verdict(&verifier, &long, BODY, now()).is_err(), "{scheme}");
    }
}

#[test]
fn one_good_signature_of_a_list_is_enough() {
    let scheme = json!({"scheme": "hmac", "header": "X-S", "prefix": "v1=", "separator": ","});
    let verifier = verifier(scheme, &["s"]);
    let good = signed(&verifier, BODY)["x-s"].to_str().unwrap().to_owned();
    for list in
        [format!("v1=zz, {good}"), format!("v2={},{good},v1=", "0".repeat(64)), good.to_uppercase().replace('V', "v")]
    {
        assert_eq!(verdict(&verifier, &headers(&[("x-s", &list)]), BODY, now()), Ok(()), "{list}");
    }
    let bare = good.replace("v1=", "");
    assert_eq!(verdict(&verifier, &headers(&[("x-s", &bare)]), BODY, now()), Err(Reason::SignatureInvalid));
}

#[test]
fn the_time_of_signing_may_lie_as_far_off_as_the_tolerance_and_no_further() {
    let scheme = |tolerance: &str| json!({"scheme": "standard-webhooks", "tolerance": tolerance});
    let secret = signing_secret(&[1; 32]);
    for (tolerance, seconds) in [("5m", 300), ("10s", 10)] {
        let verifier = verifier(scheme(tolerance), &[&secret]);
        let headers = signed(&verifier, BODY);
        let edge = Duration::from_secs(seconds);
        let past = edge + Duration::from_millis(1);
        assert_eq!(verdict(&verifier, &headers, BODY, now() + edge), Ok(()));
        assert_eq!(verdict(&verifier, &headers, BODY, now() - edge), Ok(()));
        assert_eq!(verdict(&verifier, &headers, BODY, now() + past), Err(Reason::TimestampStale));
        assert_eq!(verdict(&verifier, &headers, BODY, now() - past), Err(Reason::TimestampStale));
        // A forged one is not told that only its time was wrong.
        let stale = verdict(&verifier, &headers, b"{}", now() + past);
        assert_eq!(stale, Err(Reason::SignatureInvalid));
    }
}

#[test]
fn a_request_is_known_again_by_whichever_of_its_signatures_it_comes() {
    let (old, new) = (signing_secret(&[7; 32]), signing_secret(&[9; 32]));
    let scheme = || json!({"scheme": "standard-webhooks", "tolerance": "5m"});
    let verifier_of = |secrets: &[&str]| verifier(scheme(), secrets);
    let both = verifier_of(&[&old, &new]);
    let replay = |headers: &HeaderMap, body: &[u8]| {
        let webhook = webhook(headers.clone(), body);
        both.check(webhook, now(), &Keyring::default()).unwrap().replay().unwrap()
    };
    let (by_old, by_new) = (signed(&verifier_of(&[&old]), BODY), signed(&verifier_of(&[&new]), BODY));
    assert_eq!(replay(&by_old, BODY), replay(&by_new, BODY));
    assert_eq!(replay(&by_old, BODY).until, now() + std::time::Duration::from_secs(300));
    assert_ne!(replay(&by_old, BODY).key, replay(&signed(&both, b"{}"), b"{}").key);
    let token = verifier(json!({"scheme": "token", "header": "X-T"}), &["correct horse"]);
    let webhook = webhook(signed(&token, BODY), BODY);
    assert_eq!(token.check(webhook, now(), &Keyring::default()).unwrap().replay(), None, "it is good for ever");
}

#[test]
fn a_time_that_is_no_time_is_refused_even_if_signed() {
    let key = [3; 32];
    let verifier = verifier(json!({"scheme": "standard-webhooks"}), &[&signing_secret(&key)]);
    for time in ["now", "-5", "1e9", "99999999999999999999", "999999999999", "1795420800.0"] {
        let key = key::Key::decode(&STANDARD.encode(key), crate::config::scheme::SecretEncoding::Base64).unwrap();
        let algorithm = crate::config::scheme::Algorithm::Sha256;
        let signature = mac::mac(algorithm, &key, &[b"id.", time.as_bytes(), b".", BODY]).unwrap();
        let signature = format!("v1,{}", STANDARD.encode(signature));
        let headers = headers(&[("webhook-id", "id"), ("webhook-timestamp", time), ("webhook-signature", &signature)]);
        assert!(verdict(&verifier, &headers, BODY, now()).is_err(), "{time}");
    }
}

#[test]
fn the_first_alternative_whose_header_is_there_decides_alone() {
    let schemes = json!([{"scheme": "standard-webhooks"}, {"scheme": "token", "header": "X-Gitlab-Token"}]);
    let secret = signing_secret(&[5; 32]);
    let both = verifier(schemes.clone(), &["glt-old", &secret]);
    let token = headers(&[("x-gitlab-token", "glt-old")]);
    assert_eq!(verdict(&both, &token, BODY, now()), Ok(()));

    let mut signed = signed(&both, BODY);
    assert_eq!(verdict(&both, &signed, BODY, now()), Ok(()));
    signed.insert("x-gitlab-token", HeaderValue::from_static("glt-old"));
    assert_eq!(verdict(&both, &signed, b"{}", now()), Err(Reason::SignatureInvalid), "no way back to the token");

    // A signing secret is no token, and a scheme without secrets decides nothing.
    let only_signing = verifier(schemes.clone(), &[&secret]);
    let as_token = headers(&[("x-gitlab-token", &secret)]);
    assert_eq!(verdict(&only_signing, &as_token, BODY, now()), Err(Reason::SignatureMissing));
    let only_token = verifier(schemes, &["glt-old"]);
    assert_eq!(verdict(&only_token, &signed, b"{}", now()), Ok(()), "the token is all this source was given");
}

#[test]
fn none_believes_everything_and_says_so() {
    let none = verifier(json!("none"), &[]);
    assert!(none.is_none());
    assert_eq!(verdict(&none, &HeaderMap::new(), BODY, now()), Ok(()));
    assert!(signed(&none, BODY).is_empty());
    assert!(!verifier(json!({"scheme": "bearer"}), &["s"]).is_none());
}

#[test]
fn debug_output_shows_no_secret() {
    for (scheme, [first, second]) in every_scheme() {
        let verifier = verifier(scheme, &[&first, &second]);
        let shown = format!("{verifier:?} {:?}", signed(&verifier, BODY));
        let bare = |secret: &str| secret.trim_start_matches("whsec_").to_owned();
        assert!(!shown.contains(&bare(&first)) && !shown.contains(&bare(&second)), "{shown}");
    }
    // A request that a client made has its tokens in headers that nobody marked as sensitive.
    let webhook = webhook(headers(&[("authorization", "Bearer hunter2")]), b"hunter2");
    let refused = verifier(json!({"scheme": "bearer"}), &["s"]).check(webhook, now(), &Keyring::default()).unwrap_err();
    assert!(!format!("{refused:?}").contains("hunter2"), "{refused:?}");
}

#[test]
fn an_id_that_no_header_can_carry_is_not_signed() {
    let verifier = verifier(json!({"scheme": "standard-webhooks"}), &[&signing_secret(&[1; 32])]);
    for id in ["", " a", "a\nb", "a\u{7f}"] {
        let mut webhook = webhook(HeaderMap::new(), BODY);
        assert_eq!(verifier.sign(&mut webhook, id, now()), Err(CannotSign::BadId), "{id:?}");
        assert!(webhook.headers.is_empty());
    }
}

proptest! {
    #[test]
    fn what_is_signed_is_believed(body in proptest::collection::vec(any::<u8>(), 0..300), id in "[a-zA-Z0-9_.-]{1,60}") {
        for (scheme, [secret, _]) in every_scheme() {
            let verifier = verifier(scheme, &[&secret]);
            let mut webhook = webhook(HeaderMap::new(), &body);
            verifier.sign(&mut webhook, &id, now()).unwrap();
            prop_assert_eq!(verdict(&verifier, &webhook.headers, &body, now()), Ok(()));
        }
    }

    #[test]
    fn no_header_makes_it_panic_or_believe(
        value in proptest::collection::vec(any::<u8>(), 0..200),
        tail in proptest::collection::vec(any::<u8>(), 0..60),
        start in prop::sample::select(vec!["", "v1=", "v1,", "Bearer ", "Basic ", "basic", "Bearer"]),
    ) {
        let bytes = [start.as_bytes(), &value].concat();
        for (scheme, [secret, _]) in every_scheme() {
            let verifier = verifier(scheme, &[&secret]);
            let mut headers = HeaderMap::new();
            for (name, bytes) in [
                ("x-s", &bytes), ("x-t", &bytes), ("authorization", &bytes), ("webhook-signature", &bytes),
                ("svix-signature", &bytes), ("webhook-id", &tail), ("webhook-timestamp", &tail),
            ] {
                if let Ok(value) = HeaderValue::from_bytes(bytes) {
                    headers.insert(name, value);
                }
            }
            prop_assert!(verdict(&verifier, &headers, BODY, now()).is_err());
        }
    }
}
