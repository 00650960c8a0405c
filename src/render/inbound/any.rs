//! Anything that could be posted, for tests that hold for all of it.

use proptest::prelude::*;
use serde_json::{Value, json};

/// One value, in the place of each shape where its own words begin.
pub(crate) fn any_posted() -> impl Strategy<Value = Vec<Value>> {
    any_json().prop_map(shaped)
}

/// Any JSON, in which the names and words of cards are frequent.
fn any_json() -> impl Strategy<Value = Value> {
    const NAMES: &str = "type|@type|body|items|columns|actions|text|title|value|facts|attachments|content|blocks|elements|fields|sections|potentialAction|targets|uri|url|card|rows|cells|inlines|images|image|color|style|width|height|size|wrap|isVisible|id|fallback|requires|selectAction|themeColor|summary|accessory|ts|targetElements|pages|sources|markdown|activityTitle|heroImage|spacing|maxLines|minHeight";
    const WORDS: &str = "AdaptiveCard|MessageCard|message|TextBlock|Container|ColumnSet|Column|FactSet|Image|ImageSet|ActionSet|RichTextBlock|TextRun|Table|Media|Carousel|Input\\.Text|Action\\.OpenUrl|Action\\.ShowCard|Action\\.Submit|OpenUri|section|context|rich_text|rich_text_list|header|mrkdwn|plain_text|https://octo\\.example/|stretch|auto|12px|bolder|good|drop|true|</at><at>x</at>|\u{fdd2}<at>x</at>\u{fdd3}|\\PC{0,12}";
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        WORDS.prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 96, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((NAMES, inner), 0..8).prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

/// A value that is taken for each of the shapes.
fn shaped(value: Value) -> Vec<Value> {
    vec![
        json!({"type": "AdaptiveCard", "body": value, "actions": value}),
        json!({"type": "AdaptiveCard", "body": [value]}),
        json!({"@type": "MessageCard", "sections": value, "potentialAction": value, "text": value}),
        json!({"sections": [value]}),
        json!({"blocks": value, "attachments": value}),
        json!({"blocks": [value], "attachments": [value]}),
        json!({"attachments": [{"content": value}]}),
        value,
    ]
}
