//! Everything out, line by line, and line by line in again.

use std::sync::Arc;

use super::{
    MemoryStore,
    state::{Delivery, Held, State},
};
use crate::{
    delivery::DeliveryState,
    name::EventId,
    store::{
        DeadLetter, ExportLine, StoreError,
        captured::Kept,
        export::{self, Whole, WholeDelivery},
        guests::{self, Used},
    },
};

impl MemoryStore {
    /// All lines of an export.
    pub(super) fn lines(&self) -> Result<Vec<ExportLine>, StoreError> {
        let state = self.lock();
        let mut lines = vec![export::header()];
        for subscription in state.subscriptions.values() {
            lines.push(ExportLine::Subscription(export::subscription_value(subscription)?));
        }
        for kept in self.captured_all().iter() {
            lines.push(ExportLine::Captured(kept.value()?));
        }
        let guests = self.guests();
        if let Some(key) = &guests.key {
            lines.push(ExportLine::RelayKey(guests::key_value(key)?));
        }
        for used in guests.used() {
            lines.push(ExportLine::UsedInvitation(used.value()?));
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

    /// Takes one line of an export.
    pub(super) fn take_line(&self, line: ExportLine) -> Result<(), StoreError> {
        match line {
            ExportLine::Header { program, format } => export::check_header(&program, format),
            ExportLine::Subscription(value) => {
                let subscription = export::subscription(value, "a subscription of the export")?;
                self.lock().subscriptions.entry(subscription.id).or_insert_with(|| Arc::new(subscription));
                Ok(())
            }
            ExportLine::Captured(value) => {
                self.put_captured(Kept::read(value)?, usize::MAX);
                Ok(())
            }
            ExportLine::RelayKey(value) => {
                let key = guests::key(value)?;
                self.key_or(|| Ok(key)).map(drop)
            }
            ExportLine::UsedInvitation(value) => {
                self.guests().add(Used::read(value)?);
                Ok(())
            }
            ExportLine::Event(value) => {
                self.watch.check()?;
                let whole = export::event(value)?;
                let mut state = self.lock();
                state.import(whole);
                self.measure(&state);
                Ok(())
            }
            ExportLine::End { .. } => Ok(()),
        }
    }
}

impl State {
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
