//! What is taken on, and what is a repeat.

use bytes::Bytes;

use super::samples::*;
use crate::{
    delivery::DeliveryState,
    event::{Charset, Codings, Compression, Encoding, Event, RawBody, Replay},
    outcome::Reason,
    store::{Accepted, EmbeddedStore, MemoryStore, Store},
};

conformance! {
    async fn an_event_is_read_back_byte_for_byte(store) {
        let body: Vec<u8> = (0..300_000_u32).map(|n| (n % 251) as u8).collect();
        let mut sent = event(Some("d-1"), minute(3));
        sent.body = RawBody(Bytes::from(body));
        sent.encoding = Encoding::Xml;
        let charset = Charset::parse("latin1");
        sent.codings = Codings { charset, compressions: vec![Compression::Brotli, Compression::Gzip] };
        let accepted = store.accept(sent.clone(), vec![], vec![target(1, 1)], Reason::NoSubscription).await.unwrap();
        let Accepted::New(id) = accepted else { panic!("{accepted:?}") };
        assert_eq!(store.event(id).await.unwrap(), sent);
        let (record, attempts) = store.history(id).await.unwrap();
        assert_eq!((record.size, record.kind.as_str(), attempts.len()), (300_000, "merge.done", 0));
        let due_at = minute(3);
        let state = DeliveryState::Waiting { failures: 0, throttles: 0, due_at };
        assert_eq!(record.deliveries, [(target(1, 1), state)]);
        assert_eq!(record.ignored, None);
    }

    async fn a_signature_is_taken_once_while_it_is_good(store) {
        let replay = |until: i64| vec![Replay { key: [7; 16], until: minute(until) }];
        let accept = |delivery_id, at, until| {
            store.accept(event(Some(delivery_id), minute(at)), replay(until), vec![target(1, 1)], Reason::NoSubscription)
        };
        let Accepted::New(first) = accept("d-1", 0, 5).await.unwrap() else { panic!("nothing was there before") };
        assert_eq!(accept("d-1", 1, 5).await.unwrap(), Accepted::Duplicate(first), "its own id says it first");
        assert_eq!(accept("d-2", 5, 5).await.unwrap(), Accepted::Replayed(first));
        assert_eq!(store.accounts(), books(1, 0, 0, 0, 0, 1));
        assert!(matches!(accept("d-2", 6, 11).await.unwrap(), Accepted::New(_)), "what is past is not remembered");
        assert!(matches!(accept("d-3", 11, 11).await.unwrap(), Accepted::Replayed(_)));
    }

    /// Else a repeat that the provider signed anew could be sent once more under another id.
    async fn the_signature_of_a_repeat_is_remembered_too(store) {
        let accept = |delivery_id, key: u8| {
            let replay = Replay { key: [key; 16], until: minute(5) };
            store.accept(event(Some(delivery_id), minute(0)), vec![replay], vec![], Reason::NotMapped)
        };
        let Accepted::New(first) = accept("d-1", 1).await.unwrap() else { panic!("nothing was there before") };
        assert_eq!(accept("d-1", 2).await.unwrap(), Accepted::Duplicate(first));
        assert_eq!(accept("d-9", 2).await.unwrap(), Accepted::Replayed(first));
    }

    /// A source whose signatures have a time in them, and which numbers nothing: what it tries again is signed anew.
    async fn a_body_is_a_repeat_for_a_fixed_time_whatever_its_signature(store) {
        let accept = |signature: u8, at, signed_until| {
            let body = Replay { key: [0; 16], until: minute(at + 5) };
            let signature = Replay { key: [signature; 16], until: minute(signed_until) };
            store.accept(event(None, minute(at)), vec![signature, body], vec![], Reason::NotMapped)
        };
        let Accepted::New(first) = accept(1, 0, 5).await.unwrap() else { panic!("nothing was there before") };
        assert_eq!(accept(2, 4, 9).await.unwrap(), Accepted::Replayed(first));
        assert_eq!(accept(3, 5, 9).await.unwrap(), Accepted::Replayed(first));
        assert_eq!(accept(2, 6, 9).await.unwrap(), Accepted::Replayed(first), "a repeat's signature is remembered too");
        let Accepted::New(second) = accept(4, 7, 12).await.unwrap() else { panic!("repeats made its time longer") };
        assert_eq!(accept(5, 8, 13).await.unwrap(), Accepted::Replayed(second));
    }

    async fn a_repeated_delivery_id_of_a_source_is_not_taken_on_again(store) {
        let again = || store.accept(event(Some("d-1"), minute(0)), vec![], vec![target(1, 1)], Reason::NoSubscription);
        let Accepted::New(first) = again().await.unwrap() else { panic!("nothing was there before") };
        assert_eq!(again().await.unwrap(), Accepted::Duplicate(first));
        let other = Event { source: "other".parse().unwrap(), ..event(Some("d-1"), minute(0)) };
        assert!(matches!(store.accept(other, vec![], vec![], Reason::NotMapped).await.unwrap(), Accepted::New(_)));
        accepted(store, 0, &[target(1, 1)]).await;
        accepted(store, 0, &[target(1, 1)]).await;
        assert_eq!(store.accounts(), books(4, 0, 0, 0, 1, 3));
    }

    async fn an_event_that_nobody_wants_counts_once_as_ignored(store) {
        let id = accepted(store, 0, &[]).await;
        assert_eq!(store.accounts(), books(1, 0, 0, 0, 1, 0));
        assert_eq!(store.history(id).await.unwrap().0.ignored, Some(Reason::NoSubscription));
        assert_eq!(store.lanes(), []);
    }

    async fn two_subscriptions_with_one_destination_get_one_delivery(store) {
        accepted(store, 0, &[target(1, 1), target(1, 2), target(2, 2)]).await;
        assert_eq!(store.accounts(), books(2, 0, 0, 0, 0, 2));
        assert_eq!(store.due(lane(1), 9).iter().map(|waiting| waiting.target).collect::<Vec<_>>(), [target(1, 1)]);
    }
}
