//! A source's secrets, for handshakes: they can be compared with and signed with, and not be read.

use super::{key::Key, mac::mac};
use crate::{
    config::scheme::{Algorithm, SecretEncoding},
    secret::Secret,
};

/// What a source's file gives as `secrets` and as `handshake_secrets`, in their order.
///
/// Apart, since a handshake's secret stands in an address, for proxies to log: it must not be good for signing.
#[derive(Debug, Clone, Default)]
pub struct Secrets {
    signing: Vec<Secret>,
    shown: Vec<Secret>,
}

impl Secrets {
    /// These, as they stand in the file.
    pub fn new(signing: &[Secret], shown: &[Secret]) -> Self {
        Self { signing: signing.to_vec(), shown: shown.to_vec() }
    }

    /// Whether this is one of the handshake's, in time that depends on lengths and their number alone.
    pub fn proves(&self, shown: &[u8]) -> bool {
        self.shown.iter().fold(false, |found, secret| secret.is(shown) | found)
    }

    /// The HMAC-SHA256 of `text` by the first that signs, in hex; none where there is none.
    pub fn hmac_hex(&self, text: &[u8]) -> Option<String> {
        let key = Key::decode(self.signing.first()?.expose(), SecretEncoding::Text).ok()?;
        mac(Algorithm::Sha256, &key, &[text]).ok().map(hex::encode)
    }
}
