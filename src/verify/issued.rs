//! A token that its issuer signed with one of the keys it publishes, as people bring them from Entra ID.
//!
//! It is believed by RS256 alone, and by the one key that the token names. What it must say is for those to know who
//! ask for it.

use jiff::Timestamp;

use super::{
    claims::{self, Claims},
    jws::{self, Jws},
    why::Why,
};
use crate::config::scheme::JwtAlgorithm;

/// Where such tokens stand, for those who read why one is not believed.
const AT: &str = "the token";

/// Bytes of a token, at most; Entra's have some two thousand, and more where it lists groups.
const LONGEST: usize = 16 * 1024;

/// A token whose signature holds. There is no other way to make one.
#[derive(Debug)]
pub struct Issued {
    claims: Claims,
    key_issuer: Option<String>,
}

/// What stands between a token and being believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotIssued {
    /// It is not believed.
    Refused(Why),
    /// It can't be judged by the keys that are known; the issuer may have published another since.
    NeedsKey(Why),
}

impl Issued {
    /// Whether the token is signed with one of the keys of this set, as it was fetched; none: it was not.
    ///
    /// # Errors
    /// Why it is not believed, or not yet.
    pub fn check(token: &str, set: Option<&[u8]>) -> Result<Self, NotIssued> {
        let malformed = |found: &str| NotIssued::Refused(Why::Malformed { at: AT.to_owned(), found: found.to_owned() });
        let unkeyed = |found: &str| NotIssued::NeedsKey(Why::Unkeyed { found: found.to_owned() });
        if token.len() > LONGEST {
            return Err(NotIssued::Refused(Why::TooLong { at: AT.to_owned(), bytes: token.len() }));
        }
        let algorithm = JwtAlgorithm::RS256;
        let jws = Jws::parse(token).ok_or_else(|| malformed("is no signed token (JWT)"))?;
        if jws.algorithm != algorithm.as_str() {
            return Err(malformed("is not signed with RS256"));
        }
        let key_id = jws.key_id.as_deref().ok_or_else(|| malformed("names no key"))?;
        let set = set.ok_or_else(|| unkeyed("no key of the issuer is known"))?;
        let keys = jws::candidates(set, algorithm, Some(key_id));
        let keys = keys.ok_or_else(|| unkeyed("the issuer publishes no set of keys (JWKS)"))?;
        if keys.is_empty() {
            return Err(unkeyed("the issuer publishes no key such as the token says it is signed with"));
        }
        let signs = |candidate: &jws::Candidate| candidate.key.is_rsa_sha256(jws.signed, &jws.signature);
        let key = keys.into_iter().find(signs).ok_or_else(|| malformed("is not signed by the key that it names"))?;
        let claims = jws.claims().ok_or_else(|| malformed("holds claims that are no JSON object"))?;
        Ok(Self { claims, key_issuer: key.issuer })
    }

    /// A claim that is a text.
    pub fn text(&self, name: &str) -> Option<&str> {
        claims::text(&self.claims, name)
    }

    /// Whether it is for any of these.
    pub fn is_for(&self, audiences: &[String]) -> bool {
        claims::is_for(&self.claims, audiences)
    }

    /// For which issuer alone its key signs, where the published set says so.
    pub fn key_issuer(&self) -> Option<&str> {
        self.key_issuer.as_deref()
    }

    /// Whether it holds at this time; one that does not say until when never does.
    ///
    /// # Errors
    /// Since or until when it does not.
    pub fn holds_at(&self, now: Timestamp) -> Result<(), Why> {
        claims::holds_at(&self.claims, now, true)
    }
}
