//! How many webhooks a source may send. What comes in may come in bursts, so the whole number may come at once.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use jiff::Timestamp;

use super::{quota::nanos, window::Limiter};
use crate::config::profile::Window;

/// A source's `rate`.
#[derive(Debug)]
pub struct Rate(Mutex<Limiter>);

impl Rate {
    /// Nothing used yet.
    pub fn new(window: Window) -> Self {
        Self(Mutex::new(Limiter::bursting(window)))
    }

    /// Counts one more webhook at `now`.
    ///
    /// # Errors
    /// How long it is until one more fits; then it is not counted.
    pub fn admit(&self, now: Timestamp) -> Result<(), Duration> {
        let limiter = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        limiter.forgive(nanos(now));
        match limiter.look(nanos(now)) {
            Ok(_) => {
                limiter.take(nanos(now));
                Ok(())
            }
            Err(earliest) => Err(Duration::from_nanos(earliest.saturating_sub(nanos(now)))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_number_may_come_at_once_and_then_as_it_trickles_back() {
        let start: Timestamp = "2026-11-23T08:00:00Z".parse().unwrap();
        let window: Window = toml::from_str("posts = 10\nper = \"60s\"").unwrap();
        let rate = Rate::new(window);
        let admitted =
            |second: u64| (0..20).filter(|_| rate.admit(start + Duration::from_secs(second)).is_ok()).count();
        assert_eq!(admitted(0), 10);
        assert_eq!(admitted(5), 0);
        assert_eq!(rate.admit(start + Duration::from_secs(5)), Err(Duration::from_secs(1)));
        assert_eq!(admitted(6), 1);
        assert_eq!(admitted(600), 10);
    }
}
