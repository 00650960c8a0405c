//! `[log]`: what is said, and in which form.

use serde::{Deserialize, Serialize};

use crate::observe::logging::Format;

/// The log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// The form.
    pub format: Format,
    /// The least level, or a filter such as `info,teams_relay::deliver=debug`.
    pub level: String,
}

impl Default for Log {
    fn default() -> Self {
        Self { format: Format::Text, level: "info".to_owned() }
    }
}
