//! What is taken away, by its age or for want of room.

use super::samples::*;
use crate::{
    config::size::Size,
    delivery::Verdict,
    event::{Event, RawBody},
    outcome::Reason,
    seal::Seal,
    store::{Accepted, Bounds, EmbeddedStore, MemoryStore, Store, StoreError},
};

conformance! {
    async fn a_sweep_takes_what_is_settled_and_past_its_time_with_its_delivery_id(store) {
        let old = store.accept(event(Some("d-1"), minute(0)), vec![], vec![target(1, 1)], Reason::NoSubscription).await;
        let Accepted::New(old) = old.unwrap() else { panic!("nothing was there before") };
        let waits = accepted(store, 0, &[target(1, 1), target(2, 1)]).await;
        let dead = accepted(store, 0, &[target(1, 1)]).await;
        let young = accepted(store, 20, &[]).await;
        let made = Some(attempt(minute(1), Reason::Delivered));
        store.settle(lane(1), &[old, waits], Verdict::Accepted, made, minute(1)).await.unwrap();
        store.settle(lane(1), &[dead], Verdict::Dead { why: Reason::Expired }, None, minute(1)).await.unwrap();
        let before = store.accounts();
        assert_eq!(store.sweep(minute(10), minute(0)).await.unwrap().events, 1);
        assert!(matches!(store.event(old).await, Err(StoreError::Missing { .. })));
        assert!(matches!(store.history(old).await, Err(StoreError::Missing { .. })));
        let left: Vec<_> = store.events(FIRST).await.unwrap().iter().map(|record| record.id).collect();
        assert_eq!(left, [young, dead, waits]);
        assert_eq!(store.sweep(minute(10), minute(10)).await.unwrap().events, 1);
        assert_eq!(store.dead(FIRST).await.unwrap(), []);
        assert_eq!(store.accounts(), before);
        let again = store.accept(event(Some("d-1"), minute(30)), vec![], vec![], Reason::NoSubscription).await.unwrap();
        assert!(matches!(again, Accepted::New(id) if id > young), "{again:?}");
    }

    async fn a_purged_dead_letter_no_longer_keeps_its_event(store) {
        let id = accepted(store, 0, &[target(1, 1)]).await;
        store.settle(lane(1), &[id], Verdict::Dead { why: Reason::Expired }, None, minute(1)).await.unwrap();
        assert_eq!(store.sweep(minute(10), minute(0)).await.unwrap().events, 0);
        store.purge_dead(None).await.unwrap();
        assert_eq!(store.sweep(minute(10), minute(0)).await.unwrap().events, 1);
    }
}

mod a_store_that_is_kept_small_takes_ever_more_as_long_as_what_it_holds_is_settled {
    use super::*;

    const BOUNDS: Bounds = Bounds { max_size: Some(Size::megabytes(150)), min_free: Size(0) };

    async fn holds(store: &dyn Store) {
        let waits = accepted_large(store, 0, &[target(2, 1)]).await;
        let (mut swept, mut all) = (0, Vec::new());
        for seed in 1..=150 {
            let id = accepted_large(store, seed, &[target(1, 1)]).await;
            store.settle(lane(1), &[id], Verdict::Accepted, None, minute(1)).await.unwrap();
            all.push(id);
            if seed % 8 == 0 {
                swept += store.make_room().await.unwrap().events;
                assert!(store.room().used < 150_000_000, "{:?}", store.room());
            }
        }
        assert!(swept > 20, "{swept}");
        for (number, id) in all.iter().enumerate() {
            assert_eq!(store.event(*id).await.is_ok(), number >= swept, "the oldest {swept} are gone: {number}");
        }
        assert!(store.event(waits).await.is_ok());
        let mut waiting = 1;
        let refused = loop {
            let sent = Event { body: RawBody(noise(1 << 20, 1000 + waiting)), ..event(None, minute(2)) };
            match store.accept(sent, vec![], vec![target(2, 1)], Reason::NoSubscription).await {
                Ok(_) => waiting += 1,
                Err(error) => break error,
            }
            swept += store.make_room().await.unwrap().events;
            assert!(store.room().used < 150_000_000, "{:?}", store.room());
        };
        assert!(matches!(refused, StoreError::Full { .. }), "{refused}");
        assert_eq!((store.queue().0, swept), (waiting, 150), "nothing is left that could go");
        assert!(store.health().is_ok());
        while let Some(next) = store.due(lane(2), 1).first() {
            store.settle(lane(2), &[next.event], Verdict::Accepted, None, minute(3)).await.unwrap();
        }
        store.make_room().await.unwrap();
        accepted(store, 4, &[]).await;
        assert!(store.accounts().balance());
    }

    #[tokio::test]
    async fn in_memory() {
        holds(&MemoryStore::bounded(BOUNDS)).await;
    }

    #[tokio::test]
    async fn on_disk() {
        let folder = tempfile::tempdir().unwrap();
        holds(&EmbeddedStore::open_bounded(folder.path(), Seal::default(), BOUNDS).unwrap()).await;
    }
}
