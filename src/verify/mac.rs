//! HMAC (RFC 2104) over bytes that are given in parts.

use hmac::{Hmac, KeyInit, Mac, digest::InvalidLength};

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
