//! `verify`: how a provider's webhooks are to be proved genuine, as its file or a source's says it.
//!
//! One table is one scheme; a list of tables is a list of alternatives; the text `"none"` is the absence of any.
//! This module says what was asked for. `crate::verify` does it.

mod contradictions;
mod named;
mod signed;
mod template;
mod timestamp;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{
    duration::Span,
    header::Header,
    problem::{Problem, did_you_mean},
    read::read,
};
pub use named::{JwtAlgorithm, JwtSpec, SnsSpec, TokenSpec};
pub use signed::{Algorithm, By, Encoding, KeyAlgorithm, KeyAt, SecretEncoding, SignedSpec};
pub use template::{Part, Template};
pub use timestamp::{TimeFormat, TimeIn, TimestampSpec};

/// What stands under `verify`, not yet understood.
///
/// It is read in a second step, since which keys are known depends on the scheme that is named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct VerifySpec(pub Value);

/// How webhooks are proved genuine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Schemes {
    /// They are not: whoever knows the address is believed.
    None,
    /// By the first of these whose header a webhook has. Never empty.
    AnyOf(Vec<SchemeSpec>),
}

/// One way to prove that a webhook is genuine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SchemeSpec {
    /// A signature in a header: an HMAC, a hash or one by public key.
    Signed(Box<SignedSpec>),
    /// The secret itself, somewhere.
    Token(TokenSpec),
    /// HTTP Basic; the secret is `user:password`.
    Basic,
    /// `Authorization: Bearer`, and the secret.
    Bearer,
    /// An HMAC over id, time and body, as standardwebhooks.com has it.
    StandardWebhooks(StandardWebhooksSpec),
    /// A signed token, as OAuth has it.
    Jwt(Box<JwtSpec>),
    /// Twilio's own: an HMAC over the address and the sorted parameters of the form.
    Twilio,
    /// AWS SNS': an RSA signature in the body.
    Sns(SnsSpec),
}

/// Standard Webhooks; the secret is base64, with or without `whsec_` before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StandardWebhooksSpec {
    /// How far the time of signing may lie from now, either way. 300 s is what the reference libraries take.
    #[serde(default = "five_minutes")]
    pub tolerance: Span,
}

fn five_minutes() -> Span {
    Span::seconds(300)
}

/// A table that names a scheme without settings.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NoSettings {}

impl SchemeSpec {
    /// Whether the address that was posted to is part of what is signed.
    pub fn signs_the_address(&self) -> bool {
        match self {
            Self::Signed(spec) => spec.signed.has(&Part::Url),
            Self::Twilio => true,
            Self::Token(_) | Self::Basic | Self::Bearer | Self::StandardWebhooks(_) | Self::Jwt(_) | Self::Sns(_) => {
                false
            }
        }
    }

    /// Whether it is the secret alone that proves a webhook, and nothing of the body is signed.
    pub fn shows_the_secret(&self) -> bool {
        matches!(self, Self::Token(_) | Self::Basic | Self::Bearer)
    }

    /// The header of the settings' own choice whose value proves the sender.
    pub fn proof_header(&self) -> Option<&Header> {
        match self {
            Self::Signed(spec) => Some(&spec.header),
            Self::Token(TokenSpec::Header(header)) => Some(header),
            Self::Jwt(spec) => Some(&spec.header),
            Self::Token(TokenSpec::Query(_) | TokenSpec::Body(_))
            | Self::Basic
            | Self::Bearer
            | Self::StandardWebhooks(_)
            | Self::Twilio
            | Self::Sns(_) => None,
        }
    }

    /// What a webhook must have for this scheme to be the one that decides.
    fn looks_at(&self) -> String {
        match self {
            Self::Signed(spec) => spec.header.0.to_string(),
            Self::Token(spec) => spec.at(),
            Self::Basic => "authorization: Basic".to_owned(),
            Self::Bearer => "authorization: Bearer".to_owned(),
            Self::StandardWebhooks(_) => "webhook-signature".to_owned(),
            Self::Jwt(spec) => spec.at(),
            Self::Twilio => "x-twilio-signature".to_owned(),
            Self::Sns(_) => "x-amz-sns-message-type".to_owned(),
        }
    }

    /// Whether a scheme further down has nothing left to decide: all that it is used for, this one is used for.
    fn leaves_nothing_to(&self, below: &Self) -> bool {
        let implied = match (self, below) {
            (Self::Signed(above), Self::Signed(below)) => above.is_used_wherever(below),
            (Self::Signed(above), _) => above.when.is_empty(),
            _ => true,
        };
        implied && self.looks_at() == below.looks_at()
    }

    /// Whether one of the two takes for a body what the other signs together with a time.
    fn may_lose_its_time(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Signed(one), Self::Signed(other)) => contradictions::may_lose_its_time(one, other),
            _ => false,
        }
    }
}

const KINDS: &[&str] =
    &["hmac", "hash", "public-key", "token", "basic", "bearer", "jwt", "standard-webhooks", "twilio", "sns", "none"];
const FORMS: &str =
    "write a table such as { scheme = \"hmac\", header = \"X-Signature\" }, a list of them, or \"none\"";

impl VerifySpec {
    /// Understands what stands there. Every mistake is noted under `key` of the file that `place` names for a key.
    /// A scheme with a mistake is none: what is left of it might believe more than was meant.
    pub fn read(&self, key: &str, place: &dyn Fn(&str) -> String, problems: &mut Vec<Problem>) -> Option<Schemes> {
        let before = problems.len();
        let schemes = self.understand(key, place, problems);
        schemes.filter(|_| problems.len() == before)
    }

    fn understand(&self, key: &str, place: &dyn Fn(&str) -> String, problems: &mut Vec<Problem>) -> Option<Schemes> {
        match &self.0 {
            Value::String(word) if word == "none" => Some(Schemes::None),
            Value::Object(_) => match read_scheme(&self.0, key, place, problems)? {
                Some(scheme) => Some(Schemes::AnyOf(vec![scheme])),
                None => Some(Schemes::None),
            },
            Value::Array(many) if !many.is_empty() => read_alternatives(many, key, place, problems),
            // What was found may be a secret that was put into the wrong place, so it is not quoted.
            _ => {
                problems.push(Problem::new(place(key), key, "is neither \"none\" nor a scheme", FORMS));
                None
            }
        }
    }
}

fn read_alternatives(
    many: &[Value],
    key: &str,
    place: &dyn Fn(&str) -> String,
    problems: &mut Vec<Problem>,
) -> Option<Schemes> {
    let mut schemes: Vec<SchemeSpec> = Vec::new();
    for (index, table) in many.iter().enumerate() {
        let key = format!("{key}[{index}]");
        match read_scheme(table, &key, place, problems) {
            Some(Some(scheme)) if schemes.iter().any(|above| above.leaves_nothing_to(&scheme)) => {
                let found = format!("is never used: a scheme above it looks at {} too, and decides", scheme.looks_at());
                problems.push(Problem::new(
                    place(&key),
                    key,
                    found,
                    "take one of the two out, or tell them apart by `when`",
                ));
            }
            Some(Some(_)) if schemes.iter().any(|above| matches!(above, SchemeSpec::Token(TokenSpec::Body(_)))) => {
                let found = "is never used: a scheme above it looks into every body, and decides";
                problems.push(Problem::new(place(&key), key, found, "put it above that scheme"));
            }
            Some(Some(scheme)) if schemes.iter().any(|above| above.may_lose_its_time(&scheme)) => {
                let found = "takes a body that was signed with its time for one that was signed without, so that a \
                    webhook of any age could be sent again";
                let cure = "take one of the two out, or let the one that signs {body} alone take nothing but JSON, by \
                    when = { \"Content-Type\" = \"application/json\" }";
                problems.push(Problem::new(place(&key), key, found, cure));
            }
            Some(Some(scheme)) => schemes.push(scheme),
            Some(None) => {
                let cure = "take it out of the list, or write verify = \"none\" alone";
                problems.push(Problem::new(place(&key), key, "stands beside other schemes, which it would undo", cure));
            }
            None => {}
        }
    }
    (schemes.len() == many.len()).then_some(Schemes::AnyOf(schemes))
}

/// One table; `Some(None)` is the scheme `none`.
fn read_scheme(
    table: &Value,
    key: &str,
    place: &dyn Fn(&str) -> String,
    problems: &mut Vec<Problem>,
) -> Option<Option<SchemeSpec>> {
    let Value::Object(settings) = table else {
        problems.push(Problem::new(place(key), key, "is no scheme", FORMS));
        return None;
    };
    let mut settings = settings.clone();
    let named = settings.shift_remove("scheme");
    let under = Under { key, place };
    match named.as_ref().and_then(Value::as_str) {
        Some("hmac") => signed::hmac(&under, settings, problems).map(Some),
        Some("hash") => signed::hash(&under, settings, problems).map(Some),
        Some("public-key") => signed::public_key(&under, settings, problems).map(Some),
        Some("token") => named::token(&under, settings, problems).map(Some),
        Some("jwt") => named::jwt(&under, settings, problems).map(Some),
        Some("twilio") => under.read(settings, problems).map(|NoSettings {}| Some(SchemeSpec::Twilio)),
        Some("sns") => under.read(settings, problems).map(SchemeSpec::Sns).map(Some),
        Some("basic") => under.read(settings, problems).map(|NoSettings {}| Some(SchemeSpec::Basic)),
        Some("bearer") => under.read(settings, problems).map(|NoSettings {}| Some(SchemeSpec::Bearer)),
        Some("standard-webhooks") => under.read(settings, problems).map(SchemeSpec::StandardWebhooks).map(Some),
        Some("none") => under.read(settings, problems).map(|NoSettings {}| None),
        other => {
            problems.push(under.unknown_scheme(other, named.is_some()));
            None
        }
    }
}

/// Where a scheme's table stands.
struct Under<'a> {
    key: &'a str,
    place: &'a dyn Fn(&str) -> String,
}

impl Under<'_> {
    fn read<T: DeserializeOwned>(
        &self,
        settings: serde_json::Map<String, Value>,
        problems: &mut Vec<Problem>,
    ) -> Option<T> {
        let mut found = Vec::new();
        let place = |inner: &str| (self.place)(&format!("{}.{inner}", self.key));
        let settings = read(Value::Object(settings), &place, &mut found);
        problems.extend(
            found.into_iter().map(|problem| Problem { key: format!("{}.{}", self.key, problem.key), ..problem }),
        );
        settings
    }

    /// A problem with one of the table's keys.
    fn problem(&self, inner: &str, found: &str, cure: &str) -> Problem {
        let key = format!("{}.{inner}", self.key);
        Problem::new((self.place)(&key), key, found, cure)
    }

    fn unknown_scheme(&self, word: Option<&str>, present: bool) -> Problem {
        let key = format!("{}.scheme", self.key);
        let known = KINDS.join(", ");
        let (found, cure) = match word {
            Some(word) => {
                let shown: String = word.chars().take(40).collect();
                let cure = match did_you_mean(word, KINDS.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("use one of: {known}"),
                };
                (format!("`{}` is no scheme", shown.escape_debug()), cure)
            }
            None if present => ("is not text".to_owned(), format!("use one of: {known}")),
            None => ("is missing".to_owned(), format!("add one of: {known}")),
        };
        Problem::new((self.place)(&key), key, found, cure)
    }
}

#[cfg(test)]
mod tests;
