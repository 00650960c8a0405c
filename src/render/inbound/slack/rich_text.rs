//! Slack's rich text: sections, lists, quotes and code, made of styled stretches.

use serde_json::{Value, json};

use super::{Draft, Fields, emoji, mrkdwn};
use crate::render::{markdown::neutral, marks};

/// The block as texts.
pub(super) fn read(block: Fields<'_>, draft: &mut Draft) -> Vec<Value> {
    block.objects("elements").filter_map(|element| part(element, draft)).collect()
}

fn part(element: Fields<'_>, draft: &mut Draft) -> Option<Value> {
    let bounded = |text: String| marks::markdown(&text.chars().take(3_000).collect::<String>());
    match element.text("type").as_str() {
        "rich_text_list" => {
            let is_ordered = element.text("style") == "ordered";
            let indent = "  ".repeat(element.text("indent").parse::<usize>().unwrap_or(0).min(4));
            let items = element.objects("elements").enumerate().map(|(index, item)| {
                let mark = if is_ordered { format!("{}.", index + 1) } else { "-".to_owned() };
                format!("{indent}{mark} {}", line(item))
            });
            let items: Vec<String> = items.collect();
            draft.text(bounded(items.join("\n")))
        }
        "rich_text_quote" => draft.text(bounded(format!("» {}", line(element)))),
        "rich_text_preformatted" => {
            let code: String = element.objects("elements").map(|stretch| stretch.text("text")).collect();
            draft.text_with(code.chars().take(2_000).collect(), json!({"fontType": "monospace"}))
        }
        _ => draft.text(bounded(line(element))),
    }
}

/// The stretches of a section, in Teams' Markdown.
fn line(section: Fields<'_>) -> String {
    section.objects("elements").map(stretch).collect()
}

fn stretch(stretch: Fields<'_>) -> String {
    match stretch.text("type").as_str() {
        "link" => {
            let words = stretch.text("text");
            let address = stretch.text("url");
            mrkdwn::written_link(if words.is_empty() { &address } else { &words }, &address)
        }
        "emoji" => emoji::named(&stretch.text("name")),
        "user" => neutral(&format!("@{}", stretch.text("user_id"))),
        "usergroup" => neutral(&format!("@{}", stretch.text("usergroup_id"))),
        "channel" => neutral(&format!("#{}", stretch.text("channel_id"))),
        "broadcast" => neutral(&format!("@{}", stretch.text("range"))),
        "date" => neutral(&stretch.text("fallback")),
        _ => styled(&stretch.text("text"), stretch.get("style").and_then(Fields::of)),
    }
}

/// Blanks at the ends stand outside of what is bold, as Markdown wants it.
fn styled(text: &str, style: Option<Fields<'_>>) -> String {
    let has = |name: &str| style.and_then(|style| style.flag(name)) == Some(true);
    let mark = match (has("bold"), has("italic")) {
        (true, true) => "***",
        (true, false) => "**",
        (false, true) => "_",
        (false, false) => "",
    };
    let words = text.trim();
    if mark.is_empty() || words.is_empty() || words.contains('\n') {
        return mrkdwn::spaced(text);
    }
    let (before, after) = text.split_once(words).unwrap_or_default();
    let end = if mark == "_" { "_" } else { mark };
    format!("{before}{mark}{}{end}{after}", neutral(words))
}
