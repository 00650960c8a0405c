//! Twilio: an HMAC-SHA1 over the address and the sorted parameters of the form.
//!
//! What is signed has nothing between names and values, so that a parameter's name could be longer and its value
//! shorter by the same letters. That is Twilio's rule, and can't be mended here.

use std::collections::{BTreeMap, BTreeSet};

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName, uri::PathAndQuery};
use sha2::{Digest, Sha256};
use url::{Position, Url, form_urlencoded};

use super::{
    address::asked_for,
    cannot_sign::CannotSign,
    header,
    key::Key,
    mac::mac,
    misfit::Misfit,
    token::{parameters, with_parameter},
    why::Why,
};
use crate::{
    config::scheme::{Algorithm, SecretEncoding},
    event::{Encoding, Webhook},
    secret::{Secret, same},
};

const SIGNATURE: HeaderName = HeaderName::from_static("x-twilio-signature");

/// The parameter of the query that holds the hash of a body that is no form.
const BODY_HASH: &str = "bodySHA256";

/// The largest form that is taken apart. Twilio's hold a message of at most 1600 letters and some names.
const MAX_FORM: usize = 1024 * 1024;

#[derive(Debug)]
pub(super) struct Twilio {
    public_url: Url,
    keys: Vec<Key>,
}

impl Twilio {
    pub(super) const LOOKS_AT: &str = "x-twilio-signature";

    pub(super) fn new(public_url: &Url) -> Self {
        Self { public_url: public_url.clone(), keys: Vec::new() }
    }

    pub(super) fn take(&mut self, secret: &Secret) -> Result<(), Misfit> {
        self.keys.push(Key::decode(secret.expose(), SecretEncoding::Text)?);
        Ok(())
    }

    pub(super) fn has_keys(&self) -> bool {
        !self.keys.is_empty()
    }

    pub(super) fn is_used_by(&self, headers: &HeaderMap) -> bool {
        headers.contains_key(SIGNATURE)
    }

    pub(super) fn check(&self, webhook: &Webhook) -> Result<(), Why> {
        let signature = STANDARD
            .decode(header::only(&webhook.headers, &SIGNATURE)?)
            .map_err(|_| Why::Malformed { at: Self::LOOKS_AT.to_owned(), found: "is no base64".to_owned() })?;
        let parameters = signed_parameters(&webhook.headers, &webhook.target, &webhook.body.0)?;
        let fits = self.addresses(&webhook.target).iter().any(|address| {
            self.keys.iter().any(|key| {
                let parts = [address.as_bytes(), parameters.as_bytes()];
                mac(Algorithm::Sha1, key, &parts).is_ok_and(|expected| same(&expected, &signature))
            })
        });
        if fits { Ok(()) } else { Err(Why::Mismatch { at: Self::LOOKS_AT.to_owned() }) }
    }

    /// The address without its port, and with it. Twilio signs now the one and now the other.
    fn addresses(&self, target: &PathAndQuery) -> [String; 2] {
        let whole = asked_for(&self.public_url, target);
        let rest = whole.strip_prefix(&self.public_url[..Position::BeforePath]).unwrap_or_default();
        let host = &self.public_url[..Position::AfterHost];
        let with_port = match self.public_url.port_or_known_default() {
            Some(port) => format!("{host}:{port}{rest}"),
            None => whole.clone(),
        };
        [format!("{host}{rest}"), with_port]
    }

    pub(super) fn sign(
        &self,
        headers: &mut HeaderMap,
        target: &mut PathAndQuery,
        body: &[u8],
    ) -> Result<(), CannotSign> {
        let key = self.keys.first().ok_or(CannotSign::NoSecret)?;
        if !is_form(headers) && !body.is_empty() {
            let hash = hex::encode(Sha256::digest(body));
            *target = with_parameter(target, BODY_HASH, &hash).ok_or(CannotSign::NoSecret)?;
        }
        let parameters = signed_parameters(headers, target, body).map_err(|_| CannotSign::NoSecret)?;
        let [address, _] = self.addresses(target);
        let parts = [address.as_bytes(), parameters.as_bytes()];
        let signature = mac(Algorithm::Sha1, key, &parts).map_err(|_| CannotSign::NoSecret)?;
        header::set(headers, SIGNATURE, &STANDARD.encode(signature), CannotSign::NoSecret)
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    Encoding::of(headers) == Some(Encoding::Form)
}

/// What is signed after the address. A body that is no form is signed by its hash in the address.
fn signed_parameters(headers: &HeaderMap, target: &PathAndQuery, body: &[u8]) -> Result<String, Why> {
    let hashes = |hash: &str| hex::decode(hash).is_ok_and(|hash| same(&hash, &Sha256::digest(body)));
    let mut named = parameters(target).filter(|(name, _)| name == BODY_HASH).map(|(_, hash)| hash);
    match (named.next(), named.next()) {
        (Some(_), Some(_)) => Err(Why::Repeated { at: BODY_HASH.to_owned() }),
        (Some(hash), None) if hashes(&hash) => Ok(String::new()),
        (Some(_), None) => Err(Why::Mismatch { at: BODY_HASH.to_owned() }),
        (None, _) if body.is_empty() => Ok(String::new()),
        (None, _) if !is_form(headers) => Err(Why::Missing { looked_at: vec![format!("?{BODY_HASH}")] }),
        (None, _) if body.len() > MAX_FORM => Err(Why::TooLong { at: "the form".to_owned(), bytes: body.len() }),
        (None, _) => Ok(sorted(body)),
    }
}

/// Names in their order, each with its distinct values in theirs, as Twilio's libraries have it.
fn sorted(form: &[u8]) -> String {
    let mut fields: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(form) {
        fields.entry(name).or_default().insert(value);
    }
    let pairs = fields.iter().flat_map(|(name, values)| values.iter().flat_map(move |value| [name, value]));
    pairs.map(|text| &**text).collect()
}
