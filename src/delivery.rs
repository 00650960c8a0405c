//! A delivery: one event on its way to one destination; its attempts and what each came to.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    destination::DestinationId,
    name::{EventId, SubscriptionId},
    outcome::Reason,
};

/// Where an accepted event is to go, and on whose behalf.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Target {
    /// The lane it waits in.
    pub destination: DestinationId,
    /// The subscription that wanted it.
    pub subscription: SubscriptionId,
}

/// A delivery that is still to be made, as the store hands it out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// What is to be delivered.
    pub event: EventId,
    /// To whom.
    pub target: Target,
    /// Attempts that failed so far, throttled ones not counted.
    pub failures: u32,
    /// Attempts in a row that were throttled, up to now.
    pub throttles: u32,
    /// Not before this instant.
    pub due_at: Timestamp,
}

/// What one POST came to, as it is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// When it began.
    pub at: Timestamp,
    /// How long it took.
    pub took: Duration,
    /// The HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// What it came to.
    pub reason: Reason,
    /// The beginning of the answer's text; at most [`Attempt::MAX_ANSWER`] bytes, webhook URLs cut out.
    pub answer: String,
}

impl Attempt {
    /// Bytes of an answer that are kept: enough for Teams' own error texts, which run to some 300.
    pub const MAX_ANSWER: usize = 1024;
}

/// What an attempt came to, and so what is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The destination said yes. For a workflow that means accepted, not shown.
    Accepted,
    /// Try again, not before `at`.
    Retry {
        /// Not before.
        at: Timestamp,
        /// Why it failed this time.
        why: Reason,
        /// Whether it counts against the delivery's own retries: not where its destination takes nothing at all, or asked
        /// for fewer posts.
        counts: bool,
    },
    /// The subscription does not want to be told of it.
    Skipped {
        /// Why.
        why: Reason,
    },
    /// Give up; kept as a dead letter.
    Dead {
        /// Why.
        why: Reason,
    },
}

/// Where one delivery of an event stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum DeliveryState {
    /// Still to be made.
    Waiting {
        /// Attempts that failed so far.
        failures: u32,
        /// Attempts in a row that were throttled.
        throttles: u32,
        /// Not before.
        due_at: Timestamp,
    },
    /// Made.
    Delivered {
        /// When.
        at: Timestamp,
    },
    /// Given up.
    Dead {
        /// When.
        at: Timestamp,
        /// Why.
        why: Reason,
    },
    /// Its subscription did not want to be told of it.
    Skipped {
        /// When that was found.
        at: Timestamp,
        /// Why.
        why: Reason,
    },
}
