//! Looks at all lanes once a minute: wakes them, in case a wake-up was lost, and tells when deliveries pile up. Between
//! that it wakes whichever gets new work.

use std::{collections::HashSet, sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::{
    admin::Admin,
    destination::DestinationId,
    dispatch::notices::Notice,
    lane::{Lanes, woken::Woken},
    store::StoreError,
};

const EVERY: Duration = Duration::from_secs(60);

/// Lanes with new work are woken together this often at most: too short to be noticed, and long to a processor.
const GATHER: Duration = Duration::from_millis(10);

/// Wakes all lanes that have work, now and from time to time, and between that whichever gets new work.
pub(super) async fn run(
    admin: Arc<Admin>,
    lanes: Lanes,
    woken: Arc<Woken>,
    stopping: CancellationToken,
) -> &'static str {
    let mut look_again = admin.clock.steady();
    let mut told = HashSet::new();
    loop {
        tokio::select! {
            new = woken.take() => {
                new.into_iter().for_each(|lane| lanes.wake(lane));
                // A lane that rests looks anew each time that it is woken, which in a storm would be for each event.
                tokio::time::sleep(GATHER).await;
            }
            () = admin.clock.sleep_until(look_again) => {
                let all = admin.store.lanes();
                all.iter().for_each(|lane| lanes.wake(*lane));
                if let Err(error) = tell_what_piles_up(&admin, &all, &mut told).await {
                    tracing::error!(%error, "an admin could not be told that deliveries pile up");
                }
                admin.metrics.add_up();
                look_again = admin.clock.steady() + EVERY;
            }
            () = stopping.cancelled() => break,
        }
    }
    "the lanes"
}

/// Tells, once until it is over, of each lane whose oldest delivery has waited for more than half of its time.
async fn tell_what_piles_up(
    admin: &Admin,
    lanes: &[DestinationId],
    told: &mut HashSet<DestinationId>,
) -> Result<(), StoreError> {
    let now = admin.clock.now();
    let slow: Vec<(DestinationId, Timestamp)> =
        lanes.iter().filter_map(|lane| Some((*lane, piles_up_since(admin, *lane, now)?))).collect();
    told.retain(|lane| slow.iter().any(|(slow, _)| slow == lane));
    for (lane, since) in slow {
        if told.insert(lane) {
            let waiting = admin.store.backlog(lane);
            tracing::warn!(destination = %lane, waiting, %since, "deliveries pile up");
            admin.dispatch.notify(lane, Notice::PilesUp { since }).await?;
        }
    }
    Ok(())
}

fn piles_up_since(admin: &Admin, lane: DestinationId, now: Timestamp) -> Option<Timestamp> {
    // That a destination takes nothing was told when it was paused.
    if admin.store.standing(lane).is_some_and(|standing| standing.state.is_shut()) {
        return None;
    }
    let head = admin.store.due(lane, 1).first().copied()?;
    let subscription = admin.store.subscription(head.target.subscription)?;
    let since = head.event.time();
    (since + admin.rules.load().ttl(&subscription.source) / 2 < now).then_some(since)
}
