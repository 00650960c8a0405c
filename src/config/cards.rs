//! `[cards]`: the language and the time zone of cards, where neither a source nor a subscription says otherwise.

use serde::{Deserialize, Serialize};

use crate::name::{LocaleName, ZoneName};

/// How cards are worded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Cards {
    /// The language.
    pub locale: LocaleName,
    /// The zone that times are shown in.
    pub time_zone: ZoneName,
}

impl Default for Cards {
    fn default() -> Self {
        Self { locale: LocaleName::english(), time_zone: ZoneName::utc() }
    }
}
