//! The secret itself, in a header of the provider's own: GitLab's older way, and many alerting systems'.

use http::HeaderMap;

use super::{CannotSign, header, scheme::Misfit, why::Why};
use crate::{
    config::{header::Header, scheme::TokenSpec},
    secret::Secret,
};

#[derive(Debug)]
pub(super) struct Token {
    header: Header,
    secrets: Vec<Secret>,
}

impl Token {
    pub(super) fn new(spec: &TokenSpec) -> Self {
        Self { header: spec.header.clone(), secrets: Vec::new() }
    }

    pub(super) fn take(&mut self, secret: &Secret) -> Result<(), Misfit> {
        header::can_carry(secret)?;
        self.secrets.push(secret.clone());
        Ok(())
    }

    pub(super) fn looks_at(&self) -> String {
        self.header.0.to_string()
    }

    pub(super) fn has_keys(&self) -> bool {
        !self.secrets.is_empty()
    }

    pub(super) fn is_used_by(&self, headers: &HeaderMap) -> bool {
        headers.contains_key(&self.header.0)
    }

    pub(super) fn check(&self, headers: &HeaderMap) -> Result<(), Why> {
        let token = header::only(headers, &self.header.0)?;
        let fits = self.secrets.iter().any(|secret| secret.is(token));
        if fits { Ok(()) } else { Err(Why::Mismatch { at: self.looks_at() }) }
    }

    pub(super) fn sign(&self, headers: &mut HeaderMap) -> Result<(), CannotSign> {
        let secret = self.secrets.first().ok_or(CannotSign::NoSecret)?;
        header::set(headers, self.header.0.clone(), secret.expose(), CannotSign::NoSecret)
    }
}
