//! Payloads as GitHub sent them, through `send` and a running `serve`, to a body that Teams would take.

use std::path::{Path, PathBuf};

use serde_json::Value;

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
