//! A subscription as the pages show it: in plain words, and nothing that is a secret or the admin's alone.

use jiff::Timestamp;
use serde::Serialize;

use super::Connector;
use crate::{
    card::Severity,
    delivery::{DeliveryState, Target},
    destination::DestinationId,
    lane::quota::GroupKey,
    name::{ProfileName, SourceName, SubscriptionId},
    standing::State,
    store::{EventRecord, Page, StoreError},
    subscription::{Chips, Subscription},
};

/// Events that are looked through for the last deliveries.
const LOOKED_THROUGH: usize = 200;

/// Refusals that are shown.
const MOST_REFUSALS: usize = 5;

/// A subscription.
#[derive(Debug, Serialize)]
pub(super) struct View {
    id: SubscriptionId,
    name: Option<String>,
    source: SourceName,
    events: Vec<String>,
    chips: Chips,
    min_severity: Option<Severity>,
    state: &'static str,
    says: String,
    destination: DestinationId,
    profile: ProfileName,
    warning: Option<String>,
    created_at: Timestamp,
    last_delivery: Option<Timestamp>,
    waiting: usize,
    quota: Vec<Quota>,
    refusals: Vec<Refusal>,
}

#[derive(Debug, Serialize)]
struct Quota {
    posts: u32,
    per: String,
    left: u32,
}

/// A card that did not arrive.
#[derive(Debug, Serialize)]
struct Refusal {
    at: Timestamp,
    says: String,
}

/// What the last events came to for somebody's subscriptions; read once for all of them.
pub(super) struct Lately(Vec<EventRecord>);

impl Lately {
    pub(super) async fn of(connector: &Connector) -> Result<Self, StoreError> {
        connector.store.events(Page { before: None, limit: LOOKED_THROUGH }).await.map(Self)
    }

    fn states(&self, target: Target) -> impl Iterator<Item = (Timestamp, DeliveryState)> {
        self.0.iter().flat_map(move |event| {
            let of =
                move |(to, state): &(Target, DeliveryState)| (*to == target).then_some((event.received_at, *state));
            event.deliveries.iter().filter_map(of)
        })
    }

    fn last_delivery(&self, target: Target) -> Option<Timestamp> {
        let delivered = |(_, state)| match state {
            DeliveryState::Delivered { at } => Some(at),
            _ => None,
        };
        self.states(target).filter_map(delivered).max()
    }

    fn refusals(&self, target: Target) -> Vec<Refusal> {
        let refused = |(_, state)| match state {
            DeliveryState::Dead { at, why } => Some(Refusal { at, says: why.meaning().to_owned() }),
            _ => None,
        };
        self.states(target).filter_map(refused).take(MOST_REFUSALS).collect()
    }
}

impl Connector {
    /// A subscription as its owner sees it.
    pub(super) fn view(&self, one: &Subscription, lately: &Lately) -> View {
        let (lane, rules) = (one.destination.id(), self.rules.load());
        let windows = rules.windows(&one.destination);
        let left = self.quotas.remaining(&GroupKey::of(&one.destination), windows, self.clock.steady());
        let (state, says) = self.state(one);
        let target = Target { destination: lane, subscription: one.id };
        View {
            id: one.id,
            name: one.name.clone(),
            source: one.source.clone(),
            events: one.events.clone(),
            chips: one.asked.as_ref().map(|asked| asked.chips.clone()).unwrap_or_default(),
            min_severity: one.restraint.min_severity,
            state,
            says,
            destination: lane,
            profile: one.destination.profile.clone(),
            warning: rules.profiles.get(&one.destination.profile).warning(&one.destination.url).map(str::to_owned),
            created_at: one.created_at,
            last_delivery: lately.last_delivery(target),
            waiting: self.store.backlog(lane),
            quota: left
                .into_iter()
                .map(|(window, left)| Quota { posts: window.posts.get(), per: window.per.to_string(), left })
                .collect(),
            refusals: lately.refusals(target),
        }
    }

    /// How it stands, as a word and in words.
    fn state(&self, one: &Subscription) -> (&'static str, String) {
        if !one.is_proved() {
            return ("unproved", "It waits for the code that was posted to the channel.".to_owned());
        }
        if one.paused_at.is_some() {
            return ("paused", "It is paused. What comes is kept, and goes out together when it goes on.".to_owned());
        }
        let standing = self.store.standing(one.destination.id());
        let because = standing.and_then(|standing| standing.reason).map(|why| format!(": {}", why.meaning()));
        let because = because.unwrap_or_else(|| ".".to_owned());
        match standing.map(|standing| standing.state) {
            None | Some(State::Pending) => ("pending", "No card was posted yet.".to_owned()),
            Some(State::Active) => ("active", "Cards arrive.".to_owned()),
            Some(State::Degraded) => ("degraded", format!("Cards are late{because}")),
            Some(State::Paused) => ("paused", format!("The channel takes no cards now; they are kept{because}")),
            Some(State::Dead) => ("dead", format!("The channel takes no cards any more{because}")),
        }
    }
}
