//! How many posts may go to a quota group, by several windows at once, and how long a group that was throttled rests.
//!
//! Nothing here waits: a caller gets leave to post now, or the earliest instant at which to ask again. It knows no
//! profile and no settings: the windows come with each question, so changed settings hold from the next one on.

use std::{
    collections::HashMap,
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;

use super::window::Limiter;
use crate::{
    config::profile::Window,
    destination::{Destination, DestinationId},
    name::QuotaGroup,
};

/// Number of groups below which nothing is forgotten.
const FEW: usize = 64;

/// Whose allowance a post draws on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GroupKey {
    /// Shared by all destinations of a named group.
    Named(QuotaGroup),
    /// A destination's own.
    Own(DestinationId),
}

impl GroupKey {
    /// The group of a destination.
    pub fn of(destination: &Destination) -> Self {
        destination.quota_group.clone().map_or_else(|| Self::Own(destination.id()), Self::Named)
    }
}

impl fmt::Display for GroupKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(group) => f.pad(group.as_str()),
            Self::Own(destination) => fmt::Display::fmt(destination, f),
        }
    }
}

/// The allowances of all groups. A group that is as good as new is forgotten sooner or later, so memory is bounded
/// by the groups posted to within their longest window.
#[derive(Debug, Default)]
pub struct Quotas {
    groups: Mutex<Groups>,
}

#[derive(Debug, Default)]
struct Groups {
    by_key: HashMap<GroupKey, Group>,
    /// Number of groups at which those as good as new are next looked for.
    sweep_at: usize,
}

#[derive(Debug, Default)]
struct Group {
    limiters: Vec<(Window, Limiter)>,
    closed_until: Option<Timestamp>,
}

impl Quotas {
    /// Takes one post off the allowance of a group, from all `windows` or, if any of them has none left, from none.
    ///
    /// # Errors
    /// The earliest instant at which it could succeed, if nobody else posts before.
    pub fn try_acquire(&self, group: &GroupKey, windows: &[Window], now: Timestamp) -> Result<(), Timestamp> {
        let mut groups = self.groups();
        groups.group(group, now).try_acquire(windows, now)
    }

    /// Lets nothing through to a group before `until`; an end that is already later stays.
    pub fn close(&self, group: &GroupKey, until: Timestamp, now: Timestamp) {
        let mut groups = self.groups();
        let group = groups.group(group, now);
        group.closed_until = group.closed_until.max(Some(until));
    }

    /// For each window, how many posts it alone would let through at `now` one right after the other: at most a
    /// fifth of its posts (at least one), since the rest of them trickle. 0 for all while the group is closed.
    pub fn remaining(&self, group: &GroupKey, windows: &[Window], now: Timestamp) -> Vec<(Window, u32)> {
        let groups = self.groups();
        let known = groups.by_key.get(group);
        let closed = known.is_some_and(|group| group.closed_until.is_some_and(|until| until > now));
        let left = |window: &Window| {
            let limiter = known.and_then(|group| group.limiters.iter().find(|(at, _)| at == window));
            limiter.map_or_else(|| Limiter::new(*window).look(nanos(now)), |(_, limiter)| limiter.look(nanos(now)))
        };
        windows.iter().map(|window| (*window, if closed { 0 } else { left(window).unwrap_or(0) })).collect()
    }

    fn groups(&self) -> MutexGuard<'_, Groups> {
        self.groups.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Groups {
    /// The group, made if need be; now and then, those as good as new go.
    fn group(&mut self, key: &GroupKey, now: Timestamp) -> &mut Group {
        if !self.by_key.contains_key(key) && self.by_key.len() >= self.sweep_at.max(FEW) {
            self.by_key.retain(|_, group| !group.is_as_new(now));
            // Waiting for twice as many keeps the cost of looking constant per group.
            self.sweep_at = self.by_key.len().saturating_mul(2);
        }
        self.by_key.entry(key.clone()).or_default()
    }
}

impl Group {
    fn try_acquire(&mut self, windows: &[Window], now: Timestamp) -> Result<(), Timestamp> {
        self.adopt(windows, now);
        let mut wait = self.closed_until.filter(|until| *until > now);
        for (_, limiter) in self.asked(windows) {
            if let Err(earliest) = limiter.look(nanos(now)) {
                wait = wait.max(Some(instant(earliest)));
            }
        }
        if let Some(until) = wait {
            return Err(until);
        }
        for (_, limiter) in self.asked(windows) {
            limiter.take();
        }
        Ok(())
    }

    /// Makes limiters for windows that are new. If the group posted lately they begin with their burst used up, so
    /// that changed settings are no fresh allowance. Those of windows that are gone stay until they are full: the
    /// setting may come back, and profiles with different windows may share the group.
    fn adopt(&mut self, windows: &[Window], now: Timestamp) {
        self.limiters.retain(|(at, limiter)| windows.contains(at) || !limiter.is_full(nanos(now)));
        let posted_lately = self.limiters.iter().any(|(_, limiter)| !limiter.is_full(nanos(now)));
        for window in windows {
            if self.limiters.iter().all(|(at, _)| at != window) {
                let limiter = Limiter::new(*window);
                if posted_lately {
                    limiter.drain(nanos(now));
                }
                self.limiters.push((*window, limiter));
            }
        }
    }

    fn asked<'g>(&'g self, windows: &'g [Window]) -> impl Iterator<Item = &'g (Window, Limiter)> {
        self.limiters.iter().filter(|(at, _)| windows.contains(at))
    }

    fn is_as_new(&self, now: Timestamp) -> bool {
        self.closed_until.is_none_or(|until| until <= now)
            && self.limiters.iter().all(|(_, limiter)| limiter.is_full(nanos(now)))
    }
}

/// Nanoseconds since 1970; what 64 bits can't hold is held to their ends, with room for a window's length.
pub(super) fn nanos(at: Timestamp) -> u64 {
    u64::try_from(at.as_nanosecond().max(0)).unwrap_or(u64::MAX).min(u64::MAX / 2)
}

fn instant(nanos: u64) -> Timestamp {
    Timestamp::from_nanosecond(nanos.into()).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;
