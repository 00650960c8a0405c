//! What only a store on a disk must do: outlive crashes, notice damage, and stop when it can't write.

mod bounds;
mod damage;

use std::{
    fs::{self, File},
    io::{Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use futures_util::future::join_all;

use super::{
    super::{MemoryStore, suite::*},
    *,
};

/// A copy of the folder as a kill at this moment would leave it. The engines set aside room in their files, so
/// blocks of zeros are skipped.
pub(in crate::store) fn killed(folder: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    copy_folder(folder, copy.path());
    copy
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &to);
        } else {
            copy_file(&entry.path(), &to);
        }
    }
}

fn copy_file(from: &Path, to: &Path) {
    let (mut from, mut to) = (File::open(from).unwrap(), File::create(to).unwrap());
    let mut block = vec![0; 1 << 20];
    let mut at = 0;
    loop {
        let read = from.read(&mut block).unwrap();
        if read == 0 {
            break;
        }
        let content = torn::end_of(&block[..read]);
        if content > 0 {
            to.seek(SeekFrom::Start(at)).unwrap();
            to.write_all(&block[..content]).unwrap();
        }
        at += read as u64;
    }
    to.set_len(at).unwrap();
}

type Damage<'a> = &'a dyn Fn(&mut Vec<u8>);

/// The newest journal, and where its content ends.
fn journal(folder: &Path) -> (PathBuf, usize) {
    let journals = fs::read_dir(folder.join("events")).unwrap().map(|entry| entry.unwrap().path());
    let journals = journals.filter(|path| path.extension().is_some_and(|extension| extension == "jnl"));
    let newest = journals.max_by_key(|path| path.file_stem().unwrap().to_str().unwrap().parse::<u64>().unwrap());
    let newest = newest.unwrap();
    let content = fs::read(&newest).unwrap();
    let end = torn::end_of(&content);
    (newest, end)
}

fn with_way(folder: &Path, way: Way) -> EmbeddedStore {
    let gauge = |disk: &Disk| room::gauge(folder.to_owned(), disk.clone());
    EmbeddedStore::open_with(folder, Seal::default(), Bounds::NONE, gauge, way).unwrap()
}

fn opened(folder: &Path) -> EmbeddedStore {
    EmbeddedStore::open(folder).unwrap()
}

#[tokio::test]
async fn what_was_accepted_outlives_a_kill_at_once_after() {
    let folder = tempfile::tempdir().unwrap();
    let store = opened(folder.path());
    store.put_subscription(subscription(1, true)).await.unwrap();
    let sent = event(Some("d-1"), minute(0));
    let Accepted::New(id) =
        store.accept(sent.clone(), vec![], vec![target(1, 1), target(2, 2)], Reason::NoSubscription).await.unwrap()
    else {
        panic!("nothing was there before");
    };
    let copy = killed(folder.path());
    let copy = opened(copy.path());
    assert_eq!(copy.event(id).await.unwrap(), sent);
    assert_eq!(copy.accounts(), store.accounts());
    assert_eq!((copy.lanes(), copy.queue()), (vec![lane(2)], (2, Some(minute(0)))), "subscription 1 is paused");
    assert_eq!(copy.due(lane(2), 9), store.due(lane(2), 9));
    let again = copy.accept(sent, vec![], vec![target(1, 1)], Reason::NoSubscription).await.unwrap();
    assert_eq!(again, Accepted::Duplicate(id));
}

#[tokio::test]
async fn signatures_are_remembered_over_a_kill_and_forgotten_in_time() {
    let folder = tempfile::tempdir().unwrap();
    let store = opened(folder.path());
    let replay = |key: u8, until| vec![Replay { key: [key; 16], until: minute(until) }];
    let offer = |key, at, until| (event(None, minute(at)), replay(key, until), vec![], Reason::NotMapped);
    let (sent, signed, targets, ignored) = offer(1, 0, 5);
    let Accepted::New(first) = store.accept(sent, signed, targets, ignored).await.unwrap() else {
        panic!("nothing was there before");
    };
    let copy = killed(folder.path());
    let copy = opened(copy.path());
    let (sent, signed, targets, ignored) = offer(1, 1, 5);
    assert_eq!(copy.accept(sent, signed, targets, ignored).await.unwrap(), Accepted::Replayed(first));
    let (sent, signed, targets, ignored) = offer(2, 9, 14);
    copy.accept(sent, signed, targets, ignored).await.unwrap();
    assert_eq!(copy.disk.space(disk::Space::Seen).iter().count(), 1, "the first is past its time");
}

#[tokio::test]
async fn a_folder_of_format_one_is_opened_and_marked_as_newer() {
    let folder = tempfile::tempdir().unwrap();
    let id = accepted(&opened(folder.path()), 0, &[target(1, 1)]).await;
    fs::write(folder.path().join("format"), "1\n").unwrap();
    assert_eq!(opened(folder.path()).due(lane(1), 9)[0].event, id);
    assert_eq!(fs::read_to_string(folder.path().join("format")).unwrap(), "3\n");
}

#[tokio::test]
async fn what_was_settled_before_a_kill_is_not_posted_again() {
    let folder = tempfile::tempdir().unwrap();
    let store = opened(folder.path());
    let events = [accepted(&store, 0, &[target(1, 1)]).await, accepted(&store, 1, &[target(1, 1)]).await];
    store.settle(lane(1), &events[..1], Verdict::Accepted, None, minute(2)).await.unwrap();
    store.settle(lane(1), &events[1..], retry(minute(9), Reason::TimedOut), None, minute(2)).await.unwrap();
    let copy = killed(folder.path());
    let copy = opened(copy.path());
    assert_eq!(copy.due(lane(1), 9), store.due(lane(1), 9));
    assert_eq!(copy.due(lane(1), 9)[0].failures, 1);
    assert_eq!((copy.accounts().delivered, copy.accounts().waiting), (1, 1));
}

#[tokio::test]
async fn a_torn_end_of_the_journal_costs_nothing_that_was_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let store = opened(folder.path());
    let first = accepted(&store, 0, &[target(1, 1)]).await;
    let (_, synced) = journal(folder.path());
    accepted(&store, 1, &[target(1, 1)]).await;
    let (_, end) = journal(folder.path());
    assert!(end > synced + 60, "{synced} {end}");
    let damages: [Damage<'_>; 6] = [
        &|content| content.truncate(synced + 1),
        &|content| content.truncate((synced + end) / 2),
        &|content| content.truncate(end - 1),
        &|content| content[end - 40..end].fill(0),
        &|content| content[end - 3..end].fill(0xa5),
        // The end is there, and a byte before it is not what was written: the engine alone would not open.
        &|content| {
            let payload = content.windows(7).rposition(|bytes| bytes == b"payload").unwrap();
            content[payload] ^= 0xff;
        },
    ];
    for (number, damage) in damages.into_iter().enumerate() {
        let copy = killed(folder.path());
        let (newest, _) = journal(copy.path());
        let mut content = fs::read(&newest).unwrap();
        content.truncate(end);
        damage(&mut content);
        fs::write(newest, content).unwrap();
        let copy = opened(copy.path());
        assert_eq!(copy.due(lane(1), 9).iter().map(|waiting| waiting.event).collect::<Vec<_>>(), [first], "{number}");
        assert_eq!((copy.accounts().accepted, copy.accounts().balance()), (1, true));
        let next = accepted(&copy, 2, &[target(1, 1)]).await;
        assert!(copy.event(next).await.is_ok());
    }
}

#[tokio::test]
async fn damage_to_what_was_flushed_long_ago_is_an_error_and_nothing_is_cut() {
    let folder = tempfile::tempdir().unwrap();
    let store = opened(folder.path());
    for at in 0..20 {
        accepted(&store, at, &[target(1, 1)]).await;
    }
    drop(store);
    let (newest, end) = journal(folder.path());
    let mut content = fs::read(&newest).unwrap();
    content.truncate(end);
    let payload = content.windows(7).position(|bytes| bytes == b"payload").unwrap();
    content[payload] ^= 0xff;
    fs::write(&newest, &content).unwrap();
    let error = EmbeddedStore::open(folder.path()).unwrap_err();
    assert!(matches!(&error, StoreError::Damaged { what, .. } if what.contains("events")), "{error}");
    assert!(fs::read(&newest).unwrap() == content, "the journal is as it was found");
}

#[tokio::test]
async fn ids_go_on_after_the_greatest_although_its_event_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let store = opened(folder.path());
    let last = accepted(&store, 50, &[]).await;
    store.sweep(minute(60), minute(60)).await.unwrap();
    drop(store);
    let store = opened(folder.path());
    assert!(accepted(&store, 0, &[]).await > last);
}

#[tokio::test]
async fn a_second_process_is_told_that_the_folder_is_in_use() {
    let folder = tempfile::tempdir().unwrap();
    let first = opened(folder.path());
    let error = EmbeddedStore::open(folder.path()).unwrap_err();
    assert!(matches!(&error, StoreError::Locked { path } if Path::new(path) == folder.path()), "{error}");
    // The other engine's lock says the same.
    let error = open::folder(folder.path(), Seal::default(), &Failure::default()).err().unwrap();
    assert!(matches!(error, StoreError::Locked { .. }), "{error}");
    drop(first);
    opened(folder.path());
}

#[tokio::test]
async fn a_folder_of_a_newer_format_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    drop(opened(folder.path()));
    fs::write(folder.path().join("format"), "4\n").unwrap();
    let error = EmbeddedStore::open(folder.path()).unwrap_err();
    assert!(matches!(error, StoreError::Newer { found: 4, known: 3, .. }), "{error}");
    for damage in ["", "one"] {
        fs::write(folder.path().join("format"), damage).unwrap();
        assert!(matches!(EmbeddedStore::open(folder.path()), Err(StoreError::Damaged { .. })));
    }
    fs::remove_file(folder.path().join("format")).unwrap();
    assert!(matches!(EmbeddedStore::open(folder.path()), Err(StoreError::Damaged { .. })));
}

#[tokio::test]
async fn a_kill_while_the_folder_is_made_for_the_first_time_does_no_harm() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("format"), "1\n").unwrap();
    fs::create_dir(folder.path().join("events.new")).unwrap();
    fs::write(folder.path().join("events.new/0.jnl"), [0; 9]).unwrap();
    let store = opened(folder.path());
    accepted(&store, 0, &[]).await;
    assert!(!folder.path().join("events.new").exists());
}

#[tokio::test]
async fn a_snapshot_that_was_left_half_written_is_not_taken_for_one() {
    let folder = tempfile::tempdir().unwrap();
    let store = opened(folder.path());
    store.put_subscription(subscription(1, false)).await.unwrap();
    let copy = killed(folder.path());
    let half = copy.path().join("sled/snap.FFFFFFFFFFFFFFFF.generating");
    fs::write(&half, [0; 9]).unwrap();
    assert_eq!(opened(copy.path()).subscriptions().len(), 1);
    assert!(!half.exists());
}

#[tokio::test]
async fn a_first_start_that_a_kill_cut_off_leaves_no_half_of_sleds_folder() {
    let folder = tempfile::tempdir().unwrap();
    drop(opened(folder.path()));
    fs::remove_dir_all(folder.path().join("sled")).unwrap();
    fs::create_dir(folder.path().join("sled.new")).unwrap();
    fs::write(folder.path().join("sled.new/conf"), []).unwrap();
    let store = opened(folder.path());
    store.put_subscription(subscription(1, false)).await.unwrap();
    assert!(!folder.path().join("sled.new").exists());
}

#[tokio::test]
async fn events_that_are_gone_are_not_taken_for_a_new_store() {
    let folder = tempfile::tempdir().unwrap();
    drop(opened(folder.path()));
    fs::remove_dir_all(folder.path().join("events")).unwrap();
    let error = EmbeddedStore::open(folder.path()).unwrap_err();
    assert!(matches!(&error, StoreError::Damaged { what, .. } if what.contains("events")), "{error}");
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_said_in_the_systems_words() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let error = EmbeddedStore::open(&file.path().join("store")).unwrap_err();
    assert!(matches!(&error, StoreError::Failed { why } if why.contains("os error")), "{error}");
}

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

#[tokio::test]
async fn a_record_that_cannot_be_read_is_named_and_holds_nobody_else_up() {
    let folder = tempfile::tempdir().unwrap();
    let store = opened(folder.path());
    let bad = accepted(&store, 0, &[target(1, 1)]).await;
    let good = accepted(&store, 1, &[target(1, 1)]).await;
    drop(store);
    let disk = open::events(folder.path()).unwrap();
    disk.space(disk::Space::Waiting).insert(disk::event_key(bad), [9, 9, 9]).unwrap();
    drop(disk);
    let store = opened(folder.path());
    let error = store.event(bad).await.unwrap_err().to_string();
    assert!(error.contains(&format!("event {bad}")) && error.contains("version 9"), "{error}");
    assert_eq!(store.due(lane(1), 9).iter().map(|waiting| waiting.event).collect::<Vec<_>>(), [good]);
    assert_eq!((store.accounts().waiting, store.accounts().balance()), (1, true));
    let (lines, mut taken) = tokio::sync::mpsc::channel(9);
    assert!(store.export(lines).await.is_err());
    let mut kept = 0;
    while let Some(line) = taken.recv().await {
        assert!(!matches!(line, ExportLine::End { .. }));
        kept += usize::from(matches!(line, ExportLine::Event(_)));
    }
    assert_eq!(kept, 1);
}

/// As releases before template sets wrote it.
const OLD_SUBSCRIPTION: &str = r#"{"format":1,"id":"00000000000000000000000007","name":"dev","source":"forge","events":["merge.*"],"filter":null,"url":"https://a.example/url-secret/7","profile":"workflow","quota_group":"team","paused":true,"created_at":"2026-11-23T08:00:00Z"}"#;

#[tokio::test]
async fn a_subscription_of_an_older_release_is_read_looks_as_all_do_and_is_written_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    drop(EmbeddedStore::open(folder.path()).unwrap());
    {
        let database = sled::open(folder.path().join("sled")).unwrap();
        let tree = database.open_tree("subscriptions").unwrap();
        tree.insert(7_u128.to_be_bytes(), OLD_SUBSCRIPTION).unwrap();
        database.flush().unwrap();
    }
    let store = EmbeddedStore::open(folder.path()).unwrap();
    let read = store.subscriptions();
    assert_eq!(read[0].look, crate::subscription::Look::default());
    assert_eq!((read[0].name.as_deref(), read[0].paused_at.is_some()), (Some("dev"), true));
    let exported = lines(&store).await;
    assert_eq!(exported[1], OLD_SUBSCRIPTION.replacen('{', r#"{"record":"subscription","#, 1));
}
