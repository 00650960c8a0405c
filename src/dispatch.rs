//! The way out, on one screen: lane → render → fit → post → judge → store.settle.
//!
//! One step takes the first waiting delivery of a lane as far as it goes now. Lanes decide when to step; what an
//! answer means is `deliver::judge`'s to say, and the verdict is obeyed here and nowhere else.

pub mod cards;

use std::sync::Arc;

use arc_swap::ArcSwap;
use jiff::Timestamp;

use crate::{
    clock::Clock,
    deliver::{
        judge::{Judgement, Tried, judge},
        post::{Posted, Poster},
    },
    delivery::{Attempt, Verdict, Waiting},
    destination::{Destination, DestinationId},
    dispatch::cards::Cards,
    lane::{
        Tick,
        quota::{GroupKey, Quotas},
    },
    name::EventId,
    observe::metrics::{DeliveryOutcome, Metrics},
    outcome::Reason,
    rules::Rules,
    store::{Store, StoreError},
    subscription::Subscription,
};

/// How long a lane rests when the store fails; nothing is posted that could not be recorded.
const STORE_REST: std::time::Duration = std::time::Duration::from_secs(10);

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
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// What a lane's first delivery needs now.
enum Plan {
    /// Time: nothing is to be done before.
    Wait(Timestamp),
    /// A post, which its quota has room for, before it expires.
    Deliver(Arc<Subscription>, Timestamp),
}

impl Dispatch {
    /// Takes the first waiting delivery of a lane as far as it goes now.
    pub async fn step(&self, lane: DestinationId) -> Tick {
        let Some(waiting) = self.store.due(lane, 1).first().copied() else { return Tick::Idle { until: None } };
        let now = self.clock.now();
        if let Err(error) = self.store.health() {
            tracing::error!(%error, "nothing is posted while the store fails");
            return Tick::Idle { until: Some(now + STORE_REST) };
        }
        let done = match self.plan(waiting, now) {
            Err(why) => self.give_up(lane, waiting.event, why).await,
            Ok(Plan::Wait(until)) => return Tick::Idle { until: Some(until) },
            Ok(Plan::Deliver(subscription, expires_at)) => self.deliver(lane, waiting, &subscription, expires_at).await,
        };
        match done {
            Ok(()) => Tick::Settled,
            Err(error) => {
                tracing::error!(%error, "an outcome could not be recorded");
                Tick::Idle { until: Some(now + STORE_REST) }
            }
        }
    }

    /// What can be decided from memory: an event is read from disk only when it is about to be posted.
    fn plan(&self, waiting: Waiting, now: Timestamp) -> Result<Plan, Reason> {
        let subscription = self.store.subscription(waiting.target.subscription).ok_or(Reason::SubscriptionRemoved)?;
        let rules = self.rules.load();
        let expires_at = waiting.event.time() + rules.ttl(&subscription.source);
        if expires_at <= now {
            return Err(Reason::Expired);
        }
        if waiting.due_at > now {
            return Ok(Plan::Wait(waiting.due_at.min(expires_at)));
        }
        match self.acquire(&rules, &subscription.destination, now) {
            Err(at) => Ok(Plan::Wait(at.min(expires_at))),
            Ok(()) => Ok(Plan::Deliver(subscription, expires_at)),
        }
    }

    /// Renders, posts, judges and settles one delivery.
    async fn deliver(
        &self,
        lane: DestinationId,
        waiting: Waiting,
        subscription: &Subscription,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        let event = match self.store.event(waiting.event).await {
            Ok(event) => event,
            Err(error) => {
                tracing::error!(event = %waiting.event, %error, "an event can't be read back");
                return self.give_up(lane, waiting.event, Reason::EventUnreadable).await;
            }
        };
        let rules = self.rules.load_full();
        let card = self.cards.card(&rules, waiting.event, &event, &subscription.look);
        let tried = Tried::from(&waiting);
        let (posted, judgement) = self.post(&rules, subscription, &card, tried, expires_at).await;
        self.record(subscription, waiting.event, &posted, judgement);
        let attempt = Some(posted.attempt(judgement.reason));
        self.store.settle(lane, &[waiting.event], judgement.verdict, attempt, self.clock.now()).await
    }

    /// Takes one post out of the destination's quota group.
    fn acquire(&self, rules: &Rules, destination: &Destination, now: Timestamp) -> Result<(), Timestamp> {
        self.quotas.try_acquire(&GroupKey::of(destination), rules.windows(destination), now)
    }

    async fn post(
        &self,
        rules: &Rules,
        subscription: &Subscription,
        card: &crate::card::Card,
        tried: Tried,
        expires_at: Timestamp,
    ) -> (Posted, Judgement) {
        let destination = &subscription.destination;
        let profile = rules.profiles.get(&destination.profile);
        let body = profile.encode_in(card, rules.locale(&subscription.source, &subscription.look).words());
        if let Some(fault) = &body.unsound {
            tracing::error!(profile = %profile.name, fault, "a card is none that Teams takes; a plain line goes out");
        }
        let (url, headers, timeout) = (&destination.url, &destination.headers, rules.delivery.timeout);
        let posted = self.poster.post(url, headers, body.bytes.into(), body.content_type, timeout).await;
        let now = self.clock.now();
        let reply = posted.reply.as_ref();
        let judgement = judge(reply, profile.answers, tried, &rules.delivery.schedule, now, expires_at, rand::random());
        if let Some(until) = judgement.close_group {
            self.quotas.close(&GroupKey::of(destination), until, now);
        }
        (posted, judgement)
    }

    fn record(&self, subscription: &Subscription, event: EventId, posted: &Posted, judgement: Judgement) {
        let profile = &subscription.destination.profile;
        let outcome = match judgement.verdict {
            Verdict::Accepted => DeliveryOutcome::Delivered,
            Verdict::Retry { .. } => DeliveryOutcome::Retried,
            Verdict::Dead { .. } => DeliveryOutcome::Dead,
        };
        self.metrics.attempt(Some(profile), outcome, judgement.reason);
        self.metrics.posted_in(posted.took);
        let (destination, reason) = (subscription.destination.id(), judgement.reason);
        match judgement.verdict {
            Verdict::Accepted => tracing::info!(%event, %destination, "delivered"),
            Verdict::Retry { at, .. } => tracing::warn!(%event, %destination, %reason, next = %at, "will try again"),
            Verdict::Dead { why } => {
                tracing::error!(%event, %destination, %reason, %why, "given up; see `teams-relay dead show`")
            }
        }
    }

    /// Settles a delivery as dead without an attempt.
    async fn give_up(&self, lane: DestinationId, event: EventId, why: Reason) -> Result<(), StoreError> {
        self.metrics.attempt(None, DeliveryOutcome::Dead, why);
        tracing::warn!(%event, destination = %lane, reason = %why, "given up without another attempt");
        self.store.settle(lane, &[event], Verdict::Dead { why }, None, self.clock.now()).await
    }

    /// Posts a card that says that the subscription works; nothing is stored of it.
    ///
    /// # Errors
    /// The instant from which the destination's quota has room for it.
    pub async fn test(&self, subscription: &Subscription) -> Result<(Verdict, Attempt), Timestamp> {
        let now = self.clock.now();
        let rules = self.rules.load_full();
        self.acquire(&rules, &subscription.destination, now)?;
        let card = cards::test_card(subscription, rules.locale(&subscription.source, &subscription.look).words());
        let expires_at = now + rules.delivery.ttl;
        let (posted, judgement) = self.post(&rules, subscription, &card, Tried::default(), expires_at).await;
        Ok((judgement.verdict, posted.attempt(judgement.reason)))
    }
}
