//! Reads a header that decides whether a webhook is genuine: one value, of bounded length.

use http::{HeaderMap, HeaderName, HeaderValue};

use super::{cannot_sign::CannotSign, misfit::Misfit, why::Why};
use crate::secret::Secret;

/// The longest header that is looked into. The longest that providers send, a list of signatures, is under 1 KiB.
pub(super) const MAX_BYTES: usize = 8 * 1024;

/// The header's only value, not empty.
///
/// A header given twice is refused: no provider does it, and a proxy in front of us may have judged the request by
/// another of the values than we would.
pub(super) fn only<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<&'h [u8], Why> {
    let mut values = headers.get_all(name).iter();
    let at = || name.to_string();
    let value = values.next().ok_or_else(|| Why::Missing { looked_at: vec![at()] })?;
    if values.next().is_some() {
        return Err(Why::Repeated { at: at() });
    }
    if value.len() > MAX_BYTES {
        return Err(Why::TooLong { at: at(), bytes: value.len() });
    }
    match value.as_bytes().trim_ascii() {
        b"" => Err(Why::Empty { at: at() }),
        value => Ok(value),
    }
}

/// Refuses a secret that no header could carry, which would never fit anything.
pub(super) fn can_carry(secret: &Secret) -> Result<(), Misfit> {
    let text = secret.expose();
    if text.trim_ascii().len() != text.len() || HeaderValue::from_str(text).is_err() || text.len() > MAX_BYTES / 2 {
        return Err(Misfit::new(
            "the secret can't stand in a header",
            "take out line ends and spaces around it; at most 4096 bytes fit",
        ));
    }
    Ok(())
}

/// Sets the header to this value, which is kept out of `Debug` output.
pub(super) fn set(headers: &mut HeaderMap, name: HeaderName, value: &str, error: CannotSign) -> Result<(), CannotSign> {
    let mut value = HeaderValue::from_str(value).map_err(|_| error)?;
    value.set_sensitive(true);
    headers.insert(name, value);
    Ok(())
}

/// Sets the header to the delivery id. What a header can't carry unchanged would be signed as something else than the
/// other end reads.
pub(super) fn set_id(headers: &mut HeaderMap, name: HeaderName, id: &str) -> Result<(), CannotSign> {
    if id.is_empty() || id.len() > MAX_BYTES || id.trim_ascii().len() != id.len() {
        return Err(CannotSign::BadId);
    }
    set(headers, name, id, CannotSign::BadId)
}
