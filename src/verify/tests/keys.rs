//! Keys that are not the source's own secrets: captured, fetched, and public ones.

use super::*;

#[test]
fn a_captured_secret_and_a_fetched_key_come_from_the_ring() {
    let captured = verifier(json!({"scheme": "hmac", "header": "X-S", "secret": "captured"}), &[]);
    let by_secret = verifier(json!({"scheme": "hmac", "header": "X-S"}), &["s"]);
    let headers = signed(&by_secret, BODY);
    assert_eq!(why(&captured, &headers, BODY), "no handshake has brought its secret yet");
    let mut ring = Keyring::default();
    ring.put_captured("ci".parse().unwrap(), vec![Secret::new("other"), Secret::new("s")]);
    assert!(captured.check(webhook(headers.clone(), BODY), now(), &ring).is_ok());

    let (private, public) = ed25519_pair();
    let key = json!({"url": "https://keys.example/config", "pointer": "/public_key"});
    let scheme = json!({"scheme": "public-key", "algorithm": "ed25519", "header": "X-S"});
    let headers = signed(&verifier(scheme.clone(), &[&private]), BODY);
    let mut fetching = scheme;
    fetching["key"] = key;
    let fetching = verifier(fetching, &[]);
    let Err(Unproved::NeedsKey { from, .. }) = fetching.check(webhook(headers.clone(), BODY), now(), &ring) else {
        panic!("judged without a key")
    };
    ring.put_fetched(*from, json!({"public_key": public}).to_string().into_bytes().into());
    assert!(fetching.check(webhook(headers.clone(), BODY), now(), &ring).is_ok());
    assert!(fetching.check(webhook(headers, b"{}"), now(), &ring).is_err());
}

/// A key pair as PEM: private, public.
fn ed25519_pair() -> (String, String) {
    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    (pair.serialize_pem(), pair.public_key_pem())
}

#[test]
fn a_private_key_signs_what_its_public_half_checks() {
    let p256 = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    for (algorithm, (private, public)) in
        [("ed25519", ed25519_pair()), ("ecdsa-p256", (p256.serialize_pem(), p256.public_key_pem()))]
    {
        let scheme = json!({"scheme": "public-key", "algorithm": algorithm, "header": "X-S", "encoding": "base64",
            "signed": "{method}{body}"});
        let headers = signed(&verifier(scheme.clone(), &[&private]), BODY);
        let checks = verifier(scheme, &[&public]);
        assert_eq!(verdict(&checks, &headers, BODY, now()), Ok(()), "{algorithm}");
        assert_eq!(verdict(&checks, &headers, b"{}", now()), Err(Reason::SignatureInvalid), "{algorithm}");
        let mut unsigned = webhook(HeaderMap::new(), BODY);
        assert_eq!(checks.sign(&mut unsigned, "id", now()), Err(CannotSign::OnlyChecks));
    }
}
