//! Why a document is no card: what would be right, and where in the rendered text the mistake stands.

use super::scan;

/// A mistake in a rendered document. Quotes the template's own words and nothing of the payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    /// `found; cure`.
    pub(super) words: String,
    at: At,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum At {
    /// This byte of the rendered text.
    Byte { at: usize, near: bool },
    /// The value at this place, such as `body[0].items[1]`; with a key, that key of it.
    Value { place: String, key: Option<String> },
}

impl Fault {
    /// With the value at a place such as `body[0].color`, or with the whole document where that is empty.
    pub(super) fn of(place: impl Into<String>, words: impl Into<String>) -> Self {
        Self { words: words.into(), at: At::Value { place: place.into(), key: None } }
    }

    /// With a key of the object at a place.
    pub(super) fn of_key(place: &str, key: &str, words: impl Into<String>) -> Self {
        Self { words: words.into(), at: At::Value { place: place.to_owned(), key: Some(key.to_owned()) } }
    }

    /// At a byte of the rendered text.
    pub(super) fn at(at: usize, words: impl Into<String>) -> Self {
        Self { words: words.into(), at: At::Byte { at, near: false } }
    }

    /// At a byte of the rendered text, or before it.
    pub(super) fn near(at: usize, words: impl Into<String>) -> Self {
        Self { words: words.into(), at: At::Byte { at, near: true } }
    }

    /// The byte of the rendered text that is meant, and whether the mistake may stand before it.
    pub(super) fn locate(&self, rendered: &str) -> Option<(usize, bool)> {
        match &self.at {
            At::Byte { at, near } => Some((*at, *near)),
            At::Value { place, key } => scan::find(rendered, place, key.as_deref()).map(|at| (at, false)),
        }
    }
}
