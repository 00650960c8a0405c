//! One of the two stores: actions done to it, and all that can be seen of it, in words that are the same on both.

use std::sync::Arc;

use super::action::{Action, KEYS, SOURCES};
use crate::{
    name::{EventId, SourceName, SubscriptionId},
    outcome::Reason,
    secret::Secret,
    store::{Accepted, DeadLetter, Page, Store, suite::*},
};

/// A store with the ids that it gave, in their order.
pub(super) struct Side {
    pub(super) store: Arc<dyn Store>,
    pub(super) ids: Vec<EventId>,
}

impl Side {
    /// One of the last few, where deliveries still wait; now and then one that never was.
    fn id(&self, event: usize) -> EventId {
        let back = (event * event / 40).min(self.ids.len());
        self.ids.iter().rev().nth(back).copied().unwrap_or(EventId::from_u128(1))
    }

    /// An id by its order, the same on both sides.
    fn order(&self, id: EventId) -> EventId {
        EventId::from_u128(self.ids.iter().position(|known| *known == id).map_or(0, |order| order as u128 + 2))
    }

    /// Does it and says what came of it.
    pub(super) async fn act(&mut self, action: &Action) -> String {
        let store = self.store.clone();
        match action.clone() {
            Action::Accept { delivery_id, replays, targets, at } => {
                let delivery_id = delivery_id.map(|number| format!("d-{number}"));
                let sent = event(delivery_id.as_deref(), minute(at));
                match store.accept(sent, replays, targets, Reason::NoSubscription).await.unwrap() {
                    Accepted::New(id) => {
                        self.ids.push(id);
                        "new".into()
                    }
                    Accepted::Duplicate(id) => format!("repeat of {}", self.order(id)),
                    Accepted::Replayed(id) => format!("the same as {}", self.order(id)),
                }
            }
            Action::Settle { lane: number, events, verdict, recorded } => {
                let events: Vec<_> = events.iter().map(|event| self.id(*event)).collect();
                let made = recorded.then(|| attempt(minute(5), Reason::ServerError));
                format!("{:?}", store.settle(lane(number), &events, verdict, made, minute(6)).await)
            }
            Action::Replay { event, targets } => {
                format!("{:?}", store.replay(self.id(event), targets, minute(7)).await.ok())
            }
            Action::Put { subscription: number, paused } => {
                format!("{:?}", store.put_subscription(subscription(number, paused)).await)
            }
            Action::Remove { subscription } => {
                format!("{:?}", store.remove_subscription(SubscriptionId::from_u128(subscription)).await)
            }
            Action::Purge { upto } => format!("{:?}", store.purge_dead(upto.map(|event| self.id(event))).await),
            Action::Sweep { before, dead_before } => {
                format!("{:?}", store.sweep(minute(before), minute(dead_before)).await)
            }
            other => self.act_beside(other).await,
        }
    }

    /// The same for what is not of events and their deliveries.
    async fn act_beside(&self, action: Action) -> String {
        let store = &self.store;
        match action {
            Action::Standing { lane: number, standing } => {
                format!("{:?}", store.put_standing(lane(number), standing).await)
            }
            Action::Usage { usage } => format!("{:?}", store.put_usage(usage).await),
            Action::ForgetUsages { groups } => format!("{:?}", store.forget_usages(groups).await),
            Action::Told { subscription, told, at } => {
                format!("{:?}", store.put_told(SubscriptionId::from_u128(subscription), told, minute(at)).await)
            }
            Action::Capture { source: number, secret, at_most } => {
                let secret = Secret::new(format!("captured-{secret}"));
                format!("{:?}", store.capture(&source(number), secret, at_most, minute(8)).await)
            }
            // Those are the disk's alone.
            _ => String::new(),
        }
    }

    /// Everything that can be seen from outside, in words, ids by their order.
    pub(super) async fn seen(&self) -> Vec<String> {
        let store = &self.store;
        let accounts = store.accounts();
        assert!(accounts.balance(), "{accounts:?}");
        assert_eq!(accounts.waiting, store.queue().0);
        let mut seen = vec![format!("{accounts:?} {:?} {:?}", store.queue(), store.lanes())];
        for number in 1..4 {
            for limit in [2, 100] {
                for mut waiting in store.due(lane(number), limit) {
                    waiting.event = self.order(waiting.event);
                    seen.push(format!("{waiting:?}"));
                }
            }
        }
        for before in [None, self.ids.get(3).copied()] {
            for mut record in store.events(Page { before, limit: 5 }).await.unwrap() {
                record.id = self.order(record.id);
                seen.push(format!("{record:?}"));
            }
            for mut letter in store.dead(Page { before, limit: 2 }).await.unwrap() {
                letter.event = self.order(letter.event);
                seen.push(format!("{letter:?}"));
            }
        }
        for id in &self.ids {
            let history = store.history(*id).await.ok().map(|(mut record, attempts)| {
                record.id = self.order(record.id);
                (record, attempts)
            });
            seen.push(format!("{history:?} {:?}", store.event(*id).await.ok()));
        }
        seen.push(format!("{:?}", store.subscriptions()));
        self.see_beside(&mut seen).await;
        seen
    }

    /// The same of what is not of events.
    async fn see_beside(&self, seen: &mut Vec<String>) {
        let store = &self.store;
        for number in 1..4 {
            let backlog = store.backlog(lane(number));
            assert_eq!(backlog, store.due(lane(number), usize::MAX).len());
            seen.push(format!("{backlog} {:?}", store.standing(lane(number))));
            for key in KEYS {
                let subscription = SubscriptionId::from_u128(number.into());
                seen.push(format!("{:?}", store.told(subscription, key).await.unwrap()));
            }
        }
        for number in 0..SOURCES.len() {
            let captured = store.captured(&source(number));
            seen.push(captured.iter().map(|secret| secret.expose().to_owned()).collect());
        }
        seen.push(format!("{:?}", store.usages().await.unwrap()));
        self.see_dead_by_pages(seen).await;
    }

    /// Page after page there are the same dead letters as in one list, and none of an event is on another page.
    async fn see_dead_by_pages(&self, seen: &mut Vec<String>) {
        let whole = self.store.dead(Page { before: None, limit: usize::MAX }).await.unwrap();
        for limit in [1, 3] {
            let mut pages: Vec<DeadLetter> = Vec::new();
            loop {
                let before = pages.last().map(|letter| letter.event);
                let page = self.store.dead(Page { before, limit }).await.unwrap();
                if page.is_empty() {
                    break;
                }
                pages.extend(page);
            }
            assert_eq!(pages, whole, "by {limit}");
        }
        seen.extend(
            whole.into_iter().map(|letter| format!("{:?}", DeadLetter { event: self.order(letter.event), ..letter })),
        );
    }
}

pub(super) fn source(number: usize) -> SourceName {
    SOURCES[number].parse().unwrap()
}
