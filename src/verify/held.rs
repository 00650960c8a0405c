//! What a scheme checks signatures with: a key that both ends have, or the public half of the sender's.

use super::{
    cannot_sign::CannotSign,
    key::Key,
    mac::{hash, mac},
    message::Message,
    misfit::Misfit,
    public_key::PublicKey,
};
use crate::{
    config::scheme::{By, SecretEncoding, SignedSpec},
    secret::same,
};

/// What a scheme checks signatures with.
#[derive(Debug)]
pub(super) enum Held {
    /// The same at both ends.
    Shared(Key),
    /// The public half of the sender's.
    Public(Box<PublicKey>),
}

impl Held {
    /// The key that a secret stands for in this scheme.
    pub(super) fn of(secret: &str, spec: &SignedSpec) -> Result<Self, Misfit> {
        let text = secret.strip_prefix(&spec.secret_prefix).unwrap_or(secret);
        match spec.by {
            By::Hmac(_) | By::Hash(_) => Key::decode(text, spec.secret_encoding).map(Self::Shared),
            By::PublicKey(algorithm) => {
                PublicKey::of(text, algorithm, spec.secret_encoding).map(|key| Self::Public(Box::new(key)))
            }
        }
    }

    /// Whether one of the signatures is of this message, and what the message is known by: the one right signature
    /// of a shared key. A public key can have several that are right, so it gives nothing.
    pub(super) fn fits(&self, by: By, message: &Message<'_>, signatures: &[Vec<u8>]) -> (bool, Option<Vec<u8>>) {
        match self {
            Self::Public(key) => {
                let message = message.whole();
                (signatures.iter().any(|signature| key.fits(&message, signature)), None)
            }
            Self::Shared(_) => {
                let made = self.sign(by, message).ok();
                let fits = made.as_ref().is_some_and(|made| signatures.iter().any(|signature| same(signature, made)));
                (fits, made)
            }
        }
    }

    /// A signature of this message.
    pub(super) fn sign(&self, by: By, message: &Message<'_>) -> Result<Vec<u8>, CannotSign> {
        match (self, by) {
            (Self::Public(key), _) => key.sign(&message.whole()),
            (Self::Shared(key), By::Hmac(algorithm)) => {
                mac(algorithm, key, &message.with(key.expose())).map_err(|_| CannotSign::NoSecret)
            }
            (Self::Shared(key), By::Hash(algorithm)) => Ok(hash(algorithm, &message.with(key.expose()))),
            (Self::Shared(_), By::PublicKey(_)) => Err(CannotSign::NoSecret),
        }
    }

    /// The keys that the same secret would be if it were read otherwise, each with the words for that.
    pub(super) fn other_readings(secret: &str, spec: &SignedSpec) -> Vec<(Self, &'static str)> {
        let bare = secret.trim();
        let bare = bare.strip_prefix(&spec.secret_prefix).unwrap_or(bare);
        let readings = [
            (bare, spec.secret_encoding, "the secret has spaces or line ends around it that don't belong to it"),
            (bare, SecretEncoding::Text, "the secret's own text is the key (secret_encoding = \"text\")"),
            (bare, SecretEncoding::Hex, "the secret is hex of the key (secret_encoding = \"hex\")"),
            (bare, SecretEncoding::Base64, "the secret is base64 of the key (secret_encoding = \"base64\")"),
            (secret, SecretEncoding::Text, "the secret's prefix is part of the key (no secret_prefix)"),
        ];
        let keys = readings.into_iter().map(|(text, encoding, words)| (Key::decode(text, encoding), words));
        keys.filter_map(|(key, words)| Some((Self::Shared(key.ok()?), words))).collect()
    }
}
