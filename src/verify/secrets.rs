//! A source's secrets, for handshakes: they can be compared with and signed with, and not be read.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::secret::Secret;

/// What a source's file gives as `secrets`, in their order.
#[derive(Debug, Clone, Default)]
pub struct Secrets(Vec<Secret>);

impl Secrets {
    /// These, as they stand in the file.
    pub fn new(secrets: &[Secret]) -> Self {
        Self(secrets.to_vec())
    }

    /// Whether this is one of them, in time that depends on lengths and their number alone.
    pub fn proves(&self, shown: &[u8]) -> bool {
        self.0.iter().fold(false, |found, secret| secret.is(shown) | found)
    }

    /// The HMAC-SHA256 of `text` by the first of them, in hex; none where there is none.
    pub fn hmac_hex(&self, text: &[u8]) -> Option<String> {
        let key = self.0.first()?.expose().as_bytes();
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key).ok()?;
        mac.update(text);
        Some(hex::encode(mac.finalize().into_bytes()))
    }
}
