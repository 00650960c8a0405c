use super::*;

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
