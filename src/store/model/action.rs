//! What can be done to a store, and how proptest makes it up.

use proptest::prelude::*;

use crate::{
    config::{duration::Span, profile::Window},
    delivery::{Target, Verdict},
    event::Replay,
    outcome::Reason,
    standing::{Actor, Standing, State},
    store::{Usage, suite::*},
};

/// Something done to a store; events are named by the order in which they were accepted.
#[derive(Debug, Clone)]
pub(super) enum Action {
    Accept {
        delivery_id: Option<u8>,
        replays: Vec<Replay>,
        targets: Vec<Target>,
        at: i64,
    },
    Settle {
        lane: u64,
        events: Vec<usize>,
        verdict: Verdict,
        recorded: bool,
    },
    Replay {
        event: usize,
        targets: Vec<Target>,
    },
    Put {
        subscription: u128,
        paused: bool,
    },
    Remove {
        subscription: u128,
    },
    Purge {
        upto: Option<usize>,
    },
    Sweep {
        before: i64,
        dead_before: i64,
    },
    Standing {
        lane: u64,
        standing: Option<Standing>,
    },
    Usage {
        usage: Usage,
    },
    ForgetUsages {
        groups: Vec<String>,
    },
    Told {
        subscription: u128,
        told: Vec<(String, bool)>,
        at: i64,
    },
    Capture {
        source: usize,
        secret: u8,
        at_most: usize,
    },
    /// With a key, if the store has one.
    Reseal,
    /// With one more key before the others, if the store has one.
    Reopen {
        killed: bool,
        another_key: bool,
    },
}

/// What the actions speak of.
const GROUPS: [&str; 2] = ["team", "url 0000000000000001"];
pub(super) const KEYS: [&str; 3] = ["octo/hello main", "", "a key with é"];
pub(super) const SOURCES: [&str; 2] = ["forge", "mailer"];

fn targets() -> impl Strategy<Value = Vec<Target>> {
    prop::collection::vec((1..4_u64, 1..4_u128).prop_map(|(lane, subscription)| target(lane, subscription)), 0..4)
}

/// By a signature, by a body, by both or neither.
fn replays() -> impl Strategy<Value = Vec<Replay>> {
    let one = |keys: std::ops::Range<u8>| {
        prop::option::of((keys, 0..99_i64).prop_map(|(key, until)| Replay { key: [key; 16], until: minute(until) }))
    };
    (one(0..4), one(4..8)).prop_map(|(signed, body)| signed.into_iter().chain(body).collect())
}

fn verdict() -> impl Strategy<Value = Verdict> {
    prop_oneof![
        3 => Just(Verdict::Accepted),
        // Throttled attempts never count, others do where the destination takes anything at all.
        3 => (0..99_i64, any::<bool>(), prop::sample::select(vec![Reason::TimedOut, Reason::Throttled]))
            .prop_map(|(at, counts, why)| Verdict::Retry { at: minute(at), why, counts }),
        2 => Just(Verdict::Dead { why: Reason::DestinationGone }),
        1 => Just(Verdict::Skipped { why: Reason::Unchanged }),
    ]
}

fn standing() -> impl Strategy<Value = Standing> {
    let states = prop::sample::select(State::ALL.to_vec());
    let reasons = prop::option::of(prop::sample::select(vec![Reason::DestinationGone, Reason::TimedOut]));
    (states, reasons, 0..99_i64, any::<bool>()).prop_map(|(state, reason, since, by_admin)| Standing {
        state,
        reason,
        since: minute(since),
        by: if by_admin { Actor::Admin } else { Actor::Relay },
    })
}

fn usage() -> impl Strategy<Value = Usage> {
    let window = (1..99_u32, 1..9_u64, 0..99_i64).prop_map(|(posts, seconds, whole_at)| {
        (Window { posts: posts.try_into().unwrap(), per: Span::seconds(seconds) }, minute(whole_at))
    });
    let windows = prop::collection::vec(window, 0..3);
    (prop::sample::select(GROUPS.to_vec()), 0..99_i64, windows, prop::option::of(0..99_i64)).prop_map(
        |(group, at, whole_at, closed)| Usage {
            group: group.to_owned(),
            at: minute(at),
            whole_at,
            closed_until: closed.map(minute),
        },
    )
}

fn told() -> impl Strategy<Value = Action> {
    let one = (prop::sample::select(KEYS.to_vec()), any::<bool>()).prop_map(|(key, failing)| (key.to_owned(), failing));
    (1..4_u128, prop::collection::vec(one, 0..3), 0..99_i64).prop_map(|(subscription, told, at)| Action::Told {
        subscription,
        told,
        at,
    })
}

/// What is not of events and their deliveries.
fn other_action() -> impl Strategy<Value = Action> {
    let groups = prop::sample::subsequence(GROUPS.to_vec(), 0..=GROUPS.len());
    prop_oneof![
        2 => (1..4_u64, prop::option::of(standing())).prop_map(|(lane, standing)| Action::Standing { lane, standing }),
        2 => usage().prop_map(|usage| Action::Usage { usage }),
        1 => groups.prop_map(|groups| {
            Action::ForgetUsages { groups: groups.into_iter().map(str::to_owned).collect() }
        }),
        3 => told(),
        2 => (0..SOURCES.len(), 0..4_u8, 0..4_usize)
            .prop_map(|(source, secret, at_most)| Action::Capture { source, secret, at_most }),
        1 => Just(Action::Reseal),
        2 => (any::<bool>(), any::<bool>()).prop_map(|(killed, another_key)| Action::Reopen { killed, another_key }),
    ]
}

pub(super) fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        8 => (prop::option::of(0..6_u8), replays(), targets(), 0..99_i64)
            .prop_map(|(delivery_id, replays, targets, at)| Action::Accept { delivery_id, replays, targets, at }),
        10 => (1..4_u64, prop::collection::vec(0..20_usize, 1..8), verdict(), any::<bool>())
            .prop_map(|(lane, events, verdict, recorded)| Action::Settle { lane, events, verdict, recorded }),
        3 => (0..20_usize, targets()).prop_map(|(event, targets)| Action::Replay { event, targets }),
        2 => (1..4_u128, any::<bool>()).prop_map(|(subscription, paused)| Action::Put { subscription, paused }),
        1 => (1..4_u128).prop_map(|subscription| Action::Remove { subscription }),
        1 => prop::option::of(0..20_usize).prop_map(|upto| Action::Purge { upto }),
        2 => (0..99_i64, 0..99_i64).prop_map(|(before, dead_before)| Action::Sweep { before, dead_before }),
        7 => other_action(),
    ]
}
