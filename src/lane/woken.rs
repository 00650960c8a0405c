//! Which lanes have something new, each once however often that was said: a storm of events is not a storm of wake-ups.

use std::sync::{Mutex, PoisonError};

use rustc_hash::FxHashSet;
use tokio::sync::Notify;

use crate::destination::DestinationId;

/// Lanes that are to be woken.
#[derive(Debug, Default)]
pub struct Woken {
    lanes: Mutex<FxHashSet<DestinationId>>,
    bell: Notify,
}

impl Woken {
    /// Has these lanes woken soon.
    pub fn wake(&self, lanes: impl IntoIterator<Item = DestinationId>) {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner).extend(lanes);
        self.bell.notify_one();
    }

    /// Those that are to be woken, once there are any.
    pub async fn take(&self) -> FxHashSet<DestinationId> {
        loop {
            let lanes = std::mem::take(&mut *self.lanes.lock().unwrap_or_else(PoisonError::into_inner));
            if !lanes.is_empty() {
                return lanes;
            }
            self.bell.notified().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_lane_is_woken_once_for_all_that_came_before_and_again_for_what_comes_after() {
        let (one, other) = (DestinationId::from_u64(1), DestinationId::from_u64(2));
        let woken = Woken::default();
        woken.wake([one, other, one]);
        woken.wake([one]);
        assert_eq!(woken.take().await, FxHashSet::from_iter([one, other]));
        let take = woken.take();
        let (taken, ()) = tokio::join!(take, async { woken.wake([other]) });
        assert_eq!(taken, FxHashSet::from_iter([other]));
    }
}
