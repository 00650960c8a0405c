//! Proves that a webhook is genuine: over its raw bytes, bounded, in constant time, before anything of it is parsed.
//!
//! A [`Verifier`] is the one thing that makes a [`Verified`], and only of that an event is made. It does not know
//! providers, read payloads or remember anything: a replay within a signature's tolerance is the store's to notice.
//! What proves people, and not webhooks, is an [`issued::Issued`].

mod address;
mod authorization;
mod basic;
mod bearer;
mod cannot_sign;
mod claims;
mod doubt;
mod explain;
mod header;
mod held;
pub mod issued;
mod items;
mod jws;
mod jwt;
mod key;
pub mod keyring;
mod mac;
mod message;
mod misfit;
mod pem;
mod public_key;
mod scheme;
pub mod secrets;
mod signed;
mod sns;
mod standard_webhooks;
mod time;
mod token;
mod twilio;
pub mod why;

use std::net::IpAddr;

use bytes::Bytes;
use http::{HeaderMap, uri::PathAndQuery};
use jiff::Timestamp;
use url::Url;

use crate::{
    config::{
        load::MAIN,
        problem::Problem,
        scheme::{SchemeSpec, Schemes},
    },
    event::{Replay, Webhook},
    name::SourceName,
    secret::Secret,
};
pub use cannot_sign::CannotSign;
use doubt::Doubt;
pub use doubt::{Refused, Unproved};
use keyring::Keyring;
use scheme::Scheme;
pub use sns::is_of_sns;
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
    /// `public_url` is how the outside reaches the relay, which some providers sign.
    ///
    /// # Errors
    /// Says, under `secrets` of `file`, which secret is of no use, that there are none, or that there should be none;
    /// and that the public address is needed where it is missing.
    pub fn new(
        schemes: &Schemes,
        secrets: &[Secret],
        file: &str,
        public_url: Option<&Url>,
    ) -> Result<Self, Vec<Problem>> {
        let specs = match schemes {
            Schemes::None if secrets.is_empty() => return Ok(Self::none()),
            Schemes::None => {
                let cure = "take out the secrets, or `verify = \"none\"`";
                let found = "secrets are given, but `verify = \"none\"` checks nothing";
                return Err(vec![Problem::new(file, "secrets", found, cure)]);
            }
            Schemes::AnyOf(specs) => specs,
        };
        if public_url.is_none() && specs.iter().any(SchemeSpec::signs_the_address) {
            let found = format!("is missing, and the signatures that {file} is about cover the address");
            let cure = "set it to how the senders reach the relay, as \"https://hooks.example.com\"";
            return Err(vec![Problem::new(MAIN, "server.public_url", found, cure)]);
        }
        let mut schemes: Vec<Scheme> = specs.iter().filter_map(|spec| Scheme::new(spec, public_url)).collect();
        let mut problems = Vec::new();
        let problem = |key: &str, found: &str, cure: &str| Problem::new(file, key, found, cure);
        match (schemes.iter().any(Scheme::takes_secrets), secrets.is_empty()) {
            (false, false) => {
                let found = "secrets are given, but the key is fetched or comes from a handshake";
                problems.push(problem("secrets", found, "take them out"));
            }
            (true, true) if schemes.iter().all(Scheme::takes_secrets) => {
                let cure = "add `secrets`, or write `verify = \"none\"` to believe whoever knows the address";
                problems.push(problem("secrets", "is missing", cure));
            }
            _ => problems.extend(hand_out_all(secrets, &mut schemes, file)),
        }
        if problems.is_empty()
            && let [scheme] = schemes.as_slice()
            && let Some(misfit) = scheme.lacks()
        {
            problems.push(Problem::new(file, "secrets", misfit.found, misfit.cure));
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
            Ok(replay) => Ok(Verified { webhook, replay }),
            Err(Doubt::Why(why)) => Err(Unproved::Refused(Refused { why, webhook: Box::new(webhook) })),
            Err(Doubt::NeedsKey { from, why }) => {
                Err(Unproved::NeedsKey { from, refused: Refused { why, webhook: Box::new(webhook) } })
            }
        }
    }

    fn judge(&self, webhook: &Webhook, now: Timestamp, keys: &Keyring) -> Result<Option<Replay>, Doubt> {
        match &self.0 {
            How::Unverified => Ok(None),
            // One scheme decides. To try another after a bad signature would let the weakest of them be chosen.
            How::AnyOf(schemes) => match schemes.iter().find(|scheme| scheme.is_used_by(webhook)) {
                Some(scheme) => scheme.check(webhook, now, keys),
                None => Err(Why::Missing { looked_at: schemes.iter().map(Scheme::looks_at).collect() }.into()),
            },
        }
    }

    /// What the webhook's signature would fit, in words for the admin, where trying the usual mistakes finds it.
    ///
    /// It hashes the body several times, so it is for refusals that are recorded. It holds nothing of secret or body.
    pub fn explain(&self, webhook: &Webhook, why: &Why, keys: &Keyring) -> Option<String> {
        match (&self.0, why) {
            (How::AnyOf(schemes), Why::Mismatch { .. }) => {
                let scheme = schemes.iter().find(|scheme| scheme.is_used_by(webhook))?;
                explain::explain(scheme, webhook, keys)
            }
            _ => None,
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

fn hand_out_all(secrets: &[Secret], schemes: &mut [Scheme], file: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (index, secret) in secrets.iter().enumerate() {
        if let Err(misfit) = scheme::hand_out(secret, schemes) {
            let key = if secrets.len() == 1 { "secrets".to_owned() } else { format!("secrets[{index}]") };
            problems.push(Problem::new(file, key, misfit.found, misfit.cure));
        }
    }
    problems
}

/// A webhook that a [`Verifier`] found genuine. There is no other way to make one.
#[derive(Debug)]
pub struct Verified {
    webhook: Webhook,
    replay: Option<Replay>,
}

impl Verified {
    /// The source whose address it was posted to.
    pub fn source(&self) -> &SourceName {
        &self.webhook.source
    }

    /// When it had arrived in full.
    pub fn received_at(&self) -> Timestamp {
        self.webhook.received_at
    }

    /// Who held the other end of the connection.
    pub fn peer(&self) -> Option<IpAddr> {
        self.webhook.peer
    }

    /// Path and query as they were asked for.
    pub fn target(&self) -> &PathAndQuery {
        &self.webhook.target
    }

    /// All request headers, secrets among them.
    pub fn headers(&self) -> &HeaderMap {
        &self.webhook.headers
    }

    /// What a second sending of it would be known by, where its signature is good for a while; the store remembers it.
    pub fn replay(&self) -> Option<Replay> {
        self.replay
    }

    /// The raw body.
    pub fn body(&self) -> &Bytes {
        &self.webhook.body.0
    }
}

#[cfg(test)]
mod named_tests;
#[cfg(test)]
mod tests;
