//! How many webhooks a source may send: one window, by the same algorithm as the quotas of the way out.

use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

use super::{quota::nanos, window::Limiter};
use crate::config::profile::Window;

/// A source's `rate`.
#[derive(Debug)]
pub struct Rate(Mutex<Limiter>);

impl Rate {
    /// Nothing used yet.
    pub fn new(window: Window) -> Self {
        Self(Mutex::new(Limiter::new(window)))
    }

    /// Whether one more webhook fits at `now`; if so, it is counted.
    pub fn admit(&self, now: Timestamp) -> bool {
        let limiter = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = limiter.look(nanos(now)).is_ok();
        if fits {
            limiter.take();
        }
        fits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_never_takes_more_than_its_number() {
        let start: Timestamp = "2026-11-23T08:00:00Z".parse().unwrap();
        let window: Window = toml::from_str("posts = 10\nper = \"60s\"").unwrap();
        let rate = Rate::new(window);
        let admitted = (0..60).filter(|second| rate.admit(start + std::time::Duration::from_secs(*second))).count();
        assert!((9..=10).contains(&admitted), "{admitted}");
    }
}
