//! Which signatures and bodies that were taken once are still to be remembered, in the order in which their time ends.
//!
//! Both stores keep the keys themselves; this says which of them to forget, and holds their number in bounds.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use crate::event::Replay;

/// Keys remembered at once: with the usual five minutes, those of 1600 webhooks a second with two keys each. Some
/// 50 MB where all of them are in use.
const MOST: usize = 1_000_000;
/// Forgotten at once, at most, so that no webhook pays for many that came before it.
const AT_ONCE: usize = 64;
/// A webhook that was believed at the last moment may come to the store a little after one that arrived later.
const GRACE: SignedDuration = SignedDuration::from_mins(1);

/// The keys that are remembered, by the end of their time.
#[derive(Debug)]
pub(super) struct Seen {
    by_time: BTreeSet<(i64, [u8; 16])>,
    most: usize,
}

impl Default for Seen {
    fn default() -> Self {
        Self { by_time: BTreeSet::new(), most: MOST }
    }
}

impl Seen {
    /// Takes a key on, and names those to be forgotten for it: the ones past their time, and of too many the ones
    /// whose time ends first.
    pub(super) fn remember(&mut self, replay: Replay, now: Timestamp) -> Vec<[u8; 16]> {
        self.by_time.insert((replay.until.as_millisecond(), replay.key));
        let past = now.saturating_sub(GRACE).map_or(i64::MIN, Timestamp::as_millisecond);
        let mut forgotten = Vec::new();
        while forgotten.len() < AT_ONCE
            && let Some((until, key)) = self.by_time.first()
            && (*until < past || self.by_time.len() > self.most)
        {
            forgotten.push(*key);
            self.by_time.pop_first();
        }
        forgotten
    }

    /// Takes a key off that is remembered anew under another time.
    pub(super) fn forget(&mut self, until: i64, key: [u8; 16]) {
        self.by_time.remove(&(until, key));
    }

    /// Takes a key on that is on disk.
    pub(super) fn restore(&mut self, until: i64, key: [u8; 16]) {
        self.by_time.insert((until, key));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::suite::minute;

    fn replay(key: u8, until: i64) -> Replay {
        Replay { key: [key; 16], until: minute(until) }
    }

    #[test]
    fn what_is_past_its_time_is_forgotten_after_a_grace() {
        let mut seen = Seen::default();
        assert!(seen.remember(replay(1, 5), minute(0)).is_empty());
        assert!(seen.remember(replay(2, 9), minute(6)).is_empty(), "a minute of grace");
        assert_eq!(seen.remember(replay(3, 12), minute(7)), [[1; 16]]);
    }

    #[test]
    fn of_too_many_those_that_end_first_are_forgotten() {
        let mut seen = Seen { most: 2, ..Seen::default() };
        seen.remember(replay(1, 9), minute(0));
        seen.remember(replay(2, 7), minute(0));
        assert_eq!(seen.remember(replay(3, 8), minute(0)), [[2; 16]]);
        assert_eq!(seen.remember(replay(4, 1), minute(0)), [[4; 16]]);
    }

    #[test]
    fn no_webhook_pays_for_all_before_it() {
        let mut seen = Seen::default();
        for key in 0..100 {
            assert!(seen.remember(replay(key, 1), minute(0)).is_empty());
        }
        assert_eq!(seen.remember(replay(200, 99), minute(50)).len(), AT_ONCE);
        assert_eq!(seen.remember(replay(201, 99), minute(50)).len(), 100 - AT_ONCE);
    }
}
