//! AWS SNS: an RSA signature inside the body, by a certificate that the body names and AWS publishes.
//!
//! To find the signature, JSON is parsed that nobody has vouched for. It is bounded, and nothing of it is kept. A
//! certificate is taken from SNS' own hosts alone, and since SNS signs for everybody with an account, only the topics
//! that the source's `secrets` name are believed.

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use ring::signature::{RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256, RsaParameters};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use url::Url;

use super::{
    cannot_sign::CannotSign,
    doubt::Doubt,
    keyring::Keyring,
    message::is_read_as,
    misfit::Misfit,
    pem::{Certificate, PemKey, PublicKey},
    why::Why,
};
use crate::{
    config::scheme::SnsSpec,
    event::{Encoding, Webhook},
    secret::Secret,
};

/// SNS sends it with every message, so that a webhook is known for one before its body is looked into.
const KIND: HeaderName = HeaderName::from_static("x-amz-sns-message-type");

/// The largest body that is looked into. A message holds 256 KiB at most, and JSON may escape it.
const MAX_BODY: usize = 512 * 1024;

/// What stands at the beginning of a topic's name, in every partition of AWS.
const ARN: &str = "arn:aws";

#[derive(Debug)]
pub(super) struct Sns {
    spec: SnsSpec,
    topics: Vec<String>,
    keys: Vec<PemKey>,
}

/// What SNS posts. What else it holds is not signed.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Message {
    #[serde(rename = "Type")]
    kind: String,
    message_id: String,
    topic_arn: String,
    message: String,
    timestamp: String,
    subject: Option<String>,
    #[serde(rename = "SubscribeURL")]
    subscribe_url: Option<String>,
    token: Option<String>,
    signature_version: Option<String>,
    signature: Option<String>,
    #[serde(rename = "SigningCertURL")]
    signing_cert_url: Option<String>,
}

impl Message {
    /// What is signed: names and values, each on a line, in the order of the names.
    fn signed(&self) -> String {
        let confirms = self.kind != "Notification";
        let of_confirmation = |text: &Option<String>| text.clone().filter(|_| confirms);
        let lines = [
            ("Message", Some(self.message.clone())),
            ("MessageId", Some(self.message_id.clone())),
            ("Subject", self.subject.clone().filter(|_| !confirms)),
            ("SubscribeURL", of_confirmation(&self.subscribe_url)),
            ("Timestamp", Some(self.timestamp.clone())),
            ("Token", of_confirmation(&self.token)),
            ("TopicArn", Some(self.topic_arn.clone())),
            ("Type", Some(self.kind.clone())),
        ];
        let lines = lines.into_iter().filter_map(|(name, value)| Some(format!("{name}\n{}\n", value?)));
        lines.collect()
    }
}

impl Sns {
    pub(super) const LOOKS_AT: &str = "x-amz-sns-message-type";

    pub(super) fn new(spec: &SnsSpec) -> Self {
        Self { spec: spec.clone(), topics: Vec::new(), keys: Vec::new() }
    }

    pub(super) fn take(&mut self, secret: &Secret) -> Result<(), Misfit> {
        let text = secret.expose();
        if text.starts_with(ARN) {
            self.topics.push(text.to_owned());
            return Ok(());
        }
        let key = PemKey::read(text).ok_or_else(|| {
            let cure = "give the topic's ARN, beginning with `arn:aws:sns:`; or a key or certificate in PEM, to use \
                instead of SNS' own";
            Misfit::new("the secret is neither a topic nor an RSA key", cure)
        })?;
        self.keys.push(key);
        Ok(())
    }

    pub(super) fn has_keys(&self) -> bool {
        !self.topics.is_empty()
    }

    /// What is still missing: with keys alone, the messages of anybody with an account would be believed.
    pub(super) fn lacks(&self) -> Option<Misfit> {
        let cure = "add the topic's ARN, beginning with `arn:aws:sns:`";
        self.topics.is_empty().then(|| Misfit::new("name no topic whose messages are to be believed", cure))
    }

    pub(super) fn is_used_by(&self, headers: &HeaderMap) -> bool {
        headers.contains_key(KIND)
    }

    pub(super) fn check(&self, webhook: &Webhook, now: Timestamp, keys: &Keyring) -> Result<(), Doubt> {
        let body = &webhook.body.0;
        if body.len() > MAX_BODY {
            return Err(Why::TooLong { at: "the body".to_owned(), bytes: body.len() }.into());
        }
        // Whoever has seen a message could else have it read as a form, with a field of his own in it.
        if !is_read_as(&webhook.headers, &[Encoding::Json, Encoding::Text]) {
            return Err(malformed("content-type", "is neither the text that SNS posts nor JSON").into());
        }
        let message: Message = serde_json::from_slice(body)
            .map_err(|_| malformed("the body", "is no message of SNS; turn raw message delivery off"))?;
        if !self.topics.contains(&message.topic_arn) {
            return Err(Why::Mismatch { at: "TopicArn".to_owned() }.into());
        }
        let missing = |at: &str| Why::Missing { looked_at: vec![at.to_owned()] };
        let signature = message.signature.as_ref().ok_or_else(|| missing("Signature"))?;
        let signature = STANDARD.decode(signature).map_err(|_| malformed("Signature", "is no base64"))?;
        let parameters: &RsaParameters = match message.signature_version.as_deref() {
            Some("1") => &RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
            Some("2") => &RSA_PKCS1_2048_8192_SHA256,
            _ => return Err(malformed("SignatureVersion", "is neither 1 nor 2").into()),
        };
        let signed = message.signed();
        let is_by = |key: &PublicKey| key.is_rsa(parameters, signed.as_bytes(), &signature);
        let mismatch = || Why::Mismatch { at: "Signature".to_owned() };
        if self.keys.is_empty() {
            let from = certificate_address(message.signing_cert_url.as_deref())?;
            let pem = keys.fetched(&from).ok_or_else(|| Doubt::unfetched(&from))?;
            let key = key_of(pem, now).map_err(|why| Doubt::of_fetched(&from, why))?;
            if !is_by(&key) {
                return Err(Doubt::of_fetched(&from, mismatch()));
            }
        } else if !self.keys.iter().any(|key| is_by(&key.public)) {
            return Err(mismatch().into());
        }
        self.is_recent(&message.timestamp, now).map_err(Doubt::Why)
    }

    fn is_recent(&self, timestamp: &str, now: Timestamp) -> Result<(), Why> {
        let Some(tolerance) = self.spec.tolerance else { return Ok(()) };
        let sent: Timestamp = timestamp.parse().map_err(|_| malformed("Timestamp", "is no time"))?;
        let (age, tolerance) = (now.duration_since(sent), tolerance.0);
        match age.unsigned_abs() {
            by if by <= tolerance => Ok(()),
            by if age.is_negative() => Err(Why::Future { by, tolerance }),
            by => Err(Why::Stale { by, tolerance }),
        }
    }

    /// Signs what the body holds, and adds what a message must have and the body has not.
    pub(super) fn sign(
        &self,
        headers: &mut HeaderMap,
        body: &mut Bytes,
        id: &str,
        now: Timestamp,
    ) -> Result<(), CannotSign> {
        let (Some(key), Some(topic)) = (self.keys.first(), self.topics.first()) else {
            return Err(CannotSign::NoSecret);
        };
        let mut message: Map<String, Value> = serde_json::from_slice(body).map_err(|_| CannotSign::NoObject)?;
        for (name, value) in [
            ("Type", "Notification"),
            ("MessageId", id),
            ("TopicArn", topic),
            ("Message", ""),
            ("Timestamp", &now.to_string()),
        ] {
            message.entry(name).or_insert_with(|| json!(value));
        }
        let read: Message = serde_json::from_value(Value::Object(message.clone())).map_err(|_| CannotSign::NoObject)?;
        let signature = key.sign(read.signed().as_bytes()).ok_or(CannotSign::NoSecret)?;
        message.insert("SignatureVersion".to_owned(), json!("2"));
        message.insert("Signature".to_owned(), json!(STANDARD.encode(signature)));
        *body = serde_json::to_vec(&message).map_err(|_| CannotSign::NoObject)?.into();
        headers.insert(KIND, HeaderValue::from_str(&read.kind).map_err(|_| CannotSign::NoObject)?);
        Ok(())
    }
}

fn malformed(at: &str, found: &str) -> Why {
    Why::Malformed { at: at.to_owned(), found: found.to_owned() }
}

/// The key of a certificate that was fetched.
fn key_of(pem: &[u8], now: Timestamp) -> Result<PublicKey, Why> {
    let unkeyed = |found: &str| Why::Unkeyed { found: format!("the address in SigningCertURL holds {found}") };
    let certificate = Certificate::of_pem(pem).ok_or_else(|| unkeyed("no certificate"))?;
    if !certificate.holds_at(now) {
        return Err(unkeyed("a certificate that is not valid at this time"));
    }
    Ok(certificate.key)
}

/// Where the certificate is that the message names.
fn certificate_address(named: Option<&str>) -> Result<Url, Why> {
    const AT: &str = "SigningCertURL";
    let named = named.ok_or_else(|| Why::Missing { looked_at: vec![AT.to_owned()] })?;
    address_of_certificate(named).ok_or_else(|| malformed(AT, "is no address of SNS' certificates"))
}

/// The address, if it is one of SNS' certificates: `…/SimpleNotificationService-HEX.pem` on a host of SNS.
fn address_of_certificate(text: &str) -> Option<Url> {
    let url: Url = text.parse().ok()?;
    let name = url.path().strip_prefix("/SimpleNotificationService-")?.strip_suffix(".pem")?;
    let named = name.len() == 32 && name.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let ends = url.query().is_none() && url.fragment().is_none();
    (is_of_sns(&url) && named && ends).then_some(url)
}

/// Whether this is an address of AWS SNS: https at its usual port, on `sns.REGION.amazonaws.com`, or `.com.cn`.
pub fn is_of_sns(url: &Url) -> bool {
    let region = url
        .host_str()
        .and_then(|host| host.strip_suffix(".cn").unwrap_or(host).strip_prefix("sns.")?.strip_suffix(".amazonaws.com"));
    let in_region = region.is_some_and(|region| {
        region.len() >= 3 && region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    });
    let bare = url.username().is_empty() && url.password().is_none() && url.port().is_none();
    url.scheme() == "https" && in_region && bare
}
