//! What the relay costs while nothing happens.

use std::time::Duration;

use crate::daemon::{Home, Quotas, subscribe, subscription};

const LENGTH: Duration = Duration::from_secs(30);

pub(crate) fn run() {
    let home = Home::new(Quotas::Lifted);
    subscribe(&home, [subscription("http://127.0.0.1:9/idle?sig=invented".to_owned(), |_| {})]);
    let relay = home.start();
    // What it does at its start is over by then.
    std::thread::sleep(Duration::from_secs(3));
    let (before, cpu) = (relay.waits(), relay.cpu());
    std::thread::sleep(LENGTH);
    // Of a thread that ended meanwhile nothing is known.
    let waits: u64 = relay.waits().iter().map(|(thread, waits)| waits - before.get(thread).unwrap_or(&0)).sum();
    println!(
        "{:.1} MB resident (mark: 25), {:.1} wake-ups a second (mark: 2), {:.2} % of a processor",
        relay.resident() as f64 / 1e6,
        waits as f64 / LENGTH.as_secs_f64(),
        (relay.cpu() - cpu).as_secs_f64() / LENGTH.as_secs_f64() * 100.0,
    );
}
