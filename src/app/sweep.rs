//! Takes away what is past its time, once an hour.

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use crate::{admin::Admin, config::storage::Storage};

const EVERY: Duration = Duration::from_secs(3600);

pub(super) async fn run(admin: Arc<Admin>, storage: Storage, stopping: CancellationToken) -> &'static str {
    loop {
        let now = admin.clock.now();
        match admin.store.sweep(now - storage.retain.0, now - storage.retain_dead.0).await {
            Ok(swept) if swept.events > 0 => tracing::info!(events = swept.events, "swept events past their time"),
            Ok(_) => {}
            Err(error) => tracing::error!(%error, "can't sweep"),
        }
        tokio::select! {
            () = admin.clock.sleep_until(admin.clock.steady() + EVERY) => {}
            () = stopping.cancelled() => return "the sweeper",
        }
    }
}
