//! (a) Durable accepts of signed pushes over 64 connections, beside a bare server that only checks the HMAC and answers,
//! and beside what the disk takes.

use std::{sync::Arc, time::Duration};

use crate::{
    LOAD, ROUNDS, appends,
    daemon::{Home, Quotas},
    load::{Answered, Push, load, paced},
    median,
    process::{Process, free_port, wait_for},
    runtime,
};

/// Webhooks a second that leave the machine time to spare.
const CALM: usize = 2_000;

/// A load on a process, and what that used for it.
pub(crate) struct Measured {
    pub(crate) answered: Answered,
    pub(crate) cpu: Duration,
}

impl Measured {
    pub(crate) fn cpu_per_event(&self) -> Duration {
        self.cpu / u32::try_from(self.answered.count).unwrap()
    }

    pub(crate) fn row(&self, name: &str) {
        let (half, most) = (self.answered.percentile(50), self.answered.percentile(99));
        let (per_second, cpu) = (self.answered.per_second(), self.cpu_per_event());
        println!(
            "{name:<44} {per_second:>9.0}/s   half within {half:>8.2?}, 99 % within {most:>8.2?}, {cpu:>8.2?} of CPU each"
        );
    }
}

/// Loads a process that listens there.
pub(crate) fn measure(process: &Process, address: std::net::SocketAddr, push: &Arc<Push>) -> Measured {
    let before = process.cpu();
    let answered = runtime().block_on(load(address, push.clone(), LOAD));
    Measured { answered, cpu: process.cpu() - before }
}

pub(crate) fn middle(all: Vec<Measured>) -> Measured {
    median(all, |one| one.answered.per_second())
}

pub(crate) fn run() {
    let push = Arc::new(Push::new("github"));
    let bare_address = free_port();
    let bare = Process::role("accept", &[bare_address.to_string()]);
    wait_for(bare_address);
    let home = Home::new(Quotas::Lifted);
    let relay = home.start();
    let (mut appended, mut bares, mut relays) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        appended.push(appends::run(13 * 1024));
        bares.push(measure(&bare, bare_address, &push));
        relays.push(measure(&relay, home.hooks, &push));
    }
    let (disk, bare, full) = (median(appended, |one| one.per_second), middle(bares), middle(relays));
    println!(
        "{:<44} {:>9.0}/s   one flush takes {:.2?}",
        "appended to a file, flushed together", disk.per_second, disk.flush
    );
    bare.row("bare hyper with HMAC, nothing kept");
    full.row("the relay, durable");
    let share = full.answered.per_second() / bare.answered.per_second();
    let flushes = full.answered.percentile(99).as_secs_f64() / disk.flush.as_secs_f64();
    println!("{:.0} % of the bare server (mark: 33 %); 99 % within {flushes:.1} flushes", share * 100.0);
    // With all connections busy all the time, how long one waits is how many there are by how many are served; so how
    // long an accept takes is seen where there is time to spare.
    let calm = runtime().block_on(paced(home.hooks, push, LOAD, CALM));
    let flushes = calm.percentile(99).as_secs_f64() / disk.flush.as_secs_f64();
    println!(
        "{:<44} {:>9.0}/s   half within {:>8.2?}, 99 % within {:>8.2?}: {flushes:.1} flushes (mark: 3)",
        "the relay, at a steady rate",
        calm.per_second(),
        calm.percentile(50),
        calm.percentile(99)
    );
}
