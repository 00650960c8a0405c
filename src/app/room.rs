//! Sees to it that the store has room: every few seconds while it is written to, and at once when it gets little.

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use crate::admin::Admin;

const EVERY: Duration = Duration::from_secs(5);

/// Where nothing is written: then only others can take the room of the file system, or give it back.
const AT_REST: Duration = Duration::from_secs(60);

pub(super) async fn run(admin: Arc<Admin>, stopping: CancellationToken) -> &'static str {
    let mut failed = false;
    loop {
        tokio::select! {
            () = due(&admin, failed) => {}
            () = admin.store.pressed() => {}
            () = stopping.cancelled() => return "the keeper of room",
        }
        match admin.store.make_room().await {
            Ok(swept) => {
                failed = false;
                if swept.events > 0 {
                    tracing::warn!(events = swept.events, "settled events went before their time, to make room");
                }
            }
            // Once, and not every few seconds.
            Err(error) if !failed => {
                failed = true;
                tracing::error!(%error, "can't make room in the store");
            }
            Err(_) => {}
        }
    }
}

/// Returns when it is time to look again.
async fn due(admin: &Admin, failed: bool) {
    let looked_at = admin.clock.steady();
    admin.clock.sleep_until(looked_at + EVERY).await;
    // Whoever makes room for a store that is full, or mends what is in the way, waits to see that it helped.
    if !failed && admin.store.room().full.is_none() {
        tokio::select! {
            () = admin.store.stirred() => {}
            () = admin.clock.sleep_until(looked_at + AT_REST) => {}
        }
    }
}
