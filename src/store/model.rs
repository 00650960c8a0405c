//! The store on disk beside the one in memory: whatever is done to both, they agree, and the books balance.

use std::{path::Path, sync::Arc};

use proptest::prelude::*;

use super::{
    Accepted, DeadLetter, EmbeddedStore, MemoryStore, Page, Store, StoreError, Usage, embedded::tests::killed, suite::*,
};
use crate::{
    config::{duration::Span, profile::Window},
    delivery::{Target, Verdict},
    event::Replay,
    name::{EventId, SourceName, SubscriptionId},
    outcome::Reason,
    seal::{Key, Seal},
    secret::Secret,
    standing::{Actor, Standing, State},
};

/// Something done to a store; events are named by the order in which they were accepted.
#[derive(Debug, Clone)]
enum Action {
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
const KEYS: [&str; 3] = ["octo/hello main", "", "a key with é"];
const SOURCES: [&str; 2] = ["forge", "mailer"];

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

fn action() -> impl Strategy<Value = Action> {
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

/// A store with the ids that it gave, in their order.
struct Side {
    store: Arc<dyn Store>,
    ids: Vec<EventId>,
}

impl Side {
    /// One of the last few, where deliveries still wait; now and then one that never was.
    fn id(&self, event: usize) -> EventId {
        let back = (event * event / 40).min(self.ids.len());
        self.ids.iter().rev().nth(back).copied().unwrap_or(EventId::from_u128(1))
    }

    /// An id by its order, the same on both sides.
    fn order(&self, id: EventId) -> EventId {
        EventId::from_u128(self.ids.iter().position(|known| *known == id).map_or(0, |order| order as u128 + 2))
    }

    /// Does it and says what came of it.
    async fn act(&mut self, action: &Action) -> String {
        let store = self.store.clone();
        match action.clone() {
            Action::Accept { delivery_id, replays, targets, at } => {
                let delivery_id = delivery_id.map(|number| format!("d-{number}"));
                let sent = event(delivery_id.as_deref(), minute(at));
                match store.accept(sent, replays, targets, Reason::NoSubscription).await.unwrap() {
                    Accepted::New(id) => {
                        self.ids.push(id);
                        "new".into()
                    }
                    Accepted::Duplicate(id) => format!("repeat of {}", self.order(id)),
                    Accepted::Replayed(id) => format!("the same as {}", self.order(id)),
                }
            }
            Action::Settle { lane: number, events, verdict, recorded } => {
                let events: Vec<_> = events.iter().map(|event| self.id(*event)).collect();
                let made = recorded.then(|| attempt(minute(5), Reason::ServerError));
                format!("{:?}", store.settle(lane(number), &events, verdict, made, minute(6)).await)
            }
            Action::Replay { event, targets } => {
                format!("{:?}", store.replay(self.id(event), targets, minute(7)).await.ok())
            }
            Action::Put { subscription: number, paused } => {
                format!("{:?}", store.put_subscription(subscription(number, paused)).await)
            }
            Action::Remove { subscription } => {
                format!("{:?}", store.remove_subscription(SubscriptionId::from_u128(subscription)).await)
            }
            Action::Purge { upto } => format!("{:?}", store.purge_dead(upto.map(|event| self.id(event))).await),
            Action::Sweep { before, dead_before } => {
                format!("{:?}", store.sweep(minute(before), minute(dead_before)).await)
            }
            other => self.act_beside(other).await,
        }
    }

    /// The same for what is not of events and their deliveries.
    async fn act_beside(&self, action: Action) -> String {
        let store = &self.store;
        match action {
            Action::Standing { lane: number, standing } => {
                format!("{:?}", store.put_standing(lane(number), standing).await)
            }
            Action::Usage { usage } => format!("{:?}", store.put_usage(usage).await),
            Action::ForgetUsages { groups } => format!("{:?}", store.forget_usages(groups).await),
            Action::Told { subscription, told, at } => {
                format!("{:?}", store.put_told(SubscriptionId::from_u128(subscription), told, minute(at)).await)
            }
            Action::Capture { source: number, secret, at_most } => {
                let secret = Secret::new(format!("captured-{secret}"));
                format!("{:?}", store.capture(&source(number), secret, at_most, minute(8)).await)
            }
            // Those are the disk's alone.
            _ => String::new(),
        }
    }

    /// Everything that can be seen from outside, in words, ids by their order.
    async fn seen(&self) -> Vec<String> {
        let store = &self.store;
        let accounts = store.accounts();
        assert!(accounts.balance(), "{accounts:?}");
        assert_eq!(accounts.waiting, store.queue().0);
        let mut seen = vec![format!("{accounts:?} {:?} {:?}", store.queue(), store.lanes())];
        for number in 1..4 {
            for limit in [2, 100] {
                for mut waiting in store.due(lane(number), limit) {
                    waiting.event = self.order(waiting.event);
                    seen.push(format!("{waiting:?}"));
                }
            }
        }
        for before in [None, self.ids.get(3).copied()] {
            for mut record in store.events(Page { before, limit: 5 }).await.unwrap() {
                record.id = self.order(record.id);
                seen.push(format!("{record:?}"));
            }
            for mut letter in store.dead(Page { before, limit: 2 }).await.unwrap() {
                letter.event = self.order(letter.event);
                seen.push(format!("{letter:?}"));
            }
        }
        for id in &self.ids {
            let history = store.history(*id).await.ok().map(|(mut record, attempts)| {
                record.id = self.order(record.id);
                (record, attempts)
            });
            seen.push(format!("{history:?} {:?}", store.event(*id).await.ok()));
        }
        seen.push(format!("{:?}", store.subscriptions()));
        self.see_beside(&mut seen).await;
        seen
    }

    /// The same of what is not of events.
    async fn see_beside(&self, seen: &mut Vec<String>) {
        let store = &self.store;
        for number in 1..4 {
            let backlog = store.backlog(lane(number));
            assert_eq!(backlog, store.due(lane(number), usize::MAX).len());
            seen.push(format!("{backlog} {:?}", store.standing(lane(number))));
            for key in KEYS {
                let subscription = SubscriptionId::from_u128(number.into());
                seen.push(format!("{:?}", store.told(subscription, key).await.unwrap()));
            }
        }
        for number in 0..SOURCES.len() {
            let captured = store.captured(&source(number));
            seen.push(captured.iter().map(|secret| secret.expose().to_owned()).collect());
        }
        seen.push(format!("{:?}", store.usages().await.unwrap()));
        self.see_dead_by_pages(seen).await;
    }

    /// Page after page there are the same dead letters as in one list, and none of an event is on another page.
    async fn see_dead_by_pages(&self, seen: &mut Vec<String>) {
        let whole = self.store.dead(Page { before: None, limit: usize::MAX }).await.unwrap();
        for limit in [1, 3] {
            let mut pages: Vec<DeadLetter> = Vec::new();
            loop {
                let before = pages.last().map(|letter| letter.event);
                let page = self.store.dead(Page { before, limit }).await.unwrap();
                if page.is_empty() {
                    break;
                }
                pages.extend(page);
            }
            assert_eq!(pages, whole, "by {limit}");
        }
        seen.extend(
            whole.into_iter().map(|letter| format!("{:?}", DeadLetter { event: self.order(letter.event), ..letter })),
        );
    }
}

fn source(number: usize) -> SourceName {
    SOURCES[number].parse().unwrap()
}

/// The store on disk, in its folder, with the keys that it is opened with.
struct Disk {
    folder: tempfile::TempDir,
    keys: Vec<u8>,
    side: Side,
}

impl Disk {
    fn new(sealed: bool) -> Self {
        let (folder, keys) = (tempfile::tempdir().unwrap(), if sealed { vec![0] } else { Vec::new() });
        let side = Side { store: open(folder.path(), &keys), ids: Vec::new() };
        Self { folder, keys, side }
    }

    fn reopen(&mut self, kill: bool, another_key: bool) {
        let copy = kill.then(|| killed(self.folder.path()));
        // Whatever is there must be closed before the folder can be opened again.
        self.side.store = Arc::new(MemoryStore::default());
        if let Some(copy) = copy {
            self.folder = copy;
        }
        if let (true, Some(newest)) = (another_key, self.keys.first()) {
            self.keys.insert(0, newest + 1);
        }
        self.side.store = open(self.folder.path(), &self.keys);
    }

    /// All that is sealed is sealed with the first key then, so the others can go.
    async fn reseal(&mut self) {
        let store = &self.side.store;
        let captured: usize = (0..SOURCES.len()).map(|number| store.captured(&source(number)).len()).sum();
        match store.reseal().await {
            Ok(resealed) => {
                assert_eq!(resealed.records, store.subscriptions().len() + captured);
                self.keys.truncate(1);
            }
            Err(StoreError::NoKey) => assert!(self.keys.is_empty()),
            Err(error) => panic!("{error}"),
        }
    }
}

fn open(folder: &Path, keys: &[u8]) -> Arc<dyn Store> {
    let key = |number: &u8| Key::parse(&Secret::new(hex::encode([*number; 32]))).unwrap();
    Arc::new(EmbeddedStore::open_sealed(folder, Seal::new(keys.iter().map(key).collect())).unwrap())
}

async fn both_agree(sealed: bool, actions: Vec<Action>) {
    let mut on_disk = Disk::new(sealed);
    let mut memory = Side { store: Arc::new(MemoryStore::default()), ids: Vec::new() };
    for action in actions {
        match action {
            Action::Reopen { killed, another_key } => on_disk.reopen(killed, another_key),
            Action::Reseal => on_disk.reseal().await,
            _ => {}
        }
        let disk = &mut on_disk.side;
        assert_eq!(disk.act(&action).await, memory.act(&action).await, "{action:?}");
        assert_eq!(disk.seen().await, memory.seen().await, "{action:?}");
    }
    let disk = on_disk.side;
    let exported = lines(&*disk.store).await;
    let other = MemoryStore::default();
    import(&other, &exported).await;
    assert_eq!(lines(&other).await, exported);
    assert!(other.accounts().balance());
}

/// A few, unless `PROPTEST_CASES` says how many.
fn cases() -> ProptestConfig {
    let usual = ProptestConfig { max_shrink_iters: 200, ..ProptestConfig::default() };
    match std::env::var_os("PROPTEST_CASES") {
        Some(_) => usual,
        None => ProptestConfig { cases: 8, ..usual },
    }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn the_store_on_disk_is_the_one_in_memory_with_a_disk(
        sealed in any::<bool>(),
        actions in prop::collection::vec(action(), 1..60),
    ) {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(both_agree(sealed, actions));
    }
}
