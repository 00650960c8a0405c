//! Whether a destination is down, which is to be tried with one post after the other, ever more rarely.
//!
//! One delivery that fails again and again tells nothing of the others: its card may be what the destination can't bear.
//! So a destination is taken to be down once posts of different deliveries failed in a row.

use std::time::Duration;

use jiff::Timestamp;

use crate::name::EventId;

/// How long after a failure the first probe is made; each further one waits twice as long.
const FIRST_PROBE: Duration = Duration::from_secs(15);
/// The longest wait between two probes.
const LAST_PROBE: Duration = Duration::from_secs(600);

/// What is known of a destination's failures. Its instants are of the steady clock.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Breaker {
    /// What the last post was for, if it failed.
    failed: Option<Vec<EventId>>,
    open: Option<Open>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Open {
    probes: u32,
    next: Timestamp,
}

impl Breaker {
    /// Of a destination that was down before a restart: the next post is a probe.
    pub fn of_one_down(now: Timestamp) -> Self {
        Self { failed: None, open: Some(Open { probes: 0, next: now }) }
    }

    /// When the next probe may be made, if the destination is down.
    pub fn next_probe(&self) -> Option<Timestamp> {
        self.open.map(|open| open.next)
    }

    /// Takes note that a post for these events failed on the destination's side; says when the next probe may be made
    /// if it is down.
    pub fn failed(&mut self, events: &[EventId], now: Timestamp) -> Option<Timestamp> {
        let same_one = |last: &Vec<EventId>| last.as_slice() == events && events.len() == 1;
        let others_failed = self.failed.as_ref().is_some_and(|last| !same_one(last));
        self.failed = Some(events.iter().take(2).copied().collect());
        let probes = match self.open {
            Some(open) => open.probes.saturating_add(1),
            None if others_failed => 0,
            None => return None,
        };
        let wait = FIRST_PROBE.saturating_mul(2_u32.saturating_pow(probes)).min(LAST_PROBE);
        let next = now.checked_add(wait).unwrap_or(Timestamp::MAX);
        self.open = Some(Open { probes, next });
        Some(next)
    }

    /// Takes a destination to be down, since a delivery used all its tries; the next probe, which should be another
    /// delivery, may be made at once and tells which of the two it is.
    pub fn suspect(&mut self, event: EventId, now: Timestamp) {
        self.failed = Some(vec![event]);
        self.open = Some(Open { probes: 0, next: now });
    }

    /// The delivery whose post failed last, alone, of a destination that is down.
    pub fn failed_alone(&self) -> Option<EventId> {
        self.open?;
        match self.failed.as_deref() {
            Some([event]) => Some(*event),
            _ => None,
        }
    }

    /// Takes note that the destination answered as one that works does.
    pub fn worked(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn events<const N: usize>(ids: [u128; N]) -> [EventId; N] {
        let mut events = [EventId::from_u128(0); N];
        let mut at = 0;
        while at < N {
            events[at] = EventId::from_u128(ids[at]);
            at += 1;
        }
        events
    }

    #[test]
    fn one_delivery_that_fails_again_and_again_does_not_tell_of_the_destination() {
        let mut breaker = Breaker::default();
        for _ in 0..20 {
            assert_eq!(breaker.failed(&events([1]), Timestamp::UNIX_EPOCH), None);
        }
        assert!(breaker.failed(&events([2]), Timestamp::UNIX_EPOCH).is_some());
    }

    #[test]
    fn a_digest_that_fails_twice_tells_of_the_destination_and_what_works_now_and_then_is_not_down() {
        let mut breaker = Breaker::default();
        assert_eq!(breaker.failed(&events([1, 2, 3]), Timestamp::UNIX_EPOCH), None);
        breaker.worked();
        assert_eq!(breaker.failed(&events([4, 5]), Timestamp::UNIX_EPOCH), None);
        assert!(breaker.failed(&events([4, 5]), Timestamp::UNIX_EPOCH).is_some());
    }

    #[test]
    fn probes_come_ever_more_rarely_up_to_one_in_ten_minutes() {
        let mut breaker = Breaker::of_one_down(Timestamp::UNIX_EPOCH);
        assert_eq!(breaker.next_probe(), Some(Timestamp::UNIX_EPOCH));
        let waits = (0..8).map(|_| breaker.failed(&events([1]), Timestamp::UNIX_EPOCH).unwrap().as_second());
        assert_eq!(waits.collect::<Vec<_>>(), [30, 60, 120, 240, 480, 600, 600, 600]);
        breaker.worked();
        assert_eq!(breaker.next_probe(), None);
    }
}
