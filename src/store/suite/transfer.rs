//! Everything out, line by line, and in again.

use super::samples::*;
use crate::{
    delivery::Verdict,
    event::{Codings, Encoding},
    outcome::Reason,
    store::{Accepted, EmbeddedStore, ExportLine, MemoryStore, Store, StoreError},
};

conformance! {
    async fn an_export_that_is_imported_gives_the_same_export(store) {
        store.put_subscription(subscription(1, true)).await.unwrap();
        store.put_subscription(subscription(2, false)).await.unwrap();
        store.accept(event(Some("d-1"), minute(0)), vec![], vec![], Reason::NotMapped).await.unwrap();
        let purged = accepted(store, 1, &[target(1, 1), target(2, 2)]).await;
        let listed = accepted(store, 2, &[target(1, 1), target(2, 2), target(3, 2)]).await;
        let made = || Some(attempt(minute(3), Reason::ServerError));
        store.settle(lane(1), &[purged], Verdict::Dead { why: Reason::Expired }, made(), minute(3)).await.unwrap();
        store.purge_dead(None).await.unwrap();
        store.settle(lane(1), &[listed], Verdict::Dead { why: Reason::Expired }, made(), minute(3)).await.unwrap();
        store.settle(lane(2), &[listed], Verdict::Accepted, made(), minute(4)).await.unwrap();
        store.settle(lane(3), &[listed], retry(minute(9), Reason::TimedOut), made(), minute(4)).await.unwrap();
        let exported = lines(store).await;
        assert_eq!(exported.len(), 1 + 2 + 3 + 1);
        assert_eq!(exported[6], r#"{"record":"end","records":5}"#);

        let folder = tempfile::tempdir().unwrap();
        let others: [&dyn Store; 2] = [&MemoryStore::default(), &EmbeddedStore::open(folder.path()).unwrap()];
        for other in others {
            for _ in 0..2 {
                import(other, &exported).await;
                assert_eq!(lines(other).await, exported);
                assert_eq!(other.accounts(), books(6, 1, 0, 2, 1, 2));
            }
            assert_eq!(other.due(lane(3), 9), store.due(lane(3), 9));
            assert_eq!(other.dead(FIRST).await.unwrap(), store.dead(FIRST).await.unwrap());
            let again = other.accept(event(Some("d-1"), minute(0)), vec![], vec![], Reason::NotMapped).await.unwrap();
            assert!(matches!(again, Accepted::Duplicate(_)), "{again:?}");
            assert!(accepted(other, 0, &[]).await > listed);
        }
    }

    async fn an_export_of_format_one_is_imported(store) {
        let line = r#"{"record":"event","id":"01KPZ80000000000000000000A","source":"forge","type":"merge","action":"done",
            "delivery_id":null,"received_at":"2026-11-18T17:06:40Z","headers":[],"encoding":"form_payload",
            "body":"cGF5bG9hZD0lN0IlN0Q=","ignored":"not_mapped","deliveries":[]}"#;
        for line in [r#"{"record":"header","program":"teams-relay","format":1}"#, line] {
            store.import(serde_json::from_str(line).unwrap()).await.unwrap();
        }
        let id = store.events(FIRST).await.unwrap()[0].id;
        let event = store.event(id).await.unwrap();
        assert_eq!((event.encoding, &event.codings), (Encoding::Form, &Codings::default()));
        assert_eq!(event.payload().unwrap(), serde_json::json!({}));
    }

    async fn an_import_refuses_what_is_not_an_export_it_knows(store) {
        let refused = |line: &'static str| async move {
            let line: ExportLine = serde_json::from_str(line).unwrap();
            matches!(store.import(line).await, Err(StoreError::Damaged { .. }))
        };
        assert!(refused(r#"{"record":"header","program":"other","format":1}"#).await);
        assert!(refused(r#"{"record":"header","program":"teams-relay","format":3}"#).await);
        assert!(refused(r#"{"record":"subscription","format":1}"#).await);
        assert!(refused(r#"{"record":"event","id":"x"}"#).await);
        accepted(store, 0, &[]).await;
        let id = "7ZZZZZZZZZZZZZZZZZZZZZZZZZ";
        let late = lines(store).await[1].replace(&store.events(FIRST).await.unwrap()[0].id.to_string(), id);
        assert!(matches!(
            store.import(serde_json::from_str(&late).unwrap()).await,
            Err(StoreError::Damaged { .. })
        ));
        assert_eq!(store.accounts().accepted, 1);
    }
}
