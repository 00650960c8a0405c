//! The store on disk beside the one in memory: whatever is done to both, they agree, and the books balance.

use std::sync::Arc;

use proptest::prelude::*;

use super::{Accepted, EmbeddedStore, MemoryStore, Page, Store, embedded::tests::killed, suite::*};
use crate::{
    delivery::{Target, Verdict},
    event::Replay,
    name::{EventId, SubscriptionId},
    outcome::Reason,
};

/// Something done to a store; events are named by the order in which they were accepted.
#[derive(Debug, Clone)]
enum Action {
    Accept { delivery_id: Option<u8>, replays: Vec<Replay>, targets: Vec<Target>, at: i64 },
    Settle { lane: u64, events: Vec<usize>, verdict: Verdict, recorded: bool },
    Replay { event: usize, targets: Vec<Target> },
    Put { subscription: u128, paused: bool },
    Remove { subscription: u128 },
    Purge { upto: Option<usize> },
    Sweep { before: i64, dead_before: i64 },
    Reopen { killed: bool },
}

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
        2 => (0..99_i64).prop_map(|at| retry(minute(at), Reason::TimedOut)),
        1 => (0..99_i64).prop_map(|at| retry(minute(at), Reason::Throttled)),
        2 => Just(Verdict::Dead { why: Reason::DestinationGone }),
        1 => Just(Verdict::Skipped { why: Reason::Unchanged }),
    ]
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        8 => (prop::option::of(0..6_u8), replays(), targets(), 0..99_i64)
            .prop_map(|(delivery_id, replays, targets, at)| Action::Accept { delivery_id, replays, targets, at }),
        10 => (1..4_u64, prop::collection::vec(0..20_usize, 1..4), verdict(), any::<bool>())
            .prop_map(|(lane, events, verdict, recorded)| Action::Settle { lane, events, verdict, recorded }),
        3 => (0..20_usize, targets()).prop_map(|(event, targets)| Action::Replay { event, targets }),
        2 => (1..4_u128, any::<bool>()).prop_map(|(subscription, paused)| Action::Put { subscription, paused }),
        1 => (1..4_u128).prop_map(|subscription| Action::Remove { subscription }),
        1 => prop::option::of(0..20_usize).prop_map(|upto| Action::Purge { upto }),
        2 => (0..99_i64, 0..99_i64).prop_map(|(before, dead_before)| Action::Sweep { before, dead_before }),
        1 => any::<bool>().prop_map(|killed| Action::Reopen { killed }),
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
            Action::Reopen { .. } => String::new(),
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
        seen
    }
}

async fn both_agree(actions: Vec<Action>) {
    let mut folder = tempfile::tempdir().unwrap();
    let mut disk = Side { store: Arc::new(EmbeddedStore::open(folder.path()).unwrap()), ids: Vec::new() };
    let mut memory = Side { store: Arc::new(MemoryStore::default()), ids: Vec::new() };
    for action in actions {
        if let Action::Reopen { killed: kill } = action {
            let copy = kill.then(|| killed(folder.path()));
            // Whatever is there must be closed before the folder can be opened again.
            disk.store = Arc::new(MemoryStore::default());
            folder = copy.unwrap_or(folder);
            disk.store = Arc::new(EmbeddedStore::open(folder.path()).unwrap());
        }
        assert_eq!(disk.act(&action).await, memory.act(&action).await, "{action:?}");
        assert_eq!(disk.seen().await, memory.seen().await, "{action:?}");
    }
    let exported = lines(&*disk.store).await;
    let other = MemoryStore::default();
    import(&other, &exported).await;
    assert_eq!(lines(&other).await, exported);
    assert!(other.accounts().balance());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn the_store_on_disk_is_the_one_in_memory_with_a_disk(actions in prop::collection::vec(action(), 1..60)) {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(both_agree(actions));
    }
}
