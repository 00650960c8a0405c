//! A store without room refuses webhooks, says so everywhere, and takes them again once there is room.

use std::{fs, time::Duration};

use serde_json::Value;

use crate::process::{Daemon, post, settings};

#[tokio::test(flavor = "multi_thread")]
async fn without_room_webhooks_are_refused_and_monitoring_is_told() {
    let folder = settings();
    let main = folder.path().join("teams-relay.toml");
    let text = fs::read_to_string(&main).unwrap();
    fs::write(&main, format!("{text}\n[store]\nmin_free = \"1000000TB\"\n")).unwrap();
    let mut daemon = Daemon::start(folder.path());
    for delivery in ["one", "two"] {
        let refused = post(&daemon, delivery).await;
        assert_eq!((refused.status().as_u16(), &refused.headers()["retry-after"] == "30"), (503, true));
        let problem: Value = serde_json::from_str(&refused.text().await.unwrap()).unwrap();
        assert_eq!(problem["reason"], "store_full");
    }
    let client = teams_relay::deliver::post::plain_client(Duration::from_secs(10)).unwrap();
    let asked = |path: &str| client.get(format!("{}{path}", daemon.admin)).send();
    let ready = asked("/readyz").await.unwrap();
    assert_eq!(ready.status(), 503);
    let ready = ready.text().await.unwrap();
    assert!(ready.contains("the store is full: ") && ready.contains("`store.min_free` is 1000000TB"), "{ready}");
    let metrics = asked("/metrics").await.unwrap().text().await.unwrap();
    assert!(metrics.contains("\nteams_relay_store_full 1\n"), "{metrics}");
    for metric in ["teams_relay_store_bytes", "teams_relay_store_free_bytes"] {
        let line = metrics.lines().find(|line| line.starts_with(metric)).unwrap();
        assert!(line.split(' ').nth(1).unwrap().parse::<f64>().unwrap() > 0.0, "{line}");
    }
    daemon.stop();
    let log = daemon.log();
    assert_eq!(log.matches("the store is full").count(), 1, "{log}");

    fs::write(&main, text).unwrap();
    let mut daemon = Daemon::start(folder.path());
    assert_eq!(post(&daemon, "one").await.status(), 202);
    daemon.stop();
}
