//! A message as Slack's incoming webhooks take it: a text, attachments of the older kind, or blocks.

mod blocks;
mod emoji;
mod mrkdwn;
mod rich_text;

use serde_json::{Value, json};

use super::{
    Posted, colour,
    draft::Draft,
    fields::{Fields, flag},
    heading,
};
pub(super) use mrkdwn::{looks_like, mrkdwn};

/// What only a message to Slack has beside its text.
const OWN: &[&str] = &["blocks", "channel", "username", "icon_emoji", "icon_url", "mrkdwn", "unfurl_links"];

/// Whether it is one; a bare text is not.
pub(super) fn is_one(message: Fields<'_>) -> bool {
    OWN.iter().any(|name| message.get(name).is_some()) || message.objects("attachments").next().is_some()
}

/// Reads it. Where there are blocks the text only stands in for them in notifications.
pub(super) fn read(message: Fields<'_>, draft: &mut Draft) -> Posted {
    let text = text_of(message);
    let summary = heading(&text);
    let mut made = Posted { summary, ..Posted::default() };
    let blocks = message.list("blocks");
    if blocks.is_empty() {
        made.body.extend(draft.text(text));
    } else {
        made.body = blocks::read(blocks, draft);
    }
    for attachment in message.objects("attachments") {
        made = made.and(self::attachment(attachment, draft));
    }
    made
}

/// The text of a message or an attachment, in marks.
fn text_of(holder: Fields<'_>) -> String {
    let is_plain = holder.get("mrkdwn").and_then(flag) == Some(false);
    if is_plain { holder.text("text") } else { mrkdwn(&holder.text("text")) }
}

fn attachment(attachment: Fields<'_>, draft: &mut Draft) -> Posted {
    if draft.is_full() {
        draft.leave_out("part", 1);
        return Posted::default();
    }
    let severity = colour::severity(&attachment.text("color")).unwrap_or_default();
    let blocks = attachment.list("blocks");
    let mut body = blocks::read(blocks, draft);
    let title = heading(&mrkdwn(&attachment.text("title")));
    if blocks.is_empty() {
        body.extend(draft.text(mrkdwn(&attachment.text("pretext"))));
        body.extend(author(attachment, draft));
        let link = mrkdwn::link(&attachment.text("title"), &attachment.text("title_link"));
        body.extend(draft.title(&link));
        let text = draft.text(text_of(attachment));
        let thumb = draft.image(&attachment.text("thumb_url"), "Picture", json!({"size": "small"}));
        match thumb {
            Some(thumb) => {
                let sides = vec![("stretch".into(), text.into_iter().collect()), ("auto".into(), vec![thumb])];
                body.extend(draft.columns(sides));
            }
            None => body.extend(text),
        }
        let facts = attachment.objects("fields").map(|field| match draft.is_full() {
            true => None,
            false => draft.fact(mrkdwn(&field.text("title")), mrkdwn(&field.text("value"))),
        });
        let facts = facts.collect();
        body.extend(draft.facts(facts));
        body.extend(draft.image(&attachment.text("image_url"), "Picture", json!({"size": "stretch"})));
    }
    if body.is_empty() {
        body.extend(draft.text(mrkdwn(&attachment.text("fallback"))));
    }
    body.extend(footer(attachment, draft));
    let mut actions = Vec::new();
    for action in attachment.objects("actions") {
        actions.extend(draft.button(&mrkdwn(&action.text("text")), &action.text("url")));
    }
    if actions.is_empty() && !attachment.text("title_link").is_empty() {
        actions.extend(draft.button("Open", &attachment.text("title_link")));
    }
    let summary = heading(&mrkdwn(&attachment.text("fallback")));
    Posted { title, summary, status: String::new(), severity, body, actions, styled: false }
}

/// Who says it, beside a small face.
fn author(attachment: Fields<'_>, draft: &mut Draft) -> Option<Value> {
    let name = mrkdwn::link(&attachment.text("author_name"), &attachment.text("author_link"));
    let name: Vec<Value> = draft.aside(name).into_iter().collect();
    if name.is_empty() {
        return None;
    }
    let look = json!({"style": "person", "width": "20px", "height": "20px"});
    let face = draft.image(&attachment.text("author_icon"), "", look).into_iter().collect();
    draft.columns(vec![("auto".into(), face), ("stretch".into(), name)])
}

/// A small line at the end, with the time of what is told.
fn footer(attachment: Fields<'_>, draft: &mut Draft) -> Option<Value> {
    let when = attachment.text("ts").split('.').next().and_then(|seconds| seconds.parse::<i64>().ok());
    let when = when.and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    let when = when.map(|when| when.strftime("%d %b %Y, %H:%M UTC").to_string()).unwrap_or_default();
    let footer = mrkdwn(&attachment.text("footer"));
    let between = if footer.is_empty() || when.is_empty() { "" } else { " · " };
    draft.aside(format!("{footer}{between}{when}"))
}
