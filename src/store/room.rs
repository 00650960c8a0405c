//! How much room a store has: where it begins to make some, and where it takes nothing new until there is some again.
//!
//! It measures nothing. Between the marks there is a distance, so that what is said of the room does not change with
//! each event.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use tokio::sync::Notify;

use super::StoreError;
use crate::config::size::Size;

/// What a store may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// How large its folder may grow.
    pub max_size: Option<Size>,
    /// How much must stay free on its file system.
    pub min_free: Size,
}

impl Bounds {
    /// As much as there is.
    pub const NONE: Self = Self { max_size: None, min_free: Size(0) };
}

/// What was measured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Measured {
    /// Bytes that the store takes.
    pub(super) used: u64,
    /// Bytes that are free on its file system.
    pub(super) free: u64,
}

/// How much room there is, as it was measured last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    /// Bytes that the store takes.
    pub used: u64,
    /// Bytes that are free on its file system.
    pub free: u64,
    /// Why nothing new is taken, for admins, if so.
    pub full: Option<String>,
}

/// Bytes that one step of making room takes away, at least.
const LEAST_STEP: u64 = 32 << 20;

impl Bounds {
    /// Why nothing new is to be taken; once that is so, it takes some more room to end it.
    fn full(self, seen: Measured, was_full: bool) -> Option<String> {
        let Self { max_size, min_free } = self;
        if let Some(Size(max)) = max_size
            && seen.used >= max - if was_full { max / 8 } else { max / 16 }
        {
            let (used, max) = (Size(seen.used).about(), Size(max));
            return Some(format!(
                "it takes {used}, and `store.max_size` is {max}; see why deliveries wait, or raise `store.max_size`"
            ));
        }
        if seen.free < min_free.0.saturating_add(if was_full { min_free.0 / 4 } else { 0 }) {
            let free = Size(seen.free).about();
            return Some(format!(
                "{free} are free on its file system, and `store.min_free` is {min_free}; free space there"
            ));
        }
        None
    }

    /// Whether room should be made.
    pub(super) fn is_near(self, seen: Measured) -> bool {
        let Self { max_size, min_free: Size(min_free) } = self;
        max_size.is_some_and(|Size(max)| seen.used >= max - max / 16 * 3)
            || seen.free < min_free.saturating_add(min_free / 2)
    }

    /// Bytes that have to go until there is room enough for a while.
    pub(super) fn over(self, seen: Measured) -> u64 {
        let Self { max_size, min_free: Size(min_free) } = self;
        let over = max_size.map_or(0, |Size(max)| seen.used.saturating_sub(max - max / 4));
        over.max(min_free.saturating_add(min_free / 4 * 3).saturating_sub(seen.free))
    }

    /// Bytes to take away before it is measured again.
    pub(super) fn step(self) -> u64 {
        self.max_size.map_or(0, |Size(max)| max / 32).max(LEAST_STEP)
    }
}

/// What is known of the room; shared by all who ask.
#[derive(Debug, Clone)]
pub(super) struct Watch(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    bounds: Bounds,
    /// What was measured last, and why it is full.
    last: Mutex<Option<(Measured, Option<String>)>>,
    /// Whether there is a reason in `last`, since each webhook asks.
    full: AtomicBool,
    pressed: Notify,
}

impl Watch {
    pub(super) fn new(bounds: Bounds) -> Self {
        let (last, full, pressed) = (Mutex::default(), AtomicBool::default(), Notify::new());
        Self(Arc::new(Inner { bounds, last, full, pressed }))
    }

    pub(super) fn bounds(&self) -> Bounds {
        self.0.bounds
    }

    /// Takes note of what was measured, and says it to the log where something begins or ends with it.
    pub(super) fn saw(&self, seen: Measured) {
        let mut last = self.0.last.lock().unwrap_or_else(PoisonError::into_inner);
        let (was_near, was) = match last.take() {
            Some((before, was)) => (self.0.bounds.is_near(before), was),
            None => (false, None),
        };
        let full = self.0.bounds.full(seen, was.is_some());
        match (&was, &full) {
            (None, Some(why)) => tracing::error!("the store is full, and webhooks are refused: {why}"),
            (Some(_), None) => tracing::warn!(used = seen.used, free = seen.free, "the store has room again"),
            _ => {}
        }
        self.0.full.store(full.is_some(), Ordering::Release);
        *last = Some((seen, full));
        drop(last);
        if self.0.bounds.is_near(seen) && !was_near {
            self.0.pressed.notify_one();
        }
    }

    /// An error while nothing new is to be taken.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        if !self.0.full.load(Ordering::Acquire) {
            return Ok(());
        }
        self.room().full.map_or(Ok(()), |why| Err(StoreError::Full { why }))
    }

    pub(super) fn room(&self) -> Room {
        let last = self.0.last.lock().unwrap_or_else(PoisonError::into_inner);
        let (Measured { used, free }, full) = last.clone().unwrap_or_default();
        Room { used, free, full }
    }

    /// Returns once room should be made.
    pub(super) async fn pressed(&self) {
        self.0.pressed.notified().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds { max_size: Some(Size(1600)), min_free: Size(400) };

    #[test]
    fn a_store_that_is_full_takes_nothing_until_there_is_clearly_room_again() {
        let watch = Watch::new(BOUNDS);
        let full = |used, free| {
            watch.saw(Measured { used, free });
            watch.check().is_err()
        };
        let sizes = [0, 1499, 1500, 1450, 1400, 1399, 1499].map(|used| full(used, 9000));
        assert_eq!(sizes, [false, false, true, true, true, false, false]);
        let frees = [401, 400, 399, 450, 499, 500, 400].map(|free| full(0, free));
        assert_eq!(frees, [false, false, true, true, true, false, false]);
    }

    #[test]
    fn room_is_made_before_it_is_needed_and_no_more_than_for_a_while() {
        for (used, free, near, over) in [
            (1299, 9000, false, 99),
            (1300, 9000, true, 100),
            (0, 600, false, 100),
            (0, 599, true, 101),
            (1500, 500, true, 300),
        ] {
            let seen = Measured { used, free };
            assert_eq!((BOUNDS.is_near(seen), BOUNDS.over(seen)), (near, over), "{seen:?}");
        }
        let anything = Measured { used: u64::MAX, free: 0 };
        assert!(!Bounds::NONE.is_near(anything) && Bounds::NONE.full(anything, true).is_none());
    }

    #[test]
    fn an_admin_is_told_which_bound_it_is_and_what_to_do() {
        let watch = Watch::new(Bounds { max_size: Some(Size::megabytes(1000)), min_free: Size::megabytes(256) });
        watch.saw(Measured { used: 951_400_000, free: u64::MAX });
        assert_eq!(
            watch.check().unwrap_err().to_string(),
            "the store is full: it takes 951.4 MB, and `store.max_size` is 1GB; see why deliveries wait, or raise `store.max_size`"
        );
        watch.saw(Measured { used: 0, free: 12_000_000 });
        assert_eq!(
            watch.room().full.unwrap(),
            "12 MB are free on its file system, and `store.min_free` is 256MB; free space there"
        );
    }

    #[tokio::test]
    async fn whoever_makes_room_is_woken_when_it_gets_near() {
        let watch = Watch::new(BOUNDS);
        watch.saw(Measured { used: 1350, free: 9000 });
        watch.pressed().await;
    }
}
