//! Templates from the command line: what there is, what stands in it, and a new one that works at once.

use std::{fs, path::Path};

use crate::{
    harness::write_source,
    process::{run, settings, succeed},
};

const BUILD: &str = r#"{"build": {"title": "Nightly", "status": "failed", "url": "https://ci.example/7"}, "sender": {"login": "mona"}}"#;

fn new(folder: &Path, provider: &str, event: &str, more: &[&str]) -> std::process::Output {
    run(folder, &[&["template", "new", "--provider", provider, "--event", event], more].concat())
}

fn errors(output: &std::process::Output) -> String {
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn a_template_made_from_a_payload_passes_check_and_makes_the_card() {
    let folder = settings();
    write_source(folder.path(), "ci", "provider = \"generic\"\nsecrets = \"s\"");
    let payload = folder.path().join("build.json");
    fs::write(&payload, BUILD).unwrap();
    let made = new(folder.path(), "generic", "Build:done.nightly", &["--from", payload.to_str().unwrap()]);
    let said = String::from_utf8(made.stdout).unwrap();
    assert!(made.status.success(), "{said}");
    let template = folder.path().join("templates/generic/build_done.nightly.hbs");
    let sample = folder.path().join("templates/generic/samples/build_done.nightly.json");
    for words in
        [template.to_str().unwrap(), sample.to_str().unwrap(), "render --watch", "--source ci", "teams-relay check"]
    {
        assert!(said.contains(words), "`{words}` is not in {said}");
    }
    let text = fs::read_to_string(&template).unwrap();
    assert!(text.starts_with("{{!--") && text.contains("title=payload.build.title"), "{text}");
    succeed(folder.path(), &["check"]);
    let arguments =
        ["render", "--source", "ci", "--event", "Build:done.nightly", "--payload", sample.to_str().unwrap()];
    let body = succeed(folder.path(), &arguments);
    assert!(body.contains("Nightly") && body.contains("mona") && body.contains("https://ci.example/7"), "{body}");
}

#[test]
fn nothing_is_overwritten() {
    let folder = settings();
    let payload = folder.path().join("build.json");
    fs::write(&payload, BUILD).unwrap();
    let from = ["--from", payload.to_str().unwrap()];
    assert!(new(folder.path(), "generic", "build", &from).status.success());
    let template = folder.path().join("templates/generic/build.hbs");
    fs::write(&template, "mine").unwrap();
    assert!(errors(&new(folder.path(), "generic", "build", &from)).contains("is there already"));
    assert_eq!(fs::read_to_string(&template).unwrap(), "mine");
    // A sample alone is in the way too, and then no template is written.
    fs::remove_file(&template).unwrap();
    assert!(errors(&new(folder.path(), "generic", "build", &from)).contains("samples/build.json is there already"));
    assert!(!template.exists());
}

#[test]
fn without_a_payload_the_built_in_template_is_copied_with_its_sample() {
    let folder = settings();
    let made = new(folder.path(), "github", "pull_request.closed", &[]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let read = |file: &str| fs::read_to_string(folder.path().join("templates/github").join(file)).unwrap();
    let built_in = succeed(folder.path(), &["template", "show", "github/pull_request"]);
    assert_eq!(read("pull_request.closed.hbs"), built_in);
    assert!(read("samples/pull_request.closed.json").contains("\"action\": \"closed\""));
    succeed(folder.path(), &["check"]);
    let said = errors(&new(folder.path(), "generic", "build", &[]));
    assert!(said.contains("--from PAYLOAD.json"), "{said}");
}

#[test]
fn wrong_names_are_told() {
    let folder = settings();
    assert!(errors(&new(folder.path(), "githup", "push", &[])).contains("did you mean `github`?"));
    assert!(errors(&new(folder.path(), "github", "../../evil", &[])).contains("can't be the name of a template"));
    assert!(errors(&new(folder.path(), "github", "", &[])).contains("can't be the name of a template"));
    let missing = new(folder.path(), "generic", "x", &["--from", "/nowhere.json"]);
    assert!(errors(&missing).contains("/nowhere.json can't be read"));
    let text = folder.path().join("text.json");
    fs::write(&text, "{\"a\": hunter2").unwrap();
    let said = errors(&new(folder.path(), "generic", "x", &["--from", text.to_str().unwrap()]));
    assert!(said.contains("text.json: ") && !said.contains("hunter2"), "{said}");
    assert!(!folder.path().join("templates").exists());
}

#[test]
fn templates_are_listed_with_where_they_come_from_and_shown() {
    let folder = settings();
    let templates = folder.path().join("templates/github");
    fs::create_dir_all(&templates).unwrap();
    fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/github/push.hbs"), templates.join("push.hbs"))
        .unwrap();
    let list: serde_json::Value =
        serde_json::from_str(&succeed(folder.path(), &["template", "list", "--json"])).unwrap();
    let row = |name: &str| list.as_array().unwrap().iter().find(|row| row["name"] == name).unwrap().clone();
    assert_eq!(
        row("github/issues"),
        serde_json::json!({"name": "github/issues", "provider": "github", "from": "built in"})
    );
    assert!(row("github/push")["from"].as_str().unwrap().ends_with("templates/github/push.hbs"));
    assert_eq!(row("partials/card")["provider"], serde_json::Value::Null);
    let table = succeed(folder.path(), &["template", "list"]);
    assert!(table.starts_with("NAME") && table.contains("(a partial)"), "{table}");
    assert!(succeed(folder.path(), &["template", "show", "partials/card"]).contains("The look of every card"));
    let said = errors(&run(folder.path(), &["template", "show", "github/pusj"]));
    assert!(said.contains("did you mean `github/push`?"), "{said}");
}
