//! The closed set of schemes, each in its own file; this one passes the word on.

use jiff::Timestamp;
use url::Url;

use super::{
    basic::Basic, bearer::Bearer, cannot_sign::CannotSign, doubt::Doubt, jwt::Jwt, keyring::Keyring, misfit::Misfit,
    signed::Signed, sns::Sns, standard_webhooks::StandardWebhooks, token::Token, twilio::Twilio, why::Why,
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
    Jwt(Box<Jwt>),
    Twilio(Box<Twilio>),
    Sns(Sns),
}

/// Gives the secret to every scheme that can use it.
///
/// Beside other schemes, Standard Webhooks takes none but `whsec_…` and `whpk_…` secrets, and takes those for
/// itself. A plain token that happens to be base64 would otherwise pass for a signing key and refuse webhooks that carry both.
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
    /// The scheme, without keys yet; none if it needs the public address and there is none.
    pub(super) fn new(spec: &SchemeSpec, public_url: Option<&Url>) -> Option<Self> {
        Some(match spec {
            SchemeSpec::Signed(spec) => Self::Signed(Box::new(Signed::new(spec, public_url))),
            SchemeSpec::Token(spec) => Self::Token(Token::new(spec)),
            SchemeSpec::Basic => Self::Basic(Basic::default()),
            SchemeSpec::Bearer => Self::Bearer(Bearer::default()),
            SchemeSpec::StandardWebhooks(spec) => Self::StandardWebhooks(StandardWebhooks::new(spec)),
            SchemeSpec::Jwt(spec) => Self::Jwt(Box::new(Jwt::new(spec))),
            SchemeSpec::Twilio => Self::Twilio(Box::new(Twilio::new(public_url?))),
            SchemeSpec::Sns(spec) => Self::Sns(Sns::new(spec)),
        })
    }

    /// What is wrong with its secrets taken together.
    pub(super) fn lacks(&self) -> Option<Misfit> {
        match self {
            Self::Sns(scheme) => scheme.lacks(),
            _ => None,
        }
    }

    fn take(&mut self, secret: &Secret) -> Result<(), Misfit> {
        match self {
            Self::Signed(scheme) => scheme.take(secret),
            Self::Token(scheme) => scheme.take(secret),
            Self::Basic(scheme) => scheme.take(secret),
            Self::Bearer(scheme) => scheme.take(secret),
            Self::StandardWebhooks(scheme) => scheme.take(secret),
            Self::Jwt(scheme) => scheme.take(secret),
            Self::Twilio(scheme) => scheme.take(secret),
            Self::Sns(scheme) => scheme.take(secret),
        }
    }

    /// Whether its keys come from the settings.
    pub(super) fn takes_secrets(&self) -> bool {
        match self {
            Self::Signed(scheme) => scheme.takes_secrets(),
            Self::Jwt(scheme) => scheme.takes_secrets(),
            _ => true,
        }
    }

    pub(super) fn has_keys(&self) -> bool {
        match self {
            Self::Signed(scheme) => scheme.has_keys(),
            Self::Token(scheme) => scheme.has_keys(),
            Self::Basic(scheme) => scheme.has_keys(),
            Self::Bearer(scheme) => scheme.has_keys(),
            Self::StandardWebhooks(scheme) => scheme.has_keys(),
            Self::Jwt(scheme) => scheme.has_keys(),
            Self::Twilio(scheme) => scheme.has_keys(),
            Self::Sns(scheme) => scheme.has_keys(),
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
            Self::Jwt(scheme) => scheme.looks_at(),
            Self::Twilio(_) => Twilio::LOOKS_AT.to_owned(),
            Self::Sns(_) => Sns::LOOKS_AT.to_owned(),
        }
    }

    /// Whether the webhook carries what this scheme looks at, good or bad.
    pub(super) fn is_used_by(&self, webhook: &Webhook) -> bool {
        let headers = &webhook.headers;
        match self {
            Self::Signed(scheme) => scheme.is_used_by(webhook),
            Self::Token(scheme) => scheme.is_used_by(webhook),
            Self::Basic(scheme) => scheme.is_used_by(headers),
            Self::Bearer(scheme) => scheme.is_used_by(headers),
            Self::StandardWebhooks(scheme) => scheme.is_used_by(headers),
            Self::Jwt(scheme) => scheme.is_used_by(headers),
            Self::Twilio(scheme) => scheme.is_used_by(headers),
            Self::Sns(scheme) => scheme.is_used_by(headers),
        }
    }

    /// What a second sending of the same request would be known by, where the signature has a time in it.
    pub(super) fn check(&self, webhook: &Webhook, now: Timestamp, keys: &Keyring) -> Result<Option<Replay>, Doubt> {
        let headers = &webhook.headers;
        let checked = match self {
            Self::Signed(scheme) => return scheme.check(webhook, now, keys),
            Self::StandardWebhooks(scheme) => return Ok(Some(scheme.check(webhook, now)?)),
            Self::Jwt(scheme) => scheme.check(webhook, now, keys),
            Self::Sns(scheme) => scheme.check(webhook, now, keys),
            Self::Token(scheme) => scheme.check(webhook).map_err(Doubt::Why),
            Self::Basic(scheme) => scheme.check(headers).map_err(Doubt::Why),
            Self::Bearer(scheme) => scheme.check(headers).map_err(Doubt::Why),
            Self::Twilio(scheme) => scheme.check(webhook).map_err(Doubt::Why),
        };
        checked.map(|()| None)
    }

    pub(super) fn sign(&self, webhook: &mut Webhook, id: &str, now: Timestamp) -> Result<(), CannotSign> {
        let (headers, target, body) = (&mut webhook.headers, &mut webhook.target, &mut webhook.body.0);
        match self {
            Self::Signed(scheme) => scheme.sign(webhook, id, now),
            Self::Token(scheme) => scheme.sign(headers, target),
            Self::Basic(scheme) => scheme.sign(headers),
            Self::Bearer(scheme) => scheme.sign(headers),
            Self::StandardWebhooks(scheme) => scheme.sign(headers, body, id, now),
            Self::Jwt(scheme) => scheme.sign(headers, body, now),
            Self::Twilio(scheme) => scheme.sign(headers, target, body),
            Self::Sns(scheme) => scheme.sign(headers, body, id, now),
        }
    }

    /// Whether the signature is good, whenever it was made. Only signatures can be: what is no signature is not proved.
    pub(super) fn prove(&self, webhook: &Webhook, keys: &Keyring) -> Result<(), Doubt> {
        match self {
            Self::Signed(scheme) => scheme.prove(webhook, keys).map(drop),
            Self::StandardWebhooks(scheme) => {
                scheme.prove(&webhook.headers, &webhook.body.0).map(drop).map_err(Doubt::Why)
            }
            _ => Err(Why::Mismatch { at: self.looks_at() }.into()),
        }
    }
}
