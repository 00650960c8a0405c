//! New settings while the daemon runs: all of them at once, or none.

use std::fs;

use crate::{
    harness::write_source,
    process::{Daemon, settings},
};

async fn reload_metric(daemon: &Daemon) -> bool {
    let client = teams_relay::deliver::post::plain_client(std::time::Duration::from_secs(5)).unwrap();
    let text = client.get(format!("{}/metrics", daemon.admin)).send().await.unwrap().text().await.unwrap();
    text.lines().any(|line| line == "teams_relay_config_reload_success 1")
}

async fn status(daemon: &Daemon, source: &str) -> u16 {
    let client = teams_relay::deliver::post::plain_client(std::time::Duration::from_secs(5)).unwrap();
    let request =
        client.post(format!("{}/{source}", daemon.hooks)).header("content-type", "application/json").body("{}");
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn sighup_puts_good_settings_in_force_and_keeps_the_old_ones_against_bad_ones() {
    let folder = settings();
    let mut daemon = Daemon::start(folder.path());
    assert_eq!(status(&daemon, "new").await, 404);
    write_source(folder.path(), "new", "provider = \"generic\"\nverify = \"none\"");
    daemon.signal("HUP");
    daemon.wait_for("were read again and are in force");
    assert_eq!(status(&daemon, "new").await, 202);
    assert!(reload_metric(&daemon).await);
    write_source(folder.path(), "new", "provider = \"generic\"\nverify = \"none\"\nbad_key = 1");
    fs::write(folder.path().join("sources/other.toml"), "provider = \"nothing\"").unwrap();
    daemon.signal("HUP");
    let problem = daemon.wait_for("bad_key");
    assert!(problem.contains("sources/new.toml"), "{problem}");
    daemon.wait_for("the old ones stay");
    assert_eq!(status(&daemon, "new").await, 202, "the old settings stay in force");
    assert!(!reload_metric(&daemon).await);
    daemon.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_file_reloads_without_a_signal() {
    let folder = settings();
    let mut daemon = Daemon::start(folder.path());
    write_source(folder.path(), "new", "provider = \"generic\"\nverify = \"none\"");
    daemon.wait_for("were read again and are in force");
    assert_eq!(status(&daemon, "new").await, 202);
    daemon.stop();
}
