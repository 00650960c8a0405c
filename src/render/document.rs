//! The JSON document that a template yields, read as a card.

use serde_json::{Map, Value};

use super::{
    element::{self, Fault, kind_of},
    lenient::without_stray_commas,
    markdown, marks, text,
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
        format!(
            "a value stands outside of quotes at line {}, column {} of what was rendered; write \"{{{{value}}}}\", or {{{{{{json value}}}}}} for a number or a list",
            bare.line, bare.column
        )
    })?;
    let document: Value = serde_json::from_str(&json).map_err(|error| {
        format!(
            "what was rendered is not JSON ({}) at line {}, column {} of it; look for a missing comma, quote or bracket",
            category(&error),
            error.line(),
            error.column()
        )
    })?;
    let Value::Object(map) = document else {
        return Err(format!("what was rendered is {}, and must be an object `{{…}}`", kind_of(&document)));
    };
    card(map)
}

fn category(error: &serde_json::Error) -> &'static str {
    if error.is_eof() { "it ends too early" } else { "something that can't stand there" }
}

fn card(mut map: Map<String, Value>) -> Result<Card, Fault> {
    if let Some(unknown) = map.keys().find(|key| !KEYS.contains(&key.as_str())) {
        let cure = match did_you_mean(unknown, KEYS.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the keys are {}", KEYS.join(", ")),
        };
        return Err(format!("the document has a key that is not known; {cure}"));
    }
    let mut listed = Vec::new();
    let body =
        element::elements(map.shift_remove("body").unwrap_or_else(|| Value::Array(Vec::new())), "body", &mut listed)?;
    if body.is_empty() {
        return Err("`body` shows nothing; it needs at least one element with a text or a picture".to_owned());
    }
    let summary = line(map.shift_remove("summary"), "summary")?
        .ok_or("there is no `summary`: the one line for lists and notifications")?;
    let severity = severity(map.shift_remove("severity"))?;
    let link = address(map.shift_remove("link"))?;
    let fold = line(map.shift_remove("fold"), "fold")?;
    let actions = buttons(map.shift_remove("actions"))?;
    let mut mentions = mentions(map.shift_remove("mentions"))?;
    listed.retain(|mention| !mentions.contains(mention));
    mentions.extend(listed);
    Ok(Card { summary, severity, link, fold, body, actions, mentions })
}

fn line(value: Option<Value>, name: &str) -> Result<Option<String>, Fault> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => {
            let line = text::truncate(&markdown::plain(&text), MOST_CHARS);
            Ok(Some(line).filter(|line| !line.is_empty()))
        }
        Some(other) => Err(format!("`{name}` is {}, and must be a text", kind_of(&other))),
    }
}

fn address(value: Option<Value>) -> Result<Option<String>, Fault> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(text::web_address(&marks::strip(&text))),
        Some(other) => Err(format!("`link` is {}, and must be a text", kind_of(&other))),
    }
}

fn severity(value: Option<Value>) -> Result<Severity, Fault> {
    let text = match value {
        None | Some(Value::Null) => return Ok(Severity::default()),
        Some(Value::String(text)) => text,
        Some(other) => return Err(format!("`severity` is {}, and must be a text", kind_of(&other))),
    };
    match marks::strip(&text).trim().to_ascii_lowercase().as_str() {
        "good" => Ok(Severity::Good),
        "info" | "" => Ok(Severity::Info),
        "warning" => Ok(Severity::Warning),
        "critical" => Ok(Severity::Critical),
        _ if marks::has_value(&text) => Ok(Severity::default()),
        _ => Err("`severity` must be one of good, info, warning, critical".to_owned()),
    }
}

fn buttons(list: Option<Value>) -> Result<Vec<Action>, Fault> {
    let Some(list) = list.filter(|list| !list.is_null()) else { return Ok(Vec::new()) };
    let made = element::actions(list, "actions")?;
    let part = |button: &Value, name: &str| button.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    Ok(made.iter().map(|button| Action { title: part(button, "title"), url: part(button, "url") }).collect())
}

fn mentions(list: Option<Value>) -> Result<Vec<Mention>, Fault> {
    let list = match list {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(list)) => list,
        Some(other) => return Err(format!("`mentions` is {}, and must be a list", kind_of(&other))),
    };
    let mut found = Vec::new();
    for (index, mention) in list.iter().enumerate().filter(|(_, mention)| !mention.is_null()) {
        let part = |name: &str| mention.get(name).and_then(Value::as_str).map(markdown::plain).unwrap_or_default();
        let (id, name) = (part("id"), part("name"));
        if !mention.is_object() {
            return Err(format!(
                "`mentions[{index}]` is {}, and must be an object with `id` and `name`",
                kind_of(mention)
            ));
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
        read(document).unwrap_err()
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
}
