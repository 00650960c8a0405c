//! When to try again: waits as data, instants as a pure function of them, the clock and chance.
//!
//! It knows nothing of statuses or texts; `judge` says whether an attempt failed or was throttled.

use std::time::{Duration, SystemTime};

use jiff::{SignedDuration, Timestamp};

/// A `Retry-After` below this is read as this, so that a server that says 0 is not asked in a loop.
const MIN_RETRY_AFTER: Duration = Duration::from_secs(1);

/// By how much chance lengthens or shortens a wait.
const SPREAD: f64 = 0.2;

/// How long to wait after which failure, and after throttling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// `delivery.retry`: the wait after the first failure, the second, and so on; then the delivery is given up.
    pub retry: Vec<Duration>,
    /// The wait after the first throttled attempt in a row, where Teams names none; doubled for each further one.
    pub throttle_first: Duration,
    /// The longest wait after a throttled attempt, where Teams names none.
    pub throttle_last: Duration,
}

impl Schedule {
    /// These waits after failures, and from 15 s to 15 min after throttled attempts: Teams' short windows are over
    /// within seconds, but a channel that broke the limit has been seen shut for hours.
    pub const fn new(retry: Vec<Duration>) -> Self {
        Self { retry, throttle_first: Duration::from_secs(15), throttle_last: Duration::from_secs(15 * 60) }
    }

    /// Not before when to try again after failure number `failures + 1`; none: the list is used up.
    pub(super) fn after_failure(&self, failures: u32, asked: Option<Duration>, jitter: f64) -> Option<Wait> {
        let listed = *self.retry.get(usize::try_from(failures).ok()?)?;
        let spread = scaled(listed, 1.0 + SPREAD * both_ways(jitter));
        let asked = asked.map(Wait::asked).unwrap_or_default();
        Some(Wait { named: asked.named.max(listed), wanted: asked.wanted.max(spread) })
    }

    /// When to try again after throttled attempt number `throttles + 1` in a row.
    pub(super) fn after_throttle(&self, throttles: u32, asked: Option<Duration>, jitter: f64) -> Wait {
        if let Some(asked) = asked {
            return Wait::asked(asked);
        }
        let (first, last) = (self.throttle_first, self.throttle_last.max(self.throttle_first));
        let doubled = first.saturating_mul(2_u32.saturating_pow(throttles)).min(last);
        let spread = scaled(doubled, 1.0 + SPREAD * both_ways(jitter)).clamp(first, last);
        Wait { named: doubled, wanted: spread }
    }
}

/// How long to wait, before and after chance had its say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Wait {
    /// Before: as listed, doubled or asked for. If there is no time for this, there is none for another attempt.
    named: Duration,
    /// After; never below what a `Retry-After` asked for.
    wanted: Duration,
}

impl Wait {
    /// In full and to the second: the lanes of a group take turns, so chance need not spread them.
    fn asked(asked: Duration) -> Self {
        let named = asked.max(MIN_RETRY_AFTER);
        Self { named, wanted: named }
    }

    /// The instant it ends, `expires_at` at the latest; none: there is no time for it.
    pub(super) fn until(self, now: Timestamp, expires_at: Timestamp) -> Option<Timestamp> {
        later(now, self.named).filter(|end| *end <= expires_at)?;
        Some(self.until_at_most(now, expires_at))
    }

    /// The instant it ends, or `latest` if that is sooner.
    pub(super) fn until_at_most(self, now: Timestamp, latest: Timestamp) -> Timestamp {
        later(now, self.wanted).map_or(latest, |at| at.min(latest)).max(now)
    }
}

/// How long a `Retry-After` asks to wait: seconds, or an HTTP date in any of its three forms. None: neither.
pub(super) fn retry_after(header: &str, now: Timestamp) -> Option<Duration> {
    let header = header.trim();
    if !header.is_empty() && header.bytes().all(|b| b.is_ascii_digit()) {
        // All digits but too many of them still means "very long".
        return Some(Duration::from_secs(header.parse().unwrap_or(u64::MAX)));
    }
    let date: SystemTime = httpdate::parse_http_date(header).ok()?;
    let wait = Timestamp::try_from(date).ok()?.duration_since(now);
    Some(Duration::try_from(wait).unwrap_or_default())
}

fn later(now: Timestamp, wait: Duration) -> Option<Timestamp> {
    now.checked_add(SignedDuration::try_from(wait).ok()?).ok()
}

fn scaled(wait: Duration, by: f64) -> Duration {
    Duration::try_from_secs_f64(wait.as_secs_f64() * by).unwrap_or(Duration::MAX)
}

/// Chance as a number from 0 to 1, whatever came in.
fn unit(jitter: f64) -> f64 {
    if jitter.is_nan() { 0.5 } else { jitter.clamp(0.0, 1.0) }
}

/// Chance as a number from -1 to 1.
fn both_ways(jitter: f64) -> f64 {
    unit(jitter) * 2.0 - 1.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-11-23T08:00:00Z".parse().unwrap()
    }

    const fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn end(wait: Wait) -> Duration {
        let end = wait.until(now(), Timestamp::MAX).unwrap();
        Duration::try_from(end.duration_since(now())).unwrap()
    }

    #[test]
    fn a_failure_waits_as_listed_give_or_take_a_fifth() {
        let schedule = Schedule::new(vec![secs(10), secs(100)]);
        let wait = |failures, jitter| schedule.after_failure(failures, None, jitter).map(end);
        assert_eq!([wait(0, 0.0), wait(0, 0.5), wait(0, 1.0)], [Some(secs(8)), Some(secs(10)), Some(secs(12))]);
        assert_eq!(wait(1, 0.5), Some(secs(100)));
        assert_eq!(wait(2, 0.5), None);
        assert_eq!(wait(u32::MAX, 0.5), None);
    }

    #[test]
    fn throttled_attempts_wait_ever_longer_between_the_bounds() {
        let schedule = Schedule::new(vec![]);
        let wait = |throttles, jitter| end(schedule.after_throttle(throttles, None, jitter));
        assert_eq!([wait(0, 0.5), wait(1, 0.5), wait(2, 0.5)], [secs(15), secs(30), secs(60)]);
        assert_eq!([wait(0, 0.0), wait(0, 1.0)], [secs(15), secs(18)]);
        assert_eq!([wait(9, 0.5), wait(u32::MAX, 1.0), wait(9, 0.0)], [secs(900), secs(900), secs(720)]);
    }

    #[test]
    fn a_retry_after_is_obeyed_to_the_second() {
        let schedule = Schedule::new(vec![secs(10)]);
        for jitter in [0.0, 0.3, 1.0, f64::NAN, -5.0, 9.0] {
            for asked in [secs(1), secs(30), secs(4000), secs(200_000)] {
                let throttled = end(schedule.after_throttle(3, Some(asked), jitter));
                assert_eq!(throttled, asked);
                assert!(end(schedule.after_failure(0, Some(asked), jitter).unwrap()) >= asked);
            }
        }
        // A server that is in a hurry does not use the list up in no time.
        assert_eq!(end(schedule.after_failure(0, Some(secs(0)), 0.5).unwrap()), secs(10));
        assert_eq!(end(schedule.after_throttle(0, Some(secs(0)), 0.0)), MIN_RETRY_AFTER);
    }

    #[test]
    fn a_wait_that_chance_stretches_past_the_end_stops_at_the_end() {
        let wait = Wait { named: secs(100), wanted: secs(120) };
        let expires = now() + secs(101);
        assert_eq!(wait.until(now(), expires), Some(expires));
        assert_eq!(wait.until(now(), now() + secs(99)), None);
        assert_eq!(wait.until_at_most(now(), now() + secs(99)), now() + secs(99));
    }

    #[test]
    fn retry_after_is_read_as_seconds_or_as_any_http_date() {
        let read = |text| retry_after(text, now());
        assert_eq!(read("120"), Some(secs(120)));
        assert_eq!(read(" 0 "), Some(secs(0)));
        assert_eq!(read("Mon, 23 Nov 2026 08:01:30 GMT"), Some(secs(90)));
        assert_eq!(read("Monday, 23-Nov-26 08:01:30 GMT"), Some(secs(90)));
        assert_eq!(read("Mon Nov 23 08:01:30 2026"), Some(secs(90)));
        assert_eq!(read("Mon, 23 Nov 2026 07:00:00 GMT"), Some(secs(0)));
        assert_eq!(read("99999999999999999999999999"), Some(secs(u64::MAX)));
        for garbage in ["", "soon", "-5", "1.5", "12 s", "2026-11-23T08:01:30Z", "١٢"] {
            assert_eq!(read(garbage), None, "{garbage}");
        }
    }
}
