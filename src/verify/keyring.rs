//! The keys that are in no settings file: those that a provider publishes, and those that a handshake brought.

use std::{collections::HashMap, sync::Arc};

use url::Url;

use crate::{name::SourceName, secret::Secret};

/// Keys that became known while the relay ran. Replaced as a whole when one is added.
#[derive(Debug, Clone, Default)]
pub struct Keyring {
    /// What an address held when it was fetched: a certificate, a set of keys.
    fetched: HashMap<Url, Arc<[u8]>>,
    /// The secrets that a source's handshakes brought.
    captured: HashMap<SourceName, Vec<Secret>>,
}

impl Keyring {
    /// What the address held.
    pub fn fetched(&self, from: &Url) -> Option<&[u8]> {
        self.fetched.get(from).map(|bytes| &**bytes)
    }

    /// The secrets that the source's handshakes brought.
    pub fn captured(&self, source: &SourceName) -> &[Secret] {
        self.captured.get(source).map_or(&[], Vec::as_slice)
    }

    /// Remembers what an address held.
    pub fn put_fetched(&mut self, from: Url, bytes: Arc<[u8]>) {
        self.fetched.insert(from, bytes);
    }

    /// Forgets what an address held.
    pub fn drop_fetched(&mut self, from: &Url) {
        self.fetched.remove(from);
    }

    /// Replaces the captured secrets of a source.
    pub fn put_captured(&mut self, source: SourceName, secrets: Vec<Secret>) {
        self.captured.insert(source, secrets);
    }
}
