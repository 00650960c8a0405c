//! `Authorization: SCHEME CREDENTIALS` (RFC 9110, 11.4), for the schemes that read it.

use http::{HeaderMap, header::AUTHORIZATION};

use super::{header, why::Why};

/// Whether any `Authorization` header names this scheme; its name is the same in upper and lower case.
pub(super) fn names(headers: &HeaderMap, scheme: &str) -> bool {
    headers.get_all(AUTHORIZATION).iter().any(|value| after(value.as_bytes(), scheme).is_some())
}

/// What stands after the scheme's name.
pub(super) fn credentials<'h>(headers: &'h HeaderMap, scheme: &str) -> Result<&'h [u8], Why> {
    match after(header::only(headers, &AUTHORIZATION)?, scheme) {
        None | Some(b"") => Err(Why::Missing { looked_at: vec![format!("authorization: {scheme}")] }),
        Some(credentials) => Ok(credentials),
    }
}

fn after<'v>(value: &'v [u8], scheme: &str) -> Option<&'v [u8]> {
    let (name, rest) = value.split_at_checked(scheme.len())?;
    let ends = rest.first().is_none_or(|byte| *byte == b' ');
    (ends && name.eq_ignore_ascii_case(scheme.as_bytes())).then(|| rest.trim_ascii())
}
