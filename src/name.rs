//! Names that cross a boundary: each is made by `parse` alone, so whoever holds one holds a good one.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use ulid::Ulid;

/// Why a text is not a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is no {what}: {rule}")]
pub struct BadName {
    what: &'static str,
    found: String,
    rule: &'static str,
}

/// `Europe/Berlin`, `UTC`: safe in a file name, whether this machine knows it or not.
fn is_zone(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'_' | b'+' | b'-'))
        && text.bytes().next().is_some_and(|b| b.is_ascii_alphabetic())
}

const LABEL_RULE: &str = "use 1 to 64 of a-z, 0-9, `-` and `_`, beginning with a letter or digit";

/// `[a-z0-9][a-z0-9_-]{0,63}`: safe as a file name, an address segment and a metric label.
fn is_label(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() <= 64
        && bytes.first().is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        && bytes.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_'))
}

/// `segment/segment…`, each segment of `a-z 0-9 - _ .` and never beginning with a dot: no way out of the folder.
fn is_template_path(text: &str) -> bool {
    text.len() <= 200
        && text.split('/').all(|segment| {
            segment.as_bytes().first().is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
                && segment
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_' | b'.'))
        })
}

macro_rules! text_name {
    ($(#[$doc:meta])* $name:ident, $what:literal, $check:path, $rule:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(std::sync::Arc<str>);

        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = BadName;
            fn from_str(text: &str) -> Result<Self, BadName> {
                if $check(text) {
                    Ok(Self(text.into()))
                } else {
                    Err(BadName { what: $what, found: text.chars().take(80).collect(), rule: $rule })
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&*self.0, f)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                String::deserialize(from)?.parse().map_err(de::Error::custom)
            }
        }
    };
}

text_name!(
    /// A system that posts webhooks; the name of its file in `config/sources/`.
    SourceName, "source name", is_label, LABEL_RULE
);
text_name!(
    /// A kind of system; the name of its file in `config/providers/`.
    ProviderName, "provider name", is_label, LABEL_RULE
);
text_name!(
    /// How a destination takes cards and answers; the name of its file in `config/profiles/`.
    ProfileName, "profile name", is_label, LABEL_RULE
);
text_name!(
    /// Destinations that share one allowance of posts, such as all flows of one owner.
    QuotaGroup, "quota group", is_label, LABEL_RULE
);
text_name!(
    /// An application of Entra's whose tokens open flows; `[entra.NAME]` in the settings.
    EntraName, "Entra name", is_label, LABEL_RULE
);
text_name!(
    /// Templates that show events in a look of their own; the name of their folder in `templates/sets/`.
    TemplateSet, "template set", is_label, LABEL_RULE
);
text_name!(
    /// A language of cards; the name of its file in `templates/words/`.
    LocaleName, "language", is_label, LABEL_RULE
);
text_name!(
    /// A time zone.
    ZoneName, "time zone", is_zone, "use a name such as Europe/Berlin or UTC"
);
text_name!(
    /// A template's path below the templates folder without `.hbs`, such as `github/push`.
    TemplateName, "template name", is_template_path,
    "use a path such as `github/push` of a-z, 0-9, `-`, `_` and `.`, no segment beginning with a dot"
);

impl SourceName {
    /// Of events that the relay itself has to tell; no source in the settings may have it.
    pub fn relay() -> Self {
        Self("teams-relay".into())
    }
}

impl LocaleName {
    /// The language that templates are written in.
    pub fn english() -> Self {
        Self("en".into())
    }
}

impl ZoneName {
    /// The zone where none is named.
    pub fn utc() -> Self {
        Self("UTC".into())
    }
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u128);

        impl $name {
            /// From the number that [`Self::as_u128`] gave.
            pub const fn from_u128(bits: u128) -> Self {
                Self(bits)
            }

            /// The id as a number; its order is the order of making.
            pub const fn as_u128(self) -> u128 {
                self.0
            }
        }

        impl FromStr for $name {
            type Err = BadName;
            fn from_str(text: &str) -> Result<Self, BadName> {
                Ulid::from_string(text).map(|ulid| Self(ulid.0)).map_err(|_| BadName {
                    what: $what,
                    found: text.chars().take(80).collect(),
                    rule: "an id is 26 letters and digits, as the list commands print it",
                })
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(Ulid(self.0).array_to_str(&mut [0; ulid::ULID_LEN]))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                if to.is_human_readable() { to.collect_str(self) } else { self.0.serialize(to) }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                if from.is_human_readable() {
                    String::deserialize(from)?.parse().map_err(de::Error::custom)
                } else {
                    u128::deserialize(from).map(Self)
                }
            }
        }
    };
}

id!(
    /// An event's id: a ULID, so that ids sort by the time of acceptance.
    EventId, "event id"
);
id!(
    /// A subscription's id: a ULID.
    SubscriptionId, "subscription id"
);
id!(
    /// An invitation's id, and that of the guest whom it lets in: a ULID.
    InvitationId, "invitation id"
);

impl EventId {
    /// When its event arrived, to the millisecond; later only where the clock had gone back.
    pub fn time(self) -> jiff::Timestamp {
        time_of(self.0)
    }
}

impl SubscriptionId {
    /// A fresh id.
    pub fn new(now: jiff::Timestamp) -> Self {
        Self(fresh(now))
    }
}

impl InvitationId {
    /// A fresh id.
    pub fn new(now: jiff::Timestamp) -> Self {
        Self(fresh(now))
    }

    /// When it was made.
    pub fn time(self) -> jiff::Timestamp {
        time_of(self.0)
    }
}

/// Gives event ids that only ever grow, also when the clock goes back or many fall into one millisecond.
#[derive(Debug, Default)]
pub struct EventIds {
    last: u128,
}

impl EventIds {
    /// Goes on after `last`, the greatest id given so far.
    pub fn after(last: Option<EventId>) -> Self {
        Self { last: last.map_or(0, EventId::as_u128) }
    }

    /// The next id.
    pub fn next(&mut self, now: jiff::Timestamp) -> EventId {
        self.last = fresh(now).max(self.last + 1);
        EventId(self.last)
    }
}

fn time_of(id: u128) -> jiff::Timestamp {
    let milliseconds = i64::try_from(Ulid(id).timestamp_ms()).unwrap_or(i64::MAX);
    jiff::Timestamp::from_millisecond(milliseconds).unwrap_or(jiff::Timestamp::MAX)
}

fn fresh(now: jiff::Timestamp) -> u128 {
    let milliseconds = u64::try_from(now.as_millisecond()).unwrap_or(0);
    Ulid::from_parts(milliseconds, rand::random()).0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_name_is_safe_as_a_file_and_a_label() {
        for good in ["github", "ci-2", "a_b", "0"] {
            assert!(good.parse::<SourceName>().is_ok(), "{good}");
        }
        let long = "a".repeat(65);
        for bad in ["", "GitHub", "../etc", "a b", "-a", "ä", long.as_str()] {
            assert!(bad.parse::<SourceName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_template_name_cannot_leave_its_folder() {
        assert!("github/pull_request.opened".parse::<TemplateName>().is_ok());
        for bad in ["../secret", "/etc/passwd", "github//push", "github/.git", ""] {
            assert!(bad.parse::<TemplateName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn event_ids_grow_when_the_clock_goes_back() {
        let mut ids = EventIds::default();
        let late = ids.next("2026-11-23T08:00:00Z".parse().unwrap());
        let early = ids.next("2020-01-01T00:00:00Z".parse().unwrap());
        assert!(early > late);
        assert_eq!(early.to_string().parse::<EventId>().unwrap(), early);
        assert_eq!(late.time().to_string(), "2026-11-23T08:00:00Z");
    }
}
