//! Writes a template for a payload: what `generic/event` would find each time is found once, and written out as paths.

use serde_json::Value;

use super::survey::{self, How, Party};

/// Facts of a card that is made so; its author takes out and adds.
const FACTS: usize = 6;

/// A template for events such as this one, with the look of `partials/card`. `what` says in a word or two what it is for.
pub fn draft(payload: &Value, what: &str) -> String {
    let path = |value: &Value| path_of(payload, value);
    let found = survey::find(payload);
    let (actor, place) = (survey::actor(payload), survey::place(payload));
    let by = party(payload, actor.as_ref());
    let [place, place_url, _] = party(payload, place.as_ref());
    let status = found.status.and_then(path);
    let action = payload.get("action").filter(|action| action.is_string()).map(|_| "payload.action");
    let mut lines = vec![
        "{{!--".to_owned(),
        format!("  {}, made from a payload by `teams-relay template new`.", without_tags(what)),
        "  A path such as payload.title is where a value stands in the payload; partials/card says what else it takes"
            .to_owned(),
        "  (`teams-relay template show partials/card`). A value that is not there is left out of the card.".to_owned(),
        "--}}".to_owned(),
        "{{> partials/card {}".to_owned(),
    ];
    let mut add = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            lines.push(format!("  {name}={value}"));
        }
    };
    add(
        "level",
        Some(status.as_ref().map_or("\"info\"".to_owned(), |path| format!("(default (severity {path}) \"info\")"))),
    );
    let words = status.as_ref().map_or("event.name".to_owned(), |path| format!("(default {path} event.name)"));
    add("status", Some(format!("(capitalize (lower (words {words})))")));
    let [by, by_url, by_face] = by;
    match (&by, action) {
        (Some(_), Some(action)) => add("did", Some(format!("(words {action})"))),
        _ => add("happened", Some("(capitalize (words event.type))".to_owned())),
    }
    add("by", by);
    add("by_url", by_url);
    add("by_face", by_face);
    let title = found.title.and_then(path);
    add("title", Some(title.unwrap_or_else(|| "(capitalize (words event.type))".to_owned())));
    add("link", found.link.and_then(path));
    add("place", Some(place.unwrap_or_else(|| "event.source".to_owned())));
    add("place_url", place_url);
    add("quote", found.text.and_then(path));
    add("facts", facts(payload));
    add("button", Some("\"Open\"".to_owned()));
    add("fold", Some("(concat event.source \" \" event.name)".to_owned()));
    lines.push("}}\n".to_owned());
    lines.join("\n")
}

/// Paths of name, link and face.
fn party(payload: &Value, party: Option<&Party<'_>>) -> [Option<String>; 3] {
    let Some(party) = party else { return [None, None, None] };
    [Some(party.name), party.link, party.face].map(|value| value.and_then(|value| path_of(payload, value)))
}

fn facts(payload: &Value) -> Option<String> {
    let facts: Vec<String> = survey::fact_leaves(payload, FACTS)
        .into_iter()
        .filter_map(|(name, value, how)| {
            let path = path_of(payload, value)?;
            let shown = match how {
                How::AsItIs => path,
                How::Flag => format!("(when {path} \"yes\" \"no\")"),
                How::Instant => format!("(date {path})"),
                How::Length => format!("(duration {path})"),
                How::Ref => format!("(branch {path})"),
            };
            Some(format!("\n    \"{}\" {shown}", without_tags(&name)))
        })
        .collect();
    (!facts.is_empty()).then(|| format!("(facts{})", facts.concat()))
}

/// A text as it may stand in a comment, or in quotes.
fn without_tags(text: &str) -> String {
    text.chars()
        .filter(|c| !matches!(c, '"' | '\\' | '{' | '}') && !c.is_control())
        .collect::<String>()
        .replace("--", "-")
}

/// The path of a value that is a part of the payload, told by where it is in memory; none where a key on the way can't
/// be written in a path.
fn path_of(payload: &Value, wanted: &Value) -> Option<String> {
    // The way so far, from the inside out: each step knows the one before it.
    let mut steps: Vec<(usize, String)> = vec![(0, "payload".to_owned())];
    let mut next = vec![(payload, 0)];
    while let Some((value, step)) = next.pop() {
        if std::ptr::eq(value, wanted) {
            let mut path = Vec::new();
            let mut at = step;
            while let Some((before, name)) = steps.get(at) {
                path.push(name.clone());
                if at == 0 {
                    break;
                }
                at = *before;
            }
            path.reverse();
            return Some(path.join("."));
        }
        let inner: Vec<(String, &Value)> = match value {
            Value::Object(map) => map.iter().filter_map(|(key, value)| Some((step_of(key)?, value))).collect(),
            Value::Array(list) => list.iter().enumerate().map(|(at, value)| (format!("[{at}]"), value)).collect(),
            _ => Vec::new(),
        };
        for (name, value) in inner {
            steps.push((step, name));
            next.push((value, steps.len() - 1));
        }
    }
    None
}

/// A key as a part of a path: in brackets where it is no plain word.
fn step_of(key: &str) -> Option<String> {
    let is_plain = key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !matches!(key, "this" | "as" | "else" | "true" | "false" | "null");
    if is_plain {
        return Some(key.to_owned());
    }
    let fits = !key.is_empty() && !key.contains(['[', ']', '{', '}', '"', '\'']) && !key.contains(char::is_control);
    fits.then(|| format!("[{key}]"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::{RenderInput, TemplateFile, Templates, embedded, samples};
    use serde_json::json;

    /// Renders a draft strictly with the payload that it was made from.
    fn card(payload: &Value, label: &str) -> crate::card::Card {
        let text = draft(payload, "The card of x");
        let name = "x/made";
        let mut files = embedded();
        files.retain(TemplateFile::is_partial);
        files.push(TemplateFile { name: name.into(), origin: format!("{name}.hbs"), text: text.clone().into() });
        let templates = Templates::compile(files).unwrap_or_else(|problems| panic!("{label}: {problems:#?}\n{text}"));
        let input = RenderInput::of_sample(payload.clone(), "x", "made");
        let card = templates.strict().render(&name.parse().unwrap(), &input);
        card.unwrap_or_else(|error| panic!("{label}: {error}\n{text}"))
    }

    #[test]
    fn a_template_made_from_any_sample_renders_it_strictly() {
        // Each is compiled with all partials; every fourth is enough of all providers.
        for sample in samples().into_iter().step_by(4) {
            let payload: Value = serde_json::from_str(&sample.json).unwrap();
            let made = card(&payload, &format!("{} {:?}", sample.template, sample.variant));
            assert!(!made.summary.is_empty() && made.body.len() >= 2, "{made:?}");
        }
    }

    #[test]
    fn what_is_found_is_written_out_as_paths() {
        let payload = json!({
            "action": "opened",
            "issue": {"title": "It leaks", "state": "open", "html_url": "https://octo.example/7", "labels": [{"name": "bug"}]},
            "sender": {"login": "mona"}, "repository": {"full_name": "octo/tides"},
            "host": "db-1", "opened_at": "2026-11-23T08:00:00Z",
        });
        let text = draft(&payload, "The card of octo's issues");
        for line in [
            "  status=(capitalize (lower (words (default payload.issue.state event.name))))",
            "  did=(words payload.action)",
            "  by=payload.sender.login",
            "  title=payload.issue.title",
            "  link=payload.issue.html_url",
            "  place=payload.repository.full_name",
            "    \"Host\" payload.host",
            "    \"Opened at\" (date payload.opened_at)",
        ] {
            assert!(
                text.lines().any(|found| found.trim_end_matches(')') == line.trim_end_matches(')')),
                "{line}\n{text}"
            );
        }
        assert!(!text.contains("It leaks") && !text.contains("mona"), "{text}");
        assert_eq!(card(&payload, "issue").summary, "mona opened in octo/tides: It leaks");
    }

    #[test]
    fn keys_that_are_no_words_are_reached_or_left_out() {
        let payload = json!({"a.b/c d": [{"title": "First of all"}], "x]}} {{y": {"status": "failed"}, "in-list": [{"host": "db-1"}], "zone\"--}}": "north"});
        let text = draft(&payload, "Odd }} --}} \"keys\"");
        assert!(text.contains("title=payload.[a.b/c d].[0].title"), "{text}");
        let made = card(&payload, "odd");
        assert!(made.summary.contains("First of all"), "{}", made.summary);
        for json in ["null", "7", "\"text\"", "[]", "{}", "[{\"title\":\"x\"}]"] {
            card(&serde_json::from_str(json).unwrap(), json);
        }
    }
}
