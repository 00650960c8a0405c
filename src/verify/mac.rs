//! HMAC (RFC 2104) and plain hashes over bytes that are given in parts.

use hmac::{Hmac, KeyInit, Mac, digest::InvalidLength};
use sha2::Digest;

use super::key::Key;
use crate::config::scheme::Algorithm;

/// The code of these parts, one after another.
///
/// # Errors
/// None in practice, since HMAC takes keys of any length. A caller that checks must take one for a mismatch.
pub(super) fn mac(algorithm: Algorithm, key: &Key, parts: &[&[u8]]) -> Result<Vec<u8>, InvalidLength> {
    match algorithm {
        Algorithm::Sha1 => by::<Hmac<sha1::Sha1>>(key, parts),
        Algorithm::Sha256 => by::<Hmac<sha2::Sha256>>(key, parts),
        Algorithm::Sha384 => by::<Hmac<sha2::Sha384>>(key, parts),
        Algorithm::Sha512 => by::<Hmac<sha2::Sha512>>(key, parts),
    }
}

fn by<M: Mac + KeyInit>(key: &Key, parts: &[&[u8]]) -> Result<Vec<u8>, InvalidLength> {
    let mut mac = <M as KeyInit>::new_from_slice(key.expose())?;
    for part in parts {
        mac.update(part);
    }
    Ok(mac.finalize().into_bytes().to_vec())
}

/// The plain hash of these parts, one after another.
pub(super) fn hash(algorithm: Algorithm, parts: &[&[u8]]) -> Vec<u8> {
    match algorithm {
        Algorithm::Sha1 => hash_by::<sha1::Sha1>(parts),
        Algorithm::Sha256 => hash_by::<sha2::Sha256>(parts),
        Algorithm::Sha384 => hash_by::<sha2::Sha384>(parts),
        Algorithm::Sha512 => hash_by::<sha2::Sha512>(parts),
    }
}

fn hash_by<D: Digest>(parts: &[&[u8]]) -> Vec<u8> {
    let mut hash = D::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().to_vec()
}

/// The hash's name for people, and its length in bytes.
pub(super) const fn described(algorithm: Algorithm) -> (&'static str, usize) {
    match algorithm {
        Algorithm::Sha1 => ("SHA-1", 20),
        Algorithm::Sha256 => ("SHA-256", 32),
        Algorithm::Sha384 => ("SHA-384", 48),
        Algorithm::Sha512 => ("SHA-512", 64),
    }
}
