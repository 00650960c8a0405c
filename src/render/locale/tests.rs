use std::collections::BTreeSet;

use handlebars::{
    Template,
    template::{Parameter, Subexpression, TemplateElement},
};
use serde_json::Value;

use super::*;
use crate::{
    event::{Codings, Encoding, Event, EventType, RawBody},
    render::{RenderInput, TemplateFile, Templates, embedded},
};

fn words(text: &str) -> Result<Words, Vec<String>> {
    let file = WordsFile { name: "de".into(), origin: "words/de.toml".into(), text: text.into() };
    let locales =
        Locales::read(&[file]).map_err(|problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>())?;
    let locale = locales.get(&"de".parse().unwrap(), ZoneName::utc()).unwrap();
    Ok(Words::clone(&locale.words))
}

fn embedded_words(name: &str) -> Arc<Words> {
    Locales::embedded().get(&name.parse().unwrap(), ZoneName::utc()).unwrap().words
}

#[test]
fn a_phrase_that_is_not_listed_stays_as_it_is_and_a_state_is_found_by_its_capital_too() {
    let words = words("\"Watertight\" = \"Wasserdicht\"").unwrap();
    assert_eq!(words.phrase("Watertight"), "Wasserdicht");
    assert_eq!(words.status("watertight"), "wasserdicht");
    assert_eq!(words.phrase("watertight"), "watertight", "a noun would lose its capital");
    assert_eq!((words.phrase("No such phrase"), words.phrase("")), ("No such phrase".into(), "".into()));
    assert_eq!((words.phrase("Open"), words.status("Open")), ("Öffnen".into(), "Offen".into()));
    assert_eq!(words.status("Took"), "Dauer", "what is no state is looked for among all phrases");
}

#[test]
fn gaps_are_filled_once_and_what_fills_none_stays() {
    let value = |name: &str| (name == "a").then(|| "{b}".to_owned());
    assert_eq!(fill("{a} {b} {a", value), "{b} {b} {a");
    assert_eq!(fill("{ {a}}", value), "{ {b}}");
}

#[test]
fn a_file_lays_its_words_over_those_of_the_binary_and_every_mistake_in_it_is_told() {
    let changed = words("\"Took\" = \"Lief\"\n[number]\ngroup = \" \"").unwrap();
    assert_eq!((changed.phrase("Took"), changed.phrase("Branch")), ("Lief".into(), "Branch".into()));
    assert_eq!(changed.numbers.grouped("-1234567.5"), "-1 234 567,5");
    let mistakes = words(
        "\"in {place}\" = \"in {plac}\"\n\"More\" = 7\n[stats]\n\"Open\" = \"x\"\n[date]\nformat = \"%!\"\nmonths = [\"x\"]",
    );
    let expected = [
        "words/de.toml: More: ",
        "words/de.toml: date.format: has a format that is not known; write it as",
        "words/de.toml: date.months: ",
        "words/de.toml: in {place}: has a gap `{plac}` that nothing fills; did you mean `{place}`?",
        "words/de.toml: stats: is not a known key; did you mean `status`?",
    ];
    let mut mistakes = mistakes.unwrap_err();
    mistakes.sort();
    for (mistake, start) in mistakes.iter().zip(expected) {
        assert!(mistake.starts_with(start), "{start}\n{mistakes:#?}");
    }
    assert_eq!(mistakes.len(), expected.len(), "{mistakes:#?}");
}

/// The string literals that a parameter can come to.
fn literals(parameter: &Parameter, found: &mut BTreeSet<String>) {
    match parameter {
        Parameter::Literal(Value::String(text)) => drop(found.insert(text.clone())),
        Parameter::Subexpression(Subexpression { element, .. }) => {
            let TemplateElement::Expression(call) = element.as_ref() else { return };
            let name = call.name.as_name().unwrap_or_default();
            let skip = usize::from(matches!(name, "when" | "case"));
            // What `word` and the like are given is found where they stand.
            if matches!(name, "when" | "case" | "default" | "coalesce") {
                call.params.iter().skip(skip).chain(call.hash.values()).for_each(|inner| literals(inner, found));
            } else if matches!(name, "capitalize" | "words" | "lower") {
                call.params.iter().for_each(|inner| literals(inner, found));
            }
        }
        _ => {}
    }
}

#[derive(Default)]
struct Collected {
    phrases: BTreeSet<String>,
    status: BTreeSet<String>,
}

impl Collected {
    fn template(&mut self, template: &Template) {
        for element in &template.elements {
            match element {
                TemplateElement::Expression(call) | TemplateElement::HtmlExpression(call) => self.call(call),
                TemplateElement::HelperBlock(block) => {
                    self.call(block);
                    block.template.iter().chain(&block.inverse).for_each(|inner| self.template(inner));
                }
                TemplateElement::PartialExpression(partial) => {
                    partial.params.iter().chain(partial.hash.values()).for_each(|inner| self.parameter(inner));
                    for (name, value) in &partial.hash {
                        match name.as_str() {
                            "status" => literals(value, &mut self.status),
                            "button" | "also" | "lines_noun" => literals(value, &mut self.phrases),
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
        }
    }

    fn parameter(&mut self, parameter: &Parameter) {
        if let Parameter::Subexpression(Subexpression { element, .. }) = parameter
            && let TemplateElement::Expression(call) = element.as_ref()
        {
            self.call(call);
        }
    }

    fn call(&mut self, call: &handlebars::template::HelperTemplate) {
        call.params.iter().chain(call.hash.values()).for_each(|inner| self.parameter(inner));
        let is_status = call.hash.contains_key("as");
        match call.name.as_name().unwrap_or_default() {
            "word" if is_status => call.params.iter().for_each(|first| literals(first, &mut self.status)),
            "word" => call.params.iter().for_each(|first| literals(first, &mut self.phrases)),
            "facts" => call.params.iter().step_by(2).for_each(|title| literals(title, &mut self.phrases)),
            "plural" => call.params.iter().skip(1).for_each(|noun| literals(noun, &mut self.phrases)),
            "more" => call.params.iter().skip(2).for_each(|noun| literals(noun, &mut self.phrases)),
            _ => {}
        }
    }
}

/// What the partials write.
fn written() -> Collected {
    let mut collected = Collected::default();
    for file in embedded().iter().filter(|file| file.is_partial()) {
        collected.template(&Template::compile(&file.text).unwrap());
    }
    collected
}

/// Nouns stand in the partials as one of them; `plural` makes the rest.
const PLURALS: [&str; 3] = ["alerts", "commits", "findings"];

#[test]
fn the_words_list_every_phrase_that_partials_and_helpers_write() {
    let english = embedded_words("en");
    let Collected { mut phrases, mut status } = written();
    // A word may be missing.
    phrases.remove("");
    status.remove("");
    phrases.extend(phrase::ALL.iter().chain(&PLURALS).map(|text| (*text).to_owned()));
    let missing: Vec<&String> = phrases.iter().filter(|text| !english.phrases.contains_key(*text)).collect();
    assert!(missing.is_empty(), "templates/words/en.toml lacks {missing:#?}");
    let listed = |word: &str| {
        english.status.contains_key(word) || english.status(word) != word || {
            let capital: String =
                word.chars().take(1).flat_map(char::to_uppercase).chain(word.chars().skip(1)).collect();
            english.status.contains_key(&capital)
        }
    };
    let missing: Vec<&String> = status.iter().filter(|word| !listed(word)).collect();
    assert!(missing.is_empty(), "[status] in templates/words/en.toml lacks {missing:#?}");
    assert_eq!(english.unit.keys().cloned().collect::<BTreeSet<_>>(), phrase::UNITS.map(str::to_owned).into());
}

#[test]
fn the_words_list_no_phrase_that_nothing_writes() {
    let Collected { phrases, .. } = written();
    let templates: String = embedded().into_iter().map(|file| file.text.to_string()).collect();
    let is_written = |text: &str| {
        let singular = text.strip_suffix('s').unwrap_or(text);
        phrases.contains(text)
            || phrase::ALL.contains(&text)
            || [text, singular].iter().any(|text| templates.contains(&format!("\"{text}\"")))
    };
    let english = embedded_words("en");
    let unused: Vec<&String> = english.phrases.keys().filter(|text| !is_written(text)).collect();
    assert!(unused.is_empty(), "nothing writes these of templates/words/en.toml: {unused:#?}");
}

#[test]
fn english_is_as_it_is_written() {
    let english = embedded_words("en");
    let tables = english.phrases.iter().chain(&english.status).chain(&english.unit);
    tables.for_each(|(phrase, text)| assert_eq!(phrase, text));
    assert_eq!((&english.dates, &english.numbers), (&Dates::default(), &Numbers::default()));
}

#[test]
fn every_language_of_the_binary_is_whole() {
    let english = embedded_words("en");
    for name in Locales::embedded().names() {
        let other = embedded_words(name.as_str());
        for (ours, theirs) in
            [(&english.phrases, &other.phrases), (&english.status, &other.status), (&english.unit, &other.unit)]
        {
            assert_eq!(ours.keys().collect::<Vec<_>>(), theirs.keys().collect::<Vec<_>>(), "{name}");
            for (phrase, text) in theirs {
                let mut gaps = [phrase, text].map(|text| file::gaps(text));
                gaps.iter_mut().for_each(|gaps| gaps.sort_unstable());
                assert_eq!(gaps[0], gaps[1], "{name}: {phrase} loses a value");
            }
        }
    }
}

fn input(payload: Value) -> RenderInput {
    let event = Event {
        source: "ci".parse().unwrap(),
        kind: EventType::new("push", None),
        delivery_id: Some("d-1".into()),
        received_at: "2026-11-23T08:00:00Z".parse().unwrap(),
        headers: Vec::new(),
        encoding: Encoding::Json,
        codings: Codings::default(),
        body: RawBody(bytes::Bytes::new()),
    };
    RenderInput::new(payload, &event, None, &"generic".parse().unwrap())
}

/// What a template's text shows in German, in Berlin.
fn shown(template: &str, payload: Value) -> String {
    let text = format!(r#"{{"summary":"x{template}","body":[{{"type":"TextBlock","text":"x"}}]}}"#);
    let file = TemplateFile { name: "t/t".into(), origin: "t".into(), text: text.into() };
    let templates = Templates::compile(vec![file]).unwrap();
    let locale = templates.locales().get(&"de".parse().unwrap(), "Europe/Berlin".parse().unwrap()).unwrap();
    let input = input(payload).shown_in(locale);
    let summary = templates.render(&"t/t".parse().unwrap(), &input).unwrap().summary;
    summary.strip_prefix('x').unwrap().to_owned()
}

#[test]
fn helpers_speak_the_language_of_the_card_and_know_its_time_zone() {
    let instant = || Value::from("2026-07-03T08:05:00Z");
    for (template, payload, expected) in [
        ("{{date payload}}", instant(), "03.07.2026, 10:05 CEST"),
        ("{{date payload format='%A, %-d. %B'}}", instant(), "Freitag, 3. Juli"),
        ("{{date payload tz='UTC'}}", instant(), "03.07.2026, 08:05 UTC"),
        ("{{number payload 2}}", 1_234_567.891.into(), "1.234.567,89"),
        ("{{money payload 'eur' minor=true}}", 123_450.into(), "1.234,50 EUR"),
        ("{{bytes payload}}", 1_536_000.into(), "1,5 MB"),
        ("{{duration payload}}", 3_900.into(), "1 Std. 5 Min."),
        ("{{ago payload}}", "2026-11-23T07:00:00Z".into(), "vor 1 Std."),
        ("{{plural payload 'commit'}}", 3.into(), "3 Commits"),
        ("{{more payload 1 'alert'}}", serde_json::json!([1, 2, 3]), "… und 2 weitere Alarme"),
        ("{{more payload 1}}", serde_json::json!([1, 2]), "… und 1 weitere"),
        (
            "{{word 'Open'}} {{word 'Open' as='status'}} {{word 'in {place}' place=payload}}",
            "{x}".into(),
            "Öffnen Offen in {x}",
        ),
    ] {
        assert_eq!(shown(template, payload), expected, "{template}");
    }
}

#[test]
fn the_plain_card_is_in_the_language_of_the_card() {
    let locale = Locales::embedded().get(&"de".parse().unwrap(), ZoneName::utc()).unwrap();
    let input = input(serde_json::json!({"status": "open", "muted": true}));
    let card = crate::render::fallback(&input.shown_in(locale), &"warum");
    let body = Value::from(card.body).to_string();
    assert!(body.contains("weil die Vorlage fehlgeschlagen ist: warum") && body.contains("Zustellung"), "{body}");
    assert!(body.contains("\"ja\""), "{body}");
}

/// A card of every kind that the partials make.
const KINDS: [&str; 15] = [
    "ci {} result='SUCCESS' name='CI' number=7 branch='main' took=(duration 65) commit='6dcb09b5b57875f334f61aebed695e2e4193db5e'",
    "ci {} result='timed_out'",
    "ci {} result='queued' by='mona' name='CI' branch='main'",
    "ci {} result='queued' name='CI' level='warning' status='Open' happened='View build' title='Mend it' by='mona' did='started this deployment'",
    "alert {} state='firing' urgency='critical' title='Disk full' value='97 %' since='2026-07-03T08:05:00Z' lines=(lines payload.list text='name')",
    "alert {} state='resolved' title='Disk full' since='2026-07-03T08:05:00Z' until='2026-07-03T09:10:00Z'",
    "incident {} state='acknowledged' number=7 service='shop' urgency='high' title='Slow' by='mona'",
    "incident {} state='triggered' service='shop' title='Slow'",
    "deployment {} state='success' version='v1.2' environment='production' by='mona'",
    "deployment {} state='failure' environment='production'",
    "issue {} state='open' verb='opened' key='OPS-12' title='It is slow' priority='high' by='mona' assigned='hubot'",
    "review {} state='merged' verb='merged' number=7 title='Mend it' from='fix' to='main' by='mona'",
    "payment {} state='failed' amount=(money 123450 'eur' minor=true) customer='Mona' reason='card_declined' due='2026-07-03T08:05:00Z' happened='Payment failed'",
    "push {} ref='main' created=true commits=payload.list by='mona'",
    "scan {} result='failed' subject='octo/hello' lines=(lines payload.list text='name')",
];

/// Every text of a card, in order.
fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| match value {
            Value::String(text) if matches!(key.as_str(), "text" | "title" | "value") => found.push(text.clone()),
            other => texts(other, found),
        }),
        Value::Array(list) => list.iter().for_each(|member| texts(member, found)),
        _ => {}
    }
}

#[test]
fn cards_of_every_kind_read_well_in_every_language_of_the_binary() {
    let mut files = embedded();
    files.extend(KINDS.iter().enumerate().map(|(number, call)| TemplateFile {
        name: format!("kinds/{number}"),
        origin: call.to_string(),
        text: format!("{{{{> partials/{call} place='octo/hello' link='https://octo.example'}}}}").into(),
    }));
    let templates = Templates::compile(files).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let payload = || serde_json::json!({"list": [{"name": "one", "id": "a1"}, {"name": "two", "id": "b2"}]});
    let mut shown = String::new();
    for (number, call) in KINDS.iter().enumerate() {
        shown += &format!("{call}\n");
        for language in templates.locales().names() {
            let locale = templates.locales().get(language, "Europe/Berlin".parse().unwrap()).unwrap();
            let name = format!("kinds/{number}").parse().unwrap();
            let card = templates.render(&name, &input(payload()).shown_in(locale)).unwrap();
            let mut found = Vec::new();
            texts(&Value::from(card.body), &mut found);
            found.extend(card.actions.into_iter().map(|button| format!("({})", button.title)));
            shown += &format!("  {language}: {}\n      {}\n", card.summary, found.join(" | "));
        }
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn a_phrase_of_the_payload_that_asks_for_a_long_value_too_often_is_refused() {
    let text = r#"{"summary":"{{word payload.phrase a=payload.long}}","body":[{"type":"TextBlock","text":"x"}]}"#;
    let file = TemplateFile { name: "t/t".into(), origin: "t".into(), text: text.to_owned().into() };
    let templates = Templates::compile(vec![file]).unwrap();
    let payload = serde_json::json!({"phrase": "{a}".repeat(10_000), "long": "x".repeat(10_000)});
    let error = templates.render(&"t/t".parse().unwrap(), &input(payload)).unwrap_err().to_string();
    assert!(error.contains("too long a text"), "{error}");
}
