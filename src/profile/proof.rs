//! The last look at an Adaptive Card before it is posted: whether it is one that Teams' webhooks take.
//!
//! What a template yields was read by the same table of elements (`render::known`), so nothing should be found here. If
//! something is, a fault of ours would have cost the card: Teams answers 202 to a card that it then can't show.

use serde_json::{Map, Value};

use crate::{
    card::MOST_MENTIONS,
    render::known::{ELEMENTS, Kind, SIZES, is_pixels, known},
};

/// Elements in each other. Teams shows fewer well; a renderer recurses.
const MOST_DEPTH: usize = 32;

/// Why a card would not be taken: where, and what; quotes nothing of it but names of elements and properties.
pub(super) type Fault = String;

/// Looks at a whole card.
pub(super) fn prove(card: &Value) -> Result<(), Fault> {
    let card = card.as_object().ok_or("the card is no object")?;
    for (name, expected) in [("type", "AdaptiveCard"), ("version", "1.4")] {
        if card.get(name).and_then(Value::as_str) != Some(expected) {
            return Err(format!("`{name}` is not `{expected}`"));
        }
    }
    for name in card.keys() {
        if !["$schema", "type", "version", "msteams", "fallbackText", "body", "actions"].contains(&name.as_str()) {
            return Err(format!("a card has no `{name}`"));
        }
    }
    list(card.get("body"), None, "body", 0)?;
    if let Some(actions) = card.get("actions") {
        list(Some(actions), Some("Action.OpenUrl"), "actions", 0)?;
    }
    mentions(card)
}

/// `only`: the one type that may stand in the list; none: any element.
fn list(value: Option<&Value>, only: Option<&str>, place: &str, depth: usize) -> Result<(), Fault> {
    let Some(Value::Array(list)) = value else { return Err(format!("`{place}` is no list")) };
    if depth > MOST_DEPTH {
        return Err(format!("`{place}` is more than {MOST_DEPTH} elements deep"));
    }
    list.iter().enumerate().try_for_each(|(index, member)| element(member, only, &format!("{place}[{index}]"), depth))
}

fn element(value: &Value, only: Option<&str>, place: &str, depth: usize) -> Result<(), Fault> {
    let map = value.as_object().ok_or_else(|| format!("`{place}` is no element"))?;
    let named = map.get("type").and_then(Value::as_str);
    // Facts have no type; in lists of one type it may be left out.
    let name = named.or(only).ok_or_else(|| format!("`{place}` has no type"))?;
    let fits = only.map_or_else(|| ELEMENTS.contains(&name), |only| only == name);
    let known = known(name).filter(|_| fits).ok_or_else(|| format!("`{place}` is of a type that can't stand there"))?;
    for (name, value) in map.iter().filter(|(name, _)| *name != "type") {
        let place = format!("{place}.{name}");
        let kind = known.property(name).ok_or_else(|| format!("`{place}` is no property of a {}", known.name))?;
        property(value, kind, &place, depth)?;
    }
    if map.contains_key(known.needs) { Ok(()) } else { Err(format!("`{place}` has no `{}`", known.needs)) }
}

fn property(value: &Value, kind: Kind, place: &str, depth: usize) -> Result<(), Fault> {
    let is_size = |text: &str| is_pixels(text) || SIZES.contains(&text);
    let fits = match kind {
        Kind::Elements => return list(Some(value), None, place, depth + 1),
        Kind::List(only) => return list(Some(value), Some(only), place, depth + 1),
        Kind::Action => return element(value, Some("Action.OpenUrl"), place, depth + 1),
        Kind::Markdown | Kind::Plain | Kind::Run => value.is_string(),
        Kind::Address => value.as_str().is_some_and(|text| text.starts_with("https://") || text.starts_with("http://")),
        Kind::Flag => value.is_boolean(),
        Kind::Number => value.is_u64(),
        Kind::Word(words) => value.as_str().is_some_and(|word| words.contains(&word)),
        Kind::Size => value.is_number() || value.as_str().is_some_and(is_size),
    };
    if fits { Ok(()) } else { Err(format!("`{place}` has a value that is not of its kind")) }
}

/// Teams refuses a card in which a mention stands in the text and not in the list, or in the list and not in the text.
fn mentions(card: &Map<String, Value>) -> Result<(), Fault> {
    let entities = card.get("msteams").and_then(|teams| teams.get("entities")).and_then(Value::as_array);
    let named: Vec<&str> =
        entities.into_iter().flatten().filter_map(|entity| entity.get("text").and_then(Value::as_str)).collect();
    if named.len() > MOST_MENTIONS {
        return Err(format!("{} people are mentioned, more than {MOST_MENTIONS}", named.len()));
    }
    let mut shown = Vec::new();
    for element in card.get("body").and_then(Value::as_array).into_iter().flatten() {
        shown_mentions(element, &mut shown);
    }
    if shown.iter().any(|mention| !named.contains(mention)) {
        return Err("a mention in a text is not in the list of mentions".to_owned());
    }
    if named.iter().any(|mention| !shown.contains(mention)) {
        return Err("a mention in the list stands in no text".to_owned());
    }
    Ok(())
}

/// The `<at>name</at>` of all texts in which Teams looks for them.
fn shown_mentions<'a>(value: &'a Value, shown: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => {
            let mut rest = text.as_str();
            while let Some(begin) = rest.find("<at>") {
                let from = rest.get(begin..).unwrap_or_default();
                let Some(end) = from.find("</at>") else { break };
                shown.extend(from.get(..end + "</at>".len()));
                rest = from.get(end..).unwrap_or_default();
            }
        }
        Value::Array(list) => list.iter().for_each(|member| shown_mentions(member, shown)),
        Value::Object(map) => {
            let texts = map.iter().filter(|(name, _)| *name != "altText" && *name != "url");
            texts.for_each(|(_, member)| shown_mentions(member, shown));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn card(body: Value, entities: Value) -> Value {
        json!({"type": "AdaptiveCard", "version": "1.4", "body": body, "msteams": {"width": "Full", "entities": entities}})
    }

    #[test]
    fn a_card_of_known_elements_passes() {
        let body = json!([
            {"type": "TextBlock", "text": "hello <at>Mona</at>", "color": "good", "wrap": true, "maxLines": 3},
            {"type": "ColumnSet", "columns": [{"type": "Column", "width": "20px", "items": [
                {"type": "Image", "url": "https://octo.example/a.png", "altText": "<at>nobody</at>"}]}]},
            {"type": "FactSet", "facts": [{"title": "Branch", "value": "main"}]},
        ]);
        assert_eq!(prove(&card(body, json!([{"type": "mention", "text": "<at>Mona</at>"}]))), Ok(()));
    }

    #[test]
    fn what_teams_would_not_take_is_named_with_its_place() {
        let body = |element: Value| card(json!([element]), json!([]));
        let text = |text: &str| json!({"type": "TextBlock", "text": text});
        let deep = (0..40).fold(text("x"), |inner, _| json!({"type": "Container", "items": [inner]}));
        let many: Vec<Value> = (0..21).map(|number| json!({"text": format!("<at>{number}</at>")})).collect();
        for (card, fault) in [
            (json!([]), "the card is no object"),
            (json!({"type": "AdaptiveCard", "version": "1.6", "body": []}), "`version` is not `1.4`"),
            (json!({"type": "AdaptiveCard", "version": "1.4", "body": [], "x": 1}), "a card has no `x`"),
            (body(json!({"type": "Input.Text", "id": "x"})), "`body[0]` is of a type that can't"),
            (body(json!({"type": "Column", "items": []})), "`body[0]` is of a type that can't"),
            (body(json!({"text": "x"})), "`body[0]` has no type"),
            (body(json!({"type": "TextBlock", "text": 7})), "`body[0].text` has a value that is not"),
            (body(json!({"type": "TextBlock", "text": "x", "color": "red"})), "`body[0].color` has a value"),
            (body(json!({"type": "TextBlock", "text": "x", "colour": "good"})), "`body[0].colour` is no property"),
            (body(json!({"type": "TextBlock", "wrap": true})), "`body[0]` has no `text`"),
            (body(json!({"type": "Image", "url": "javascript:x"})), "`body[0].url` has a value"),
            (body(json!({"type": "FactSet", "facts": {}})), "`body[0].facts` is no list"),
            (body(deep), "elements deep"),
            (body(text("<at>Mona</at>")), "a mention in a text"),
            (card(json!([text("x")]), json!([{"text": "<at>Mona</at>"}])), "a mention in the list"),
            (card(json!([]), many.into()), "21 people"),
        ] {
            let found = prove(&card).unwrap_err();
            assert!(found.contains(fault), "{found:?} is not {fault:?}");
        }
    }
}
