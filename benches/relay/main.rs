//! How near the relay runs to what disk and processor allow: `cargo bench --bench relay -- [NAME...]`.
//!
//! Each part stands beside its limit in one run. The relay is the shipped binary with its usual log, in a file; what it
//! is compared to is this program once more, as a process of its own, so that both are measured the same way. Load, relay
//! and limit share the machine's processors.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench prints, and may panic")]
#![expect(clippy::disallowed_methods, reason = "a bench measures time")]
#![expect(clippy::cast_precision_loss, reason = "counts here are small")]

mod accept;
mod appends;
mod backlog;
mod bare;
mod churn;
mod daemon;
mod end_to_end;
mod idle;
mod load;
mod matching;
mod process;
#[path = "../timing/push.rs"]
mod push;
mod sink;

use std::time::Duration;

use tikv_jemallocator::Jemalloc;

/// As the relay's, so that what it is compared to has the same.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

type Part = (&'static str, fn());

const PARTS: &[Part] = &[
    ("accept", accept::run),
    ("end-to-end", end_to_end::run),
    ("fan-out", matching::fan_out),
    ("backlog", backlog::run),
    ("subscriptions", matching::subscriptions),
    ("idle", idle::run),
    ("churn", churn::run),
];

/// How long each load lasts.
const LOAD: Duration = Duration::from_secs(4);

/// Measurements of each kind, in turns with those that they are compared to; the median counts.
const ROUNDS: usize = 3;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(("--role", role)) = arguments.first().and_then(|first| first.split_once('=')) {
        return bare::serve_as(role, arguments.get(1..).unwrap_or_default());
    }
    // `cargo test --all-targets` starts benches too; only `cargo bench` says so.
    if !arguments.iter().any(|argument| argument == "--bench") {
        return;
    }
    let wanted: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with("--")).collect();
    println!("{}", process::machine());
    for (name, run) in PARTS {
        if wanted.is_empty() || wanted.iter().any(|wanted| wanted == name) {
            println!("\n== {name}");
            run();
        }
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// The middle one.
fn median<T>(mut all: Vec<T>, by: impl Fn(&T) -> f64) -> T {
    all.sort_by(|one, other| by(one).total_cmp(&by(other)));
    all.swap_remove(all.len() / 2)
}
