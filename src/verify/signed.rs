//! A signature in a header: by HMAC, by a plain hash, or by public key, as the provider's file says.

use http::HeaderName;
use jiff::Timestamp;
use url::Url;

use super::{
    address::host, cannot_sign::CannotSign, doubt::Doubt, header, held::Held, items, keyring::Keyring, mac::hash,
    message::Message, misfit::Misfit, time, why::Why,
};
use crate::{
    config::scheme::{Algorithm, By, KeyAt, Part, SignedSpec, TimeIn, TimestampSpec},
    event::{Replay, Webhook},
    secret::Secret,
};

#[derive(Debug)]
pub(super) struct Signed {
    spec: SignedSpec,
    public_url: Option<Url>,
    secrets: Vec<Secret>,
    keys: Vec<Held>,
}

impl Signed {
    pub(super) fn new(spec: &SignedSpec, public_url: Option<&Url>) -> Self {
        Self { spec: spec.clone(), public_url: public_url.cloned(), secrets: Vec::new(), keys: Vec::new() }
    }

    pub(super) fn take(&mut self, secret: &Secret) -> Result<(), Misfit> {
        self.keys.push(Held::of(secret.expose(), &self.spec)?);
        self.secrets.push(secret.clone());
        Ok(())
    }

    pub(super) fn looks_at(&self) -> String {
        self.spec.header.0.to_string()
    }

    pub(super) fn takes_secrets(&self) -> bool {
        self.spec.takes_secrets()
    }

    pub(super) fn has_keys(&self) -> bool {
        !self.keys.is_empty() || !self.takes_secrets()
    }

    pub(super) fn is_used_by(&self, webhook: &Webhook) -> bool {
        let holds = |name: &HeaderName, value: &str| match (webhook.headers.get(name), value) {
            (found, "*") => found.is_some(),
            (found, "") => found.is_none(),
            (found, value) => found.is_some_and(|found| found.as_bytes() == value.as_bytes()),
        };
        webhook.headers.contains_key(&self.spec.header.0)
            && self.spec.when.iter().all(|(name, value)| holds(&name.0, value))
    }

    /// The time is looked at last, so that `TimestampStale` means a genuine webhook that came late, or a wrong clock.
    pub(super) fn check(&self, webhook: &Webhook, now: Timestamp, keyring: &Keyring) -> Result<Option<Replay>, Doubt> {
        let known_by = self.prove(webhook, keyring)?;
        let (Some(timestamp), Some(tolerance)) = (&self.spec.timestamp, self.spec.tolerance) else { return Ok(None) };
        let (at, text) = self.time_of(webhook, timestamp)?;
        let signed_at = time::read(&text, timestamp.format).ok_or_else(|| time::malformed(&at, timestamp.format))?;
        time::judge(signed_at, now, tolerance.0)?;
        // A signature that leaves out the body may be that of another webhook of the same moment.
        let tells_apart = self.spec.signed.has(&Part::Body);
        Ok(tells_apart.then(|| Replay::new(&webhook.source, &known_by, time::last(signed_at, tolerance.0))))
    }

    /// Whether the signature is good, whenever it was made; gives what the request is known by.
    pub(super) fn prove(&self, webhook: &Webhook, keyring: &Keyring) -> Result<Vec<u8>, Doubt> {
        if let Some(at) = &self.spec.key {
            let held = keyring.fetched(&at.url).ok_or_else(|| Doubt::unfetched(&at.url))?;
            let fits = published(held, at, &self.spec).and_then(|key| self.fits(webhook, &[key]));
            return fits.map_err(|why| Doubt::of_fetched(&at.url, why));
        }
        if self.spec.captured {
            return Ok(self.fits(webhook, &self.captured(webhook, keyring)?)?);
        }
        Ok(self.fits(webhook, &self.keys)?)
    }

    /// By the first key's signature, whichever fitted: a request may be signed by several, and come again with another.
    fn fits(&self, webhook: &Webhook, keys: &[Held]) -> Result<Vec<u8>, Why> {
        let at = || self.looks_at();
        let value = header::only(&webhook.headers, &self.spec.header.0)?;
        let signatures = items::signatures(value, &self.spec).map_err(|found| Why::Malformed { at: at(), found })?;
        let time = match &self.spec.timestamp {
            Some(timestamp) if self.spec.signed.has(&Part::Timestamp) => Some(self.time_of(webhook, timestamp)?.1),
            _ => None,
        };
        let message = Message::of(webhook, &self.spec.signed, time.as_deref(), self.public_url.as_ref())?;
        // The body is gone over once for each secret, however many signatures a sender lists.
        let mut known_by = None;
        for key in keys {
            let (fits, made) = key.fits(self.spec.by, &message, &signatures);
            known_by = known_by.or(made);
            if fits {
                return Ok(known_by.unwrap_or_else(|| hash(Algorithm::Sha256, &[&message.whole()])));
            }
        }
        Err(Why::Mismatch { at: at() })
    }

    /// The keys that handshakes brought.
    fn captured(&self, webhook: &Webhook, keyring: &Keyring) -> Result<Vec<Held>, Why> {
        let captured = keyring.captured(&webhook.source).iter();
        let keys: Vec<Held> = captured.filter_map(|secret| Held::of(secret.expose(), &self.spec).ok()).collect();
        if keys.is_empty() {
            return Err(Why::Unkeyed { found: "no handshake has brought its secret yet".to_owned() });
        }
        Ok(keys)
    }

    /// Where the time stands, and what stands there.
    fn time_of(&self, webhook: &Webhook, timestamp: &TimestampSpec) -> Result<(String, Vec<u8>), Why> {
        match &timestamp.within {
            TimeIn::Header(name) => Ok((name.0.to_string(), header::only(&webhook.headers, &name.0)?.to_vec())),
            TimeIn::Field(start) => {
                let value = header::only(&webhook.headers, &self.spec.header.0)?;
                let value = std::str::from_utf8(value).unwrap_or_default();
                let mut items = items::split(value, self.spec.separator.as_deref());
                let time = items.find_map(|item| item.strip_prefix(start.as_str())).ok_or_else(|| {
                    let found = format!("holds no time, which would begin with `{start}`");
                    Why::Malformed { at: self.looks_at(), found }
                })?;
                Ok((self.looks_at(), time.as_bytes().to_vec()))
            }
            TimeIn::Body(pointer) => {
                let at = format!("{} of the body", pointer.as_str());
                let payload: Option<serde_json::Value> = serde_json::from_slice(&webhook.body.0).ok();
                match payload.as_ref().and_then(|payload| payload.pointer(pointer.as_str())) {
                    Some(serde_json::Value::String(text)) => Ok((at, text.clone().into_bytes())),
                    Some(serde_json::Value::Number(number)) => Ok((at, number.to_string().into_bytes())),
                    _ => Err(time::malformed(&at, timestamp.format)),
                }
            }
        }
    }

    /// Makes the webhook one that is believed: sets what is signed as far as headers hold it, then signs.
    pub(super) fn sign(&self, webhook: &mut Webhook, id: &str, now: Timestamp) -> Result<(), CannotSign> {
        let key = self.keys.first().ok_or(CannotSign::NoSecret)?;
        let timestamp = self.spec.timestamp.as_ref();
        let time = timestamp.map(|timestamp| time::write(now, timestamp.format)).unwrap_or_default();
        self.set_headers(webhook, id, &time)?;
        let message = Message::of(webhook, &self.spec.signed, Some(time.as_bytes()), self.public_url.as_ref());
        let message = message.map_err(|_| CannotSign::NotThere)?;
        let signature = items::encode(&key.sign(self.spec.by, &message)?, self.spec.encoding);
        let mut value = format!("{}{signature}", self.spec.prefix);
        if let (Some(TimeIn::Field(start)), Some(separator)) = (timestamp.map(|t| &t.within), &self.spec.separator) {
            value = format!("{start}{time}{separator}{value}");
        }
        header::set(&mut webhook.headers, self.spec.header.0.clone(), &value, CannotSign::NoSecret)
    }

    /// The headers that the scheme looks at beside the signature's own. What is there already is taken as it is.
    fn set_headers(&self, webhook: &mut Webhook, id: &str, time: &str) -> Result<(), CannotSign> {
        for (name, value) in &self.spec.when {
            match value.as_str() {
                "" => drop(webhook.headers.remove(&name.0)),
                "*" if webhook.headers.contains_key(&name.0) => {}
                value => header::set(&mut webhook.headers, name.0.clone(), value, CannotSign::BadId)?,
            }
        }
        if let Some(TimeIn::Header(name)) = self.spec.timestamp.as_ref().map(|timestamp| &timestamp.within) {
            header::set(&mut webhook.headers, name.0.clone(), time, CannotSign::BadId)?;
        }
        for part in &self.spec.signed.0 {
            if let Part::Header(name) = part
                && !webhook.headers.contains_key(name)
            {
                header::set_id(&mut webhook.headers, name.clone(), id)?;
            }
        }
        Ok(())
    }

    /// What the signature would fit if a secret were read otherwise, in words. Public keys have one reading.
    pub(super) fn misread_secret(&self, webhook: &Webhook) -> Option<&'static str> {
        if matches!(self.spec.by, By::PublicKey(_)) {
            return None;
        }
        let fits = |key: Held| self.fits(webhook, &[key]).is_ok();
        self.secrets.iter().find_map(|secret| {
            let mut readings = Held::other_readings(secret.expose(), &self.spec).into_iter();
            readings.find_map(|(key, words)| fits(key).then_some(words))
        })
    }
}

/// The key that an address held.
fn published(held: &[u8], at: &KeyAt, spec: &SignedSpec) -> Result<Held, Why> {
    let unusable = |found: &str| Why::Unkeyed { found: format!("what {} publishes {found}", host(&at.url)) };
    let json: serde_json::Value;
    let pem = match &at.pointer {
        None => std::str::from_utf8(held).map_err(|_| unusable("is no PEM"))?,
        Some(pointer) => {
            json = serde_json::from_slice(held).map_err(|_| unusable("is no JSON"))?;
            let found = json.pointer(pointer.as_str()).and_then(serde_json::Value::as_str);
            found.ok_or_else(|| unusable(&format!("has no text at {}", pointer.as_str())))?
        }
    };
    Held::of(pem, spec).map_err(|_| unusable("is no public key of this scheme's kind"))
}
