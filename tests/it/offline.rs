//! A store that does not open any more: the daemon says what to do, and that does it.

use std::fs;

use crate::{
    process::{Daemon, post, run, settings, subscribe, succeed},
    teams::Teams,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_store_is_saved_without_a_daemon_and_taken_in_by_a_new_one() {
    let folder = settings();
    let folder = folder.path();
    let teams = Teams::start().await;
    let mut daemon = Daemon::start(folder);
    subscribe(folder, &teams.url("a"));
    for delivery in ["one", "two"] {
        assert_eq!(post(&daemon, delivery).await.status(), 202);
    }
    let busy = run(folder, &["export", "--offline"]);
    assert!(String::from_utf8_lossy(&busy.stderr).contains("in use by another process"));
    teams.received(2).await;
    daemon.stop();
    let whole = succeed(folder, &["export", "--offline"]);
    assert_eq!(whole.lines().count(), 1 + 1 + 2 + 1, "{whole}");

    let sled = folder.join("data/sled/db");
    fs::write(&sled, []).unwrap();
    let failed = run(folder, &["serve"]);
    let told = String::from_utf8_lossy(&failed.stderr).into_owned();
    assert!(
        !failed.status.success() && told.contains("data/sled") && told.contains("teams-relay export --offline"),
        "{told}"
    );
    fs::remove_file(folder.join("data/events/keyspaces/0/current")).unwrap();
    let failed = run(folder, &["serve"]);
    let told = String::from_utf8_lossy(&failed.stderr).into_owned();
    assert!(told.contains("keyspaces/0/current") && told.contains("teams-relay export --offline"), "{told}");

    let saved = run(folder, &["export", "--offline", "--store", folder.join("data").to_str().unwrap()]);
    let left_out = String::from_utf8_lossy(&saved.stderr).into_owned();
    assert!(!saved.status.success() && left_out.contains("all subscriptions"), "{left_out}");
    let file = folder.join("saved.jsonl");
    fs::write(&file, &saved.stdout).unwrap();
    fs::rename(folder.join("data"), folder.join("damaged")).unwrap();
    let mut daemon = Daemon::start(folder);
    assert!(succeed(folder, &["import", file.to_str().unwrap()]).contains("2 records"));
    assert_eq!(succeed(folder, &["event", "list"]).matches("push").count(), 2);
    daemon.stop();
}
