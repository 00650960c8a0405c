//! Sees to it that the store has room: every few seconds, and at once when it gets little.

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use crate::admin::Admin;

const EVERY: Duration = Duration::from_secs(5);

pub(super) async fn run(admin: Arc<Admin>, stopping: CancellationToken) -> &'static str {
    let mut failed = false;
    loop {
        tokio::select! {
            () = admin.clock.sleep_until(admin.clock.steady() + EVERY) => {}
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
