//! What is kept beside events: subscriptions, standings, quotas, captured secrets and what lets guests in.

use super::samples::*;
use crate::{
    config::{duration::Span, profile::Window},
    name::{InvitationId, SourceName, SubscriptionId},
    outcome::Reason,
    secret::Secret,
    standing::{Actor, Standing, State},
    store::{Captured, EmbeddedStore, ExportLine, MemoryStore, Store, StoreError, Usage},
    subscription::Subscription,
};

conformance! {
    async fn subscriptions_are_listed_oldest_first_and_replaced_by_id(store) {
        for number in [3, 1, 2] {
            store.put_subscription(subscription(number, false)).await.unwrap();
        }
        store.put_subscription(Subscription { name: None, ..subscription(2, false) }).await.unwrap();
        let names: Vec<_> = store.subscriptions().iter().map(|one| one.name.clone()).collect();
        assert_eq!(names, [Some("channel 1".into()), None, Some("channel 3".into())]);
        let gone = SubscriptionId::from_u128(3);
        let kept = store.subscriptions()[0].clone();
        assert_eq!((&kept.look, &kept.restraint), (&subscription(1, false).look, &subscription(1, false).restraint));
        store.remove_subscription(gone).await.unwrap();
        assert!(matches!(store.remove_subscription(gone).await, Err(StoreError::Missing { .. })));
        assert_eq!(store.subscriptions().len(), 2);
    }

    async fn how_destinations_stand_and_what_quotas_have_used_is_kept_replaced_and_forgotten(store) {
        let standing = |state, reason| Standing { state, reason, since: minute(1), by: Actor::Relay };
        let (active, paused) = (standing(State::Active, None), standing(State::Paused, Some(Reason::DestinationGone)));
        store.put_standing(lane(1), Some(active)).await.unwrap();
        store.put_standing(lane(2), Some(active)).await.unwrap();
        store.put_standing(lane(1), Some(paused)).await.unwrap();
        store.put_standing(lane(2), None).await.unwrap();
        assert_eq!((store.standing(lane(1)), store.standing(lane(2))), (Some(paused), None));
        let window = Window { posts: 25.try_into().unwrap(), per: Span::seconds(300) };
        let usage = |group: &str, at| Usage {
            group: group.to_owned(),
            at: minute(at),
            whole_at: vec![(window, minute(at + 5))],
            closed_until: Some(minute(at + 1)),
        };
        for (group, at) in [("group a", 1), ("group b", 2), ("group a", 3)] {
            store.put_usage(usage(group, at)).await.unwrap();
        }
        assert_eq!(store.usages().await.unwrap(), [usage("group a", 3), usage("group b", 2)]);
        store.forget_usages(vec!["group a".into()]).await.unwrap();
        assert_eq!(store.usages().await.unwrap(), [usage("group b", 2)]);
    }

    async fn what_subscriptions_were_told_last_is_kept_by_key_until_a_sweep(store) {
        let (one, two) = (SubscriptionId::from_u128(1), SubscriptionId::from_u128(2));
        store.put_told(one, vec![("main".into(), true), ("dev".into(), false)], minute(1)).await.unwrap();
        store.put_told(one, vec![("dev".into(), true)], minute(9)).await.unwrap();
        let told = async |id, key: &str| store.told(id, key).await.unwrap();
        assert_eq!((told(one, "main").await, told(one, "dev").await, told(two, "main").await), (Some(true), Some(true), None));
        store.sweep(minute(5), minute(5)).await.unwrap();
        assert_eq!((told(one, "main").await, told(one, "dev").await), (None, Some(true)));
    }

    async fn captured_secrets_are_kept_up_to_a_number_for_each_source_and_are_in_the_export(store) {
        let (one, two): (SourceName, SourceName) = ("one".parse().unwrap(), "two".parse().unwrap());
        let secret = |text: &str| Secret::new(text);
        for (source, text, at_most, wanted) in [
            (&one, "hook-a", 0, Captured::Full),
            (&one, "hook-a", 1, Captured::New),
            (&one, "hook-a", 1, Captured::Known),
            (&one, "hook-b", 1, Captured::Full),
            (&two, "hook-b", 1, Captured::New),
            (&one, "hook-b", 2, Captured::New),
            (&one, "hook-a", 1, Captured::Known),
        ] {
            let came = store.capture(source, secret(text), at_most, minute(0)).await.unwrap();
            assert_eq!(came, wanted, "{source} {text} {at_most}");
        }
        let texts = |store: &dyn Store, source: &SourceName| -> Vec<String> {
            store.captured(source).iter().map(|secret| secret.expose().to_owned()).collect()
        };
        assert_eq!(texts(store, &one), ["hook-a", "hook-b"]);
        assert!(!format!("{:?}", store.captured(&one)).contains("hook"));
        let exported = lines(store).await;
        assert_eq!(exported.len(), 1 + 3 + 1);
        let folder = tempfile::tempdir().unwrap();
        {
            let others: [&dyn Store; 2] = [&MemoryStore::default(), &EmbeddedStore::open(folder.path()).unwrap()];
            for other in others {
                take_twice(other, &exported).await;
            }
        }
        let again = EmbeddedStore::open(folder.path()).unwrap();
        assert_eq!((texts(&again, &one), texts(&again, &two)), (texts(store, &one), texts(store, &two)));
        let other: ExportLine = serde_json::from_str(r#"{"record":"captured","secret":"hook-c"}"#).unwrap();
        let refused = store.import(other).await.unwrap_err().to_string();
        assert!(!refused.contains("hook-c"), "{refused}");
    }

    async fn the_relays_own_key_is_made_once_and_an_invitation_is_used_once_and_both_are_in_the_export(store) {
        assert!(store.relay_key().is_none() && lines(store).await.len() == 2, "nothing is made before it is needed");
        let key = store.make_relay_key().await.unwrap();
        assert!(crate::seal::Key::parse(&key).is_ok(), "32 bytes");
        for again in [store.relay_key().unwrap(), store.make_relay_key().await.unwrap()] {
            assert!(again.is(key.expose().as_bytes()));
        }
        let [one, two] = [1, 2].map(InvitationId::from_u128);
        assert!(store.redeem(one, minute(60), minute(0)).await.unwrap());
        assert!(!store.redeem(one, minute(60), minute(0)).await.unwrap());
        assert!(store.redeem(two, minute(90), minute(1)).await.unwrap());
        let exported = lines(store).await;
        assert_eq!(exported.len(), 1 + 3 + 1);
        let folder = tempfile::tempdir().unwrap();
        let others: [&dyn Store; 2] = [&MemoryStore::default(), &EmbeddedStore::open(folder.path()).unwrap()];
        for other in others {
            take_twice(other, &exported).await;
            assert!(!other.redeem(two, minute(90), minute(2)).await.unwrap());
        }
        let mine = MemoryStore::default();
        let key = mine.make_relay_key().await.unwrap();
        import(&mine, &exported).await;
        assert!(mine.relay_key().unwrap().is(key.expose().as_bytes()), "a key that is there stays");
        let guessable = r#"{"record":"relay_key","format":1,"key":"hunter2"}"#;
        let refused = store.import(serde_json::from_str(guessable).unwrap()).await.unwrap_err().to_string();
        assert!(!refused.contains("hunter2"), "{refused}");
    }

    async fn an_invitation_that_was_taken_back_stays_so_whoever_uses_or_imports_it_until_its_time_is_over(store) {
        let [one, two, three] = [1, 2, 3].map(InvitationId::from_u128);
        let day = 24 * 60;
        assert!(store.redeem(one, minute(60), minute(0)).await.unwrap());
        let before = lines(store).await;
        for id in [one, two, one] {
            store.revoke(id, minute(9 * day), minute(1)).await.unwrap();
        }
        assert!(!store.redeem(two, minute(60), minute(2)).await.unwrap(), "it can't be used");
        assert!(store.redeem(three, minute(8 * day), minute(2)).await.unwrap());
        let revoked = |store: &dyn Store| [one, two, three].map(|id| store.is_revoked(id));
        assert_eq!(revoked(store), [true, true, false]);
        let exported = lines(store).await;
        let folder = tempfile::tempdir().unwrap();
        let others: [&dyn Store; 2] = [&MemoryStore::default(), &EmbeddedStore::open(folder.path()).unwrap()];
        for other in others {
            for export in [&before, &exported, &before] {
                import(other, export).await;
            }
            assert_eq!(revoked(other), [true, true, false]);
            assert_eq!(lines(other).await, exported);
        }
        assert!(store.redeem(InvitationId::from_u128(4), minute(99 * day), minute(10 * day + 1)).await.unwrap());
        assert_eq!(revoked(store), [false; 3], "nobody would believe them");
    }

    async fn a_used_invitation_is_forgotten_a_day_after_its_end(store) {
        let [one, two, three] = [1, 2, 3].map(InvitationId::from_u128);
        let day = 24 * 60;
        assert!(store.redeem(one, minute(60), minute(0)).await.unwrap());
        assert!(store.redeem(two, minute(60 + 9 * day), minute(60 + day)).await.unwrap());
        assert!(!store.redeem(one, minute(60), minute(60 + day)).await.unwrap(), "a day of grace");
        assert!(store.redeem(three, minute(60 + 9 * day), minute(61 + day)).await.unwrap());
        assert_eq!(lines(store).await.len(), 1 + 2 + 1, "two and three");
    }
}
