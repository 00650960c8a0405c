//! The way out: what each kind of answer leads to, when the next try comes, and that the books balance throughout.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use teams_relay::{delivery::DeliveryState, outcome::Reason};

use crate::{
    harness::TestRelay,
    teams::{Answer, Teams},
};

/// When the only waiting delivery is due.
fn due_at(relay: &TestRelay) -> Option<Timestamp> {
    let store = &relay.app().admin.store;
    store.lanes().first().and_then(|lane| store.due(*lane, 1).first().map(|waiting| waiting.due_at))
}

/// Waits until the first try has failed and is recorded, and returns the wait until the second.
async fn wait_for_retry(relay: &TestRelay) -> Duration {
    use teams_relay::clock::Clock;
    for _ in 0..2000 {
        if let Some(due) = due_at(relay).filter(|due| *due > relay.clock.now()) {
            // The store keeps milliseconds, a closed group its exact end.
            return due.duration_since(relay.clock.now()).unsigned_abs() + Duration::from_millis(1);
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("no retry was planned");
}

async fn dead_reason(relay: &TestRelay) -> Reason {
    relay.accounts_are(|accounts| accounts.dead == 1).await;
    let page = teams_relay::store::Page { before: None, limit: 10 };
    relay.app().admin.store.dead(page).await.unwrap()[0].why
}

#[tokio::test]
async fn a_card_reaches_every_destination_that_subscribed() {
    let relay = TestRelay::start().await;
    let teams = Teams::start().await;
    for channel in ["a", "b", "c"] {
        relay.subscribe("github", teams.url(channel)).await;
    }
    assert_eq!(relay.push("d-1").await.status(), 202);
    teams.received(3).await;
    let mut paths = teams.paths();
    paths.sort();
    assert_eq!(paths.len(), 3);
    assert!(paths[0].contains("channel-a") && paths[2].contains("channel-c"));
    let accounts = relay.accounts_are(|accounts| accounts.delivered == 3).await;
    assert_eq!((accounts.accepted, accounts.waiting), (3, 0));
}

#[tokio::test]
async fn an_event_that_nobody_wants_is_kept_and_counted_as_ignored() {
    let relay = TestRelay::start().await;
    assert_eq!(relay.push("d-1").await.status(), 202);
    assert_eq!(relay.accounts().ignored, 1);
    assert_eq!(relay.metric(r#"teams_relay_webhooks_total{source="github",outcome="ignored"}"#).await, 1.0);
    let events: Value = serde_json::from_str(&relay.admin("/api/v1/events").await).unwrap();
    assert_eq!(events[0]["ignored"], "no_subscription");
}

#[tokio::test]
async fn a_500_is_tried_again_by_the_schedule_and_then_given_up() {
    let relay = TestRelay::start().await;
    let teams = Teams::start().await;
    teams.always(Answer::Status(500, "", "broken"));
    relay.subscribe("github", teams.url("a")).await;
    relay.push("d-1").await;
    for (tries, wait) in [(1, 10), (2, 20), (3, 30)] {
        teams.received(tries).await;
        let planned = wait_for_retry(&relay).await.as_secs_f64();
        assert!((0.8 * f64::from(wait)..=1.2 * f64::from(wait)).contains(&planned), "{planned} after try {tries}");
        relay.clock.advance(Duration::from_secs_f64(planned));
    }
    teams.received(4).await;
    assert_eq!(dead_reason(&relay).await, Reason::RetriesExhausted);
}

#[tokio::test]
async fn a_429_closes_the_group_for_as_long_as_retry_after_says() {
    let relay = TestRelay::start().await;
    let teams = Teams::start().await;
    teams.answer([Answer::Status(429, "retry-after: 7\r\n", "")]);
    relay.subscribe("github", teams.url("a")).await;
    relay.push("d-1").await;
    teams.received(1).await;
    let planned = wait_for_retry(&relay).await;
    assert!(planned >= Duration::from_secs(7) && planned < Duration::from_secs(20), "{planned:?}");
    relay.clock.advance(Duration::from_secs(6));
    relay.push("d-2").await;
    assert_eq!(teams.count(), 1, "nothing goes out before the time is up, neither the old nor the new");
    relay.clock.advance(Duration::from_secs(30));
    teams.received(2).await;
    relay.clock.advance(Duration::from_secs(30));
    teams.received(3).await;
    relay.accounts_are(|accounts| accounts.delivered == 2).await;
}

#[tokio::test]
async fn a_connector_that_hides_a_429_in_a_200_is_throttled_and_one_that_says_1_has_delivered() {
    let relay = TestRelay::start().await;
    let teams = Teams::start().await;
    let hidden =
        "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429 with ContextId x";
    teams.answer([Answer::Status(200, "", hidden), Answer::Status(200, "", "1")]);
    relay.subscribe_as("github", teams.url("a"), "connector").await;
    relay.push("d-1").await;
    let cards = teams.received(1).await;
    assert_eq!(cards[0]["@type"], "MessageCard");
    let planned = wait_for_retry(&relay).await;
    relay.clock.advance(planned);
    teams.received(2).await;
    relay.accounts_are(|accounts| accounts.delivered == 1).await;
}

#[tokio::test]
async fn a_404_pauses_the_destination_and_what_waits_goes_out_when_an_admin_resumes_it() {
    let relay = TestRelay::start().await;
    let teams = Teams::start().await;
    teams.answer([Answer::Status(404, "", r#"{"error":{"code":"WorkflowNotFound"}}"#)]);
    let subscription = relay.subscribe("github", teams.url("a")).await;
    relay.push("d-1").await;
    teams.received(1).await;
    let shown = relay.admin_until("/api/v1/subscriptions", |shown| shown[0]["state"] == "paused").await;
    assert_eq!((&shown[0]["reason"], &shown[0]["by"]), (&"destination_gone".into(), &"relay".into()));
    relay.push("d-2").await;
    assert_eq!((teams.count(), relay.accounts().waiting), (1, 2));
    relay.app().admin.subscriptions.set_paused(&subscription.id.to_string(), false).await.unwrap();
    teams.received(2).await;
    let accounts = relay.accounts_are(|accounts| accounts.digested == 2).await;
    assert_eq!((accounts.accepted, accounts.dead), (2, 0));
    relay.admin_until("/api/v1/subscriptions", |shown| shown[0]["state"] == "active").await;
}

#[tokio::test]
async fn a_card_that_is_refused_is_a_dead_letter_at_once_and_can_be_replayed() {
    let relay = TestRelay::start().await;
    let teams = Teams::start().await;
    teams.answer([Answer::Status(400, "", "bad card")]);
    relay.subscribe("github", teams.url("a")).await;
    relay.push("d-1").await;
    teams.received(1).await;
    assert_eq!(dead_reason(&relay).await, Reason::CardRefused);
    let address = relay.app().admin_address.unwrap();
    let request =
        relay.client.post(format!("http://{address}/api/v1/dead/replay")).bearer_auth("admin-token-of-the-tests");
    assert_eq!(request.send().await.unwrap().status(), 200);
    teams.received(2).await;
    let accounts = relay.accounts_are(|accounts| accounts.delivered == 1).await;
    assert_eq!((accounts.accepted, accounts.dead), (1, 0));
}

#[tokio::test]
async fn a_reset_and_silence_are_tried_again() {
    let relay = TestRelay::start().await;
    let teams = Teams::start().await;
    teams.answer([Answer::Reset, Answer::Silence]);
    relay.subscribe("github", teams.url("a")).await;
    relay.push("d-1").await;
    for tries in [1, 2] {
        teams.received(tries).await;
        let planned = wait_for_retry(&relay).await;
        relay.clock.advance(planned);
    }
    teams.received(3).await;
    relay.accounts_are(|accounts| accounts.delivered == 1).await;
    let events = relay.app().admin.store.events(teams_relay::store::Page { before: None, limit: 1 }).await.unwrap();
    let (_, attempts) = relay.app().admin.store.history(events[0].id).await.unwrap();
    let reasons: Vec<Reason> = attempts.iter().map(|(_, attempt)| attempt.reason).collect();
    assert_eq!(reasons, [Reason::ConnectionFailed, Reason::TimedOut, Reason::Delivered]);
}

#[tokio::test]
async fn what_is_older_than_the_ttl_is_given_up() {
    let folder = crate::harness::settings("");
    let source = format!("provider = \"github\"\nsecrets = \"{}\"\nttl = \"60s\"", crate::harness::SECRET);
    crate::harness::write_source(folder.path(), "github", &source);
    let relay = TestRelay::start_in(std::sync::Arc::new(folder)).await;
    let teams = Teams::start().await;
    let subscription = relay.subscribe("github", teams.url("a")).await;
    relay.app().admin.subscriptions.set_paused(&subscription.id.to_string(), true).await.unwrap();
    relay.push("d-1").await;
    relay.clock.advance(Duration::from_secs(61));
    relay.app().admin.subscriptions.set_paused(&subscription.id.to_string(), false).await.unwrap();
    assert_eq!(dead_reason(&relay).await, Reason::Expired);
    assert_eq!(teams.count(), 0);
}

#[tokio::test]
async fn a_lane_keeps_its_order_and_does_not_hold_up_another() {
    let relay = TestRelay::start().await;
    let (slow, fast) = (Teams::start().await, Teams::start().await);
    slow.answer([Answer::Status(503, "", "")]);
    relay.subscribe("github", slow.url("slow")).await;
    relay.subscribe("github", fast.url("fast")).await;
    for number in 1..=3 {
        relay.push(&format!("d-{number}")).await;
    }
    fast.received(3).await;
    slow.received(1).await;
    let planned = wait_for_retry(&relay).await;
    relay.clock.advance(planned);
    let cards = slow.received(4).await;
    for (card, number) in cards.iter().zip([1, 1, 2, 3]) {
        assert!(card.to_string().contains(&format!("Change d-{number}")), "{card}");
    }
    relay.accounts_are(|accounts| accounts.delivered == 6).await;
}

#[tokio::test]
async fn quotas_hold_for_a_group_over_all_its_destinations() {
    let relay = TestRelay::start_with("[quotas.groups.owner]\nwindows = [{ posts = 5, per = \"60s\" }]\n").await;
    let teams = Teams::start().await;
    for channel in ["a", "b"] {
        let request = teams_relay::subscribe::Request {
            profile: Some("workflow".into()),
            quota_group: Some("owner".into()),
            ..teams_relay::subscribe::Request::new("github", teams.url(channel))
        };
        relay.app().admin.subscriptions.add(request).await.unwrap();
    }
    // So few that none needs to share a card.
    for number in 0..3 {
        relay.push(&format!("d-{number}")).await;
    }
    // One at once and then one every twelve seconds: five in any minute.
    for posts in 1..=4 {
        teams.received(posts).await;
        relay.clock.advance(Duration::from_secs(12));
    }
    teams.received(5).await;
    relay.clock.advance(Duration::from_secs(11));
    relay.accounts_are(|accounts| accounts.delivered == 5).await;
    assert_eq!(teams.count(), 5, "posts in a minute");
}

#[tokio::test]
async fn deliveries_of_a_removed_subscription_are_given_up_and_of_a_paused_one_kept() {
    let relay = TestRelay::start().await;
    let teams = Teams::start().await;
    let kept = relay.subscribe("github", teams.url("kept")).await;
    let gone = relay.subscribe("github", teams.url("gone")).await;
    for subscription in [&kept, &gone] {
        relay.app().admin.subscriptions.set_paused(&subscription.id.to_string(), true).await.unwrap();
    }
    relay.push("d-1").await;
    relay.app().admin.subscriptions.remove(&gone.id.to_string()).await.unwrap();
    assert_eq!(dead_reason(&relay).await, Reason::SubscriptionRemoved);
    assert_eq!(relay.accounts().waiting, 1);
    relay.app().admin.subscriptions.set_paused(&kept.id.to_string(), false).await.unwrap();
    teams.received(1).await;
    relay.accounts_are(|accounts| accounts.delivered == 1).await;
}

#[tokio::test]
async fn a_broken_template_sends_the_fallback_card_and_is_counted() {
    let folder = std::sync::Arc::new(crate::harness::settings(""));
    let templates = folder.path().join("templates/github");
    std::fs::create_dir_all(&templates).unwrap();
    std::fs::write(templates.join("push.hbs"), "{\"summary\": {{payload.ref}} }").unwrap();
    let relay = TestRelay::start_in(folder).await;
    let teams = Teams::start().await;
    relay.subscribe("github", teams.url("a")).await;
    relay.push("d-1").await;
    let cards = teams.received(1).await;
    assert!(cards[0].to_string().contains("template failed"), "{}", cards[0]);
    relay.accounts_are(|accounts| accounts.delivered == 1).await;
    let series = r#"teams_relay_template_errors_total{source="github",template="github/push"}"#;
    assert_eq!(relay.metric(series).await, 1.0);
}

#[tokio::test]
async fn an_event_with_all_its_deliveries_shows_what_became_of_each() {
    let relay = TestRelay::start().await;
    let teams = Teams::start().await;
    teams.answer([Answer::Status(202, "", ""), Answer::Status(400, "", "bad card")]);
    relay.subscribe("github", teams.url("a")).await;
    relay.push("d-1").await;
    relay.accounts_are(|accounts| accounts.delivered == 1).await;
    relay.push("d-2").await;
    relay.accounts_are(|accounts| accounts.dead == 1).await;
    let events = relay.app().admin.store.events(teams_relay::store::Page { before: None, limit: 5 }).await.unwrap();
    assert!(matches!(events[0].deliveries[0].1, DeliveryState::Dead { why: Reason::CardRefused, .. }));
    assert!(matches!(events[1].deliveries[0].1, DeliveryState::Delivered { .. }));
}

#[tokio::test]
async fn the_relay_posts_to_none_of_its_own_ports() {
    let relay = TestRelay::start().await;
    let admin = format!("http://{}/api/v1/accounts", relay.app().admin_address.unwrap());
    let hook = relay.hook("github").replace("127.0.0.1", "localhost");
    let subscribed = [relay.subscribe("github", hook).await, relay.subscribe("github", admin).await];
    for subscription in subscribed {
        let (_, attempt) = relay.app().admin.dispatch.test(&subscription).await.unwrap().unwrap();
        assert_eq!((attempt.reason, attempt.status), (Reason::AddressRefused, None));
        assert!(attempt.answer.contains("is teams-relay itself"), "{}", attempt.answer);
    }
}

#[tokio::test]
async fn a_subscriptions_headers_are_sent_shown_by_name_and_the_same_for_all_of_one_url() {
    let relay = TestRelay::start().await;
    let teams = Teams::start().await;
    let add = async |url: String, header: &str| {
        let headers = vec![teams_relay::subscribe::Pasted(header.to_owned())];
        let profile = Some("workflow".to_owned());
        let request =
            teams_relay::subscribe::Request { profile, headers, ..teams_relay::subscribe::Request::new("github", url) };
        relay.app().admin.subscriptions.add(request).await.map_err(|error| error.to_string())
    };
    add(teams.url("a"), "X-Alert-Secret: hunter2").await.unwrap();
    let shown = relay.admin("/api/v1/subscriptions").await;
    assert!(shown.contains("x-alert-secret") && !shown.contains("hunter2"), "{shown}");
    assert!(add(teams.url("a"), "X-Alert-Secret: hunter3").await.unwrap_err().contains("other headers"));
    assert!(add(teams.url("b"), "Authorization: Bearer hunter2").await.unwrap_err().contains("the URL has a `sig`"));
    assert!(add(teams.url("b"), "Host: hunter2").await.unwrap_err().contains("`host` is the relay's own"));
    assert_eq!(relay.push("d-1").await.status(), 202);
    relay.accounts_are(|accounts| accounts.delivered == 1).await;
    let relay = relay.restart().await;
    assert_eq!(relay.app().admin.store.subscriptions()[0].destination.headers[0].expose(), "hunter2");
}
