use super::*;
use crate::{
    event::{Codings, Encoding, Event, EventType, RawBody},
    render::fallback,
};

pub(in crate::render) fn input(payload: serde_json::Value) -> RenderInput {
    let event = Event {
        source: "ci".parse().unwrap(),
        kind: EventType::new("push", None),
        delivery_id: Some("d-1".into()),
        received_at: "2026-11-23T08:00:00Z".parse().unwrap(),
        headers: vec![("X-GitHub-Event".into(), "push".into())],
        encoding: Encoding::Json,
        codings: Codings::default(),
        body: RawBody(bytes::Bytes::new()),
    };
    RenderInput::new(payload, &event, None, &"github".parse().unwrap())
}

fn file(name: &str, text: &str) -> TemplateFile {
    TemplateFile { name: name.into(), origin: format!("templates/{name}.hbs"), text: text.to_owned().into() }
}

fn problems(files: &[(&str, &str)]) -> Vec<String> {
    let files = files.iter().map(|(name, text)| file(name, text)).collect();
    Templates::compile(files).unwrap_err().iter().map(Problem::to_string).collect()
}

const GOOD: &str = r#"{"summary":"{{payload.title}}","body":[{"type":"TextBlock","text":"{{payload.title}} on {{headers.x-github-event}} of {{event.source}}"}]}"#;

fn render(text: &str, payload: serde_json::Value) -> Result<Card, RenderError> {
    let templates = Templates::compile(vec![file("t/t", text)]).unwrap();
    templates.render(&"t/t".parse().unwrap(), &input(payload))
}

#[test]
fn a_template_sees_payload_headers_and_event() {
    let card = render(GOOD, serde_json::json!({"title": "a \"b\"\n</at> *c*"})).unwrap();
    assert_eq!(card.summary, "a \"b\" </at> *c*");
    assert_eq!(card.body[0]["text"], "a \"b\"\n\n\\</at\\> \\*c\\* on push of ci");
}

#[test]
fn every_mistake_of_every_file_is_reported_with_its_place() {
    let found = problems(&[
        ("a/open", "{\n{{#if payload.x}}"),
        ("a/closed", "{{#if payload.x}}{{/each}}"),
        ("a/helper", "\n  {{truncat payload.x 5}}"),
        ("a/triple", "{{{payload.x}}} {{{truncate payload.x 5}}}"),
        ("a/partial", "{{> partials/nowhere}}"),
        ("a/noparts", "{{> a/open}}"),
        ("a/block", "{{#payload}}x{{/payload}}"),
        ("a/name", "{{paylod.x}} {{title}} {{#each payload.x}}{{title}}{{/each}}"),
        ("a/values", "{{truncate payload.x}}"),
        ("a/dynamic", "{{> (lookup payload \"x\")}}"),
        ("a/chain", "{{#if payload.x}}\n{{else if (truncat payload.y 5)}}\n{{{payload.z}}}{{else if y}}y{{/if}}"),
        ("a/inline", "{{#*inline \"x\"}}y{{/inline}}"),
        ("A/Case", ""),
    ]);
    let expected = [
        "templates/a/open.hbs:",
        "templates/a/closed.hbs:1:",
        "templates/a/helper.hbs:2:3: there is no helper `truncat`; did you mean `truncate`?",
        "templates/a/triple.hbs:1:1: `{{{payload.x}}}` would",
        "templates/a/triple.hbs:1:17: `{{{truncate}}}` would",
        "templates/a/partial.hbs:1:1: there is no partial",
        "templates/a/noparts.hbs:1:1: `a/open` is no partial",
        "templates/a/block.hbs:1:1: there is no block `payload`",
        "templates/a/name.hbs:1:1: `paylod.x` begins with a name that templates do not see; did you mean `payload`?",
        "templates/a/name.hbs:1:14: `title` begins with a name",
        "templates/a/values.hbs:1:1: `truncate` has 1 values; write `{{truncate text 80}}`",
        "templates/a/dynamic.hbs:1:1:",
        "templates/a/chain.hbs:2:1: there is no helper `truncat`; did you mean `truncate`?",
        "templates/a/chain.hbs:3:1: `{{{payload.z}}}` would",
        "templates/a/chain.hbs:3:16: `y` begins with a name",
        "templates/a/inline.hbs:1:1: `{{* …}}` is not supported",
        "templates/A/Case.hbs: `A/Case` is no template name",
    ];
    for start in expected {
        assert!(found.iter().any(|problem| problem.starts_with(start)), "{start}\n{found:#?}");
    }
    assert_eq!(found.len(), expected.len(), "{found:#?}");
}

#[test]
fn partials_in_a_ring_or_an_avalanche_are_refused() {
    let ring = problems(&[("partials/a", "{{> partials/b}}"), ("partials/b", "{{#if x}}{{> partials/a}}{{/if}}")]);
    assert_eq!(
        ring,
        [
            "templates/partials/a.hbs: uses itself: partials/a → partials/b → partials/a; take one of these `{{> …}}` out"
        ]
    );
    let itself = problems(&[("partials/a", "{{#if x}}{{else}}{{> partials/a}}{{/if}}")]);
    assert!(itself[0].contains("uses itself"), "{itself:#?}");
    let doubling: Vec<(String, String)> =
        (0..30).map(|n| (format!("partials/p{n}"), format!("{{{{> partials/p{}}}}}", n + 1).repeat(2))).collect();
    let mut files: Vec<(&str, &str)> = doubling.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    files.push(("partials/p30", ""));
    assert!(problems(&files)[0].contains("draws in"));
}

#[test]
fn deep_and_large_templates_are_refused_before_they_are_parsed() {
    let deep = format!("{}{}", "{{#if x}}".repeat(4_000), "{{/if}}".repeat(4_000));
    assert!(problems(&[("a/deep", deep.as_str())])[0].contains("nested too deeply"));
    let brackets = format!("{{{{len {}payload{}}}}}", "(len ".repeat(9_000), ")".repeat(9_000));
    assert!(problems(&[("a/deep", brackets.as_str())])[0].contains("nested too deeply"));
    assert!(problems(&[("a/large", "x".repeat(70_000).as_str())])[0].contains("70000 bytes"));
}

#[test]
fn an_endless_output_ends() {
    let error =
        render("{{#each payload}}{{#each ../payload}}xxxxxxxxxx{{/each}}{{/each}}", vec![0; 400].into()).unwrap_err();
    assert!(error.to_string().contains("512 KiB"), "{error}");
}

#[test]
fn endless_work_ends_though_nothing_is_written() {
    let lists = || serde_json::Value::from(vec![0; 1_000]);
    let turns = "{{#each payload}}{{#each ../payload}}{{/each}}{{/each}}";
    assert!(render(turns, lists()).unwrap_err().to_string().contains("more than 200000 steps"), "turns of loops");
    let calls = "{{#each payload}}{{len (take @root.payload 1000)}}{{len (replace @root.headers.x-github-event \"p\" \"\")}}{{/each}}";
    let error = render(calls, vec![0; 100_000].into()).unwrap_err();
    assert!(error.to_string().contains("more than 200000 steps"), "calls of helpers: {error}");
    render(GOOD, serde_json::json!({"title": "t"})).expect("each card has its own steps");
}

#[test]
fn what_is_missing_is_nothing_unless_the_check_is_strict() {
    let templates = Templates::compile(vec![file("t/t", GOOD)]).unwrap();
    let name = "t/t".parse().unwrap();
    let input = input(serde_json::json!({}));
    assert!(templates.render(&name, &input).unwrap_err().to_string().contains("no `summary`"));
    let strict = templates.strict().render(&name, &input).unwrap_err();
    assert_eq!(strict.to_string(), "template `t/t` at line 1, column 13: `payload.title` is not there");
}

#[test]
fn json_in_triple_braces_brings_values_and_no_more() {
    let text = r#"{"summary":"s","body":[{"type":"FactSet","facts":{{{json payload.facts}}}}]}"#;
    let payload = serde_json::json!({"facts": [{"title": "a\",\"x\":\"", "value": "<at>b</at>"}]});
    let card = render(text, payload).unwrap();
    assert_eq!(card.body[0]["facts"], serde_json::json!([{"title": "a\",\"x\":\"", "value": "\\<at\\>b\\</at\\>"}]));
}

#[test]
fn the_fallback_card_says_what_came_and_that_the_template_failed() {
    let payload = serde_json::json!({"title": "<at>x</at> [y](javascript:1)", "html_url": "https://octo.example/1", "state": "open"});
    let card = fallback(&input(payload), &"template `github/push`: it is broken");
    let shown = serde_json::to_string(&card.body).unwrap();
    assert!(card.summary.starts_with("ci: push: <at>x</at>"), "{}", card.summary);
    assert_eq!(card.link.as_deref(), Some("https://octo.example/1"));
    assert!(shown.contains("it is broken") && shown.contains("d-1") && shown.contains("open"), "{shown}");
    assert!(!shown.contains("<at>") && !shown.contains("[y]("), "{shown}");
}

#[test]
fn a_list_where_a_template_expects_an_object_is_a_value_that_is_missing() {
    let part = r#"{"type":"TextBlock","text":"{{label}}"}"#;
    let text = r#"{"summary":"{{payload.title}} {{len payload.commit.id}}{{upper payload.commit.author.name}}",
        "body":[{{#with payload.commit}}{{> partials/part label=author.name}},{{/with}}
        {{#each payload.rows as |row|}}{"type":"TextBlock","text":"{{@index}} {{row.name}} {{name}} {{../payload.title}}"},{{/each}}
        {{#if payload.commit.id}}{"type":"TextBlock","text":"an id"},{{else if payload.rows.name}}{{/if}}
        {"type":"TextBlock","text":"{{payload.commit.id}}{{now}}"}]}"#;
    let templates = Templates::compile(vec![file("t/t", text), file("partials/part", part)]).unwrap();
    let name = "t/t".parse().unwrap();
    let row = || serde_json::json!({"name": "row"});
    let whole = serde_json::json!({"title": "t", "commit": {"id": "c1", "author": {"name": "Mona"}}, "rows": [row()]});
    let texts =
        |card: Card| card.body.iter().map(|block| block["text"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    let card = templates.render(&name, &input(whole)).unwrap();
    assert_eq!(card.summary, "t 2MONA");
    assert_eq!(texts(card), ["Mona", "0 row row t", "an id", "c12026-11-23T08:00:00Z"]);
    let odd = serde_json::json!({"title": "t", "commit": [{"id": "c1"}], "rows": {"a": row(), "b": [row()]}});
    let card = templates.render(&name, &input(odd.clone())).unwrap();
    assert_eq!(card.summary, "t 0");
    assert_eq!(texts(card), ["0 row row t", "1   t", "2026-11-23T08:00:00Z"]);
    let german = templates.locales().get(&"de".parse().unwrap(), "UTC".parse().unwrap()).unwrap();
    assert_eq!(templates.render(&name, &input(odd.clone()).shown_in(german)).unwrap().summary, "t 0");
    let strict = templates.strict().render(&name, &input(odd)).unwrap_err().to_string();
    assert!(strict.contains("a list has no member `id`"), "{strict}");
}

#[test]
fn a_misspelt_path_is_named_also_where_a_helper_or_a_partial_gets_it() {
    let text = "{{> partials/part label=payload.comit.id}}
{{default payload.titel \"x\"}}
{{#each payload.rows}}{{upper nam}}{{/each}}
{{> partials/part {}
  label=(concat payload.title (upper payload.tittle))}}
{{#if payload.commits}}{{else if payload.comit.id}}x{{/if}}
{{default payload.full_name payload.fullName}} {{upper payload.gone.for.good}} {{lookup headers \"x\"}} {{headers.x}} {{event.id}}";
    let files = vec![file("t/t", text), file("partials/part", "{{label}}{{upper labl}}")];
    let templates = Templates::compile(files).unwrap();
    let name = "t/t".parse().unwrap();
    let unseen = templates.unseen();
    let rows = serde_json::json!([{"name": "a"}, {"name": "b"}]);
    let sample = serde_json::json!({"title": "t", "commit": {"id": 1}, "rows": rows, "fullName": "Mona"});
    unseen.look(&name, &input(sample));
    let found = |of: bool| unseen.problems(|_| of).iter().map(Problem::to_string).collect::<Vec<_>>();
    let line = |place: &str, path: &str, meant: &str| {
        let cure = format!("did you mean `{meant}`? If not, add a sample that has it");
        format!("templates/t/t.hbs:{place}: `{path}` is in none of the samples; {cure}")
    };
    let expected = [
        line("1:1", "payload.comit.id", "payload.commit.id"),
        line("2:1", "payload.titel", "payload.title"),
        line("3:23", "nam", "name"),
        line("6:1", "payload.commits", "payload.commit"),
        line("6:24", "payload.comit.id", "payload.commit.id"),
    ];
    assert_eq!(found(true), expected);
    assert_eq!(found(false), [""; 0]);
    unseen.look(&name, &input(serde_json::json!({"comit": {"id": null}, "commits": false, "titel": null})));
    assert_eq!(found(true), [expected[2].clone()], "another sample has the others");
}
