//! Captured requests of every provider, from their headers and bytes to the body that is posted.

use std::{collections::BTreeMap, fs, path::Path};

use super::*;
use crate::{config::Config, name::ProfileName, provider::shared, subscription::Look, verify::keyring::Keyring};

/// Folders whose preset has another name.
const PRESETS: [(&str, &str); 2] = [("azuredevops", "azure-devops"), ("bitbucket-server", "bitbucket")];

/// Questions that are answered, and become no event.
const HANDSHAKES: [&str; 2] = ["subscription_confirmation", "subscription_validation"];

/// Where it stands what a card must show: where it happened, who or what did it, what it is about. What a payload does
/// not have it need not show.
const SHOWN: &[(&str, &[&str])] = &[
    ("alertmanager", &["/commonLabels/alertname", "/receiver"]),
    (
        "azuredevops",
        &[
            "/resource/repository/name",
            "/resource/createdBy/displayName",
            "/resource/pushedBy/displayName",
            "/resource/title",
            "/resource/definition/name",
        ],
    ),
    (
        "bitbucket",
        &["/repository/full_name", "/actor/display_name", "/issue/title", "/pullrequest/title", "/commit_status/name"],
    ),
    (
        "bitbucket-server",
        &["/repository/name", "/pullRequest/toRef/repository/name", "/actor/displayName", "/pullRequest/title"],
    ),
    ("buildkite", &["/organization/name", "/sender/name"]),
    ("circleci", &["/project/name", "/workflow/name", "/job/name"]),
    ("cloudevents", &["/source", "/type", "/0/type"]),
    ("datadog", &["/org/name"]),
    ("dockerhub", &["/repository/repo_name", "/push_data/pusher", "/push_data/tag"]),
    ("gitea", &["/repository/full_name", "/sender/login", "/issue/title", "/pull_request/title", "/release/tag_name"]),
    ("github", &["/repository/full_name", "/sender/login", "/issue/title", "/pull_request/title"]),
    ("gitlab", &["/project/path_with_namespace", "/user/name", "/user_name", "/object_attributes/title", "/tag"]),
    ("gogs", &["/repository/full_name", "/sender/login", "/issue/title"]),
    ("grafana", &["/ruleName", "/commonLabels/alertname"]),
    ("harbor", &["/event_data/repository/repo_full_name", "/data/repository/repo_full_name"]),
    ("heroku", &["/app", "/user"]),
    ("jenkins", &["/name", "/build/number"]),
    ("jira", &["/issue/key", "/issue/fields/summary", "/user/displayName", "/comment/author/displayName"]),
    ("linear", &["/data/title", "/data/team/name", "/data/state/name"]),
    ("netlify", &["/name", "/branch"]),
    ("newrelic", &["/condition_name", "/policy_name"]),
    ("opsgenie", &["/alert/message", "/alert/username"]),
    ("pagerduty", &["/event/data/title", "/event/data/service/summary"]),
    ("sentry", &["/data/event/title", "/data/issue/title", "/data/issue/project/name"]),
    ("sonarqube", &["/project/name", "/branch/name", "/qualityGate/name"]),
    ("statuspage", &["/incident/name", "/component/name"]),
    ("stripe", &[]),
    ("teamcity", &["/build/projectName", "/build/buildName", "/build/triggeredBy"]),
    ("travis", &["/repository/name", "/author_name"]),
    ("uptimerobot", &["/monitor_friendly_name", "/monitor_url"]),
    ("zabbix", &["/hostname"]),
];

/// Files whose payload leads nowhere.
const NO_LINK: &[&str] = &[
    "aws-sns/notification_ses_bounce.json",
    "harbor/quota_exceed.json",
    "sentry/issue_created.json",
    "sentry/issue_resolved.json",
    // The monitored host has no scheme.
    "uptimerobot/monitor_down.json",
];

fn rules(folders: &[String]) -> Rules {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("sources")).unwrap();
    for name in folders {
        let preset = PRESETS.iter().find(|(folder, _)| folder == name).map_or(name.as_str(), |(_, preset)| preset);
        let source = format!("provider = \"{preset}\"\nverify = \"none\"\n");
        fs::write(folder.path().join(format!("sources/{name}.toml")), source).unwrap();
    }
    let (config, problems) = Config::load(folder.path(), &BTreeMap::new());
    assert_eq!(problems, []);
    Rules::compile(&config).unwrap()
}

/// The event that its source makes of a captured request.
fn event(rules: &Rules, source: &str, file: &Path) -> (Event, Value) {
    let source = rules.sources.get(&source.parse().unwrap()).unwrap();
    let webhook = shared::webhook(file, source.name.as_str());
    let received_at = webhook.received_at;
    let verified = source.verifier.check(webhook, received_at, &Keyring::default()).unwrap();
    source.provider.event(verified).unwrap()
}

/// All that a reader sees, Markdown's escapes left out.
fn seen(value: &Value, out: &mut String) {
    match value {
        Value::String(text) => {
            out.push_str(&text.replace('\\', ""));
            out.push('\n');
        }
        Value::Array(list) => list.iter().for_each(|member| seen(member, out)),
        Value::Object(map) => map.values().for_each(|member| seen(member, out)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[test]
fn every_captured_payload_becomes_a_card_of_its_providers_own_that_shows_where_who_and_what() {
    let Some(payloads) = shared::path("payloads") else { return };
    let schema = shared::json(&shared::path("schemas/adaptive-card/adaptive-card-1.4.0.json").unwrap());
    let schema = jsonschema::validator_for(&schema).unwrap();
    let folders = fs::read_dir(&payloads).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    let folders: Vec<String> = folders.map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect();
    let rules = rules(&folders);
    let workflow: ProfileName = "workflow".parse().unwrap();
    let (mut cards, mut wrong) = (0, Vec::new());
    for folder in &folders {
        let mut files: Vec<_> =
            fs::read_dir(payloads.join(folder)).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.retain(|file| !file.to_str().unwrap().ends_with(".headers.json"));
        for file in files {
            let label = format!("{folder}/{}", file.file_name().unwrap().to_str().unwrap());
            if HANDSHAKES.iter().any(|handshake| label.contains(handshake)) {
                continue;
            }
            let (event, payload) = event(&rules, folder, &file);
            let provider = rules.sources.get(&event.source).unwrap().provider.name().clone();
            let template =
                render::choose(None, None, &provider, &event.kind, |name| rules.templates.has(name)).unwrap();
            let rendered = render(&rules, None, &event, &Look::default());
            let encoded = rules.profiles.get(&workflow).encode(&rendered.card);
            let body: Value = serde_json::from_slice(&encoded.bytes).unwrap();
            let mut content = body["attachments"][0]["content"].clone();
            content.as_object_mut().unwrap().shift_remove("msteams");
            let mut text = String::new();
            seen(&content["body"], &mut text);
            let mut check = |holds: bool, what: String| {
                if !holds {
                    wrong.push(format!("{label}: {what}"));
                }
            };
            check(template.as_str().starts_with(provider.as_str()), format!("is shown by {template}"));
            check(rendered.fault.is_none(), format!("{:?}", rendered.fault));
            check(encoded.unsound.is_none() && !encoded.shortened, "is not what Teams takes".to_owned());
            let errors: Vec<String> = schema.iter_errors(&content).map(|error| error.to_string()).collect();
            check(errors.is_empty(), format!("{errors:?}"));
            check(text.contains('●'), "has no status".to_owned());
            let has_link = rendered.card.link.is_some() && !rendered.card.actions.is_empty();
            let has_none = folder == "cloudevents" || NO_LINK.contains(&label.as_str());
            check(has_link != has_none, "has no link, or one that nobody knew of".to_owned());
            let pointers = SHOWN.iter().find(|(name, _)| name == folder).map_or(&[][..], |(_, pointers)| pointers);
            for pointer in pointers {
                let expected = match payload.pointer(pointer) {
                    Some(Value::String(text)) => text.trim().to_owned(),
                    Some(Value::Number(number)) => number.to_string(),
                    _ => continue,
                };
                check(text.contains(&expected), format!("does not show {pointer}, {expected:?}"));
            }
            cards += 1;
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(cards, 101);
}
