//! `timestamp`: where the time of signing stands, and how it is written.

use serde::{Deserialize, Deserializer, de};

use crate::config::{header::Header, provider::Pointer};

/// Where the time of signing stands, and how it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimestampSpec {
    /// Where.
    pub within: TimeIn,
    /// How.
    pub format: TimeFormat,
}

/// Where the time of signing stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TimeIn {
    /// In a header of its own.
    Header(Header),
    /// In the signature's header, which is a list: the item that begins with this.
    Field(String),
    /// In the JSON body. It is read once the signature was found good.
    Body(Pointer),
}

/// How a time is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TimeFormat {
    /// Seconds since 1970.
    #[default]
    Seconds,
    /// Milliseconds since 1970.
    Milliseconds,
    /// As in `2026-11-24T08:00:00Z`.
    Rfc3339,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    header: Option<Header>,
    field: Option<String>,
    body: Option<String>,
    #[serde(default)]
    format: TimeFormat,
}

impl<'de> Deserialize<'de> for TimestampSpec {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let within = match Table::deserialize(from)? {
            Table { header: Some(name), field: None, body: None, format } => (TimeIn::Header(name), format),
            Table { header: None, field: Some(start), body: None, format } if !start.is_empty() => {
                (TimeIn::Field(start), format)
            }
            Table { header: None, field: None, body: Some(pointer), format } => {
                (TimeIn::Body(pointer.parse().map_err(de::Error::custom)?), format)
            }
            _ => {
                return Err(de::Error::custom(
                    "the time must stand in one place; \
                     write one of { header = \"X-Timestamp\" }, { field = \"t=\" } and { body = \"/timestamp\" }",
                ));
            }
        };
        Ok(Self { within: within.0, format: within.1 })
    }
}
