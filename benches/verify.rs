//! What verification costs beside the bare primitive over the same bytes: `cargo bench --bench verify`.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench prints, and may panic")]
#![expect(clippy::disallowed_methods, reason = "a bench measures time")]

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use jiff::Timestamp;
use ring::signature::{self, KeyPair, UnparsedPublicKey};
use serde_json::{Value, json};
use sha2::Digest;
use teams_relay::{
    config::scheme::VerifySpec,
    event::{RawBody, Webhook},
    secret::Secret,
    verify::{Unproved, Verifier, keyring::Keyring},
};

const BODY: usize = 13 * 1024;
const ROUNDS: usize = 9;

/// The median of a few rounds, for one call.
fn time(mut call: impl FnMut()) -> Duration {
    let mut rounds: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let (start, mut calls) = (Instant::now(), 0);
            while start.elapsed() < Duration::from_millis(60) {
                call();
                calls += 1;
            }
            start.elapsed() / calls
        })
        .collect();
    rounds.sort();
    rounds.get(ROUNDS / 2).copied().unwrap_or_default()
}

fn mac<M: Mac + KeyInit>(body: &[u8]) {
    let mut mac = <M as KeyInit>::new_from_slice(b"secret").unwrap();
    mac.update(body);
    black_box(mac.finalize().into_bytes());
}

fn row(name: &str, spec: Value, secret: &str, body: &Bytes, bare: impl FnMut()) {
    let now: Timestamp = "2026-11-24T08:00:00Z".parse().unwrap();
    let schemes = VerifySpec(spec).read("verify", &|_| "bench".to_owned(), &mut Vec::new()).unwrap();
    let verifier = Verifier::new(&schemes, &[Secret::new(secret)], "bench", None).unwrap();
    let mut webhook = Webhook {
        source: "bench".parse().unwrap(),
        received_at: now,
        peer: None,
        method: http::Method::POST,
        target: "/hooks/bench".parse().unwrap(),
        headers: HeaderMap::new(),
        body: RawBody(body.clone()),
    };
    verifier.sign(&mut webhook, "id", now).unwrap();
    // One changed byte in front, so that the webhook comes back and can be judged again; the work is the same.
    let mut forged = body.to_vec();
    *forged.first_mut().unwrap() ^= 1;
    webhook.body = RawBody(forged.into());
    let keys = Keyring::default();
    let mut held = Some(webhook);
    let check = time(|| {
        let Err(Unproved::Refused(refused)) = verifier.check(held.take().unwrap(), now, &keys) else {
            panic!("forged")
        };
        held = Some(*refused.webhook);
    });
    let bare = time(bare);
    println!("{name:<34} {check:>12.2?} {bare:>12.2?} {:>7.2}", check.as_secs_f64() / bare.as_secs_f64());
}

fn main() {
    // `cargo test --all-targets` starts benches too; only `cargo bench` says so.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let body = Bytes::from(vec![b'a'; BODY]);
    println!("{:<34} {:>12} {:>12} {:>7}", "13 KiB body", "check", "bare", "ratio");
    let hmac = |algorithm: &str| json!({"scheme": "hmac", "header": "X-S", "algorithm": algorithm});
    row("hmac sha1", hmac("sha1"), "secret", &body, || mac::<Hmac<sha1::Sha1>>(&body));
    row("hmac sha256", hmac("sha256"), "secret", &body, || mac::<Hmac<sha2::Sha256>>(&body));
    row("hmac sha384", hmac("sha384"), "secret", &body, || mac::<Hmac<sha2::Sha384>>(&body));
    row("hmac sha512", hmac("sha512"), "secret", &body, || mac::<Hmac<sha2::Sha512>>(&body));
    let list = json!({"scheme": "hmac", "header": "X-S", "separator": ",", "prefix": "v1=",
        "signed": "{timestamp}.{body}", "timestamp": {"field": "t="}, "tolerance": "5m"});
    row("hmac sha256, t=…,v1=…", list, "secret", &body, || mac::<Hmac<sha2::Sha256>>(&body));
    let hash = json!({"scheme": "hash", "header": "X-S", "signed": "{secret}{body}"});
    row("hash sha256", hash, "secret", &body, || {
        black_box(sha2::Sha256::digest(&body));
    });
    let standard = json!({"scheme": "standard-webhooks"});
    row("standard-webhooks", standard, "whsec_c2VjcmV0", &body, || mac::<Hmac<sha2::Sha256>>(&body));
    public_keys(&body);
}

fn public_keys(body: &Bytes) {
    let random = ring::rand::SystemRandom::new();
    let spec = |algorithm: &str| json!({"scheme": "public-key", "algorithm": algorithm, "header": "X-S"});
    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    let ring_pair = signature::Ed25519KeyPair::from_pkcs8_maybe_unchecked(&pair.serialize_der()).unwrap();
    let (public, made) = (ring_pair.public_key().as_ref().to_vec(), ring_pair.sign(body));
    row("public-key ed25519", spec("ed25519"), &pair.serialize_pem(), body, || {
        let verified = UnparsedPublicKey::new(&signature::ED25519, &public).verify(body, made.as_ref());
        black_box(verified.is_ok());
    });
    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    let signing = &signature::ECDSA_P256_SHA256_ASN1_SIGNING;
    let ring_pair = signature::EcdsaKeyPair::from_pkcs8(signing, &pair.serialize_der(), &random).unwrap();
    let (public, made) = (ring_pair.public_key().as_ref().to_vec(), ring_pair.sign(&random, body).unwrap());
    row("public-key ecdsa-p256", spec("ecdsa-p256"), &pair.serialize_pem(), body, || {
        let verified = UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_ASN1, &public).verify(body, made.as_ref());
        black_box(verified.is_ok());
    });
}
