//! Which refusals get a line of their own in the log: a few a minute for each source, and the rest as one number, so
//! that nobody can fill a disk by being refused.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::Timestamp;

use crate::{name::SourceName, outcome::Reason};

/// Lines of their own, for each source and minute.
const LINES: u32 = 10;

const MINUTE: Duration = Duration::from_secs(60);

/// What was logged in the last minute, by source; all names that are no source are one.
#[derive(Debug, Default)]
pub struct RefusalLog(Mutex<HashMap<Option<SourceName>, Minute>>);

#[derive(Debug)]
struct Minute {
    since: Timestamp,
    lines: u32,
    passed_over: BTreeMap<Reason, u64>,
}

/// What got no line of its own within a minute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The source; none for names that are none.
    pub source: Option<SourceName>,
    /// How many, by reason.
    pub counts: BTreeMap<Reason, u64>,
}

impl Summary {
    /// `signature_invalid: 812, body_too_large: 3`.
    pub fn words(&self) -> String {
        self.counts.iter().map(|(reason, count)| format!("{reason}: {count}")).collect::<Vec<_>>().join(", ")
    }
}

impl RefusalLog {
    /// Whether this refusal gets a line of its own; if not, it is counted.
    pub fn admits(&self, source: Option<&SourceName>, reason: Reason, now: Timestamp) -> bool {
        let mut minutes = self.minutes();
        let fresh = || Minute { since: now, lines: 0, passed_over: BTreeMap::new() };
        let minute = minutes.entry(source.cloned()).or_insert_with(fresh);
        if minute.is_over(now) && minute.passed_over.is_empty() {
            *minute = fresh();
        }
        if minute.lines < LINES {
            minute.lines += 1;
            return true;
        }
        let count = minute.passed_over.entry(reason).or_default();
        *count = count.saturating_add(1);
        false
    }

    /// The minutes that are over and passed something over; they begin anew.
    pub fn summaries(&self, now: Timestamp) -> Vec<Summary> {
        let over: Vec<_> = self.minutes().extract_if(|_, minute| minute.is_over(now)).collect();
        over.into_iter()
            .filter(|(_, minute)| !minute.passed_over.is_empty())
            .map(|(source, minute)| Summary { source, counts: minute.passed_over })
            .collect()
    }

    fn minutes(&self) -> MutexGuard<'_, HashMap<Option<SourceName>, Minute>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Minute {
    fn is_over(&self, now: Timestamp) -> bool {
        !(self.since..self.since + MINUTE).contains(&now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_a_minute_are_told_one_by_one_and_the_rest_as_numbers() {
        let log = RefusalLog::default();
        let start: Timestamp = "2026-11-23T08:00:00Z".parse().unwrap();
        let ci: SourceName = "ci".parse().unwrap();
        let told = |source, reason, at| (0..100).filter(|_| log.admits(source, reason, at)).count();
        assert_eq!(told(Some(&ci), Reason::SignatureInvalid, start), 10);
        assert_eq!(told(Some(&ci), Reason::BodyTooLarge, start + Duration::from_secs(59)), 0);
        assert_eq!(told(None, Reason::UnknownSource, start), 10, "another source has lines of its own");
        assert_eq!(log.summaries(start + Duration::from_secs(59)), []);
        let later = start + MINUTE;
        let mut summaries = log.summaries(later);
        summaries.sort_by(|one, other| one.source.cmp(&other.source));
        assert_eq!(
            summaries.iter().map(Summary::words).collect::<Vec<_>>(),
            ["unknown_source: 90", "body_too_large: 100, signature_invalid: 90"]
        );
        assert_eq!(log.summaries(later), []);
        assert_eq!(told(Some(&ci), Reason::SignatureInvalid, later), 10);
    }

    #[test]
    fn a_minute_in_which_all_were_told_needs_no_summary() {
        let log = RefusalLog::default();
        let start: Timestamp = "2026-11-23T08:00:00Z".parse().unwrap();
        assert!(log.admits(None, Reason::UnknownSource, start));
        assert_eq!(log.summaries(start + MINUTE), []);
    }
}
