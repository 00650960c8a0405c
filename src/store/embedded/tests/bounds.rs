//! How a store on a disk keeps to its bounds.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use futures_util::FutureExt;

use super::*;
use crate::{
    config::size::Size,
    store::{
        embedded::room::Gauge,
        room::{Bounds, Measured},
    },
};

const BOUNDS: Bounds = Bounds { max_size: Some(Size(1600)), min_free: Size(0) };

/// A store that takes as much as the test says.
fn taking(folder: &Path, used: Arc<AtomicU64>) -> EmbeddedStore {
    let gauge =
        |_: &Disk| -> Gauge { Box::new(move || Ok(Measured { used: used.load(Ordering::Relaxed), free: u64::MAX })) };
    EmbeddedStore::open_with(folder, Seal::default(), BOUNDS, gauge, Way::to(folder)).unwrap()
}

#[tokio::test]
async fn a_folder_is_made_smaller_by_as_much_as_is_needed_and_by_little_more() {
    let folder = tempfile::tempdir().unwrap();
    let store = opened(folder.path());
    let mut events = Vec::new();
    for number in 0..120 {
        events.push(accepted_large(&store, number, &[target(1, 1)]).await);
    }
    // Each tenth waits, so that no file of payloads is wholly dead.
    let settled: Vec<_> = events.iter().enumerate().filter(|(number, _)| number % 10 != 0).map(|(_, id)| *id).collect();
    store.settle(lane(1), &settled, Verdict::Accepted, None, minute(1)).await.unwrap();
    drop(store);
    let before = room::taken(folder.path()).unwrap();
    let bounds = Bounds { max_size: Some(Size::megabytes(180)), min_free: Size(0) };
    let store = EmbeddedStore::open_bounded(folder.path(), Seal::default(), bounds).unwrap();
    let swept = store.make_room().await.unwrap().events;
    let after = room::taken(folder.path()).unwrap();
    assert!(before > 160_000_000, "{before}");
    assert!(after < 140_000_000, "its goal is three quarters of what it may take: {after}");
    let left = 120 - swept as u64;
    assert!(left << 20 >= 135_000_000 - 64_000_000 - (33 << 20), "a journal and a step below the goal: {left}");
    assert_eq!(store.due(lane(1), 99).len(), 12, "what waits is there");
    for id in events.iter().step_by(10).chain(settled.get(swept..).unwrap()) {
        assert!(store.event(*id).await.is_ok(), "the oldest go");
    }
    assert_eq!(store.make_room().await.unwrap().events, 0, "there is room now");
}

#[tokio::test]
async fn what_must_go_is_the_oldest_with_dead_letters_last_and_what_waits_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let store = opened(folder.path());
    let mut events = Vec::new();
    for at in 0..5 {
        events.push(accepted(&store, at, &[target(1, 1)]).await);
    }
    let dead = Verdict::Dead { why: Reason::Expired };
    store.settle(lane(1), &events[..1], dead, None, minute(9)).await.unwrap();
    store.settle(lane(1), &events[2..4], Verdict::Accepted, None, minute(9)).await.unwrap();
    let oldest = |bytes| {
        let sweep::Oldest { unlisted, listed } = sweep::oldest(&store.disk, bytes).unwrap();
        (unlisted, listed)
    };
    assert_eq!(oldest(0), (vec![], vec![]));
    assert_eq!(oldest(1), (vec![events[2]], vec![]));
    assert_eq!(oldest(u64::MAX), (events[2..4].to_vec(), events[..1].to_vec()));
    store.purge_dead(None).await.unwrap();
    assert_eq!(oldest(1), (vec![events[0]], vec![]), "nobody waits for it any more");
}

#[tokio::test]
async fn a_full_store_refuses_what_is_new_and_does_all_else() {
    let folder = tempfile::tempdir().unwrap();
    let used = Arc::new(AtomicU64::default());
    let store = taking(folder.path(), used.clone());
    let id = accepted(&store, 0, &[target(1, 1), target(2, 1)]).await;
    let exported = lines(&store).await;
    used.store(1500, Ordering::Relaxed);
    store.make_room().await.unwrap();
    let refused = store.accept(event(None, minute(1)), vec![], vec![target(1, 1)], Reason::NoSubscription).await;
    assert!(matches!(refused, Err(StoreError::Full { .. })), "{refused:?}");
    let line = serde_json::from_str(&exported[1]).unwrap();
    assert!(matches!(store.import(line).await, Err(StoreError::Full { .. })));
    store.health().unwrap();
    let dead = Verdict::Dead { why: Reason::Expired };
    store.settle(lane(1), &[id], dead, Some(attempt(minute(2), Reason::TimedOut)), minute(2)).await.unwrap();
    assert_eq!(store.replay(id, vec![target(1, 1)], minute(3)).await.unwrap(), 1);
    store.put_subscription(subscription(1, false)).await.unwrap();
    let own = Event { source: SourceName::relay(), ..event(None, minute(3)) };
    let told = store.accept(own, vec![], vec![target(3, 1)], Reason::NoSubscription).await;
    assert!(matches!(told, Ok(Accepted::New(_))), "an admin is told of what is wrong");
    used.store(1000, Ordering::Relaxed);
    store.make_room().await.unwrap();
    accepted(&store, 4, &[]).await;
}

#[tokio::test]
async fn the_bound_is_seen_while_there_is_writing_and_nobody_else_looks() {
    let folder = tempfile::tempdir().unwrap();
    let used = Arc::new(AtomicU64::default());
    let store = taking(folder.path(), used.clone());
    used.store(9999, Ordering::Relaxed);
    let mut taken = 0;
    let refused = loop {
        let sent = Event { body: crate::event::RawBody(noise(1 << 20, taken)), ..event(None, minute(0)) };
        match store.accept(sent, vec![], vec![], Reason::NoSubscription).await {
            Ok(_) => taken += 1,
            Err(error) => break error,
        }
        assert!(taken < 20, "it was never seen");
    };
    assert!(matches!(refused, StoreError::Full { .. }), "{refused}");
    assert!((7..=10).contains(&taken), "after 8 MiB: {taken}");
}

#[tokio::test]
async fn what_somebody_still_reads_is_not_given_back_and_nothing_more_goes_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let used = Arc::new(AtomicU64::new(1400));
    let store = taking(folder.path(), used);
    accepted(&store, 0, &[]).await;
    let reader = reads::View::new(&store.disk);
    assert_eq!(store.make_room().await.unwrap().events, 1);
    accepted(&store, 1, &[]).await;
    assert_eq!(store.make_room().await.unwrap().events, 0, "the first may give all the room that is needed");
    drop(reader);
    assert_eq!(store.make_room().await.unwrap().events, 1);
}

#[tokio::test]
async fn it_is_known_whether_anything_was_written_since_somebody_asked() {
    let folder = tempfile::tempdir().unwrap();
    let store = opened(folder.path());
    assert!(store.stirred().now_or_never().is_none());
    accepted(&store, 0, &[]).await;
    accepted(&store, 1, &[]).await;
    assert!(store.stirred().now_or_never().is_some());
    assert!(store.stirred().now_or_never().is_none(), "that was told");
}
