//! The form of a signed token (JWS, RFC 7515, compact), and the published sets of keys it may point into (RFC 7517).
//!
//! Written on ring, and not taken from the crate `jsonwebtoken`: that comes with aws-lc or with the crate `rsa`
//! (RUSTSEC-2023-0071), and what is needed of it is this page.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::pem::{PublicKey, p256_of_parts, rsa_of_parts};
use crate::config::scheme::JwtAlgorithm;

/// A token in its parts. The claims can be read only after the signature was looked at.
pub(super) struct Jws<'t> {
    pub(super) algorithm: String,
    pub(super) key_id: Option<String>,
    /// What is signed: header and claims, as they are written.
    pub(super) signed: &'t [u8],
    pub(super) signature: Vec<u8>,
    claims: Vec<u8>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    /// What a reader must understand. Nothing of that kind is understood here.
    crit: Option<Value>,
}

impl<'t> Jws<'t> {
    pub(super) fn parse(token: &'t str) -> Option<Self> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let header: Header = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).ok()?).ok()?;
        if header.crit.is_some() {
            return None;
        }
        Some(Self {
            algorithm: header.alg,
            key_id: header.kid,
            signed: signed.as_bytes(),
            signature: URL_SAFE_NO_PAD.decode(signature).ok()?,
            claims: URL_SAFE_NO_PAD.decode(claims).ok()?,
        })
    }

    /// The claims. Call it once the signature holds.
    pub(super) fn claims(&self) -> Option<Map<String, Value>> {
        serde_json::from_slice(&self.claims).ok()
    }
}

/// The part of a token that is signed.
pub(super) fn unsigned(algorithm: JwtAlgorithm, claims: &Map<String, Value>) -> Option<String> {
    let header = format!(r#"{{"alg":"{}","typ":"JWT"}}"#, algorithm.as_str());
    let claims = serde_json::to_vec(claims).ok()?;
    Some(format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims)))
}

/// The whole token.
pub(super) fn with_signature(unsigned: &str, signature: &[u8]) -> String {
    format!("{unsigned}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// A published key.
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
    /// Entra's own: for whose tokens alone it is.
    issuer: Option<String>,
}

/// A key that may have signed a token.
pub(super) struct Candidate {
    pub(super) key: PublicKey,
    /// Whose tokens it signs, where the set says so.
    pub(super) issuer: Option<String>,
}

/// The keys of a published set that this token may be signed with; none if what was fetched is no set of keys.
///
/// A token that names no key may be signed with any of them.
pub(super) fn candidates(set: &[u8], algorithm: JwtAlgorithm, key_id: Option<&str>) -> Option<Vec<Candidate>> {
    #[derive(Deserialize)]
    struct Set {
        keys: Vec<Value>,
    }
    let set: Set = serde_json::from_slice(set).ok()?;
    // Keys of a kind that is not known here are passed over, as RFC 7517 says.
    let keys = set.keys.into_iter().filter_map(|key| serde_json::from_value::<Jwk>(key).ok());
    let meant = keys.filter(|key| key_id.is_none() || key.kid.as_deref() == key_id);
    Some(meant.filter_map(|key| Some(Candidate { key: key.public(algorithm)?, issuer: key.issuer })).collect())
}

impl Jwk {
    fn public(&self, algorithm: JwtAlgorithm) -> Option<PublicKey> {
        let signs = self.usage.as_deref().is_none_or(|usage| usage == "sig");
        if !signs || self.alg.as_deref().is_some_and(|alg| alg != algorithm.as_str()) {
            return None;
        }
        let number = |text: &Option<String>| URL_SAFE_NO_PAD.decode(text.as_ref()?).ok();
        match algorithm {
            JwtAlgorithm::RS256 if self.kty == "RSA" => rsa_of_parts(&number(&self.n)?, &number(&self.e)?),
            JwtAlgorithm::ES256 if self.kty == "EC" && self.crv.as_deref() == Some("P-256") => {
                p256_of_parts(&number(&self.x)?, &number(&self.y)?)
            }
            // A public key must never pass for a shared one.
            JwtAlgorithm::RS256 | JwtAlgorithm::ES256 | JwtAlgorithm::HS256 | JwtAlgorithm::HS512 => None,
        }
    }
}
