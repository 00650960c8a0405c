//! What waits in which lane, and what becomes of it there.

use super::samples::*;
use crate::{
    delivery::{DeliveryState, Verdict},
    name::{EventId, SubscriptionId},
    outcome::Reason,
    store::{EmbeddedStore, KEPT_ATTEMPTS, MemoryStore, Store},
};

conformance! {
    async fn a_delivery_waits_in_the_lane_of_each_target_in_order_of_acceptance(store) {
        let first = accepted(store, 5, &[target(1, 1), target(2, 2)]).await;
        // The clock went back; the order of acceptance stands.
        let second = accepted(store, 1, &[target(1, 2)]).await;
        let third = accepted(store, 6, &[target(1, 1)]).await;
        assert_eq!(store.lanes(), [lane(1), lane(2)]);
        assert_eq!(due(store, 1), [first, second, third]);
        assert_eq!(due(store, 2), [first]);
        assert_eq!(store.due(lane(1), 2).len(), 2);
        assert_eq!(store.due(lane(9), 2), []);
        assert_eq!(store.due(lane(1), 9)[1].due_at, minute(1));
        assert_eq!(store.queue(), (4, Some(minute(5))));
    }

    async fn what_waits_for_a_paused_subscription_is_held_back_until_it_goes_on(store) {
        store.put_subscription(subscription(1, true)).await.unwrap();
        store.put_subscription(subscription(2, false)).await.unwrap();
        let held = accepted(store, 0, &[target(1, 1), target(2, 1)]).await;
        let free = accepted(store, 1, &[target(1, 2)]).await;
        assert_eq!((store.lanes(), due(store, 1)), (vec![lane(1)], vec![free]));
        assert_eq!(store.queue(), (3, Some(minute(0))));
        store.put_subscription(subscription(1, false)).await.unwrap();
        assert_eq!((store.lanes(), due(store, 1)), (vec![lane(1), lane(2)], vec![held, free]));
        store.put_subscription(subscription(1, true)).await.unwrap();
        // Removed, it is not paused any more: the lane finds that nobody wants it.
        store.remove_subscription(SubscriptionId::from_u128(1)).await.unwrap();
        assert_eq!(due(store, 1), [held, free]);
    }

    async fn a_retry_waits_on_with_failures_and_throttles_counted_apart(store) {
        let id = accepted(store, 0, &[target(1, 1)]).await;
        let mut counts = Vec::new();
        for why in [Reason::Throttled, Reason::Throttled, Reason::TimedOut, Reason::Throttled] {
            let made = Some(attempt(minute(1), why));
            store.settle(lane(1), &[id], retry(minute(9), why), made, minute(1)).await.unwrap();
            let waiting = store.due(lane(1), 1)[0];
            assert_eq!(waiting.due_at, minute(9));
            counts.push((waiting.failures, waiting.throttles));
        }
        assert_eq!(counts, [(0, 1), (0, 2), (1, 0), (1, 1)]);
        let (_, attempts) = store.history(id).await.unwrap();
        assert_eq!(attempts.len(), 4);
        assert_eq!(attempts[2], (lane(1), attempt(minute(1), Reason::TimedOut)));
    }

    async fn a_delivery_that_is_settled_is_passed_over(store) {
        let id = accepted(store, 0, &[target(1, 1), target(2, 1)]).await;
        let made = || Some(attempt(minute(1), Reason::Delivered));
        for verdict in [Verdict::Accepted, Verdict::Accepted, Verdict::Dead { why: Reason::Expired }] {
            store.settle(lane(1), &[id, EventId::from_u128(77)][..1], verdict, made(), minute(1)).await.unwrap();
        }
        store.settle(lane(3), &[id], Verdict::Accepted, made(), minute(1)).await.unwrap();
        store.settle(lane(1), &[EventId::from_u128(77)], Verdict::Accepted, made(), minute(1)).await.unwrap();
        assert_eq!(store.accounts(), books(2, 1, 0, 0, 0, 1));
        let (record, attempts) = store.history(id).await.unwrap();
        assert_eq!(record.deliveries[0].1, DeliveryState::Delivered { at: minute(1) });
        assert_eq!(attempts.len(), 1);
        assert_eq!(store.lanes(), [lane(2)]);
    }

    async fn one_card_for_many_is_counted_as_digested(store) {
        let mut events = Vec::new();
        for at in 0..3 {
            events.push(accepted(store, at, &[target(1, 1)]).await);
        }
        store.settle(lane(1), &events[..1], Verdict::Accepted, None, minute(4)).await.unwrap();
        store.settle(lane(1), &events, Verdict::Accepted, None, minute(5)).await.unwrap();
        assert_eq!(store.accounts(), books(3, 1, 2, 0, 0, 0));
    }

    async fn the_last_attempts_of_a_delivery_are_kept(store) {
        let id = accepted(store, 0, &[target(1, 1), target(2, 1)]).await;
        for at in 0..60 {
            let made = Some(attempt(minute(at), Reason::Throttled));
            store.settle(lane(1), &[id], retry(minute(at), Reason::Throttled), made, minute(at)).await.unwrap();
        }
        store.settle(lane(2), &[id], Verdict::Accepted, Some(attempt(minute(1), Reason::Delivered)), minute(1)).await
            .unwrap();
        let (_, attempts) = store.history(id).await.unwrap();
        let of_first: Vec<_> = attempts.iter().filter(|(to, _)| *to == lane(1)).map(|(_, made)| made.at).collect();
        assert_eq!(of_first, (60 - i64::from(KEPT_ATTEMPTS)..60).map(minute).collect::<Vec<_>>());
        assert_eq!(attempts.len(), of_first.len() + 1);
    }
}
