//! The language of a card: its phrases, how it writes dates and numbers, and the time zone that instants are shown in.
//!
//! Templates, partials and helpers write English, and each English phrase is the key by which its translation is
//! found; one that is not listed stays as it is. A language is one file, `templates/words/NAME.toml`.

mod date;
mod file;
mod number;
pub(crate) mod phrase;
#[cfg(test)]
mod tests;

use std::{borrow::Cow, sync::Arc};

use jiff::tz::TimeZone;

use self::file::Table;
pub use self::file::{Locales, WordsFile};
pub(super) use self::{date::Dates, number::Numbers};
use super::text::{capitalized, with_first};
use crate::name::{LocaleName, ZoneName};

/// A language.
#[derive(Debug, Clone, Default)]
pub struct Words {
    phrases: Table,
    /// Words for states; some of them mean something else where they stand on a button.
    status: Table,
    /// Units of time.
    unit: Table,
    pub(super) dates: Dates,
    pub(super) numbers: Numbers,
}

impl Words {
    /// A phrase in this language.
    pub(crate) fn phrase<'a>(&'a self, phrase: &'a str) -> Cow<'a, str> {
        self.phrases.get(phrase).map_or(phrase, String::as_str).into()
    }

    /// A word for a state. `merged` is found under `Merged` too, and begins with a small letter then.
    pub(super) fn status<'a>(&'a self, word: &'a str) -> Cow<'a, str> {
        let listed = |word: &str| self.status.get(word).or_else(|| self.phrases.get(word));
        if let Some(text) = listed(word) {
            return text.into();
        }
        if !word.starts_with(char::is_lowercase) {
            return word.into();
        }
        listed(&capitalized(word)).map_or(word.into(), |text| with_first(text, char::to_lowercase).into())
    }

    /// A unit of time.
    pub(super) fn unit<'a>(&'a self, unit: &'a str) -> &'a str {
        self.unit.get(unit).map_or(unit, String::as_str)
    }

    /// A phrase in this language, with values in its gaps.
    pub(crate) fn fill(&self, phrase: &str, values: &[(&str, &str)]) -> String {
        let value = |name: &str| values.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        fill(&self.phrase(phrase), value)
    }
}

/// The text with a value for each `{name}` that there is one for.
pub(super) fn fill(text: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let gap = after.split_once('}').and_then(|(name, after)| Some((value(name)?, after)));
        rest = match gap {
            Some((value, after)) => {
                out.push_str(&value);
                after
            }
            None => {
                out.push('{');
                after
            }
        };
    }
    out + rest
}

/// How one card is to be worded: in which language and time zone.
#[derive(Debug, Clone)]
pub struct Locale {
    pub(super) name: LocaleName,
    pub(super) words: Arc<Words>,
    pub(super) zone: ZoneName,
}

impl Locale {
    /// The language's words.
    pub fn words(&self) -> &Words {
        &self.words
    }

    /// The time zone; UTC where this machine knows none of that name.
    pub fn time_zone(&self) -> TimeZone {
        time_zone(self.zone.as_str()).unwrap_or(TimeZone::UTC)
    }
}

impl Default for Locale {
    /// English, and UTC.
    fn default() -> Self {
        file::EMBEDDED.usual()
    }
}

impl PartialEq for Locale {
    /// Of one set of settings, languages of one name are the same.
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.zone == other.zone
    }
}

impl Eq for Locale {}

/// A time zone by its name, such as `Europe/Berlin`; none where this machine knows none of that name.
pub fn time_zone(name: &str) -> Option<TimeZone> {
    TimeZone::get(name).ok()
}

/// The names of all time zones that this machine knows.
pub fn time_zones() -> Vec<String> {
    jiff::tz::db().available().map(|name| name.to_string()).collect()
}
