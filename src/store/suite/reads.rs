//! What lists and records show, and what they do not.

use super::samples::*;
use crate::{
    delivery::Verdict,
    name::EventId,
    store::{EmbeddedStore, MemoryStore, Page, Store, StoreError},
};

conformance! {
    async fn events_are_listed_newest_first_page_by_page(store) {
        let mut all = Vec::new();
        for at in 0..7 {
            all.push(accepted(store, at, &[target(1, 1)]).await);
        }
        store.settle(lane(1), &[all[2], all[5]], Verdict::Accepted, None, minute(9)).await.unwrap();
        all.reverse();
        let mut seen: Vec<EventId> = Vec::new();
        loop {
            let page = store.events(Page { before: seen.last().copied(), limit: 3 }).await.unwrap();
            assert!(page.len() <= 3);
            if page.is_empty() {
                break;
            }
            seen.extend(page.iter().map(|record| record.id));
        }
        assert_eq!(seen, all);
    }

    async fn what_is_not_there_is_missing(store) {
        let id = EventId::from_u128(1);
        assert!(matches!(store.event(id).await, Err(StoreError::Missing { .. })));
        assert!(matches!(store.history(id).await, Err(StoreError::Missing { .. })));
        assert!(matches!(store.replay(id, vec![target(1, 1)], minute(0)).await, Err(StoreError::Missing { .. })));
        store.health().unwrap();
    }

    async fn debug_output_holds_no_payload_and_no_url(store) {
        store.put_subscription(subscription(1, false)).await.unwrap();
        let id = accepted(store, 0, &[target(1, 1)]).await;
        let shown = format!("{store:?} {:?} {:?}", store.event(id).await.unwrap(), store.subscriptions());
        assert!(!shown.contains("payload-text") && !shown.contains("url-secret"), "{shown}");
    }
}
