//! The files that are built in, each looked at as it stands.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Provider, Summary};
use crate::config::{problem::Problem, syntax};

/// Those that must be there, whatever else is.
const PROMISED: &[&str] = &[
    "adaptive-card",
    "adyen",
    "alertmanager",
    "argocd",
    "asana",
    "aws-sns",
    "azure-devops",
    "azure-eventgrid",
    "bitbucket",
    "buildkite",
    "circleci",
    "clerk",
    "cloudevents",
    "cloudflare",
    "datadog",
    "discord",
    "dockerhub",
    "flux",
    "forgejo",
    "generic",
    "gitea",
    "gitee",
    "github",
    "gitlab",
    "gogs",
    "grafana",
    "harbor",
    "heroku",
    "hubspot",
    "incident-io",
    "intercom",
    "jenkins",
    "jira",
    "line",
    "linear",
    "messagecard",
    "meta",
    "microsoft-graph",
    "netlify",
    "newrelic",
    "npm",
    "openai",
    "opsgenie",
    "paddle",
    "pagerduty",
    "render",
    "replicate",
    "resend",
    "scalr",
    "sendgrid",
    "sentry",
    "shopify",
    "slack",
    "slack-message",
    "snyk",
    "sonarqube",
    "square",
    "standard-webhooks",
    "statuspage",
    "stripe",
    "svix",
    "teamcity",
    "teams-outgoing",
    "travis",
    "trello",
    "twilio",
    "uptimerobot",
    "vercel",
    "zabbix",
    "zendesk",
    "zoom",
];

fn folder() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("config/providers")
}

/// Each file by its name: its text, and that as a table.
fn files() -> BTreeMap<String, (String, Value)> {
    let paths = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    paths
        .filter(|path| path.extension().is_some_and(|ending| ending == "toml"))
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let text = std::fs::read_to_string(&path).unwrap();
            let table = syntax::table(&name, &text).unwrap();
            (name, (text, table))
        })
        .collect()
}

#[test]
fn every_promised_provider_is_there() {
    let files = files();
    let missing: Vec<&&str> = PROMISED.iter().filter(|name| !files.contains_key(**name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn every_file_says_what_it_is_how_it_is_set_up_and_how_it_proves_itself() {
    let mut titles = BTreeMap::new();
    for (name, (text, table)) in files() {
        assert!(text.starts_with("# "), "{name} begins with a line that says what it is");
        let said = |key: &str| table.get(key).and_then(Value::as_str).unwrap_or_default();
        assert!(!said("title").is_empty() && said("setup").len() > 20, "{name}");
        assert_eq!(titles.insert(said("title").to_owned(), name.clone()), None, "two are called {}", said("title"));
        let summary = Summary::of(&table);
        assert!(!summary.proofs.is_empty(), "{name}");
        // That anyone is believed is the admin's to say, in the source's file.
        assert!(summary.proofs.iter().all(|proof| !proof.starts_with("nothing")), "{name}: {:?}", summary.proofs);
        if summary.takes_public_url {
            assert!(said("setup").contains("`server.public_url`"), "{name} does not say that it needs the address");
        }
        // A request that nothing proves must not reach into the body, nor must one that has none.
        for handshake in table.get("handshake").and_then(Value::as_array).into_iter().flatten() {
            let get = |key: &str| handshake.get(key).and_then(Value::as_str);
            let verified = handshake.get("verified").and_then(Value::as_bool).unwrap_or(true);
            assert!(!verified || get("method").is_none(), "{name}: {handshake}");
            let places = handshake.get("when").and_then(Value::as_object);
            let in_body = places.into_iter().flatten().any(|(place, _)| place.starts_with('/'));
            assert!(verified || !in_body, "{name}: {handshake}");
        }
    }
}

#[test]
fn every_provider_has_ids_or_knows_a_repeat_by_its_body() {
    for (name, (_, file)) in files() {
        let event = &file["event"];
        assert!(
            event.get("id").is_some() || event.get("same_body").is_some(),
            "{name} takes every repeat for an event"
        );
    }
}

/// The rows between the two marks of the README.
fn table_in_readme() -> String {
    let readme = include_str!("../../README.md");
    let (_, after) = readme.split_once("<!-- providers: kept equal to config/providers by a test -->\n").unwrap();
    after.split_once("<!-- /providers -->").unwrap().0.to_owned()
}

#[test]
fn the_readme_lists_every_provider_with_its_proof_and_handshake() {
    let mut table =
        "| `provider` | what it is | proof, the first that is there decides | handshake |\n|---|---|---|---|\n"
            .to_owned();
    for (name, (_, file)) in files() {
        let summary = Summary::of(&file);
        let title = file["title"].as_str().unwrap();
        let (proofs, handshakes) = (summary.proofs.join("; "), summary.handshakes.join("; "));
        table.push_str(&format!("| `{name}` | {title} | {proofs} | {handshakes} |\n"));
    }
    assert_eq!(table_in_readme(), table);
}

/// The TOML of the README that shows how to add a provider, by the file that its first line names.
fn examples() -> BTreeMap<String, String> {
    let readme = include_str!("../../config/providers/README.md");
    let blocks = readme.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks
        .filter_map(|block| {
            let (first, text) = block.split_once('\n')?;
            Some((first.strip_prefix("# ")?.strip_suffix(".toml")?.to_owned(), text.to_owned()))
        })
        .collect()
}

#[test]
fn the_example_of_how_to_add_a_provider_is_a_good_file() {
    let examples = examples();
    let text = examples.get("config/providers/boilerwatch").unwrap();
    let parsed = Provider::parse("boilerwatch".parse().unwrap(), "boilerwatch.toml", text);
    let problems: Vec<String> = parsed.err().unwrap_or_default().iter().map(Problem::to_string).collect();
    assert!(problems.is_empty(), "{problems:#?}");
    let source = syntax::table("source", examples.get("config/sources/boilers").unwrap()).unwrap();
    assert_eq!(source["provider"], "boilerwatch");
}
