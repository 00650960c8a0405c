//! What admins should know of the relay's own doings: an event of its own, kept and delivered like any other, to the
//! subscription that `admin.notify` names.

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::json;

use super::Dispatch;
use crate::{
    delivery::Target,
    destination::DestinationId,
    event::{Codings, Encoding, Event, EventType, RawBody},
    name::SourceName,
    outcome::Reason,
    store::{Accepted, StoreError},
    subscription::Subscription,
};

/// Something that an admin should know of a destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// Nothing is posted to it until it is resumed.
    Paused(Reason),
    /// It was paused for too long; what comes for it is given up at once.
    Dead(Reason),
    /// Its deliveries have waited for more than half of their time.
    PilesUp {
        /// Since when the oldest has.
        since: Timestamp,
    },
}

impl Notice {
    const fn kind(self) -> &'static str {
        match self {
            Self::Paused(_) => "destination_paused",
            Self::Dead(_) => "destination_dead",
            Self::PilesUp { .. } => "queue_piles_up",
        }
    }

    const fn reason(self) -> Option<Reason> {
        match self {
            Self::Paused(reason) | Self::Dead(reason) => Some(reason),
            Self::PilesUp { .. } => None,
        }
    }
}

impl Dispatch {
    /// Tells the subscription that is to be told, unless its own destination is the one in question.
    ///
    /// # Errors
    /// The store's.
    pub async fn notify(&self, lane: DestinationId, notice: Notice) -> Result<(), StoreError> {
        let Some(told) = self.told() else { return Ok(()) };
        let target = Target { destination: told.destination.id(), subscription: told.id };
        if target.destination == lane {
            tracing::warn!(destination = %lane, "the subscription that `admin.notify` names can't be told of itself");
            return Ok(());
        }
        let event = self.event_of(lane, notice);
        if let Accepted::New(event) = self.store.accept(event, Vec::new(), vec![target], Reason::NoSubscription).await?
        {
            tracing::info!(%event, destination = %lane, about = notice.kind(), "an admin is told");
            self.woken.wake([target.destination]);
        }
        Ok(())
    }

    /// The subscription that `admin.notify` names, by its id or its name.
    pub fn told(&self) -> Option<Arc<Subscription>> {
        let rules = self.rules.load();
        let wanted = rules.notify.as_deref()?;
        let fits = |one: &Arc<Subscription>| {
            one.name.as_deref() == Some(wanted) || one.id.to_string().eq_ignore_ascii_case(wanted)
        };
        self.store.subscriptions().into_iter().find(fits)
    }

    fn event_of(&self, lane: DestinationId, notice: Notice) -> Event {
        let subscriptions = self.store.subscriptions();
        let of_lane = subscriptions.iter().filter(|one| one.destination.id() == lane);
        let shown =
            of_lane.map(|one| json!({ "id": one.id.to_string(), "name": one.name, "source": one.source.as_str() }));
        let payload = json!({
            "about": notice.kind(),
            "destination": lane.to_string(),
            "subscriptions": shown.collect::<Vec<_>>(),
            "reason": notice.reason().map(Reason::as_str),
            "meaning": notice.reason().map(Reason::meaning),
            "cure": notice.reason().map(Reason::cure),
            "waiting": self.store.backlog(lane),
            "since": if let Notice::PilesUp { since } = notice { Some(since.to_string()) } else { None },
        });
        Event {
            source: SourceName::relay(),
            kind: EventType::new(notice.kind(), None),
            delivery_id: None,
            received_at: self.clock.now(),
            headers: Vec::new(),
            encoding: Encoding::Json,
            codings: Codings::default(),
            body: RawBody(Bytes::from(payload.to_string())),
        }
    }
}
