//! How batches come to the disk: what shares one, what waits for a flush, and what ends with a write that fails.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use futures_util::future::join_all;

use super::*;

#[tokio::test]
async fn a_write_that_fails_ends_accepting() {
    let folder = tempfile::tempdir().unwrap();
    let fails = Arc::new(AtomicBool::new(false));
    let commit = {
        let fails = fails.clone();
        move |batch: fjall::OwnedWriteBatch| {
            if fails.load(Ordering::Relaxed) {
                return Err(fjall::Error::Io(std::io::Error::other("no space left")));
            }
            batch.commit()
        }
    };
    let store = with_way(folder.path(), Way { commit: Box::new(commit), ..Way::to(folder.path()) });
    accepted(&store, 0, &[target(1, 1)]).await;
    let known = store.accounts();
    fails.store(true, Ordering::Relaxed);
    for _ in 0..2 {
        let error = store.accept(event(None, minute(1)), vec![], vec![], Reason::NotMapped).await.unwrap_err();
        assert!(matches!(&error, StoreError::Failed { why } if why == "no space left"), "{error}");
        // The disk is well again, but what it holds is not known: only a restart may accept again.
        fails.store(false, Ordering::Relaxed);
    }
    let id = store.due(lane(1), 1)[0].event;
    assert!(store.settle(lane(1), &[id], Verdict::Accepted, None, minute(2)).await.is_err());
    assert!(store.put_subscription(subscription(1, false)).await.is_err());
    assert_eq!(store.accounts(), known);
    assert!(store.health().unwrap_err().to_string().contains("no space left"));
    assert!(store.event(id).await.is_ok(), "reading goes on");
    drop(store);
    opened(folder.path()).health().unwrap();
}

#[tokio::test]
async fn a_flush_that_fails_ends_accepting_and_nothing_that_waited_for_it_goes_out() {
    let folder = tempfile::tempdir().unwrap();
    let mut flush = flusher::journal(folder.path().join(open::EVENTS));
    let fails = Arc::new(AtomicBool::new(false));
    let failing = fails.clone();
    let sync = move || if failing.load(Ordering::Relaxed) { Err(std::io::Error::other("worn out")) } else { flush() };
    let store = with_way(folder.path(), Way { sync: Box::new(sync), ..Way::to(folder.path()) });
    let id = accepted(&store, 0, &[target(1, 1)]).await;
    fails.store(true, Ordering::Relaxed);
    let accept = store.accept(event(None, minute(1)), vec![], vec![target(1, 1)], Reason::NotMapped);
    assert!(matches!(accept.await, Err(StoreError::Failed { why }) if why == "worn out"));
    fails.store(false, Ordering::Relaxed);
    assert_eq!(store.due(lane(1), 9).iter().map(|waiting| waiting.event).collect::<Vec<_>>(), [id]);
    assert!(store.settle(lane(1), &[id], Verdict::Accepted, None, minute(2)).await.is_err());
    assert!(store.health().unwrap_err().to_string().contains("worn out"));
    drop(store);
    assert_eq!(opened(folder.path()).due(lane(1), 9)[0].event, id);
}

#[tokio::test]
async fn what_need_only_be_written_does_not_wait_for_a_flush() {
    let folder = tempfile::tempdir().unwrap();
    let mut flush = flusher::journal(folder.path().join(open::EVENTS));
    let (go, may_go) = std::sync::mpsc::channel::<()>();
    let sync = move || {
        may_go.recv().unwrap();
        flush()
    };
    let store = with_way(folder.path(), Way { sync: Box::new(sync), ..Way::to(folder.path()) });
    go.send(()).unwrap();
    let id = accepted(&store, 0, &[target(1, 1)]).await;
    let offer = (event(None, minute(1)), vec![], vec![target(1, 1)], Reason::NotMapped);
    let mut accept = store.accept(offer.0, offer.1, offer.2, offer.3);
    assert!(futures_util::poll!(&mut accept).is_pending());
    store.settle(lane(1), &[id], Verdict::Accepted, None, minute(2)).await.unwrap();
    assert_eq!(store.accounts().delivered, 1);
    assert_eq!(store.due(lane(1), 9), [], "the second is not flushed");
    go.send(()).unwrap();
    assert!(matches!(accept.await, Ok(Accepted::New(_))));
    assert_eq!(store.due(lane(1), 9).len(), 1);
    go.send(()).unwrap();
}

/// Commits that wait to be let go, so that what is asked meanwhile gathers behind them.
struct Held {
    store: Arc<EmbeddedStore>,
    commits: Arc<AtomicUsize>,
    go: std::sync::mpsc::Sender<()>,
}

impl Held {
    fn new(folder: &Path) -> Self {
        let commits = Arc::new(AtomicUsize::new(0));
        let (go, may_go) = std::sync::mpsc::channel::<()>();
        let counted = commits.clone();
        let commit = move |batch: fjall::OwnedWriteBatch| {
            counted.fetch_add(1, Ordering::Relaxed);
            may_go.recv().unwrap();
            batch.commit()
        };
        let store = Arc::new(with_way(folder, Way { commit: Box::new(commit), ..Way::to(folder) }));
        Self { store, commits, go }
    }

    fn commits(&self) -> usize {
        self.commits.load(Ordering::Relaxed)
    }

    /// Accepts an event, and lets that go only after `gathered` others wait behind it; then lets all go.
    async fn behind_one(&self, gathered: usize, others: impl Future<Output = ()>) {
        let before = self.commits();
        let first = accepted(&*self.store, 0, &[]);
        let others = async {
            while self.commits() == before {
                tokio::task::yield_now().await;
            }
            others.await;
        };
        let let_go = async {
            while self.store.writer.waiting() < gathered {
                tokio::task::yield_now().await;
            }
            self.go.send(()).unwrap();
            self.go.send(()).unwrap();
        };
        tokio::join!(first, others, let_go);
        assert_eq!(self.commits(), before + 2, "all that gathered went in one batch");
    }
}

#[tokio::test]
async fn webhooks_that_wait_together_share_a_flush() {
    let folder = tempfile::tempdir().unwrap();
    let held = Held::new(folder.path());
    // Each delivery id twice: of two in one batch the second is a repeat too.
    let accepts = (0..100).map(|n| {
        let sent = event(Some(&format!("d-{}", n / 2)), minute(0));
        held.store.accept(sent, vec![], vec![target(1, 1)], Reason::NoSubscription)
    });
    let accepts = async {
        let accepted = join_all(accepts).await;
        let new = accepted.iter().filter(|accepted| matches!(accepted, Ok(Accepted::New(_)))).count();
        let repeats = accepted.iter().filter(|accepted| matches!(accepted, Ok(Accepted::Duplicate(_)))).count();
        assert_eq!((new, repeats), (50, 50));
    };
    held.behind_one(100, accepts).await;
    assert_eq!(held.store.accounts().waiting, 50);
    let copy = killed(folder.path());
    assert_eq!(opened(copy.path()).accounts(), held.store.accounts());
}

/// What is done to one event, all of it in one batch on disk.
async fn much_at_once(store: &dyn Store, id: EventId) {
    let settle = |number, verdict| {
        store.settle(
            lane(number),
            std::slice::from_ref(&id),
            verdict,
            Some(attempt(minute(1), Reason::Throttled)),
            minute(2),
        )
    };
    let dead = Verdict::Dead { why: Reason::Expired };
    let settled = [settle(1, dead), settle(2, Verdict::Accepted), settle(3, dead)];
    let replayed = [store.replay(id, vec![target(1, 2), target(4, 2)], minute(3))];
    // More than are kept, so that what the batch wrote first it also takes away.
    let throttled = (0..60).map(|at| settle(1, retry(minute(at), Reason::Throttled)));
    let (settled, replayed, throttled, last) =
        tokio::join!(join_all(settled), join_all(replayed), join_all(throttled), settle(4, dead));
    assert!(settled.into_iter().chain(throttled).chain([last]).all(|done| done.is_ok()));
    assert_eq!(replayed.into_iter().map(Result::unwrap).collect::<Vec<_>>(), [2]);
}

#[tokio::test]
async fn commands_in_one_batch_see_what_those_before_them_did() {
    let folder = tempfile::tempdir().unwrap();
    let held = Held::new(folder.path());
    let targets = [target(1, 1), target(2, 1), target(3, 1)];
    held.go.send(()).unwrap();
    let id = accepted(&*held.store, 0, &targets).await;
    held.behind_one(3 + 1 + 60 + 1, much_at_once(&*held.store, id)).await;

    let memory = MemoryStore::default();
    let same = accepted(&memory, 0, &targets).await;
    accepted(&memory, 0, &[]).await;
    much_at_once(&memory, same).await;
    let copy = killed(folder.path());
    for disk in [&*held.store, &opened(copy.path())] {
        let (record, attempts) = disk.history(id).await.unwrap();
        let (expected, expected_attempts) = memory.history(same).await.unwrap();
        assert_eq!(record.deliveries, expected.deliveries);
        assert_eq!(attempts, expected_attempts);
        assert_eq!(disk.accounts(), memory.accounts());
        let page = Page { before: None, limit: 9 };
        let listed = |letters: Vec<DeadLetter>| letters.into_iter().map(|letter| letter.target).collect::<Vec<_>>();
        assert_eq!(listed(disk.dead(page).await.unwrap()), listed(memory.dead(page).await.unwrap()));
        assert_eq!(disk.lanes(), [lane(1)]);
    }
}
