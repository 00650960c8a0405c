//! The way out, on one screen: lane → (fold) → render → fit → post → judge → store.settle.
//!
//! One step takes a lane as far as it goes now: its first waiting delivery, or one card for many where they can't each
//! have their own in time. Lanes decide when to step; what an answer means is `deliver::judge`'s to say.

pub mod cards;
mod conclude;
pub mod course;
mod digests;
mod greeting;
pub mod lines;
pub mod notices;
mod now;
mod plan;
mod restraint;

use std::{sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use jiff::Timestamp;

use crate::{
    card::Card,
    clock::Clock,
    config::profile::Window,
    deliver::{
        judge::{Judgement, Tried, judge},
        post::{Posted, Poster},
        token::Applicant,
    },
    delivery::{Verdict, Waiting},
    destination::{Destination, DestinationId},
    dispatch::{
        cards::Cards,
        course::{Courses, Rest},
        digests::Folded,
        lines::Lines,
        now::Now,
        plan::given_up_at,
        restraint::Told,
    },
    lane::{
        Tick,
        quota::{Ask, GroupKey, Quotas},
        woken::Woken,
    },
    name::EventId,
    observe::metrics::{DeliveryOutcome, Metrics},
    outcome::Reason,
    profile::Encoded,
    rules::Rules,
    store::{Store, StoreError},
    subscription::Subscription,
};

/// How long a lane rests when the store fails; nothing is posted that could not be recorded.
const STORE_REST: Duration = Duration::from_secs(10);

/// How long a lane rests at most before it looks whether something urgent came that may go sooner.
const LOOK_AGAIN: Duration = Duration::from_secs(10);

/// Deliveries without a way out that are given up in one go.
const LOST_AT_ONCE: usize = 1_000;

/// Where deliveries are made.
#[derive(Debug)]
pub struct Dispatch {
    /// The settings, as they are now.
    pub rules: Arc<ArcSwap<Rules>>,
    /// Where events wait.
    pub store: Arc<dyn Store>,
    /// How many posts each group has left.
    pub quotas: Arc<Quotas>,
    /// The client.
    pub poster: Poster,
    /// What is rendered.
    pub cards: Cards,
    /// What is said of events in digests.
    pub lines: Lines,
    /// What lanes remember.
    pub courses: Arc<Courses>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Who is to be told of a lane with new work.
    pub woken: Arc<Woken>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// What one step has in hand.
struct Run<'a> {
    rules: &'a Arc<Rules>,
    lane: DestinationId,
    /// The lane's first delivery.
    head: Waiting,
    /// On whose behalf that waits. All of a lane have the same destination.
    subscription: Arc<Subscription>,
    group: GroupKey,
    now: Now,
}

/// The bytes of a card as a subscription's destination takes them.
fn encoded(rules: &Rules, subscription: &Subscription, card: &Card) -> Encoded {
    let locale = rules.locale(&subscription.source, &subscription.look);
    rules.profiles.get(&subscription.destination.profile).encode_in(card, locale.words())
}

impl Dispatch {
    /// Takes a lane as far as it goes now. The instant of a tick is the steady clock's.
    pub async fn step(&self, lane: DestinationId) -> Tick {
        let now = Now::of(&*self.clock);
        let Some(head) = self.store.due(lane, 1).first().copied() else {
            self.courses.leave(lane, now.steady);
            return Tick::Idle { until: None };
        };
        let outcome = match self.store.health() {
            Ok(()) => self.advance(lane, head, now).await,
            Err(error) => Err(error),
        };
        outcome.unwrap_or_else(|error| {
            tracing::error!(%error, "nothing is posted while the store fails");
            Tick::Idle { until: Some(now.steady + STORE_REST) }
        })
    }

    async fn advance(&self, lane: DestinationId, head: Waiting, now: Now) -> Result<Tick, StoreError> {
        let rules = self.rules.load_full();
        self.bury(lane, rules.delivery.dead_after, now).await?;
        let subscription = match self.still_wanted(&rules, &head, now) {
            Ok(subscription) => subscription,
            Err(why) => return self.give_up_lost(&rules, lane, why, now).await,
        };
        let group = GroupKey::of(&subscription.destination);
        let run = Run { rules: &rules, lane, head, subscription, group, now };
        if let Some(until) = self.waits_until(&run) {
            return Ok(Tick::Idle { until: Some(until.min(self.expires(&run))) });
        }
        if let Some(other) = self.other_than_failed(&run) {
            return self.deliver(&run, other).await;
        }
        let alone = if self.must_fold(&run) { self.fold(&run).await? } else { Folded::Alone(head) };
        match alone {
            Folded::Alone(waiting) => self.deliver(&run, waiting).await,
            Folded::Tick(tick) => Ok(tick),
        }
    }

    /// Gives up those at the head of a lane that have no way out, for the same reason, in one go.
    async fn give_up_lost(
        &self,
        rules: &Rules,
        lane: DestinationId,
        why: Reason,
        now: Now,
    ) -> Result<Tick, StoreError> {
        let waiting = self.store.due(lane, LOST_AT_ONCE);
        let is_lost = |one: &&Waiting| self.still_wanted(rules, one, now).err() == Some(why);
        let events: Vec<EventId> = waiting.iter().take_while(is_lost).map(|one| one.event).collect();
        self.give_up(lane, &events, why).await?;
        Ok(Tick::Settled)
    }

    /// Renders, posts, judges and settles one delivery.
    async fn deliver(&self, run: &Run<'_>, waiting: Waiting) -> Result<Tick, StoreError> {
        let subscription = self.store.subscription(waiting.target.subscription);
        let subscription = subscription.unwrap_or_else(|| run.subscription.clone());
        let event = match self.store.event(waiting.event).await {
            Ok(event) => event,
            Err(error) => {
                tracing::error!(event = %waiting.event, %error, "an event can't be read back");
                self.give_up(run.lane, &[waiting.event], Reason::EventUnreadable).await?;
                return Ok(Tick::Settled);
            }
        };
        let card = self.cards.card(run.rules, waiting.event, &event, &subscription.look);
        let line = lines::line_of(&card, &event.source);
        if let Some(why) = self.unwanted(&subscription, &line, &mut Told::default()).await? {
            self.skip(run, &[waiting.event], why).await?;
            return Ok(Tick::Settled);
        }
        // The bytes are made while the store writes down that a post is used up.
        let body = async { encoded(run.rules, &subscription, &card) };
        let (acquired, body) = tokio::join!(self.acquire(run, lines::is_urgent(card.severity)), body);
        if let Err(until) = acquired? {
            return Ok(self.rest(run, until));
        }
        let expires_at = given_up_at(run.rules, &waiting, &subscription);
        let (posted, judgement) =
            self.post(run.rules, &subscription.destination, body, Tried::from(&waiting), expires_at).await?;
        if judgement.verdict == Verdict::Accepted {
            self.keep_told(&subscription, std::iter::once(&line)).await?;
        }
        self.conclude(run, &[waiting.event], &posted, judgement).await?;
        Ok(Tick::Settled)
    }

    /// Takes one post out of the destination's quota group, and keeps what is used up before it is made.
    async fn acquire(&self, run: &Run<'_>, urgent: bool) -> Result<Result<(), Timestamp>, StoreError> {
        let windows = run.rules.windows(&run.subscription.destination);
        self.acquire_as(&run.group, windows, Ask { lane: run.lane, urgent }, run.now.steady).await
    }

    async fn acquire_as(
        &self,
        group: &GroupKey,
        windows: &[Window],
        ask: Ask,
        now: Timestamp,
    ) -> Result<Result<(), Timestamp>, StoreError> {
        match self.quotas.try_acquire(group, windows, ask, now) {
            Err(until) => Ok(Err(until)),
            Ok(usage) => self.store.put_usage(usage).await.map(Ok),
        }
    }

    /// Nothing is to be done before that instant, but something more urgent may come.
    fn rest(&self, run: &Run<'_>, until: Timestamp) -> Tick {
        let until = until.min(run.now.steady + LOOK_AGAIN);
        self.courses.with(run.lane, |course| course.rest = Some(Rest { head: run.head.event, until }));
        Tick::Idle { until: Some(until.min(self.expires(run))) }
    }

    async fn post(
        &self,
        rules: &Rules,
        destination: &Destination,
        body: Encoded,
        tried: Tried,
        expires_at: Timestamp,
    ) -> Result<(Posted, Judgement), StoreError> {
        let profile = rules.profiles.get(&destination.profile);
        if let Some(fault) = &body.unsound {
            tracing::error!(profile = %profile.name, fault, "a card is none that Teams takes; a plain line goes out");
        }
        let (url, headers, timeout) = (&destination.url, &destination.headers, rules.delivery.timeout);
        let (bytes, kind) = (body.bytes.into(), body.content_type);
        let posted = match &destination.entra {
            None => self.poster.post(url, headers, bytes, kind, timeout).await,
            Some(name) => {
                let applicant = Applicant { name, entra: rules.entra.get(name) };
                self.poster.post_as(applicant, url, headers, bytes, kind, timeout).await
            }
        };
        let now = Now::of(&*self.clock);
        let reply = posted.reply.as_ref();
        let (schedule, chance) = (&rules.delivery.schedule, rand::random());
        let judgement = judge(reply, profile.answers, tried, schedule, now.wall, expires_at, chance);
        if let Some(until) = judgement.close_group {
            let usage = self.quotas.close(&GroupKey::of(destination), now.steady_at(until), now.steady);
            self.store.put_usage(usage).await?;
        }
        Ok((posted, judgement))
    }

    /// Settles deliveries as dead without an attempt.
    async fn give_up(&self, lane: DestinationId, events: &[EventId], why: Reason) -> Result<(), StoreError> {
        for event in events {
            self.metrics.attempt(None, DeliveryOutcome::Dead, why, 1);
            tracing::warn!(%event, destination = %lane, reason = %why, "given up without another attempt");
        }
        self.store.settle(lane, events, Verdict::Dead { why }, None, self.clock.now()).await
    }
}
