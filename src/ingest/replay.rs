//! The way in once more, for an event that is kept: by the mappings and subscriptions of now.

use super::{Ingest, route};
use crate::{delivery::Target, destination::DestinationId, name::EventId, route::condition::Facts, store::StoreError};

impl Ingest {
    /// Replays an event: routes it by the mappings and subscriptions of now, and makes its deliveries wait again.
    ///
    /// # Errors
    /// The store's.
    pub async fn replay(&self, id: EventId) -> Result<usize, StoreError> {
        let targets = self.targets(id).await?;
        self.replay_to(id, targets).await
    }

    /// Who would get an event by the mappings and subscriptions of now.
    ///
    /// # Errors
    /// The store's.
    pub async fn targets(&self, id: EventId) -> Result<Vec<Target>, StoreError> {
        let event = self.store.event(id).await?;
        Ok(match (self.rules.load().sources.get(&event.source), event.payload()) {
            (Some(source), Ok(payload)) => route(source, &self.subscribers.load(), &Facts::new(&event, &payload)).0,
            _ => Vec::new(),
        })
    }

    /// Makes these deliveries of an event wait again.
    ///
    /// # Errors
    /// The store's.
    pub async fn replay_to(&self, id: EventId, targets: Vec<Target>) -> Result<usize, StoreError> {
        let lanes: Vec<DestinationId> = targets.iter().map(|target| target.destination).collect();
        let count = self.store.replay(id, targets, self.clock.now()).await?;
        self.woken.wake(lanes);
        Ok(count)
    }
}
