//! A signed token (JWT, RFC 7519) in a header: Entra ID's and Event Grid's, and Netlify's, which holds the body's hash.
//!
//! The settings name the algorithms; the token only chooses among them, and each is checked with a key of its own kind.

use http::HeaderMap;
use jiff::Timestamp;
use serde_json::json;
use sha2::{Digest, Sha256};
use url::Url;

use super::{
    address::host,
    cannot_sign::CannotSign,
    claims::{self, Claims},
    doubt::Doubt,
    header,
    jws::{self, Candidate, Jws},
    key::Key,
    keyring::Keyring,
    mac::mac,
    misfit::Misfit,
    pem::{PemKey, PublicKey},
    why::Why,
};
use crate::{
    config::scheme::{Algorithm, JwtAlgorithm, JwtSpec, SecretEncoding},
    event::Webhook,
    secret::{Secret, same},
};

/// How long a token of ours holds: for one request.
const LIFETIME: i64 = 300;

#[derive(Debug)]
pub(super) struct Jwt {
    spec: JwtSpec,
    /// What `aud` must be, any of these.
    audience: Vec<String>,
    keys: Vec<JwtKey>,
}

#[derive(Debug)]
enum JwtKey {
    Shared(Key),
    Public(PemKey),
}

impl Jwt {
    pub(super) fn new(spec: &JwtSpec) -> Self {
        Self { spec: spec.clone(), audience: spec.audience.clone(), keys: Vec::new() }
    }

    /// With published keys, a secret says for whom the tokens must be made: the issuer signs for everybody.
    pub(super) fn take(&mut self, secret: &Secret) -> Result<(), Misfit> {
        if self.spec.jwks.is_some() {
            if !self.spec.audience.is_empty() {
                return Err(Misfit::new("the keys come from `jwks`, and `audience` is given", "take out `secrets`"));
            }
            self.audience.push(secret.expose().to_owned());
        } else if self.spec.algorithms.iter().any(|algorithm| algorithm.is_shared()) {
            self.keys.push(JwtKey::Shared(Key::decode(secret.expose(), SecretEncoding::Text)?));
        } else {
            let key = PemKey::read(secret.expose()).ok_or_else(|| {
                let cure = "give the issuer's public key or certificate, beginning with -----BEGIN, or `jwks`";
                Misfit::new("the secret is no RSA or P-256 key in PEM", cure)
            })?;
            self.keys.push(JwtKey::Public(key));
        }
        Ok(())
    }

    /// Whether the settings lack nothing but secrets: with published keys and an audience, nothing is secret.
    pub(super) fn takes_secrets(&self) -> bool {
        self.spec.jwks.is_none() || self.spec.audience.is_empty()
    }

    pub(super) fn has_keys(&self) -> bool {
        if self.spec.jwks.is_some() { !self.audience.is_empty() } else { !self.keys.is_empty() }
    }

    pub(super) fn looks_at(&self) -> String {
        self.spec.at()
    }

    pub(super) fn is_used_by(&self, headers: &HeaderMap) -> bool {
        headers.get_all(&self.spec.header.0).iter().any(|value| self.after_prefix(value.as_bytes()).is_some())
    }

    fn after_prefix<'v>(&self, value: &'v [u8]) -> Option<&'v str> {
        let (prefix, token) = value.split_at_checked(self.spec.prefix().len())?;
        let named = prefix.eq_ignore_ascii_case(self.spec.prefix().as_bytes());
        std::str::from_utf8(token).ok().filter(|_| named).map(str::trim)
    }

    pub(super) fn check(&self, webhook: &Webhook, now: Timestamp, keys: &Keyring) -> Result<(), Doubt> {
        let value = header::only(&webhook.headers, &self.spec.header.0)?;
        let token = self.after_prefix(value).ok_or_else(|| Why::Missing { looked_at: vec![self.looks_at()] })?;
        let jws = Jws::parse(token).ok_or_else(|| self.malformed("holds no signed token (JWT)"))?;
        let algorithm = self.spec.algorithms.iter().find(|algorithm| algorithm.as_str() == jws.algorithm);
        let algorithm =
            *algorithm.ok_or_else(|| self.malformed("is signed in a way that `algorithms` does not name"))?;
        self.is_signed(&jws, algorithm, keys)?;
        let claims = jws.claims().ok_or_else(|| self.malformed("holds claims that are no JSON object"))?;
        self.names(&claims, &webhook.body.0)?;
        // A token that covers no body could be used for ever if it did not say how long.
        claims::holds_at(&claims, now, self.spec.body_hash.is_none()).map_err(Doubt::Why)
    }

    fn malformed(&self, found: &str) -> Why {
        Why::Malformed { at: self.looks_at(), found: found.to_owned() }
    }

    fn is_signed(&self, jws: &Jws<'_>, algorithm: JwtAlgorithm, keys: &Keyring) -> Result<(), Doubt> {
        let mismatch = || Why::Mismatch { at: self.looks_at() };
        if let Some(from) = &self.spec.jwks {
            let set = keys.fetched(from).ok_or_else(|| Doubt::unfetched(from))?;
            let published = published(set, from, jws, algorithm).map_err(|why| Doubt::of_fetched(from, why))?;
            let fits = published.iter().any(|candidate| is_by(&candidate.key, algorithm, jws));
            return if fits { Ok(()) } else { Err(Doubt::of_fetched(from, mismatch())) };
        }
        let fits = self.keys.iter().any(|key| match key {
            JwtKey::Shared(key) => mac_of(algorithm, key, jws.signed).is_some_and(|mac| same(&mac, &jws.signature)),
            JwtKey::Public(key) => is_by(&key.public, algorithm, jws),
        });
        if fits { Ok(()) } else { Err(mismatch().into()) }
    }

    /// Who issued it, for whom, and for which body.
    fn names(&self, claims: &Claims, body: &[u8]) -> Result<(), Why> {
        let text = |name: &str| claims::text(claims, name);
        let not = |name: &str, wanted: String| Err(Why::Claim { name: name.to_owned(), wanted });
        if let Some(issuer) = self.spec.issuer.as_deref().filter(|issuer| text("iss") != Some(issuer)) {
            return not("iss", format!("`{issuer}`"));
        }
        if !self.audience.is_empty() && !claims::is_for(claims, &self.audience) {
            return not("aud", "what the source takes".to_owned());
        }
        let tenants = &self.spec.tenants;
        if !tenants.is_empty() && !tenants.iter().any(|tenant| text("tid") == Some(tenant)) {
            return not("tid", "one of `tenants`".to_owned());
        }
        match &self.spec.body_hash {
            Some(name)
                if text(name).and_then(|hash| hex::decode(hash).ok()).is_none_or(|hash| !hashes(&hash, body)) =>
            {
                not(name, "the SHA-256 of the body".to_owned())
            }
            _ => Ok(()),
        }
    }

    pub(super) fn sign(&self, headers: &mut HeaderMap, body: &[u8], now: Timestamp) -> Result<(), CannotSign> {
        let key = self.keys.first().ok_or(CannotSign::NoSecret)?;
        let algorithm = *self.spec.algorithms.first().ok_or(CannotSign::NoSecret)?;
        let unsigned = jws::unsigned(algorithm, &self.claims(body, now)).ok_or(CannotSign::NoSecret)?;
        let signature = match key {
            JwtKey::Shared(key) => mac_of(algorithm, key, unsigned.as_bytes()),
            JwtKey::Public(key) => key.sign(unsigned.as_bytes()),
        };
        let token = jws::with_signature(&unsigned, &signature.ok_or(CannotSign::NoSecret)?);
        let value = format!("{}{token}", self.spec.prefix());
        header::set(headers, self.spec.header.0.clone(), &value, CannotSign::NoSecret)
    }

    fn claims(&self, body: &[u8], now: Timestamp) -> Claims {
        let mut claims = Claims::new();
        claims.insert("iat".to_owned(), json!(now.as_second()));
        let named =
            [("iss", self.spec.issuer.as_ref()), ("aud", self.audience.first()), ("tid", self.spec.tenants.first())];
        for (name, text) in named.into_iter().filter_map(|(name, text)| Some((name, text?))) {
            claims.insert(name.to_owned(), json!(text));
        }
        match &self.spec.body_hash {
            Some(name) => claims.insert(name.clone(), json!(hex::encode(Sha256::digest(body)))),
            None => claims.insert("exp".to_owned(), json!(now.as_second() + LIFETIME)),
        };
        claims
    }
}

/// The keys of a fetched set that the token may be signed with. Never empty.
fn published(set: &[u8], from: &Url, jws: &Jws<'_>, algorithm: JwtAlgorithm) -> Result<Vec<Candidate>, Why> {
    let unkeyed = |found: &str| Why::Unkeyed { found: format!("{} publishes {found}", host(from)) };
    match jws::candidates(set, algorithm, jws.key_id.as_deref()) {
        None => Err(unkeyed("no set of keys (JWKS)")),
        Some(keys) if keys.is_empty() => Err(unkeyed("no key such as the token says it is signed with")),
        Some(keys) => Ok(keys),
    }
}

fn hashes(hash: &[u8], body: &[u8]) -> bool {
    same(hash, &Sha256::digest(body))
}

fn mac_of(algorithm: JwtAlgorithm, key: &Key, signed: &[u8]) -> Option<Vec<u8>> {
    let hash = match algorithm {
        JwtAlgorithm::HS256 => Algorithm::Sha256,
        JwtAlgorithm::HS512 => Algorithm::Sha512,
        JwtAlgorithm::RS256 | JwtAlgorithm::ES256 => return None,
    };
    mac(hash, key, &[signed]).ok()
}

fn is_by(key: &PublicKey, algorithm: JwtAlgorithm, jws: &Jws<'_>) -> bool {
    match algorithm {
        JwtAlgorithm::RS256 => key.is_rsa_sha256(jws.signed, &jws.signature),
        JwtAlgorithm::ES256 => key.is_p256(jws.signed, &jws.signature),
        JwtAlgorithm::HS256 | JwtAlgorithm::HS512 => false,
    }
}
