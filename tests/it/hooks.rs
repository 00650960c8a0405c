//! The way in: the statuses of the contract, and that nothing refused leaves a trace but its count.

use std::time::Duration;

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    harness::{TestRelay, push, settings, sign, write_source},
    teams::Teams,
};

/// Checks status, media type, reason and count of a refusal, and that nothing was stored.
async fn refused(
    relay: &TestRelay,
    request: reqwest::RequestBuilder,
    status: u16,
    reason: &str,
    source: &str,
    outcome: &str,
) {
    let series = format!("teams_relay_webhooks_total{{source=\"{source}\",outcome=\"{outcome}\"}}");
    let before = relay.metric(&series).await;
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), status, "{outcome}");
    assert_eq!(answer.headers()["content-type"], "application/problem+json", "{outcome}");
    let problem: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    assert_eq!(problem["status"], status);
    assert_eq!(problem["reason"], reason);
    assert!(!problem["detail"].as_str().unwrap().is_empty());
    assert_eq!(relay.metric(&series).await, before + 1.0, "{series}");
    assert_eq!(relay.accounts().accepted, 0, "{outcome}");
}

#[tokio::test]
async fn what_is_refused_is_answered_by_the_contract_and_leaves_nothing_but_a_count() {
    let relay = TestRelay::start().await;
    let body = push("x");
    let good = || relay.github("push", "d-1", &body);
    let unsigned = || {
        let request = relay.client.post(relay.hook("github")).header("content-type", "application/json");
        request.header("x-github-event", "push").body(body.clone())
    };
    refused(&relay, unsigned(), 401, "unauthorized", "github", "signature_missing").await;
    let wrong = unsigned().header("x-hub-signature-256", sign(b"something else"));
    refused(&relay, wrong, 401, "unauthorized", "github", "signature_invalid").await;
    let cut = body[..body.len() - 5].to_owned();
    let cut = unsigned().header("x-hub-signature-256", sign(body.as_bytes())).body(cut);
    refused(&relay, cut, 401, "unauthorized", "github", "signature_invalid").await;
    let large = " ".repeat(100_001);
    let large = unsigned().header("x-hub-signature-256", sign(large.as_bytes())).body(large);
    refused(&relay, large, 413, "body_too_large", "github", "body_too_large").await;
    let unknown = relay.client.post(relay.hook("nobody")).body("{}");
    refused(&relay, unknown, 404, "unknown_source", "-", "unknown_source").await;
    let no_text = relay.client.post(relay.hook("%ff")).body("{}");
    refused(&relay, no_text, 404, "unknown_source", "-", "unknown_source").await;
    let get = relay.client.get(relay.hook("github"));
    refused(&relay, get, 405, "method_not_allowed", "github", "method_not_allowed").await;
    let text = good().header("content-type", "multipart/form-data; boundary=b");
    drop(text);
    let text = relay.client.post(relay.hook("github")).header("content-type", "text/html").body("hello");
    refused(&relay, text, 415, "unsupported_media_type", "github", "unsupported_media_type").await;
    let mut many = good();
    for number in 0..200 {
        many = many.header(format!("x-header-{number}"), "1");
    }
    refused(&relay, many, 431, "too_many_headers", "github", "too_many_headers").await;
    let no_json = "{\"a\": ";
    let no_json = relay.github("push", "d-2", no_json);
    refused(&relay, no_json, 400, "body_malformed", "github", "body_malformed").await;
    assert_eq!(good().send().await.unwrap().status(), 202, "the daemon goes on");
}

#[tokio::test]
async fn a_body_of_exactly_the_limit_is_taken_with_and_without_its_length() {
    let relay = TestRelay::start().await;
    let body = padded(100_000);
    assert_eq!(relay.github("push", "d-1", &body).send().await.unwrap().status(), 202);
    for (size, status) in [(100_000, "202"), (100_001, "413")] {
        let body = padded(size);
        let head = format!(
            "POST /hooks/github HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nx-github-event: push\r\n\
             x-hub-signature-256: {}\r\ntransfer-encoding: chunked\r\n\r\n{size:x}\r\n",
            sign(body.as_bytes())
        );
        let answer = talk(&relay, &[head.as_bytes(), body.as_bytes(), b"\r\n0\r\n\r\n"], false).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{answer}");
    }
}

/// JSON of so many bytes.
fn padded(size: usize) -> String {
    let json = "{\"a\": 1}";
    format!("{json}{}", " ".repeat(size - json.len()))
}

/// Sends pieces over a connection of its own and reads what comes until the relay closes or has answered.
async fn talk(relay: &TestRelay, pieces: &[&[u8]], half_close: bool) -> String {
    let mut stream = TcpStream::connect(relay.app().public_address).await.unwrap();
    for piece in pieces {
        // A refusal may come, and the connection close, before all is sent.
        if stream.write_all(piece).await.is_err() {
            break;
        }
    }
    if half_close {
        stream.shutdown().await.unwrap();
    }
    let mut answer = vec![0; 4096];
    let length = stream.read(&mut answer).await.unwrap_or(0);
    String::from_utf8_lossy(&answer[..length]).into_owned()
}

#[tokio::test]
async fn a_slow_sender_and_a_broken_off_body_are_told_and_counted() {
    let relay = TestRelay::start().await;
    let head =
        b"POST /hooks/github HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{";
    let slow = talk(&relay, &[head], false).await;
    assert!(slow.starts_with("HTTP/1.1 408"), "{slow}");
    assert!(slow.contains("application/problem+json"), "{slow}");
    let broken = talk(&relay, &[head], true).await;
    assert!(broken.starts_with("HTTP/1.1 400"), "{broken}");
    for outcome in ["body_timeout", "body_incomplete"] {
        let series = format!("teams_relay_webhooks_total{{source=\"github\",outcome=\"{outcome}\"}}");
        assert_eq!(relay.metric(&series).await, 1.0, "{outcome}");
    }
    assert_eq!(relay.accounts().accepted, 0);
}

#[tokio::test]
async fn a_connection_that_sends_nothing_is_closed() {
    let relay = TestRelay::start().await;
    let answer = talk(&relay, &[], false).await;
    assert_eq!(answer, "");
    assert_eq!(relay.push("after").await.status(), 202);
}

#[tokio::test]
async fn a_repeat_is_answered_200_and_not_delivered_again_also_after_a_restart() {
    let relay = TestRelay::start().await;
    let teams = Teams::start().await;
    relay.subscribe("github", teams.url("a")).await;
    let first = relay.push("d-1").await;
    assert_eq!(first.status(), 202);
    let first: Value = serde_json::from_str(&first.text().await.unwrap()).unwrap();
    teams.received(1).await;
    relay.accounts_are(|accounts| accounts.delivered == 1).await;
    let relay = relay.restart().await;
    let again = relay.push("d-1").await;
    assert_eq!(again.status(), 200);
    let again: Value = serde_json::from_str(&again.text().await.unwrap()).unwrap();
    assert_eq!(again["duplicate"], true);
    assert_eq!(again["event"], first["event"]);
    // An unsigned repeat learns nothing of what is known.
    let request = relay.client.post(relay.hook("github")).header("x-github-delivery", "d-1").body(push("d-1"));
    assert_eq!(request.send().await.unwrap().status(), 401);
    assert_eq!(relay.accounts().accepted, 1);
    assert_eq!(teams.count(), 1);
}

#[tokio::test]
async fn disabled_and_expired_sources_are_closed() {
    let folder = std::sync::Arc::new(settings(""));
    write_source(folder.path(), "off", "provider = \"generic\"\nverify = \"none\"\nenabled = false");
    write_source(folder.path(), "old", "provider = \"generic\"\nverify = \"none\"\nexpires = \"2026-11-22\"");
    write_source(
        folder.path(),
        "rated",
        "provider = \"generic\"\nverify = \"none\"\nrate = { posts = 1, per = \"60s\" }",
    );
    let relay = TestRelay::start_in(folder).await;
    let post =
        |source| relay.client.post(relay.hook(source)).header("content-type", "application/json").body("{}").send();
    assert_eq!(post("off").await.unwrap().status(), 404);
    assert_eq!(post("old").await.unwrap().status(), 410);
    assert_eq!(post("rated").await.unwrap().status(), 202);
    let limited = post("rated").await.unwrap();
    assert_eq!(limited.status(), 429);
    assert_eq!(limited.headers()["retry-after"], "60");
}

#[tokio::test]
async fn a_form_is_verified_as_it_was_sent_and_read_from_its_payload_field() {
    let relay = TestRelay::start().await;
    let teams = Teams::start().await;
    relay.subscribe("github", teams.url("a")).await;
    let form: String =
        form_urlencoded::Serializer::new(String::new()).append_pair("payload", &push("of a form")).finish();
    let request = relay.client.post(relay.hook("github")).header("content-type", "application/x-www-form-urlencoded");
    let request = request.header("x-github-event", "push").header("x-hub-signature-256", sign(form.as_bytes()));
    assert_eq!(request.body(form).send().await.unwrap().status(), 202);
    let cards = teams.received(1).await;
    assert!(cards[0].to_string().contains("octo/hello"));
}

#[tokio::test]
async fn a_compressed_body_is_verified_as_it_was_sent_and_read_as_it_was_meant() {
    let relay = TestRelay::start().await;
    let teams = Teams::start().await;
    relay.subscribe("github", teams.url("a")).await;
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gzip, push("squeezed").as_bytes()).unwrap();
    let body = gzip.finish().unwrap();
    let send = |coding: &'static str, signature: String| {
        let request = relay.client.post(relay.hook("github")).header("content-type", "application/json");
        let request = request.header("x-github-event", "push").header("x-hub-signature-256", signature);
        request.header("content-encoding", coding).body(body.clone()).send()
    };
    assert_eq!(send("gzip", sign(push("squeezed").as_bytes())).await.unwrap().status(), 401);
    assert_eq!(send("zstd", sign(&body)).await.unwrap().status(), 415);
    assert_eq!(send("br", sign(&body)).await.unwrap().status(), 400);
    assert_eq!(send("gzip", sign(&body)).await.unwrap().status(), 202);
    assert!(teams.received(1).await[0].to_string().contains("squeezed"));
}

#[tokio::test]
async fn a_body_that_comes_again_is_a_repeat_for_a_while_also_after_a_restart_and_an_event_later() {
    let folder = settings("");
    write_source(folder.path(), "alerts", "provider = \"alertmanager\"\nsecrets = \"token-of-alerts\"");
    let relay = TestRelay::start_in(std::sync::Arc::new(folder)).await;
    async fn post(relay: &TestRelay, body: &'static str) -> u16 {
        let request = relay.client.post(relay.hook("alerts")).bearer_auth("token-of-alerts");
        request.header("content-type", "application/json").body(body).send().await.unwrap().status().as_u16()
    }
    let disk_is_full = r#"{"status": "firing", "groupKey": "disk"}"#;
    assert_eq!(post(&relay, disk_is_full).await, 202);
    assert_eq!(post(&relay, r#"{"status": "resolved", "groupKey": "disk"}"#).await, 202);
    assert_eq!(post(&relay, disk_is_full).await, 200);
    relay.clock.advance(Duration::from_secs(4 * 60));
    let relay = relay.restart().await;
    assert_eq!(post(&relay, disk_is_full).await, 200);
    relay.clock.advance(Duration::from_secs(1));
    assert_eq!(post(&relay, disk_is_full).await, 202, "a reminder");
    assert_eq!(relay.accounts().accepted, 3);
}
