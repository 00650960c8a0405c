//! What admins are told of secrets and signatures that are of no use.

use super::*;

#[test]
fn secrets_that_are_of_no_use_are_told_with_a_cure_and_not_shown() {
    let token = json!({"scheme": "token", "header": "X-T"});
    let standard = json!({"scheme": "standard-webhooks"});
    for (verify, secrets, problem) in [
        (
            token.clone(),
            vec![],
            "f.toml: secrets: is missing; add `secrets`, or write `verify = \"none\"` to believe whoever knows the address",
        ),
        (
            json!("none"),
            vec!["hunter2"],
            "f.toml: secrets: secrets are given, but `verify = \"none\"` checks nothing; take out the secrets, or `verify = \"none\"`",
        ),
        (
            standard.clone(),
            vec!["whsec_hunter2!"],
            "f.toml: secrets: the secret is not base64; copy it again from the provider, with `whsec_` where it has that",
        ),
        (
            standard.clone(),
            vec![&*signing_secret(&[1; 24]), "hunter2!"],
            "f.toml: secrets[1]: the secret is not base64; copy it again from the provider, with `whsec_` where it has that",
        ),
        (standard, vec!["whsec_"], "f.toml: secrets: the secret is empty; give it a value"),
        (json!({"scheme": "hmac", "header": "X-S"}), vec![""], "f.toml: secrets: the secret is empty; give it a value"),
        (
            json!({"scheme": "hmac", "header": "X-S", "secret_encoding": "hex"}),
            vec!["hunter2"],
            "f.toml: secrets: the secret is not hex; copy it again from the provider: only 0-9 and a-f, an even number",
        ),
        (
            json!({"scheme": "basic"}),
            vec!["hunter2"],
            "f.toml: secrets: the secret has no `:`; write it as `user:password`",
        ),
        (
            token,
            vec!["hunter2\n"],
            "f.toml: secrets: the secret can't stand in a header; take out line ends and spaces around it; at most 4096 bytes fit",
        ),
    ] {
        assert_eq!(try_verifier(verify, &secrets).unwrap_err(), [problem]);
    }
}

#[test]
fn a_refusal_says_what_stands_there_and_what_would_be_right() {
    let hub = verifier(json!({"scheme": "hmac", "header": "X-S", "prefix": "sha256="}), &["s"]);
    let list = verifier(json!({"scheme": "hmac", "header": "X-S", "prefix": "v1=", "separator": ","}), &["s"]);
    for (verifier, value, said) in [
        (
            &hub,
            format!("sha256={}", "a".repeat(39)),
            "x-s: 39 characters follow `sha256=`, where hex of SHA-256 has 64",
        ),
        (
            &hub,
            format!("sha256={}", "a".repeat(40)),
            "x-s: 40 characters follow `sha256=`, where hex of SHA-256 has 64; hex of SHA-1 has that length",
        ),
        (&hub, format!("sha256={}", "z".repeat(64)), "x-s: 64 characters follow `sha256=`, which are no hex"),
        (&hub, "a".repeat(64), "x-s: does not begin with `sha256=`"),
        (&list, format!("v2={}", "a".repeat(64)), "x-s: holds no item that begins with `v1=`"),
        (&list, format!("v1={}", "a".repeat(64)), "x-s fits none of the source's secrets"),
    ] {
        assert_eq!(why(verifier, &headers(&[("x-s", &value)]), BODY), said);
    }
}

#[test]
fn the_usual_mistakes_are_found_by_trying_them() {
    let scheme = json!({"scheme": "hmac", "header": "X-S"});
    let explain = |signer: &str, over: &[u8], secret: &str, sent: &[u8]| {
        let headers = signed(&verifier(scheme.clone(), &[signer]), over);
        let verifier = verifier(scheme.clone(), &[secret]);
        let webhook = webhook(headers, sent);
        verifier.explain(&webhook, &Why::Mismatch { at: "x-s".to_owned() }, &Keyring::default()).unwrap_or_default()
    };
    let spaced = br#"{ "build": 41, "state": "red" }"#;
    assert!(explain("s", BODY, "s", spaced).contains("computed over a parsed body"));
    assert!(explain("s", BODY, "s", &[BODY, b"\n"].concat()).contains("without the spaces or line end"));
    assert!(explain("s", &[BODY, b"\n"].concat(), "s", BODY).contains("a line end that was not sent"));
    assert!(explain("s", BODY, "s\n", BODY).contains("spaces or line ends around it"));
    assert!(explain("key", BODY, "6b6579", BODY).contains("the secret is hex of the key"));
    assert!(explain("key", BODY, "a2V5", BODY).contains("the secret is base64 of the key"));
    assert_eq!(explain("s", BODY, "other", BODY), "");
}
