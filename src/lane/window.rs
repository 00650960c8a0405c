//! One window of a quota as a governor limiter whose state is looked at before it is used.
//!
//! governor's algorithm (GCRA) lets a burst through and then one post per interval. A burst as large as the window's
//! number would let twice that number through within one window, so the burst is a fifth of it and the interval such
//! that burst and trickle together never exceed it, in any stretch of the window's length: with burst `b` and
//! interval `t`, a half-open stretch of length `per` sees at most `b + ceil(per / t) - 1` posts.

use std::{
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use governor::{
    Quota, RateLimiter, clock,
    middleware::StateInformationMiddleware,
    nanos::Nanos,
    state::{StateStore, direct::NotKeyed},
};

use crate::config::profile::Window;

/// No window needs to be longer, and governor counts nanoseconds in 64 bits.
const LONGEST: Duration = Duration::from_secs(10 * 365 * 86_400);

/// Part of the posts of a window that may go in one go.
const BURST_PART: u32 = 5;

/// The burst and the interval for a window.
pub(super) fn quota(window: Window) -> Quota {
    let posts = window.posts.get();
    let burst = NonZeroU32::new(posts / BURST_PART).unwrap_or(NonZeroU32::MIN);
    let per = nanos(window.per.0.min(LONGEST));
    let interval = per.div_ceil(u64::from(posts - burst.get()) + 1);
    let one = Quota::with_period(Duration::from_nanos(interval.max(1)));
    one.unwrap_or(Quota::per_second(NonZeroU32::MIN)).allow_burst(burst)
}

/// A duration in nanoseconds, as far as 64 bits go.
pub(super) fn nanos(length: Duration) -> u64 {
    u64::try_from(length.as_nanos()).unwrap_or(u64::MAX)
}

/// A window's limiter. All its instants are nanoseconds since 1970, so its state means the same after a restart.
#[derive(Debug)]
pub(super) struct Limiter {
    governor: RateLimiter<NotKeyed, Spent, Hand, StateInformationMiddleware>,
    spent: Spent,
    /// Nanoseconds until one post that was used is back.
    interval: u64,
    /// Nanoseconds until a burst that was all used is whole again.
    refill: u64,
}

impl Limiter {
    /// Holds the window's number in every stretch of its length, for who must not exceed it.
    pub(super) fn new(window: Window) -> Self {
        Self::by(quota(window))
    }

    /// Lets the whole number through at once and then as it trickles back, for who only must not go on like that.
    pub(super) fn bursting(window: Window) -> Self {
        let interval = nanos(window.per.0.min(LONGEST)) / u64::from(window.posts.get());
        let one = Quota::with_period(Duration::from_nanos(interval.max(1)));
        Self::by(one.unwrap_or(Quota::per_second(NonZeroU32::MIN)).allow_burst(window.posts))
    }

    fn by(quota: Quota) -> Self {
        let spent = Spent::default();
        let interval = nanos(quota.replenish_interval());
        let refill = interval.saturating_mul(u64::from(quota.burst_size().get()));
        Self { governor: RateLimiter::new(quota, spent.clone(), Hand::default()), spent, interval, refill }
    }

    /// How many posts this window would let through at `now` in one go, or when it would let one. Uses up nothing.
    pub(super) fn look(&self, now: u64) -> Result<u32, u64> {
        self.governor.clock().0.store(now, Relaxed);
        match self.governor.check() {
            Ok(left) => Ok(left.remaining_burst_capacity().saturating_add(1)),
            Err(refused) => Err(refused.earliest_possible().as_u64()),
        }
    }

    /// Uses up one post, if there is one.
    pub(super) fn take(&self, now: u64) {
        if self.look(now).is_ok() {
            self.spent.until.store(self.spent.with_next.load(Relaxed), Relaxed);
        }
    }

    /// When it would let a post through, if `ahead` others go before, each as early as it can.
    pub(super) fn when(&self, ahead: u32, now: u64) -> u64 {
        let later = self.whole_at().max(now).saturating_add(self.interval.saturating_mul(u64::from(ahead)));
        later.saturating_sub(self.refill.saturating_sub(self.interval)).max(now)
    }

    /// How long until each further post, once the burst is used up.
    pub(super) fn interval(&self) -> Duration {
        Duration::from_nanos(self.interval)
    }

    /// How many posts of its burst are kept back for those that are urgent: two fifths.
    pub(super) fn kept_back(&self) -> u32 {
        u32::try_from(self.refill / self.interval.max(1)).unwrap_or(u32::MAX).saturating_mul(2) / 5
    }

    /// Uses up the whole burst.
    pub(super) fn drain(&self, now: u64) {
        self.set(now.saturating_add(self.refill));
    }

    /// Leaves one post at `at` beside those that are kept back, if there would be more.
    pub(super) fn drain_to_one(&self, at: u64) {
        let left = self.interval.saturating_mul(u64::from(self.kept_back()) + 1);
        let drained = at.saturating_add(self.refill.saturating_sub(left));
        self.spent.until.fetch_max(drained, Relaxed);
    }

    /// When its burst is whole again.
    pub(super) fn whole_at(&self) -> u64 {
        self.spent.until.load(Relaxed)
    }

    /// Forgets what can't have been used: no more than a burst, so a state further ahead means that the clock was set back.
    pub(super) fn forgive(&self, now: u64) {
        self.spent.until.fetch_min(now.saturating_add(self.refill), Relaxed);
    }

    /// Sets when its burst is whole again.
    pub(super) fn set(&self, whole_at: u64) {
        self.spent.until.store(whole_at, Relaxed);
    }

    /// Whether it is as good as new.
    pub(super) fn is_full(&self, now: u64) -> bool {
        self.whole_at() <= now
    }
}

/// GCRA's one number, and what it would become: governor writes as it checks, and several windows must all agree
/// before any is used. The lock around the group orders the accesses, so they need no order of their own.
#[derive(Debug, Clone, Default)]
struct Spent(Arc<Instants>);

#[derive(Debug, Default)]
struct Instants {
    /// When the burst is whole again; 0: never used.
    until: AtomicU64,
    /// The same, after the post that was last allowed.
    with_next: AtomicU64,
}

impl std::ops::Deref for Spent {
    type Target = Instants;

    fn deref(&self) -> &Instants {
        &self.0
    }
}

impl StateStore for Spent {
    type Key = NotKeyed;

    fn measure_and_replace<T, F, E>(&self, _: &NotKeyed, f: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let (outcome, next) = f(Some(Nanos::new(self.until.load(Relaxed))))?;
        self.with_next.store(next.as_u64(), Relaxed);
        Ok(outcome)
    }
}

/// A clock for governor that shows what it was set to; it begins at 0, which makes governor's instants absolute.
#[derive(Debug, Default)]
struct Hand(AtomicU64);

impl clock::Clock for Hand {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        Nanos::new(self.0.load(Relaxed))
    }
}
