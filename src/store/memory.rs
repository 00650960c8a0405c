//! The store in plain maps: what the store on disk must look like from outside, and a stand-in for it where nothing
//! needs to outlive the process, as in tests and the demo.
//!
//! It looks through its maps for every answer and is not made for many events.

mod state;
mod transfer;

use std::{
    collections::BTreeSet,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::mpsc::Sender;

use self::state::State;
use super::{
    Accepted, Bounds, Captured, DeadLetter, EventRecord, ExportLine, Page, Resealed, Room, Store, StoreError, Swept,
    Usage,
    captured::{AllCaptured, Kept},
    guests::{self, Guests, Used},
    missing_event,
    room::{Measured, Watch},
};
use crate::{
    delivery::{Attempt, Target, Verdict, Waiting},
    destination::DestinationId,
    event::{Event, Replay},
    name::{EventId, InvitationId, SourceName, SubscriptionId},
    outcome::{Accounts, Reason},
    secret::Secret,
    standing::Standing,
    subscription::Subscription,
};

/// A store that is gone with its process.
pub struct MemoryStore {
    state: Mutex<State>,
    captured: Mutex<AllCaptured>,
    guests: Mutex<Guests>,
    watch: Watch,
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::bounded(Bounds::NONE)
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").field("accounts", &self.lock().accounts).finish_non_exhaustive()
    }
}

impl MemoryStore {
    /// One that keeps to bounds: its size is that of its events' bodies, and memory counts as free without end.
    pub fn bounded(bounds: Bounds) -> Self {
        Self {
            state: Mutex::default(),
            captured: Mutex::default(),
            guests: Mutex::default(),
            watch: Watch::new(bounds),
        }
    }

    /// Takes note of how much it holds.
    fn measure(&self, state: &State) -> Measured {
        let seen = Measured { used: state.bytes(), free: u64::MAX };
        self.watch.saw(seen);
        seen
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn captured_all(&self) -> MutexGuard<'_, AllCaptured> {
        self.captured.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put_captured(&self, kept: Kept, at_most: usize) -> Captured {
        let mut all = self.captured_all();
        let offered = all.offer(&kept.source, &kept.secret, at_most);
        if offered == Captured::New {
            all.add(kept);
        }
        offered
    }

    fn guests(&self) -> MutexGuard<'_, Guests> {
        self.guests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn key_or(&self, make: impl FnOnce() -> Result<Secret, StoreError>) -> Result<Secret, StoreError> {
        let mut guests = self.guests();
        let key = guests.key.clone().map_or_else(make, Ok)?;
        guests.key = Some(key.clone());
        Ok(key)
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn accept(
        &self,
        event: Event,
        replays: Vec<Replay>,
        targets: Vec<Target>,
        ignored: Reason,
    ) -> Result<Accepted, StoreError> {
        if event.source != SourceName::relay() {
            self.watch.check()?;
        }
        let mut state = self.lock();
        let accepted = state.accept(event, &replays, &targets, ignored);
        self.measure(&state);
        Ok(accepted)
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

    async fn told(&self, subscription: SubscriptionId, key: &str) -> Result<Option<bool>, StoreError> {
        Ok(self.lock().told.get(&(subscription, key.to_owned())).map(|(failing, _)| *failing))
    }

    async fn put_told(
        &self,
        subscription: SubscriptionId,
        told: Vec<(String, bool)>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let told = told.into_iter().map(|(key, failing)| ((subscription, key), (failing, now)));
        self.lock().told.extend(told);
        Ok(())
    }

    fn backlog(&self, lane: DestinationId) -> usize {
        self.lock().due().filter(|waiting| waiting.target.destination == lane).count()
    }

    fn standing(&self, lane: DestinationId) -> Option<Standing> {
        self.lock().standings.get(&lane).copied()
    }

    async fn put_standing(&self, lane: DestinationId, standing: Option<Standing>) -> Result<(), StoreError> {
        let standings = &mut self.lock().standings;
        match standing {
            Some(standing) => standings.insert(lane, standing),
            None => standings.remove(&lane),
        };
        Ok(())
    }

    async fn put_usage(&self, usage: Usage) -> Result<(), StoreError> {
        self.lock().usages.insert(usage.group.clone(), usage);
        Ok(())
    }

    async fn usages(&self) -> Result<Vec<Usage>, StoreError> {
        Ok(self.lock().usages.values().cloned().collect())
    }

    async fn forget_usages(&self, groups: Vec<String>) -> Result<(), StoreError> {
        self.lock().usages.retain(|group, _| !groups.contains(group));
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

    fn subscription(&self, id: SubscriptionId) -> Option<Arc<Subscription>> {
        self.lock().subscriptions.get(&id).cloned()
    }

    async fn put_subscription(&self, subscription: Subscription) -> Result<(), StoreError> {
        self.lock().subscriptions.insert(subscription.id, Arc::new(subscription));
        Ok(())
    }

    async fn remove_subscription(&self, id: SubscriptionId) -> Result<(), StoreError> {
        let removed = self.lock().subscriptions.remove(&id);
        removed.map(drop).ok_or_else(|| StoreError::Missing { what: format!("subscription {id}") })
    }

    fn captured(&self, source: &SourceName) -> Vec<Secret> {
        self.captured_all().of(source)
    }

    async fn capture(
        &self,
        source: &SourceName,
        secret: Secret,
        at_most: usize,
        now: Timestamp,
    ) -> Result<Captured, StoreError> {
        Ok(self.put_captured(Kept { source: source.clone(), secret, at: now }, at_most))
    }

    fn relay_key(&self) -> Option<Secret> {
        self.guests().key.clone()
    }

    async fn make_relay_key(&self) -> Result<Secret, StoreError> {
        self.key_or(guests::fresh_key)
    }

    async fn redeem(&self, invitation: InvitationId, until: Timestamp, now: Timestamp) -> Result<bool, StoreError> {
        let mut guests = self.guests();
        if guests.is_used(invitation) {
            return Ok(false);
        }
        guests.add(Used { invitation, until, is_revoked: false });
        for past in guests.past(now) {
            guests.forget(past);
        }
        Ok(true)
    }

    fn is_revoked(&self, invitation: InvitationId) -> bool {
        self.guests().is_revoked(invitation)
    }

    async fn revoke(&self, invitation: InvitationId, until: Timestamp, now: Timestamp) -> Result<(), StoreError> {
        let mut guests = self.guests();
        guests.add(Used { invitation, until, is_revoked: true });
        for past in guests.past(now) {
            guests.forget(past);
        }
        Ok(())
    }

    async fn reseal(&self) -> Result<Resealed, StoreError> {
        Err(StoreError::NoKey)
    }

    async fn sweep(&self, before: Timestamp, dead_before: Timestamp) -> Result<Swept, StoreError> {
        Ok(Swept { events: self.lock().sweep(before, dead_before) })
    }

    fn room(&self) -> Room {
        self.watch.room()
    }

    async fn pressed(&self) {
        self.watch.pressed().await;
    }

    /// At once: to look costs it nothing.
    async fn stirred(&self) {}

    async fn make_room(&self) -> Result<Swept, StoreError> {
        let (mut state, bounds) = (self.lock(), self.watch.bounds());
        let seen = self.measure(&state);
        let over = if bounds.is_near(seen) { bounds.over(seen) } else { 0 };
        let swept = Swept { events: state.shrink(over) };
        self.measure(&state);
        Ok(swept)
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
        self.take_line(line)
    }
}
