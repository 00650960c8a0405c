//! Standard Webhooks (standardwebhooks.com): an HMAC-SHA256 over `id.timestamp.body`, and a time that must be near.
//!
//! The same under Svix' older header names; and `v1a`, by an Ed25519 key whose public half is the secret.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName};
use jiff::Timestamp;

use super::{
    cannot_sign::CannotSign,
    header,
    key::Key,
    mac::{hash, mac},
    misfit::Misfit,
    public_key::PublicKey,
    time,
    why::Why,
};
use crate::{
    config::scheme::{Algorithm, KeyAlgorithm, SecretEncoding, StandardWebhooksSpec, TimeFormat},
    event::{Replay, Webhook},
    secret::{Secret, same},
};

#[derive(Debug)]
pub(super) struct StandardWebhooks {
    tolerance: Duration,
    keys: Vec<Key>,
    public: Vec<PublicKey>,
}

/// The three headers, under one of the two names that they go by.
pub(super) struct Names {
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
const BY_SECRET: &str = "v1,";
const BY_PUBLIC_KEY: &str = "v1a,";

const SECRET_PREFIX: &str = "whsec_";
const PUBLIC_KEY_PREFIX: &str = "whpk_";

impl StandardWebhooks {
    /// What stands before the base64 of a secret, and of a public key.
    pub(super) const PREFIXES: [&str; 2] = [SECRET_PREFIX, PUBLIC_KEY_PREFIX];

    pub(super) fn new(spec: &StandardWebhooksSpec) -> Self {
        Self { tolerance: spec.tolerance.0, keys: Vec::new(), public: Vec::new() }
    }

    pub(super) fn take(&mut self, secret: &Secret) -> Result<(), Misfit> {
        let text = secret.expose();
        if let Some(base64) = text.strip_prefix(PUBLIC_KEY_PREFIX) {
            self.public.push(PublicKey::of(base64, KeyAlgorithm::Ed25519, SecretEncoding::Base64)?);
            return Ok(());
        }
        let base64 = text.strip_prefix(SECRET_PREFIX).unwrap_or(text);
        self.keys.push(Key::decode(base64, SecretEncoding::Base64)?);
        Ok(())
    }

    pub(super) fn has_keys(&self) -> bool {
        !self.keys.is_empty() || !self.public.is_empty()
    }

    pub(super) fn is_used_by(&self, headers: &HeaderMap) -> bool {
        names(headers).is_some()
    }

    /// The time is looked at last, so that `TimestampStale` means a genuine webhook that came late, or a wrong clock.
    pub(super) fn check(&self, webhook: &Webhook, now: Timestamp) -> Result<Replay, Why> {
        let (names, timestamp, made) = self.prove(&webhook.headers, &webhook.body.0)?;
        let signed_at = time::read(timestamp, TimeFormat::Seconds)
            .ok_or_else(|| time::malformed(names.timestamp.as_str(), TimeFormat::Seconds))?;
        time::judge(signed_at, now, self.tolerance)?;
        Ok(Replay::new(&webhook.source, &made, time::last(signed_at, self.tolerance)))
    }

    /// Whether the signature is good, whenever it was made; gives the time that stands there, and what the request is
    /// known by: the first secret's signature, whichever fitted, since it may come again with another one.
    pub(super) fn prove<'h>(&self, headers: &'h HeaderMap, body: &[u8]) -> Result<(Names, &'h [u8], Vec<u8>), Why> {
        let names =
            names(headers).ok_or_else(|| Why::Missing { looked_at: vec![STANDARD_NAMES.signature.to_string()] })?;
        let value = header::only(headers, &names.signature)?;
        let by_secret = signatures(value, BY_SECRET);
        let by_key = if self.public.is_empty() { Vec::new() } else { signatures(value, BY_PUBLIC_KEY) };
        let id = header::only(headers, &names.id)?;
        let timestamp = header::only(headers, &names.timestamp)?;
        let at = || names.signature.to_string();
        if by_secret.is_empty() && by_key.is_empty() {
            return Err(Why::Malformed { at: at(), found: self.wanted().to_owned() });
        }
        let parts: [&[u8]; 5] = [id, b".", timestamp, b".", body];
        let mut known_by = None;
        for key in &self.keys {
            let Ok(made) = mac(Algorithm::Sha256, key, &parts) else { continue };
            let fits = by_secret.iter().any(|signature| same(signature, &made));
            let first = known_by.get_or_insert(made);
            if fits {
                return Ok((names, timestamp, std::mem::take(first)));
            }
        }
        let message = if by_key.is_empty() { Vec::new() } else { parts.concat() };
        if self.public.iter().any(|key| by_key.iter().any(|signature| key.fits(&message, signature))) {
            let known_by = known_by.unwrap_or_else(|| hash(Algorithm::Sha256, &[&message]));
            return Ok((names, timestamp, known_by));
        }
        Err(Why::Mismatch { at: at() })
    }

    /// What is told where the header holds no signature that the source has a key for.
    fn wanted(&self) -> &'static str {
        match (self.keys.is_empty(), self.public.is_empty()) {
            (_, true) => "holds no `v1,` signature",
            (true, false) => "holds no `v1a,` signature",
            (false, false) => "holds no `v1,` or `v1a,` signature",
        }
    }

    pub(super) fn sign(
        &self,
        headers: &mut HeaderMap,
        body: &[u8],
        id: &str,
        now: Timestamp,
    ) -> Result<(), CannotSign> {
        let nothing = if self.public.is_empty() { CannotSign::NoSecret } else { CannotSign::OnlyChecks };
        let key = self.keys.first().ok_or(nothing)?;
        header::set_id(headers, STANDARD_NAMES.id, id)?;
        let timestamp = now.as_second().to_string();
        let parts: [&[u8]; 5] = [id.as_bytes(), b".", timestamp.as_bytes(), b".", body];
        let signature = mac(Algorithm::Sha256, key, &parts).map_err(|_| CannotSign::NoSecret)?;
        let value = format!("{BY_SECRET}{}", STANDARD.encode(signature));
        header::set(headers, STANDARD_NAMES.timestamp, &timestamp, CannotSign::BadId)?;
        header::set(headers, STANDARD_NAMES.signature, &value, CannotSign::NoSecret)
    }
}

/// The names that this request uses; a signature under the standard name goes before one under Svix'.
fn names(headers: &HeaderMap) -> Option<Names> {
    [STANDARD_NAMES, SVIX_NAMES].into_iter().find(|names| headers.contains_key(&names.signature))
}

/// The signatures of this version in a list with spaces between them, decoded; what is none is left out.
fn signatures(value: &[u8], version: &str) -> Vec<Vec<u8>> {
    let Ok(value) = std::str::from_utf8(value) else { return Vec::new() };
    value.split(' ').filter_map(|item| STANDARD.decode(item.strip_prefix(version)?).ok()).collect()
}
