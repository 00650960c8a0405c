//! The helpers of templates: each gives a value and none writes, so whatever one gives is escaped like any value.
//!
//! They stand in tables, one file a theme, each with an example that is a test.

mod choice;
mod code;
mod json;
mod language;
mod lines;
mod list;
mod marked;
mod number;
mod pattern;
mod posted;
mod status;
mod survey;
mod text;
mod time;
mod web;

use std::{collections::BTreeMap, sync::Arc};

use handlebars::{Context, Handlebars, Helper, HelperDef, RenderContext, RenderError, RenderErrorReason, ScopedJson};
use jiff::tz::TimeZone;
use serde_json::Value;

pub(super) use self::{status::severity, time::length};
use super::{Words, budget, locale::time_zone, marks};

/// A helper: what it is called, what it does, and an example.
#[derive(Debug)]
pub struct HelperDoc {
    /// Its name.
    pub name: &'static str,
    /// How it is written.
    pub usage: &'static str,
    /// What it gives.
    pub gives: &'static str,
    /// A template, the payload it is given (JSON), and what is shown.
    pub example: [&'static str; 3],
    /// How many values it takes, at least and at most.
    values: (usize, usize),
    run: fn(&Args<'_>) -> Result<Value, &'static str>,
}

/// A helper takes as many values as one writes.
const ANY: usize = usize::MAX;

const THEMES: &[&[HelperDoc]] = &[
    choice::HELPERS,
    text::HELPERS,
    language::HELPERS,
    pattern::HELPERS,
    marked::HELPERS,
    list::HELPERS,
    lines::HELPERS,
    code::HELPERS,
    number::HELPERS,
    time::HELPERS,
    web::HELPERS,
    json::HELPERS,
    survey::HELPERS,
    posted::HELPERS,
];

/// Every helper of ours, by theme; `if`, `unless`, `each`, `with`, `eq`, `and` and their like come with Handlebars.
pub fn helper_docs() -> impl Iterator<Item = &'static HelperDoc> {
    THEMES.iter().copied().flatten()
}

pub(super) fn value_helper_names() -> impl Iterator<Item = &'static str> {
    helper_docs().map(|doc| doc.name)
}

pub(super) fn is_value_helper(name: &str) -> bool {
    value_helper_names().any(|known| known == name)
}

/// How a helper is written, if it was given too few or too many values.
pub(super) fn wrong_count(name: &str, count: usize) -> Option<&'static str> {
    let doc = helper_docs().find(|doc| doc.name == name)?;
    let (least, most) = doc.values;
    (count < least || count > most).then_some(doc.usage)
}

/// An engine with our helpers, in this language, and without those that write or log.
pub(super) fn registry(words: &Arc<Words>) -> Handlebars<'static> {
    let mut registry = Handlebars::new();
    registry.register_escape_fn(marks::escape);
    registry.set_prevent_indent(true);
    // `log` would put the payload into the log; `raw` is of no use in a document of JSON.
    registry.unregister_helper("log");
    registry.unregister_helper("raw");
    speak(&mut registry, words);
    registry
}

/// Has the helpers of an engine speak this language.
pub(super) fn speak(registry: &mut Handlebars<'static>, words: &Arc<Words>) {
    for doc in helper_docs() {
        registry.register_helper(doc.name, Box::new(ValueHelper(doc, words.clone())));
    }
}

struct ValueHelper(&'static HelperDoc, Arc<Words>);

impl HelperDef for ValueHelper {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        context: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, RenderError> {
        let Self(doc, words) = self;
        let args = Args {
            values: helper.params().iter().map(|param| param.value()).collect(),
            named: helper.hash().iter().map(|(name, value)| (*name, value.value())).collect(),
            root: context.data(),
            words,
        };
        let fail =
            |why: &str| RenderError::from(RenderErrorReason::Other(format!("`{}` {why}: {}", doc.name, doc.usage)));
        let (least, most) = doc.values;
        if args.values.len() < least || args.values.len() > most {
            return Err(fail("has too few values, or too many"));
        }
        budget::spend_on(args.values.iter().copied())?;
        (doc.run)(&args).map(ScopedJson::Derived).map_err(fail)
    }
}

/// What a helper was given.
struct Args<'a> {
    values: Vec<&'a Value>,
    named: BTreeMap<&'a str, &'a Value>,
    /// What the template sees.
    root: &'a Value,
    /// The language of the card.
    words: &'a Words,
}

impl Args<'_> {
    /// A value; null where there is none.
    fn value(&self, at: usize) -> &Value {
        self.values.get(at).copied().unwrap_or(&Value::Null)
    }

    /// The time zone of the card.
    fn time_zone(&self) -> TimeZone {
        let name = self.root.pointer("/card/time_zone").and_then(Value::as_str);
        name.and_then(time_zone).unwrap_or(TimeZone::UTC)
    }

    /// A value as text.
    fn text(&self, at: usize) -> String {
        text_of(self.value(at))
    }

    /// A value as a count, `otherwise` where there is none.
    fn count(&self, at: usize, otherwise: usize) -> usize {
        let value = self.value(at);
        let number = value.as_u64().or_else(|| value.as_str()?.trim().parse().ok());
        number.and_then(|number| usize::try_from(number).ok()).unwrap_or(otherwise)
    }

    /// A value's members, if it is a list.
    fn list(&self, at: usize) -> &[Value] {
        self.value(at).as_array().map(Vec::as_slice).unwrap_or_default()
    }

    /// A named value as text; none where it is missing.
    fn named(&self, name: &str) -> Option<String> {
        self.named.get(name).map(|value| text_of(value))
    }
}

/// A value as it is shown: nothing for null, for lists and for objects.
fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => String::new(),
    }
}

/// Whether there is something to show.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::{document, marks};

    /// What a template's text shows in a TextBlock.
    fn shown(template: &str, payload: &str) -> String {
        let payload: Value = serde_json::from_str(payload).unwrap();
        let context = serde_json::json!({
            "payload": payload,
            "headers": {"x-request-id": "7f3a"},
            "event": {"received_at": "2026-11-23T08:05:00Z"},
        });
        let rendered = registry(&Arc::default()).render_template(template, &context).unwrap();
        let document = format!(r#"{{"summary":"s","body":[{{"type":"TextBlock","text":"x{rendered}"}}]}}"#);
        if template.contains("{{{") {
            return marks::strip(&rendered);
        }
        let text = document::read(&document).unwrap().body[0]["text"].as_str().unwrap().to_owned();
        text.strip_prefix('x').unwrap().to_owned()
    }

    #[test]
    fn every_helper_does_what_its_example_says() {
        for doc in helper_docs() {
            let [template, payload, expected] = doc.example;
            assert_eq!(shown(template, payload), expected, "{}: {template}", doc.name);
            assert!(template.contains(doc.name) && doc.usage.contains(doc.name), "{}", doc.name);
        }
    }

    /// As code within a table.
    fn code(text: &str) -> String {
        let fence = if text.contains('`') { "``" } else { "`" };
        format!("{fence}{}{fence}", text.replace('|', "\\|"))
    }

    #[test]
    fn the_guide_lists_every_helper_as_it_is() {
        let rows = helper_docs().map(|doc| {
            let [template, payload, shown] = doc.example.map(code);
            format!("| {} | {} | {template} of {payload}: {shown} |\n", code(doc.usage), doc.gives.replace('|', "\\|"))
        });
        let table = format!("| written | gives | example |\n|---|---|---|\n{}", rows.collect::<String>());
        let guide = include_str!("../../templates/README.md");
        assert!(guide.ends_with(&table), "templates/README.md must end with this table:\n\n{table}");
    }

    #[test]
    fn every_helper_takes_whatever_it_is_given() {
        let odd =
            serde_json::json!([null, true, -1.5, 1e300, "", "\"}\n{{x}}", [], [[]], {}, {"a": null}, "é".repeat(300)]);
        for doc in helper_docs() {
            for first in odd.as_array().unwrap() {
                for second in odd.as_array().unwrap() {
                    let values: Vec<&Value> = [first, second, first].into_iter().take(doc.values.1.min(3)).collect();
                    let named = BTreeMap::from([("a", second), ("field", first)]);
                    let args = Args { values, named, root: &odd, words: &Words::default() };
                    let given = (doc.run)(&args);
                    assert!(given.is_ok() || given.is_err_and(|why| !why.is_empty()), "{}", doc.name);
                }
            }
        }
    }

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = value_helper_names().collect();
        names.sort_unstable();
        let all = names.len();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}
