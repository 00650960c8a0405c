//! (d) and (f): what an accept costs when many want the event, and when many do not.

use std::sync::Arc;

use teams_relay::subscription::Subscription;

use crate::{
    ROUNDS,
    accept::{Measured, measure, middle},
    daemon::{Home, Quotas, subscribe, subscription},
    load::Push,
    process::Process,
};

/// A relay with these subscriptions, and what each load on it came to.
struct Case {
    name: String,
    home: Home,
    relay: Process,
    measured: Vec<Measured>,
}

impl Case {
    fn start(name: impl Into<String>, sources: usize, subscriptions: impl IntoIterator<Item = Subscription>) -> Self {
        let home = Home::new(Quotas::Shut);
        (1..sources).for_each(|number| home.add_source(&format!("github-{number}")));
        subscribe(&home, subscriptions);
        let relay = home.start();
        Self { name: name.into(), home, relay, measured: Vec::new() }
    }
}

/// Runs all cases in turns; each is compared to the first.
fn compare(mut cases: Vec<Case>, mark: f64) {
    let push = Arc::new(Push::new("github"));
    for _ in 0..ROUNDS {
        for case in &mut cases {
            case.measured.push(measure(&case.relay, case.home.hooks, &push));
        }
    }
    let mut first = None;
    for case in cases {
        let middle = middle(case.measured);
        middle.row(&case.name);
        let per_second = middle.answered.per_second();
        let first = *first.get_or_insert(per_second);
        println!("{:<44} {:>9.2} times the first's cost (mark: {mark})", "", first / per_second);
    }
}

/// Destinations where nobody listens; quotas let nothing through to them.
fn nowhere(channel: usize) -> String {
    format!("http://127.0.0.1:9/channel-{channel}?sig=invented")
}

pub(crate) fn fan_out() {
    let wanting = |count: usize| (0..count).map(|channel| subscription(nowhere(channel), |_| {}));
    let cases = [1, 10, 100].map(|count| Case::start(format!("{count} channels want each event"), 1, wanting(count)));
    compare(cases.into(), 1.5);
}

pub(crate) fn subscriptions() {
    let by_type = |count: usize| {
        let type_of = |number| if number == 0 { "push".to_owned() } else { format!("type_{number}.*") };
        (0..count).map(move |number| subscription(nowhere(number), |one| one.events = vec![type_of(number)]))
    };
    let by_filter = |count: usize| {
        let name = |number| if number == 0 { "hello".to_owned() } else { format!("other-{number}") };
        let filter = move |number| format!("payload.repository.full_name == 'octo/{}'", name(number));
        (0..count).map(move |number| subscription(nowhere(number), |one| one.filter = Some(filter(number))))
    };
    let of_others = (1..10_000).map(|number| {
        let source = format!("github-{}", 1 + number % 49).parse().unwrap();
        subscription(nowhere(number), |one| one.source = source)
    });
    let cases = vec![
        Case::start("1 subscription", 1, by_type(1)),
        Case::start("100, of other event types", 1, by_type(100)),
        Case::start("10,000, of other event types", 1, by_type(10_000)),
        Case::start("10,000 of 50 sources", 50, by_type(1).chain(of_others)),
    ];
    compare(cases, 1.3);
    let cases =
        [1, 100, 10_000].map(|count| Case::start(format!("{count} with a filter by repository"), 1, by_filter(count)));
    compare(cases.into(), 1.3);
}
