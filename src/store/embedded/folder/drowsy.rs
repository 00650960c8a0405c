//! sled's threads, which look for work once a second each, also where there is none for days.

use std::num::NonZeroU64;

use rustix::thread::set_current_timer_slack;

/// By how much their timers may be late, in nanoseconds: an hour. Whoever has work for them rings, and waits for no timer.
const SLACK: Option<NonZeroU64> = NonZeroU64::new(3_600_000_000_000);

/// Does something that may start sled's threads. A thread takes over how late its timers may be from the one that starts it
/// (`PR_SET_TIMERSLACK`); sled itself can't be told.
pub(super) fn drowsy<T>(body: impl FnOnce() -> T) -> T {
    let told = set_current_timer_slack(SLACK);
    let done = body();
    // Without a value it is what this thread began with.
    if let Err(error) = told.and_then(|()| set_current_timer_slack(None)) {
        tracing::debug!(%error, "the timers of sled's threads are as they are");
    }
    done
}

#[cfg(test)]
mod tests {
    use std::fs::read_to_string;

    use super::*;

    /// How late the timers of this thread may be, in nanoseconds.
    fn slack() -> u64 {
        let path = format!("/proc/{}/timerslack_ns", rustix::thread::gettid());
        read_to_string(path).unwrap().trim().parse().unwrap()
    }

    #[test]
    fn a_thread_that_is_started_meanwhile_may_be_late_and_this_one_is_as_it_was() {
        let before = slack();
        let inherited = drowsy(|| std::thread::spawn(slack).join().unwrap());
        assert_eq!(NonZeroU64::new(inherited), SLACK);
        assert_eq!(slack(), before);
    }
}
