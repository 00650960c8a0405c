//! A MessageCard, which Office 365 connectors took: texts are Markdown with some HTML, its colour says how grave it is.

use serde_json::{Value, json};

use super::{
    Posted, colour,
    draft::{self, Draft},
    fields::{self, Fields},
    heading,
};
use crate::render::helpers;

/// What only a MessageCard has.
const OWN: &[&str] = &["sections", "potentialAction", "themeColor", "@context", "activityTitle", "title", "summary"];

/// Facts by these names say how it stands.
const STATES: &[&str] =
    &["status", "state", "result", "severity", "build status", "build result", "alert state", "level"];

/// Whether it is one: by its `@type`, or since it has what only a MessageCard has.
pub(super) fn is_one(card: Fields<'_>) -> bool {
    card.text("@type").eq_ignore_ascii_case("MessageCard") || OWN.iter().any(|name| card.get(name).is_some())
}

/// Reads it. `@type` and `@context` are often forgotten, and not asked for.
pub(super) fn read(card: Fields<'_>, draft: &mut Draft) -> Posted {
    let title = heading(&card.text("title"));
    let summary = heading(&card.text("summary"));
    let mut body: Vec<Value> = draft.text_with(words(&card.text("title"), true), title_look()).into_iter().collect();
    body.extend(draft.text(words(&card.text("text"), true)));
    // Senders that have but one section post it in place of a list, or as the card itself.
    let alone = card.get("activityTitle").or(card.get("facts")).map(|_| card);
    let mut sections = card.objects("sections").chain(alone).peekable();
    let first = sections.peek().copied();
    for section in sections {
        body.extend(self::section(section, draft));
    }
    let actions = buttons(card, draft);
    if body.is_empty() {
        body.extend(draft.text(summary.clone()));
    }
    let status = status(card);
    let by_status = if status.is_empty() { "" } else { helpers::severity(&status) };
    let severity = match colour::severity(&card.text("themeColor")) {
        None | Some("info") => by_status,
        Some(severity) => severity,
    };
    let title = if title.is_empty() { first.map(section_title).unwrap_or_default() } else { title };
    Posted { title, summary, status, severity, body, actions, styled: false }
}

fn title_look() -> Value {
    json!({"size": "medium", "weight": "bolder", "spacing": "small"})
}

/// A text of a section or a card, in which Markdown is meant or not.
fn words(text: &str, is_markdown: bool) -> String {
    if is_markdown { draft::markdown(text) } else { text.to_owned() }
}

fn section_title(section: Fields<'_>) -> String {
    let texts = ["title", "activityTitle"].iter().map(|name| heading(&section.text(name)));
    texts.into_iter().find(|title| !title.is_empty()).unwrap_or_default()
}

fn section(section: Fields<'_>, draft: &mut Draft) -> Option<Value> {
    if draft.is_full() {
        draft.leave_out("part", 1);
        return None;
    }
    let is_markdown = section.flag("markdown").unwrap_or(true);
    let text = |name: &str| words(&section.text(name), is_markdown);
    let mut items: Vec<Value> = Vec::new();
    items.extend(draft.text_with(text("title"), json!({"weight": "bolder"})));
    items.extend(activity(section, is_markdown, draft));
    items.extend(section.objects("heroImage").filter_map(|image| picture(image, draft)).next());
    items.extend(draft.text(text("text")));
    let facts = section.objects("facts").map(|fact| {
        if draft.is_full() {
            return None;
        }
        let (name, value) = name_and_value(fact);
        draft.fact(words(&name, is_markdown), words(&value, is_markdown))
    });
    let facts = facts.collect();
    items.extend(draft.facts(facts));
    let images: Vec<Value> = section.objects("images").filter_map(|image| picture(image, draft)).collect();
    if !images.is_empty() && draft.fits("") {
        items.push(json!({"type": "ImageSet", "images": images, "imageSize": "medium"}));
    }
    let actions = buttons(section, draft);
    items.extend(draft.buttons(actions));
    let is_group = section.flag("startGroup").unwrap_or(false);
    draft.container(items, json!({"separator": is_group, "spacing": "medium"}))
}

/// Who did what, beside a face.
fn activity(section: Fields<'_>, is_markdown: bool, draft: &mut Draft) -> Option<Value> {
    let text = |name: &str| words(&section.text(name), is_markdown);
    let mut items: Vec<Value> = Vec::new();
    items.extend(draft.text_with(text("activityTitle"), json!({"weight": "bolder"})));
    items.extend(
        draft.text_with(text("activitySubtitle"), json!({"isSubtle": true, "size": "small", "spacing": "none"})),
    );
    items.extend(draft.text_with(text("activityText"), json!({"spacing": "small"})));
    let look = json!({"style": "person", "width": "32px", "height": "32px"});
    let face: Vec<Value> = draft.image(&section.text("activityImage"), "", look).into_iter().collect();
    draft.columns(vec![("auto".into(), face), ("stretch".into(), items)])
}

/// `{"image": "https://…", "title": "…"}`.
fn picture(image: Fields<'_>, draft: &mut Draft) -> Option<Value> {
    let title = heading(&image.text("title"));
    draft.image(&image.text("image"), if title.is_empty() { "Picture" } else { &title }, json!({"size": "stretch"}))
}

/// Some senders take the names that Adaptive Cards have.
fn name_and_value(fact: Fields<'_>) -> (String, String) {
    let name = fact.get("name").or(fact.get("title")).map(fields::text_of);
    (name.unwrap_or_default(), fact.text("value"))
}

/// What a fact of that name says.
fn status(card: Fields<'_>) -> String {
    let facts = card.objects("sections").chain([card]).flat_map(|section| section.objects("facts"));
    let mut states = facts.map(name_and_value).filter(|(name, value)| {
        let name = heading(name).to_lowercase();
        STATES.contains(&name.trim_end_matches(':')) && value.chars().count() <= 40
    });
    states.next().map(|(_, value)| heading(&value)).unwrap_or_default()
}

/// The buttons that open an address. Those that post something would need someone to take it.
fn buttons(holder: Fields<'_>, draft: &mut Draft) -> Vec<Value> {
    let mut made = Vec::new();
    for action in holder.objects("potentialAction") {
        let posts = ["HttpPOST", "ActionCard", "InvokeAddInCommand"];
        let kind = action.text("@type");
        if posts.iter().any(|name| name.eq_ignore_ascii_case(&kind)) {
            draft.leave_out("button", 1);
            continue;
        }
        made.extend(draft.button(&action.text("name"), &target(action)));
    }
    made
}

/// Where it leads: of several systems' addresses the one for all, else the first.
fn target(action: Fields<'_>) -> String {
    let all = action.objects("targets").find(|target| target.text("os").eq_ignore_ascii_case("default"));
    let uri = all.or_else(|| action.objects("targets").next()).map(|target| target.text("uri"));
    // `ViewAction`, the name before `OpenUri`, has a list of addresses.
    let plain = ["target", "targets", "uri", "url"].iter().filter_map(|name| action.get(name));
    let plain = plain.map(|value| fields::text_of(value.get(0).unwrap_or(value)));
    uri.into_iter().chain(plain).find(|address| !address.trim().is_empty()).unwrap_or_default()
}
