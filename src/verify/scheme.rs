//! The closed set of schemes, each in its own file; this one passes the word on.

use jiff::Timestamp;
use url::Url;

use super::{
    CannotSign, Doubt, basic::Basic, bearer::Bearer, keyring::Keyring, signed::Signed,
    standard_webhooks::StandardWebhooks, token::Token, why::Why,
};
use crate::{
    config::scheme::SchemeSpec,
    event::{Replay, Webhook},
    secret::Secret,
};

/// One way to prove that a webhook is genuine, with its keys.
#[derive(Debug)]
pub(super) enum Scheme {
    Signed(Box<Signed>),
    Token(Token),
    Basic(Basic),
    Bearer(Bearer),
    StandardWebhooks(StandardWebhooks),
}

/// Why a secret is of no use to a scheme. Never holds any of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Misfit {
    pub(super) found: String,
    pub(super) cure: String,
}

impl Misfit {
    pub(super) fn new(found: &str, cure: &str) -> Self {
        Self { found: found.to_owned(), cure: cure.to_owned() }
    }
}

/// Gives the secret to every scheme that can use it.
///
/// Beside other schemes, Standard Webhooks takes none but `whsec_…` and `whpk_…` secrets, and takes those for itself. A plain token
/// that happens to be base64 would otherwise pass for a signing key and refuse webhooks that carry both.
pub(super) fn hand_out(secret: &Secret, schemes: &mut [Scheme]) -> Result<(), Misfit> {
    if secret.expose().is_empty() {
        return Err(Misfit::new("the secret is empty", "give it a value"));
    }
    let prefixed = StandardWebhooks::PREFIXES.iter().any(|prefix| secret.expose().starts_with(prefix));
    let for_signing_alone = prefixed && schemes.iter().any(|scheme| matches!(scheme, Scheme::StandardWebhooks(_)));
    let alone = schemes.iter().filter(|scheme| scheme.takes_secrets()).count() == 1;
    let mut misfits = Vec::new();
    let mut taken = false;
    for scheme in schemes {
        let signs = matches!(scheme, Scheme::StandardWebhooks(_));
        if !scheme.takes_secrets() || (!alone && signs != for_signing_alone) {
            continue;
        }
        match scheme.take(secret) {
            Ok(()) => taken = true,
            Err(misfit) => misfits.push(misfit),
        }
    }
    if taken {
        return Ok(());
    }
    Err(misfits.into_iter().next().unwrap_or_else(|| {
        Misfit::new("the secret is of no use to any of the schemes", "use a secret of the kind the provider gives out")
    }))
}

impl Scheme {
    /// The scheme, without keys yet.
    pub(super) fn new(spec: &SchemeSpec, public_url: Option<&Url>) -> Self {
        match spec {
            SchemeSpec::Signed(spec) => Self::Signed(Box::new(Signed::new(spec, public_url))),
            SchemeSpec::Token(spec) => Self::Token(Token::new(spec)),
            SchemeSpec::Basic => Self::Basic(Basic::default()),
            SchemeSpec::Bearer => Self::Bearer(Bearer::default()),
            SchemeSpec::StandardWebhooks(spec) => Self::StandardWebhooks(StandardWebhooks::new(spec)),
        }
    }

    fn take(&mut self, secret: &Secret) -> Result<(), Misfit> {
        match self {
            Self::Signed(scheme) => scheme.take(secret),
            Self::Token(scheme) => scheme.take(secret),
            Self::Basic(scheme) => scheme.take(secret),
            Self::Bearer(scheme) => scheme.take(secret),
            Self::StandardWebhooks(scheme) => scheme.take(secret),
        }
    }

    /// Whether its keys come from the settings.
    pub(super) fn takes_secrets(&self) -> bool {
        match self {
            Self::Signed(scheme) => scheme.takes_secrets(),
            Self::Token(_) | Self::Basic(_) | Self::Bearer(_) | Self::StandardWebhooks(_) => true,
        }
    }

    pub(super) fn has_keys(&self) -> bool {
        match self {
            Self::Signed(scheme) => scheme.has_keys(),
            Self::Token(scheme) => scheme.has_keys(),
            Self::Basic(scheme) => scheme.has_keys(),
            Self::Bearer(scheme) => scheme.has_keys(),
            Self::StandardWebhooks(scheme) => scheme.has_keys(),
        }
    }

    /// What a webhook must have for this scheme to be the one that decides.
    pub(super) fn looks_at(&self) -> String {
        match self {
            Self::Signed(scheme) => scheme.looks_at(),
            Self::Token(scheme) => scheme.looks_at(),
            Self::Basic(_) => "authorization: Basic".to_owned(),
            Self::Bearer(_) => "authorization: Bearer".to_owned(),
            Self::StandardWebhooks(_) => "webhook-signature".to_owned(),
        }
    }

    /// Whether the webhook carries what this scheme looks at, good or bad.
    pub(super) fn is_used_by(&self, webhook: &Webhook) -> bool {
        let headers = &webhook.headers;
        match self {
            Self::Signed(scheme) => scheme.is_used_by(webhook),
            Self::Token(scheme) => scheme.is_used_by(headers),
            Self::Basic(scheme) => scheme.is_used_by(headers),
            Self::Bearer(scheme) => scheme.is_used_by(headers),
            Self::StandardWebhooks(scheme) => scheme.is_used_by(headers),
        }
    }

    /// What a second sending of the same request would be known by, where the signature has a time in it.
    pub(super) fn check(&self, webhook: &Webhook, now: Timestamp, keys: &Keyring) -> Result<Option<Replay>, Doubt> {
        let (headers, body) = (&webhook.headers, &webhook.body.0);
        let checked = match self {
            Self::Signed(scheme) => return scheme.check(webhook, now, keys),
            Self::Token(scheme) => scheme.check(headers),
            Self::Basic(scheme) => scheme.check(headers),
            Self::Bearer(scheme) => scheme.check(headers),
            Self::StandardWebhooks(scheme) => return Ok(Some(scheme.check(webhook, now)?)),
        };
        checked.map(|()| None).map_err(Doubt::Why)
    }

    pub(super) fn sign(&self, webhook: &mut Webhook, id: &str, now: Timestamp) -> Result<(), CannotSign> {
        let (headers, body) = (&mut webhook.headers, &webhook.body.0);
        match self {
            Self::Signed(scheme) => scheme.sign(webhook, id, now),
            Self::Token(scheme) => scheme.sign(headers),
            Self::Basic(scheme) => scheme.sign(headers),
            Self::Bearer(scheme) => scheme.sign(headers),
            Self::StandardWebhooks(scheme) => scheme.sign(headers, body, id, now),
        }
    }

    /// Whether the signature is good, whenever it was made. Only signatures can be: what is no signature is not proved.
    pub(super) fn prove(&self, webhook: &Webhook, keys: &Keyring) -> Result<(), Doubt> {
        match self {
            Self::Signed(scheme) => scheme.prove(webhook, keys).map(drop),
            Self::StandardWebhooks(scheme) => {
                scheme.prove(&webhook.headers, &webhook.body.0).map(drop).map_err(Doubt::Why)
            }
            Self::Token(_) | Self::Basic(_) | Self::Bearer(_) => Err(Why::Mismatch { at: self.looks_at() }.into()),
        }
    }
}
