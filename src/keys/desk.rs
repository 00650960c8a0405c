//! Which address may be asked when: pure, so that a day passes in a test without waiting.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use url::Url;

use super::Asker;

/// Addresses that are remembered. A relay asks a handful; SNS has one certificate for each region at a time.
const MOST_ADDRESSES: usize = 100;

/// Fetches in a minute, over all addresses, on behalf of each: whoever posts made-up addresses to a source must not
/// keep the others from their keys.
const MOST_FETCHES: usize = 30;

/// In which so many may be made, and before which no address that answered is asked again.
const MINUTE: Duration = Duration::from_secs(60);

/// How long a failure is remembered.
const AFTER_FAILURE: Duration = Duration::from_secs(30);

/// How long a key is believed without asking again.
const DAY: Duration = Duration::from_secs(24 * 3600);

/// Lets one pass at a time.
type Gate = Arc<tokio::sync::Mutex<()>>;

/// What is known of the addresses, and of how much was asked lately.
#[derive(Debug, Default)]
pub(super) struct Desk {
    addresses: BTreeMap<Url, Known>,
    /// When something was fetched on whose behalf, in the last minute.
    asked: BTreeMap<Asker, VecDeque<Timestamp>>,
    /// Addresses that had a key and made room for others.
    evicted: Vec<Url>,
}

#[derive(Debug, Default)]
struct Known {
    gate: Gate,
    fetched: Option<Timestamp>,
    failed: Option<Timestamp>,
}

/// Whether an address may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leave {
    /// Yes, and it was counted.
    Granted,
    /// It need not be: it was a moment ago.
    Fresh,
    /// Not now.
    Refused,
}

impl Desk {
    /// Where those who want the same address wait for each other.
    pub(super) fn gate(&mut self, from: &Url) -> Gate {
        self.known(from).gate.clone()
    }

    /// Whether an address may be asked now; if so, that is counted against whoever wants it.
    pub(super) fn leave(&mut self, asker: &Asker, from: &Url, now: Timestamp) -> Leave {
        let known = self.known(from);
        let within = |at: Option<Timestamp>, time| at.is_some_and(|at| now < at + time);
        if within(known.failed, AFTER_FAILURE) {
            return Leave::Refused;
        }
        if within(known.fetched, MINUTE) {
            return Leave::Fresh;
        }
        if self.spend(asker, now) { Leave::Granted } else { Leave::Refused }
    }

    /// Counts one fetch, if there may be one more on this one's behalf in this minute.
    pub(super) fn spend(&mut self, asker: &Asker, now: Timestamp) -> bool {
        let asked = self.asked.entry(asker.clone()).or_default();
        while asked.front().is_some_and(|at| *at + MINUTE <= now) {
            asked.pop_front();
        }
        let fits = asked.len() < MOST_FETCHES;
        if fits {
            asked.push_back(now);
        }
        fits
    }

    /// Notes that the address answered.
    pub(super) fn fetched(&mut self, from: &Url, now: Timestamp) {
        self.evicted.retain(|evicted| evicted != from);
        let known = self.known(from);
        (known.fetched, known.failed) = (Some(now), None);
    }

    /// Notes that it did not.
    pub(super) fn failed(&mut self, from: &Url, now: Timestamp) {
        self.known(from).failed = Some(now);
    }

    /// The addresses whose keys are to be forgotten: those past their day, and those that made room for others.
    pub(super) fn stale(&mut self, now: Timestamp) -> Vec<Url> {
        let old = |known: &Known| known.fetched.is_some_and(|at| at + DAY <= now);
        let mut stale: Vec<Url> = std::mem::take(&mut self.evicted);
        stale.extend(self.addresses.iter().filter(|(_, known)| old(known)).map(|(from, _)| from.clone()));
        for from in &stale {
            self.addresses.remove(from);
        }
        stale
    }

    fn known(&mut self, from: &Url) -> &mut Known {
        if self.addresses.len() >= MOST_ADDRESSES && !self.addresses.contains_key(from) {
            // Those that never answered go first: whoever makes up addresses must not drive out a good key.
            let oldest = self.addresses.iter().min_by_key(|(_, known)| known.fetched).map(|(from, _)| from.clone());
            if let Some(oldest) = oldest {
                let had_key = self.addresses.remove(&oldest).is_some_and(|known| known.fetched.is_some());
                self.evicted.extend(had_key.then_some(oldest));
            }
        }
        self.addresses.entry(from.clone()).or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(number: usize) -> Url {
        Url::parse(&format!("https://keys.example/{number}")).unwrap()
    }

    fn source(name: &str) -> Asker {
        Asker::Source(name.parse().unwrap())
    }

    fn second(second: u64) -> Timestamp {
        Timestamp::UNIX_EPOCH + Duration::from_secs(second)
    }

    #[test]
    fn an_address_that_failed_rests_half_a_minute_and_one_that_answered_a_minute() {
        let (mut desk, ci, one) = (Desk::default(), source("ci"), address(1));
        assert_eq!(desk.leave(&ci, &one, second(0)), Leave::Granted);
        desk.failed(&one, second(2));
        assert_eq!(desk.leave(&ci, &one, second(31)), Leave::Refused);
        assert_eq!(desk.leave(&ci, &one, second(32)), Leave::Granted);
        desk.fetched(&one, second(33));
        assert_eq!(desk.leave(&ci, &one, second(92)), Leave::Fresh);
        assert_eq!(desk.leave(&ci, &one, second(93)), Leave::Granted);
        assert_eq!(desk.leave(&ci, &address(2), second(33)), Leave::Granted, "others are not held up");
    }

    #[test]
    fn a_key_is_forgotten_after_a_day() {
        let (mut desk, one) = (Desk::default(), address(1));
        desk.fetched(&one, second(0));
        assert!(desk.stale(second(86_399)).is_empty());
        assert_eq!(desk.stale(second(86_400)), [one]);
        assert!(desk.stale(second(86_400)).is_empty());
    }

    #[test]
    fn no_more_than_thirty_are_fetched_for_a_source_in_any_minute_and_no_other_source_has_to_wait() {
        let (mut desk, sns, travis) = (Desk::default(), source("sns"), source("travis"));
        let granted = |desk: &mut Desk, now| {
            (0..200).filter(|number| desk.leave(&sns, &address(*number), second(now)) == Leave::Granted).count()
        };
        assert_eq!(granted(&mut desk, 0), MOST_FETCHES);
        assert_eq!(granted(&mut desk, 59), 0);
        assert_eq!(desk.leave(&travis, &address(200), second(59)), Leave::Granted);
        assert_eq!(desk.leave(&Asker::SignIn, &address(201), second(59)), Leave::Granted, "people can sign in");
        assert_eq!(granted(&mut desk, 60), MOST_FETCHES);
        assert!(!desk.spend(&sns, second(60)), "confirmations count too");
    }

    #[test]
    fn made_up_addresses_drive_out_no_key_and_the_oldest_key_makes_room() {
        let mut desk = Desk::default();
        desk.fetched(&address(0), second(0));
        for number in 1..1000 {
            desk.failed(&address(number), second(1));
        }
        assert_eq!(desk.addresses.len(), MOST_ADDRESSES);
        assert!(desk.stale(second(2)).is_empty());
        for number in 1000..1000 + MOST_ADDRESSES {
            desk.fetched(&address(number), second(3));
        }
        assert_eq!(desk.evicted, [address(0)]);
        desk.fetched(&address(0), second(4));
        assert_eq!(desk.stale(second(4)), [address(1000)], "one that was fetched again is kept");
        assert_eq!(desk.addresses.len(), MOST_ADDRESSES);
    }
}
