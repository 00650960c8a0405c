//! HTTP Basic (RFC 7617). The secret is `user:password`, and both must fit.

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderMap, header::AUTHORIZATION};

use super::{authorization, cannot_sign::CannotSign, header, misfit::Misfit, why::Why};
use crate::secret::Secret;

const SCHEME: &str = "Basic";

#[derive(Debug, Default)]
pub(super) struct Basic {
    secrets: Vec<Secret>,
}

impl Basic {
    pub(super) fn take(&mut self, secret: &Secret) -> Result<(), Misfit> {
        if !secret.expose().contains(':') {
            return Err(Misfit::new("the secret has no `:`", "write it as `user:password`"));
        }
        self.secrets.push(secret.clone());
        Ok(())
    }

    pub(super) fn has_keys(&self) -> bool {
        !self.secrets.is_empty()
    }

    pub(super) fn is_used_by(&self, headers: &HeaderMap) -> bool {
        authorization::names(headers, SCHEME)
    }

    pub(super) fn check(&self, headers: &HeaderMap) -> Result<(), Why> {
        let credentials = authorization::credentials(headers, SCHEME)?;
        let at = || "authorization".to_owned();
        let pair = STANDARD
            .decode(credentials)
            .map_err(|_| Why::Malformed { at: at(), found: "what follows `Basic` is no base64".to_owned() })?;
        if self.secrets.iter().any(|secret| secret.is(&pair)) { Ok(()) } else { Err(Why::Mismatch { at: at() }) }
    }

    pub(super) fn sign(&self, headers: &mut HeaderMap) -> Result<(), CannotSign> {
        let secret = self.secrets.first().ok_or(CannotSign::NoSecret)?;
        let value = format!("{SCHEME} {}", STANDARD.encode(secret.expose()));
        header::set(headers, AUTHORIZATION, &value, CannotSign::NoSecret)
    }
}
