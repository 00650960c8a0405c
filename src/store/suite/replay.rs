//! Dead letters, and what waits again.

use super::samples::*;
use crate::{
    delivery::{DeliveryState, Verdict},
    outcome::Reason,
    store::{EmbeddedStore, MemoryStore, Page, Store},
};

conformance! {
    async fn a_dead_letter_is_listed_until_it_is_purged_and_stays_in_the_books(store) {
        let mut events = Vec::new();
        for at in 0..3 {
            events.push(accepted(store, at, &[target(1, 1), target(2, 2)]).await);
        }
        let why = Reason::DestinationGone;
        store.settle(lane(1), &events, Verdict::Dead { why }, None, minute(4)).await.unwrap();
        store.settle(lane(2), &events[1..2], Verdict::Dead { why }, None, minute(4)).await.unwrap();
        let listed = |page| async move {
            store.dead(page).await.unwrap().iter().map(|letter| (letter.event, letter.target)).collect::<Vec<_>>()
        };
        let (one, two) = (target(1, 1), target(2, 2));
        assert_eq!(listed(FIRST).await, [(events[2], one), (events[1], two), (events[1], one), (events[0], one)]);
        // A page does not part the letters of one event.
        assert_eq!(listed(Page { before: None, limit: 2 }).await.len(), 3);
        assert_eq!(listed(Page { before: Some(events[1]), limit: 2 }).await, [(events[0], one)]);
        assert_eq!(store.purge_dead(Some(events[1])).await.unwrap(), 3);
        assert_eq!(listed(FIRST).await, [(events[2], one)]);
        assert_eq!(store.purge_dead(None).await.unwrap(), 1);
        assert_eq!(store.purge_dead(None).await.unwrap(), 0);
        assert_eq!(store.accounts(), books(6, 0, 0, 4, 0, 2));
        let state = store.history(events[0]).await.unwrap().0.deliveries[0].1;
        assert_eq!(state, DeliveryState::Dead { at: minute(4), why });
    }

    async fn a_dead_delivery_that_is_replayed_leaves_the_list_and_waits(store) {
        let id = accepted(store, 0, &[target(1, 1)]).await;
        store.settle(lane(1), &[id], retry(minute(2), Reason::TimedOut), None, minute(1)).await.unwrap();
        store.settle(lane(1), &[id], Verdict::Dead { why: Reason::Expired }, None, minute(3)).await.unwrap();
        assert_eq!(store.replay(id, vec![target(1, 2)], minute(7)).await.unwrap(), 1);
        assert_eq!(store.accounts(), books(1, 0, 0, 0, 0, 1));
        assert_eq!(store.dead(FIRST).await.unwrap(), []);
        let waiting = store.due(lane(1), 9)[0];
        assert_eq!((waiting.target, waiting.failures, waiting.due_at), (target(1, 2), 0, minute(7)));
        assert_eq!(store.due(lane(1), 9).len(), 1);
    }

    async fn a_delivered_one_that_is_replayed_is_taken_on_anew(store) {
        let id = accepted(store, 0, &[target(1, 1)]).await;
        store.settle(lane(1), &[id], Verdict::Accepted, None, minute(1)).await.unwrap();
        // Twice the same in one call is one delivery, and the second call finds it waiting.
        assert_eq!(store.replay(id, vec![target(1, 1), target(1, 1)], minute(2)).await.unwrap(), 1);
        assert_eq!(store.replay(id, vec![target(1, 1)], minute(3)).await.unwrap(), 0);
        assert_eq!(store.accounts(), books(2, 1, 0, 0, 0, 1));
        assert_eq!(store.due(lane(1), 9)[0].due_at, minute(3));
    }

    async fn an_event_can_be_replayed_to_whom_it_did_not_go_before(store) {
        let ignored = accepted(store, 0, &[]).await;
        assert_eq!(store.replay(ignored, vec![target(1, 1), target(2, 1)], minute(2)).await.unwrap(), 2);
        assert_eq!(store.accounts(), books(2, 0, 0, 0, 0, 2));
        assert_eq!(store.history(ignored).await.unwrap().0.ignored, None);
        let wanted = accepted(store, 1, &[target(1, 1)]).await;
        assert_eq!(store.replay(wanted, vec![target(3, 1)], minute(2)).await.unwrap(), 1);
        assert_eq!(store.accounts(), books(4, 0, 0, 0, 0, 4));
        assert_eq!(store.replay(wanted, vec![], minute(2)).await.unwrap(), 0);
    }

    async fn what_the_subscription_does_not_want_is_ignored_and_can_be_replayed(store) {
        let id = accepted(store, 0, &[target(1, 1)]).await;
        let why = Reason::BelowSeverity;
        store.settle(lane(1), &[id], Verdict::Skipped { why }, None, minute(1)).await.unwrap();
        assert_eq!(store.accounts(), books(1, 0, 0, 0, 1, 0));
        let state = store.history(id).await.unwrap().0.deliveries[0].1;
        assert_eq!(state, DeliveryState::Skipped { at: minute(1), why });
        assert_eq!((store.backlog(lane(1)), store.dead(FIRST).await.unwrap().len()), (0, 0));
        assert_eq!(store.replay(id, vec![target(1, 1)], minute(2)).await.unwrap(), 1);
        assert_eq!(store.accounts(), books(1, 0, 0, 0, 0, 1));
        assert_eq!(store.backlog(lane(1)), 1);
    }
}
