//! A clock that is set while webhooks come and deliveries wait: order, repeats, who must wait, and how long.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use serde_json::Value;
use teams_relay::{clock::Clock, store::Page};

use crate::{
    harness::{TestRelay, settings, sign, write_source},
    teams::{Answer, Teams},
};

const HOUR: Duration = Duration::from_secs(3600);

async fn event_id(answer: reqwest::Response) -> String {
    let answer: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    answer["event"].as_str().unwrap().to_owned()
}

/// Sets the clock of people by so many hours.
fn set_by(relay: &TestRelay, hours: i32) {
    let now = relay.clock.now();
    relay.clock.set(if hours < 0 { now - HOUR * hours.unsigned_abs() } else { now + HOUR * hours.unsigned_abs() });
}

#[tokio::test]
async fn events_stay_in_the_order_in_which_they_came_and_repeats_are_known_however_the_clock_is_set() {
    let relay = TestRelay::start().await;
    let teams = Teams::start().await;
    relay.subscribe("github", teams.url("a")).await;
    let mut ids = Vec::new();
    for (number, hours) in [0, 3, -9, 5, -2, 4].into_iter().enumerate() {
        set_by(&relay, hours);
        for part in 0..2 {
            let answer = relay.push(&format!("d-{number}-{part}")).await;
            assert_eq!(answer.status(), 202);
            ids.push(event_id(answer).await);
        }
    }
    assert!(ids.is_sorted(), "{ids:?}");
    let cards = teams.received(ids.len()).await;
    for (number, card) in cards.iter().enumerate() {
        assert!(card.to_string().contains(&format!("Change d-{}-{}", number / 2, number % 2)), "card {number}: {card}");
    }
    relay.accounts_are(|accounts| accounts.delivered == ids.len() as u64).await;
    set_by(&relay, -7);
    let relay = relay.restart().await;
    for number in 0..6 {
        assert_eq!(relay.push(&format!("d-{number}-0")).await.status(), 200, "a repeat is known, also in the past");
    }
    let after = event_id(relay.push("new").await).await;
    assert!(after > ids[11], "{after} after {}", ids[11]);
    let listed = relay.app().admin.store.events(Page { before: None, limit: 20 }).await.unwrap();
    assert_eq!(listed.len(), 13);
    assert_eq!(listed[0].id.to_string(), after);
}

#[tokio::test]
async fn what_waits_is_neither_given_up_nor_swept_nor_posted_early_while_the_clock_is_wrong() {
    let relay = TestRelay::start_with("[store]\nretain = \"1h\"\nretain_dead = \"1h\"\n").await;
    let teams = Teams::start().await;
    relay.subscribe("github", teams.url("a")).await;
    teams.answer([Answer::Status(503, "", "")]);
    assert_eq!(relay.push("d-1").await.status(), 202);
    teams.received(1).await;
    let lane = relay.app().admin.store.lanes()[0];
    let due = || relay.app().admin.store.due(lane, 1).first().map(|waiting| waiting.due_at);
    while due().is_none_or(|at| at <= relay.clock.steady()) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // Settled events of an hour ago may go: this one waits.
    set_by(&relay, 5);
    relay.app().admin.store.sweep(relay.clock.now() - HOUR, relay.clock.now() - HOUR).await.unwrap();
    set_by(&relay, -10);
    assert_eq!(relay.accounts().waiting, 1);
    assert_eq!(teams.count(), 1, "no time has passed");
    set_by(&relay, 5);
    relay.clock.advance(Duration::from_secs(15));
    let cards = teams.received(2).await;
    assert!(cards[1].to_string().contains("Change d-1"));
    relay.accounts_are(|accounts| accounts.delivered == 1).await;
}

#[tokio::test]
async fn a_clock_that_is_set_back_keeps_nobody_waiting_who_was_slowed_down_or_over_the_rate() {
    let folder = settings("");
    let rated = "provider = \"generic\"\nverify = \"none\"\nrate = { posts = 2, per = \"60s\" }";
    write_source(folder.path(), "rated", rated);
    let relay = TestRelay::start_in(Arc::new(folder)).await;
    let rated = || relay.client.post(relay.hook("rated")).header("content-type", "application/json").body("{}").send();
    let forged =
        || relay.client.post(relay.hook("github")).header("x-hub-signature-256", "sha256=00").body("{}").send();
    for _ in 0..2 {
        assert_eq!(rated().await.unwrap().status(), 202);
    }
    assert_eq!(rated().await.unwrap().status(), 429);
    for _ in 0..12 {
        assert!([401, 429].contains(&forged().await.unwrap().status().as_u16()));
    }
    assert_eq!(relay.push("d-1").await.status(), 429, "slowed down, with all who come from there");
    set_by(&relay, -5);
    assert_eq!(relay.push("d-1").await.status(), 429, "not over yet");
    assert_eq!(rated().await.unwrap().status(), 429, "not over yet");
    relay.clock.advance(Duration::from_secs(61));
    assert_eq!(relay.push("d-1").await.status(), 202);
    assert_eq!(rated().await.unwrap().status(), 202);
    set_by(&relay, 10);
    assert_eq!(rated().await.unwrap().status(), 202);
    assert_eq!(rated().await.unwrap().status(), 429, "no time has passed, so nothing came back");
}

/// As Slack signs: over a time and the body.
fn slack(at: Timestamp, body: &str) -> (String, String) {
    let second = at.as_second();
    let signed = format!("v0:{second}:{body}");
    (second.to_string(), sign(signed.as_bytes()).replace("sha256=", "v0="))
}

#[tokio::test]
async fn a_signature_with_a_time_is_taken_once_and_within_its_window_by_the_clock_of_people() {
    let folder = settings("");
    let secret = crate::harness::SECRET;
    write_source(folder.path(), "slack", &format!("provider = \"slack\"\nsecrets = \"{secret}\""));
    let relay = TestRelay::start_in(Arc::new(folder)).await;
    let begun = relay.clock.now();
    let body = r#"{"type": "event_callback", "event": {"type": "message", "text": "hello"}}"#;
    let post = async |at: Timestamp| {
        let (time, signature) = slack(at, body);
        let request = relay.client.post(relay.hook("slack")).header("content-type", "application/json");
        let request = request.header("x-slack-request-timestamp", time).header("x-slack-signature", signature);
        request.body(body).send().await.unwrap().status().as_u16()
    };
    assert_eq!(post(begun).await, 202);
    assert_eq!(post(begun).await, 200, "again");
    set_by(&relay, 2);
    assert_eq!(post(begun).await, 401, "too old by the clock");
    assert_eq!(post(relay.clock.now()).await, 202);
    set_by(&relay, -2);
    assert_eq!(post(begun + 2 * HOUR).await, 401, "of a time that has not come");
}
