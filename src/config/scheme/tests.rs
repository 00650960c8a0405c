use serde_json::json;

use super::*;

fn read_of(value: Value) -> (Option<Schemes>, Vec<String>) {
    let mut problems = Vec::new();
    let schemes = VerifySpec(value).read("verify", &|_| "f.toml".to_owned(), &mut problems);
    (schemes, problems.iter().map(Problem::to_string).collect())
}

#[test]
fn none_must_be_spelt_out() {
    assert_eq!(read_of(json!("none")).0, Some(Schemes::None));
    assert_eq!(read_of(json!({"scheme": "none"})).0, Some(Schemes::None));
    for not_none in [json!(""), json!([]), json!(false), json!(null), json!("None"), json!([{"scheme": "none"}])] {
        let (schemes, problems) = read_of(not_none.clone());
        assert_eq!((schemes, problems.len()), (None, 1), "{not_none}");
    }
}

#[test]
fn none_beside_other_schemes_is_refused() {
    let (schemes, problems) = read_of(json!([{"scheme": "bearer"}, {"scheme": "none"}]));
    assert_eq!(schemes, None);
    assert!(problems[0].starts_with("f.toml: verify[1]: stands beside other schemes"), "{problems:?}");
}

#[test]
fn a_scheme_that_another_leaves_nothing_to_do_is_refused() {
    let hmac = |algorithm: &str| json!({"scheme": "hmac", "header": "X-S", "algorithm": algorithm});
    let (schemes, problems) = read_of(json!([hmac("sha256"), {"scheme": "basic"}, hmac("sha1")]));
    assert_eq!(schemes, None);
    assert_eq!(
        problems,
        [
            "f.toml: verify[2]: is never used: a scheme above it looks at x-s too, and decides; take one of the two out, or tell them apart by `when`"
        ]
    );
    let (schemes, problems) = read_of(json!([hmac("sha256"), {"scheme": "basic"}, {"scheme": "bearer"}]));
    assert!(matches!(schemes, Some(Schemes::AnyOf(all)) if all.len() == 3), "{problems:?}");
}

#[test]
fn a_time_that_could_be_stripped_by_an_alternative_is_refused() {
    let timed = json!({"scheme": "hmac", "header": "X-S", "signed": "{timestamp}:{body}", "tolerance": "5m",
        "timestamp": {"header": "X-T"}, "when": {"X-T": "*"}});
    let bare = |key: &str, value: &str| {
        let mut bare = json!({"scheme": "hmac", "header": "X-S"});
        if !key.is_empty() {
            bare[key] = if key == "when" { json!({"Content-Type": value}) } else { json!(value) };
        }
        bare
    };
    let (schemes, problems) = read_of(json!([timed, bare("", "")]));
    assert_eq!(schemes, None);
    assert_eq!(
        problems,
        [
            "f.toml: verify[1]: takes a body that was signed with its time for one that was signed without, so that a webhook of any age could be sent again; take one of the two out, or let the one that signs {body} alone take nothing but JSON, by when = { \"Content-Type\" = \"application/json\" }"
        ]
    );
    let (_, problems) = read_of(json!([bare("when", "text/plain"), timed]));
    assert_eq!(problems.len(), 1, "whichever stands first: {problems:?}");
    for (key, value) in
        [("when", "application/json"), ("algorithm", "sha1"), ("signed", "{url}{body}"), ("header", "X-O")]
    {
        let (schemes, problems) = read_of(json!([timed, bare(key, value)]));
        assert!(schemes.is_some(), "{key} = {value}: {problems:?}");
    }
}

#[test]
fn each_mistake_is_named_with_its_own_key() {
    for (table, problem) in [
        (json!({"scheme": "hmca"}), "f.toml: verify.scheme: `hmca` is no scheme; did you mean `hmac`?"),
        (
            json!({}),
            "f.toml: verify.scheme: is missing; add one of: hmac, hash, public-key, token, basic, bearer, jwt, standard-webhooks, twilio, sns, none",
        ),
        (json!({"scheme": "hmac"}), "f.toml: verify.header: is missing; add it"),
        (
            json!({"scheme": "hmac", "header": "X-S", "algorithm": "md5"}),
            "f.toml: verify.algorithm: unknown variant `md5`; expected one of `sha1`, `sha256`, `sha384`, `sha512`",
        ),
        (
            json!({"scheme": "hmac", "header": "X-S", "encodign": "hex"}),
            "f.toml: verify.encodign: is not a known key; did you mean `encoding`?",
        ),
        (
            json!({"scheme": "token", "header": "X Token"}),
            "f.toml: verify.header: `X Token` is no header name; use letters, digits and `-`, as in X-Hub-Signature-256",
        ),
        (
            json!({"scheme": "hmac", "header": "X-S", "separator": ""}),
            "f.toml: verify.separator: the separator is empty; write what stands between signatures, as \",\"",
        ),
        (
            json!({"scheme": "basic", "header": "X-S"}),
            "f.toml: verify.header: is not a known key; take it out: no key is known here",
        ),
        (
            json!({"scheme": "standard-webhooks", "tolerance": "soon"}),
            "f.toml: verify.tolerance: `soon` is no length of time; write it as \"30s\", \"5m\", \"2h 30m\" or \"7d\"",
        ),
    ] {
        let (schemes, problems) = read_of(table);
        assert_eq!((schemes, problems), (None, vec![problem.to_owned()]));
    }
}

#[test]
fn a_secret_in_the_wrong_place_is_not_quoted() {
    for misplaced in [json!("hunter2"), json!(["hunter2"]), json!({"scheme": "bearer", "secret": "hunter2"})] {
        let (_, problems) = read_of(misplaced);
        assert_eq!(problems.len(), 1);
        assert!(!problems[0].contains("hunter2"), "{problems:?}");
    }
}

#[test]
fn settings_that_contradict_each_other_are_told_with_a_cure() {
    let key = json!({"url": "https://keys.example/config"});
    for (scheme, more, key_and_start) in [
        ("hmac", json!({"tolerance": "5m"}), "verify.tolerance: there is no `timestamp`"),
        ("hmac", json!({"signed": "{timestamp}.{body}"}), "verify.signed: has {timestamp}, and no `timestamp` says"),
        ("hmac", json!({"signed": "{time}.{body}"}), "verify.signed: `{time}` stands for nothing; write {body}"),
        ("hmac", json!({"signed": "v0:{body"}), "verify.signed: a `{` is never closed"),
        ("hmac", json!({"signed": "v0:{{body}"}), "verify.signed: nothing of the webhook is signed"),
        ("hmac", json!({"timestamp": {"header": "X-T"}}), "verify.timestamp: is never used"),
        ("hmac", json!({"timestamp": {"header": "X-T"}, "tolerance": "5m"}), "verify.timestamp: is not signed"),
        (
            "hmac",
            json!({"timestamp": {"field": "t="}, "signed": "{timestamp}{body}"}),
            "verify.timestamp: is one item of a list, and no `separator`",
        ),
        (
            "hmac",
            json!({"timestamp": {"body": "/t"}, "tolerance": "5m", "signed": "{timestamp}{body}"}),
            "verify.signed: has {timestamp}, which stands in the body",
        ),
        ("hmac", json!({"timestamp": {}}), "verify.timestamp: the time must stand in one place"),
        ("hmac", json!({"secret_encoding": "spki"}), "verify.secret_encoding: is one of public keys"),
        ("hmac", json!({"key": key}), "verify.key: only public keys are published"),
        ("hmac", json!({"secret": "hunter2"}), "verify.secret: can only be \"captured\""),
        ("hash", json!({}), "verify.signed: has no {secret}"),
        ("public-key", json!({}), "verify.algorithm: is missing; add one of: ed25519"),
        (
            "public-key",
            json!({"algorithm": "ed25519", "secret_encoding": "text"}),
            "verify.secret_encoding: a public key is not plain text",
        ),
        ("public-key", json!({"algorithm": "ed25519", "signed": "{secret}{body}"}), "verify.signed: has {secret}"),
        (
            "public-key",
            json!({"algorithm": "rsa-sha1", "key": {"url": "http://keys.example/"}}),
            "verify.key.url: is no https address",
        ),
        (
            "public-key",
            json!({"algorithm": "rsa-sha1", "key": key, "secret": "captured"}),
            "verify.secret: the key is fetched",
        ),
    ] {
        let mut table = more.clone();
        table["scheme"] = json!(scheme);
        table["header"] = json!("X-S");
        let (schemes, problems) = read_of(table);
        assert_eq!(schemes, None, "{more}");
        assert!(problems[0].starts_with(&format!("f.toml: {key_and_start}")), "{problems:#?}");
        assert!(problems.len() == 1 && !problems[0].contains("hunter2"), "{problems:#?}");
    }
}

#[test]
fn schemes_with_one_header_are_told_apart_by_when() {
    let version = |value: &str| json!({"scheme": "hmac", "header": "X-S", "when": {"X-Version": value}});
    let any = json!({"scheme": "hmac", "header": "X-S"});
    for (list, works) in [
        (json!([version("v1"), version("v2"), any]), true),
        (json!([version("v1"), version("*")]), true),
        (json!([version(""), version("*")]), true),
        (json!([any, version("v1")]), false),
        (json!([version("*"), version("v1")]), false),
        (json!([version("v1"), version("v1")]), false),
    ] {
        let (schemes, problems) = read_of(list.clone());
        assert_eq!(schemes.is_some(), works, "{list}: {problems:?}");
    }
}
