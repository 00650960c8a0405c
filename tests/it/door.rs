//! Guarding the door: who is let near it, who is made to wait, and what is remembered of those who were turned away.

use std::{fs, sync::Arc, time::Duration};

use reqwest::Response;
use serde_json::Value;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    harness::{TestRelay, load, push, settings, sign, write_source},
    process::{Daemon, succeed},
};

/// Settings with another line for the public listener, and a source that takes webhooks from one network.
fn with(server: &str) -> Arc<TempDir> {
    let folder = settings("");
    let main = folder.path().join("teams-relay.toml");
    let text = fs::read_to_string(&main).unwrap().replacen("[server]", &format!("[server]\n{server}"), 1);
    fs::write(main, text.replacen("body_timeout = \"1s\"", "body_timeout = \"30s\"", 1)).unwrap();
    let office = "provider = \"generic\"\nverify = \"none\"\nallow_from = [\"192.0.2.0/24\"]";
    write_source(folder.path(), "office", office);
    Arc::new(folder)
}

/// A webhook for `github` by way of a proxy.
async fn post_from(relay: &TestRelay, client: &str, signature: &str) -> Response {
    let body = push("x");
    let request = relay.client.post(relay.hook("github")).header("content-type", "application/json");
    let request = request.header("x-forwarded-for", client).header("x-hub-signature-256", signature);
    request.header("x-github-event", "push").body(body).send().await.unwrap()
}

async fn json(relay: &TestRelay, path: &str) -> Value {
    serde_json::from_str(&relay.admin(path).await).unwrap()
}

#[tokio::test]
async fn a_source_takes_webhooks_from_its_networks_alone_also_behind_a_trusted_proxy() {
    let relay = TestRelay::start_in(with("trusted_proxies = [\"127.0.0.0/8\"]")).await;
    let post = |clients: &'static str| {
        let request = relay.client.post(relay.hook("office")).header("x-forwarded-for", clients);
        request.header("x-secret", "hunter2").body("{}").send()
    };
    assert_eq!(post("192.0.2.7").await.unwrap().status(), 202);
    assert_eq!(post("6.6.6.6, 192.0.2.7, 127.0.0.9").await.unwrap().status(), 202);
    let refused = post("192.0.2.7, 198.51.100.1").await.unwrap();
    assert_eq!(refused.status(), 403);
    assert_eq!(serde_json::from_str::<Value>(&refused.text().await.unwrap()).unwrap()["reason"], "address_not_allowed");
    let rejects = json(&relay, "/api/v1/rejects?source=office").await;
    assert_eq!(rejects.as_array().unwrap().len(), 1);
    assert_eq!(rejects[0]["client"], "198.51.100.1");
    assert_eq!(rejects[0]["reason"], "address_not_allowed");
    let one = json(&relay, &format!("/api/v1/rejects/{}", rejects[0]["id"])).await;
    assert_eq!(one, rejects[0]);
    assert!(one.to_string().contains("x-secret") && !one.to_string().contains("hunter2"), "{one}");
    assert_eq!(json(&relay, "/api/v1/rejects/9999").await["reason"], "unknown_reject");
}

#[tokio::test]
async fn a_header_that_a_source_takes_for_its_proof_is_not_shown_among_the_refused() {
    let folder = settings("");
    let verify = "provider = \"generic\"\nsecrets = \"s\"\nverify = { scheme = \"token\", header = \"X-Mine-Event\" }";
    write_source(folder.path(), "mine", verify);
    let relay = TestRelay::start_in(Arc::new(folder)).await;
    for (source, status) in [("mine", 401), ("mistyped", 404)] {
        let request = relay.client.post(relay.hook(source)).header("x-mine-event", "hunter2").body("{}");
        assert_eq!(request.send().await.unwrap().status(), status);
    }
    let rejects = json(&relay, "/api/v1/rejects").await;
    assert_eq!(rejects.as_array().unwrap().len(), 2);
    assert!(rejects.to_string().contains("x-mine-event") && !rejects.to_string().contains("hunter2"), "{rejects}");
}

#[tokio::test]
async fn who_guesses_the_secret_of_a_handshake_is_slowed_down() {
    let folder = with("trusted_proxies = [\"127.0.0.1\"]");
    let meta = "provider = \"meta\"\nsecrets = \"app-secret\"\nhandshake_secrets = \"verify-token\"";
    write_source(folder.path(), "meta", meta);
    let relay = TestRelay::start_in(folder).await;
    let ask = |client: &'static str, token: &'static str| {
        let query = [("hub.mode", "subscribe"), ("hub.verify_token", token), ("hub.challenge", "1158201444")];
        let url = url::Url::parse_with_params(&relay.hook("meta"), query).unwrap();
        relay.client.get(url).header("x-forwarded-for", client).send()
    };
    for _ in 0..11 {
        assert_eq!(ask("192.0.2.1", "guessed").await.unwrap().status(), 401);
    }
    assert_eq!(ask("192.0.2.1", "verify-token").await.unwrap().status(), 429);
    assert_eq!(ask("192.0.2.2", "verify-token").await.unwrap().status(), 200, "others go on");
}

#[tokio::test]
async fn who_keeps_failing_verification_is_not_even_read_for_a_while() {
    let mut relay = TestRelay::start_in(with("trusted_proxies = [\"127.0.0.1\"]")).await;
    let good = sign(push("x").as_bytes());
    for _ in 0..11 {
        assert_eq!(post_from(&relay, "192.0.2.1", "sha256=00").await.status(), 401);
    }
    let shut = post_from(&relay, "192.0.2.1", &good).await;
    assert_eq!((shut.status().as_u16(), shut.headers()["retry-after"].to_str().unwrap()), (429, "1"));
    assert_eq!(json(&relay, "/api/v1/slowdowns").await[0]["client"], "192.0.2.1");
    let series = "teams_relay_slowed_down{source=\"github\"}";
    assert_eq!(relay.metric(series).await, 1.0);
    assert_eq!(post_from(&relay, "192.0.2.2", &good).await.status(), 202, "others go on");
    relay.clock.advance(Duration::from_secs(1));
    assert_eq!(post_from(&relay, "192.0.2.1", "sha256=00").await.status(), 401);
    let shut = post_from(&relay, "192.0.2.1", &good).await;
    assert_eq!(shut.headers()["retry-after"], "2");
    // A mended secret works at once.
    let config = load(relay.folder.path());
    relay.app.as_mut().unwrap().reload(config, Vec::new()).unwrap();
    assert_eq!(post_from(&relay, "192.0.2.1", &good).await.status(), 202);
    assert_eq!(relay.metric(series).await, 0.0);
    for _ in 0..20 {
        assert_eq!(post_from(&relay, "192.0.2.1", "sha256=00").await.status(), 401, "the good would be shut out too");
    }
}

#[tokio::test]
async fn bodies_in_hand_share_a_bounded_memory() {
    let relay = TestRelay::start_in(with("body_memory = 100000")).await;
    let mut slow = TcpStream::connect(relay.app().public_address).await.unwrap();
    let head =
        "POST /hooks/github HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 90000\r\n\r\n";
    slow.write_all(head.as_bytes()).await.unwrap();
    slow.write_all(&vec![b' '; 89_999]).await.unwrap();
    let body = " ".repeat(50_000) + &push("x");
    let post = || relay.github("push", "d-1", &body).send();
    // The relay takes what is sent in its own time, and may hang up on a sender that it told to come back.
    let full = loop {
        match post().await {
            Ok(answer) if answer.status() == 503 => break answer,
            _ => {}
        }
    };
    assert_eq!(full.headers()["retry-after"], "1");
    assert!(full.text().await.unwrap().contains("overloaded"));
    assert_eq!(relay.push("small").await.status(), 202, "there is room for a small one");
    drop(slow);
    while !post().await.is_ok_and(|answer| answer.status().is_success()) {}
}

#[tokio::test]
async fn a_proxy_of_tcp_says_who_is_there() {
    let relay = TestRelay::start_in(with("proxy_protocol = true")).await;
    let request = "POST /hooks/office HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
    for (before, wanted) in [
        ("PROXY TCP4 192.0.2.1 10.0.0.1 5000 443\r\n", "HTTP/1.1 202"),
        ("PROXY TCP4 198.51.100.1 10.0.0.1 5000 443\r\n", "HTTP/1.1 403"),
        ("PROXY UNKNOWN\r\n", "HTTP/1.1 403"),
        ("", ""),
    ] {
        let mut stream = TcpStream::connect(relay.app().public_address).await.unwrap();
        stream.write_all(format!("{before}{request}").as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // A connection that is cut may be reset; what came before counts.
        drop(stream.read_to_end(&mut answer).await);
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert!(answer.starts_with(wanted) && answer.is_empty() == wanted.is_empty(), "{before}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_webhooks_are_listed_and_told_with_the_cure() {
    let folder = crate::process::settings();
    let folder = folder.path();
    let mut daemon = Daemon::start(folder);
    assert!(succeed(folder, &["reject", "list"]).contains("no refused webhooks"));
    let client = teams_relay::deliver::post::plain_client(Duration::from_secs(5)).unwrap();
    let post = |name| client.post(format!("{}/{name}", daemon.hooks)).header("x-api-key", "hunter2").body("{}").send();
    assert_eq!(post("github").await.unwrap().status(), 401);
    assert_eq!(post("nobody").await.unwrap().status(), 404);
    let list = succeed(folder, &["reject", "list"]);
    assert!(list.contains("signature_missing") && list.contains("unknown_source"), "{list}");
    assert!(!succeed(folder, &["reject", "list", "--source", "github"]).contains("nobody"));
    let story = succeed(folder, &["reject", "show", "1"]);
    for words in ["POST to github from 127.0.0.1", "2 bytes", "x-hub-signature-256", "what to do: Give", "… (7 bytes)"]
    {
        assert!(story.contains(words), "`{words}` is not in {story}");
    }
    let reject: Value = serde_json::from_str(&succeed(folder, &["reject", "show", "2", "--json"])).unwrap();
    assert_eq!(reject["source"], "nobody");
    daemon.stop();
}
