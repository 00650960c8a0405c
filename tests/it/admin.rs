//! The commands that admins use, on a running daemon.

use std::path::Path;

use axum::body::Body;
use futures_util::FutureExt;
use http::{Method, Request};
use serde_json::Value;
use teams_relay::admin::socket_router;
use tower::ServiceExt;

use crate::{
    harness::TestRelay,
    process::{Daemon, post, settings, subscribe, succeed},
    teams::{Answer, Teams},
};

fn json(folder: &Path, arguments: &[&str]) -> Value {
    let mut arguments = arguments.to_vec();
    arguments.push("--json");
    serde_json::from_str(&succeed(folder, &arguments)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_is_added_tested_paused_resumed_and_removed() {
    let folder = settings();
    let folder = folder.path();
    let teams = Teams::start().await;
    let mut daemon = Daemon::start(folder);
    let id = subscribe(folder, &teams.url("a"));
    assert!(succeed(folder, &["subscription", "test", &id]).contains("accepted"));
    assert!(teams.received(1).await[0].to_string().contains("teams-relay can post here"));
    assert!(succeed(folder, &["subscription", "pause", &id[20..]]).contains("paused"));
    assert_eq!(json(folder, &["subscription", "list"])[0]["state"], "paused");
    assert_eq!(post(&daemon, "d-1").await.status(), 202);
    assert!(succeed(folder, &["subscription", "resume", &id]).contains("resumed"));
    teams.received(2).await;
    assert!(succeed(folder, &["subscription", "show", &id]).contains("state        active"));
    assert!(succeed(folder, &["subscription", "remove", &id]).contains("removed"));
    assert!(succeed(folder, &["subscription", "list"]).contains("no subscriptions"));
    daemon.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn events_and_dead_letters_are_listed_told_replayed_and_purged() {
    let folder = settings();
    let folder = folder.path();
    let teams = Teams::start().await;
    let mut daemon = Daemon::start(folder);
    subscribe(folder, &teams.url("a"));
    teams.answer([Answer::Status(202, "", ""), Answer::Status(400, "", "no such card")]);
    for delivery in ["d-1", "d-2"] {
        assert_eq!(post(&daemon, delivery).await.status(), 202);
    }
    teams.received(2).await;
    let dead = loop {
        let dead = json(folder, &["dead", "list"]);
        if dead.as_array().is_some_and(|dead| !dead.is_empty()) {
            break dead;
        }
    };
    assert_eq!(dead[0]["why"], "card_refused");
    let id = dead[0]["event"].as_str().unwrap();
    let story = succeed(folder, &["dead", "show", id]);
    assert!(
        story.contains("push from github") && story.contains("status 400") && story.contains("no such card"),
        "{story}"
    );
    assert!(succeed(folder, &["dead", "replay", id]).contains("1 dead letter waiting again"));
    teams.received(3).await;
    let events = json(folder, &["event", "list"]);
    assert_eq!(events.as_array().unwrap().len(), 2);
    assert!(
        succeed(folder, &["event", "replay", events[1]["id"].as_str().unwrap()]).contains("1 delivery waits again")
    );
    teams.received(4).await;
    assert!(succeed(folder, &["dead", "purge"]).contains("0 dead letters purged"));
    daemon.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_imported_elsewhere_gives_the_same_export() {
    let (one, two) = (settings(), settings());
    let teams = Teams::start().await;
    let mut daemon = Daemon::start(one.path());
    subscribe(one.path(), &teams.url("a"));
    for delivery in ["d-1", "d-2", "d-3"] {
        assert_eq!(post(&daemon, delivery).await.status(), 202);
    }
    teams.received(3).await;
    let settled = || json(one.path(), &["event", "list"]).to_string().matches("\"delivered\"").count() == 3;
    while !settled() {}
    let export = succeed(one.path(), &["export"]);
    daemon.stop();
    let mut daemon = Daemon::start(two.path());
    let file = two.path().join("export.jsonl");
    std::fs::write(&file, &export).unwrap();
    assert_eq!(succeed(two.path(), &["import", file.to_str().unwrap()]), "4 records imported\n");
    assert_eq!(succeed(two.path(), &["export"]), export);
    // A cut file is told, and what it held is there.
    let cut = export.lines().take(2).collect::<Vec<_>>().join("\n");
    std::fs::write(&file, cut).unwrap();
    let output = crate::process::run(two.path(), &["import", file.to_str().unwrap()]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("was cut"));
    daemon.stop();
    assert_eq!(teams.count(), 3, "what was delivered is not delivered again");
}

/// Pushes until one is for somebody; what is in force is so at once, or as soon as its request is done.
async fn is_in_force(relay: &TestRelay) {
    for number in 0..500 {
        assert_eq!(relay.push(&format!("d-{number}")).await.status(), 202);
        if relay.accounts().ignored <= number {
            return;
        }
    }
    panic!("nobody is subscribed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_comes_into_force_also_where_whoever_asked_for_it_hangs_up() {
    let (relay, teams) = (TestRelay::start().await, Teams::start().await);
    let wanted = serde_json::json!({"source": "github", "url": teams.url("a")}).to_string();
    let request = Request::builder().method(Method::POST).uri("/api/v1/subscriptions");
    let request = request.header("content-type", "application/json").body(Body::from(wanted)).unwrap();
    let answer = socket_router(relay.app().admin.clone()).oneshot(request).now_or_never();
    assert!(answer.is_none(), "it was done before anybody could hang up");
    is_in_force(&relay).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_import_took_is_in_force_also_where_it_broke_off() {
    let (one, two, teams) = (TestRelay::start().await, TestRelay::start().await, Teams::start().await);
    one.subscribe("github", teams.url("a")).await;
    let export = one.admin("/api/v1/export").await;
    let taken: String = export.lines().take(2).map(|line| format!("{line}\n")).collect();
    let address = format!("http://{}/api/v1/import", two.app().admin_address.unwrap());
    let request = two.client.post(address).bearer_auth("admin-token-of-the-tests");
    let answer = request.body(format!("{taken}no record\n")).send().await.unwrap();
    assert_eq!(answer.status(), 400);
    is_in_force(&two).await;
}
