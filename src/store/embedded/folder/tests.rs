//! What a key is for: nothing readable on disk, whatever was there before, and nothing lost.

use std::fs;

use serde_json::json;

use super::{
    numbered::{NAME, numbers},
    *,
};
use crate::{
    name::{InvitationId, SourceName},
    seal::Key,
    secret::Secret,
    store::{Captured, EmbeddedStore, ExportLine, Store, embedded::tests::killed, suite::*},
};

fn key(number: u8) -> Key {
    Key::parse(&Secret::new(hex::encode([number; 32]))).unwrap()
}

fn seal(numbers: &[u8]) -> Seal {
    Seal::new(numbers.iter().map(|number| key(*number)).collect())
}

fn opened(store: &Path, keys: &[u8]) -> EmbeddedStore {
    EmbeddedStore::open_sealed(store, seal(keys)).unwrap()
}

const RELAY_KEY: &str = "cmVsYXkta2V5LWh1bnRlcjItcmVsYXkta2V5LTEyMzQ=";
const INVITATION: InvitationId = InvitationId::from_u128(7);

fn forge() -> SourceName {
    "forge".parse().unwrap()
}

/// Two subscriptions, one of them removed again, a captured secret, and what lets guests in.
async fn fill(store: &EmbeddedStore) {
    for number in [7, 8] {
        store.put_subscription(subscription(number, false)).await.unwrap();
    }
    store.remove_subscription(subscription(8, false).id).await.unwrap();
    let captured = store.capture(&forge(), Secret::new("captured-hunter2"), 9, minute(0)).await.unwrap();
    assert_eq!(captured, Captured::New);
    store.import(ExportLine::RelayKey(json!({"format": 1, "key": RELAY_KEY}))).await.unwrap();
    assert!(store.redeem(INVITATION, minute(1), minute(0)).await.unwrap());
}

async fn is_whole(store: &EmbeddedStore) {
    let urls: Vec<String> = store.subscriptions().iter().map(|one| one.destination.url.expose().to_owned()).collect();
    assert_eq!(urls, [subscription(7, false).destination.url.expose()]);
    assert_eq!(store.subscriptions()[0].destination.headers, subscription(7, false).destination.headers);
    assert!(store.captured(&forge())[0].is(b"captured-hunter2"));
    assert!(store.relay_key().unwrap().is(RELAY_KEY.as_bytes()));
    assert!(!store.redeem(INVITATION, minute(1), minute(0)).await.unwrap());
}

/// The files below a folder that hold any of these texts.
fn holding(folder: &Path, texts: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(holding(&path, texts));
        } else if path.is_file() {
            let bytes = fs::read(&path).unwrap();
            let has = |text: &str| bytes.windows(text.len()).any(|part| part == text.as_bytes());
            if texts.iter().any(|text| has(text)) {
                found.push(path);
            }
        }
    }
    found
}

/// What `suite::subscription` has in its URLs and headers, what was captured, and the relay's own key.
const SECRETS: [&str; 5] = ["url-secret", "https://", "header-secret", "captured-hunter2", RELAY_KEY];

#[tokio::test]
async fn with_a_key_no_file_of_the_store_holds_a_url_or_a_captured_secret() {
    let folder = tempfile::tempdir().unwrap();
    let store = opened(folder.path(), &[1]);
    fill(&store).await;
    assert_eq!(holding(folder.path(), &SECRETS), [] as [PathBuf; 0]);
    is_whole(&opened(killed(folder.path()).path(), &[1])).await;
    drop(store);
    is_whole(&opened(folder.path(), &[2, 1])).await;
    assert_eq!(holding(folder.path(), &SECRETS), [] as [PathBuf; 0]);
}

#[tokio::test]
async fn what_was_written_without_a_key_is_sealed_at_the_next_start_and_the_old_bytes_are_gone() {
    let folder = tempfile::tempdir().unwrap();
    let store = opened(folder.path(), &[]);
    fill(&store).await;
    drop(store);
    assert!(!holding(folder.path(), &SECRETS).is_empty(), "else this shows nothing");
    let store = opened(folder.path(), &[1]);
    is_whole(&store).await;
    assert_eq!(holding(folder.path(), &SECRETS), [] as [PathBuf; 0]);
    store.put_subscription(subscription(9, false)).await.unwrap();
    drop(store);
    assert_eq!(opened(folder.path(), &[1]).subscriptions().len(), 2);
    assert_eq!(holding(folder.path(), &SECRETS), [] as [PathBuf; 0]);
}

#[tokio::test]
async fn what_was_removed_before_there_was_a_key_is_gone_too() {
    let folder = tempfile::tempdir().unwrap();
    let store = opened(folder.path(), &[]);
    store.put_subscription(subscription(8, false)).await.unwrap();
    store.remove_subscription(subscription(8, false).id).await.unwrap();
    drop(store);
    assert!(!holding(folder.path(), &SECRETS).is_empty(), "else this shows nothing");
    drop(opened(folder.path(), &[1]));
    assert_eq!(holding(folder.path(), &SECRETS), [] as [PathBuf; 0]);
}

#[tokio::test]
async fn a_sealed_store_without_its_key_does_not_open_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    fill(&opened(folder.path(), &[1])).await;
    let refused = |keys: &[u8]| EmbeddedStore::open_sealed(folder.path(), seal(keys)).unwrap_err().to_string();
    let none = refused(&[]);
    assert!(none.contains("`store.key` is not set; set `store.key`"), "{none}");
    let wrong = refused(&[2]);
    assert!(wrong.contains(&format!("the key {}, which is not in", key(1).id())), "{wrong}");
    is_whole(&opened(folder.path(), &[2, 1])).await;
}

#[tokio::test]
async fn after_a_rotation_the_new_key_alone_opens_what_the_old_one_sealed() {
    let folder = tempfile::tempdir().unwrap();
    fill(&opened(folder.path(), &[1])).await;
    let store = opened(folder.path(), &[2, 1]);
    // It is written with the new key while the rest still has the old one.
    store.put_subscription(subscription(9, false)).await.unwrap();
    store.remove_subscription(subscription(9, false).id).await.unwrap();
    assert_eq!(store.reseal().await.unwrap(), Resealed { records: 4, key: key(2).id().to_string() });
    let old_id = hex::decode(key(1).id().to_string()).unwrap();
    let db = fs::read(current(folder.path()).join("db")).unwrap();
    assert!(!db.windows(old_id.len()).any(|part| part == old_id), "nothing of the old key is left");
    // It goes on as it did, in the new folder.
    store.put_subscription(subscription(9, false)).await.unwrap();
    assert_eq!(opened(killed(folder.path()).path(), &[2]).subscriptions().len(), 2);
    store.remove_subscription(subscription(9, false).id).await.unwrap();
    drop(store);
    is_whole(&opened(folder.path(), &[2])).await;
    assert_eq!(numbers(folder.path()).unwrap(), [1]);
}

#[tokio::test]
async fn without_a_key_there_is_nothing_to_rotate() {
    let folder = tempfile::tempdir().unwrap();
    let error = opened(folder.path(), &[]).reseal().await.unwrap_err().to_string();
    assert!(error.contains("`teams-relay key new`"), "{error}");
}

#[tokio::test]
async fn a_kill_while_it_is_sealed_anew_leaves_the_old_folder_or_the_new_one() {
    let folder = tempfile::tempdir().unwrap();
    fill(&opened(folder.path(), &[])).await;
    let before = killed(folder.path());
    drop(opened(folder.path(), &[1]));
    let (old, new) = (before.path().join(NAME), folder.path().join("sled-1"));
    // Cut off before the new folder was whole: what it holds does not count.
    let half = killed(before.path());
    fs::rename(killed(&new).keep(), half.path().join("sled-1")).unwrap();
    fs::remove_file(half.path().join("sled-1").join(SEALED)).unwrap();
    is_whole(&opened(half.path(), &[1])).await;
    // Cut off before the old folder was removed.
    let both = killed(folder.path());
    fs::rename(killed(&old).keep(), both.path().join(NAME)).unwrap();
    is_whole(&opened(both.path(), &[1])).await;
    for store in [half.path(), both.path()] {
        assert_eq!((numbers(store).unwrap().len(), holding(store, &SECRETS)), (1, vec![]));
    }
}

#[tokio::test]
async fn a_record_that_was_put_in_anothers_place_is_named_and_not_believed() {
    let folder = tempfile::tempdir().unwrap();
    let store = opened(folder.path(), &[1]);
    for number in [7, 8] {
        store.put_subscription(subscription(number, false)).await.unwrap();
    }
    drop(store);
    let files = Files::open(&current(folder.path()), 0).unwrap();
    let tree = files.tree(Kind::Subscription);
    let other = tree.get(8_u128.to_be_bytes()).unwrap().unwrap();
    tree.insert(7_u128.to_be_bytes(), other).unwrap();
    drop(files);
    let error = EmbeddedStore::open_sealed(folder.path(), seal(&[1])).unwrap_err().to_string();
    assert!(error.contains("a subscription in `") && error.contains("can't be read: it was changed"), "{error}");
}
