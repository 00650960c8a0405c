//! The same instant by both clocks, and what one of them shows where the other is known.

use jiff::Timestamp;

use crate::clock::Clock;

/// The same instant by both clocks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Now {
    /// As people reckon it.
    pub(super) wall: Timestamp,
    /// By the clock that nobody sets.
    pub(super) steady: Timestamp,
}

impl Now {
    pub(super) fn of(clock: &dyn Clock) -> Self {
        Self { wall: clock.now(), steady: clock.steady() }
    }

    /// By the steady clock, what stands on the wall clock.
    pub(super) fn steady_at(self, wall: Timestamp) -> Timestamp {
        self.steady.checked_add(wall.duration_since(self.wall)).unwrap_or(Timestamp::MAX)
    }

    /// By the wall clock, what stands on the steady clock.
    pub(super) fn wall_at(self, steady: Timestamp) -> Timestamp {
        self.wall.checked_add(steady.duration_since(self.steady)).unwrap_or(Timestamp::MAX)
    }

    /// The instant by which age is told: a clock that was set forward must not make events old.
    pub(super) fn for_age(self) -> Timestamp {
        self.wall.min(self.steady)
    }
}
