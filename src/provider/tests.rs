use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{
    config::problem::Problem,
    event::Webhook,
    secret::Secret,
    verify::{Unproved, Verifier, keyring::Keyring},
};

fn now() -> Timestamp {
    "2026-11-23T08:00:00Z".parse().unwrap()
}

fn parse(toml: &str) -> Result<Provider, Vec<String>> {
    Provider::parse("mine".parse().unwrap(), "mine.toml", toml)
        .map_err(|problems| problems.iter().map(Problem::to_string).collect())
}

/// Read once, since a property test asks for them again and again.
static BUILT_IN: std::sync::LazyLock<Providers> = std::sync::LazyLock::new(|| Providers::read([]).unwrap());

fn preset(name: &str) -> Provider {
    BUILT_IN.get(&name.parse().unwrap()).unwrap().clone()
}

fn webhook(headers: HeaderMap, body: &[u8]) -> Webhook {
    let body = RawBody(Bytes::copy_from_slice(body));
    Webhook {
        source: "ci".parse().unwrap(),
        received_at: now(),
        peer: None,
        method: http::Method::POST,
        target: "/hooks/ci".parse().unwrap(),
        headers,
        body,
    }
}

fn event_of(provider: &Provider, headers: &[(&'static str, &str)], body: &[u8]) -> Result<(Event, Value), Unreadable> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(*name, HeaderValue::from_str(value).unwrap());
    }
    provider.event(Verifier::none().check(webhook(map, body), now(), &Keyring::default()).unwrap())
}

/// A secret of each kind that the preset takes.
fn secrets_for(provider: &Provider) -> Vec<Secret> {
    let signing = format!("whsec_{}", STANDARD.encode([11; 32]));
    match provider.name().as_str() {
        "gitlab" => vec![Secret::new(signing), Secret::new("glt-invented")],
        "standard-webhooks" => vec![Secret::new(signing)],
        "generic" => vec![Secret::new("ops:invented")],
        _ => vec![Secret::new("an invented secret")],
    }
}

#[test]
fn every_preset_of_the_first_release_is_there() {
    let providers = Providers::read([]).unwrap();
    for name in ["github", "gitlab", "bitbucket", "gitea", "standard-webhooks", "generic"] {
        let provider = providers.get(&name.parse().unwrap()).unwrap_or_else(|| panic!("no {name}"));
        assert!(!provider.title().is_empty());
        assert_ne!(provider.schemes(), &Schemes::None, "{name}");
    }
}

/// Secrets as providers hand them out, one of which each preset can sign with; public keys come with their private half.
fn made_up_secrets() -> Vec<Vec<Secret>> {
    let pem = |algorithm| rcgen::KeyPair::generate_for(algorithm).unwrap().serialize_pem();
    let topic = "arn:aws:sns:eu-west-1:123456789012:builds".to_owned();
    let rsa = include_str!("../../tests/keys/rsa.pem").to_owned();
    let lists = vec![
        vec!["ops:an invented password".to_owned()],
        vec![format!("whsec_{}", STANDARD.encode([11; 32]))],
        vec![STANDARD.encode([12; 32])],
        vec!["0c".repeat(32)],
        vec![pem(&rcgen::PKCS_ED25519)],
        vec![pem(&rcgen::PKCS_ECDSA_P256_SHA256)],
        vec![topic, rsa],
    ];
    lists.into_iter().map(|list| list.into_iter().map(Secret::new).collect()).collect()
}

#[test]
fn what_send_signs_for_a_preset_is_believed_by_it() {
    let public_url = "https://relay.example".parse().unwrap();
    let lists = made_up_secrets();
    let body = r#"{"Type": "Notification", "Message": "red", "webhookTimestamp": 1795420800000}"#;
    let mut cannot = Vec::new();
    for provider in Providers::read([]).unwrap().iter() {
        let signed = lists.iter().filter_map(|secrets| {
            let verifier = Verifier::new(provider.schemes(), secrets, "ci.toml", Some(&public_url)).ok()?;
            let mut webhook = webhook(HeaderMap::new(), body.as_bytes());
            webhook.headers.insert("content-type", HeaderValue::from_static("application/json"));
            verifier.sign(&mut webhook, "d-1", now()).ok()?;
            verifier
                .check(webhook, now(), &Keyring::default())
                .unwrap_or_else(|bad| panic!("{}: {bad:?}", provider.name()));
            Some(())
        });
        if signed.count() == 0 {
            cannot.push(provider.name().as_str().to_owned());
        }
    }
    // The secret comes from a handshake, stands in the payload, or is the provider's own.
    assert_eq!(cannot, ["asana", "microsoft-graph", "travis"]);
}

/// By the key in tests/keys, over the payload below: `openssl dgst -sha1 -sign rsa.pem payload | base64`.
const TRAVIS_SIGNATURE: &str = "j0ZugWTJDwUVLJMxtbIPljTmZgvGM7ZzjTLlpBASGWQyT9FuK8MpXcVb8x2YLiE9AEglmlevTFwwXQaEf7JHwOwOKW9Hc9pz+O/hloFueUrWLfQZE6n+8FZrZfR8+xaKC8myqTWApS4gu/9GiyweqB1W/2zkw7TGVEaENtSJosg/OQdfCSNIJUOMuvfbsNV+ekadnbroHmSqi346iXNhIp+cZKqzLc86PdAN/9yjRjTDdpF+AHDWfZqorCG5BZZxOmGEVuL319y5ozSjOvWrHzd5FtSwwM0ThMLCpl79MQoWJwuUC4IGUPb3fhJ3x1F7vry9dnhQelOeHO8YuLKQLw==";

#[test]
fn a_build_of_travis_is_believed_by_the_key_that_travis_publishes_and_no_changed_one_is() {
    let payload = r#"{"id":71,"state":"passed","type":"push","repository":{"owner_name":"octo","name":"hello"}}"#;
    let key = json!({"config": {"notifications": {"webhook": {"public_key": include_str!("../../tests/keys/rsa-public.pem")}}}});
    let mut keys = Keyring::default();
    keys.put_fetched("https://api.travis-ci.com/config".parse().unwrap(), key.to_string().into_bytes().into());
    let travis = preset("travis");
    let verifier = Verifier::new(travis.schemes(), &[], "ci.toml", None).unwrap();
    let judge = |payload: &str, signature: &str| {
        let body = form_urlencoded::Serializer::new(String::new()).append_pair("payload", payload).finish();
        let mut headers = HeaderMap::new();
        headers.insert("content-type", HeaderValue::from_static("application/x-www-form-urlencoded"));
        headers.insert("signature", HeaderValue::from_str(signature).unwrap());
        verifier.check(webhook(headers, body.as_bytes()), now(), &keys)
    };
    let (event, _) = travis.event(judge(payload, TRAVIS_SIGNATURE).unwrap()).unwrap();
    assert_eq!(event.kind, EventType::new("push", Some("passed")));
    assert!(judge(&payload.replace("passed", "failed"), TRAVIS_SIGNATURE).is_err());
    assert!(judge(payload, &STANDARD.encode([7; 256])).is_err());
}

/// Those that sign and place everything in headers, by secrets that [`secrets_for`] makes up.
const SIGNING: [&str; 6] = ["github", "gitlab", "bitbucket", "gitea", "standard-webhooks", "generic"];

proptest! {
    #[test]
    fn what_is_sent_as_a_provider_would_is_believed_and_read_back(text in ".{0,80}", id in "[a-zA-Z0-9-]{1,40}") {
        let body = json!({ "text": text }).to_string();
        for provider in SIGNING.map(preset) {
            for secret in secrets_for(&provider) {
                let verifier = Verifier::new(provider.schemes(), &[secret], "ci.toml", None).unwrap();
                let mut headers = HeaderMap::new();
                let kind = EventType::new("deploy", None);
                provider.headers_for(&kind, &id, &mut headers).unwrap();
                let mut webhook = webhook(headers, body.as_bytes());
                verifier.sign(&mut webhook, &id, now()).unwrap();
                let verified = verifier.check(webhook, now(), &Keyring::default()).unwrap();
                let (event, payload) = provider.event(verified).unwrap();
                let header_names_it = provider.event.kind.iter().any(|place| matches!(place, Place::Header(_)));
                prop_assert_eq!(event.kind.name(), if header_names_it { "deploy" } else { "event" });
                prop_assert_eq!(event.delivery_id.as_deref(), Some(id.as_str()));
                prop_assert_eq!(payload, json!({ "text": text }));
            }
        }
    }
}

#[test]
fn each_way_of_posting_that_generic_promises_is_believed() {
    let provider = preset("generic");
    let verifier = Verifier::new(provider.schemes(), &[Secret::new("ops:pw")], "ci.toml", None).unwrap();
    let basic = format!("Basic {}", STANDARD.encode("ops:pw"));
    // printf %s '{}' | openssl dgst -sha256 -hmac ops:pw -r
    let signature = "sha256=ac8df1f71e2cd2458b265d4ac64e031fd13c699399bbc23b78d348004b0de760";
    for (name, value) in [
        ("authorization", "Bearer ops:pw"),
        ("x-webhook-token", "ops:pw"),
        ("authorization", basic.as_str()),
        ("x-signature-256", signature),
        ("x-hub-signature-256", signature),
    ] {
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::from_str(value).unwrap());
        assert!(verifier.check(webhook(headers.clone(), b"{}"), now(), &Keyring::default()).is_ok(), "{name}: {value}");
        headers.insert(name, HeaderValue::from_str(&format!("{value}0")).unwrap());
        assert!(verifier.check(webhook(headers, b"{}"), now(), &Keyring::default()).is_err(), "{name}");
    }
}

#[test]
fn github_does_not_look_at_the_sha1_signature() {
    let provider = preset("github");
    let verifier = Verifier::new(provider.schemes(), &[Secret::new("s")], "ci.toml", None).unwrap();
    let mut headers = HeaderMap::new();
    headers.insert("x-hub-signature", HeaderValue::from_static("sha1=850413ce2dee4c4142838bab9e9086cb305da54d"));
    let refused = verifier.check(webhook(headers, b"{}"), now(), &Keyring::default()).unwrap_err();
    assert!(matches!(refused, Unproved::Refused(refused) if refused.reason() == Reason::SignatureMissing));
}

#[test]
fn gitea_is_read_by_its_own_headers_and_forgejo_by_either() {
    let gitea = preset("gitea");
    let sent = [("x-github-event", "push"), ("x-gogs-event", "push"), ("x-gitea-event", "pull_request_approved")];
    assert_eq!(event_of(&gitea, &sent, b"{}").unwrap().0.kind.name(), "pull_request_approved");
    let sent = [("x-github-event", "push"), ("x-forgejo-event", "release"), ("x-forgejo-delivery", "d-1")];
    let (event, _) = event_of(&gitea, &sent, b"{}").unwrap();
    assert_eq!((event.kind.name(), event.delivery_id.as_deref()), ("release", Some("d-1")));
}

#[test]
fn gitlab_system_hooks_and_pipelines_have_types_and_actions_too() {
    let gitlab = preset("gitlab");
    let (event, _) =
        event_of(&gitlab, &[("x-gitlab-event", "System Hook")], br#"{"event_name":"user_create"}"#).unwrap();
    assert_eq!(event.kind.to_string(), "user_create");
    let body = br#"{"object_kind":"pipeline","object_attributes":{"status":"failed"}}"#;
    assert_eq!(event_of(&gitlab, &[], body).unwrap().0.kind.to_string(), "pipeline.failed");
}

#[test]
fn a_webhook_that_names_no_type_gets_the_default_one() {
    let generic = preset("generic");
    for body in ["{}", "[]", "7", r#"{"type":{}}"#, r#"{"type":"\u0000 "}"#] {
        let (event, _) = event_of(&generic, &[("x-event-type", " ")], body.as_bytes()).unwrap();
        assert_eq!((event.kind.to_string().as_str(), event.delivery_id), ("event", None), "{body}");
    }
}

#[test]
fn a_body_that_cannot_be_read_is_told_apart_by_its_reason() {
    let generic = preset("generic");
    let unreadable =
        |kind: &str, body: &str| event_of(&generic, &[("content-type", kind)], body.as_bytes()).unwrap_err();
    let error = unreadable("application/json", "{\"password\": hunter2}");
    assert_eq!(error.reason(), Reason::BodyMalformed);
    assert!(error.to_string().contains("line 1, column 14") && !error.to_string().contains("hunter2"), "{error}");
    assert_eq!(unreadable("application/x-www-form-urlencoded", "payload=%7B").reason(), Reason::BodyMalformed);
    assert_eq!(unreadable("application/xml", "<a>").reason(), Reason::BodyMalformed);
    assert_eq!(unreadable("text/html", "<a/>").reason(), Reason::UnsupportedMediaType);
    assert_eq!(unreadable("application/json; charset=klingon", "{}").reason(), Reason::UnsupportedMediaType);
}

#[test]
fn only_the_headers_to_keep_are_kept() {
    let provider = parse("title = \"T\"\nverify = \"none\"\n[event]\nkeep = [\"X-Region\"]").unwrap();
    let sent = [("authorization", "Bearer s"), ("x-region", "north"), ("x-region", "south"), ("cookie", "a=b")];
    let (event, _) = event_of(&provider, &sent, b"{}").unwrap();
    let kept = |value: &str| ("x-region".to_owned(), value.to_owned());
    assert_eq!(event.headers, [kept("north"), kept("south")]);
}

#[test]
fn a_number_is_a_delivery_id_and_keeps_all_its_digits() {
    let provider = parse("title = \"T\"\nverify = \"none\"\n[event]\nid = [\"/id\"]").unwrap();
    let (event, _) = event_of(&provider, &[], br#"{"id":1502709956288000110}"#).unwrap();
    assert_eq!(event.delivery_id.as_deref(), Some("1502709956288000110"));
}

#[test]
fn every_mistake_in_a_file_is_told_at_once_with_file_key_and_cure() {
    let toml = r#"
titel = "Mine"
title = "Mine"
[verify]
scheme = "hmac"
header = "X-Sig"
algorithm = "md5"
[event]
type = [{ header = "X-Event" }, { body = "kind" }]
default = " "
keep = ["X-Sig", "Authorization", "X-Fine"]
[[map]]
evnt = "push"
"#;
    assert_eq!(
        parse(toml).unwrap_err(),
        [
            "mine.toml: verify.algorithm: unknown variant `md5`; expected one of `sha1`, `sha256`, `sha384`, `sha512`",
            "mine.toml: event.type[1]: `kind` is no JSON pointer; begin it with `/`, as in /object_kind, and write `~` as `~0`, `/` in a key as `~1`",
            "mine.toml: map[0].evnt: is not a known key; did you mean `event`?",
            "mine.toml: titel: is not a known key; did you mean `title`?",
            "mine.toml: event.keep[1]: `authorization` holds a secret or a signature, and kept headers are stored and shown; take it out",
            "mine.toml: event.default: is empty; take it out, or give a type for webhooks that name none",
        ]
    );
}

#[test]
fn headers_that_prove_who_sent_it_are_not_kept() {
    let toml = r#"
title = "Mine"
verify = { scheme = "token", header = "X-Auth" }
[event]
default = " "
keep = ["X-Auth", "Authorization", "X-Hub-Signature", "Cookie", "X-Gitlab-Token", "X-Event-Key"]
"#;
    let problems = parse(toml).unwrap_err();
    assert_eq!(
        problems[0],
        "mine.toml: event.keep[0]: `x-auth` holds a secret or a signature, and kept headers are stored and shown; take it out"
    );
    assert_eq!(problems.len(), 6, "five of the headers, and the type of nothing: {problems:#?}");
    assert!(problems[5].starts_with("mine.toml: event.default: is empty"), "{problems:#?}");
}

#[test]
fn a_file_must_say_how_its_webhooks_are_proved_genuine() {
    assert_eq!(parse("title = \"Mine\"").unwrap_err(), ["mine.toml: verify: is missing; add it"]);
}

#[test]
fn a_syntax_error_is_shown_by_its_place_alone() {
    let problems = parse("title = \"Mine\"\nverify = hunter2\n").unwrap_err();
    assert_eq!(
        problems,
        [
            "mine.toml:2:10: is not TOML from here on; look for a missing quote, bracket or `=`, or a key that is given twice"
        ]
    );
}

#[test]
fn a_webhook_without_an_id_is_known_by_its_type_and_body_for_as_long_as_the_file_says() {
    let provider = parse(
        r#"
        title = "Mine"
        verify = { scheme = "bearer" }
        [event]
        type = ["X-Kind"]
        id = ["X-Id", ["/source", "/id"]]
        same_body = "5m"
        "#,
    )
    .unwrap();
    let known_by = |headers: &[(&'static str, &str)], body: &str| {
        let (event, _) = event_of(&provider, headers, body.as_bytes()).unwrap();
        provider.same_body(&event)
    };
    let first = known_by(&[("x-kind", "fire")], "{}").unwrap();
    assert_eq!(first.until, now() + std::time::Duration::from_secs(300));
    assert_eq!(known_by(&[("x-kind", "fire"), ("x-attempt", "2")], "{}"), Some(first));
    assert_ne!(known_by(&[("x-kind", "flood")], "{}").unwrap().key, first.key);
    assert_ne!(known_by(&[("x-kind", "fire")], "{ }").unwrap().key, first.key);
    assert_eq!(known_by(&[("x-id", "7")], "{}"), None, "its id tells");
    assert_eq!(known_by(&[], r#"{"source": "a", "id": 1}"#), None);
    assert!(known_by(&[], r#"{"id": 1}"#).is_some());
    let mut elsewhere = event_of(&provider, &[("x-kind", "fire")], b"{}").unwrap().0;
    elsewhere.source = "other".parse().unwrap();
    assert_ne!(provider.same_body(&elsewhere).unwrap().key, first.key);
}

#[test]
fn mistakes_about_repeats_are_told_with_what_would_be_right() {
    let told = |event: &str| {
        let toml = format!("title = \"Mine\"\nverify = {{ scheme = \"bearer\" }}\n[event]\n{event}\n");
        parse(&toml).unwrap_err().join("\n")
    };
    let both = told("id = [[\"/id\"]]\nsame_body = \"2d\"");
    assert!(both.contains("event.id[0]") && both.contains("give it two or more"), "{both}");
    assert!(both.contains("event.same_body: `2d` is too long"), "{both}");
    assert!(told("same_body = \"0s\"").contains("too short"));
    assert!(told("same_body = 5").contains("event.same_body"));
}

#[test]
fn an_id_that_is_joined_is_one_of_its_source_and_is_sent_as_its_last_place() {
    let provider = preset("cloudevents");
    let id = |source: &str| {
        let headers = [("ce-source", source), ("ce-id", "1"), ("ce-type", "t")];
        event_of(&provider, &headers, b"{}").unwrap().0.delivery_id.unwrap()
    };
    assert_eq!(id("/ci"), r#"["/ci","1"]"#);
    assert_ne!(id("/ci"), id("/cd"), "producers that count from 1");
    let mut headers = HeaderMap::new();
    provider.headers_for(&EventType::new("t", None), "d-1", &mut headers).unwrap();
    assert_eq!(headers["ce-id"], "d-1");
}

#[test]
fn a_grafana_signature_over_time_and_body_is_not_one_over_a_body_that_begins_with_a_time() {
    let provider = preset("grafana");
    let verifier = Verifier::new(provider.schemes(), &[Secret::new("shared")], "ci.toml", None).unwrap();
    let mut seen = webhook(HeaderMap::new(), br#"{"status": "firing"}"#);
    seen.headers.insert("content-type", HeaderValue::from_static("application/json"));
    verifier.sign(&mut seen, "d-1", now()).unwrap();
    let forged = |content_type: &'static str| {
        let mut headers = seen.headers.clone();
        let time = headers.remove("x-grafana-alerting-timestamp").unwrap();
        headers.insert("content-type", HeaderValue::from_static(content_type));
        let body = [time.as_bytes(), b":", &seen.body.0].concat();
        verifier.check(webhook(headers, &body), now(), &Keyring::default())
    };
    for content_type in ["text/plain", "application/xml", "application/x-www-form-urlencoded"] {
        assert!(matches!(forged(content_type), Err(Unproved::Refused(_))), "{content_type}");
    }
    let json = forged("application/json").unwrap();
    assert!(matches!(provider.event(json), Err(Unreadable::Payload(_))), "it is no JSON");
    let genuine = webhook(seen.headers.clone(), &seen.body.0);
    assert!(verifier.check(genuine, now(), &Keyring::default()).is_ok());
}

#[test]
fn json_is_read_as_such_whatever_its_content_type_where_the_file_says_so() {
    let drop_in = preset("messagecard");
    let card = r#"{"@type": "MessageCard", "text": "a=b&c"}"#;
    for kind in ["application/x-www-form-urlencoded", "application/octet-stream", "text/html", "text/plain"] {
        let (event, payload) = event_of(&drop_in, &[("content-type", kind)], card.as_bytes()).unwrap();
        assert_eq!((payload["text"].as_str(), event.kind.name()), (Some("a=b&c"), "MessageCard"), "{kind}");
        assert_eq!(event.payload().unwrap(), payload, "it is read the same from the store");
    }
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let (_, payload) = event_of(&drop_in, &form, b"payload=%7B%22text%22%3A%22x%22%7D").unwrap();
    assert_eq!(payload, json!({"text": "x"}), "a form is one still");
    let odd = event_of(&drop_in, &[("content-type", "application/octet-stream")], b"no JSON");
    assert_eq!(odd.unwrap_err(), Unreadable::MediaType);
    let (_, payload) = event_of(&preset("dockerhub"), &form, card.as_bytes()).unwrap();
    assert!(payload.get("@type").is_none(), "nor elsewhere");
}

#[test]
fn what_an_accepted_webhook_is_told_is_looked_at() {
    let file = |verify: &str, event: &str| format!("title = \"Mine\"\nverify = {verify}\n[event]\n{event}\n");
    let token = "{ scheme = \"token\", query = \"token\" }";
    let good = parse(&file(token, "answer = \"1\"\nany_content_type = true")).unwrap();
    assert_eq!(good.places().answer.as_ref().map(|told| told.as_str()), Some("1"));
    for (verify, event, problem) in [
        (token, "status = 204\nanswer = \"1\"", "event.answer: can't be told"),
        (token, "answer = \"a\\nb\"", "event.answer: an answer holds a line end"),
        (token, "answer = 1", "event.answer"),
        (
            "{ scheme = \"hmac\", header = \"X-S\" }",
            "any_content_type = true",
            "event.any_content_type: is for senders",
        ),
        ("[{ scheme = \"bearer\" }, { scheme = \"twilio\" }]", "any_content_type = true", "event.any_content_type"),
    ] {
        let problems = parse(&file(verify, event)).unwrap_err();
        assert!(problems.iter().any(|told| told.contains(problem)), "{problem}: {problems:?}");
    }
}
