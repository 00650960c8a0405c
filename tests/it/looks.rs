//! The same event in another look or language in another channel.

use std::{fs, sync::Arc};

use serde_json::Value;
use teams_relay::subscribe::Request;

use crate::{
    harness::{TestRelay, settings, write_source},
    process::{self, Daemon, post, run, subscribe, succeed},
    teams::Teams,
};

const OPS: &str = r#"{"summary":"ops: {{payload.repository.full_name}} {{date payload.pushed_at}}",
"body":[{"type":"TextBlock","text":"{{word "Took"}} {{duration 3900}}"}]}"#;

/// The card that went to a channel.
fn card_of(teams: &Teams, channel: &str, cards: &[Value]) -> Value {
    let at = teams.paths().iter().position(|path| path.contains(&format!("channel-{channel}"))).unwrap();
    cards[at]["attachments"][0]["content"].clone()
}

fn ci(teams: &Teams, channel: &str) -> Request {
    Request { profile: Some("workflow".to_owned()), ..Request::new("ci", teams.url(channel)) }
}

const BUILD: &str = r#"{"display_name":"deploy","name":"deploy","url":"job/deploy/","build":{"full_url":"https://ci.octo.example/job/deploy/7/","number":7,"phase":"COMPLETED","status":"SUCCESS","scm":{"branch":"origin/main","commit":"6dcb09b5b57875f334f61aebed695e2e4193db5e","culprits":["mona"]}},"pushed_at":"2026-07-03T08:05:00Z","repository":{"full_name":"octo/hello"}}"#;

#[tokio::test]
async fn one_event_is_shown_to_each_of_three_channels_as_it_wants() {
    let folder = settings("");
    write_source(folder.path(), "ci", "provider = \"jenkins\"\nverify = \"none\"");
    let set = folder.path().join("templates/sets/ops/jenkins");
    fs::create_dir_all(&set).unwrap();
    fs::write(set.join("default.hbs"), OPS).unwrap();
    let relay = TestRelay::start_in(Arc::new(folder)).await;
    let teams = Teams::start().await;
    let add = |request| relay.app().admin.subscriptions.add(request);
    add(ci(&teams, "plain")).await.unwrap();
    add(Request { templates: Some("ops".into()), ..ci(&teams, "ops") }).await.unwrap();
    let german = Request { locale: Some("de".into()), time_zone: Some("Europe/Berlin".into()), ..ci(&teams, "de") };
    add(german).await.unwrap();
    let both = Request {
        templates: Some("ops".into()),
        locale: Some("de".into()),
        time_zone: Some("Europe/Berlin".into()),
        ..ci(&teams, "both")
    };
    add(both).await.unwrap();
    let request = relay.client.post(relay.hook("ci")).header("content-type", "application/json").body(BUILD);
    assert_eq!(request.send().await.unwrap().status(), 202);
    let cards = teams.received(4).await;

    let plain = card_of(&teams, "plain", &cards);
    assert_eq!(plain["fallbackText"], "deploy #7 passed on main in ci.octo.example: deploy #7");
    let text = plain.to_string();
    assert!(text.contains("● Passed") && text.contains(r#""title":"View build""#), "{text}");
    assert!(text.contains(r#""title":"Branch""#) && text.contains(r#""title":"Commit""#), "{text}");

    let german = card_of(&teams, "de", &cards);
    assert_eq!(german["fallbackText"], "deploy #7 auf main bestanden in ci.octo.example: deploy #7");
    let text = german.to_string();
    assert!(text.contains("● Bestanden") && text.contains(r#""title":"Build ansehen""#), "{text}");
    assert!(!text.contains("View build") && !text.contains("Passed"), "{text}");

    let ops = card_of(&teams, "ops", &cards);
    assert_eq!(ops["fallbackText"], "ops: octo/hello 03 Jul 2026, 08:05 UTC");
    assert_eq!(ops["body"][0]["text"], "Took 1 h 5 min");
    let both = card_of(&teams, "both", &cards);
    assert_eq!(both["fallbackText"], "ops: octo/hello 03.07.2026, 10:05 CEST");
    assert_eq!(both["body"][0]["text"], "Dauer 1 Std. 5 Min.");
    relay.accounts_are(|accounts| accounts.delivered == 4).await;
}

#[tokio::test]
async fn a_source_and_the_settings_say_the_language_where_the_subscription_does_not() {
    let folder = settings("[cards]\nlocale = \"de\"\n");
    write_source(folder.path(), "ci", "provider = \"jenkins\"\nverify = \"none\"\nlocale = \"en\"");
    write_source(folder.path(), "cd", "provider = \"jenkins\"\nverify = \"none\"");
    let relay = TestRelay::start_in(Arc::new(folder)).await;
    let teams = Teams::start().await;
    let add = |request| relay.app().admin.subscriptions.add(request);
    add(ci(&teams, "source")).await.unwrap();
    add(Request { source: "cd".into(), ..ci(&teams, "settings") }).await.unwrap();
    for source in ["ci", "cd"] {
        let request = relay.client.post(relay.hook(source)).header("content-type", "application/json").body(BUILD);
        assert_eq!(request.send().await.unwrap().status(), 202);
    }
    let cards = teams.received(2).await;
    assert!(card_of(&teams, "source", &cards).to_string().contains("● Passed"));
    assert!(card_of(&teams, "settings", &cards).to_string().contains("● Bestanden"));
    relay.accounts_are(|accounts| accounts.delivered == 2).await;
}

/// Why `subscription add` with these options failed.
fn refused(folder: &std::path::Path, url: &str, options: &[&str]) -> String {
    let add = ["subscription", "add", "--source", "github", "--url", url];
    let output = run(folder, &[&add[..], options].concat());
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8(output.stderr).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_that_there_is_not_is_refused_and_one_that_goes_away_is_warned_of_and_does_not_stop_cards() {
    let folder = process::settings();
    let folder = folder.path();
    let set = folder.join("templates/sets/ops/github");
    fs::create_dir_all(&set).unwrap();
    fs::write(set.join("push.hbs"), OPS).unwrap();
    let teams = Teams::start().await;
    let mut daemon = Daemon::start(folder);
    let url = teams.url("a");
    let errors = refused(folder, &url, &["--templates", "opps"]);
    assert!(errors.contains("there is no template set `opps`") && errors.contains("did you mean `ops`?"), "{errors}");
    let errors = refused(folder, &url, &["--locale", "xx"]);
    assert!(errors.contains("the language `xx`") && errors.contains("use one of: de, en"), "{errors}");
    let errors = refused(folder, &url, &["--time-zone", "Europe/Berlinn"]);
    assert!(errors.contains("did you mean `Europe/Berlin`?"), "{errors}");
    assert!(!succeed(folder, &["subscription", "list"]).contains("LOOK"));

    let plain = subscribe(folder, &teams.url("plain"));
    let shown = succeed(folder, &["subscription", "show", &plain]);
    assert!(!shown.contains("templates") && !shown.contains("locale"), "{shown}");
    let wanted = [
        "--templates",
        "ops",
        "--locale",
        "de",
        "--time-zone",
        "Europe/Berlin",
        "--name",
        "ops",
        "--profile",
        "workflow",
    ];
    let add = ["subscription", "add", "--source", "github", "--url", &url];
    succeed(folder, &[&add[..], &wanted].concat());
    let shown = succeed(folder, &["subscription", "show", "ops"]);
    for line in ["templates    ops", "locale       de", "time zone    Europe/Berlin"] {
        assert!(shown.contains(line), "{shown}");
    }
    let list = succeed(folder, &["subscription", "list"]);
    assert!(list.contains("LOOK") && list.contains("ops de Europe/Berlin"), "{list}");
    let payload = folder.join("push.json");
    fs::write(&payload, crate::harness::push("p")).unwrap();
    let render = ["render", "--source", "github", "--payload", payload.to_str().unwrap()];
    assert!(
        succeed(folder, &[&render[..], &["--templates", "ops", "--locale", "de"]].concat()).contains("Dauer 1 Std.")
    );
    assert!(succeed(folder, &[&render[..], &["--locale", "de"]].concat()).contains("● Gepusht"));

    assert_eq!(post(&daemon, "d-1").await.status(), 202);
    assert!(card_of(&teams, "a", &teams.received(2).await).to_string().contains("Dauer"));
    fs::remove_dir_all(folder.join("templates/sets")).unwrap();
    daemon.signal("HUP");
    let warning = daemon.wait_for("can't be shown as it wants");
    assert!(warning.contains("there is no template set `ops`"), "{warning}");
    daemon.wait_for("were read again and are in force");
    assert_eq!(post(&daemon, "d-2").await.status(), 202);
    let cards = teams.received(4).await;
    let last = teams.paths().iter().rposition(|path| path.contains("channel-a")).unwrap();
    assert!(cards[last].to_string().contains("● Gepusht"), "{}", cards[last]);
    daemon.stop();
}
