//! The schemes `hmac`, `hash` and `public-key`: a signature in a header, over a text that `signed` describes.

use std::collections::HashMap;

use serde::{Deserialize, Deserializer, de};
use serde_json::{Map, Value};
use url::Url;

use super::{SchemeSpec, Template, TimestampSpec, Under, contradictions};
use crate::config::{duration::Span, header::Header, problem::Problem, provider::Pointer};

/// A signature in a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedSpec {
    /// How it is made.
    pub by: By,
    /// The header that holds the signature.
    pub header: Header,
    /// What stands between items where the header is a list, any one of which is enough.
    pub separator: Option<String>,
    /// What stands before each signature, such as `sha256=`; an item without it is none.
    pub prefix: String,
    /// How the signature is written.
    pub encoding: Encoding,
    /// What is signed.
    pub signed: Template,
    /// Where the time of signing stands.
    pub timestamp: Option<TimestampSpec>,
    /// How far the time of signing may lie from now, either way; without it, time is not judged.
    pub tolerance: Option<Span>,
    /// How the secret is written.
    pub secret_encoding: SecretEncoding,
    /// What is taken off a secret's beginning where it is there.
    pub secret_prefix: String,
    /// The scheme is used only where these headers have these values; `*` is any value, and an empty one none.
    pub when: HashMap<Header, String>,
    /// The secret is what a handshake brought, and none of the settings.
    pub captured: bool,
    /// Where the provider publishes its public key, in place of secrets.
    pub key: Option<KeyAt>,
}

/// How a signature is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// An HMAC, whose key is the secret.
    Hmac(Algorithm),
    /// A plain hash, with the secret among what is hashed.
    Hash(Algorithm),
    /// The sender's private key; the secret is its public half, and none.
    PublicKey(KeyAlgorithm),
}

/// A hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Algorithm {
    /// SHA-1: old, and still what some providers sign with.
    Sha1,
    /// SHA-256.
    #[default]
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

/// A signature by a private key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyAlgorithm {
    /// Ed25519 (RFC 8032).
    Ed25519,
    /// ECDSA on P-256 with SHA-256; the signature is DER.
    EcdsaP256,
    /// RSA, PKCS#1 v1.5, with SHA-1: Travis CI's, and nobody's choice today.
    RsaSha1,
    /// RSA, PKCS#1 v1.5, with SHA-256.
    RsaSha256,
}

/// How bytes are written in a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// Two digits a byte, upper or lower case.
    #[default]
    Hex,
    /// The standard alphabet, padded.
    Base64,
}

/// How a secret stands for the bytes of its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SecretEncoding {
    /// The text's own bytes.
    #[default]
    Text,
    /// Hex digits.
    Hex,
    /// Base64, padded or not.
    Base64,
    /// A public key: base64 of DER.
    Spki,
    /// A public key: PEM. What looks like PEM is read as such in any encoding of a public key.
    Pem,
}

/// Where a provider publishes its public key, as PEM.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyAt {
    /// The address, which is fetched over https alone.
    #[serde(deserialize_with = "https")]
    pub url: Url,
    /// Where in the JSON that is held there; without it, the PEM alone is held there.
    #[serde(default, deserialize_with = "pointer")]
    pub pointer: Option<Pointer>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, bound = "A: Deserialize<'de>")]
struct Table<A> {
    header: Header,
    algorithm: Option<A>,
    #[serde(default, deserialize_with = "not_empty")]
    separator: Option<String>,
    #[serde(default)]
    prefix: String,
    #[serde(default)]
    encoding: Encoding,
    #[serde(default)]
    signed: Template,
    timestamp: Option<TimestampSpec>,
    tolerance: Option<Span>,
    secret_encoding: Option<SecretEncoding>,
    #[serde(default)]
    secret_prefix: String,
    #[serde(default)]
    when: HashMap<Header, String>,
    #[serde(default, rename = "secret", deserialize_with = "captured")]
    captured: bool,
    key: Option<KeyAt>,
}

impl<A> Table<A> {
    fn by(self, by: By, secret_encoding: SecretEncoding) -> SignedSpec {
        SignedSpec {
            by,
            header: self.header,
            separator: self.separator,
            prefix: self.prefix,
            encoding: self.encoding,
            signed: self.signed,
            timestamp: self.timestamp,
            tolerance: self.tolerance,
            secret_encoding: self.secret_encoding.unwrap_or(secret_encoding),
            secret_prefix: self.secret_prefix,
            when: self.when,
            captured: self.captured,
            key: self.key,
        }
    }
}

pub(super) fn hmac(under: &Under<'_>, table: Map<String, Value>, problems: &mut Vec<Problem>) -> Option<SchemeSpec> {
    let table: Table<Algorithm> = under.read(table, problems)?;
    let by = By::Hmac(table.algorithm.unwrap_or_default());
    Some(contradictions::refuse(table.by(by, SecretEncoding::Text), under, problems))
}

pub(super) fn hash(under: &Under<'_>, table: Map<String, Value>, problems: &mut Vec<Problem>) -> Option<SchemeSpec> {
    let table: Table<Algorithm> = under.read(table, problems)?;
    let by = By::Hash(table.algorithm.unwrap_or_default());
    Some(contradictions::refuse(table.by(by, SecretEncoding::Text), under, problems))
}

pub(super) fn public_key(
    under: &Under<'_>,
    table: Map<String, Value>,
    problems: &mut Vec<Problem>,
) -> Option<SchemeSpec> {
    let said = table.contains_key("algorithm");
    let table: Table<KeyAlgorithm> = under.read(table, problems)?;
    let Some(algorithm) = table.algorithm else {
        // One that was no algorithm has been told of.
        if !said {
            let cure = "add one of: ed25519, ecdsa-p256, rsa-sha1, rsa-sha256";
            problems.push(under.problem("algorithm", "is missing", cure));
        }
        return None;
    };
    Some(contradictions::refuse(table.by(By::PublicKey(algorithm), SecretEncoding::Pem), under, problems))
}

impl SignedSpec {
    /// Whether keys come from the settings, and from nowhere else.
    pub fn takes_secrets(&self) -> bool {
        !self.captured && self.key.is_none()
    }

    /// Whether `below`, with the same header, is used for nothing that this is not used for.
    pub(super) fn is_used_wherever(&self, below: &Self) -> bool {
        self.when.iter().all(|(name, value)| {
            below.when.get(name).is_some_and(|other| other == value || (value == "*" && !other.is_empty()))
        })
    }
}

fn not_empty<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(from)?;
    if text.is_empty() {
        return Err(de::Error::custom("the separator is empty; write what stands between signatures, as \",\""));
    }
    Ok(Some(text))
}

/// Never quotes what it found, which may be a secret in the wrong place.
fn captured<'de, D: Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    match Value::deserialize(from)?.as_str() {
        Some("captured") => Ok(true),
        _ => Err(de::Error::custom(
            "can only be \"captured\", for one that a handshake brings; give other secrets as `secrets` in the source's file",
        )),
    }
}

fn https<'de, D: Deserializer<'de>>(from: D) -> Result<Url, D::Error> {
    let text = String::deserialize(from)?;
    match Url::parse(&text) {
        Ok(url) if url.scheme() == "https" && url.has_host() => Ok(url),
        _ => Err(de::Error::custom(
            "is no https address; a key that anybody on the way can change proves nothing, so write https://…",
        )),
    }
}

fn pointer<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Pointer>, D::Error> {
    String::deserialize(from)?.parse().map(Some).map_err(de::Error::custom)
}
