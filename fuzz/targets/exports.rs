//! Whatever stands in an export: each line is refused in words or taken in, the books balance, and what was taken in is
//! exported again as it is imported again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use teams_relay::store::{ExportLine, MemoryStore, Store};

fuzz_target!(|input: &[u8]| {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        let store = MemoryStore::default();
        for line in input.split(|byte| *byte == b'\n') {
            if let Ok(line) = serde_json::from_slice::<ExportLine>(line) {
                if let Err(error) = store.import(line).await {
                    assert!(!error.to_string().is_empty());
                }
                assert!(store.accounts().balance(), "{:?}", store.accounts());
            }
        }
        let first = exported(&store).await;
        let other = MemoryStore::default();
        for line in &first {
            other.import(serde_json::from_str(line).expect("a line")).await.expect("a line of our own");
        }
        assert_eq!(exported(&other).await, first);
        assert_eq!(other.accounts().waiting, store.accounts().waiting);
    });
});

async fn exported(store: &MemoryStore) -> Vec<String> {
    let (send, mut lines) = tokio::sync::mpsc::channel(16);
    let mut all = Vec::new();
    let collect = async {
        while let Some(line) = lines.recv().await {
            all.push(serde_json::to_string(&line).expect("JSON"));
        }
    };
    let (exported, ()) = tokio::join!(store.export(send), collect);
    exported.expect("an export");
    all
}
