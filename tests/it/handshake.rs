//! What providers ask before they send events: answered over HTTP, harmless to browsers, and no event.

use std::{fs, path::Path, sync::Arc};

use http::Method;
use teams_relay::name::SourceName;

use crate::harness::{TestRelay, settings, write_source};

const HANDSHAKES: &str = r#"
title = "Mine"
[verify]
scheme = "token"
header = "X-Token"
[[handshake]]
verified = false
when = { "X-Hook-Secret" = "*" }
capture = "X-Hook-Secret"
answer = { headers = { "X-Hook-Secret" = "X-Hook-Secret" } }
[[handshake]]
verified = false
when = { "?validationToken" = "*" }
answer = { text = "?validationToken" }
[[handshake]]
method = "OPTIONS"
when = { "WebHook-Request-Origin" = "*" }
answer = { headers = { "WebHook-Allowed-Origin" = "WebHook-Request-Origin", "WebHook-Allowed-Rate" = "=*", "Allow" = "=POST" } }
[[handshake]]
method = "HEAD"
answer = { text = "=here" }
[[handshake]]
when = { "/type" = "url_verification" }
answer = { json = { challenge = "/challenge" } }
[[handshake]]
when = { "/Type" = "SubscriptionConfirmation" }
confirm = "/SubscribeURL"
answer = {}
"#;

fn write_provider(folder: &Path) {
    fs::create_dir(folder.join("providers")).unwrap();
    fs::write(folder.join("providers/mine.toml"), HANDSHAKES).unwrap();
    write_source(folder, "mine", "provider = \"mine\"\nsecrets = \"token-of-mine\"");
}

async fn relay() -> TestRelay {
    let folder = settings("");
    write_provider(folder.path());
    TestRelay::start_in(Arc::new(folder)).await
}

#[tokio::test]
async fn an_event_is_told_the_status_that_its_provider_takes_for_a_yes() {
    let folder = settings("");
    fs::create_dir(folder.path().join("providers")).unwrap();
    for status in [200, 204] {
        let event = format!("title = \"T\"\nverify = \"none\"\n[event]\nid = [\"X-Id\"]\nstatus = {status}");
        fs::write(folder.path().join(format!("providers/p{status}.toml")), event).unwrap();
        write_source(folder.path(), &format!("s{status}"), &format!("provider = \"p{status}\""));
    }
    let relay = TestRelay::start_in(Arc::new(folder)).await;
    let post = |source| relay.client.post(relay.hook(source)).header("x-id", "1").body("{}").send();
    for _ in 0..2 {
        let (ok, empty) = (post("s200").await.unwrap(), post("s204").await.unwrap());
        assert_eq!((ok.status().as_u16(), empty.status().as_u16()), (200, 204));
        assert!(ok.text().await.unwrap().contains("\"event\"") && empty.text().await.unwrap().is_empty());
    }
    assert_eq!(relay.accounts().accepted, 2, "a repeat is known as ever");
}

#[tokio::test]
async fn a_captured_secret_survives_a_restart_and_nobody_can_add_a_second() {
    let mine: SourceName = "mine".parse().unwrap();
    let mut relay = relay().await;
    for _ in 0..2 {
        let offer = |secret: &'static str| {
            relay.client.post(relay.hook("mine")).header("x-hook-secret", secret).body("{}").send()
        };
        let answer = offer("b537207f20cbfa02").await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["x-hook-secret"], "b537207f20cbfa02");
        let refused = offer("another").await.unwrap();
        assert_eq!(refused.status(), 403);
        assert!(!refused.headers().contains_key("x-hook-secret"));
        let ring = relay.app().admin.ingest.keys.ring();
        assert!(ring.captured(&mine).len() == 1 && ring.captured(&mine)[0].is(b"b537207f20cbfa02"));
        relay = relay.restart().await;
        // Before anything is asked again.
        assert_eq!(relay.app().admin.ingest.keys.ring().captured(&mine).len(), 1);
    }
    assert_eq!(relay.accounts().accepted, 0);
}

#[tokio::test]
async fn an_echo_is_plain_text_that_no_browser_runs() {
    let relay = relay().await;
    let script = "<script>alert(1)</script>";
    let url = url::Url::parse_with_params(&relay.hook("mine"), [("validationToken", script)]).unwrap();
    let answer = relay.client.post(url).header("content-type", "text/plain").send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "text/plain; charset=utf-8");
    assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
    assert_eq!(answer.text().await.unwrap(), script);
    let split = format!("{}?validationToken=a%0d%0ab", relay.hook("mine"));
    let answer = relay.client.post(split).send().await.unwrap();
    assert_eq!(answer.status(), 400);
    assert_eq!(relay.metric(r#"teams_relay_webhooks_total{source="mine",outcome="handshake"}"#).await, 1.0);
    let malformed = r#"teams_relay_webhooks_total{source="mine",outcome="handshake_malformed"}"#;
    assert_eq!(relay.metric(malformed).await, 1.0);
    assert_eq!(relay.accounts().accepted, 0);
}

#[tokio::test]
async fn other_methods_are_answered_where_the_provider_asks_so_and_405_elsewhere() {
    let relay = relay().await;
    let ask = |method: Method, source| relay.client.request(method, relay.hook(source));
    let options = ask(Method::OPTIONS, "mine").header("webhook-request-origin", "grid.example").send().await.unwrap();
    assert_eq!(options.status(), 200);
    for (name, value) in [("webhook-allowed-origin", "grid.example"), ("webhook-allowed-rate", "*"), ("allow", "POST")]
    {
        assert_eq!(options.headers()[name], value);
    }
    let head = ask(Method::HEAD, "mine").send().await.unwrap();
    assert_eq!((head.status().as_u16(), head.text().await.unwrap().as_str()), (200, ""));
    for (method, source) in [
        (Method::OPTIONS, "mine"),
        (Method::GET, "mine"),
        (Method::HEAD, "github"),
        (Method::OPTIONS, "github"),
        (Method::PUT, "mine"),
    ] {
        let refused = ask(method.clone(), source).send().await.unwrap();
        assert_eq!(refused.status(), 405, "{method} {source}");
        assert_eq!(refused.headers()["allow"], "POST");
    }
}

#[tokio::test]
async fn a_challenge_in_the_body_is_answered_only_to_who_proves_itself_and_fetches_nothing_foreign() {
    let relay = relay().await;
    let post = |body: &'static str, token: &'static str| {
        relay.client.post(relay.hook("mine")).header("x-token", token).body(body).send()
    };
    let challenge = r#"{"type":"url_verification","challenge":"c0ffee"}"#;
    let answer = post(challenge, "token-of-mine").await.unwrap();
    assert_eq!(answer.headers()["content-type"], "application/json");
    assert_eq!(answer.text().await.unwrap(), r#"{"challenge":"c0ffee"}"#);
    assert_eq!(post(challenge, "wrong").await.unwrap().status(), 401);
    let foreign = r#"{"Type":"SubscriptionConfirmation","SubscribeURL":"http://127.0.0.1:9/"}"#;
    assert_eq!(post(foreign, "token-of-mine").await.unwrap().status(), 403);
    assert_eq!(relay.accounts().accepted, 0);
    assert_eq!(post(r#"{"type":"ping"}"#, "token-of-mine").await.unwrap().status(), 202);
}
