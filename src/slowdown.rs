//! Who keeps failing verification, and for how long its webhooks are not even read.
//!
//! Kept by source and client address, IPv6 by its /64, since a machine has all of that. An address from which the
//! source was lately also sent something genuine is never shut out: bad ones from there would take the good with them.
//! Time is [`Clock::steady`](crate::clock::Clock::steady)'s: a clock that is set back must shut nobody out for hours.

use std::{
    collections::{BTreeMap, HashMap},
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::name::SourceName;

/// Failures within [`WITHIN`] that are borne.
const BORNE: usize = 10;
const WITHIN: Duration = Duration::from_secs(60);

/// How long the door is shut at first, and at most; each failure after it opened doubles it.
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(60);

/// After so long without a failure all is forgotten.
const QUIET: Duration = Duration::from_secs(600);

/// For so long after a genuine webhook its address is not shut out.
const GENUINE: Duration = Duration::from_secs(3600);

/// Pairs of source and address that are remembered, of each kind. One takes some 200 bytes.
const MOST: usize = 10_000;

/// Clients of a source that are told of one by one; who has more addresses must not fill the log with them.
pub const TOLD: usize = 100;

/// How many go when there are too many; one by one, each newcomer would cost a search.
const GO_AT_ONCE: usize = MOST / 10;

/// All that is remembered.
#[derive(Debug, Default)]
pub struct Slowdown(Mutex<Memory>);

#[derive(Debug, Default)]
struct Memory {
    failing: HashMap<Pair, Failing>,
    genuine: HashMap<Pair, Timestamp>,
}

/// A source and who posts to it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Pair {
    /// The source.
    pub source: SourceName,
    /// The client's address; of an IPv6 address its /64, the rest being 0.
    pub client: IpAddr,
}

#[derive(Debug)]
struct Failing {
    /// Of the last minute, oldest first, as many as matter.
    failures: Vec<Timestamp>,
    last: Timestamp,
    shut: Option<Shut>,
}

#[derive(Debug, Clone, Copy)]
struct Shut {
    since: Timestamp,
    until: Timestamp,
    length: Duration,
}

/// A pair that is slowed down.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Slowed {
    /// Who.
    #[serde(flatten)]
    pub pair: Pair,
    /// Since when.
    pub since: Timestamp,
    /// When the door opened, or opens, again.
    pub until: Timestamp,
    /// The last failure.
    pub last_failure: Timestamp,
}

impl Pair {
    fn of(source: &SourceName, client: IpAddr) -> Self {
        let client = match client.to_canonical() {
            IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64))),
            four => four,
        };
        Self { source: source.clone(), client }
    }
}

impl Slowdown {
    /// Whether the door is open to this client now.
    ///
    /// # Errors
    /// How long it is still shut.
    pub fn open(&self, source: &SourceName, client: IpAddr, now: Timestamp) -> Result<(), Duration> {
        let memory = self.memory();
        let shut = memory.failing.get(&Pair::of(source, client)).and_then(|failing| failing.shut);
        match shut {
            Some(shut) if now < shut.until => Err(shut.until.duration_since(now).unsigned_abs()),
            _ => Ok(()),
        }
    }

    /// Counts a webhook that failed verification; true if the client is slowed down from now on.
    pub fn failed(&self, source: &SourceName, client: IpAddr, now: Timestamp) -> bool {
        let pair = Pair::of(source, client);
        let mut memory = self.memory();
        if memory.genuine.get(&pair).is_some_and(|at| now < *at + GENUINE) {
            return false;
        }
        if !memory.failing.contains_key(&pair) && memory.failing.len() >= MOST {
            forget_some(&mut memory.failing, |failing| (failing.shut.is_some(), failing.last));
        }
        let fresh = || Failing { failures: Vec::new(), last: now, shut: None };
        memory.failing.entry(pair).or_insert_with(fresh).fail(now)
    }

    /// Notes a genuine webhook; true if the client was slowed down until now.
    pub fn genuine(&self, source: &SourceName, client: IpAddr, now: Timestamp) -> bool {
        let pair = Pair::of(source, client);
        let mut memory = self.memory();
        let slowed = memory.failing.remove(&pair).is_some_and(|failing| failing.shut.is_some());
        if !memory.genuine.contains_key(&pair) && memory.genuine.len() >= MOST {
            forget_some(&mut memory.genuine, |at| *at);
        }
        memory.genuine.insert(pair, now);
        slowed
    }

    /// Forgets who has been quiet for long; those that were slowed down until now come back.
    pub fn forget_quiet(&self, now: Timestamp) -> Vec<Pair> {
        let mut memory = self.memory();
        memory.genuine.retain(|_, at| now < *at + GENUINE);
        let quiet = memory.failing.extract_if(|_, failing| now >= failing.last + QUIET);
        quiet.filter(|(_, failing)| failing.shut.is_some()).map(|(pair, _)| pair).collect()
    }

    /// Forgets every failure, so that a mended secret works at once; those that were slowed down come back.
    pub fn forget_all(&self) -> Vec<Pair> {
        let failing = std::mem::take(&mut self.memory().failing);
        failing.into_iter().filter(|(_, failing)| failing.shut.is_some()).map(|(pair, _)| pair).collect()
    }

    /// Who is slowed down, by source and address.
    pub fn slowed(&self) -> Vec<Slowed> {
        let memory = self.memory();
        let slowed = memory.failing.iter().filter_map(|(pair, failing)| {
            let Shut { since, until, .. } = failing.shut?;
            Some(Slowed { pair: pair.clone(), since, until, last_failure: failing.last })
        });
        let mut slowed: Vec<Slowed> = slowed.collect();
        slowed.sort_by(|one, other| one.pair.cmp(&other.pair));
        slowed
    }

    /// How many are slowed down, by source.
    pub fn count(&self) -> BTreeMap<SourceName, u32> {
        let mut counts = BTreeMap::new();
        for (pair, _) in self.memory().failing.iter().filter(|(_, failing)| failing.shut.is_some()) {
            *counts.entry(pair.source.clone()).or_default() += 1;
        }
        counts
    }

    /// Whether so few are slowed down that a line for each is of use.
    pub fn is_worth_telling(&self, source: &SourceName) -> bool {
        let memory = self.memory();
        let slowed = memory.failing.iter().filter(|(pair, failing)| pair.source == *source && failing.shut.is_some());
        slowed.count() <= TOLD
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Failing {
    /// Counts a failure; true if it is the one that shuts the door.
    fn fail(&mut self, now: Timestamp) -> bool {
        if now >= self.last + QUIET {
            *self = Self { failures: Vec::new(), last: now, shut: None };
        }
        self.last = now;
        match &mut self.shut {
            Some(shut) => {
                // Those that were let in before the door was shut count once.
                if now >= shut.until {
                    shut.length = shut.length.saturating_mul(2).min(LONGEST);
                    shut.until = now + shut.length;
                }
                false
            }
            None => {
                self.failures.retain(|at| now < *at + WITHIN);
                self.failures.push(now);
                if self.failures.len() > BORNE {
                    self.failures = Vec::new();
                    self.shut = Some(Shut { since: now, until: now + SHORTEST, length: SHORTEST });
                }
                self.shut.is_some()
            }
        }
    }
}

/// Takes out those that come first by `order`.
fn forget_some<V, K: Ord + Copy>(from: &mut HashMap<Pair, V>, order: impl Fn(&V) -> K) {
    let mut all: Vec<K> = from.values().map(&order).collect();
    if let Some((_, last, _)) = (all.len() > GO_AT_ONCE).then(|| all.select_nth_unstable(GO_AT_ONCE)) {
        let last = *last;
        let mut left = GO_AT_ONCE;
        from.retain(|_, value| {
            let goes = left > 0 && order(value) <= last;
            left -= usize::from(goes);
            !goes
        });
    }
}

#[cfg(test)]
mod tests;
