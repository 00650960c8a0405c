//! What a request brings to prove who sent it: `Authorization: Bearer …` (RFC 6750).

use http::{HeaderMap, header};

/// What stands behind `Bearer`, if that is there.
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}
