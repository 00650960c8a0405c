use super::*;
use crate::card::{Action, Mention, Severity};

mod shipped;

pub(super) fn profile(name: &str) -> Profile {
    let (name, text) = embedded().into_iter().find(|(found, _)| found.as_str() == name).unwrap();
    let mut problems = Vec::new();
    let profile = Profile::parse(name, text, "config/profiles", &mut problems);
    assert_eq!(problems, []);
    profile.unwrap()
}

fn card(body: Vec<Value>) -> Card {
    Card {
        summary: "Something happened".into(),
        severity: Severity::Critical,
        link: Some("https://octo.example/1".into()),
        fold: None,
        body,
        actions: vec![Action { title: "Open".into(), url: "https://octo.example/1".into() }],
        mentions: vec![Mention { id: "mona@octo.example".into(), name: "Mona".into() }],
    }
}

fn encoded(profile: &Profile, card: &Card) -> (Value, Encoded) {
    let encoded = profile.encode(card);
    (serde_json::from_slice(&encoded.bytes).unwrap(), encoded)
}

#[test]
fn an_envelope_holds_the_card_its_buttons_and_the_mentions_that_stand_in_it() {
    let with = card(vec![json!({"type": "TextBlock", "text": "hello <at>Mona</at>"})]);
    let (body, encoded) = encoded(&profile("workflow"), &with);
    let content = &body["attachments"][0]["content"];
    assert_eq!(body["type"], "message");
    assert_eq!(content["version"], "1.4");
    assert_eq!(content["msteams"]["entities"][0]["mentioned"]["id"], "mona@octo.example");
    assert_eq!(content["actions"][0]["url"], "https://octo.example/1");
    assert!(!encoded.shortened);
    let without = card(vec![json!({"type": "TextBlock", "text": "hello"})]);
    assert!(
        self::encoded(&profile("workflow"), &without).0["attachments"][0]["content"]["msteams"]["entities"].is_null()
    );
}

#[test]
fn a_card_that_teams_would_not_take_becomes_one_line_and_the_link() {
    let odd = card(vec![json!({"type": "Input.Text", "id": "x", "text": "<at>Mona</at>"})]);
    let (body, encoded) = encoded(&profile("workflow"), &odd);
    assert_eq!(encoded.unsound.as_deref(), Some("`body[0]` is of a type that can't stand there"));
    let content = &body["attachments"][0]["content"];
    assert_eq!(content["body"][0]["text"], "Something happened");
    assert_eq!(content["actions"][0]["url"], "https://octo.example/1");
    assert_eq!(proof::prove(content), Ok(()));
}

#[test]
fn a_message_card_has_the_same_words() {
    let body = vec![
        json!({"type": "ColumnSet", "columns": [
            {"type": "Column", "items": [{"type": "TextBlock", "text": "Failed"}]},
            {"type": "Column", "items": [{"type": "TextBlock", "text": "octo/hello"}]}]}),
        json!({"type": "Container", "items": [{"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": "a*b"}]}]}),
        json!({"type": "FactSet", "facts": [{"title": "Branch", "value": "main"}]}),
        json!({"type": "TextBlock", "text": "later"}),
    ];
    let mut card = card(body);
    card.actions = vec![card.actions[0].clone(); 9];
    let (made, _) = encoded(&profile("connector"), &card);
    assert_eq!(made["@type"], "MessageCard");
    assert_eq!(made["themeColor"], "C4314B");
    assert_eq!(made["sections"][0]["text"], "Failed · octo/hello\n\na\\*b");
    assert_eq!(made["sections"][0]["facts"], json!([{"name": "Branch", "value": "main"}]));
    assert_eq!(made["sections"][1]["text"], "later");
    assert_eq!(made["potentialAction"].as_array().unwrap().len(), 4);
}

#[test]
fn whatever_the_card_it_fits_and_says_so_if_it_was_shortened() {
    let text = |n: usize| json!({"type": "TextBlock", "text": "\"é\\👩‍👩‍👧\n".repeat(n)});
    let facts = |n: usize| {
        let facts: Vec<Value> =
            (0..n).map(|n| json!({"title": format!("fact {n}"), "value": "\"x\"".repeat(20)})).collect();
        json!({"type": "FactSet", "facts": facts})
    };
    let nested = (0..30).fold(text(2_000), |inner, _| json!({"type": "Container", "items": [inner, text(9)]}));
    let long = format!("https://octo.example/{}", "a".repeat(2_000));
    let mut heavy = card(vec![text(9_000)]);
    heavy.summary = "\u{10348}\"".repeat(5_000);
    heavy.link = Some(long.clone());
    heavy.actions = vec![Action { title: "x".repeat(9_000), url: long }; 50];
    let cards = [
        card(vec![text(1)]),
        card(vec![text(9_000)]),
        card((0..1_000).map(|_| text(3)).collect()),
        card((0..50).map(|_| facts(100)).collect()),
        card(vec![facts(4_000)]),
        card(vec![json!({"type": "Image", "url": format!("https://octo.example/{}", "a".repeat(40_000))})]),
        card(vec![nested]),
        heavy,
    ];
    for profile in [profile("workflow"), profile("connector"), Profile { shape: Shape::Card, ..profile("workflow") }] {
        for max_bytes in [LEAST_BYTES, 4_096, profile.max_bytes] {
            let profile = Profile { max_bytes, ..profile.clone() };
            for (index, card) in cards.iter().enumerate() {
                let (body, encoded) = encoded(&profile, card);
                let size = fit::stored_size(body.pointer("/attachments/0/content").unwrap_or(&body));
                assert!(size <= max_bytes, "card {index}: {size} > {max_bytes}");
                assert_eq!(encoded.unsound, None, "card {index}");
                assert!(encoded.bytes.len() <= max_bytes, "card {index}: {} bytes", encoded.bytes.len());
                assert_eq!(encoded.shortened, body.to_string().contains("Shortened to fit"), "card {index}");
                assert_eq!(encoded.shortened, index > 0, "card {index}");
            }
        }
    }
}

#[test]
fn a_cut_text_leaves_no_half_link_or_mention() {
    let text = format!("{} [words](https://octo.example/{})", "x".repeat(1_990), "a".repeat(60_000));
    let mention = format!("{} <at>Mona Lisa Octocat</at>{}", "y".repeat(1_985), "z".repeat(60_000));
    let (body, _) = encoded(
        &profile("workflow"),
        &card(vec![json!({"type": "TextBlock", "text": text}), json!({"type": "TextBlock", "text": mention})]),
    );
    let content = &body["attachments"][0]["content"];
    assert_eq!(content["body"][0]["text"], format!("{}…", "x".repeat(1_990)));
    assert_eq!(content["body"][1]["text"], format!("{}…", "y".repeat(1_985)));
    assert!(content["msteams"]["entities"].is_null());
}

#[test]
fn a_profile_that_can_hold_no_card_is_refused() {
    let mut problems = Vec::new();
    let text = "shape = \"envelope\"\nanswers = \"workflow\"\nmax_bytes = 100\nwindows = []\n";
    assert!(Profile::parse("small".parse().unwrap(), text, "small.toml", &mut problems).is_none());
    assert!(
        problems[0].to_string().starts_with("small.toml: max_bytes: 100 bytes hold no card; use 2048"),
        "{problems:?}"
    );
    assert!(Profile::parse("bad".parse().unwrap(), "shape =", "bad.toml", &mut problems).is_none());
    assert_eq!(problems.len(), 2);
}

#[test]
fn hosts_that_take_nothing_any_more_are_warned_of_with_what_to_do_instead() {
    let profiles = Profiles::read(vec![]).unwrap();
    let warning = |url: &str| {
        let url = WebhookUrl::stored(url.into());
        profiles.for_url(&url).warning(&url).map(str::to_owned).unwrap_or_default()
    };
    assert!(warning("https://octo.webhook.office.com/webhookb2/x").contains("make a workflow"));
    assert!(warning("https://prod-1.westeurope.logic.azure.com/workflows/x").contains("copy its URL again"));
    assert_eq!(warning("https://x.environment.api.powerplatform.com/powerautomate/x"), "");
}
