//! The JSON document that a template yields, read as a card.

use serde_json::{Map, Value};

use super::{
    element::{self, kind_of},
    fault::Fault,
    lenient::{before_mending, without_stray_commas},
    markdown, marks, mentions, scan, text,
};
use crate::{
    card::{Action, Card, Mention, Severity},
    config::problem::did_you_mean,
};

const KEYS: &[&str] = &["summary", "severity", "link", "fold", "body", "actions", "mentions"];

/// Longest summary and fold key that are kept, in characters; clients show fewer.
const MOST_CHARS: usize = 200;

/// Reads what a template rendered to.
///
/// # Errors
/// What is wrong with it, in words that quote the template's own names and nothing of the payload.
pub(super) fn read(rendered: &str) -> Result<Card, Fault> {
    let json = without_stray_commas(rendered).map_err(|bare| {
        Fault::at(
            bare.at,
            "a value stands outside of quotes; write \"{{value}}\", or {{{json value}}} for a number or a list",
        )
    })?;
    let document: Value = serde_json::from_str(&json).map_err(|error| not_json(rendered, &json, &error))?;
    let Value::Object(map) = document else {
        let found = format!("what was rendered is {}, and must be an object `{{…}}`", kind_of(&document));
        return Err(Fault::of("", found));
    };
    card(map)
}

/// What keeps a text from being JSON. What the parser stumbles over may stand behind the mistake.
fn not_json(rendered: &str, json: &str, error: &serde_json::Error) -> Fault {
    let fault = |words: &str, cure: &str| format!("what was rendered is not JSON: {words}; {cure}");
    let at = before_mending(rendered, json, byte_of(json, error.line(), error.column()));
    // The parser's words name what it expected, and quote nothing.
    let words = error.to_string();
    let quote = scan::string_around(rendered, at).filter(|_| error.is_eof() || words.starts_with("control character"));
    if let Some(quote) = quote {
        return Fault::near(quote, fault("a text has no quote at its end", "look for a missing quote"));
    }
    if error.is_eof() {
        let found = fault("a bracket is not closed", "look for a missing `}` or `]`");
        return Fault::near(scan::unclosed(rendered).unwrap_or(rendered.len()), found);
    }
    let (found, cure) = if words.starts_with("expected `,` or") {
        ("a comma or a bracket is missing before this", "look for a missing comma, quote or bracket")
    } else if words.starts_with("expected `:`") {
        ("a `:` is missing before this", "write \"key\": value")
    } else if words.starts_with("key must be") {
        ("this is no key", "write keys in quotes")
    } else if words.starts_with("trailing characters") {
        ("this stands behind its end", "take it out, or look for a bracket too many before it")
    } else if words.starts_with("invalid escape") {
        ("a `\\` in a text begins nothing that is known", "write `\\\\` for one that is shown")
    } else if words.starts_with("recursion limit") {
        ("its brackets are nested too deeply", "nest fewer elements")
    } else {
        ("this can't stand here", "put texts in quotes, and look for a missing quote or bracket")
    };
    Fault::near(at, fault(found, cure))
}

/// The byte of a line and a column as the parser counts them: lines from 1, and the bytes read of the line.
fn byte_of(text: &str, line: usize, column: usize) -> usize {
    let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let mut at = (before + column.saturating_sub(1)).min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn card(mut map: Map<String, Value>) -> Result<Card, Fault> {
    if let Some(unknown) = map.keys().find(|key| !KEYS.contains(&key.as_str())) {
        let cure = match did_you_mean(unknown, KEYS.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the keys are {}", KEYS.join(", ")),
        };
        return Err(Fault::of_key("", unknown, format!("the document has a key that is not known; {cure}")));
    }
    let mut helped = Vec::new();
    let mut body =
        element::elements(map.shift_remove("body").unwrap_or_else(|| Value::Array(Vec::new())), "body", &mut helped)?;
    if body.is_empty() {
        return Err(Fault::of("body", "`body` shows nothing; it needs at least one element with a text or a picture"));
    }
    let summary = line(map.shift_remove("summary"), "summary")?
        .ok_or_else(|| Fault::of("summary", "there is no `summary`: the one line for lists and notifications"))?;
    let severity = severity(map.shift_remove("severity"))?;
    let link = address(map.shift_remove("link"))?;
    let fold = line(map.shift_remove("fold"), "fold")?;
    let actions = buttons(map.shift_remove("actions"))?;
    let mentions = mentions::settle(&mut body, mentioned(map.shift_remove("mentions"))?, helped);
    Ok(Card { summary, severity, link, fold, body, actions, mentions })
}

fn line(value: Option<Value>, name: &str) -> Result<Option<String>, Fault> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => {
            let line = text::truncate(&markdown::plain(&text), MOST_CHARS);
            Ok(Some(line).filter(|line| !line.is_empty()))
        }
        Some(other) => Err(not_text(name, &other)),
    }
}

fn address(value: Option<Value>) -> Result<Option<String>, Fault> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(text::web_address(&marks::strip(&text))),
        Some(other) => Err(not_text("link", &other)),
    }
}

fn not_text(name: &str, value: &Value) -> Fault {
    Fault::of(name, format!("`{name}` is {}, and must be a text", kind_of(value)))
}

fn severity(value: Option<Value>) -> Result<Severity, Fault> {
    let text = match value {
        None | Some(Value::Null) => return Ok(Severity::default()),
        Some(Value::String(text)) => text,
        Some(other) => return Err(not_text("severity", &other)),
    };
    match marks::strip(&text).trim().to_ascii_lowercase().as_str() {
        "good" => Ok(Severity::Good),
        "info" | "" => Ok(Severity::Info),
        "warning" => Ok(Severity::Warning),
        "critical" => Ok(Severity::Critical),
        _ if marks::has_any(&text) => Ok(Severity::default()),
        _ => Err(Fault::of("severity", "`severity` must be one of good, info, warning, critical")),
    }
}

fn buttons(list: Option<Value>) -> Result<Vec<Action>, Fault> {
    let Some(list) = list.filter(|list| !list.is_null()) else { return Ok(Vec::new()) };
    let made = element::actions(list, "actions")?;
    let part = |button: &Value, name: &str| button.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    Ok(made.iter().map(|button| Action { title: part(button, "title"), url: part(button, "url") }).collect())
}

fn mentioned(list: Option<Value>) -> Result<Vec<Mention>, Fault> {
    let list = match list {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(list)) => list,
        Some(other) => {
            return Err(Fault::of("mentions", format!("`mentions` is {}, and must be a list", kind_of(&other))));
        }
    };
    let mut found = Vec::new();
    for (index, mention) in list.iter().enumerate().filter(|(_, mention)| !mention.is_null()) {
        let part = |name: &str| mention.get(name).and_then(Value::as_str).map(markdown::plain).unwrap_or_default();
        let (id, name) = (part("id"), part("name"));
        if !mention.is_object() {
            let place = format!("mentions[{index}]");
            let found = format!("`{place}` is {}, and must be an object with `id` and `name`", kind_of(mention));
            return Err(Fault::of(place, found));
        }
        if !id.is_empty() && !name.is_empty() {
            found.push(Mention { id, name });
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::marks::escape;

    fn fault(document: &str) -> String {
        read(document).unwrap_err().words
    }

    #[test]
    fn what_shows_nothing_is_left_out() {
        let card = read(
            r#"{"summary":"s","body":[null,{"type":"TextBlock","text":"x"},{"type":"TextBlock","text":""},
            {"type":"FactSet","facts":[{"title":"a","value":""}]},{"type":"Image","url":"javascript:x"},
            {"type":"ColumnSet","columns":[{"items":[]}]},],"actions":[{"title":"t","url":"ftp://x"},null,]}"#,
        )
        .unwrap();
        assert_eq!(card.body, [serde_json::json!({"type":"TextBlock","text":"x"})]);
        assert_eq!(card.actions, []);
    }

    #[test]
    fn what_cards_do_not_know_is_named() {
        let body = |element: &str| fault(&format!(r#"{{"summary":"s","body":[{element}]}}"#));
        assert!(body(r#"{"type":"Textblock","text":"x"}"#).contains("did you mean TextBlock?"));
        assert!(body(r#"{"type":"Input.Text","id":"x"}"#).contains("`body[0]` is of type `Input.Text`"));
        assert!(body(r#"{"type":"TextBlock","text":"x","colour":"good"}"#).contains("did you mean `color`?"));
        assert!(body(r#"{"type":"TextBlock","text":"x","wrap":"true"}"#).contains("without quotes"));
        assert!(body(r#"{"type":"TextBlock","text":"x","color":"red"}"#).contains("must be one of default"));
        assert!(body(r#"{"text":"x"}"#).contains("has no `type`"));
        assert!(body(r#"{"type":"Container","items":[{"type":"Action.Submit"}]}"#).contains("body[0].items[0]"));
        assert!(fault(r#"{"summary":"s","bdy":[]}"#).contains("did you mean `body`?"));
    }

    #[test]
    fn a_fault_quotes_nothing_of_the_payload() {
        let secret = escape("hunter2 hunter2");
        for document in [
            format!(r#"{{"summary":"{secret}"#),
            format!(r#"{{"summary":"s","body":[{{"type":"{secret}"}}]}}"#),
            format!(r#"{{"summary":"s","body":[{{"type":"TextBlock","{secret}":1}}]}}"#),
            format!(r#"{{"{secret}":"s"}}"#),
            format!(r#"{{"summary":{secret}}}"#),
        ] {
            let fault = fault(&document);
            assert!(!fault.contains("hunter2"), "{fault}");
        }
    }

    #[test]
    fn a_word_from_the_payload_that_does_not_fit_is_left_out() {
        let color = escape("red");
        let document = format!(
            r#"{{"summary":"s","severity":"{color}","body":[{{"type":"TextBlock","text":"x","color":"{color}"}}]}}"#
        );
        let card = read(&document).unwrap();
        assert_eq!(card.severity, Severity::Info);
        assert_eq!(card.body, [serde_json::json!({"type":"TextBlock","text":"x"})]);
    }

    /// A document whose text names these people between tags, and whose list has them.
    fn mentioning(people: &[(&str, &str)]) -> Card {
        let text: String = people.iter().map(|(_, name)| format!("<at>{}</at> ", escape(name))).collect();
        let list: Vec<Value> =
            people.iter().map(|(id, name)| serde_json::json!({"id": escape(id), "name": escape(name)})).collect();
        let list = serde_json::to_string(&list).unwrap();
        read(&format!(r#"{{"summary":"s","body":[{{"type":"TextBlock","text":"{text}"}}],"mentions":{list}}}"#))
            .unwrap()
    }

    #[test]
    fn whom_the_documents_own_list_can_not_mention_it_names() {
        let card = mentioning(&[("mona@octo.example", "Mona_L"), ("mona", "Nobody_X"), ("", "No <id>")]);
        assert_eq!(card.body[0]["text"], "<at>Mona L</at> Nobody X No id");
        assert_eq!(card.mentions, [Mention { id: "mona@octo.example".into(), name: "Mona L".into() }]);
        let text = r#"{"summary":"s","body":[{"type":"TextBlock","text":"<at>Lisa</at> </at> <at>"}],"mentions":[null,
            {"id":"mona@octo.example","name":"Mona"}]}"#;
        let card = read(text).unwrap();
        assert_eq!(
            card.body[0]["text"], "Lisa </at> <at>",
            "who is on no list is named, and who is in no text is not told"
        );
        assert_eq!(card.mentions, []);
    }

    #[test]
    fn the_list_and_the_helper_together_mention_no_more_than_teams_takes() {
        let people: Vec<(String, String)> =
            (0..30).map(|number| (format!("m{number}@octo.example"), format!("Mona {number}"))).collect();
        let people: Vec<(&str, &str)> = people.iter().map(|(id, name)| (id.as_str(), name.as_str())).collect();
        let card = mentioning(&people);
        assert_eq!(card.mentions.len(), 20);
        let text = card.body[0]["text"].as_str().unwrap();
        assert!(text.contains("<at>Mona 19</at> Mona 20 Mona 21") && text.matches("<at>").count() == 20, "{text}");

        let helped = escape("\u{FDD4}lisa@octo.example\u{FDD5}Lisa\u{FDD6}");
        let list: Vec<Value> = people.iter().map(|(id, name)| serde_json::json!({"id": id, "name": name})).collect();
        let tags: String = people.iter().map(|(_, name)| format!("<at>{name}</at>")).collect();
        let list = Value::Array(list);
        let text =
            format!(r#"{{"summary":"s","body":[{{"type":"TextBlock","text":"{helped} {tags}"}}],"mentions":{list}}}"#);
        let card = read(&text).unwrap();
        assert_eq!(card.mentions.len(), 20);
        assert!(card.body[0]["text"].as_str().unwrap().starts_with("Lisa <at>Mona 0</at>"));
    }
}
