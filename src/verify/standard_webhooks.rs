//! Standard Webhooks (standardwebhooks.com): an HMAC-SHA256 over `id.timestamp.body`, and a time that must be near.
//!
//! The same under Svix' older header names. Signatures by public key (`v1a`) are passed over.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName};
use jiff::Timestamp;

use super::{CannotSign, header, key::Key, mac::mac, scheme::Misfit, why::Why};
use crate::{
    config::scheme::{Algorithm, SecretEncoding, StandardWebhooksSpec},
    event::{Replay, Webhook},
    secret::{Secret, same},
};

#[derive(Debug)]
pub(super) struct StandardWebhooks {
    tolerance: Duration,
    keys: Vec<Key>,
}

/// The three headers, under one of the two names that they go by.
struct Names {
    id: HeaderName,
    timestamp: HeaderName,
    signature: HeaderName,
}

const STANDARD_NAMES: Names = Names {
    id: HeaderName::from_static("webhook-id"),
    timestamp: HeaderName::from_static("webhook-timestamp"),
    signature: HeaderName::from_static("webhook-signature"),
};
const SVIX_NAMES: Names = Names {
    id: HeaderName::from_static("svix-id"),
    timestamp: HeaderName::from_static("svix-timestamp"),
    signature: HeaderName::from_static("svix-signature"),
};
const VERSION: &str = "v1,";

impl StandardWebhooks {
    /// What stands before the base64 of a secret.
    pub(super) const SECRET_PREFIX: &str = "whsec_";

    pub(super) fn new(spec: &StandardWebhooksSpec) -> Self {
        Self { tolerance: spec.tolerance.0, keys: Vec::new() }
    }

    pub(super) fn take(&mut self, secret: &Secret) -> Result<(), Misfit> {
        let text = secret.expose();
        let base64 = text.strip_prefix(Self::SECRET_PREFIX).unwrap_or(text);
        self.keys.push(Key::decode(base64, SecretEncoding::Base64)?);
        Ok(())
    }

    pub(super) fn has_keys(&self) -> bool {
        !self.keys.is_empty()
    }

    pub(super) fn is_used_by(&self, headers: &HeaderMap) -> bool {
        names(headers).is_some()
    }

    /// The time is looked at last, so that `TimestampStale` means a genuine webhook that came late, or a wrong clock.
    pub(super) fn check(&self, webhook: &Webhook, now: Timestamp) -> Result<Replay, Why> {
        let (headers, body) = (&webhook.headers, &webhook.body.0);
        let names =
            names(headers).ok_or_else(|| Why::Missing { looked_at: vec![STANDARD_NAMES.signature.to_string()] })?;
        let signatures = signatures(header::only(headers, &names.signature)?);
        let id = header::only(headers, &names.id)?;
        let timestamp = header::only(headers, &names.timestamp)?;
        let malformed = |at: &HeaderName, found: &str| Why::Malformed { at: at.to_string(), found: found.to_owned() };
        if signatures.is_empty() {
            return Err(malformed(&names.signature, "holds no `v1,` signature"));
        }
        let mut made = self.keys.iter().map(|key| mac(Algorithm::Sha256, key, &[id, b".", timestamp, b".", body]));
        let first = made.next().and_then(Result::ok);
        let fits = |expected: &[u8]| signatures.iter().any(|signature| same(signature, expected));
        let Some(first) = first.filter(|first| fits(first) || made.any(|made| made.is_ok_and(|made| fits(&made))))
        else {
            return Err(Why::Mismatch { at: names.signature.to_string() });
        };
        let signed_at =
            unix_seconds(timestamp).ok_or_else(|| malformed(&names.timestamp, "is no time in Unix seconds"))?;
        let (age, tolerance) = (now.duration_since(signed_at), self.tolerance);
        match age.unsigned_abs() {
            // By the first secret, whichever fitted: a request may be signed by several, and come again with another.
            by if by <= tolerance => {
                Ok(Replay::new(&webhook.source, &first, signed_at.saturating_add(tolerance).unwrap_or(Timestamp::MAX)))
            }
            by if age.is_negative() => Err(Why::Future { by, tolerance }),
            by => Err(Why::Stale { by, tolerance }),
        }
    }

    pub(super) fn sign(
        &self,
        headers: &mut HeaderMap,
        body: &[u8],
        id: &str,
        now: Timestamp,
    ) -> Result<(), CannotSign> {
        let key = self.keys.first().ok_or(CannotSign::NoSecret)?;
        // What a header can't carry unchanged would be signed as something else than the other end reads.
        if id.is_empty() || id.len() > header::MAX_BYTES || id.trim_ascii().len() != id.len() {
            return Err(CannotSign::BadId);
        }
        let timestamp = now.as_second().to_string();
        let parts: [&[u8]; 5] = [id.as_bytes(), b".", timestamp.as_bytes(), b".", body];
        let signature = mac(Algorithm::Sha256, key, &parts).map_err(|_| CannotSign::NoSecret)?;
        let value = format!("{VERSION}{}", STANDARD.encode(signature));
        header::set(headers, STANDARD_NAMES.id, id, CannotSign::BadId)?;
        header::set(headers, STANDARD_NAMES.timestamp, &timestamp, CannotSign::BadId)?;
        header::set(headers, STANDARD_NAMES.signature, &value, CannotSign::NoSecret)
    }
}

/// The names that this request uses; a signature under the standard name goes before one under Svix'.
fn names(headers: &HeaderMap) -> Option<Names> {
    [STANDARD_NAMES, SVIX_NAMES].into_iter().find(|names| headers.contains_key(&names.signature))
}

/// The `v1` signatures in a list with spaces between them, decoded; what is none is left out.
fn signatures(value: &[u8]) -> Vec<Vec<u8>> {
    let Ok(value) = std::str::from_utf8(value) else { return Vec::new() };
    value.split(' ').filter_map(|item| STANDARD.decode(item.strip_prefix(VERSION)?).ok()).collect()
}

fn unix_seconds(text: &[u8]) -> Option<Timestamp> {
    if !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Timestamp::from_second(std::str::from_utf8(text).ok()?.parse().ok()?).ok()
}
