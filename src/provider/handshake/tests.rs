use http::HeaderMap;
use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::{
    event::{RawBody, Webhook},
    verify::{Verifier, keyring::Keyring},
};

const SLACK: &str = r#"
[[handshake]]
when = { "/type" = "url_verification" }
answer = { text = "/challenge" }
"#;
const ZOOM: &str = r#"
[[handshake]]
when = { "/event" = "endpoint.url_validation" }
answer = { json = { plainToken = "/payload/plainToken", encryptedToken = { hmac = "/payload/plainToken" } } }
"#;
const EVENT_GRID: &str = r#"
[[handshake]]
when = { "aeg-event-type" = "SubscriptionValidation", "/0/data/validationCode" = "*" }
answer = { json = { validationResponse = "/0/data/validationCode" } }
"#;
const CLOUDEVENTS: &str = r#"
[[handshake]]
method = "OPTIONS"
when = { "WebHook-Request-Origin" = "*" }
answer = { headers = { "WebHook-Allowed-Origin" = "WebHook-Request-Origin", "WebHook-Allowed-Rate" = "=*", "Allow" = "=POST" } }
"#;
const META: &str = r#"
[[handshake]]
method = "GET"
when = { "?hub.mode" = "subscribe" }
secret = "?hub.verify_token"
answer = { text = "?hub.challenge" }
"#;
const ASANA: &str = r#"
[[handshake]]
verified = false
when = { "X-Hook-Secret" = "*", "X-Hook-Signature" = "" }
capture = "X-Hook-Secret"
answer = { status = 204, headers = { "X-Hook-Secret" = "X-Hook-Secret" } }
"#;
const GRAPH: &str = r#"
[[handshake]]
verified = false
when = { "?validationToken" = "*" }
answer = { text = "?validationToken" }
"#;
const DISCORD: &str = r#"
[[handshake]]
when = { "/type" = "1", "/application_id" = "*", "/version" = "1", "/event" = "" }
answer = { json = { type = 1 } }
[[handshake]]
when = { "/type" = "0" }
answer = { status = 204 }
"#;
const TRELLO: &str = r#"
[[handshake]]
method = "HEAD"
answer = {}
"#;
const SNS: &str = r#"
[[handshake]]
when = { "/Type" = "SubscriptionConfirmation" }
confirm = "/SubscribeURL"
answer = {}
"#;

fn provider(handshakes: &str) -> Provider {
    let text = format!("title = \"Mine\"\nverify = \"none\"\n{handshakes}");
    Provider::parse("mine".parse().unwrap(), "mine.toml", &text).unwrap()
}

fn secrets() -> Secrets {
    {
        let both = [Secret::new("first-of-two"), Secret::new("second-of-two")];
        Secrets::new(&both, &both)
    }
}

fn headers(list: &[(&'static str, &str)]) -> HeaderMap {
    list.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())).collect()
}

fn greeted(
    handshakes: &str,
    method: Method,
    target: &str,
    list: &[(&'static str, &str)],
) -> Result<Option<Met>, Unmet> {
    provider(handshakes).greet(&method, &target.parse().unwrap(), &headers(list), &secrets())
}

fn verified(handshakes: &str, list: &[(&'static str, &str)], body: &str) -> Result<Option<Met>, Unmet> {
    let now = Timestamp::UNIX_EPOCH;
    let webhook = Webhook {
        source: "ci".parse().unwrap(),
        received_at: now,
        peer: None,
        method: Method::POST,
        target: "/hooks/ci".parse().unwrap(),
        headers: headers(list),
        body: RawBody(Bytes::copy_from_slice(body.as_bytes())),
    };
    let verified = Verifier::none().check(webhook, now, &Keyring::default()).unwrap();
    provider(handshakes).handshake(&verified.into(), &secrets())
}

/// Status and body of an answer, which must be harmless to a browser.
fn said(met: Result<Option<Met>, Unmet>) -> (u16, String) {
    let answer = met.unwrap().unwrap().answer;
    assert!(matches!(answer.content_type, None | Some("text/plain; charset=utf-8" | "application/json")));
    assert_eq!(answer.content_type.is_none(), answer.body.is_empty());
    (answer.status.as_u16(), String::from_utf8(answer.body.to_vec()).unwrap())
}

#[test]
fn a_challenge_in_a_proved_body_is_answered_as_its_provider_wants() {
    let table = [
        (SLACK, r#"{"type":"url_verification","token":"t","challenge":"c0ffee"}"#, 200, "c0ffee"),
        // printf %s plain-1 | openssl dgst -sha256 -hmac first-of-two -r
        (
            ZOOM,
            r#"{"event":"endpoint.url_validation","event_ts":1795000000000,"payload":{"plainToken":"plain-1"}}"#,
            200,
            r#"{"encryptedToken":"86e3796c1cdd890a5e3be12dae4926c647685b80d9c232888a25c8eb1fa27bce","plainToken":"plain-1"}"#,
        ),
        (DISCORD, r#"{"type":1,"application_id":"99","version":1,"token":"x"}"#, 200, r#"{"type":1}"#),
        (DISCORD, r#"{"type":0,"application_id":"99","version":1}"#, 204, ""),
    ];
    for (handshakes, body, status, answer) in table {
        assert_eq!(said(verified(handshakes, &[], body)), (status, answer.to_owned()), "{body}");
    }
    let list = [("aeg-event-type", "SubscriptionValidation")];
    let body = r#"[{"id":"1","data":{"validationCode":"code-512"}}]"#;
    assert_eq!(said(verified(EVENT_GRID, &list, body)), (200, r#"{"validationResponse":"code-512"}"#.to_owned()));
}

#[test]
fn what_is_no_handshake_is_left_to_be_an_event() {
    for (handshakes, body) in [
        (SLACK, r#"{"type":"event_callback","challenge":"x"}"#),
        (SLACK, r#"{"type":["url_verification"]}"#),
        (SLACK, "not json"),
        (ZOOM, r#"{"event":"meeting.started"}"#),
        (DISCORD, r#"{"type":1,"application_id":"99","version":1,"event":{"type":"ENTITLEMENT_CREATE"}}"#),
        (EVENT_GRID, r#"[{"id":"1","data":{"validationCode":"code-512"}}]"#),
        ("", r#"{"zen":"a ping is an event as any other","hook_id":1}"#),
    ] {
        let met = verified(handshakes, &[("x-github-event", "ping")], body).unwrap();
        assert!(met.is_none(), "{body}");
    }
    assert!(greeted(SLACK, Method::POST, "/hooks/ci", &[]).unwrap().is_none(), "not before it is proved");
    assert!(greeted(TRELLO, Method::GET, "/hooks/ci", &[]).unwrap().is_none());
    assert!(greeted(GRAPH, Method::POST, "/hooks/ci?validationToken=", &[]).unwrap().is_none());
}

#[test]
fn what_is_asked_by_query_and_headers_is_answered_before_the_proof() {
    let meta = |token: &str| {
        let target = format!("/hooks/ci?hub.mode=subscribe&hub.challenge=11%2B5&hub.verify_token={token}");
        greeted(META, Method::GET, &target, &[])
    };
    assert_eq!(said(meta("second-of-two")), (200, "11+5".to_owned()));
    assert_eq!(meta("third").unwrap_err(), Unmet::WrongSecret);
    assert_eq!(meta("").unwrap_err(), Unmet::WrongSecret);
    let graph = greeted(GRAPH, Method::POST, "/hooks/ci?validationToken=Validation%3A+a%20b", &[]);
    assert_eq!(said(graph), (200, "Validation: a b".to_owned()));
    assert_eq!(said(greeted(TRELLO, Method::HEAD, "/hooks/ci", &[])), (200, String::new()));
    let list = [("webhook-request-origin", "grid.example"), ("webhook-request-callback", "https://evil.example/")];
    let met = greeted(CLOUDEVENTS, Method::OPTIONS, "/hooks/ci", &list).unwrap().unwrap();
    assert!(met.first.is_none(), "a callback is never asked");
    let names: Vec<(&str, &str)> =
        met.answer.headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
    let wanted = [("webhook-allowed-origin", "grid.example"), ("webhook-allowed-rate", "*"), ("allow", "POST")];
    assert!(wanted.iter().all(|pair| names.contains(pair)), "{names:?}");
}

#[test]
fn asanas_secret_is_echoed_and_to_be_kept_and_not_once_webhooks_are_signed() {
    let asked = [("x-hook-secret", "b537207f20cbfa02357cf448134da559")];
    let met = greeted(ASANA, Method::POST, "/hooks/ci", &asked).unwrap().unwrap();
    assert_eq!(met.answer.headers.len(), 1);
    assert_eq!(met.answer.headers[0].1, asked[0].1);
    assert!(matches!(met.first, Some(Action::Capture(secret)) if secret.is(asked[0].1.as_bytes())));
    let signed = [asked[0], ("x-hook-signature", "00")];
    assert!(greeted(ASANA, Method::POST, "/hooks/ci", &signed).unwrap().is_none());
}

#[test]
fn what_is_missing_long_or_no_text_is_not_echoed() {
    let long = "x".repeat(LONGEST + 1);
    for challenge in ["%0d%0aset-cookie:%20a=b", "a%00b", "a%1bb", long.as_str(), ""] {
        let target = format!("/hooks/ci?hub.mode=subscribe&hub.verify_token=first-of-two&hub.challenge={challenge}");
        assert_eq!(greeted(META, Method::GET, &target, &[]).unwrap_err(), Unmet::Malformed, "{challenge}");
    }
}

#[test]
fn only_an_address_of_sns_itself_is_ever_asked() {
    let asked = |url: &str| {
        let body = serde_json::json!({"Type": "SubscriptionConfirmation", "SubscribeURL": url}).to_string();
        verified(SNS, &[], &body).map(|met| match met.unwrap().first {
            Some(Action::Confirm(url)) => url.host_str().unwrap().to_owned(),
            other => panic!("{other:?}"),
        })
    };
    let query = "?Action=ConfirmSubscription&TopicArn=arn&Token=t";
    for good in [
        "sns.eu-west-1.amazonaws.com",
        "sns.cn-north-1.amazonaws.com.cn",
        "sns.us-gov-west-1.amazonaws.com",
        "sns.eu-west-1.amazonaws.com:443",
    ] {
        assert_eq!(asked(&format!("https://{good}/{query}")).unwrap(), good.trim_end_matches(":443"));
    }
    assert_eq!(asked("HTTPS://SNS.EU-WEST-1.AMAZONAWS.COM/").unwrap(), "sns.eu-west-1.amazonaws.com");
    for hostile in [
        "http://sns.eu-west-1.amazonaws.com/",
        "https://sns.eu-west-1.amazonaws.com:8443/",
        "https://sns.eu-west-1.amazonaws.com./",
        "https://sns.eu-west-1.amazonaws.com@evil.example/",
        "https://user:word@sns.eu-west-1.amazonaws.com/",
        "https://user@sns.eu-west-1.amazonaws.com/",
        "https://evil.example\\@sns.eu-west-1.amazonaws.com/",
        "https://sns.evil.com#.amazonaws.com",
        "https://sns.evil.com?.amazonaws.com",
        "https://sns.evil.com/.amazonaws.com",
        "https://sns.a.b.amazonaws.com/",
        "https://sns.ab.amazonaws.com/",
        "https://sns..amazonaws.com/",
        "https://sns.amazonaws.com/",
        "https://evil-sns.eu-west-1.amazonaws.com/",
        "https://s3.eu-west-1.amazonaws.com/bucket",
        "https://sns.eu-west-1.amazonaws.com.evil.example/",
        "https://sns.eu_west_1.amazonaws.com/",
        "https://sns.eu-west-1.amazonaws.com.cn.cn/",
        "https://169.254.169.254/sns.eu-west-1.amazonaws.com",
        "https://[::1]/",
        "https://2130706433/",
        "ftp://sns.eu-west-1.amazonaws.com/",
        "//sns.eu-west-1.amazonaws.com/",
        "file:///etc/passwd",
        "",
    ] {
        assert_eq!(asked(hostile).unwrap_err(), Unmet::ForeignAddress, "{hostile}");
    }
    let met = verified(SNS, &[], r#"{"Type":"SubscriptionConfirmation","SubscribeURL":["https://x"]}"#);
    assert_eq!(met.unwrap_err(), Unmet::Malformed);
}

proptest! {
    #[test]
    fn whatever_is_asked_for_is_sns_or_nothing(text in "(https?://)?[a-z@:.#?/\\\\-]{0,20}(sns\\.[a-z-]{0,6}\\.amazonaws\\.com)?[a-z@:.#?/%0-9]{0,12}") {
        if let Some(url) = address_of_sns(&text) {
            let host = url.host_str().unwrap();
            prop_assert!(host.starts_with("sns.") && (host.ends_with(".amazonaws.com") || host.ends_with(".amazonaws.com.cn")));
            prop_assert!(url.as_str().starts_with(&format!("https://{host}/")), "{url}");
        }
    }
}
