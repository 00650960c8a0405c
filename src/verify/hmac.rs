//! An HMAC over the raw body, in one header: GitHub, Bitbucket, Gitea and most others.

use base64::{Engine, engine::general_purpose::STANDARD};
use http::HeaderMap;

use super::{CannotSign, header, key::Key, mac::mac, scheme::Misfit, why::Why};
use crate::{
    config::scheme::{Encoding, HmacSpec},
    secret::{Secret, same},
};

#[derive(Debug)]
pub(super) struct Hmac {
    spec: HmacSpec,
    keys: Vec<Key>,
}

impl Hmac {
    pub(super) fn new(spec: &HmacSpec) -> Self {
        Self { spec: spec.clone(), keys: Vec::new() }
    }

    pub(super) fn take(&mut self, secret: &Secret) -> Result<(), Misfit> {
        self.keys.push(Key::of(secret, self.spec.secret_encoding)?);
        Ok(())
    }

    pub(super) fn looks_at(&self) -> String {
        self.spec.header.0.to_string()
    }

    pub(super) fn has_keys(&self) -> bool {
        !self.keys.is_empty()
    }

    pub(super) fn is_used_by(&self, headers: &HeaderMap) -> bool {
        headers.contains_key(&self.spec.header.0)
    }

    pub(super) fn check(&self, headers: &HeaderMap, body: &[u8]) -> Result<(), Why> {
        let signatures = self.signatures(header::only(headers, &self.spec.header.0)?);
        if signatures.is_empty() {
            let found = "holds no signature as this scheme writes it".to_owned();
            return Err(Why::Malformed { at: self.looks_at(), found });
        }
        // The body is gone over once for each secret, however many signatures a sender lists.
        let fits = self.keys.iter().any(|key| {
            mac(self.spec.algorithm, key, &[body])
                .is_ok_and(|expected| signatures.iter().any(|signature| same(signature, &expected)))
        });
        if fits { Ok(()) } else { Err(Why::Mismatch { at: self.looks_at() }) }
    }

    /// The signatures in a header's value, decoded; what is none is left out.
    fn signatures(&self, value: &[u8]) -> Vec<Vec<u8>> {
        let Ok(value) = std::str::from_utf8(value) else { return Vec::new() };
        let candidates: Vec<&str> = match &self.spec.separator {
            Some(separator) => value.split(separator.as_str()).map(str::trim).collect(),
            None => vec![value],
        };
        candidates.into_iter().filter_map(|text| self.decode(text.strip_prefix(&self.spec.prefix)?)).collect()
    }

    fn decode(&self, text: &str) -> Option<Vec<u8>> {
        match self.spec.encoding {
            Encoding::Hex => hex::decode(text).ok(),
            Encoding::Base64 => STANDARD.decode(text).ok(),
        }
    }

    pub(super) fn sign(&self, headers: &mut HeaderMap, body: &[u8]) -> Result<(), CannotSign> {
        let key = self.keys.first().ok_or(CannotSign::NoSecret)?;
        let signature = mac(self.spec.algorithm, key, &[body]).map_err(|_| CannotSign::NoSecret)?;
        let text = match self.spec.encoding {
            Encoding::Hex => hex::encode(signature),
            Encoding::Base64 => STANDARD.encode(signature),
        };
        let value = format!("{}{text}", self.spec.prefix);
        header::set(headers, self.spec.header.0.clone(), &value, CannotSign::NoSecret)
    }
}
