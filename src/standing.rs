//! How a destination stands: whether it takes cards, since when it does or does not, why, and who says so.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::outcome::Reason;

/// Where a destination is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It has not taken a card yet.
    #[default]
    Pending,
    /// It takes cards.
    Active,
    /// It has failed several times in a row; one post after the other tries whether it is back.
    Degraded,
    /// Nothing is posted to it until an admin resumes it; what comes meanwhile waits.
    Paused,
    /// It was paused for too long; nothing waits for it any more.
    Dead,
}

impl State {
    /// Every state there is.
    pub const ALL: [Self; 5] = [Self::Pending, Self::Active, Self::Degraded, Self::Paused, Self::Dead];

    /// The one word for it, everywhere.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Degraded => "degraded",
            Self::Paused => "paused",
            Self::Dead => "dead",
        }
    }

    /// Whether nothing is posted to it.
    pub const fn is_shut(self) -> bool {
        matches!(self, Self::Paused | Self::Dead)
    }
}

/// Who brought a destination where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Actor {
    /// The relay, by what it was answered.
    Relay,
    /// Whoever has the admin's door.
    Admin,
}

/// How a destination stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Where it is.
    pub state: State,
    /// Why, where there is something to say.
    pub reason: Option<Reason>,
    /// Since when.
    pub since: Timestamp,
    /// Who did it.
    pub by: Actor,
}
