//! Payloads as providers sent them, through `send` and a running `serve`, to a body that Teams would take.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::{
    process::{Daemon, settings, subscribe, succeed},
    teams::Teams,
};

/// The folder with captured payloads and official schemas; not part of the repository.
#[expect(clippy::print_stdout, reason = "who runs the tests should know what was skipped")]
fn shared() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    if folder.is_dir() {
        return Some(folder);
    }
    assert!(std::env::var_os("CI").is_none(), "../shared is missing");
    println!("skipped: ../shared with captured payloads is not there");
    None
}

fn strip_msteams(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.remove("msteams");
            map.values_mut().for_each(strip_msteams);
        }
        Value::Array(list) => list.iter_mut().for_each(strip_msteams),
        _ => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_github_payload_becomes_a_card_of_its_own() {
    let Some(shared) = shared() else { return };
    let schema = std::fs::read(shared.join("schemas/adaptive-card/adaptive-card-1.4.0.json")).unwrap();
    let schema = jsonschema::validator_for(&serde_json::from_slice(&schema).unwrap()).unwrap();
    let folder = settings();
    let teams = Teams::start().await;
    let mut daemon = Daemon::start(folder.path());
    subscribe(folder.path(), &teams.url("a"));
    let mut files: Vec<PathBuf> = std::fs::read_dir(shared.join("payloads/github"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| !path.to_str().unwrap().ends_with(".headers.json"))
        .collect();
    files.sort();
    assert!(files.len() > 10);
    for (at, file) in files.iter().enumerate() {
        let to = format!("{}/github", daemon.hooks);
        let answer =
            succeed(folder.path(), &["send", "--source", "github", "--payload", file.to_str().unwrap(), "--to", &to]);
        assert!(answer.starts_with("202"), "{answer}");
        let body = teams.received(at + 1).await.pop().unwrap();
        check(&body, file, &schema);
    }
    daemon.stop();
}

/// Folders whose preset has another name.
const PRESETS: [(&str, &str); 2] = [("azuredevops", "azure-devops"), ("bitbucket-server", "bitbucket")];

/// Signed by a key that only the provider has, or at a time that is long past.
const NOT_SIGNED_HERE: [&str; 2] = ["travis", "linear"];

/// The lines of a source's file for a folder of captured payloads.
fn source_of(folder: &str, files: &[PathBuf]) -> String {
    let preset = PRESETS.iter().find(|(name, _)| *name == folder).map_or(folder, |(_, preset)| preset);
    if NOT_SIGNED_HERE.contains(&folder) {
        return format!("provider = \"{preset}\"\nverify = \"none\"\n");
    }
    let mut secrets = vec![json!("ops:an-invented-password")];
    if folder == "aws-sns" {
        secrets = files.iter().map(|file| json_of(file)["TopicArn"].clone()).collect();
        secrets.push(json!(include_str!("../keys/rsa.pem")));
    }
    format!("provider = \"{preset}\"\nsecrets = {}\n", Value::from(secrets))
}

fn json_of(file: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_captured_payload_is_taken_from_its_preset_and_a_second_one_is_a_repeat() {
    let Some(shared) = shared() else { return };
    let folder = settings();
    let mut sources = Vec::new();
    for entry in std::fs::read_dir(shared.join("payloads")).unwrap() {
        let path = entry.unwrap().path();
        if !path.is_dir() {
            continue;
        }
        let mut files: Vec<PathBuf> = std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.retain(|file| !file.to_str().unwrap().ends_with(".headers.json"));
        files.sort();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let toml = folder.path().join(format!("sources/{name}.toml"));
        std::fs::write(toml, source_of(&name, &files)).unwrap();
        sources.push((name, files));
    }
    assert_eq!(sources.len(), 33);
    sources.sort();
    let mut daemon = Daemon::start(folder.path());
    for (name, files) in &sources {
        for file in files {
            let shown = file.display();
            let (to, file) = (format!("{}/{name}", daemon.hooks), file.to_str().unwrap());
            let stem = Path::new(file).file_stem().unwrap().to_str().unwrap();
            let id = format!("{name}/{stem}");
            let send = ["send", "--source", name, "--payload", file, "--to", &to, "--delivery-id", &id];
            let first = succeed(folder.path(), &send);
            let handshake = first.starts_with("200") && !first.contains("duplicate");
            let asks = file.contains("subscription_validation") || file.contains("subscription_confirmation");
            assert_eq!(handshake, asks, "{shown}: {first}");
            // Several of the captured payloads of these have the id of their documentation's example.
            let shares_an_id = ["cloudevents", "stripe"].contains(&name.as_str());
            let taken = first.starts_with("202") || (shares_an_id && first.contains("duplicate"));
            assert!(handshake || taken, "{shown}: {first}");
            let second = succeed(folder.path(), &send);
            assert!(handshake || second.contains("\"duplicate\":true"), "{shown}: {second}");
        }
    }
    daemon.stop();
}

fn check(body: &Value, file: &Path, schema: &jsonschema::Validator) {
    let name = file.file_name().unwrap().to_str().unwrap();
    assert!(body.to_string().len() <= 28_672, "{name}");
    let attachment = &body["attachments"][0];
    assert_eq!(body["type"], "message");
    assert_eq!(attachment["contentUrl"], Value::Null);
    let mut card = attachment["content"].clone();
    assert_eq!(card["version"], "1.4");
    strip_msteams(&mut card);
    let errors: Vec<String> = schema.iter_errors(&card).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{name}: {errors:?}");
    let bytes = std::fs::read(file).unwrap();
    let payload: Value = match form_urlencoded::parse(&bytes).find(|(field, _)| field == "payload") {
        Some((_, json)) => serde_json::from_str(&json).unwrap(),
        None => serde_json::from_slice(&bytes).unwrap(),
    };
    // As it is shown, Markdown's escapes left out.
    let text = card.to_string().replace("\\\\", "");
    let says = |words: &Value| words.as_str().is_none_or(|words| text.contains(words));
    assert!(says(&payload["repository"]["full_name"]), "{name} does not show the repository: {text}");
    assert!(says(&payload["sender"]["login"]), "{name} does not show who did it: {text}");
    assert!(text.contains("\"Action.OpenUrl\"") && text.contains("https://"), "{name} has no link: {text}");
    assert!(!text.contains("Shown plainly"), "{name} is the fallback card");
}
