//! What every store must do, tried on each of them; and the samples that the stores' other tests use too.

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;

use super::{
    Accepted, Bounds, Captured, EmbeddedStore, ExportLine, KEPT_ATTEMPTS, MemoryStore, Page, Store, StoreError, Usage,
};
use crate::{
    card::Severity,
    config::{duration::Span, profile::Window, size::Size},
    delivery::{Attempt, DeliveryState, Target, Verdict},
    destination::{Destination, DestinationId, WebhookUrl, header::Header},
    event::{Charset, Codings, Compression, Encoding, Event, EventType, RawBody, Replay},
    name::{EventId, InvitationId, SourceName, SubscriptionId},
    outcome::{Accounts, Reason},
    seal::Seal,
    secret::Secret,
    standing::{Actor, Standing, State},
    subscription::{Look, Restraint, Subscription},
};

/// An instant so many minutes after the tests' beginning of time.
pub(super) fn minute(minute: i64) -> Timestamp {
    Timestamp::from_millisecond(1_795_000_000_000 + minute * 60_000).unwrap()
}

pub(super) fn event(delivery_id: Option<&str>, received_at: Timestamp) -> Event {
    Event {
        source: "forge".parse().unwrap(),
        kind: EventType::new("merge", Some("done")),
        delivery_id: delivery_id.map(str::to_owned),
        received_at,
        headers: vec![("x-forge-event".into(), "merge".into())],
        encoding: Encoding::Json,
        codings: Codings::default(),
        body: RawBody(Bytes::from_static(br#"{"title":"payload-text"}"#)),
    }
}

pub(super) fn lane(number: u64) -> DestinationId {
    DestinationId::from_u64(number)
}

pub(super) fn target(lane_number: u64, subscription: u128) -> Target {
    Target { destination: lane(lane_number), subscription: SubscriptionId::from_u128(subscription) }
}

pub(super) fn subscription(number: u128, paused: bool) -> Subscription {
    Subscription {
        id: SubscriptionId::from_u128(number),
        name: Some(format!("channel {number}")),
        source: "forge".parse().unwrap(),
        events: vec!["merge.*".into()],
        filter: Some("payload.draft == false".into()),
        destination: Destination {
            url: WebhookUrl::stored(format!("https://a.example/url-secret/{number}")),
            profile: "workflow".parse().unwrap(),
            quota_group: Some("team".parse().unwrap()),
            headers: vec![Header::new("x-alert-secret", &format!("header-secret-{number}")).unwrap()],
            entra: Some("prod".parse().unwrap()),
        },
        look: Look {
            templates: Some("ops".parse().unwrap()),
            locale: Some("de".parse().unwrap()),
            time_zone: Some("Europe/Berlin".parse().unwrap()),
        },
        restraint: Restraint {
            min_severity: Some(Severity::Warning),
            only_changes: true,
            quiet: Some("22:00-07:00".parse().unwrap()),
        },
        asked: None,
        paused_at: paused.then(|| minute(0)),
        created_at: minute(0),
    }
}

pub(super) fn attempt(at: Timestamp, reason: Reason) -> Attempt {
    Attempt { at, took: Duration::from_millis(120), status: Some(503), reason, answer: "busy".into() }
}

pub(super) fn retry(at: Timestamp, why: Reason) -> Verdict {
    Verdict::Retry { at, why, counts: why != Reason::Throttled }
}

/// Accepts an event of that minute, without a delivery id, and gives its id.
pub(super) async fn accepted(store: &dyn Store, at: i64, targets: &[Target]) -> EventId {
    match store.accept(event(None, minute(at)), vec![], targets.to_vec(), Reason::NoSubscription).await.unwrap() {
        Accepted::New(id) => id,
        Accepted::Duplicate(id) | Accepted::Replayed(id) => {
            panic!("{id} has no delivery id, no signature, and can't be a repeat")
        }
    }
}

/// The same with a mebibyte that can't be compressed.
pub(super) async fn accepted_large(store: &dyn Store, seed: u64, targets: &[Target]) -> EventId {
    let mut sent = event(None, minute(0));
    sent.body = RawBody(noise(1 << 20, seed));
    match store.accept(sent, vec![], targets.to_vec(), Reason::NoSubscription).await.unwrap() {
        Accepted::New(id) => id,
        repeat => panic!("{repeat:?}"),
    }
}

pub(super) fn noise(size: usize, seed: u64) -> Bytes {
    let mut state = (seed + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let words = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    words.take(size.div_ceil(8)).flatten().collect()
}

pub(super) async fn lines(store: &dyn Store) -> Vec<String> {
    let (lines, mut taken) = tokio::sync::mpsc::channel(1);
    let take = async {
        let mut all = Vec::new();
        while let Some(line) = taken.recv().await {
            all.push(serde_json::to_string(&line).unwrap());
        }
        all
    };
    let (exported, all) = tokio::join!(store.export(lines), take);
    exported.unwrap();
    all
}

pub(super) async fn import(store: &dyn Store, lines: &[String]) {
    for line in lines {
        store.import(serde_json::from_str::<ExportLine>(line).unwrap()).await.unwrap();
    }
}

fn books(accepted: u64, delivered: u64, digested: u64, dead: u64, ignored: u64, waiting: u64) -> Accounts {
    Accounts { accepted, delivered, digested, dead, ignored, waiting }
}

fn due(store: &dyn Store, number: u64) -> Vec<EventId> {
    store.due(lane(number), 100).iter().map(|waiting| waiting.event).collect()
}

const FIRST: Page = Page { before: None, limit: 100 };

macro_rules! conformance {
    ($($(#[doc = $doc:literal])* async fn $name:ident($store:ident) $body:block)*) => {$(
        $(#[doc = $doc])*
        mod $name {
            use super::*;

            async fn holds($store: &dyn Store) {
                $body
                assert!($store.accounts().balance(), "{:?}", $store.accounts());
                assert_eq!($store.accounts().waiting, $store.queue().0);
            }

            #[tokio::test]
            async fn in_memory() {
                holds(&MemoryStore::default()).await;
            }

            #[tokio::test]
            async fn on_disk() {
                let folder = tempfile::tempdir().unwrap();
                holds(&EmbeddedStore::open(folder.path()).unwrap()).await;
            }
        }
    )*};
}

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

    async fn a_purged_dead_letter_no_longer_keeps_its_event(store) {
        let id = accepted(store, 0, &[target(1, 1)]).await;
        store.settle(lane(1), &[id], Verdict::Dead { why: Reason::Expired }, None, minute(1)).await.unwrap();
        assert_eq!(store.sweep(minute(10), minute(0)).await.unwrap().events, 0);
        store.purge_dead(None).await.unwrap();
        assert_eq!(store.sweep(minute(10), minute(0)).await.unwrap().events, 1);
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
                for _ in 0..2 {
                    import(other, &exported).await;
                    assert_eq!(lines(other).await, exported);
                }
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
            for _ in 0..2 {
                import(other, &exported).await;
                assert_eq!(lines(other).await, exported);
            }
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

    async fn debug_output_holds_no_payload_and_no_url(store) {
        store.put_subscription(subscription(1, false)).await.unwrap();
        let id = accepted(store, 0, &[target(1, 1)]).await;
        let shown = format!("{store:?} {:?} {:?}", store.event(id).await.unwrap(), store.subscriptions());
        assert!(!shown.contains("payload-text") && !shown.contains("url-secret"), "{shown}");
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
