//! Senders that posted to an Office 365 connector, a workflow or Slack, and get the relay's address instead.

use std::{sync::Arc, time::Duration};

use reqwest::Response;
use serde_json::{Value, json};

use crate::{
    harness::{TestRelay, settings, write_source},
    teams::Teams,
};

/// A relay with a source of each kind, and a channel that gets what all of them send.
async fn relay() -> (TestRelay, Teams) {
    let folder = settings("");
    for provider in ["messagecard", "adaptive-card", "slack-message"] {
        write_source(folder.path(), provider, &format!("provider = \"{provider}\"\nsecrets = \"token-of-senders\""));
    }
    let relay = TestRelay::start_in(Arc::new(folder)).await;
    let teams = Teams::start().await;
    for provider in ["messagecard", "adaptive-card", "slack-message"] {
        relay.subscribe(provider, teams.url("a")).await;
    }
    (relay, teams)
}

/// A post as such a sender makes it: it knows an address, and what it says of its body may be wrong.
async fn post(relay: &TestRelay, source: &str, content_type: &str, body: String) -> Response {
    let address = format!("{}?token=token-of-senders", relay.hook(source));
    let request = relay.client.post(address).body(body);
    let request = if content_type.is_empty() { request } else { request.header("content-type", content_type) };
    request.send().await.unwrap()
}

fn message_card(title: &str) -> String {
    json!({
        "@type": "MessageCard", "@context": "https://schema.org/extensions", "themeColor": "D70000", "title": title,
        "text": "Tide & wind = **high**", "sections": [{"facts": [{"name": "Gauge", "value": "north"}]}],
        "potentialAction": [{"@type": "OpenUri", "name": "See it", "targets": [{"os": "default", "uri": "https://octo.example/7"}]}],
    })
    .to_string()
}

async fn told(answer: Response) -> (u16, String, String) {
    let content_type = answer.headers()["content-type"].to_str().unwrap().to_owned();
    (answer.status().as_u16(), content_type, answer.text().await.unwrap())
}

fn yes(text: &str) -> (u16, String, String) {
    (200, "text/plain; charset=utf-8".to_owned(), text.to_owned())
}

#[tokio::test]
async fn a_message_card_is_answered_as_by_a_connector_and_arrives_as_a_card() {
    let (relay, teams) = relay().await;
    assert_eq!(told(post(&relay, "messagecard", "application/json", message_card("First")).await).await, yes("1"));
    let card = teams.received(1).await.remove(0)["attachments"][0]["content"].clone();
    assert_eq!(card["version"], "1.4");
    assert_eq!(card["actions"][0]["url"], "https://octo.example/7");
    for words in ["● Critical", "\"First\"", "Tide & wind = **high**", "\"north\""] {
        assert!(card.to_string().contains(words), "no {words} in {card}");
    }
    // Tried again at once it is a repeat, and told the same; a minute later it is said anew.
    assert_eq!(told(post(&relay, "messagecard", "application/json", message_card("First")).await).await, yes("1"));
    assert_eq!(relay.accounts().accepted, 1);
    relay.clock.advance(Duration::from_secs(61));
    assert_eq!(told(post(&relay, "messagecard", "application/json", message_card("First")).await).await, yes("1"));
    teams.received(2).await;
    let wrong = relay.client.post(format!("{}?token=guessed", relay.hook("messagecard"))).body(message_card("x"));
    assert_eq!(wrong.send().await.unwrap().status(), 401);
}

#[tokio::test]
async fn a_card_is_read_whatever_its_sender_says_of_it() {
    let (relay, teams) = relay().await;
    let kinds = ["", "application/x-www-form-urlencoded", "text/plain", "application/octet-stream", "text/html"];
    for (index, kind) in kinds.iter().enumerate() {
        let title = format!("Number {index}");
        assert_eq!(told(post(&relay, "messagecard", kind, message_card(&title)).await).await, yes("1"), "{kind}");
        let cards = teams.received(index + 1).await;
        let card = cards.last().unwrap().to_string();
        assert!(card.contains(&title) && card.contains("Tide & wind = **high**"), "{kind}: {card}");
    }
    assert_eq!(told(post(&relay, "messagecard", "text/plain", "Just a line".to_owned()).await).await, yes("1"));
    assert!(teams.received(kinds.len() + 1).await.last().unwrap().to_string().contains("Just a line"));
}

#[tokio::test]
async fn messages_for_slack_and_ready_made_cards_arrive_too() {
    let (relay, teams) = relay().await;
    let slack =
        json!({"text": "*Done* <https://octo.example/|here>", "attachments": [{"color": "good", "text": "all well"}]});
    assert_eq!(told(post(&relay, "slack-message", "application/json", slack.to_string()).await).await, yes("ok"));
    let form: String =
        form_urlencoded::Serializer::new(String::new()).append_pair("payload", r#"{"text": "from a form"}"#).finish();
    let kind = "application/x-www-form-urlencoded";
    assert_eq!(told(post(&relay, "slack-message", kind, form).await).await, yes("ok"));
    let card = json!({"type": "AdaptiveCard", "version": "1.5", "body": [
        {"type": "TextBlock", "text": "Ready made", "color": "attention"},
        {"type": "Input.Text", "id": "x", "fancy": {"new": true}},
    ]});
    let envelope = json!({"type": "message", "attachments": [
        {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": null, "content": card}]});
    for (source, body, status) in
        [("adaptive-card", &card, 202), ("adaptive-card", &envelope, 202), ("messagecard", &envelope, 200)]
    {
        assert_eq!(post(&relay, source, "application/json", body.to_string()).await.status(), status);
    }
    let cards: Vec<Value> = teams.received(5).await;
    let all = Value::from(cards).to_string();
    for words in ["**Done** [here](https://octo.example/)", "all well", "from a form"] {
        assert!(all.contains(words), "no {words} in {all}");
    }
    assert_eq!(all.matches("\"text\":\"Ready made\"").count(), 3, "{all}");
    assert_eq!(all.matches("Left out: 1 input").count(), 3);
    assert!(!all.contains("Shown plainly"), "{all}");
}
