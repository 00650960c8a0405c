//! What is still to be said of refused webhooks, once a minute: those that got no line of their own in the log, and
//! who is no longer slowed down.

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use crate::{
    admin::Admin,
    http::refusal_log::RefusalLog,
    slowdown::{Pair, TOLD},
};

const EVERY: Duration = Duration::from_secs(60);

pub(super) async fn run(admin: Arc<Admin>, log: Arc<RefusalLog>, stopping: CancellationToken) -> &'static str {
    loop {
        let now = admin.clock.now();
        for summary in log.summaries(now) {
            let source = summary.source.as_ref().map(tracing::field::display);
            tracing::warn!(source, counts = summary.words(), "more webhooks refused");
        }
        tell(admin.ingest.slowdown.forget_quiet(admin.clock.steady()));
        tokio::select! {
            () = admin.clock.sleep_until(admin.clock.steady() + EVERY) => {}
            () = stopping.cancelled() => return "the log of refused webhooks",
        }
    }
}

/// With new settings: who was slowed down may try again, and sources that are gone are forgotten.
pub(super) fn begin_anew(admin: &Admin) {
    tell(admin.ingest.slowdown.forget_all());
    let rules = admin.rules.load();
    admin.rejects.retain(|source| rules.sources.contains_key(source));
}

fn tell(come_back: Vec<Pair>) {
    for Pair { source, client } in come_back.iter().take(TOLD) {
        tracing::info!(%source, %client, "a client is no longer slowed down");
    }
    if let Some(more) = come_back.len().checked_sub(TOLD).filter(|more| *more > 0) {
        tracing::info!(clients = more, "more clients are no longer slowed down");
    }
}
