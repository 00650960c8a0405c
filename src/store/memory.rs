//! The store in plain maps: what the store on disk must look like from outside, and a stand-in for it where nothing
//! needs to outlive the process, as in tests and the demo.
//!
//! It looks through its maps for every answer and is not made for many events.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::mpsc::Sender;

use super::{
    Accepted, DeadLetter, EventRecord, ExportLine, KEPT_ATTEMPTS, Page, Store, StoreError, Swept, distinct,
    export::{self, Whole, WholeDelivery},
    missing_event,
};
use crate::{
    delivery::{Attempt, DeliveryState, Target, Verdict, Waiting},
    destination::DestinationId,
    event::Event,
    name::{EventId, EventIds, SourceName, SubscriptionId},
    outcome::{Accounts, Reason},
    subscription::Subscription,
};

/// A store that is gone with its process.
#[derive(Default)]
pub struct MemoryStore {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    events: BTreeMap<EventId, Held>,
    delivery_ids: HashMap<(SourceName, String), EventId>,
    dead: BTreeMap<(EventId, DestinationId), DeadLetter>,
    subscriptions: BTreeMap<SubscriptionId, Arc<Subscription>>,
    accounts: Accounts,
    last: Option<EventId>,
}

struct Held {
    event: Event,
    ignored: Option<Reason>,
    deliveries: Vec<Delivery>,
}

struct Delivery {
    target: Target,
    state: DeliveryState,
    attempts: Vec<Attempt>,
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").field("accounts", &self.lock().accounts).finish_non_exhaustive()
    }
}

impl Delivery {
    fn is_waiting(&self) -> bool {
        matches!(self.state, DeliveryState::Waiting { .. })
    }
}

impl Held {
    fn is_settled(&self) -> bool {
        !self.deliveries.iter().any(Delivery::is_waiting)
    }

    fn record(&self, id: EventId) -> EventRecord {
        EventRecord {
            id,
            source: self.event.source.clone(),
            kind: self.event.kind.to_string(),
            delivery_id: self.event.delivery_id.clone(),
            received_at: self.event.received_at,
            size: self.event.body.0.len(),
            ignored: self.ignored,
            deliveries: self.deliveries.iter().map(|delivery| (delivery.target, delivery.state)).collect(),
        }
    }

    fn delivery_key(&self) -> Option<(SourceName, String)> {
        self.event.delivery_id.clone().map(|delivery_id| (self.event.source.clone(), delivery_id))
    }
}

impl State {
    fn accept(&mut self, event: Event, targets: &[Target], ignored: Reason) -> Accepted {
        let key = event.delivery_id.clone().map(|delivery_id| (event.source.clone(), delivery_id));
        if let Some(first) = key.as_ref().and_then(|key| self.delivery_ids.get(key)) {
            return Accepted::Duplicate(*first);
        }
        let id = EventIds::after(self.last).next(event.received_at);
        self.last = Some(id);
        self.delivery_ids.extend(key.map(|key| (key, id)));
        let state = DeliveryState::Waiting { failures: 0, throttles: 0, due_at: event.received_at };
        let fresh = |target| Delivery { target, state, attempts: Vec::new() };
        let deliveries: Vec<_> = distinct(targets).into_iter().map(fresh).collect();
        let ignored = deliveries.is_empty().then_some(ignored);
        let held = Held { event, ignored, deliveries };
        self.enter(&held);
        self.events.insert(id, held);
        Accepted::New(id)
    }

    /// Enters an event with all its deliveries into the books.
    fn enter(&mut self, held: &Held) {
        self.accounts.accepted += held.deliveries.len().max(1) as u64;
        self.accounts.ignored += u64::from(held.deliveries.is_empty());
        for delivery in &held.deliveries {
            match delivery.state {
                DeliveryState::Waiting { .. } => self.accounts.waiting += 1,
                DeliveryState::Delivered { .. } => self.accounts.delivered += 1,
                DeliveryState::Dead { .. } => self.accounts.dead += 1,
            }
        }
    }

    /// Every delivery that waits, by event.
    fn waiting(&self) -> impl Iterator<Item = Waiting> {
        let deliveries =
            |held: &Held| held.deliveries.iter().map(|delivery| (delivery.target, delivery.state)).collect();
        self.events.iter().flat_map(move |(event, held)| {
            let deliveries: Vec<_> = deliveries(held);
            deliveries.into_iter().filter_map(|(target, state)| match state {
                DeliveryState::Waiting { failures, throttles, due_at } => {
                    Some(Waiting { event: *event, target, failures, throttles, due_at })
                }
                _ => None,
            })
        })
    }

    /// The same without those of paused subscriptions.
    fn due(&self) -> impl Iterator<Item = Waiting> {
        self.waiting().filter(|waiting| {
            !self.subscriptions.get(&waiting.target.subscription).is_some_and(|subscription| subscription.paused)
        })
    }

    fn settle(
        &mut self,
        lane: DestinationId,
        events: &[EventId],
        verdict: Verdict,
        attempt: Option<&Attempt>,
        now: Timestamp,
    ) {
        for id in events.iter().collect::<BTreeSet<_>>() {
            let Some(held) = self.events.get_mut(id) else { continue };
            let waits = |delivery: &&mut Delivery| delivery.target.destination == lane && delivery.is_waiting();
            let Some(delivery) = held.deliveries.iter_mut().find(waits) else { continue };
            let DeliveryState::Waiting { failures, throttles, .. } = delivery.state else { continue };
            delivery.attempts.extend(attempt.cloned());
            let surplus = delivery.attempts.len().saturating_sub(KEPT_ATTEMPTS as usize);
            delivery.attempts.drain(..surplus);
            delivery.state = match verdict {
                Verdict::Retry { at, why: Reason::Throttled, .. } => {
                    DeliveryState::Waiting { failures, throttles: throttles + 1, due_at: at }
                }
                Verdict::Retry { at, .. } => {
                    DeliveryState::Waiting { failures: failures + 1, throttles: 0, due_at: at }
                }
                Verdict::Accepted => DeliveryState::Delivered { at: now },
                Verdict::Dead { why } => DeliveryState::Dead { at: now, why },
            };
            let place = match verdict {
                Verdict::Retry { .. } => continue,
                Verdict::Accepted if events.len() > 1 => &mut self.accounts.digested,
                Verdict::Accepted => &mut self.accounts.delivered,
                Verdict::Dead { why } => {
                    let (source, kind) = (held.event.source.clone(), held.event.kind.to_string());
                    let letter = DeadLetter { event: *id, target: delivery.target, source, kind, at: now, why };
                    self.dead.insert((*id, lane), letter);
                    &mut self.accounts.dead
                }
            };
            *place += 1;
            self.accounts.waiting -= 1;
        }
    }

    fn replay(&mut self, id: EventId, targets: &[Target], now: Timestamp) -> Result<usize, StoreError> {
        let held = self.events.get_mut(&id).ok_or_else(|| missing_event(id))?;
        let state = DeliveryState::Waiting { failures: 0, throttles: 0, due_at: now };
        let mut taken = 0;
        for target in distinct(targets) {
            let known = held.deliveries.iter_mut().find(|known| known.target.destination == target.destination);
            let Some(known) = known else {
                held.deliveries.push(Delivery { target, state, attempts: Vec::new() });
                match held.ignored.take() {
                    Some(_) => self.accounts.ignored -= 1,
                    None => self.accounts.accepted += 1,
                }
                self.accounts.waiting += 1;
                taken += 1;
                continue;
            };
            known.target = target;
            match std::mem::replace(&mut known.state, state) {
                DeliveryState::Waiting { .. } => continue,
                DeliveryState::Delivered { .. } => self.accounts.accepted += 1,
                DeliveryState::Dead { .. } => {
                    self.accounts.dead -= 1;
                    self.dead.remove(&(id, target.destination));
                }
            }
            self.accounts.waiting += 1;
            taken += 1;
        }
        Ok(taken)
    }

    fn sweep(&mut self, before: Timestamp, dead_before: Timestamp) -> usize {
        let is_listed = |id: &EventId| self.dead.keys().any(|(event, _)| event == id);
        let is_past = |id: &EventId, held: &Held| {
            held.is_settled() && held.event.received_at < if is_listed(id) { dead_before } else { before }
        };
        let past: Vec<_> = self.events.iter().filter(|(id, held)| is_past(id, held)).map(|(id, _)| *id).collect();
        for id in &past {
            if let Some(key) = self.events.remove(id).and_then(|held| held.delivery_key())
                && self.delivery_ids.get(&key) == Some(id)
            {
                self.delivery_ids.remove(&key);
            }
            self.dead.retain(|(event, _), _| event != id);
        }
        past.len()
    }

    fn whole(&self, id: EventId, held: &Held) -> Whole {
        let deliveries = held.deliveries.iter().map(|delivery| WholeDelivery {
            target: delivery.target,
            state: delivery.state,
            listed: self.dead.contains_key(&(id, delivery.target.destination)),
            attempts: delivery.attempts.clone(),
        });
        Whole { id, event: held.event.clone(), ignored: held.ignored, deliveries: deliveries.collect() }
    }

    fn import(&mut self, whole: Whole) {
        let Whole { id, event, ignored, deliveries } = whole;
        if self.events.contains_key(&id) {
            return;
        }
        for delivery in &deliveries {
            if let DeliveryState::Dead { at, why } = delivery.state
                && delivery.listed
            {
                let (target, source, kind) = (delivery.target, event.source.clone(), event.kind.to_string());
                let letter = DeadLetter { event: id, target, source, kind, at, why };
                self.dead.insert((id, target.destination), letter);
            }
        }
        let deliveries = deliveries.into_iter().map(|WholeDelivery { target, state, attempts, .. }| Delivery {
            target,
            state,
            attempts,
        });
        let held = Held { event, ignored, deliveries: deliveries.collect() };
        if let Some(key) = held.delivery_key() {
            self.delivery_ids.entry(key).or_insert(id);
        }
        self.last = self.last.max(Some(id));
        self.enter(&held);
        self.events.insert(id, held);
    }
}

impl MemoryStore {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lines(&self) -> Result<Vec<ExportLine>, StoreError> {
        let state = self.lock();
        let mut lines = vec![export::header()];
        for subscription in state.subscriptions.values() {
            lines.push(ExportLine::Subscription(export::subscription_value(subscription)?));
        }
        // Settled ones first, as the store on disk has them.
        for settled in [true, false] {
            for (id, held) in state.events.iter().filter(|(_, held)| held.is_settled() == settled) {
                lines.push(ExportLine::Event(export::event_value(state.whole(*id, held))?));
            }
        }
        lines.push(ExportLine::End { records: lines.len() as u64 - 1 });
        Ok(lines)
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn accept(&self, event: Event, targets: Vec<Target>, ignored: Reason) -> Result<Accepted, StoreError> {
        Ok(self.lock().accept(event, &targets, ignored))
    }

    fn lanes(&self) -> Vec<DestinationId> {
        let lanes: BTreeSet<_> = self.lock().due().map(|waiting| waiting.target.destination).collect();
        lanes.into_iter().collect()
    }

    fn due(&self, lane: DestinationId, limit: usize) -> Vec<Waiting> {
        self.lock().due().filter(|waiting| waiting.target.destination == lane).take(limit).collect()
    }

    async fn settle(
        &self,
        lane: DestinationId,
        events: &[EventId],
        verdict: Verdict,
        attempt: Option<Attempt>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.lock().settle(lane, events, verdict, attempt.as_ref(), now);
        Ok(())
    }

    fn queue(&self) -> (u64, Option<Timestamp>) {
        let state = self.lock();
        let oldest = state.waiting().next().and_then(|waiting| state.events.get(&waiting.event));
        (state.waiting().count() as u64, oldest.map(|held| held.event.received_at))
    }

    fn accounts(&self) -> Accounts {
        self.lock().accounts
    }

    async fn event(&self, id: EventId) -> Result<Event, StoreError> {
        self.lock().events.get(&id).map(|held| held.event.clone()).ok_or_else(|| missing_event(id))
    }

    async fn history(&self, id: EventId) -> Result<(EventRecord, Vec<(DestinationId, Attempt)>), StoreError> {
        let state = self.lock();
        let held = state.events.get(&id).ok_or_else(|| missing_event(id))?;
        let attempts = held.deliveries.iter().flat_map(|delivery| {
            delivery.attempts.iter().map(|attempt| (delivery.target.destination, attempt.clone()))
        });
        Ok((held.record(id), attempts.collect()))
    }

    async fn events(&self, page: Page) -> Result<Vec<EventRecord>, StoreError> {
        let state = self.lock();
        let older = state.events.iter().rev().filter(|(id, _)| page.before.is_none_or(|before| **id < before));
        Ok(older.take(page.limit).map(|(id, held)| held.record(*id)).collect())
    }

    async fn dead(&self, page: Page) -> Result<Vec<DeadLetter>, StoreError> {
        let mut letters: Vec<DeadLetter> = Vec::new();
        for letter in self.lock().dead.values().rev() {
            let goes_on = letters.last().is_some_and(|last| last.event == letter.event);
            if letters.len() >= page.limit && !goes_on {
                break;
            }
            if page.before.is_none_or(|before| letter.event < before) {
                letters.push(letter.clone());
            }
        }
        Ok(letters)
    }

    async fn replay(&self, id: EventId, targets: Vec<Target>, now: Timestamp) -> Result<usize, StoreError> {
        self.lock().replay(id, &targets, now)
    }

    async fn purge_dead(&self, upto: Option<EventId>) -> Result<usize, StoreError> {
        let mut state = self.lock();
        let before = state.dead.len();
        state.dead.retain(|(event, _), _| upto.is_some_and(|upto| *event > upto));
        Ok(before - state.dead.len())
    }

    fn subscriptions(&self) -> Vec<Arc<Subscription>> {
        self.lock().subscriptions.values().cloned().collect()
    }

    async fn put_subscription(&self, subscription: Subscription) -> Result<(), StoreError> {
        self.lock().subscriptions.insert(subscription.id, Arc::new(subscription));
        Ok(())
    }

    async fn remove_subscription(&self, id: SubscriptionId) -> Result<(), StoreError> {
        let removed = self.lock().subscriptions.remove(&id);
        removed.map(drop).ok_or_else(|| StoreError::Missing { what: format!("subscription {id}") })
    }

    async fn sweep(&self, before: Timestamp, dead_before: Timestamp) -> Result<Swept, StoreError> {
        Ok(Swept { events: self.lock().sweep(before, dead_before) })
    }

    fn health(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn export(&self, lines: Sender<ExportLine>) -> Result<(), StoreError> {
        for line in self.lines()? {
            if lines.send(line).await.is_err() {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn import(&self, line: ExportLine) -> Result<(), StoreError> {
        match line {
            ExportLine::Header { program, format } => export::check_header(&program, format),
            ExportLine::Subscription(value) => {
                let subscription = export::subscription(value, "a subscription of the export")?;
                self.lock().subscriptions.entry(subscription.id).or_insert_with(|| Arc::new(subscription));
                Ok(())
            }
            ExportLine::Event(value) => {
                let whole = export::event(value)?;
                self.lock().import(whole);
                Ok(())
            }
            ExportLine::End { .. } => Ok(()),
        }
    }
}
