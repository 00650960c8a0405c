//! What attempts came to, and deliveries that are to wait again.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{
    codec::{AttemptRow, DeliveryRow, EventRow, StateRow, encode},
    disk::{Space, attempt_key, dead_key},
    draft::Draft,
    lanes::Change,
};
use crate::{
    delivery::{Attempt, Target, Verdict},
    destination::DestinationId,
    name::EventId,
    outcome::Reason,
    store::{KEPT_ATTEMPTS, StoreError, distinct, missing_event},
};

impl Draft<'_> {
    pub(super) fn settle(
        &mut self,
        lane: DestinationId,
        events: &[EventId],
        verdict: Verdict,
        attempt: Option<&Attempt>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let attempt = attempt.map(|attempt| encode(&AttemptRow::of(attempt))).transpose()?;
        // One card that was posted for many is a digest, also if some of them were settled meanwhile.
        let digest = events.len() > 1;
        let mut found = Vec::new();
        for id in events.iter().copied().collect::<BTreeSet<_>>() {
            if let Some(row) = self.row(Space::Waiting, id)?
                && let Some(index) = row.deliveries.iter().position(|delivery| waits_in(lane, delivery))
            {
                found.push((id, row, index));
            }
        }
        for (id, mut row, index) in found {
            if let Some(attempt) = &attempt {
                self.put_attempt(id, lane, &mut row, index, attempt);
            }
            self.judge(id, &mut row, index, verdict, digest, now)?;
            self.put_row(id, &row, Some(Space::Waiting))?;
        }
        Ok(())
    }

    fn put_attempt(&mut self, id: EventId, lane: DestinationId, row: &mut EventRow, index: usize, attempt: &[u8]) {
        let Some(delivery) = row.deliveries.get_mut(index) else { return };
        self.put(Space::Attempts, attempt_key(id, lane, delivery.attempts), attempt);
        if let Some(old) = delivery.attempts.checked_sub(KEPT_ATTEMPTS) {
            self.remove(Space::Attempts, attempt_key(id, lane, old));
        }
        delivery.attempts += 1;
    }

    fn judge(
        &mut self,
        id: EventId,
        row: &mut EventRow,
        index: usize,
        verdict: Verdict,
        digest: bool,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let Some(delivery) = row.deliveries.get_mut(index) else { return Ok(()) };
        let StateRow::Waiting { failures, throttles, .. } = delivery.state else { return Ok(()) };
        let at = now.as_millisecond();
        delivery.state = match verdict {
            Verdict::Accepted => StateRow::Delivered { at },
            Verdict::Dead { why } => StateRow::Dead { at, why: why.as_str().to_owned() },
            Verdict::Skipped { why } => StateRow::Skipped { at, why: why.as_str().to_owned() },
            Verdict::Retry { at, why: Reason::Throttled, .. } => {
                StateRow::Waiting { failures, throttles: throttles.saturating_add(1), due_at: at.as_millisecond() }
            }
            Verdict::Retry { at, counts, .. } => {
                let failures = failures.saturating_add(u32::from(counts));
                StateRow::Waiting { failures, throttles: 0, due_at: at.as_millisecond() }
            }
        };
        if let Some(waits) = Change::waits(id, row.received_at, delivery) {
            self.changes.push(waits);
            return Ok(());
        }
        self.changes.push(Change::Settled { event: id, target: delivery.target() });
        self.accounts.waiting -= 1;
        match verdict {
            Verdict::Accepted if digest => self.accounts.digested += 1,
            Verdict::Accepted => self.accounts.delivered += 1,
            Verdict::Skipped { .. } => self.accounts.ignored += 1,
            _ => self.accounts.dead += 1,
        }
        self.put_dead(id, row, index)
    }

    /// Makes deliveries wait anew; says how many were not waiting.
    pub(super) fn replay(&mut self, id: EventId, targets: &[Target], now: Timestamp) -> Result<usize, StoreError> {
        let (was, mut row) = self.find(id)?.ok_or_else(|| missing_event(id))?;
        let anew = StateRow::Waiting { failures: 0, throttles: 0, due_at: now.as_millisecond() };
        let mut taken = 0;
        for target in distinct(targets) {
            let known = row.deliveries.iter_mut().find(|known| known.target().destination == target.destination);
            let before = known.as_ref().map(|delivery| (delivery.target(), delivery.state.clone()));
            match known {
                Some(delivery) => {
                    delivery.retarget(target);
                    delivery.state = anew.clone();
                }
                None => row.deliveries.push(DeliveryRow::new(target, anew.clone())),
            }
            taken += usize::from(self.take_on(id, before, &mut row.ignored));
        }
        for delivery in &row.deliveries {
            let replayed = targets.iter().any(|target| target.destination == delivery.target().destination);
            self.changes.extend(Change::waits(id, row.received_at, delivery).filter(|_| replayed));
        }
        self.put_row(id, &row, Some(was))?;
        Ok(taken)
    }

    /// Enters into the books that a delivery waits anew; says whether it did not wait before.
    fn take_on(&mut self, id: EventId, before: Option<(Target, StateRow)>, ignored: &mut Option<String>) -> bool {
        match before {
            Some((target, StateRow::Waiting { .. })) => {
                // It may wait on another subscription's behalf from now on.
                self.changes.push(Change::Settled { event: id, target });
                return false;
            }
            Some((target, StateRow::Dead { .. })) => {
                self.accounts.dead -= 1;
                self.remove(Space::Dead, dead_key(id, target.destination));
            }
            Some((_, StateRow::Delivered { .. })) => self.accounts.accepted += 1,
            Some((_, StateRow::Skipped { .. })) => self.accounts.ignored -= 1,
            None if ignored.take().is_some() => self.accounts.ignored -= 1,
            None => self.accounts.accepted += 1,
        }
        self.accounts.waiting += 1;
        true
    }
}

fn waits_in(lane: DestinationId, delivery: &DeliveryRow) -> bool {
    delivery.target().destination == lane && matches!(delivery.state, StateRow::Waiting { .. })
}
