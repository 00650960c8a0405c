//! How long a call takes.

use std::time::{Duration, Instant};

const ROUNDS: usize = 9;

/// The median of a few rounds, for one call.
pub(crate) fn time(mut call: impl FnMut()) -> Duration {
    let mut rounds: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let (start, mut calls) = (Instant::now(), 0);
            while start.elapsed() < Duration::from_millis(60) {
                call();
                calls += 1;
            }
            start.elapsed() / calls
        })
        .collect();
    rounds.sort();
    rounds.get(ROUNDS / 2).copied().unwrap_or_default()
}
