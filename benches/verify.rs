//! What verification costs beside the bare primitive over the same bytes: `cargo bench --bench verify`.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench prints, and may panic")]
#![expect(clippy::disallowed_methods, reason = "a bench measures time")]

#[path = "timing/rounds.rs"]
mod rounds;

use std::hint::black_box;

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, HeaderValue};
use jiff::Timestamp;
use ring::signature::{self, KeyPair, UnparsedPublicKey};
use rustls_pki_types::{PrivatePkcs8KeyDer, pem::PemObject};
use serde_json::{Value, json};
use sha2::Digest;
use subtle::ConstantTimeEq;
use teams_relay::{
    config::scheme::VerifySpec,
    event::{RawBody, Webhook},
    secret::Secret,
    verify::{Unproved, Verifier, keyring::Keyring},
};

use rounds::time;

const BODY: usize = 13 * 1024;

fn mac<M: Mac + KeyInit>(body: &[u8]) {
    let mut mac = <M as KeyInit>::new_from_slice(b"secret").unwrap();
    mac.update(body);
    black_box(mac.finalize().into_bytes());
}

/// What is changed, so that the webhook comes back from the check and can be judged again; the work is the same.
#[derive(Clone, Copy)]
enum Forged {
    Body,
    /// Near the end of it, where neither a scheme's word nor a padding stands.
    Header(&'static str),
}

impl Forged {
    fn forge(self, webhook: &mut Webhook) {
        let changed = |bytes: &[u8], place: usize| -> Vec<u8> {
            let flip = |(at, byte): (usize, &u8)| if at == place { byte ^ 1 } else { *byte };
            bytes.iter().enumerate().map(flip).collect()
        };
        match self {
            Self::Body => webhook.body = RawBody(changed(&webhook.body.0, 0).into()),
            Self::Header(name) => {
                let value = webhook.headers.get_mut(name).unwrap();
                *value = HeaderValue::from_bytes(&changed(value.as_bytes(), value.len() - 6)).unwrap();
            }
        }
    }
}

fn row(name: &str, spec: Value, secret: &str, forged: Forged, body: &Bytes, bare: impl FnMut()) {
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
    forged.forge(&mut webhook);
    let keys = Keyring::default();
    let mut held = Some(webhook);
    let check = time(|| {
        let Err(Unproved::Refused(refused)) = verifier.check(held.take().unwrap(), now, &keys) else {
            panic!("{name}: forged")
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
    row("hmac sha1", hmac("sha1"), "secret", Forged::Body, &body, || mac::<Hmac<sha1::Sha1>>(&body));
    row("hmac sha256", hmac("sha256"), "secret", Forged::Body, &body, || mac::<Hmac<sha2::Sha256>>(&body));
    row("hmac sha384", hmac("sha384"), "secret", Forged::Body, &body, || mac::<Hmac<sha2::Sha384>>(&body));
    row("hmac sha512", hmac("sha512"), "secret", Forged::Body, &body, || mac::<Hmac<sha2::Sha512>>(&body));
    let list = json!({"scheme": "hmac", "header": "X-S", "separator": ",", "prefix": "v1=",
        "signed": "{timestamp}.{body}", "timestamp": {"field": "t="}, "tolerance": "5m"});
    row("hmac sha256, t=…,v1=…", list, "secret", Forged::Body, &body, || mac::<Hmac<sha2::Sha256>>(&body));
    let hash = json!({"scheme": "hash", "header": "X-S", "signed": "{secret}{body}"});
    row("hash sha256", hash, "secret", Forged::Body, &body, || {
        black_box(sha2::Sha256::digest(&body));
    });
    let standard = json!({"scheme": "standard-webhooks"});
    row("standard-webhooks", standard, "whsec_c2VjcmV0", Forged::Body, &body, || mac::<Hmac<sha2::Sha256>>(&body));
    public_keys(&body);
    shown(&body);
    tokens(&body);
}

/// Schemes whose secret is shown as it is: the bare work is to compare it.
fn shown(body: &Bytes) {
    let secret = "an invented secret of 32 letters";
    let compare = |shown: &str, held: &str| black_box(bool::from(shown.as_bytes().ct_eq(held.as_bytes())));
    let (name, shown, pair) = ("Authorization", format!("x{secret}"), format!("user:{secret}"));
    let bare = || {
        compare(&shown, &pair);
    };
    let token = json!({"scheme": "token", "header": "X-S"});
    row("token", token, secret, Forged::Header("X-S"), body, bare);
    row("bearer", json!({"scheme": "bearer"}), secret, Forged::Header(name), body, bare);
    row("basic", json!({"scheme": "basic"}), &pair, Forged::Header(name), body, bare);
}

/// JSON Web Tokens: the bare work is the signature of a token of the usual length, and the hash of a body that it names.
fn tokens(body: &Bytes) {
    let unsigned = [b'a'; 160];
    let hs256 = json!({"scheme": "jwt", "algorithms": ["HS256"]});
    row("jwt HS256", hs256, "secret", Forged::Header("Authorization"), body, || mac::<Hmac<sha2::Sha256>>(&unsigned));
    let hashed = json!({"scheme": "jwt", "algorithms": ["HS256"], "body_hash": "sha256"});
    row("jwt HS256 with the body's hash", hashed, "secret", Forged::Body, body, || {
        mac::<Hmac<sha2::Sha256>>(&unsigned);
        black_box(sha2::Sha256::digest(body));
    });
}

fn public_keys(body: &Bytes) {
    let random = ring::rand::SystemRandom::new();
    let spec = |algorithm: &str| json!({"scheme": "public-key", "algorithm": algorithm, "header": "X-S"});
    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    let ring_pair = signature::Ed25519KeyPair::from_pkcs8_maybe_unchecked(&pair.serialize_der()).unwrap();
    let (public, made) = (ring_pair.public_key().as_ref().to_vec(), ring_pair.sign(body));
    row("public-key ed25519", spec("ed25519"), &pair.serialize_pem(), Forged::Body, body, || {
        let verified = UnparsedPublicKey::new(&signature::ED25519, &public).verify(body, made.as_ref());
        black_box(verified.is_ok());
    });
    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    let signing = &signature::ECDSA_P256_SHA256_ASN1_SIGNING;
    let ring_pair = signature::EcdsaKeyPair::from_pkcs8(signing, &pair.serialize_der(), &random).unwrap();
    let (public, made) = (ring_pair.public_key().as_ref().to_vec(), ring_pair.sign(&random, body).unwrap());
    row("public-key ecdsa-p256", spec("ecdsa-p256"), &pair.serialize_pem(), Forged::Body, body, || {
        let verified = UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_ASN1, &public).verify(body, made.as_ref());
        black_box(verified.is_ok());
    });
    let pem = include_str!("../tests/keys/rsa.pem");
    let ring_pair = signature::RsaKeyPair::from_pkcs8(
        PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).unwrap().secret_pkcs8_der(),
    )
    .unwrap();
    let (public, mut made) = (ring_pair.public().as_ref().to_vec(), vec![0; ring_pair.public().modulus_len()]);
    ring_pair.sign(&signature::RSA_PKCS1_SHA256, &random, body, &mut made).unwrap();
    row("public-key rsa-sha256", spec("rsa-sha256"), pem, Forged::Body, body, || {
        let verified = UnparsedPublicKey::new(&signature::RSA_PKCS1_2048_8192_SHA256, &public).verify(body, &made);
        black_box(verified.is_ok());
    });
}
