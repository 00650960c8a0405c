//! Flows that are open to their tenant only.

use std::{fs, time::Duration};

use teams_relay::{
    outcome::Reason,
    subscribe::{Pasted, Request},
};

use crate::{
    harness::{TestRelay, load},
    teams::{Answer, Teams},
};

const TOKEN: Answer = Answer::Status(200, "", r#"{"access_token":"token-hunter2","expires_in":3600}"#);
const NO_CLIENT: Answer = Answer::Status(401, "", r#"{"error":"invalid_client","error_description":"hunter3"}"#);

fn entra(giver: &Teams, secret: &str) -> String {
    format!(
        "[entra.prod]\ntenant = \"octo.example\"\nclient_id = \"app-1\"\nclient_secret = \"{secret}\"\n\
         authority = \"http://{}\"\naudience = \"https://flow.example/\"\n\
         [entra.plain]\ntenant = \"octo.example\"\nclient_id = \"app-1\"\nclient_secret = \"{secret}\"\n",
        giver.address
    )
}

fn wish(url: &str, name: &str) -> Request {
    let profile = Some("workflow".to_owned());
    Request { profile, entra: Some(name.to_owned()), ..Request::new("github", url.to_owned()) }
}

#[tokio::test]
async fn without_a_token_a_delivery_waits_and_new_settings_take_effect_at_once() {
    let (giver, teams) = (Teams::start().await, Teams::start().await);
    giver.always(NO_CLIENT);
    let mut relay = TestRelay::start_with(&entra(&giver, "old-hunter2")).await;
    let url = format!("http://{}/workflows/1", teams.address);
    relay.app().admin.subscriptions.add(wish(&url, "prod")).await.unwrap();
    relay.push("d-1").await;
    giver.received(1).await;
    let listed = |shown: &serde_json::Value| shown.to_string().contains("token_unavailable");
    let events = relay.admin_until("/api/v1/events", |shown| shown[0]["id"].is_string()).await;
    let path = format!("/api/v1/events/{}", events[0]["id"].as_str().unwrap());
    let shown = relay.admin_until(&path, listed).await.to_string();
    assert!(shown.contains("status 401, invalid_client") && !shown.contains("hunter"), "{shown}");
    assert_eq!((relay.accounts().waiting, teams.count()), (1, 0));

    giver.always(TOKEN);
    let file = relay.folder.path().join("teams-relay.toml");
    let text = fs::read_to_string(&file).unwrap().replace("old-hunter2", "new-hunter2");
    fs::write(&file, text).unwrap();
    let config = load(relay.folder.path());
    relay.app.as_mut().unwrap().reload(config, Vec::new()).unwrap();
    relay.clock.advance(Duration::from_secs(15));
    relay.accounts_are(|accounts| accounts.delivered == 1).await;
    assert_eq!(giver.paths(), ["/octo.example/oauth2/v2.0/token"; 2]);
    assert!(Reason::TokenUnavailable.is_outage());
}

#[tokio::test]
async fn tokens_are_taken_only_where_they_can_be_had_and_sent() {
    let (giver, teams) = (Teams::start().await, Teams::start().await);
    let relay = TestRelay::start_with(&entra(&giver, "hunter2")).await;
    let add = async |request| relay.app().admin.subscriptions.add(request).await.map_err(|error| error.to_string());
    let url = format!("http://{}/workflows/1", teams.address);
    assert!(add(wish(&teams.url("a"), "prod")).await.unwrap_err().contains("the URL has a `sig`"));
    assert!(add(wish(&url, "prdo")).await.unwrap_err().ends_with("did you mean `prod`?"));
    assert!(add(wish(&url, "plain")).await.unwrap_err().contains("set `entra.plain.audience`"));
    let header = vec![Pasted("Authorization: Bearer x".into())];
    let both = Request { headers: header, ..wish(&url, "prod") };
    assert!(add(both).await.unwrap_err().contains("`Authorization` header beside `entra`"));

    let added = add(wish(&url, "prod")).await.unwrap();
    let bare = Request { entra: None, ..wish(&url, "prod") };
    assert!(add(bare).await.unwrap_err().contains("with the tokens of `prod`"));
    let shown = relay.admin("/api/v1/subscriptions").await;
    assert!(shown.contains(r#""entra":"prod""#), "{shown}");
    let relay = relay.restart().await;
    let kept = relay.app().admin.store.subscription(added.id).unwrap();
    assert_eq!(kept.destination.entra, Some("prod".parse().unwrap()));
}
