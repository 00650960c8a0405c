//! Nothing that the daemon shows holds a webhook URL, a secret or a payload.

use std::time::Duration;

use crate::{
    harness::{SECRET, write_source},
    process::{Daemon, post, run, subscribe, succeed},
    teams::{Answer, Teams},
};

/// Stands in every payload that the test sends.
const MARKER: &str = "payload-marker-7291";

#[tokio::test(flavor = "multi_thread")]
async fn no_log_metric_list_or_error_holds_a_url_a_secret_or_a_payload() {
    let folder = crate::process::settings();
    let main = folder.path().join("teams-relay.toml");
    let text =
        std::fs::read_to_string(&main).unwrap().replace("format = \"json\"", "format = \"json\"\nlevel = \"trace\"");
    std::fs::write(&main, text).unwrap();
    write_source(folder.path(), "open", "provider = \"generic\"\nverify = \"none\"");
    // A template that fails on this payload, so that the fault is told.
    std::fs::create_dir_all(folder.path().join("templates/generic")).unwrap();
    std::fs::write(folder.path().join("templates/generic/event.hbs"), "{\"summary\": {{payload.text}} }").unwrap();
    let teams = Teams::start().await;
    let mut daemon = Daemon::start(folder.path());
    let id = subscribe(folder.path(), &teams.url("a"));
    let open = teams.url("open");
    succeed(folder.path(), &["subscription", "add", "--source", "open", "--url", &open, "--profile", "workflow"]);
    teams.answer([
        Answer::Status(500, "", "see http://127.0.0.1/channel-a?sig=very-secret-sig"),
        Answer::Reset,
        Answer::Status(202, "", ""),
        Answer::Status(400, "", "gone: very-secret-sig"),
    ]);
    assert_eq!(post(&daemon, MARKER).await.status(), 202);
    teams.received(3).await;
    assert_eq!(post(&daemon, &format!("{MARKER}-2")).await.status(), 202);
    teams.received(4).await;
    let client = teams_relay::deliver::post::plain_client(Duration::from_secs(5)).unwrap();
    let url = format!("{}/open", daemon.hooks);
    let bodies = [format!("{{\"text\": \"{MARKER}\"}}"), format!("{{\"text\": {MARKER}")];
    for body in bodies {
        client.post(&url).header("content-type", "application/json").body(body).send().await.unwrap();
    }
    let wrong = client.post(format!("{}/github", daemon.hooks)).header("x-hub-signature-256", SECRET);
    assert_eq!(wrong.body(MARKER).send().await.unwrap().status(), 401);
    teams.received(5).await;
    let mut shown = vec![
        client.get(format!("{}/metrics", daemon.admin)).send().await.unwrap().text().await.unwrap(),
        succeed(folder.path(), &["subscription", "list"]),
        succeed(folder.path(), &["subscription", "show", &id, "--json"]),
        succeed(folder.path(), &["event", "list", "--json"]),
        succeed(folder.path(), &["dead", "list", "--json"]),
    ];
    let events: serde_json::Value = serde_json::from_str(&shown[3]).unwrap();
    for event in events.as_array().unwrap() {
        shown.push(succeed(folder.path(), &["event", "show", event["id"].as_str().unwrap()]));
    }
    for bad in ["http://evil.example/x?sig=very-secret-sig", "very-secret-sig", "ftp://x/very-secret-sig"] {
        let output = run(folder.path(), &["subscription", "add", "--source", "github", "--url", bad]);
        assert!(!output.status.success());
        shown.push(String::from_utf8(output.stderr).unwrap());
    }
    daemon.stop();
    let log = daemon.log();
    assert!(log.contains("template failed") && log.contains("given up"), "the log tells what happened");
    shown.push(log);
    assert_no_secret_in(&shown);
}

fn assert_no_secret_in(shown: &[String]) {
    for text in shown {
        for secret in ["very-secret-sig", "channel-a", "channel-open", SECRET, "admin-token-of-the-tests"] {
            let line = text.lines().find(|line| line.contains(secret));
            assert!(line.is_none(), "`{secret}` is in: {}", line.unwrap());
        }
        // A delivery id is no payload, and the push of the test has the marker in its id too.
        let line = text
            .lines()
            .find(|line| line.contains(&format!("Change {MARKER}")) || line.contains(&format!("\"text\": \"{MARKER}")));
        assert!(line.is_none(), "the payload is in: {}", line.unwrap());
    }
}
