//! `Authorization: Bearer`, and the secret.

use http::{HeaderMap, header::AUTHORIZATION};

use super::{authorization, cannot_sign::CannotSign, header, misfit::Misfit, why::Why};
use crate::secret::Secret;

const SCHEME: &str = "Bearer";

#[derive(Debug, Default)]
pub(super) struct Bearer {
    secrets: Vec<Secret>,
}

impl Bearer {
    pub(super) fn take(&mut self, secret: &Secret) -> Result<(), Misfit> {
        header::can_carry(secret)?;
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
        let token = authorization::credentials(headers, SCHEME)?;
        let fits = self.secrets.iter().any(|secret| secret.is(token));
        if fits { Ok(()) } else { Err(Why::Mismatch { at: "authorization".to_owned() }) }
    }

    pub(super) fn sign(&self, headers: &mut HeaderMap) -> Result<(), CannotSign> {
        let secret = self.secrets.first().ok_or(CannotSign::NoSecret)?;
        header::set(headers, AUTHORIZATION, &format!("{SCHEME} {}", secret.expose()), CannotSign::NoSecret)
    }
}
