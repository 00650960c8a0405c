//! Time as an argument: the only module that asks the machine what time it is.
//!
//! Everything else is given a [`Clock`] or a `now`, so that an hour's quota is tested in a millisecond.

use std::fmt;

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::watch;

/// Tells the time and waits for it.
#[async_trait]
pub trait Clock: Send + Sync + fmt::Debug {
    /// The present instant.
    fn now(&self) -> Timestamp;

    /// Returns once `now() >= at`; at once if that is so already.
    async fn sleep_until(&self, at: Timestamp);
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the machine's clock")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    async fn sleep_until(&self, at: Timestamp) {
        // In steps, so that a wall clock set forward is noticed within a minute, not after the whole wait.
        loop {
            let wait = at.duration_since(self.now());
            let Ok(wait) = std::time::Duration::try_from(wait) else { return };
            if wait.is_zero() {
                return;
            }
            tokio::time::sleep(wait.min(std::time::Duration::from_secs(60))).await;
        }
    }
}

/// A clock that stands still until a test moves it.
#[derive(Debug)]
pub struct ManualClock {
    now: watch::Sender<Timestamp>,
}

impl ManualClock {
    /// A clock that stands at `at`.
    pub fn at(at: Timestamp) -> Self {
        Self { now: watch::Sender::new(at) }
    }

    /// Moves the clock forward and wakes whoever waited for an instant that has now come.
    pub fn advance(&self, by: std::time::Duration) {
        self.now.send_modify(|now| *now += by);
    }

    /// Sets the clock, forward or back.
    pub fn set(&self, at: Timestamp) {
        self.now.send_replace(at);
    }
}

#[async_trait]
impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.now.borrow()
    }

    async fn sleep_until(&self, at: Timestamp) {
        let mut now = self.now.subscribe();
        // The sender lives as long as `self`, so waiting can't fail while we borrow it.
        if now.wait_for(|now| *now >= at).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{sync::Arc, time::Duration};

    #[tokio::test]
    async fn a_sleeper_wakes_when_the_manual_clock_reaches_its_instant() {
        let start: Timestamp = "2026-11-23T08:00:00Z".parse().unwrap();
        let clock = Arc::new(ManualClock::at(start));
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep_until(start + Duration::from_secs(10)).await }
        });
        clock.advance(Duration::from_secs(9));
        tokio::task::yield_now().await;
        assert!(!sleeper.is_finished());
        clock.advance(Duration::from_secs(1));
        sleeper.await.unwrap();
    }
}
