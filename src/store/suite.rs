//! What every store must do, tried on each of them; and the samples that the stores' other tests use too.

/// Tests that each run on the store in memory and on the one on disk, and end with balanced books.
macro_rules! conformance {
    ($($(#[doc = $doc:literal])* async fn $name:ident($store:ident) $body:block)*) => {$(
        $(#[doc = $doc])*
        mod $name {
            use super::*;

            async fn holds($store: &dyn Store) {
                $body
                assert!($store.accounts().balance(), "{:?}", $store.accounts());
                assert_eq!($store.accounts().waiting, $store.queue().0);
            }

            #[tokio::test]
            async fn in_memory() {
                holds(&MemoryStore::default()).await;
            }

            #[tokio::test]
            async fn on_disk() {
                let folder = tempfile::tempdir().unwrap();
                holds(&EmbeddedStore::open(folder.path()).unwrap()).await;
            }
        }
    )*};
}

mod accept;
mod kept;
mod lanes;
mod reads;
mod replay;
mod samples;
mod sweep;
mod transfer;

pub(super) use self::samples::*;
