//! How many posts may go to a quota group, by several windows at once, and how long a group that was throttled rests.
//!
//! Nothing here waits: a caller gets leave to post now, or the earliest instant at which to ask again. It knows no
//! profile and no settings: the windows come with each question, so changed settings hold from the next one on.

mod group;
pub mod turns;

use std::{
    collections::HashMap,
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::Timestamp;

use self::group::Group;
use super::window::Limiter;
use crate::{
    config::profile::Window,
    destination::{Destination, DestinationId},
    name::QuotaGroup,
    store::Usage,
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

    /// The text under which its [`Usage`] is kept: a group may have the name that a fingerprint has.
    fn kept_as(&self) -> String {
        match self {
            Self::Named(group) => format!("group {group}"),
            Self::Own(destination) => format!("destination {destination}"),
        }
    }

    fn read(kept_as: &str) -> Option<Self> {
        match kept_as.split_once(' ')? {
            ("group", name) => name.parse().ok().map(Self::Named),
            ("destination", id) => id.parse().ok().map(Self::Own),
            _ => None,
        }
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

/// Who asks for a post, and how much it can wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ask {
    /// For which destination.
    pub lane: DestinationId,
    /// Whether it may use what is kept back for such as it, and goes before those that can wait.
    pub urgent: bool,
}

/// The allowances of all groups. All instants are of the steady clock.
///
/// A group that is as good as new is forgotten sooner or later, so memory is bounded by the groups posted to within
/// their longest window.
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

impl Quotas {
    /// Takes one post off the allowance of a group, from all `windows` or, if any of them has none left, from none.
    /// Lanes of a group take turns: who asked first goes first, an urgent one before all that have not waited for
    /// [`turns::HANDICAP`]. Returns what is used up now, to be kept before the post is made.
    ///
    /// # Errors
    /// The instant at which to ask again. Who does not keeps its place for [`turns::SLACK`] only.
    pub fn try_acquire(
        &self,
        group: &GroupKey,
        windows: &[Window],
        ask: Ask,
        now: Timestamp,
    ) -> Result<Usage, Timestamp> {
        let mut groups = self.groups();
        let found = groups.group(group, now);
        found.try_acquire(windows, ask, now)?;
        Ok(found.usage(group, now))
    }

    /// When a lane could make its `posts`-th post from now, if all those that ask now go on asking.
    pub fn posted_by(&self, group: &GroupKey, windows: &[Window], ask: Ask, posts: usize, now: Timestamp) -> Timestamp {
        self.groups().group(group, now).posted_by(windows, ask, posts, now)
    }

    /// How long it takes from one post of a lane to its next, once no burst is left and if all those that ask now go on
    /// asking.
    pub fn interval(&self, group: &GroupKey, windows: &[Window], ask: Ask, now: Timestamp) -> Duration {
        self.groups().group(group, now).interval(windows, ask, now)
    }

    /// Lets nothing through to a group before `until`; an end that is already later stays. Somebody else seems to post
    /// on the same allowance, so of a burst only what is kept back for urgent
    /// ones is let through after it. Returns what is used up now, to be kept.
    pub fn close(&self, group: &GroupKey, until: Timestamp, now: Timestamp) -> Usage {
        let mut groups = self.groups();
        let found = groups.group(group, now);
        found.close(until);
        found.usage(group, now)
    }

    /// What was used up before a restart counts on. Where the clock went back meanwhile, no time has passed.
    pub fn restore(&self, kept: &[Usage], now: Timestamp) {
        let mut groups = self.groups();
        for usage in kept {
            if let Some(key) = GroupKey::read(&usage.group) {
                groups.by_key.insert(key, Group::restored(usage, now));
            }
        }
    }

    /// For each window, how many posts it alone would let through at `now` one right after the other: at most a
    /// fifth of its posts (at least one), since the rest of them trickle. 0 for all while the group is closed.
    pub fn remaining(&self, group: &GroupKey, windows: &[Window], now: Timestamp) -> Vec<(Window, u32)> {
        let groups = self.groups();
        let known = groups.by_key.get(group);
        let fresh = |window: &Window| Limiter::new(*window).look(nanos(now)).unwrap_or(0);
        let left = |window: &Window| known.map_or_else(|| fresh(window), |group| group.remaining(*window, now));
        windows.iter().map(|window| (*window, left(window))).collect()
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

/// Nanoseconds since 1970; what 64 bits can't hold is held to their ends, with room for a window's length.
pub(super) fn nanos(at: Timestamp) -> u64 {
    u64::try_from(at.as_nanosecond().max(0)).unwrap_or(u64::MAX).min(u64::MAX / 2)
}

pub(super) fn instant(nanos: u64) -> Timestamp {
    Timestamp::from_nanosecond(nanos.into()).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;
