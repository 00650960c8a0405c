//! What a connection is asked for, so that one that asks for nothing can be told from one that is in use.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

/// What a connection is asked for: how many requests are in hand, and how many there ever were.
#[derive(Debug, Default)]
pub(super) struct Asked {
    in_hand: AtomicUsize,
    ever: AtomicUsize,
}

/// A request that is not yet answered to its end.
pub(super) struct InHand(Arc<Asked>);

impl InHand {
    pub(super) fn new(asked: Arc<Asked>) -> Self {
        asked.in_hand.fetch_add(1, Ordering::Relaxed);
        asked.ever.fetch_add(1, Ordering::Relaxed);
        Self(asked)
    }

    pub(super) fn pass<T>(&self, frame: T) -> T {
        frame
    }
}

impl Drop for InHand {
    fn drop(&mut self) {
        self.0.in_hand.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Returns when no request was in hand for so long, or up to twice as long: it looks now and then, so that a request costs
/// no timer. HTTP/1 has its own limit; an HTTP/2 client that answers pings could otherwise hold its place for ever.
pub(super) async fn no_requests(asked: &Asked, patience: Duration) {
    let mut seen = None;
    loop {
        let ever = asked.ever.load(Ordering::Relaxed);
        let is_idle = asked.in_hand.load(Ordering::Relaxed) == 0;
        if is_idle && seen == Some(ever) {
            return;
        }
        seen = is_idle.then_some(ever);
        tokio::time::sleep(patience).await;
    }
}
