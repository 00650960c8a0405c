//! What authors of templates get wrong: the line is shown with the place, and the event gets a card all the same.
//!
//! Each file of `tests/mistakes/` is a template with one kind of mistake, for the payload below.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader, Lines},
    path::Path,
    process::{Child, ChildStderr, ChildStdout, Command, Stdio},
};

use teams_relay::{
    config::Config,
    dispatch::cards,
    event::{Codings, Encoding, Event, EventType, RawBody},
    rules::Rules,
};

use crate::{
    harness::write_source,
    process::{program, run, settings},
};

const ORDER: &str = r#"{"number": 12, "state": "hunter2", "customer": {"name": "hunter2 \"quoted\""}, "loaves": [{"name": "hunter2"}]}"#;

/// Name and text of every template with a mistake, in order.
fn mistakes() -> BTreeMap<String, String> {
    let files = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mistakes")).unwrap();
    let files = files.map(|file| file.unwrap().path());
    files
        .map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(path).unwrap()))
        .collect()
}

/// Settings with one template of the kind `bakery`, and a sample for it.
fn bakery(template: &str) -> tempfile::TempDir {
    let folder = settings();
    let templates = folder.path().join("templates");
    fs::create_dir_all(templates.join("bakery/samples")).unwrap();
    fs::create_dir_all(templates.join("partials")).unwrap();
    fs::write(templates.join("bakery/order.hbs"), template).unwrap();
    fs::write(templates.join("bakery/samples/order.json"), ORDER).unwrap();
    fs::write(
        templates.join("partials/oven.hbs"),
        "{{!-- An oven. --}}\n{\"type\": \"TextBlock\",\n \"text\": \"{{name}}\",\n \"wight\": \"bolder\"}\n",
    )
    .unwrap();
    let map = "provider = \"generic\"\nsecrets = \"s\"\n[[map]]\ntemplate = \"bakery/order\"\n";
    write_source(folder.path(), "bakery", map);
    folder
}

/// Two rounds, since cards are tried only where all templates can be read.
#[test]
fn every_kind_of_mistake_is_shown_with_its_line_and_place() {
    let folder = bakery("{\"summary\": \"s\", \"body\": [{\"type\": \"TextBlock\", \"text\": \"x\"}]}");
    let bakery = folder.path().join("templates/bakery");
    for (name, text) in mistakes() {
        fs::write(bakery.join(format!("{name}.hbs")), text).unwrap();
        fs::write(bakery.join(format!("samples/{name}.json")), ORDER).unwrap();
    }
    let check = || {
        let output = run(folder.path(), &["check"]);
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).unwrap().replace(folder.path().to_str().unwrap(), "DIR")
    };
    let unreadable = check();
    let mut left = mistakes();
    left.retain(|name, _| !unreadable.contains(&format!("bakery/{name}.hbs:")));
    for name in mistakes().keys().filter(|name| !left.contains_key(*name)) {
        fs::remove_file(bakery.join(format!("{name}.hbs"))).unwrap();
        fs::remove_file(bakery.join(format!("samples/{name}.json"))).unwrap();
    }
    let unfit = check();
    for name in left.keys().filter(|name| *name != "in-a-partial") {
        assert!(
            unfit.contains(&format!("bakery/{name}.hbs:")) || unfit.contains(&format!("samples/{name}.json:")),
            "{name}"
        );
    }
    let shown = format!("{unreadable}\n{unfit}");
    assert!(!shown.contains("hunter2"), "{shown}");
    insta::assert_snapshot!(shown.trim_end());
}

#[test]
fn whatever_is_wrong_with_a_template_the_event_gets_a_card() {
    let (mut fallbacks, mut refused, mut served) = (Vec::new(), Vec::new(), Vec::new());
    for (name, text) in mistakes() {
        let folder = bakery(&text);
        let (config, problems) = Config::load(folder.path(), &BTreeMap::new());
        assert_eq!(problems, [], "{name}");
        // What can't be compiled never comes into force: the templates before it stay.
        let Ok(rules) = Rules::compile(&config) else {
            refused.push(name);
            continue;
        };
        let event = Event {
            source: "bakery".parse().unwrap(),
            kind: EventType::new("order", None),
            delivery_id: None,
            received_at: "2026-11-23T08:00:00Z".parse().unwrap(),
            headers: Vec::new(),
            encoding: Encoding::Json,
            codings: Codings::default(),
            body: RawBody(ORDER.into()),
        };
        let rendered = cards::render(&rules, None, &event, &Default::default());
        let body = serde_json::to_string(&rendered.card.body).unwrap();
        let Some(fault) = rendered.fault else {
            served.push(name);
            continue;
        };
        assert!(body.contains("template failed") && body.contains("hunter2"), "{name}: {body}");
        assert!(!fault.words.contains("hunter2"), "{name}: {}", fault.words);
        assert!(fault.words.contains(" line "), "{name} is not placed: {}", fault.words);
        assert!(fault.excerpt.is_some_and(|excerpt| !excerpt.to_string().contains("hunter2")), "{name}");
        fallbacks.push(name);
    }
    // What is missing is nothing outside of `check`.
    assert_eq!(served, ["value-missing"]);
    assert!(refused.contains(&"helper".to_owned()) && refused.len() >= 9, "{refused:?}");
    assert!(fallbacks.len() >= 17, "{fallbacks:?}");
}

#[test]
fn a_mistake_that_shows_with_several_samples_is_told_once_and_two_are_told_apart() {
    let folder = bakery("{\"summary\": \"x\", \"body\": [{\"type\": \"TextBlock\", \"text\": \"x\", \"colour\": 1}]}");
    let samples = folder.path().join("templates/bakery/samples");
    fs::write(samples.join("order.second.json"), ORDER).unwrap();
    let errors = String::from_utf8(run(folder.path(), &["check"]).stderr).unwrap();
    assert_eq!(errors.matches("did you mean `color`?").count(), 1, "{errors}");
    fs::write(folder.path().join("templates/bakery/order.hbs"), "{{truncat paylod.x}}").unwrap();
    let errors = String::from_utf8(run(folder.path(), &["check"]).stderr).unwrap();
    assert!(errors.contains("2 problems") && errors.matches('^').count() == 2, "{errors}");
}

#[test]
fn check_names_a_misspelt_path_that_a_helper_is_given() {
    let template = |path: &str| {
        format!("{{\"summary\": \"x\", \"body\": [{{\"type\": \"TextBlock\", \"text\": \"x {{{{upper {path}}}}}\"}}]}}")
    };
    let folder = bakery(&template("payload.customr.name"));
    let errors = String::from_utf8(run(folder.path(), &["check"]).stderr).unwrap();
    let expected = "bakery/order.hbs:1:60: `payload.customr.name` is in none of the samples";
    assert!(errors.contains(expected) && errors.contains("did you mean `payload.customer.name`?"), "{errors}");
    for path in ["payload.customer.name", "payload.nothing.like.it"] {
        fs::write(folder.path().join("templates/bakery/order.hbs"), template(path)).unwrap();
        assert_eq!(run(folder.path(), &["check"]).status.code(), Some(0), "{path}");
    }
}

#[test]
fn render_with_watch_renders_again_at_each_change_and_survives_mistakes() {
    let good = r#"{"summary": "Order", "body": [{"type": "TextBlock", "text": "Order {{payload.number}}"}]}"#;
    let folder = bakery(good);
    let payload = folder.path().join("order.json");
    fs::write(&payload, ORDER).unwrap();
    let mut watch = Watch::start(folder.path(), &payload);
    assert!(watch.body().contains("Order 12"));
    let line = watch.said();
    assert!(line.contains(" rendered, ") && line.ends_with(" of 28,672 bytes"), "{line}");
    fs::write(&payload, ORDER.replace("12", "13")).unwrap();
    assert!(watch.body().contains("Order 13"));
    watch.said();
    let template = folder.path().join("templates/bakery/order.hbs");
    fs::write(&template, good.replace("{{payload.number}}", "{{truncat payload.number 5}}")).unwrap();
    let said = [watch.said(), watch.said(), watch.said(), watch.said()].join("\n");
    assert!(said.contains("order.hbs:1:") && said.contains('^') && said.contains("fix: did you mean"), "{said}");
    fs::write(&template, good.replace("Order {{", "Mended {{")).unwrap();
    assert!(watch.body().contains("Mended 13"));
    watch.stop();
}

/// A running `render --watch`.
struct Watch {
    child: Child,
    bodies: Lines<BufReader<ChildStdout>>,
    errors: Lines<BufReader<ChildStderr>>,
}

impl Watch {
    fn start(folder: &Path, payload: &Path) -> Self {
        let arguments = ["render", "--watch", "--source", "bakery", "--payload", payload.to_str().unwrap()];
        let mut child = program(folder).args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let bodies = BufReader::new(child.stdout.take().unwrap()).lines();
        let errors = BufReader::new(child.stderr.take().unwrap()).lines();
        Self { child, bodies, errors }
    }

    fn body(&mut self) -> String {
        self.bodies.next().unwrap().unwrap()
    }

    fn said(&mut self) -> String {
        self.errors.next().unwrap().unwrap()
    }

    fn stop(mut self) {
        let sent = Command::new("kill").arg("-INT").arg(self.child.id().to_string()).status().unwrap();
        assert!(sent.success() && self.child.wait().unwrap().success());
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

#[test]
fn render_shows_the_line_of_a_template_that_failed_and_prints_the_fallback_body() {
    let folder = bakery(&mistakes()["unknown-property"]);
    let payload = folder.path().join("templates/bakery/samples/order.json");
    let output = run(folder.path(), &["render", "--source", "bakery", "--payload", payload.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    let body: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(body.to_string().contains("template failed"), "{body}");
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(errors.contains("template `bakery/order` at line 7, column"), "{errors}");
    assert!(errors.contains("\n    7 | …") && errors.contains("^\n fix: "), "{errors}");
}
