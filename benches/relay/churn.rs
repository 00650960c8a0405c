//! Whether the store stays small while a million deliveries go through it: in a process of its own, so that its memory is
//! the store's alone.

use std::{
    collections::VecDeque,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use jiff::Timestamp;
use teams_relay::{
    delivery::{Target, Verdict},
    destination::DestinationId,
    event::Event,
    name::{EventId, SubscriptionId},
    outcome::Reason,
    store::{Accepted, EmbeddedStore, Store},
};

use crate::{backlog::event, process, runtime};

const DELIVERIES: usize = 1_000_000;
const BACKLOG: usize = 10_000;
/// Deliveries that are asked for at the same time.
const AT_ONCE: usize = 500;
/// Deliveries from one sweep to the next.
const SWEEP: usize = 5_000;
/// Bytes of a body.
const BODY: usize = 8 * 1024;

pub(crate) fn run() {
    for keep in ["none", "16"] {
        process::Process::role("churn", &[keep.to_owned()]).end();
    }
    println!("marks: disk at most 3 times the live data, memory flat");
}

/// A lane with the event that is to be delivered in it.
#[derive(Clone, Copy)]
struct Delivery {
    event: EventId,
    lane: DestinationId,
}

pub(crate) fn serve(keep: &str) {
    let every: Option<usize> = keep.parse().ok();
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let store = Arc::new(EmbeddedStore::open(folder.path()).unwrap());
    let kept = every.map_or(String::new(), |every| format!(", every {every}th kept waiting"));
    println!("{DELIVERIES} deliveries of {BODY} bytes, {BACKLOG} waiting{kept}");
    let start = Instant::now();
    runtime().block_on(churn(&store, folder.path(), every));
    println!("  {:.0} deliveries/s through the store", DELIVERIES as f64 / start.elapsed().as_secs_f64());
}

async fn churn(store: &EmbeddedStore, folder: &Path, every: Option<usize>) {
    let mut waiting = VecDeque::new();
    for first in (0..DELIVERIES).step_by(AT_ONCE) {
        let accepts = (first..first + AT_ONCE).map(|number| {
            let is_kept = every.is_some_and(|every| number.is_multiple_of(every));
            accept(store, number, DestinationId::from_u64(if is_kept { 1 } else { 2 + number as u64 % 8 }))
        });
        waiting.extend(join_all(accepts).await.into_iter().filter(|one| one.lane.as_u64() != 1));
        let over = waiting.len().saturating_sub(BACKLOG);
        let settles = waiting.drain(..over).map(|one| async move {
            store.settle(one.lane, &[one.event], Verdict::Accepted, None, Timestamp::now()).await.unwrap();
        });
        join_all(settles).await;
        let done = first + AT_ONCE;
        if done.is_multiple_of(SWEEP) {
            store.sweep(Timestamp::now(), Timestamp::now()).await.unwrap();
        }
        if done.is_multiple_of(DELIVERIES / 5) {
            report(store, folder, done);
        }
    }
    // What is tidied in the background after the last delivery.
    tokio::time::sleep(Duration::from_secs(5)).await;
    report(store, folder, DELIVERIES);
}

async fn accept(store: &EmbeddedStore, number: usize, lane: DestinationId) -> Delivery {
    let target = Target { destination: lane, subscription: SubscriptionId::from_u128(u128::from(lane.as_u64())) };
    match store.accept(large(number), Vec::new(), vec![target], Reason::NoSubscription).await.unwrap() {
        Accepted::New(event) => Delivery { event, lane },
        other => panic!("{other:?}"),
    }
}

/// An event of the size that webhooks have.
fn large(number: usize) -> Event {
    let small = event(number);
    let body = small.body.0.iter().copied().cycle().take(BODY).enumerate();
    // Not the same again and again, which would compress to nothing.
    let body: Vec<u8> =
        body.map(|(at, byte)| if at % 9 == 8 { b'a' + ((at * (number + 7)) % 23) as u8 } else { byte }).collect();
    Event { body: teams_relay::event::RawBody(body.into()), ..small }
}

fn report(store: &EmbeddedStore, folder: &Path, done: usize) {
    let live = store.queue().0 * BODY as u64;
    let disk = process::disk_of(folder);
    println!(
        "  after {done:>9}: {:>5} MB live, {:>5} MB on disk ({:.1} times), {:>4} MB resident",
        live / 1_000_000,
        disk / 1_000_000,
        disk as f64 / live as f64,
        process::resident(std::process::id()) / 1_000_000,
    );
}
