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
    event::Event,
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

/// A delivery with all that is needed to make it.
struct Prepared {
    waiting: Waiting,
    subscription: Arc<Subscription>,
    event: Event,
    expires_at: Timestamp,
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
        let done = match self.prepare(waiting).await {
            Err(why) => self.give_up(lane, waiting.event, why).await,
            Ok(delivery) if delivery.expires_at <= now => self.give_up(lane, waiting.event, Reason::Expired).await,
            Ok(delivery) if waiting.due_at > now => {
                return Tick::Idle { until: Some(waiting.due_at.min(delivery.expires_at)) };
            }
            Ok(delivery) => match self.acquire(&delivery.subscription.destination, now) {
                Err(at) => return Tick::Idle { until: Some(at.min(delivery.expires_at)) },
                Ok(()) => self.deliver(lane, delivery).await,
            },
        };
        match done {
            Ok(()) => Tick::Settled,
            Err(error) => {
                tracing::error!(%error, "an outcome could not be recorded");
                Tick::Idle { until: Some(now + STORE_REST) }
            }
        }
    }

    /// Renders, posts, judges and settles one delivery.
    async fn deliver(&self, lane: DestinationId, delivery: Prepared) -> Result<(), StoreError> {
        let Prepared { waiting, subscription, event, expires_at } = delivery;
        let rules = self.rules.load_full();
        let card = self.cards.card(&rules, waiting.event, &event);
        let (posted, judgement) =
            self.post(&rules, &subscription.destination, &card, Tried::from(&waiting), expires_at).await;
        self.record(&subscription, waiting.event, &posted, judgement);
        let attempt = Some(posted.attempt(judgement.reason));
        self.store.settle(lane, &[waiting.event], judgement.verdict, attempt, self.clock.now()).await
    }

    /// What can be known before any quota is spent.
    async fn prepare(&self, waiting: Waiting) -> Result<Prepared, Reason> {
        let subscription = self.store.subscription(waiting.target.subscription).ok_or(Reason::SubscriptionRemoved)?;
        let event = self.store.event(waiting.event).await.map_err(|error| {
            tracing::error!(event = %waiting.event, %error, "an event can't be read back");
            Reason::EventUnreadable
        })?;
        let expires_at = event.received_at + self.rules.load().ttl(&event.source);
        Ok(Prepared { waiting, subscription, event, expires_at })
    }

    /// Takes one post out of the destination's quota group.
    fn acquire(&self, destination: &Destination, now: Timestamp) -> Result<(), Timestamp> {
        self.quotas.try_acquire(&GroupKey::of(destination), self.rules.load().windows(destination), now)
    }

    async fn post(
        &self,
        rules: &Rules,
        destination: &Destination,
        card: &crate::card::Card,
        tried: Tried,
        expires_at: Timestamp,
    ) -> (Posted, Judgement) {
        let profile = rules.profiles.get(&destination.profile);
        let body = profile.encode(card);
        let posted =
            self.poster.post(&destination.url, body.bytes.into(), body.content_type, rules.delivery.timeout).await;
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
        self.acquire(&subscription.destination, now)?;
        let card = cards::test_card(subscription);
        let expires_at = now + rules.delivery.ttl;
        let (posted, judgement) =
            self.post(&rules, &subscription.destination, &card, Tried::default(), expires_at).await;
        Ok((judgement.verdict, posted.attempt(judgement.reason)))
    }
}
