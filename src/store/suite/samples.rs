//! The samples of the stores' tests: events, subscriptions, attempts, and what is done with them again and again.

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;

use crate::{
    card::Severity,
    delivery::{Attempt, Target, Verdict},
    destination::{Destination, DestinationId, WebhookUrl, header::Header},
    event::{Codings, Encoding, Event, EventType, RawBody},
    name::{EventId, SubscriptionId},
    outcome::{Accounts, Reason},
    store::{Accepted, ExportLine, Page, Store},
    subscription::{Look, Restraint, Subscription},
};

/// An instant so many minutes after the tests' beginning of time.
pub(in crate::store) fn minute(minute: i64) -> Timestamp {
    Timestamp::from_millisecond(1_795_000_000_000 + minute * 60_000).unwrap()
}

pub(in crate::store) fn event(delivery_id: Option<&str>, received_at: Timestamp) -> Event {
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

pub(in crate::store) fn lane(number: u64) -> DestinationId {
    DestinationId::from_u64(number)
}

pub(in crate::store) fn target(lane_number: u64, subscription: u128) -> Target {
    Target { destination: lane(lane_number), subscription: SubscriptionId::from_u128(subscription) }
}

pub(in crate::store) fn subscription(number: u128, paused: bool) -> Subscription {
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

pub(in crate::store) fn attempt(at: Timestamp, reason: Reason) -> Attempt {
    Attempt { at, took: Duration::from_millis(120), status: Some(503), reason, answer: "busy".into() }
}

pub(in crate::store) fn retry(at: Timestamp, why: Reason) -> Verdict {
    Verdict::Retry { at, why, counts: why != Reason::Throttled }
}

/// Accepts an event of that minute, without a delivery id, and gives its id.
pub(in crate::store) async fn accepted(store: &dyn Store, at: i64, targets: &[Target]) -> EventId {
    match store.accept(event(None, minute(at)), vec![], targets.to_vec(), Reason::NoSubscription).await.unwrap() {
        Accepted::New(id) => id,
        Accepted::Duplicate(id) | Accepted::Replayed(id) => {
            panic!("{id} has no delivery id, no signature, and can't be a repeat")
        }
    }
}

/// The same with a mebibyte that can't be compressed.
pub(in crate::store) async fn accepted_large(store: &dyn Store, seed: u64, targets: &[Target]) -> EventId {
    let mut sent = event(None, minute(0));
    sent.body = RawBody(noise(1 << 20, seed));
    match store.accept(sent, vec![], targets.to_vec(), Reason::NoSubscription).await.unwrap() {
        Accepted::New(id) => id,
        repeat => panic!("{repeat:?}"),
    }
}

pub(in crate::store) fn noise(size: usize, seed: u64) -> Bytes {
    let mut state = (seed + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let words = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    words.take(size.div_ceil(8)).flatten().collect()
}

pub(in crate::store) async fn lines(store: &dyn Store) -> Vec<String> {
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

pub(in crate::store) async fn import(store: &dyn Store, lines: &[String]) {
    for line in lines {
        store.import(serde_json::from_str::<ExportLine>(line).unwrap()).await.unwrap();
    }
}

/// Imports these lines twice: they are what is exported then, each time.
pub(super) async fn take_twice(store: &dyn Store, exported: &[String]) {
    for _ in 0..2 {
        import(store, exported).await;
        assert_eq!(lines(store).await, exported);
    }
}

pub(super) fn books(accepted: u64, delivered: u64, digested: u64, dead: u64, ignored: u64, waiting: u64) -> Accounts {
    Accounts { accepted, delivered, digested, dead, ignored, waiting }
}

pub(super) fn due(store: &dyn Store, number: u64) -> Vec<EventId> {
    store.due(lane(number), 100).iter().map(|waiting| waiting.event).collect()
}

pub(super) const FIRST: Page = Page { before: None, limit: 100 };
