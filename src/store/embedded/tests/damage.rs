//! What becomes of a store whose files were damaged: it opens, or says what is wrong and what to do; and what can still
//! be read of it can be saved.

use super::*;
use crate::event::RawBody;

/// In tables and files of payloads are 20 settled events and 20 that wait, and 3 more in the journal alone.
async fn sample(folder: &Path) -> Vec<EventId> {
    let store = opened(folder);
    store.put_subscription(subscription(1, false)).await.unwrap();
    let mut ids = Vec::new();
    for at in 0..40 {
        let mut sent = event(Some(&format!("d-{at}")), minute(at));
        sent.body = RawBody(noise(3000, at.unsigned_abs()));
        let accepted = store.accept(sent, vec![], vec![target(1, 1)], Reason::NoSubscription).await.unwrap();
        let Accepted::New(id) = accepted else { panic!("{accepted:?}") };
        ids.push(id);
        if at == 19 {
            let attempt = Some(attempt(minute(50), Reason::Delivered));
            store.settle(lane(1), &ids, Verdict::Accepted, attempt, minute(50)).await.unwrap();
            store.disk.space(disk::Space::Payloads).rotate_memtable_and_wait().unwrap();
        }
    }
    for space in disk::Space::ALL {
        store.disk.space(space).rotate_memtable_and_wait().unwrap();
    }
    for at in 60..63 {
        ids.push(accepted(&store, at, &[target(1, 1)]).await);
    }
    ids
}

/// What is done to the one file, or folder, that a path with `*` for its last name leads to.
#[derive(Debug, Clone, Copy)]
enum Harm {
    Gone,
    /// A byte after so many percent of its content is changed.
    Flipped(usize),
    /// So many percent of its content are left.
    Cut(usize),
}

impl Harm {
    fn done_to(self, folder: &Path, path: &str) {
        let path = found(folder, path);
        if let Harm::Gone = self {
            let gone = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            return gone.unwrap();
        }
        let mut content = fs::read(&path).unwrap();
        let end = torn::end_of(&content);
        match self {
            Harm::Gone => {}
            Harm::Flipped(percent) => content[end * percent / 100] ^= 0x40,
            Harm::Cut(percent) => content.truncate(end * percent / 100),
        }
        fs::write(path, content).unwrap();
    }
}

/// The last, by name, that is there.
fn found(folder: &Path, path: &str) -> PathBuf {
    let Some(folder_of) = path.strip_suffix("/*") else { return folder.join(path) };
    let inside = fs::read_dir(folder.join(folder_of)).unwrap().map(|entry| entry.unwrap().path());
    inside.max().unwrap()
}

/// The events and the other records that can be saved, and what can't.
async fn saved(folder: &Path) -> (Vec<String>, Vec<String>) {
    let (lines, mut taken) = tokio::sync::mpsc::channel(1);
    let folder = folder.to_owned();
    let salvage = tokio::task::spawn_blocking(move || EmbeddedStore::salvage(&folder, Seal::default(), &lines));
    let mut all = Vec::new();
    while let Some(line) = taken.recv().await {
        all.push(serde_json::to_string(&line).unwrap());
    }
    (all, salvage.await.unwrap().unwrap())
}

fn events_in(lines: &[String]) -> usize {
    lines.iter().filter(|line| line.starts_with(r#"{"record":"event""#)).count()
}

#[tokio::test]
async fn what_does_not_open_says_what_to_do_and_all_that_can_be_read_is_saved() {
    let folder = tempfile::tempdir().unwrap();
    sample(folder.path()).await;
    let [meta, payloads, waiting, settled, attempts] =
        [0, 1, 2, 3, 4].map(|number| format!("events/keyspaces/{number}"));
    let mut wrong = Vec::new();
    for (path, harm, events, lost) in [
        (format!("{payloads}/blobs/1"), Harm::Gone, 23, "Payloads"),
        (format!("{payloads}/blobs/1"), Harm::Cut(50), 23, "keyspaces/1/blobs/1"),
        (format!("{payloads}/tables/*"), Harm::Gone, 0, "keyspaces/1"),
        (format!("{payloads}/current"), Harm::Gone, 43, ""),
        (payloads.clone(), Harm::Gone, 0, "keyspaces/1"),
        (format!("{waiting}/tables/*"), Harm::Flipped(30), 20, "events that wait"),
        (format!("{waiting}/tables/*"), Harm::Cut(90), 20, "`keyspaces/2` (Waiting)"),
        (format!("{waiting}/current"), Harm::Gone, 43, ""),
        (waiting.clone(), Harm::Gone, 20, "keyspaces/2"),
        (format!("{settled}/tables/*"), Harm::Flipped(30), 23, "events that are settled"),
        (format!("{attempts}/tables/*"), Harm::Gone, 43, "`keyspaces/4` (Attempts)"),
        (format!("{meta}/current"), Harm::Gone, 43, ""),
        ("events/0.jnl".into(), Harm::Gone, 40, "journal"),
        ("events/0.jnl".into(), Harm::Flipped(20), 40, "0.jnl"),
        ("sled".into(), Harm::Gone, 43, "1 of 1 subscriptions"),
        ("sled/db".into(), Harm::Gone, 43, "all subscriptions"),
        ("sled/db".into(), Harm::Cut(0), 43, "all subscriptions"),
        ("sled/db".into(), Harm::Cut(60), 43, "1 of 1 subscriptions"),
        ("sled/db".into(), Harm::Flipped(95), 43, "1 of 1 subscriptions"),
        ("sled/conf".into(), Harm::Flipped(30), 43, "all subscriptions"),
    ] {
        let copy = killed(folder.path());
        harm.done_to(copy.path(), &path);
        let (lines, left_out) = saved(copy.path()).await;
        let told = lost.is_empty() || left_out.iter().any(|one| one.contains(lost));
        let error = EmbeddedStore::open(copy.path()).err().map_or_else(String::new, |error| error.to_string());
        let cure = error.split_once("; ").map_or("", |(_, cure)| cure);
        let cured = cure.contains("export --offline") || cure.contains("from a backup");
        let anew = tempfile::tempdir().unwrap();
        let anew = opened(anew.path());
        import(&anew, &lines).await;
        let taken = anew.events(Page { before: None, limit: 99 }).await.unwrap().len();
        if (events_in(&lines), taken, told, cured) != (events, events, true, true) {
            wrong.push(format!(
                "{path} {harm:?}: {} of {events} events, {taken} taken; {left_out:?}; {error}",
                events_in(&lines)
            ));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[tokio::test]
async fn a_payload_that_was_changed_is_named_and_costs_no_other_event_anything() {
    let folder = tempfile::tempdir().unwrap();
    let ids = sample(folder.path()).await;
    Harm::Flipped(50).done_to(folder.path(), "events/keyspaces/1/blobs/0");
    let store = opened(folder.path());
    let mut unread = Vec::new();
    for id in &ids {
        if let Err(error) = store.event(*id).await {
            assert!(error.to_string().contains("not what was written"), "{error}");
            unread.push(*id);
        }
    }
    assert_eq!(unread.len(), 1);
    drop(store);
    let (lines, left_out) = saved(folder.path()).await;
    assert_eq!((events_in(&lines), left_out.len()), (42, 1));
    let told = format!("event {} (merge.done of forge, 3000 bytes)", unread[0]);
    assert!(left_out[0].contains(&told), "{left_out:?}");
}

#[tokio::test]
async fn a_journal_that_lost_its_end_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let ids = sample(folder.path()).await;
    for (harm, lost) in [(Harm::Cut(0), Some(3)), (Harm::Cut(50), Some(3)), (Harm::Cut(100), None)] {
        let copy = killed(folder.path());
        harm.done_to(copy.path(), "events/0.jnl");
        let disk = open::events(copy.path()).unwrap();
        let (known, last) = rebuild::known(&disk).unwrap();
        let (_, noticed) = witness::Witness::open(copy.path(), last, known.accounts.accepted).unwrap();
        assert_eq!(noticed, lost, "{harm:?}");
        drop(disk);
        assert_eq!(opened(copy.path()).accounts().accepted, 43 - lost.unwrap_or(0));
        assert!(ids.contains(&last));
    }
}

#[tokio::test]
async fn a_store_that_is_whole_is_saved_whole_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    sample(folder.path()).await;
    let store = opened(folder.path());
    let expected = lines(&store).await;
    let held = folder.path().to_owned();
    let (send, _taken) = tokio::sync::mpsc::channel(1);
    let error = tokio::task::spawn_blocking(move || EmbeddedStore::salvage(&held, Seal::default(), &send)).await;
    assert!(matches!(error.unwrap(), Err(StoreError::Locked { .. })));
    drop(store);
    let before = contents(folder.path());
    let (lines, left_out) = saved(folder.path()).await;
    assert_eq!((lines, left_out), (expected, vec![]));
    assert!(contents(folder.path()) == before, "nothing was changed");
}

fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(contents(&path));
        } else {
            let content = fs::read(&path).unwrap();
            let end = torn::end_of(&content);
            all.push((path, content[..end].to_vec()));
        }
    }
    all.sort();
    all
}

#[tokio::test]
async fn records_that_are_fewer_than_noted_are_taken_for_lost_and_more_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let store = opened(folder.path());
    for number in 1..4 {
        store.put_subscription(subscription(number, false)).await.unwrap();
    }
    store.remove_subscription(crate::name::SubscriptionId::from_u128(2)).await.unwrap();
    drop(store);
    let note = folder.path().join("records");
    assert_eq!(fs::read_to_string(&note).unwrap(), "2\n");
    fs::write(&note, "1\n").unwrap();
    assert_eq!(opened(folder.path()).subscriptions().len(), 2);
    fs::write(&note, "3\n").unwrap();
    let error = EmbeddedStore::open(folder.path()).unwrap_err().to_string();
    assert!(error.contains("holds 2 of 3") && error.contains("remove `"), "{error}");
    fs::remove_file(&note).unwrap();
    assert_eq!(opened(folder.path()).subscriptions().len(), 2);
}

#[tokio::test]
async fn records_and_rows_that_cannot_be_decoded_cost_no_other_one_anything() {
    let folder = tempfile::tempdir().unwrap();
    let ids = sample(folder.path()).await;
    let disk = open::events(folder.path()).unwrap();
    disk.space(disk::Space::Settled).insert(disk::event_key(ids[3]), [9, 9, 9]).unwrap();
    drop(disk);
    let all = folder::Folder::open(folder.path(), Seal::default(), Failure::default()).unwrap_or_else(|_| panic!());
    all.write(folder::Kind::Subscription, &7_u128.to_be_bytes(), b"no JSON").unwrap();
    drop(all);
    let (lines, left_out) = saved(folder.path()).await;
    assert_eq!((events_in(&lines), lines.len()), (42, 1 + 1 + 42 + 1));
    assert!(left_out[0].contains("subscription 00000000000000000000000007"), "{left_out:?}");
    assert!(left_out[1].contains(&format!("event {}", ids[3])), "{left_out:?}");
    assert_eq!(left_out.len(), 2);
}
