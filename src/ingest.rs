//! The way in, on one screen: verify → handshake or event → route → store.accept, and only then yes.
//!
//! It decides; limits and statuses are `http`'s, bytes on disk the store's.

mod refusal;
mod replay;

use std::{net::IpAddr, sync::Arc};

use arc_swap::ArcSwap;
use jiff::Timestamp;

use crate::{
    clock::Clock,
    config::provider::{Told, Yes},
    delivery::Target,
    destination::DestinationId,
    event::Webhook,
    keys::Keys,
    lane::woken::Woken,
    name::{EventId, SourceName},
    observe::metrics::Metrics,
    outcome::Reason,
    provider::{
        Opened,
        handshake::{Action, Answer, Met},
    },
    route::{Subscribers, condition::Facts, mapping::Choice},
    rules::{Rules, SourceRules},
    secret::Secret,
    slowdown::Slowdown,
    store::{Accepted, Captured, Store, StoreError},
    verify::{Unproved, Verified},
};
pub use refusal::Refusal;

/// Where webhooks become events.
#[derive(Debug)]
pub struct Ingest {
    /// The settings, as they are now.
    pub rules: Arc<ArcSwap<Rules>>,
    /// The subscriptions, compiled.
    pub subscribers: Arc<ArcSwap<Subscribers>>,
    /// Who keeps failing verification.
    pub slowdown: Slowdown,
    /// Where events are kept.
    pub store: Arc<dyn Store>,
    /// The keys that are in no settings file.
    pub keys: Arc<Keys>,
    /// Who is to be told of a lane with new work.
    pub woken: Arc<Woken>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// What a sender is told of a webhook that was let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The event, or the one that this webhook repeats.
    pub event: EventId,
    /// Whether it was accepted before.
    pub duplicate: bool,
    /// What its provider takes for a yes.
    pub status: Yes,
    /// The text that it waits for, where it waits for one.
    pub answer: Option<Told>,
}

/// What became of a webhook that was let in.
#[derive(Debug)]
pub enum Taken {
    /// It is an event.
    Event(Receipt),
    /// It was a handshake, and leaves nothing in the store's books.
    Answered(Answer),
}

impl Ingest {
    /// Whether webhooks may come to this address at all, from this client; asked before the body is read.
    ///
    /// # Errors
    /// [`Reason::UnknownSource`], [`Reason::SourceDisabled`], [`Reason::SourceExpired`], [`Reason::AddressNotAllowed`],
    /// [`Reason::SlowedDown`].
    pub fn admit(&self, source: &str, client: Option<IpAddr>) -> Result<Arc<SourceRules>, Refusal> {
        let name: SourceName = source.parse().map_err(|_| Reason::UnknownSource)?;
        let source = self.rules.load().sources.get(&name).cloned().ok_or(Reason::UnknownSource)?;
        source.open_at(self.clock.now())?;
        source.open_to(client)?;
        let open = client.map_or(Ok(()), |client| self.slowdown.open(&name, client, self.clock.steady()));
        open.map_err(|wait| Refusal::until(Reason::SlowedDown, wait))?;
        Ok(source)
    }

    /// Does what a handshake asks for, and gives the answer.
    ///
    /// # Errors
    /// [`Reason::HandshakeRefused`] where the source has as many secrets as it may have, [`Reason::StoreFailed`].
    pub async fn answer(&self, source: &SourceRules, met: Met) -> Result<Answer, Refusal> {
        match met.first {
            None => {}
            Some(Action::Confirm(address)) => self.keys.confirm(&source.name, &address).await,
            Some(Action::Capture(secret)) => self.capture(source, secret).await?,
        }
        self.metrics.webhook(Some(&source.name), Reason::Handshake);
        tracing::info!(source = %source.name, outcome = %Reason::Handshake, "webhook");
        Ok(met.answer)
    }

    /// Keeps the secret that a handshake brought.
    async fn capture(&self, source: &SourceRules, secret: Secret) -> Result<(), Reason> {
        let (name, fingerprint) = (&source.name, secret.fingerprint());
        let captured = self.keys.capture(name, secret, source.captures).await.map_err(|error| {
            tracing::error!(source = %name, %error, "a handshake's secret could not be stored");
            Reason::StoreFailed
        })?;
        match captured {
            Captured::Known => {}
            Captured::New => {
                tracing::warn!(source = %name, fingerprint, "a handshake brought a secret, believed from now on");
            }
            Captured::Full => {
                let captures = source.captures;
                tracing::warn!(source = %name, fingerprint, captures, "a handshake brought a further secret, and was refused");
                return Err(Reason::HandshakeRefused);
            }
        }
        Ok(())
    }

    /// The way in. When this returns a receipt, event and fan-out are on disk, flushed.
    ///
    /// # Errors
    /// Why the webhook was refused; then nothing of it was kept.
    pub async fn take(&self, source: &SourceRules, webhook: Webhook) -> Result<Taken, Refusal> {
        let arrived = self.clock.steady();
        let verified = self.prove(source, webhook).await?;
        let replay = verified.replay();
        let subscribers = self.subscribers.load_full();
        let opened = Opened::new(verified, [&source.looked_at, subscribers.looked_at(&source.name)]);
        if let Some(met) = source.provider.handshake(&opened, &source.secrets)? {
            drop(opened);
            return Ok(Taken::Answered(self.answer(source, met).await?));
        }
        let within = source.within_rate(self.clock.steady());
        within.map_err(|wait| Refusal::until(Reason::RateLimited, wait))?;
        let (event, payload) = source.provider.event(opened).map_err(|bad| bad.reason())?;
        let (targets, ignored) = route(source, &subscribers, &Facts::new(&event, &payload));
        // A tree can be many times its body; it is not held while the disk is waited for.
        drop(payload);
        let lanes: Vec<DestinationId> = targets.iter().map(|target| target.destination).collect();
        // In this order: a signature anew is remembered with a body that is known, but not the other way round.
        let replays = replay.into_iter().chain(source.provider.same_body(&event)).collect();
        let accepted = self.store.accept(event, replays, targets, ignored).await.map_err(|error| match error {
            // The store has said it when it began.
            StoreError::Full { .. } => Reason::StoreFull,
            error => {
                tracing::error!(source = %source.name, %error, "a webhook could not be stored");
                Reason::StoreFailed
            }
        })?;
        Ok(Taken::Event(self.settle(source, accepted, lanes, ignored, arrived)))
    }

    /// Whether the sender is who it says.
    async fn prove(&self, source: &SourceRules, webhook: Webhook) -> Result<Verified, Refusal> {
        let (client, now) = (webhook.peer, self.clock.now());
        let check = |webhook| source.verifier.check(webhook, now, &self.keys.ring());
        let mut checked = check(webhook);
        if let Err(Unproved::NeedsKey { from, refused }) = checked {
            if self.keys.fetch(&source.name, &from).await.is_err() {
                self.note_failure(source, client);
                return Err(Refusal { reason: Reason::KeyUnavailable, ..refused.into() });
            }
            checked = check(*refused.webhook);
        }
        match checked {
            Ok(verified) => {
                self.note_genuine(source, client);
                Ok(verified)
            }
            // What does not fit a key that was fetched a moment ago fits none that the provider has.
            Err(Unproved::Refused(refused) | Unproved::NeedsKey { refused, .. }) => {
                self.note_failure(source, client);
                Err(refused.into())
            }
        }
    }

    /// What a refused webhook's signature would have fitted, in words for the admin.
    pub fn explain(&self, refusal: &Refusal) -> Option<String> {
        let (webhook, why) = (refusal.webhook.as_ref()?, refusal.why.as_ref()?);
        let rules = self.rules.load();
        rules.sources.get(&webhook.source)?.verifier.explain(webhook, why, &self.keys.ring())
    }

    fn note_genuine(&self, source: &SourceRules, client: Option<IpAddr>) {
        // Where anything is believed nothing fails, and nobody needs a good name.
        let Some(client) = client.filter(|_| !source.verifier.is_none()) else { return };
        if self.slowdown.genuine(&source.name, client, self.clock.steady()) {
            tracing::info!(source = %source.name, %client, "a client that was slowed down sent a genuine webhook");
        }
    }

    /// Counts a failed proof against its sender.
    pub fn note_failure(&self, source: &SourceRules, client: Option<IpAddr>) {
        let Some(client) = client else { return };
        let slowed = self.slowdown.failed(&source.name, client, self.clock.steady());
        if slowed && self.slowdown.is_worth_telling(&source.name) {
            tracing::warn!(source = %source.name, %client, "a client keeps failing verification and is slowed down");
        }
    }

    fn settle(
        &self,
        source: &SourceRules,
        accepted: Accepted,
        lanes: Vec<DestinationId>,
        ignored: Reason,
        arrived: Timestamp,
    ) -> Receipt {
        let (event, outcome) = match accepted {
            Accepted::Duplicate(event) | Accepted::Replayed(event) => (event, Reason::Duplicate),
            Accepted::New(event) if lanes.is_empty() => (event, ignored),
            Accepted::New(event) => (event, Reason::Accepted),
        };
        self.metrics.webhook(Some(&source.name), outcome);
        self.metrics.accepted_in(self.clock.steady().duration_since(arrived).unsigned_abs());
        tracing::info!(source = %source.name, %event, %outcome, destinations = lanes.len(), "webhook");
        if outcome == Reason::Accepted {
            self.woken.wake(lanes);
        }
        let places = source.provider.places();
        Receipt { event, duplicate: outcome == Reason::Duplicate, status: places.status, answer: places.answer.clone() }
    }
}

/// Who gets it, and why nobody does if so.
fn route(source: &SourceRules, subscribers: &Subscribers, facts: &Facts<'_>) -> (Vec<Target>, Reason) {
    match source.mapping.choose(facts) {
        Choice::Ignore => (Vec::new(), Reason::NotMapped),
        Choice::Template(_) | Choice::ByType => (subscribers.targets(facts), Reason::NoSubscription),
    }
}

#[cfg(test)]
mod tests;
