//! A card as a value: what it says, before a profile turns it into the bytes that Teams takes.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How much a card matters; its colour and, later, its urgency follow from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Something is well again: merged, passed, resolved.
    Good,
    /// Something happened.
    #[default]
    Info,
    /// Someone should look.
    Warning,
    /// Something is broken.
    Critical,
}

impl Severity {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

/// A button that opens an address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Action {
    /// What it says.
    pub title: String,
    /// Where it leads: http or https, absolute.
    pub url: String,
}

/// People whom one message can mention (Microsoft's reference of the Teams connector: "up to 20 users").
pub const MOST_MENTIONS: usize = 20;

/// A person to be notified: Teams shows `<at>name</at>` in a text as a mention if it stands here too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mention {
    /// An Entra object id or a user principal name.
    pub id: String,
    /// The name between the tags.
    pub name: String,
}

/// What a template yields, made safe: nothing in it can do more than be read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Card {
    /// One line for lists and notifications; plain text.
    pub summary: String,
    /// How much it matters.
    pub severity: Severity,
    /// The thing that the card is about.
    pub link: Option<String>,
    /// Cards of one key fold together in a digest, such as `octo/hello main`.
    pub fold: Option<String>,
    /// Adaptive Card elements (version 1.4).
    pub body: Vec<Value>,
    /// Buttons, in order.
    pub actions: Vec<Action>,
    /// Who is mentioned in the body.
    pub mentions: Vec<Mention>,
}
