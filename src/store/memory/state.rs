//! What the store in memory holds, and what each command does to it.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use jiff::Timestamp;

use crate::{
    delivery::{Attempt, DeliveryState, Target, Verdict, Waiting},
    destination::DestinationId,
    event::{Event, Replay},
    name::{EventId, EventIds, SourceName, SubscriptionId},
    outcome::{Accounts, Reason},
    standing::Standing,
    store::{Accepted, DeadLetter, EventRecord, KEPT_ATTEMPTS, StoreError, Usage, distinct, missing_event, seen::Seen},
    subscription::Subscription,
};

#[derive(Default)]
pub(super) struct State {
    pub(super) events: BTreeMap<EventId, Held>,
    pub(super) delivery_ids: HashMap<(SourceName, String), EventId>,
    pub(super) dead: BTreeMap<(EventId, DestinationId), DeadLetter>,
    pub(super) subscriptions: BTreeMap<SubscriptionId, Arc<Subscription>>,
    pub(super) accounts: Accounts,
    pub(super) standings: BTreeMap<DestinationId, Standing>,
    pub(super) usages: BTreeMap<String, Usage>,
    pub(super) told: BTreeMap<(SubscriptionId, String), (bool, Timestamp)>,
    pub(super) last: Option<EventId>,
    replays: HashMap<[u8; 16], (i64, EventId)>,
    seen: Seen,
}

pub(super) struct Held {
    pub(super) event: Event,
    pub(super) ignored: Option<Reason>,
    pub(super) deliveries: Vec<Delivery>,
}

pub(super) struct Delivery {
    pub(super) target: Target,
    pub(super) state: DeliveryState,
    pub(super) attempts: Vec<Attempt>,
}

impl Delivery {
    pub(super) fn is_waiting(&self) -> bool {
        matches!(self.state, DeliveryState::Waiting { .. })
    }
}

impl Held {
    pub(super) fn is_settled(&self) -> bool {
        !self.deliveries.iter().any(Delivery::is_waiting)
    }

    fn bytes(&self) -> u64 {
        self.event.body.0.len() as u64
    }

    pub(super) fn record(&self, id: EventId) -> EventRecord {
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

    pub(super) fn delivery_key(&self) -> Option<(SourceName, String)> {
        self.event.delivery_id.clone().map(|delivery_id| (self.event.source.clone(), delivery_id))
    }
}

impl State {
    pub(super) fn accept(&mut self, event: Event, replays: &[Replay], targets: &[Target], ignored: Reason) -> Accepted {
        let key = event.delivery_id.clone().map(|delivery_id| (event.source.clone(), delivery_id));
        let known_by = |replay| self.known_by(replay, event.received_at);
        let fresh: Vec<Replay> = replays.iter().take_while(|replay| known_by(*replay).is_none()).copied().collect();
        let replayed = replays.get(fresh.len()).and_then(known_by);
        if let Some(first) = key.as_ref().and_then(|key| self.delivery_ids.get(key)) {
            let first = *first;
            self.remember(&fresh, event.received_at, first);
            return Accepted::Duplicate(first);
        }
        if let Some(first) = replayed {
            self.remember(&fresh, event.received_at, first);
            return Accepted::Replayed(first);
        }
        let id = EventIds::after(self.last).next(event.received_at);
        self.last = Some(id);
        self.delivery_ids.extend(key.map(|key| (key, id)));
        self.remember(&fresh, event.received_at, id);
        let state = DeliveryState::Waiting { failures: 0, throttles: 0, due_at: event.received_at };
        let fresh = |target| Delivery { target, state, attempts: Vec::new() };
        let deliveries: Vec<_> = distinct(targets).into_iter().map(fresh).collect();
        let ignored = deliveries.is_empty().then_some(ignored);
        let held = Held { event, ignored, deliveries };
        self.enter(&held);
        self.events.insert(id, held);
        Accepted::New(id)
    }

    /// The event that is known by this key, if its time is not over.
    fn known_by(&self, replay: &Replay, now: Timestamp) -> Option<EventId> {
        let (until, event) = self.replays.get(&replay.key)?;
        (*until >= now.as_millisecond()).then_some(*event)
    }

    fn remember(&mut self, replays: &[Replay], now: Timestamp, event: EventId) {
        for replay in replays {
            if let Some((until, _)) = self.replays.insert(replay.key, (replay.until.as_millisecond(), event)) {
                self.seen.forget(until, replay.key);
            }
            for key in self.seen.remember(*replay, now) {
                self.replays.remove(&key);
            }
        }
    }

    /// Enters an event with all its deliveries into the books.
    pub(super) fn enter(&mut self, held: &Held) {
        self.accounts.accepted += held.deliveries.len().max(1) as u64;
        self.accounts.ignored += u64::from(held.deliveries.is_empty());
        for delivery in &held.deliveries {
            match delivery.state {
                DeliveryState::Waiting { .. } => self.accounts.waiting += 1,
                DeliveryState::Delivered { .. } => self.accounts.delivered += 1,
                DeliveryState::Dead { .. } => self.accounts.dead += 1,
                DeliveryState::Skipped { .. } => self.accounts.ignored += 1,
            }
        }
    }

    /// Every delivery that waits, by event.
    pub(super) fn waiting(&self) -> impl Iterator<Item = Waiting> {
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
    pub(super) fn due(&self) -> impl Iterator<Item = Waiting> {
        let subscription = |waiting: &Waiting| self.subscriptions.get(&waiting.target.subscription);
        self.waiting().filter(move |waiting| subscription(waiting).is_none_or(|one| one.paused_at.is_none()))
    }

    pub(super) fn settle(
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
                Verdict::Retry { at, counts, .. } => {
                    DeliveryState::Waiting { failures: failures + u32::from(counts), throttles: 0, due_at: at }
                }
                Verdict::Accepted => DeliveryState::Delivered { at: now },
                Verdict::Dead { why } => DeliveryState::Dead { at: now, why },
                Verdict::Skipped { why } => DeliveryState::Skipped { at: now, why },
            };
            let place = match verdict {
                Verdict::Retry { .. } => continue,
                Verdict::Accepted if events.len() > 1 => &mut self.accounts.digested,
                Verdict::Accepted => &mut self.accounts.delivered,
                Verdict::Skipped { .. } => &mut self.accounts.ignored,
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

    pub(super) fn replay(&mut self, id: EventId, targets: &[Target], now: Timestamp) -> Result<usize, StoreError> {
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
                DeliveryState::Skipped { .. } => self.accounts.ignored -= 1,
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

    pub(super) fn sweep(&mut self, before: Timestamp, dead_before: Timestamp) -> usize {
        let is_past = |id: &EventId, held: &Held| {
            held.is_settled() && held.event.received_at < if self.is_listed(*id) { dead_before } else { before }
        };
        let past: Vec<_> = self.events.iter().filter(|(id, held)| is_past(id, held)).map(|(id, _)| *id).collect();
        self.take_away(&past);
        self.told.retain(|_, (_, at)| *at >= dead_before);
        past.len()
    }

    /// Whether a dead letter of this event is on the list.
    fn is_listed(&self, id: EventId) -> bool {
        self.dead.keys().any(|(event, _)| *event == id)
    }

    fn take_away(&mut self, past: &[EventId]) {
        for id in past {
            if let Some(key) = self.events.remove(id).and_then(|held| held.delivery_key())
                && self.delivery_ids.get(&key) == Some(id)
            {
                self.delivery_ids.remove(&key);
            }
            self.dead.retain(|(event, _), _| event != id);
        }
    }

    /// Bytes of all bodies.
    pub(super) fn bytes(&self) -> u64 {
        self.events.values().map(Held::bytes).sum()
    }

    /// Takes settled events of so many bytes away, the oldest first, and those with dead letters after all others.
    pub(super) fn shrink(&mut self, bytes: u64) -> usize {
        let settled = self.events.iter().filter(|(_, held)| held.is_settled());
        let mut order: Vec<_> = settled.map(|(id, held)| (self.is_listed(*id), *id, held.bytes())).collect();
        order.sort_unstable();
        let mut gone = 0;
        let mut past = Vec::new();
        for (_, id, size) in order {
            if gone < bytes {
                gone += size;
                past.push(id);
            }
        }
        self.take_away(&past);
        past.len()
    }
}
