//! What admins are told of destinations that fail, by the subscription that `admin.notify` names.

use std::{fs, sync::Arc, time::Duration};

use teams_relay::subscribe::Request;

use crate::{
    harness::{TestRelay, settings},
    teams::{Answer, Teams},
};

async fn told_by_ops() -> TestRelay {
    let folder = settings("");
    let path = folder.path().join("teams-relay.toml");
    let text = fs::read_to_string(&path).unwrap().replace("[admin]\n", "[admin]\nnotify = \"ops\"\n");
    fs::write(&path, text).unwrap();
    TestRelay::start_in(Arc::new(folder)).await
}

async fn subscribe(relay: &TestRelay, name: &str, url: String, events: &[&str]) {
    let request = Request {
        name: Some(name.into()),
        profile: Some("workflow".into()),
        events: events.iter().map(|&event| event.to_owned()).collect(),
        ..Request::new("github", url)
    };
    relay.app().admin.subscriptions.add(request).await.unwrap();
}

#[tokio::test]
async fn a_destination_that_is_paused_is_told_to_the_subscription_that_the_settings_name() {
    let relay = told_by_ops().await;
    let (ops, dev) = (Teams::start().await, Teams::start().await);
    dev.always(Answer::Status(410, "", ""));
    subscribe(&relay, "ops", ops.url("ops"), &["nothing"]).await;
    subscribe(&relay, "dev", dev.url("dev"), &[]).await;
    relay.push("d-1").await;
    let card = ops.received(1).await[0].to_string();
    for words in ["Nothing is posted to dev any more", "Paused", "subscribe with its URL"] {
        assert!(card.contains(words), "`{words}` is not in {card}");
    }
    assert!(!card.contains("very-secret-sig"));
    assert_eq!(relay.metric(r#"teams_relay_destinations{state="paused"}"#).await, 1.0);

    // A week later, what comes for it is given up at once, and that is told too.
    relay.clock.advance(Duration::from_secs(8 * 86_400));
    relay.push("d-2").await;
    let cards = ops.received(2).await;
    assert!(cards[1].to_string().contains("dev is given up"), "{}", cards[1]);
    relay.accounts_are(|accounts| accounts.dead == 2).await;
    assert_eq!((dev.count(), relay.metric(r#"teams_relay_destinations{state="dead"}"#).await), (1, 1.0));
}

#[tokio::test]
async fn deliveries_that_pile_up_are_told_once_and_a_channel_is_never_told_of_itself() {
    let relay = told_by_ops().await;
    let (ops, dev) = (Teams::start().await, Teams::start().await);
    dev.always(Answer::Status(429, "retry-after: 80000\r\n", ""));
    subscribe(&relay, "ops", ops.url("ops"), &["nothing"]).await;
    subscribe(&relay, "dev", dev.url("dev"), &[]).await;
    relay.push("d-1").await;
    dev.received(1).await;
    // What the answer means is reckoned from when it came, so time passes after that alone.
    relay.metric_is(r#"teams_relay_attempts_total{profile="workflow",reason="throttled"}"#, 1.0).await;
    relay.clock.advance(Duration::from_secs(13 * 3600));
    let card = ops.received(1).await[0].to_string();
    assert!(card.contains("Deliveries to dev pile up"), "{card}");

    ops.always(Answer::Status(404, "", ""));
    subscribe(&relay, "also", ops.url("ops"), &["ping"]).await;
    let ping = r#"{"zen": "Keep it logically awesome.", "repository": {"full_name": "octo/hello"}}"#;
    relay.github("ping", "d-2", ping).send().await.unwrap();
    ops.received(2).await;
    let paused = relay.admin_until("/api/v1/subscriptions", |shown| {
        shown.as_array().unwrap().iter().any(|one| one["name"] == "ops" && one["state"] == "paused")
    });
    paused.await;
    assert_eq!(ops.count(), 2);
}
