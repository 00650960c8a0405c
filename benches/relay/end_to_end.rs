//! (b) and (c): from webhook to card, beside a server that posts bodies on, and beside the least that must be done.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    LOAD, ROUNDS,
    daemon::{Home, Quotas, subscribe, subscription},
    load::{Push, load},
    median,
    process::{Process, free_port, wait_for},
    runtime,
    sink::Sink,
};

/// Events that reached the destination, and what the process used for each.
struct Delivered {
    per_second: f64,
    cpu: Duration,
}

pub(crate) fn run() {
    // It must outlive each load, so it has a runtime of its own.
    let sinks = runtime();
    let sink = sinks.block_on(Sink::start());
    let push = Arc::new(Push::new("github"));
    let (forward, floor) = (Limit::start("forward", &sink), Limit::start("floor", &sink));
    let one = Home::new(Quotas::Lifted);
    subscribe(&one, [subscription(sink.url(0), |_| {})]);
    let one_relay = one.start();
    // Many channels, each with a part of the events, as a relay of many teams has.
    let many = Home::new(Quotas::Lifted);
    let digit = |channel: usize| format!("payload.after.endsWith('{channel:x}')");
    subscribe(&many, (0..16).map(|channel| subscription(sink.url(channel), |one| one.filter = Some(digit(channel)))));
    let many_relay = many.start();
    let (mut forwards, mut floors, mut ones, mut manys) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        forwards.push(measure(&forward.process, forward.address, &push, &sink, LOAD));
        floors.push(measure(&floor.process, floor.address, &push, &sink, LOAD));
        manys.push(measure(&many_relay, many.hooks, &push, &sink, LOAD));
        // One after the other, as a channel wants them, takes its time.
        ones.push(measure(&one_relay, one.hooks, &push, &sink, LOAD / 10));
    }
    let middle = |all| median(all, |one: &Delivered| one.per_second);
    let (forward, floor, one, many) = (middle(forwards), middle(floors), middle(ones), middle(manys));
    let row = |name: &str, one: &Delivered| {
        let (share, cost) =
            (one.per_second / forward.per_second * 100.0, one.cpu.as_secs_f64() / floor.cpu.as_secs_f64());
        let (per_second, cpu) = (one.per_second, one.cpu);
        println!(
            "{name:<44} {per_second:>9.0}/s {share:>5.0} %   {cpu:>9.2?} of CPU each, {cost:>5.2} times the floor"
        );
    };
    row("a bare forwarder, nothing checked or kept", &forward);
    row("the floor: HMAC, parse, render, post", &floor);
    row("the relay, one channel", &one);
    row("the relay, 16 channels", &many);
    println!("marks: 40 % of the forwarder, 2.5 times the floor");
}

struct Limit {
    process: Process,
    address: SocketAddr,
}

impl Limit {
    fn start(role: &str, sink: &Sink) -> Self {
        let address = free_port();
        let process = Process::role(role, &[address.to_string(), sink.url(0)]);
        wait_for(address);
        Self { process, address }
    }
}

fn measure(process: &Process, address: SocketAddr, push: &Arc<Push>, sink: &Sink, length: Duration) -> Delivered {
    let (before, posts, start) = (process.cpu(), sink.posts(), Instant::now());
    let runtime = runtime();
    let answered = runtime.block_on(load(address, push.clone(), length));
    let end = runtime.block_on(sink.wait_for(posts + answered.count));
    let count = u32::try_from(answered.count).unwrap();
    Delivered { per_second: f64::from(count) / (end - start).as_secs_f64(), cpu: (process.cpu() - before) / count }
}
