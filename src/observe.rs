//! What the daemon shows of itself: metrics and the log.
//!
//! No label and no log line ever holds a webhook URL, a secret or a payload; the types that carry those can't be printed.

pub mod logging;
pub mod metrics;
