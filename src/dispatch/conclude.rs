//! What a post came to, for its deliveries and for its destination.

use std::time::Duration;

use jiff::Timestamp;

use super::{Dispatch, Run, course::Rest, notices::Notice, now::Now};
use crate::{
    deliver::{judge::Judgement, post::Posted},
    delivery::Verdict,
    destination::DestinationId,
    lane::breaker::Breaker,
    name::EventId,
    observe::metrics::DeliveryOutcome,
    outcome::Reason,
    standing::{Actor, Standing, State},
    store::StoreError,
};

impl Dispatch {
    /// Settles what was posted, and takes note of what the answer tells of the destination.
    pub(super) async fn conclude(
        &self,
        run: &Run<'_>,
        events: &[EventId],
        posted: &Posted,
        judgement: Judgement,
    ) -> Result<(), StoreError> {
        let now = Now::of(&*self.clock);
        let verdict = self.weigh(run, events, judgement, now).await?;
        self.tell(run, events, verdict, judgement.reason);
        self.metrics.posted_in(posted.took);
        let digested = judgement.verdict == Verdict::Accepted && events.len() > 1;
        let attempt = posted.attempt(if digested { Reason::Digested } else { judgement.reason });
        self.store.settle(run.lane, events, verdict, Some(attempt), now.wall).await?;
        let until = match verdict {
            Verdict::Retry { at, .. } => now.steady_at(at),
            Verdict::Accepted | Verdict::Dead { .. } | Verdict::Skipped { .. } => return Ok(()),
        };
        let head = self.store.due(run.lane, 1).first().map(|first| first.event);
        self.courses.with(run.lane, |course| course.rest = head.map(|head| Rest { head, until }));
        Ok(())
    }

    /// What is to become of the deliveries: the judgement, unless the answer is about their destination and not about
    /// their card, or about the card of a digest, for which none of them is to be given up.
    async fn weigh(
        &self,
        run: &Run<'_>,
        events: &[EventId],
        judgement: Judgement,
        now: Now,
    ) -> Result<Verdict, StoreError> {
        let Judgement { verdict, reason, .. } = judgement;
        if verdict == Verdict::Accepted {
            self.courses.with(run.lane, |course| {
                if course.breaker.failed_alone().is_some_and(|failed| !events.contains(&failed)) {
                    course.at_fault = course.breaker.failed_alone();
                }
                course.breaker.worked();
            });
            self.takes_cards(run.lane).await?;
            return Ok(verdict);
        }
        if verdict == (Verdict::Dead { why: reason }) && reason.shuts_destination() {
            self.shut(run, reason, now.wall).await?;
            return Ok(Verdict::Retry { at: now.wall, why: reason, counts: false });
        }
        if !reason.is_outage() {
            // It answered about the card, so it is not down.
            if reason != Reason::Throttled {
                self.courses.with(run.lane, |course| course.breaker.worked());
            }
        } else if let Some(probe) = self.courses.with(run.lane, |course| course.breaker.failed(events, now.steady)) {
            self.is_down(run.lane, reason, now.wall).await?;
            return Ok(Verdict::Retry { at: now.wall_at(probe), why: reason, counts: false });
        }
        match verdict {
            Verdict::Dead { why: Reason::RetriesExhausted } if self.may_be_down(run.lane, events) => {
                self.courses.with(run.lane, |course| course.breaker.suspect(run.head.event, now.steady));
                Ok(Verdict::Retry { at: now.wall, why: reason, counts: false })
            }
            Verdict::Dead { .. } if events.len() > 1 => {
                let wait = run.rules.delivery.schedule.retry.first().copied().unwrap_or_default();
                Ok(Verdict::Retry { at: now.wall + wait, why: reason, counts: true })
            }
            other => Ok(other),
        }
    }

    /// Whether another delivery is to be tried before one that used all its tries is given up.
    fn may_be_down(&self, lane: DestinationId, events: &[EventId]) -> bool {
        let at_fault = self.courses.with(lane, |course| course.at_fault);
        matches!(events, [event] if at_fault != Some(*event)) && self.store.backlog(lane) > 1
    }

    fn tell(&self, run: &Run<'_>, events: &[EventId], verdict: Verdict, reason: Reason) {
        let profile = &run.subscription.destination.profile;
        let outcome = match verdict {
            Verdict::Accepted if events.len() > 1 => DeliveryOutcome::Digested,
            Verdict::Accepted => DeliveryOutcome::Delivered,
            Verdict::Retry { .. } => DeliveryOutcome::Retried,
            Verdict::Dead { .. } => DeliveryOutcome::Dead,
            Verdict::Skipped { .. } => DeliveryOutcome::Ignored,
        };
        self.metrics.attempt(Some(profile), outcome, reason, events.len());
        let (destination, count) = (run.lane, events.len());
        let Some(event) = events.first() else { return };
        match verdict {
            Verdict::Accepted if count > 1 => tracing::info!(first = %event, count, %destination, "digested"),
            Verdict::Accepted => tracing::info!(%event, %destination, "delivered"),
            Verdict::Skipped { why } => tracing::info!(%event, %destination, reason = %why, "not wanted"),
            Verdict::Retry { at, .. } => {
                tracing::warn!(%event, count, %destination, %reason, next = %at, "will try again");
            }
            Verdict::Dead { why } => {
                tracing::error!(%event, %destination, %reason, %why, "given up; see `teams-relay dead show`");
            }
        }
    }

    /// A destination took a card.
    pub(super) async fn takes_cards(&self, lane: DestinationId) -> Result<(), StoreError> {
        self.stands(lane, State::Active, None, self.clock.now()).await.map(drop)
    }

    /// Several posts to a destination failed in a row.
    async fn is_down(&self, lane: DestinationId, reason: Reason, now: Timestamp) -> Result<(), StoreError> {
        if self.stands(lane, State::Degraded, Some(reason), now).await? {
            tracing::warn!(destination = %lane, %reason, "a destination is down; one post after the other tries it");
        }
        Ok(())
    }

    /// A destination takes nothing until somebody mends it. What waits for it goes on waiting.
    async fn shut(&self, run: &Run<'_>, reason: Reason, now: Timestamp) -> Result<(), StoreError> {
        if self.stands(run.lane, State::Paused, Some(reason), now).await? {
            let (destination, waiting) = (run.lane, self.store.backlog(run.lane));
            tracing::error!(%destination, %reason, waiting, "a destination is paused; {}", reason.cure());
            self.notify(run.lane, Notice::Paused(reason)).await?;
        }
        Ok(())
    }

    /// Gives up a destination that the relay paused long ago and that nobody resumed.
    pub(super) async fn bury(&self, lane: DestinationId, after: Duration, now: Now) -> Result<(), StoreError> {
        let Some(Standing { state: State::Paused, reason, since, .. }) = self.store.standing(lane) else {
            return Ok(());
        };
        if since + after > now.for_age() {
            return Ok(());
        }
        let reason = reason.unwrap_or(Reason::DestinationGone);
        if self.stands(lane, State::Dead, Some(reason), now.wall).await? {
            tracing::error!(destination = %lane, %reason, "a destination is dead: it was paused for too long");
            self.notify(lane, Notice::Dead(reason)).await?;
        }
        Ok(())
    }

    /// Keeps how a destination stands, if that is news.
    async fn stands(
        &self,
        lane: DestinationId,
        state: State,
        reason: Option<Reason>,
        since: Timestamp,
    ) -> Result<bool, StoreError> {
        if self.store.standing(lane).is_some_and(|known| known.state == state) {
            return Ok(false);
        }
        self.store.put_standing(lane, Some(Standing { state, reason, since, by: Actor::Relay })).await?;
        Ok(true)
    }

    /// Goes on with what destinations were known to be before a restart.
    pub fn remember(&self) {
        let now = self.clock.steady();
        for lane in self.store.lanes() {
            if self.store.standing(lane).is_some_and(|standing| standing.state == State::Degraded) {
                self.courses.with(lane, |course| course.breaker = Breaker::of_one_down(now));
            }
        }
    }
}
