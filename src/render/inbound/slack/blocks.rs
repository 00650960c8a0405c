//! Slack's blocks, as elements of a card. Buttons with an address stay; menus, inputs and other buttons are counted.

use serde_json::{Value, json};

use super::{super::draft, Draft, Fields, emoji, mrkdwn::mrkdwn, rich_text};

/// The blocks of a message or of an attachment.
pub(super) fn read(blocks: &[Value], draft: &mut Draft) -> Vec<Value> {
    let mut made: Vec<Value> = Vec::new();
    let mut is_divided = false;
    for block in blocks.iter().filter_map(Fields::of) {
        if draft.is_full() {
            draft.leave_out("part", 1);
            continue;
        }
        let kind = block.text("type").to_ascii_lowercase();
        if kind == "divider" {
            is_divided = true;
            continue;
        }
        let mut elements = self::block(&kind, block, draft);
        if let Some(Value::Object(first)) = elements.first_mut().filter(|_| is_divided && !made.is_empty()) {
            first.insert("separator".to_owned(), true.into());
            is_divided = false;
        }
        made.append(&mut elements);
    }
    made
}

fn block(kind: &str, block: Fields<'_>, draft: &mut Draft) -> Vec<Value> {
    match kind {
        "header" => {
            let look = json!({"size": "large", "weight": "bolder"});
            draft.text_with(text(block.get("text")), look).into_iter().collect()
        }
        "section" => section(block, draft),
        "context" => context(block, draft).into_iter().collect(),
        "image" => image(block, draft),
        "actions" => {
            let buttons = block.objects("elements").filter_map(|element| button(element, draft)).collect();
            draft.buttons(buttons).into_iter().collect()
        }
        "rich_text" => rich_text::read(block, draft),
        "markdown" => draft.text(draft::markdown(&block.text("text"))).into_iter().collect(),
        "video" => {
            let title = text(block.get("title"));
            let picture =
                draft.image(&block.text("thumbnail_url"), &block.text("alt_text"), json!({"size": "stretch"}));
            let button = draft.button(&title, &block.text("video_url")).into_iter().collect();
            picture.into_iter().chain(draft.buttons(button)).collect()
        }
        "input" => {
            draft.leave_out("input", 1);
            Vec::new()
        }
        _ => {
            draft.leave_out("element", 1);
            Vec::new()
        }
    }
}

/// A text object, or a text, in marks.
fn text(value: Option<&Value>) -> String {
    let Some(value) = value else { return String::new() };
    match Fields::of(value) {
        Some(object) if object.text("type") == "plain_text" => emoji::shown(&object.text("text")),
        Some(object) => mrkdwn(&object.text("text")),
        None => mrkdwn(&super::super::fields::text_of(value)),
    }
}

fn section(block: Fields<'_>, draft: &mut Draft) -> Vec<Value> {
    let mut items: Vec<Value> = draft.text(text(block.get("text"))).into_iter().collect();
    let fields: Vec<Value> = block.list("fields").iter().filter_map(|field| draft.text(text(Some(field)))).collect();
    for pair in fields.chunks(2) {
        let sides = pair.iter().map(|field| ("stretch".into(), vec![field.clone()])).collect();
        items.extend(draft.columns(sides));
    }
    let Some(accessory) = block.get("accessory").and_then(Fields::of) else { return items };
    if accessory.text("type").eq_ignore_ascii_case("image") {
        let picture = draft.image(&accessory.text("image_url"), &accessory.text("alt_text"), json!({"size": "small"}));
        let sides = vec![("stretch".into(), items), ("auto".into(), picture.into_iter().collect())];
        return draft.columns(sides).into_iter().collect();
    }
    let button = button(accessory, draft).into_iter().collect();
    items.extend(draft.buttons(button));
    items
}

/// Small pictures and texts in a row.
fn context(block: Fields<'_>, draft: &mut Draft) -> Option<Value> {
    let (mut face, mut words) = (Vec::new(), Vec::new());
    for element in block.objects("elements") {
        if element.text("type").eq_ignore_ascii_case("image") {
            if face.is_empty() && words.is_empty() {
                let look = json!({"width": "20px", "height": "20px"});
                face.extend(draft.image(&element.text("image_url"), &element.text("alt_text"), look));
            }
        } else {
            words.push(text(Some(&Value::Object(element.0.clone()))));
        }
    }
    let words = draft.aside(words.join(" · "));
    draft.columns(vec![("auto".into(), face), ("stretch".into(), words.into_iter().collect())])
}

fn image(block: Fields<'_>, draft: &mut Draft) -> Vec<Value> {
    let title = draft.text_with(text(block.get("title")), json!({"weight": "bolder"}));
    let picture = draft.image(&block.text("image_url"), &block.text("alt_text"), json!({"size": "stretch"}));
    title.into_iter().chain(picture).collect()
}

/// A button that leads somewhere; what asks something of the reader is counted.
fn button(element: Fields<'_>, draft: &mut Draft) -> Option<Value> {
    let kind = element.text("type").to_ascii_lowercase();
    let is_button = matches!(kind.as_str(), "button" | "workflow_button" | "");
    if !is_button {
        draft.leave_out("input", 1);
        return None;
    }
    draft.button(&text(element.get("text")), &element.text("url"))
}
