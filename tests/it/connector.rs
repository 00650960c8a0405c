//! The pages' door: people subscribe, prove their channel, change their mind, and see nothing of each other.

use std::{fs, sync::Arc, time::Duration};

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    harness::{self, TestRelay},
    teams::{Answer, Teams},
};

/// A relay with pages.
async fn relay(more: &str) -> TestRelay {
    let folder = harness::settings("");
    let main = folder.path().join("teams-relay.toml");
    let text = fs::read_to_string(&main).unwrap();
    let text = text.replace("[server]\n", "[server]\npublic_url = \"https://hooks.octo.example/\"\n");
    fs::write(main, format!("{text}[connector]\n{more}")).unwrap();
    TestRelay::start_in(Arc::new(folder)).await
}

/// Somebody with a pass.
struct Guest<'a> {
    relay: &'a TestRelay,
    pass: String,
}

impl<'a> Guest<'a> {
    async fn invited(relay: &'a TestRelay) -> Self {
        let address = format!("http://{}/api/v1/invitations", relay.app().admin_address.unwrap());
        let asked = relay.client.post(address).bearer_auth("admin-token-of-the-tests");
        let made = asked.header("content-type", "application/json").body("{}").send().await.unwrap();
        let made: Value = serde_json::from_str(&made.text().await.unwrap()).unwrap();
        let (_, invitation) = made["link"].as_str().unwrap().split_once("#invite=").unwrap();
        let nobody = Guest { relay, pass: String::new() };
        let (status, answer) = nobody.ask(Method::POST, "passes", json!({"invitation": invitation})).await;
        assert_eq!(status, 201, "{answer}");
        Guest { relay, pass: answer["pass"].as_str().unwrap().to_owned() }
    }

    async fn ask(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        let address = format!("http://{}/connector/api/{path}", self.relay.app().public_address);
        let request = self.relay.client.request(method, address).header("content-type", "application/json");
        let request = if self.pass.is_empty() { request } else { request.bearer_auth(&self.pass) };
        let answer = request.body(body.to_string()).send().await.unwrap();
        let status = answer.status().as_u16();
        (status, serde_json::from_str(&answer.text().await.unwrap()).unwrap_or_default())
    }

    async fn get(&self, path: &str) -> Value {
        let (status, answer) = self.ask(Method::GET, path, Value::Null).await;
        assert_eq!(status, 200, "{answer}");
        answer
    }

    async fn add(&self, url: &str, by: &str, more: Value) -> (u16, Value) {
        let mut wanted = json!({"source": "github", "url": url, "by": by});
        for (name, value) in more.as_object().into_iter().flatten() {
            wanted[name] = value.clone();
        }
        self.ask(Method::POST, "subscriptions", wanted).await
    }

    /// The subscription's own address.
    async fn of(&self, method: Method, added: &Value, path: &str, body: Value) -> (u16, Value) {
        self.ask(method, &format!("subscriptions/{}{path}", added["id"].as_str().unwrap()), body).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_whose_invitation_is_taken_back_is_shut_out_at_once_and_what_they_subscribed_goes_on() {
    let (relay, teams) = (relay("").await, Teams::start().await);
    let guest = Guest::invited(&relay).await;
    let (_, added) = guest.add(&teams.url("general"), "connector", Value::Null).await;
    let of_admin: Value = serde_json::from_str(&relay.admin("/api/v1/subscriptions").await).unwrap();
    let owner = of_admin[0]["asked"]["owner"].as_str().unwrap();
    let id = owner.strip_prefix("guest:").unwrap();
    let address = format!("http://{}/api/v1/invitations/{id}", relay.app().admin_address.unwrap());
    let asked = relay.client.delete(address).bearer_auth("admin-token-of-the-tests").send().await.unwrap();
    let told: Value = serde_json::from_str(&asked.text().await.unwrap()).unwrap();
    assert_eq!(told, json!({"id": id, "subscriptions": [added["id"]]}));
    let (status, refused) = guest.ask(Method::GET, "subscriptions", Value::Null).await;
    assert_eq!((status, refused["reason"].as_str()), (401, Some("unauthorized")));
    assert!(refused["detail"].as_str().unwrap().contains("taken back"), "{refused}");
    relay.push_to(1, "main").await;
    teams.received(1).await;
}

/// The digits on a card with a code.
fn code_on(card: &Value) -> String {
    let body = &card["attachments"][0]["content"]["body"];
    let text = body[1]["text"].as_str().unwrap();
    assert_eq!(text.len(), 7, "{card}");
    text.to_owned()
}

fn push(number: u32, branch: &str) -> String {
    json!({"ref": format!("refs/heads/{branch}"), "after": format!("{number:040x}"),
        "repository": {"full_name": "octo/hello", "html_url": "https://github.com/octo/hello"},
        "sender": {"login": "mona"}, "commits": []})
    .to_string()
}

impl TestRelay {
    async fn push_to(&self, number: u32, branch: &str) {
        let answer = self.github("push", &format!("d-{number}"), &push(number, branch)).send().await.unwrap();
        assert_eq!(answer.status(), 202);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pasted_channel_gets_nothing_but_its_code_until_that_is_typed_and_then_what_was_chosen() {
    let (relay, teams) = (relay("").await, Teams::start().await);
    let guest = Guest::invited(&relay).await;
    let chips = json!({"all": true, "repository": [{"glob": "octo/*"}], "branch": [{"glob": "wip/*", "not": true}]});
    let (status, added) = guest.add(&teams.url("general"), "pasted", json!({"chips": chips, "name": "Ours"})).await;
    assert_eq!((status, added["state"].as_str()), (201, Some("unproved")), "{added}");
    assert!(!added.to_string().contains("http"), "{added}");
    let code = code_on(&teams.received(1).await[0]);

    relay.push_to(1, "main").await;
    relay.accounts_are(|accounts| accounts.ignored == 1).await;
    let (status, refused) = guest.of(Method::POST, &added, "/proof", json!({"code": "not it"})).await;
    assert_eq!((status, refused["reason"].as_str()), (422, Some("wrong_code")));
    assert!(refused["detail"].as_str().unwrap().contains("4 more tries"), "{refused}");
    let (status, proved) = guest.of(Method::POST, &added, "/proof", json!({"code": code})).await;
    assert_eq!((status, proved["state"].as_str()), (200, Some("active")), "{proved}");

    relay.push_to(2, "wip/x").await;
    relay.push_to(3, "main").await;
    relay.accounts_are(|accounts| accounts.delivered == 1 && accounts.ignored == 2).await;
    let seen = guest.get(&format!("subscriptions/{}", added["id"].as_str().unwrap())).await;
    assert_eq!((seen["name"].as_str(), seen["chips"]["branch"][0]["not"].as_bool()), (Some("Ours"), Some(true)));
    assert_eq!(seen["last_delivery"], "2026-11-23T08:00:00Z");

    let changed = json!({"events": ["issues"], "chips": {}, "name": "Issues"});
    let (status, changed) = guest.of(Method::PUT, &added, "", changed).await;
    assert_eq!((status, changed["name"].as_str()), (200, Some("Issues")), "{changed}");
    relay.push_to(4, "main").await;
    relay.accounts_are(|accounts| accounts.ignored == 3).await;

    let (status, _) = guest.of(Method::DELETE, &added, "", Value::Null).await;
    assert_eq!(status, 200);
    assert_eq!(guest.get("subscriptions").await, json!([]));
    assert!(relay.app().admin.store.subscriptions().is_empty());
    relay.push_to(5, "main").await;
    relay.accounts_are(|accounts| accounts.ignored == 4).await;
    assert_eq!(teams.count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_teams_gave_needs_no_code_is_kept_over_a_restart_and_its_hints_are_the_admins_alone() {
    let (relay, teams) = (relay("").await, Teams::start().await);
    let guest = Guest::invited(&relay).await;
    let team = json!({"team": {"app_type": "teams", "channel_name": "General", "user": "who-set-it-up"}});
    let (status, added) = guest.add(&teams.url("general"), "connector", team).await;
    assert_eq!((status, added["state"].as_str()), (201, Some("pending")), "{added}");
    assert!(!added.to_string().contains("who-set-it-up"));
    let pass = guest.pass;
    let relay = relay.restart().await;
    let guest = Guest { relay: &relay, pass };
    let list = guest.get("subscriptions").await;
    assert_eq!(list[0]["id"], added["id"]);
    assert!(!list.to_string().contains("who-set-it-up"));
    let of_admin: Value = serde_json::from_str(&relay.admin("/api/v1/subscriptions").await).unwrap();
    assert_eq!(of_admin[0]["asked"]["team"]["user"], "who-set-it-up");
    assert!(of_admin[0]["asked"]["owner"].as_str().unwrap().starts_with("guest:"));
    relay.push_to(1, "main").await;
    teams.received(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_sees_or_changes_what_is_somebody_elses() {
    let (relay, teams) = (relay("").await, Teams::start().await);
    let (mona, lisa) = (Guest::invited(&relay).await, Guest::invited(&relay).await);
    let (_, added) = mona.add(&teams.url("general"), "connector", Value::Null).await;
    assert_eq!(lisa.get("subscriptions").await, json!([]));
    let nobody = Guest { relay: &relay, pass: String::new() };
    let forged = Guest { relay: &relay, pass: format!("{}x", mona.pass) };
    for (who, expected) in [(&lisa, 403), (&nobody, 401), (&forged, 401)] {
        for (method, path) in [
            (Method::GET, ""),
            (Method::PUT, ""),
            (Method::DELETE, ""),
            (Method::POST, "/pause"),
            (Method::POST, "/resume"),
            (Method::POST, "/test"),
            (Method::POST, "/code"),
            (Method::POST, "/proof"),
        ] {
            let body = if path == "/proof" { json!({"code": "1"}) } else { json!({}) };
            let (status, answer) = who.of(method.clone(), &added, path, body).await;
            assert_eq!(status, expected, "{method} {path}: {answer}");
        }
    }
    let made_by_admin = relay.subscribe("github", teams.url("other")).await;
    let (status, _) = mona.ask(Method::GET, &format!("subscriptions/{}", made_by_admin.id), Value::Null).await;
    assert_eq!(status, 403);
    let (status, _) = mona.of(Method::POST, &added, "/pause", json!({})).await;
    assert_eq!(status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_holds_for_five_tries_and_a_quarter_of_an_hour_and_another_one_can_be_had() {
    let (relay, teams) = (relay("").await, Teams::start().await);
    let guest = Guest::invited(&relay).await;
    let (_, added) = guest.add(&teams.url("general"), "pasted", Value::Null).await;
    let first = code_on(&teams.received(1).await[0]);
    for _ in 0..5 {
        assert_eq!(guest.of(Method::POST, &added, "/proof", json!({"code": "000 00"})).await.0, 422);
    }
    let (status, over) = guest.of(Method::POST, &added, "/proof", json!({"code": first})).await;
    assert_eq!(status, 422);
    assert!(over["detail"].as_str().unwrap().contains("holds no longer"), "{over}");
    assert_eq!(guest.of(Method::POST, &added, "/code", json!({})).await.0, 202);
    let second = code_on(&teams.received(2).await[1]);
    relay.clock.advance(Duration::from_secs(16 * 60));
    assert_eq!(guest.of(Method::POST, &added, "/proof", json!({"code": second})).await.0, 422);
    for _ in 0..3 {
        assert_eq!(guest.of(Method::POST, &added, "/code", json!({})).await.0, 202);
    }
    let (status, wait) = guest.of(Method::POST, &added, "/code", json!({})).await;
    assert_eq!((status, wait["reason"].as_str()), (429, Some("codes")), "{wait}");
    let last = code_on(&teams.received(5).await[4]);
    assert_eq!(guest.of(Method::POST, &added, "/proof", json!({"code": last})).await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_url_that_takes_no_card_or_is_of_no_allowed_host_is_refused_in_words_and_nothing_is_kept() {
    let (relay, teams) = (relay("").await, Teams::start().await);
    let guest = Guest::invited(&relay).await;
    teams.always(Answer::Status(404, "", ""));
    let (status, refused) = guest.add(&teams.url("gone"), "pasted", Value::Null).await;
    assert_eq!((status, refused["reason"].as_str()), (422, Some("not_posted")), "{refused}");
    for (url, source) in
        [("https://evil.example/x", "github"), ("no url", "github"), (teams.url("x").as_str(), "nothing")]
    {
        let wanted = json!({"source": source, "url": url, "by": "pasted"});
        let (status, refused) = guest.ask(Method::POST, "subscriptions", wanted).await;
        assert_eq!(status, 422, "{refused}");
        assert!(!refused.to_string().contains("evil.example/x"), "{refused}");
    }
    let chips = json!({"chips": {"repository": [{"glob": ""}]}});
    assert_eq!(guest.add(&teams.url("x"), "pasted", chips).await.0, 422);
    assert!(relay.app().admin.store.subscriptions().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_on_offer_has_words_chips_and_a_card_of_each_event() {
    let relay = relay("").await;
    let guest = Guest::invited(&relay).await;
    let sources = guest.get("sources").await;
    let github = &sources[0];
    assert_eq!(
        (github["title"].as_str(), &github["chips"]),
        (Some("GitHub"), &json!(["repository", "branch", "label"]))
    );
    assert_eq!(github["quota"]["posts"], 5000);
    let events = github["events"].as_array().unwrap();
    let push = events.iter().find(|event| event["type"] == "push").unwrap();
    assert!(push["says"].as_str().unwrap().starts_with("Commits to a branch"), "{push}");
    for event in events {
        let kind = event["type"].as_str().unwrap();
        let sample = guest.get(&format!("sources/github/samples/{kind}?theme=dark")).await;
        assert!(sample["card"]["attachments"][0]["content"]["body"].is_array(), "{kind}");
    }
    assert_eq!(guest.ask(Method::GET, "sources/github/samples/nothing", Value::Null).await.0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_say_who_may_embed_them_and_without_the_settings_there_are_none() {
    let with = relay("frame_ancestors = [\"https://teams.microsoft.com\"]\n").await;
    for page in
        ["config", "tab", "remove", "signed-in", "assets/connector.css", "assets/card.js", "api/about", "nothing"]
    {
        let address = format!("http://{}/connector/{page}", with.app().public_address);
        let answer = with.client.get(address).send().await.unwrap();
        let policy = answer.headers()["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("frame-ancestors https://teams.microsoft.com;"), "{page}: {policy}");
        assert!(!policy.contains("unsafe-inline") && answer.headers()["x-content-type-options"] == "nosniff");
        assert!(!answer.headers().contains_key("x-frame-options") && !answer.headers().contains_key("set-cookie"));
        assert_eq!(answer.status(), if page == "nothing" { 404 } else { 200 }, "{page}");
    }
    let without = TestRelay::start().await;
    for page in ["config", "api/about", "api/subscriptions"] {
        let address = format!("http://{}/connector/{page}", without.app().public_address);
        assert_eq!(without.client.get(address).send().await.unwrap().status(), 404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_are_told_of_a_guide_only_where_the_settings_have_one() {
    let nobody = |relay| async move { Guest { relay, pass: String::new() }.get("about").await };
    let (with, without) = (relay("guide = \"https://intranet.octo.example/teams\"\n").await, relay("").await);
    assert_eq!(nobody(&with).await["guide"], "https://intranet.octo.example/teams");
    assert_eq!(nobody(&without).await["guide"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn guesses_count_also_while_the_subscription_is_being_changed() {
    let (relay, teams) = (relay("").await, Teams::start().await);
    let guest = Guest::invited(&relay).await;
    let (_, added) = guest.add(&teams.url("general"), "pasted", Value::Null).await;
    teams.received(1).await;
    let guesses = (0..20).map(|_| guest.of(Method::POST, &added, "/proof", json!({"code": "x"})));
    let changes = (0..20).map(|number| guest.of(Method::PUT, &added, "", json!({"name": format!("{number}")})));
    let (guesses, _) = tokio::join!(futures_util::future::join_all(guesses), futures_util::future::join_all(changes));
    let counted = guesses.iter().filter(|(_, refused)| refused["detail"].as_str().unwrap().contains("more tr")).count();
    assert_eq!(counted, 4, "the fifth is the last");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_adds_again_what_is_there_gets_that_and_another_code_only_once_none_holds() {
    let (relay, teams) = (relay("").await, Teams::start().await);
    let guest = Guest::invited(&relay).await;
    let chips = json!({"all": true, "branch": [{"glob": "main"}]});
    let choices = json!({"events": ["push"], "chips": chips, "min_severity": "warning", "name": " Ours "});
    let general = teams.url("general");
    let again = || guest.add(&general, "pasted", choices.clone());
    let all = futures_util::future::join_all((0..5).map(|_| again())).await;
    let id = all[0].1["id"].clone();
    assert!(all.iter().all(|(_, added)| added["id"] == id && added["state"] == "unproved"), "{all:?}");
    let mut statuses: Vec<u16> = all.iter().map(|(status, _)| *status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 200, 200, 201]);
    assert_eq!(teams.count(), 1);
    relay.clock.advance(Duration::from_secs(16 * 60));
    assert_eq!(again().await.0, 200);
    let second = code_on(&teams.received(2).await[1]);
    let (_, proved) = guest.of(Method::POST, &all[0].1, "/proof", json!({"code": second})).await;
    assert_eq!(proved["state"], "active", "{proved}");
    relay.clock.advance(Duration::from_secs(16 * 60));
    let (status, there) = again().await;
    assert_eq!((status, &there["id"], there["state"].as_str()), (200, &id, Some("active")), "{there}");
    assert_eq!((teams.count(), relay.app().admin.store.subscriptions().len()), (2, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_choice_another_channel_or_somebody_else_makes_a_subscription_of_its_own() {
    let (relay, teams) = (relay("").await, Teams::start().await);
    let (mona, lisa) = (Guest::invited(&relay).await, Guest::invited(&relay).await);
    let general = teams.url("general");
    assert_eq!(mona.add(&general, "connector", json!({})).await.0, 201);
    assert_eq!(mona.add(&general, "connector", json!({"team": {"channel_name": "General"}})).await.0, 200);
    for other in [
        json!({"events": ["push"]}),
        json!({"chips": {"branch": [{"glob": "main"}]}}),
        json!({"min_severity": "critical"}),
        json!({"name": "Ours"}),
    ] {
        assert_eq!(mona.add(&general, "connector", other.clone()).await.0, 201, "{other}");
    }
    assert_eq!(mona.add(&teams.url("other"), "connector", json!({})).await.0, 201);
    assert_eq!(lisa.add(&general, "connector", json!({})).await.0, 201);
    assert_eq!(relay.app().admin.store.subscriptions().len(), 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_its_code_is_proved_once_teams_itself_gives_the_channel() {
    let (relay, teams) = (relay("").await, Teams::start().await);
    let guest = Guest::invited(&relay).await;
    let (_, pasted) = guest.add(&teams.url("general"), "pasted", json!({})).await;
    let (status, given) = guest.add(&teams.url("general"), "connector", json!({})).await;
    assert_eq!((status, &given["id"], given["state"].as_str()), (200, &pasted["id"], Some("active")), "{given}");
    relay.push_to(1, "main").await;
    teams.received(2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gets_more_subscriptions_than_one_may_have_also_by_asking_for_them_at_once() {
    let (relay, teams) = (relay("").await, Teams::start().await);
    let guest = Guest::invited(&relay).await;
    let general = teams.url("general");
    let add = |number: usize| guest.add(&general, "connector", json!({"name": format!("{number}")}));
    let all = futures_util::future::join_all((0..104).map(add)).await;
    assert_eq!(all.iter().filter(|(status, _)| *status == 201).count(), 100);
    assert_eq!(all.iter().filter(|(status, _)| *status == 422).count(), 4);
    let (first, _) = all.iter().enumerate().find(|(_, (status, _))| *status == 201).unwrap();
    assert_eq!(add(first).await.0, 200, "what is there is answered also then");
}
