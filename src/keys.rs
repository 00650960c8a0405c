//! The keys that no settings file holds: fetched from their providers, bounded and remembered, or brought by handshakes.
//!
//! Which addresses are legitimate is the verifier's alone to decide: it names those that its schemes pin or that the
//! admin wrote down. Here it is seen to that they are asked seldom, one at a time, and that few are kept.

mod desk;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use url::Url;

use crate::{
    clock::Clock,
    deliver::fetch::Fetcher,
    name::SourceName,
    secret::Secret,
    store::{Captured, Store, StoreError},
    verify::keyring::Keyring,
};
use desk::{Desk, Leave};

/// Bytes of a certificate, at most: AWS's are 2 KiB.
const CERTIFICATE: usize = 64 * 1024;

/// Bytes of a set of keys, at most: Entra's is some 20 KiB.
const KEY_SET: usize = 256 * 1024;

/// The ring, and who fills it.
#[derive(Debug)]
pub struct Keys {
    ring: ArcSwap<Keyring>,
    desk: Mutex<Desk>,
    fetcher: Fetcher,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
}

/// On whose behalf an address is asked. Each may ask so much, whatever the others do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Asker {
    /// A source, for what proves its webhooks.
    Source(SourceName),
    /// The pages, for what proves who somebody is.
    SignIn,
}

impl From<&SourceName> for Asker {
    fn from(source: &SourceName) -> Self {
        Self::Source(source.clone())
    }
}

/// The key can't be had now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unavailable;

impl Keys {
    /// An empty ring.
    pub fn new(fetcher: Fetcher, store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self { ring: ArcSwap::default(), desk: Mutex::default(), fetcher, store, clock }
    }

    /// The keys as they are now, those left out that are past their day.
    pub fn ring(&self) -> Arc<Keyring> {
        let mut desk = self.desk();
        let stale = desk.stale(self.clock.steady());
        if !stale.is_empty() {
            self.change(|ring| stale.iter().for_each(|from| ring.drop_fetched(from)));
        }
        drop(desk);
        self.ring.load_full()
    }

    /// Puts the captured secrets of these sources onto the ring.
    pub fn know<'a>(&self, sources: impl Iterator<Item = &'a SourceName>) {
        for source in sources {
            self.put_captured(source);
        }
    }

    fn put_captured(&self, source: &SourceName) {
        let _changing = self.desk();
        let secrets = self.store.captured(source);
        if !secrets.is_empty() {
            self.change(|ring| ring.put_captured(source.clone(), secrets));
        }
    }

    /// Keeps a secret that a handshake brought, on disk and then on the ring.
    ///
    /// # Errors
    /// The store's.
    pub async fn capture(&self, source: &SourceName, secret: Secret, at_most: usize) -> Result<Captured, StoreError> {
        let captured = self.store.capture(source, secret, at_most, self.clock.now()).await?;
        self.put_captured(source);
        Ok(captured)
    }

    /// Sees to it that the ring holds what this address holds now, or held less than a minute ago.
    ///
    /// # Errors
    /// Where it can't be had, was asked in vain a moment ago, or too much was asked on this one's behalf.
    pub async fn fetch(&self, asker: impl Into<Asker>, from: &Url) -> Result<(), Unavailable> {
        let asker = asker.into();
        let gate = self.desk().gate(from);
        let _alone = gate.lock().await;
        match self.desk().leave(&asker, from, self.clock.steady()) {
            Leave::Fresh => return Ok(()),
            Leave::Refused => return Err(Unavailable),
            Leave::Granted => {}
        }
        let limit = if from.path().ends_with(".pem") { CERTIFICATE } else { KEY_SET };
        let fetched = self.fetcher.get(from, limit).await;
        let now = self.clock.steady();
        let mut desk = self.desk();
        match fetched {
            Ok(bytes) => {
                desk.fetched(from, now);
                self.change(|ring| ring.put_fetched(from.clone(), Arc::from(&*bytes)));
                tracing::info!(host = from.host_str(), bytes = bytes.len(), "fetched a provider's key");
                Ok(())
            }
            Err(error) => {
                desk.failed(from, now);
                tracing::warn!(host = from.host_str(), %error, "can't fetch a provider's key");
                Err(Unavailable)
            }
        }
    }

    /// Asks an address once, for what the asking does. What it answers changes nothing, and is told to the log.
    pub async fn confirm(&self, source: &SourceName, address: &Url) {
        let granted = self.desk().spend(&source.into(), self.clock.steady());
        if !granted {
            tracing::warn!(%source, "a subscription was not confirmed: too much was fetched in the last minute");
            return;
        }
        match self.fetcher.get(address, CERTIFICATE).await {
            Ok(_) => tracing::info!(%source, host = address.host_str(), "confirmed a subscription"),
            Err(error) => {
                tracing::warn!(%source, host = address.host_str(), %error, "a subscription could not be confirmed");
            }
        }
    }

    /// The ring is replaced by whoever holds the desk, so that no change is lost.
    fn change(&self, change: impl FnOnce(&mut Keyring)) {
        let mut ring = Keyring::clone(&self.ring.load());
        change(&mut ring);
        self.ring.store(Arc::new(ring));
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// As if the address had been asked just now, and held this.
    #[cfg(test)]
    pub(crate) fn answered(&self, from: &Url, bytes: &[u8]) {
        self.desk().fetched(from, self.clock.steady());
        self.change(|ring| ring.put_fetched(from.clone(), Arc::from(bytes)));
    }
}

#[cfg(test)]
mod tests;
