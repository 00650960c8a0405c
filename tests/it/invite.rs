//! Invitations: made by a command, used once.

use std::{fs, path::Path, sync::Arc};

use serde_json::{Value, json};
use teams_relay::identity::Refused;

use crate::{
    harness::{self, TestRelay},
    process::{Daemon, run, settings, succeed},
};

/// Switches the pages on.
fn with_pages(folder: &Path) {
    let main = folder.join("teams-relay.toml");
    let text = fs::read_to_string(&main).unwrap();
    let text = text.replace("[server]\n", "[server]\npublic_url = \"https://hooks.octo.example/\"\n");
    fs::write(main, format!("{text}[connector]\n")).unwrap();
}

fn refused(folder: &Path, arguments: &[&str]) -> String {
    let output = run(folder, arguments);
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8(output.stderr).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_makes_links_with_a_command_and_settings_that_lack_something_are_named() {
    let folder = settings();
    let folder = folder.path();
    let mut daemon = Daemon::start(folder);
    let told = refused(folder, &["invite"]);
    assert!(told.contains("error: the settings have no [connector]") && told.contains(" fix: add "), "{told}");

    with_pages(folder);
    daemon.signal("HUP");
    daemon.wait_for("were read again and are in force");
    let link = succeed(folder, &["invite", "--source", "github", "--expires", "1h"]);
    assert!(link.starts_with("https://hooks.octo.example/connector/tab#invite=") && link.ends_with('\n'), "{link}");
    let made: Value = serde_json::from_str(&succeed(folder, &["invite", "--json"])).unwrap();
    assert!(made["link"].as_str().unwrap().contains("#invite=") && made["expires"].is_string(), "{made}");
    let told = refused(folder, &["invite", "--source", "gihub"]);
    assert!(told.contains("there is no source `gihub`\n fix: did you mean `github`?"), "{told}");
    assert!(refused(folder, &["invite", "--expires", "31d"]).contains("at most 30 days"));
    assert!(refused(folder, &["invite", "--expires", "soon"]).contains("`soon` is no length of time"));
    daemon.stop();
    let log = daemon.log();
    assert!(log.contains("made an invitation"), "{log}");
    for line in [link.trim_end(), made["link"].as_str().unwrap()] {
        assert!(!log.contains(line.rsplit_once('.').unwrap().1), "{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_is_taken_back_by_the_id_that_is_told_beside_its_link() {
    let folder = settings();
    let folder = folder.path();
    with_pages(folder);
    let mut daemon = Daemon::start(folder);
    let output = run(folder, &["invite", "--source", "github"]);
    let (link, told) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(link.lines().count(), 1, "{link}");
    let id = told.split_once("Its id is ").unwrap().1.get(..26).unwrap();
    let told = succeed(folder, &["invite", "revoke", id]);
    assert!(told.starts_with(&format!("took back {id}")), "{told}");
    let again: Value =
        serde_json::from_str(&succeed(folder, &["invite", "revoke", &format!("guest:{id}"), "--json"])).unwrap();
    assert_eq!(again, json!({"id": id, "subscriptions": []}));
    assert!(refused(folder, &["invite", "revoke", "00000000000000000000000000"]).contains("no invitation of this id"));
    assert!(refused(folder, &["invite", "revoke", "x"]).contains("invitation id"));
    daemon.stop();
    assert!(daemon.log().contains("took an invitation back"));
}

#[tokio::test]
async fn an_invitation_of_the_api_is_used_once_also_over_a_restart() {
    let folder = harness::settings("");
    with_pages(folder.path());
    let relay = TestRelay::start_in(Arc::new(folder)).await;
    let address = format!("http://{}/api/v1/invitations", relay.app().admin_address.unwrap());
    let bare = |body: Value| {
        let request = relay.client.post(&address).header("content-type", "application/json");
        request.body(body.to_string())
    };
    let ask = |body: Value| bare(body).bearer_auth("admin-token-of-the-tests");
    assert_eq!(ask(json!({"source": "nobody"})).send().await.unwrap().status(), 422);
    assert_eq!(ask(json!({"expiry": "1h"})).send().await.unwrap().status(), 400);
    assert_eq!(bare(json!({})).send().await.unwrap().status(), 401);
    let made = ask(json!({"source": "github", "expires": "1h"})).send().await.unwrap();
    assert_eq!(made.status(), 201);
    let made: Value = serde_json::from_str(&made.text().await.unwrap()).unwrap();
    assert_eq!(made["expires"], "2026-11-23T09:00:00Z");
    let (_, invitation) = made["link"].as_str().unwrap().split_once("#invite=").unwrap();

    let now = "2026-11-23T08:00:00Z".parse().unwrap();
    let identity = relay.app().admin.identity.clone();
    let pass = identity.redeem(invitation, now).await.unwrap();
    assert!(matches!(identity.redeem(invitation, now).await, Err(Refused::Used)));
    drop(identity);
    let relay = relay.restart().await;
    let identity = &relay.app().admin.identity;
    assert!(matches!(identity.redeem(invitation, now).await, Err(Refused::Used)));
    let who = identity.who(pass.text.expose(), now).await.unwrap();
    assert_eq!(who.source().map(ToString::to_string).as_deref(), Some("github"));
}
