//! What may be signed beside the body: a time, an address, headers.

use super::*;

/// Schemes that sign a time, an address, headers of their own and more, with a secret.
fn shapes() -> Vec<Value> {
    vec![
        json!({"scheme": "hmac", "header": "X-S", "separator": ",", "prefix": "v1=", "signed": "{timestamp}.{body}",
            "timestamp": {"field": "t="}, "tolerance": "5m"}),
        json!({"scheme": "hmac", "header": "X-S", "signed": "v0:{timestamp}:{header:X-Id}:{body}",
            "timestamp": {"header": "X-T", "format": "milliseconds"}, "tolerance": "5m"}),
        json!({"scheme": "hmac", "header": "X-S", "encoding": "base64", "signed": "{timestamp}{url}{body}",
            "timestamp": {"header": "X-T", "format": "rfc3339"}, "tolerance": "5m"}),
        json!({"scheme": "hash", "header": "X-S", "when": {"X-Version": "v2", "X-Old": ""},
            "signed": "{secret}{method}{url}{body}{timestamp}", "timestamp": {"header": "X-T"}, "tolerance": "5m"}),
    ]
}

fn shaped(shape: &Value, secret: &str) -> Verifier {
    let mut problems = Vec::new();
    let schemes = VerifySpec(shape.clone()).read("verify", &|_| "f.toml".to_owned(), &mut problems);
    let url = "https://relay.example/in/".parse().unwrap();
    Verifier::new(&schemes.unwrap_or_else(|| panic!("{problems:?}")), &[Secret::new(secret)], "f.toml", Some(&url))
        .unwrap()
}

#[test]
fn each_shape_signs_what_it_checks_and_judges_time_last() {
    for shape in shapes() {
        let verifier = shaped(&shape, "correct horse");
        let headers = signed(&verifier, BODY);
        assert_eq!(verdict(&verifier, &headers, BODY, now()), Ok(()), "{shape}");
        let late = now() + Duration::from_secs(302);
        assert_eq!(verdict(&verifier, &headers, BODY, late), Err(Reason::TimestampStale), "{shape}");
        assert_eq!(verdict(&verifier, &headers, b"{}", late), Err(Reason::SignatureInvalid), "{shape}");
    }
}

#[test]
fn a_scheme_that_signs_the_address_needs_to_know_it() {
    for (spec, secrets) in [
        (json!({"scheme": "hmac", "header": "X-S", "signed": "{url}{body}"}), [Secret::new("s")]),
        (json!({"scheme": "twilio"}), [Secret::new("s")]),
    ] {
        let schemes = VerifySpec(spec).read("verify", &|_| "f.toml".to_owned(), &mut Vec::new()).unwrap();
        let problems = Verifier::new(&schemes, &secrets, "f.toml", None).unwrap_err();
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert_eq!((problems[0].file.as_str(), problems[0].key.as_str()), (MAIN, "server.public_url"));
    }
}
