//! `profiles/NAME.toml`: how a kind of destination takes cards, answers, and limits posts.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use super::duration::Span;

/// What the profile's file says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProfileSpec {
    /// What is posted.
    pub shape: Shape,
    /// How an answer is to be judged.
    pub answers: Answers,
    /// Bytes of a card, counted as an escaped JSON string, that are still taken.
    pub max_bytes: usize,
    /// How many posts in how long; all hold at once.
    pub windows: Vec<Window>,
    /// Host name suffixes of URLs that have this profile where none is named.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// Hosts that are said to take nothing any more.
    #[serde(default)]
    pub ended: Vec<Ended>,
}

/// Hosts that are said to take nothing any more, and what to do instead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ended {
    /// Host name suffixes.
    pub hosts: Vec<String>,
    /// What whoever subscribes with such a URL is told.
    pub says: String,
}

/// What is posted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// An Adaptive Card in the message envelope, as Teams' own flow templates expect.
    Envelope,
    /// An Adaptive Card alone, for flows that hand the body straight to "Post card".
    Card,
    /// A MessageCard.
    Messagecard,
}

/// How an answer is to be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answers {
    /// 202 means accepted; errors are `{"error":{"code":…}}`.
    Workflow,
    /// 200 with a number means delivered; other 200s carry the error in their text.
    Connector,
}

/// So many posts in so long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// Posts, at most.
    pub posts: NonZeroU32,
    /// In any stretch of this length; at least a millisecond.
    #[serde(deserialize_with = "not_zero")]
    pub per: Span,
}

fn not_zero<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Span, D::Error> {
    let span = Span::deserialize(from)?;
    if span.0.as_millis() == 0 {
        return Err(serde::de::Error::custom("a window of no length is no limit; write it as \"300s\""));
    }
    Ok(span)
}
