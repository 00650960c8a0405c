//! Time as an argument: the only module that asks the machine what time it is.
//!
//! Everything else is given a [`Clock`], a `now` or a `steady`, so that an hour's quota is tested in a millisecond.

use std::{fmt, sync::LazyLock, time::Instant};

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::watch;

/// Tells the time and waits for it.
#[async_trait]
pub trait Clock: Send + Sync + fmt::Debug {
    /// The present instant, as people reckon it. It may jump, forward or back, when somebody sets the clock.
    fn now(&self) -> Timestamp;

    /// The present instant by a clock that nobody can set: it showed the time when the process began, and goes on
    /// evenly from there. How long something takes, lasts or must wait is reckoned by it.
    fn steady(&self) -> Timestamp;

    /// Returns once `steady() >= at`; at once if that is so already.
    async fn sleep_until(&self, at: Timestamp);
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

/// The same instant by both of the machine's clocks.
#[expect(clippy::disallowed_methods, reason = "this module reads the machine's clocks")]
static BEGAN: LazyLock<(Timestamp, Instant)> = LazyLock::new(|| (Timestamp::now(), Instant::now()));

#[async_trait]
impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the machine's clock")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn steady(&self) -> Timestamp {
        let (then, began) = *BEGAN;
        then.checked_add(began.elapsed()).unwrap_or(Timestamp::MAX)
    }

    async fn sleep_until(&self, at: Timestamp) {
        let wait = std::time::Duration::try_from(at.duration_since(self.steady())).unwrap_or_default();
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
    }
}

/// A clock that stands still until a test moves it.
#[derive(Debug)]
pub struct ManualClock {
    shown: watch::Sender<Shown>,
}

#[derive(Debug, Clone, Copy)]
struct Shown {
    now: Timestamp,
    steady: Timestamp,
}

impl ManualClock {
    /// A clock that stands at `at`.
    pub fn at(at: Timestamp) -> Self {
        Self { shown: watch::Sender::new(Shown { now: at, steady: at }) }
    }

    /// Lets time pass, and wakes whoever waited for an instant that has now come.
    pub fn advance(&self, by: std::time::Duration) {
        self.shown.send_modify(|shown| {
            shown.now += by;
            shown.steady += by;
        });
    }

    /// Sets the clock, forward or back, as somebody sets a machine's: no time passes by that.
    pub fn set(&self, at: Timestamp) {
        self.shown.send_modify(|shown| shown.now = at);
    }
}

#[async_trait]
impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.shown.borrow().now
    }

    fn steady(&self) -> Timestamp {
        self.shown.borrow().steady
    }

    async fn sleep_until(&self, at: Timestamp) {
        let mut shown = self.shown.subscribe();
        // The sender lives as long as `self`, so waiting can't fail while we borrow it.
        if shown.wait_for(|shown| shown.steady >= at).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{sync::Arc, time::Duration};

    #[tokio::test]
    async fn a_sleeper_wakes_when_its_time_has_passed_and_not_when_the_clock_is_set() {
        let start: Timestamp = "2026-11-23T08:00:00Z".parse().unwrap();
        let clock = Arc::new(ManualClock::at(start));
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep_until(start + Duration::from_secs(10)).await }
        });
        clock.set(start + Duration::from_secs(3600));
        clock.advance(Duration::from_secs(9));
        tokio::task::yield_now().await;
        assert!(!sleeper.is_finished());
        clock.advance(Duration::from_secs(1));
        sleeper.await.unwrap();
    }
}
