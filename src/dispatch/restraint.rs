//! What a subscription does not want to be told, seen once its card is there: too little, or nothing new.

use std::collections::HashMap;

use super::{Dispatch, Run};
use crate::{
    card::Severity,
    delivery::Verdict,
    digest::{Item, Line},
    name::{EventId, SubscriptionId},
    observe::metrics::DeliveryOutcome,
    outcome::Reason,
    store::StoreError,
    subscription::Subscription,
};

/// Whether subscriptions were told of a failure last, as the deliveries that were looked at so far change it.
#[derive(Debug, Default)]
pub(super) struct Told(HashMap<(SubscriptionId, String), Option<bool>>);

/// What an event of this severity says of its key: that it fails, that it is well, or neither.
const fn failing(severity: Severity) -> Option<bool> {
    match severity {
        Severity::Critical | Severity::Warning => Some(true),
        Severity::Good => Some(false),
        Severity::Info => None,
    }
}

impl Dispatch {
    /// Why a subscription does not want to be told this, after all that `told` holds; none: it wants it.
    pub(super) async fn unwanted(
        &self,
        subscription: &Subscription,
        line: &Line,
        told: &mut Told,
    ) -> Result<Option<Reason>, StoreError> {
        if subscription.restraint.min_severity.is_some_and(|least| line.severity < least) {
            return Ok(Some(Reason::BelowSeverity));
        }
        if !subscription.restraint.only_changes {
            return Ok(None);
        }
        let key = (subscription.id, line.key.clone());
        let last = match told.0.get(&key) {
            Some(last) => *last,
            None => self.store.told(subscription.id, &line.key).await?,
        };
        let now = failing(line.severity);
        // What was never seen to fail is well.
        let changed = now.is_some_and(|now| now != last.unwrap_or(false));
        told.0.insert(key, if changed { now } else { last });
        Ok((!changed).then_some(Reason::Unchanged))
    }

    /// Keeps what a subscription is told by these lines, before their deliveries are settled.
    pub(super) async fn keep_told(
        &self,
        subscription: &Subscription,
        lines: impl Iterator<Item = &Line>,
    ) -> Result<(), StoreError> {
        if !subscription.restraint.only_changes {
            return Ok(());
        }
        let told = lines.filter_map(|line| Some((line.key.clone(), failing(line.severity)?))).collect();
        self.store.put_told(subscription.id, told, self.clock.now()).await
    }

    /// The same for all events of a digest.
    pub(super) async fn keep_told_of(&self, items: &[Item], events: &[EventId]) -> Result<(), StoreError> {
        let of_digest = items.iter().filter(|item| events.binary_search(&item.event).is_ok());
        let mut by_subscription: HashMap<SubscriptionId, Vec<&Line>> = HashMap::new();
        for item in of_digest {
            by_subscription.entry(item.subscription).or_default().push(&item.line);
        }
        for (id, lines) in by_subscription {
            if let Some(subscription) = self.store.subscription(id) {
                self.keep_told(&subscription, lines.into_iter()).await?;
            }
        }
        Ok(())
    }

    /// Settles deliveries that their subscription does not want.
    pub(super) async fn skip(&self, run: &Run<'_>, events: &[EventId], why: Reason) -> Result<(), StoreError> {
        let profile = &run.subscription.destination.profile;
        self.metrics.attempt(Some(profile), DeliveryOutcome::Ignored, why, events.len());
        tracing::info!(count = events.len(), destination = %run.lane, reason = %why, "not wanted by the subscription");
        self.store.settle(run.lane, events, Verdict::Skipped { why }, None, self.clock.now()).await
    }
}
