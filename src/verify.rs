//! Proves that a webhook is genuine: over its raw bytes, bounded, in constant time, before anything of it is parsed.
//!
//! A [`Verifier`] is the one thing that makes a [`Verified`], and only of that an event is made. It does not know
//! providers, read payloads or remember anything: a replay within a signature's tolerance is the store's to notice.

mod authorization;
mod basic;
mod bearer;
mod header;
mod hmac;
mod key;
pub mod keyring;
mod mac;
mod scheme;
pub mod secrets;
mod standard_webhooks;
mod token;
pub mod why;

use std::net::IpAddr;

use bytes::Bytes;
use http::{HeaderMap, uri::PathAndQuery};
use jiff::Timestamp;
use url::Url;

use crate::{
    config::{problem::Problem, scheme::Schemes},
    event::Webhook,
    name::SourceName,
    outcome::Reason,
    secret::Secret,
};
use keyring::Keyring;
use scheme::Scheme;
use why::Why;

/// Checks the webhooks of one source, and signs as its provider would.
#[derive(Debug)]
pub struct Verifier(How);

#[derive(Debug)]
enum How {
    /// By nothing. `verify = "none"` was spelt out.
    Unverified,
    /// By the first whose header is there. Each has at least one key.
    AnyOf(Vec<Scheme>),
}

impl Verifier {
    /// A verifier by these schemes, with secrets that are all valid at once.
    ///
    /// Where schemes are alternatives, a secret goes to each that can use it, and those that got none are left out.
    ///
    /// # Errors
    /// Says, under `secrets` of `file`, which secret is of no use, that there are none, or that there should be none.
    pub fn new(schemes: &Schemes, secrets: &[Secret], file: &str) -> Result<Self, Vec<Problem>> {
        let specs = match schemes {
            Schemes::None if secrets.is_empty() => return Ok(Self::none()),
            Schemes::None => {
                let cure = "take out the secrets, or `verify = \"none\"`";
                let found = "secrets are given, but `verify = \"none\"` checks nothing";
                return Err(vec![Problem::new(file, "secrets", found, cure)]);
            }
            Schemes::AnyOf(specs) => specs,
        };
        if secrets.is_empty() {
            let cure = "add `secrets`, or write `verify = \"none\"` to believe whoever knows the address";
            return Err(vec![Problem::new(file, "secrets", "is missing", cure)]);
        }
        let mut schemes: Vec<Scheme> = specs.iter().map(Scheme::new).collect();
        let mut problems = Vec::new();
        for (index, secret) in secrets.iter().enumerate() {
            if let Err(misfit) = scheme::hand_out(secret, &mut schemes) {
                let key = if secrets.len() == 1 { "secrets".to_owned() } else { format!("secrets[{index}]") };
                problems.push(Problem::new(file, key, misfit.found, misfit.cure));
            }
        }
        schemes.retain(Scheme::has_keys);
        if problems.is_empty() { Ok(Self(How::AnyOf(schemes))) } else { Err(problems) }
    }

    /// A verifier that believes everything.
    pub const fn none() -> Self {
        Self(How::Unverified)
    }

    /// Whether it believes everything, which an admin should be told at start.
    pub const fn is_none(&self) -> bool {
        matches!(self.0, How::Unverified)
    }

    /// Whether the webhook is genuine, at `now`, by the secrets of the settings and the keys of the ring.
    ///
    /// # Errors
    /// Gives the webhook back, with why it is not believed, or which key must be fetched before that can be said.
    pub fn check(&self, webhook: Webhook, now: Timestamp, keys: &Keyring) -> Result<Verified, Unproved> {
        match self.judge(&webhook, now, keys) {
            Ok(()) => Ok(Verified(webhook)),
            Err(Doubt::Why(why)) => Err(Unproved::Refused(Refused { why, webhook: Box::new(webhook) })),
            Err(Doubt::NeedsKey(from)) => Err(Unproved::NeedsKey { from, webhook: Box::new(webhook) }),
        }
    }

    fn judge(&self, webhook: &Webhook, now: Timestamp, keys: &Keyring) -> Result<(), Doubt> {
        match &self.0 {
            How::Unverified => Ok(()),
            // One scheme decides. To try another after a bad signature would let the weakest of them be chosen.
            How::AnyOf(schemes) => match schemes.iter().find(|scheme| scheme.is_used_by(webhook)) {
                Some(scheme) => scheme.check(webhook, now, keys),
                None => Err(Why::Missing { looked_at: schemes.iter().map(Scheme::looks_at).collect() }.into()),
            },
        }
    }

    /// Makes the webhook one that this verifier believes, by its first scheme and secret.
    ///
    /// # Errors
    /// Where the delivery id can't stand in a header, or a signature can be checked here but not made.
    pub fn sign(&self, webhook: &mut Webhook, id: &str, now: Timestamp) -> Result<(), CannotSign> {
        match &self.0 {
            How::Unverified => Ok(()),
            How::AnyOf(schemes) => match schemes.first() {
                Some(scheme) => scheme.sign(webhook, id, now),
                None => Err(CannotSign::NoSecret),
            },
        }
    }
}

/// Why a request can't be signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CannotSign {
    /// The delivery id is part of what is signed, and goes into a header.
    #[error("the delivery id can't stand in a header; use letters, digits, `-`, `_` and `.`")]
    BadId,
    /// There is nothing to sign with.
    #[error("no secret can sign; give the source one of its provider's signing secrets")]
    NoSecret,
}

/// What stands between a webhook and being believed.
#[derive(Debug)]
pub enum Unproved {
    /// It is not believed.
    Refused(Refused),
    /// It can't be judged without what this address holds.
    NeedsKey {
        /// The provider's own address, which the scheme vouches for.
        from: Url,
        /// What is to be judged.
        webhook: Box<Webhook>,
    },
}

/// A webhook that is not believed.
#[derive(Debug)]
pub struct Refused {
    /// Why. The sender is not told.
    pub why: Why,
    /// What was refused.
    pub webhook: Box<Webhook>,
}

impl Refused {
    /// The word for it.
    pub const fn reason(&self) -> Reason {
        self.why.reason()
    }
}

/// Why a scheme does not say yes.
#[derive(Debug)]
enum Doubt {
    /// It says no.
    Why(Why),
    /// It can't say without the key that is held there.
    NeedsKey(Url),
}

impl From<Why> for Doubt {
    fn from(why: Why) -> Self {
        Self::Why(why)
    }
}

/// A webhook that a [`Verifier`] found genuine. There is no other way to make one.
#[derive(Debug)]
pub struct Verified(Webhook);

impl Verified {
    /// The source whose address it was posted to.
    pub fn source(&self) -> &SourceName {
        &self.0.source
    }

    /// When it had arrived in full.
    pub fn received_at(&self) -> Timestamp {
        self.0.received_at
    }

    /// Who held the other end of the connection.
    pub fn peer(&self) -> Option<IpAddr> {
        self.0.peer
    }

    /// Path and query as they were asked for.
    pub fn target(&self) -> &PathAndQuery {
        &self.0.target
    }

    /// All request headers, secrets among them.
    pub fn headers(&self) -> &HeaderMap {
        &self.0.headers
    }

    /// The raw body.
    pub fn body(&self) -> &Bytes {
        &self.0.body.0
    }
}

#[cfg(test)]
mod tests;
