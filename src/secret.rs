//! A secret that can be used but not shown: `Debug`, logs and serialisation get three dots.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// A secret text (a key, a token, a password); wiped from memory when dropped.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Takes the text over.
    pub fn new(text: impl Into<String>) -> Self {
        Self(SecretString::from(text.into()))
    }

    /// The text itself. Use it to sign, compare or send; never to print.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// What may be shown of a long random one, to tell it from others: the first 8 bytes of its SHA-256, as of a
    /// destination's URL.
    pub fn fingerprint(&self) -> String {
        Sha256::digest(self.expose().as_bytes()).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }

    /// Compares in time that depends on the lengths alone.
    pub fn is(&self, other: &[u8]) -> bool {
        same(self.expose().as_bytes(), other)
    }
}

/// Whether two byte strings are equal, in time that depends on the lengths alone.
pub fn same(one: &[u8], other: &[u8]) -> bool {
    one.ct_eq(other).into()
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_holds_nothing_of_the_secret() {
        assert_eq!(format!("{:?}", Some(Secret::new("hunter2"))), "Some(…)");
    }
}
