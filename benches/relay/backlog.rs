//! (e) and (g): whether a backlog makes anything slower, and what it costs to start with one.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use jiff::Timestamp;
use teams_relay::{
    delivery::Target,
    event::{Codings, Encoding, Event, EventType, RawBody},
    outcome::Reason,
    store::Store,
};

use crate::{
    LOAD, ROUNDS,
    accept::{Measured, middle},
    daemon::{Home, Quotas, subscribe, subscription},
    load::{Push, load},
    median,
    process::{Process, disk_of},
    runtime,
    sink::Sink,
};

const ASKERS: usize = 512;

/// Puts so many events of 2 KiB into the store that wait for a channel which is paused.
fn fill(home: &Home, events: usize) {
    let held = subscription("http://127.0.0.1:9/held?sig=invented".to_owned(), |one| {
        one.paused_at = Some(one.created_at);
        one.events = vec!["never".to_owned()];
    });
    let target = Target { destination: held.destination.id(), subscription: held.id };
    subscribe(home, [held]);
    let store = Arc::new(home.store());
    runtime().block_on(async {
        let askers = (0..ASKERS).map(|asker| {
            let store = store.clone();
            tokio::spawn(async move {
                for number in (asker..events).step_by(ASKERS) {
                    let accepted = store.accept(event(number), Vec::new(), vec![target], Reason::NoSubscription).await;
                    accepted.unwrap();
                }
            })
        });
        for asker in askers.collect::<Vec<_>>() {
            asker.await.unwrap();
        }
    });
}

/// One of 2 KiB that compresses as JSON does.
pub(crate) fn event(number: usize) -> Event {
    let words: String = (0..28)
        .map(|word| format!("\"field_{word}\":\"{:x} of event {number}\",", number * 31 + word * 7919))
        .collect();
    let body = format!("{{{words}{:700}\"end\":0}}", "");
    Event {
        source: "github".parse().unwrap(),
        kind: EventType::new("push", None),
        delivery_id: Some(format!("delivery-{number}")),
        received_at: Timestamp::now(),
        headers: Vec::new(),
        encoding: Encoding::Json,
        codings: Codings::default(),
        body: RawBody(Bytes::from(body)),
    }
}

struct Case {
    waiting: usize,
    home: Home,
    relay: Process,
    accepts: Vec<Measured>,
    deliveries: Vec<f64>,
}

pub(crate) fn run() {
    let sinks = runtime();
    let sink = sinks.block_on(Sink::start());
    let push = Arc::new(Push::new("github"));
    let mut cases: Vec<Case> = [0, 10_000, 1_000_000]
        .into_iter()
        .map(|waiting| {
            let home = Home::new(Quotas::Lifted);
            fill(&home, waiting);
            let channels = (0..16).map(|channel| {
                let filter = format!("payload.after.endsWith('{channel:x}')");
                subscription(sink.url(channel), |one| one.filter = Some(filter))
            });
            subscribe(&home, channels);
            let start = Instant::now();
            let relay = home.start();
            let ready = start.elapsed();
            let disk = disk_of(&home.store_path());
            println!(
                "with {waiting:>9} waiting: ready in {ready:>8.2?}, {:>4} MB resident, {:>5} MB on disk (marks: 5 s, 250 MB)",
                relay.resident() / 1_000_000,
                disk / 1_000_000,
            );
            Case { waiting, home, relay, accepts: Vec::new(), deliveries: Vec::new() }
        })
        .collect();
    for _ in 0..ROUNDS {
        for case in &mut cases {
            let (accepts, deliveries) = measure(case, &push, &sink);
            case.accepts.push(accepts);
            case.deliveries.push(deliveries);
        }
    }
    let mut first = None;
    for case in cases {
        let (accepts, delivered) = (middle(case.accepts), median(case.deliveries, |rate| *rate));
        let accepted = accepts.answered.per_second();
        let (first_accepted, first_delivered) = *first.get_or_insert((accepted, delivered));
        println!(
            "with {:>9} waiting: {accepted:>7.0} accepts/s ({:.0} %), {delivered:>7.0} deliveries/s ({:.0} %), {} MB resident after it (mark: 80 %)",
            case.waiting,
            accepted / first_accepted * 100.0,
            delivered / first_delivered * 100.0,
            case.relay.resident() / 1_000_000,
        );
    }
}

/// Accepts while deliveries go on, and deliveries until all new ones are made.
fn measure(case: &Case, push: &Arc<Push>, sink: &Sink) -> (Measured, f64) {
    let (before, posts, start) = (case.relay.cpu(), sink.posts(), Instant::now());
    let runtime = runtime();
    let answered = runtime.block_on(load(case.home.hooks, push.clone(), LOAD / 2));
    let end: Instant = runtime.block_on(sink.wait_for(posts + answered.count));
    let took: Duration = end - start;
    let rate = answered.count as f64 / took.as_secs_f64();
    (Measured { answered, cpu: case.relay.cpu() - before }, rate)
}
