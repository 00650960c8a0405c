//! What only a store on a disk must do: outlive crashes, notice damage, and stop when it can't write.

mod bounds;
mod damage;
mod opening;
mod writing;

use std::{
    fs::{self, File},
    io::{Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use super::{
    super::{Bounds, MemoryStore, suite::*},
    writer::Way,
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
