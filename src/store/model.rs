//! The store on disk beside the one in memory: whatever is done to both, they agree, and the books balance.

mod action;
mod side;

use std::{path::Path, sync::Arc};

use proptest::prelude::*;

use self::{
    action::{Action, SOURCES, action},
    side::{Side, source},
};
use super::{EmbeddedStore, MemoryStore, Store, StoreError, embedded::tests::killed, suite::*};
use crate::{
    seal::{Key, Seal},
    secret::Secret,
};

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
