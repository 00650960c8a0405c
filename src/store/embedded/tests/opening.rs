//! What a start finds: a folder in use, of a newer format, half made, or with its events gone.

use super::*;

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
