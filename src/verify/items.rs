//! The signatures in a header's value: split, decoded, and, where there is none, what stands there instead.

use base64::{Engine, engine::general_purpose::STANDARD};

use super::mac;
use crate::config::scheme::{Algorithm, By, Encoding, KeyAlgorithm, SignedSpec};

/// The items of the header: as many as it has where it is a list, or its one.
pub(super) fn split<'v>(value: &'v str, separator: Option<&'v str>) -> impl Iterator<Item = &'v str> {
    let (list, one) = match separator {
        Some(separator) => (Some(value.split(separator).map(str::trim)), None),
        None => (None, Some(value)),
    };
    list.into_iter().flatten().chain(one)
}

/// The signatures, decoded; what is none is left out.
///
/// # Errors
/// If nothing is one, says what is wrong with the first that might have been. Tells forms and lengths alone.
pub(super) fn signatures(value: &[u8], spec: &SignedSpec) -> Result<Vec<Vec<u8>>, String> {
    let value = std::str::from_utf8(value).map_err(|_| "holds bytes that are no text".to_owned())?;
    let (mut decoded, mut wrong) = (Vec::new(), None);
    for text in split(value, spec.separator.as_deref()).filter_map(|item| item.strip_prefix(&spec.prefix)) {
        match decode(text, spec) {
            Ok(signature) => decoded.push(signature),
            Err(found) => wrong = wrong.or(Some(found)),
        }
    }
    match wrong {
        _ if !decoded.is_empty() => Ok(decoded),
        Some(found) => Err(found),
        None if spec.separator.is_some() => Err(format!("holds no item that begins with `{}`", spec.prefix)),
        None => Err(format!("does not begin with `{}`", spec.prefix)),
    }
}

fn decode(text: &str, spec: &SignedSpec) -> Result<Vec<u8>, String> {
    let count = text.chars().count();
    let stands = match spec.prefix.as_str() {
        "" => format!("holds {count} characters"),
        prefix => format!("{count} characters follow `{prefix}`"),
    };
    let form = match spec.encoding {
        Encoding::Hex => "hex",
        Encoding::Base64 => "base64",
    };
    // A wrong length is told before a wrong alphabet: a cut or another hash is more often meant by it.
    if let Some((of, bytes)) = expected(spec.by)
        && count != written(bytes, spec.encoding)
    {
        let right = written(bytes, spec.encoding);
        return Err(format!("{stands}, where {form} of {of} has {right}{}", another(count, spec)));
    }
    let decoded = match spec.encoding {
        Encoding::Hex => hex::decode(text).ok(),
        Encoding::Base64 => STANDARD.decode(text).ok(),
    };
    decoded.ok_or_else(|| format!("{stands}, which are no {form}"))
}

/// What a signature is, and its length in bytes where that is fixed.
fn expected(by: By) -> Option<(&'static str, usize)> {
    match by {
        By::Hmac(algorithm) | By::Hash(algorithm) => Some(mac::described(algorithm)),
        By::PublicKey(KeyAlgorithm::Ed25519) => Some(("Ed25519", 64)),
        By::PublicKey(KeyAlgorithm::EcdsaP256 | KeyAlgorithm::RsaSha1 | KeyAlgorithm::RsaSha256) => None,
    }
}

const fn written(bytes: usize, encoding: Encoding) -> usize {
    match encoding {
        Encoding::Hex => bytes * 2,
        Encoding::Base64 => bytes.div_ceil(3) * 4,
    }
}

/// Which hash, or which writing, has this length.
fn another(count: usize, spec: &SignedSpec) -> String {
    let hashes = [Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha384, Algorithm::Sha512].map(mac::described);
    let forms = [(Encoding::Hex, "hex"), (Encoding::Base64, "base64")];
    let fits = hashes.iter().flat_map(|hash| forms.iter().map(move |form| (hash, form)));
    let near = fits.filter(|((_, bytes), (form, _))| written(*bytes, *form) == count);
    // The scheme's own hash in the other writing is likelier than another hash.
    let own = expected(spec.by).map(|(name, _)| name);
    match near.max_by_key(|((name, _), _)| Some(*name) == own) {
        Some(((name, _), (_, form))) => format!("; {form} of {name} has that length"),
        None => String::new(),
    }
}

/// A signature as the header holds it.
pub(super) fn encode(signature: &[u8], encoding: Encoding) -> String {
    match encoding {
        Encoding::Hex => hex::encode(signature),
        Encoding::Base64 => STANDARD.encode(signature),
    }
}
