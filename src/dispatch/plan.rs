//! What a lane is to do next, decided from memory alone: give its first delivery up, wait, fold, or post.

use std::sync::Arc;

use jiff::Timestamp;

use super::{Dispatch, Run, now::Now};
use crate::{
    config::delivery::Expired, delivery::Waiting, lane::quota::Ask, outcome::Reason, rules::Rules, standing::State,
    subscription::Subscription,
};

/// Whether nothing came of a delivery yet that it would have to wait for; a clock that was set back is no reason to wait.
pub(super) fn is_untried(waiting: &Waiting) -> bool {
    waiting.failures == 0 && waiting.throttles == 0
}

/// Whether a delivery is past its time.
pub(super) fn is_past(rules: &Rules, waiting: &Waiting, subscription: &Subscription, now: Now) -> bool {
    waiting.event.time() + rules.ttl(&subscription.source) <= now.for_age()
}

/// When a delivery is given up for its age, by the wall clock; never where what is past its time goes into a digest.
pub(super) fn given_up_at(rules: &Rules, waiting: &Waiting, subscription: &Subscription) -> Timestamp {
    match rules.expired(&subscription.source) {
        Expired::Dead => waiting.event.time() + rules.ttl(&subscription.source),
        Expired::Digest => Timestamp::MAX,
    }
}

impl Dispatch {
    /// The subscription on whose behalf a delivery waits.
    ///
    /// # Errors
    /// Why it is to be given up: its subscription is gone, its destination is dead, or it is past its time.
    pub(super) fn still_wanted(&self, rules: &Rules, waiting: &Waiting, now: Now) -> Result<Arc<Subscription>, Reason> {
        let subscription = self.store.subscription(waiting.target.subscription).ok_or(Reason::SubscriptionRemoved)?;
        if let Some(standing) = self.store.standing(waiting.target.destination).filter(|one| one.state == State::Dead) {
            return Err(standing.reason.unwrap_or(Reason::DestinationGone));
        }
        let is_over = given_up_at(rules, waiting, &subscription) <= now.for_age();
        if is_over { Err(Reason::Expired) } else { Ok(subscription) }
    }

    /// When the first delivery is given up for its age, by the steady clock.
    pub(super) fn expires(&self, run: &Run<'_>) -> Timestamp {
        let expires_at = given_up_at(run.rules, &run.head, &run.subscription);
        run.now.steady.checked_add(expires_at.duration_since(run.now.for_age())).unwrap_or(Timestamp::MAX)
    }

    /// Until when nothing is to be done, by the steady clock; decided from memory alone.
    pub(super) fn waits_until(&self, run: &Run<'_>) -> Option<Timestamp> {
        let Run { lane, head, now, .. } = *run;
        if self.store.standing(lane).is_some_and(|standing| standing.state.is_shut()) {
            return Some(Timestamp::MAX);
        }
        if let Some(until) = self.is_quiet(run) {
            return Some(until);
        }
        let (rests, probe) =
            self.courses.with(lane, |course| (course.rests(head.event, now.steady), course.breaker.next_probe()));
        let due = match rests {
            Ok(Some(until)) => Some(until),
            // It waited its time out by the steady clock, whatever the other one was set to meanwhile.
            Err(_) => None,
            Ok(None) if is_untried(&head) => None,
            Ok(None) => Some(now.steady_at(head.due_at)),
        };
        due.max(probe).filter(|until| *until > now.steady)
    }

    /// When the quiet hours of the first delivery's subscription end, by the steady clock, if it is within them. What
    /// waits until then goes out together.
    fn is_quiet(&self, run: &Run<'_>) -> Option<Timestamp> {
        let subscription = &run.subscription;
        let hours = subscription.restraint.quiet?;
        let end = hours.end(run.now.wall, &run.rules.locale(&subscription.source, &subscription.look).time_zone())?;
        self.courses.with(run.lane, |course| course.together_until = Some(end));
        Some(run.now.steady_at(end))
    }

    /// The second delivery of a lane whose destination is down, where the first one failed last: it tells whether the
    /// fault is the destination's, and else goes before one that would hold it up.
    pub(super) fn other_than_failed(&self, run: &Run<'_>) -> Option<Waiting> {
        let failed = self.courses.with(run.lane, |course| course.breaker.failed_alone());
        if failed != Some(run.head.event) {
            return None;
        }
        let second = self.store.due(run.lane, 2).get(1).copied()?;
        self.still_wanted(run.rules, &second, run.now).is_ok().then_some(second)
    }

    /// Whether the waiting deliveries of a lane can't each have a card of their own in time.
    pub(super) fn must_fold(&self, run: &Run<'_>) -> bool {
        if is_past(run.rules, &run.head, &run.subscription, run.now) {
            return true;
        }
        let backlog = self.store.backlog(run.lane);
        if backlog < 2 {
            return false;
        }
        let together = self.courses.with(run.lane, |course| course.together_until);
        if together.is_some_and(|until| run.head.event.time() <= until) {
            return true;
        }
        let windows = run.rules.windows(&run.subscription.destination);
        let ask = Ask { lane: run.lane, urgent: false };
        let by = self.quotas.posted_by(&run.group, windows, ask, backlog, run.now.steady);
        by.duration_since(run.now.steady).unsigned_abs() > run.rules.delivery.digest_after
    }
}
