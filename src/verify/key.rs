//! The bytes of a signing key; wiped when dropped, and never shown.

use base64::{Engine, engine::general_purpose::STANDARD_PAD_INDIFFERENT};
use secrecy::{ExposeSecret, SecretSlice};

use super::misfit::Misfit;
use crate::config::scheme::SecretEncoding;

pub(super) struct Key(SecretSlice<u8>);

impl Key {
    /// The key that a secret stands for. An empty one is refused: everybody has it.
    pub(super) fn decode(text: &str, encoding: SecretEncoding) -> Result<Self, Misfit> {
        let bytes = match encoding {
            SecretEncoding::Text | SecretEncoding::Pem => text.as_bytes().to_vec(),
            SecretEncoding::Hex => hex::decode(text).map_err(|_| {
                Misfit::new(
                    "the secret is not hex",
                    "copy it again from the provider: only 0-9 and a-f, an even number",
                )
            })?,
            SecretEncoding::Base64 | SecretEncoding::Spki => STANDARD_PAD_INDIFFERENT.decode(text).map_err(|_| {
                Misfit::new(
                    "the secret is not base64",
                    "copy it again from the provider, with `whsec_` where it has that",
                )
            })?,
        };
        if bytes.is_empty() {
            return Err(Misfit::new("the secret is empty", "give it a value"));
        }
        Ok(Self(bytes.into()))
    }

    /// The bytes. Use them to sign; never to print.
    pub(super) fn expose(&self) -> &[u8] {
        self.0.expose_secret()
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}
