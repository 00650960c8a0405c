//! `[delivery]`: how cards are posted.

use serde::{Deserialize, Serialize};

use super::duration::{Span, above_zero, at_least_one};

/// How cards are posted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Delivery {
    /// How long a destination may take to answer.
    #[serde(deserialize_with = "above_zero")]
    pub timeout: Span,
    /// How long to wait after each failure; when all are used, the delivery becomes a dead letter.
    pub retry: Vec<Span>,
    /// How old an event may grow before it is given up.
    #[serde(deserialize_with = "above_zero")]
    pub ttl: Span,
    /// What becomes of those that grew older.
    pub expired: Expired,
    /// How long a lane may fall behind before its deliveries fold into a digest.
    pub digest_after: Span,
    /// How long a destination that takes nothing stays paused before it is dead, and what comes for it is given up at once.
    #[serde(deserialize_with = "above_zero")]
    pub dead_after: Span,
    /// Posts under way at once, over all destinations.
    #[serde(deserialize_with = "at_least_one")]
    pub concurrency: usize,
}

/// What becomes of deliveries that are past their time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Expired {
    /// They are dead letters.
    #[default]
    Dead,
    /// Each is a line in the next digest.
    Digest,
}

impl Default for Delivery {
    fn default() -> Self {
        Self {
            timeout: Span::seconds(15),
            retry: [5, 15, 60, 300, 900, 1800, 3600].map(Span::seconds).to_vec(),
            ttl: Span::seconds(86_400),
            expired: Expired::Dead,
            digest_after: Span::seconds(60),
            dead_after: Span::seconds(7 * 86_400),
            concurrency: 64,
        }
    }
}
