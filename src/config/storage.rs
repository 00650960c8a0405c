//! `[store]`: where events are kept, and how long.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::duration::Span;

/// The store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Storage {
    /// Its folder, relative to the config folder.
    pub path: PathBuf,
    /// How long settled events are kept. Repeats of a delivery id are known for as long.
    pub retain: Span,
    /// How long events with a dead letter are kept.
    pub retain_dead: Span,
}

impl Default for Storage {
    fn default() -> Self {
        Self { path: "data".into(), retain: Span::seconds(7 * 86_400), retain_dead: Span::seconds(30 * 86_400) }
    }
}
