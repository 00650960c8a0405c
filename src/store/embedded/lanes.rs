//! Which deliveries wait in which lane: the index in memory that `due` reads, rebuilt from disk at open.
//!
//! A waiting delivery costs an id and a time; only those that were tried carry more. It knows nothing of the
//! disk: the writer tells it what was committed.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap, HashSet},
};

use jiff::Timestamp;
use rustc_hash::FxHashMap;

use super::codec::{DeliveryRow, StateRow, instant};
use crate::{
    delivery::{Target, Waiting},
    destination::DestinationId,
    name::{EventId, SubscriptionId},
};

/// How a delivery that was tried, or is taken on anew, waits on.
#[derive(Debug, Clone, Copy)]
struct Again {
    failures: u32,
    throttles: u32,
    due_at: i64,
}

/// The deliveries of one lane that wait on one subscription's behalf.
#[derive(Debug, Default)]
struct Queue {
    /// With the milliseconds at which each event arrived: the time from which a fresh delivery is due.
    events: BTreeMap<EventId, i64>,
    again: BTreeMap<EventId, Again>,
}

/// A change of the index, told once it is on disk.
#[derive(Debug, Clone, Copy)]
pub(super) enum Change {
    /// It waits, and how; whether or not it did before.
    Waits { event: EventId, target: Target, received_at: i64, failures: u32, throttles: u32, due_at: i64 },
    /// It waits no more.
    Settled { event: EventId, target: Target },
}

impl Change {
    /// That a delivery waits, as its row says; none if it does not.
    pub(super) fn waits(event: EventId, received_at: i64, delivery: &DeliveryRow) -> Option<Self> {
        match delivery.state {
            StateRow::Waiting { failures, throttles, due_at } => {
                Some(Self::Waits { event, target: delivery.target(), received_at, failures, throttles, due_at })
            }
            StateRow::Delivered { .. } | StateRow::Dead { .. } | StateRow::Skipped { .. } => None,
        }
    }
}

/// All lanes.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    /// A destination's id is a digest's beginning already, so little has to be done to find it.
    lanes: FxHashMap<DestinationId, BTreeMap<SubscriptionId, Queue>>,
    paused: HashSet<SubscriptionId>,
    /// Events that may not go out yet.
    hidden: HashSet<EventId>,
    waiting: u64,
}

impl Lanes {
    pub(super) fn apply(&mut self, change: Change) {
        match change {
            Change::Waits { event, target, received_at, failures, throttles, due_at } => {
                let queue = self.lanes.entry(target.destination).or_default().entry(target.subscription).or_default();
                if queue.events.insert(event, received_at).is_none() {
                    self.waiting += 1;
                }
                if (failures, throttles, due_at) == (0, 0, received_at) {
                    queue.again.remove(&event);
                } else {
                    queue.again.insert(event, Again { failures, throttles, due_at });
                }
            }
            Change::Settled { event, target } => self.remove(event, target),
        }
    }

    fn remove(&mut self, event: EventId, target: Target) {
        let Some(lane) = self.lanes.get_mut(&target.destination) else { return };
        let Some(queue) = lane.get_mut(&target.subscription) else { return };
        if queue.events.remove(&event).is_some() {
            self.waiting -= 1;
        }
        queue.again.remove(&event);
        if queue.events.is_empty() {
            lane.remove(&target.subscription);
        }
        if lane.is_empty() {
            self.lanes.remove(&target.destination);
        }
    }

    /// Keeps events from going out until they are revealed.
    pub(super) fn hide(&mut self, events: &[EventId]) {
        self.hidden.extend(events);
    }

    /// Lets hidden events go out.
    pub(super) fn reveal(&mut self, events: &[EventId]) {
        for event in events {
            self.hidden.remove(event);
        }
    }

    /// Holds a subscription's deliveries back, or lets them go again.
    pub(super) fn pause(&mut self, subscription: SubscriptionId, paused: bool) {
        if paused {
            self.paused.insert(subscription);
        } else {
            self.paused.remove(&subscription);
        }
    }

    pub(super) fn lanes(&self) -> Vec<DestinationId> {
        let open = |queues: &BTreeMap<SubscriptionId, _>| queues.keys().any(|id| !self.paused.contains(id));
        let mut lanes: Vec<_> = self.lanes.iter().filter(|(_, queues)| open(queues)).map(|(lane, _)| *lane).collect();
        lanes.sort_unstable();
        lanes
    }

    /// The first `limit` of a lane by event id, merged from the queues of its subscriptions; hidden ones left out.
    pub(super) fn due(&self, lane: DestinationId, limit: usize) -> Vec<Waiting> {
        let Some(queues) = self.lanes.get(&lane) else { return Vec::new() };
        let mut heads = BinaryHeap::new();
        let mut rests = BTreeMap::new();
        for (subscription, queue) in queues.iter().filter(|(id, _)| !self.paused.contains(id)) {
            let mut events = queue.events.iter();
            heads.extend(events.next().map(|(event, received_at)| Reverse((*event, *subscription, *received_at))));
            rests.insert(*subscription, (queue, events));
        }
        let mut due = Vec::with_capacity(limit.min(64));
        while due.len() < limit
            && let Some(Reverse((event, subscription, received_at))) = heads.pop()
            && let Some((queue, rest)) = rests.get_mut(&subscription)
        {
            heads.extend(rest.next().map(|(event, received_at)| Reverse((*event, subscription, *received_at))));
            if self.hidden.contains(&event) {
                continue;
            }
            let fresh = Again { failures: 0, throttles: 0, due_at: received_at };
            let Again { failures, throttles, due_at } = queue.again.get(&event).copied().unwrap_or(fresh);
            let target = Target { destination: lane, subscription };
            due.push(Waiting { event, target, failures, throttles, due_at: instant(due_at) });
        }
        due
    }

    /// How many wait in a lane, those of paused subscriptions left out.
    pub(super) fn backlog(&self, lane: DestinationId) -> usize {
        let queues = self.lanes.get(&lane).into_iter().flatten();
        queues.filter(|(id, _)| !self.paused.contains(id)).map(|(_, queue)| queue.events.len()).sum()
    }

    /// How many wait, those of paused subscriptions too, and when the oldest of their events arrived.
    pub(super) fn queue(&self) -> (u64, Option<Timestamp>) {
        let queues = self.lanes.values().flat_map(BTreeMap::values);
        let oldest = queues.filter_map(|queue| queue.events.first_key_value()).min();
        (self.waiting, oldest.map(|(_, received_at)| instant(*received_at)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LANE: DestinationId = DestinationId::from_u64(1);

    fn waits(event: u128, subscription: u128) -> Change {
        let target = Target { destination: LANE, subscription: SubscriptionId::from_u128(subscription) };
        let event = EventId::from_u128(event);
        Change::Waits { event, target, received_at: 0, failures: 0, throttles: 0, due_at: 0 }
    }

    fn first(lanes: &Lanes, limit: usize) -> Vec<u128> {
        lanes.due(LANE, limit).iter().map(|waiting| waiting.event.as_u128()).collect()
    }

    #[test]
    fn the_queues_of_a_lane_are_merged_by_the_age_of_their_events() {
        let mut lanes = Lanes::default();
        for (event, subscription) in [(4, 1), (1, 1), (3, 2), (2, 2), (9, 3)] {
            lanes.apply(waits(event, subscription));
        }
        assert_eq!(first(&lanes, 3), [1, 2, 3]);
        lanes.pause(SubscriptionId::from_u128(2), true);
        assert_eq!(first(&lanes, 9), [1, 4, 9]);
        assert_eq!(lanes.backlog(LANE), 3);
        lanes.pause(SubscriptionId::from_u128(2), false);
        assert_eq!(first(&lanes, 9), [1, 2, 3, 4, 9]);
    }

    #[test]
    fn what_is_not_flushed_is_not_due_but_counted() {
        let mut lanes = Lanes::default();
        lanes.hide(&[EventId::from_u128(2)]);
        for event in 1..4 {
            lanes.apply(waits(event, 1));
        }
        assert_eq!((first(&lanes, 9), lanes.backlog(LANE)), (vec![1, 3], 3));
        lanes.reveal(&[EventId::from_u128(2)]);
        assert_eq!(first(&lanes, 2), [1, 2]);
    }

    #[test]
    fn a_lane_whose_subscriptions_are_all_paused_is_not_listed_but_counted() {
        let mut lanes = Lanes::default();
        lanes.apply(waits(1, 1));
        lanes.pause(SubscriptionId::from_u128(1), true);
        assert_eq!(lanes.lanes(), []);
        assert_eq!(lanes.queue().0, 1);
    }

    #[test]
    fn telling_the_same_change_twice_counts_once() {
        let mut lanes = Lanes::default();
        let target = Target { destination: LANE, subscription: SubscriptionId::from_u128(1) };
        for _ in 0..2 {
            lanes.apply(waits(1, 1));
        }
        assert_eq!(lanes.queue().0, 1);
        for _ in 0..2 {
            lanes.apply(Change::Settled { event: EventId::from_u128(1), target });
        }
        assert_eq!(lanes.queue(), (0, None));
        assert_eq!(lanes.lanes(), []);
    }
}
