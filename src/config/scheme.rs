//! `verify`: how a provider's webhooks are to be proved genuine, as its file or a source's says it.
//!
//! One table is one scheme; a list of tables is a list of alternatives; the text `"none"` is the absence of any.
//! This module says what was asked for. `crate::verify` does it.

mod named;

use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{
    duration::Span,
    header::Header,
    problem::{Problem, did_you_mean},
    read::read,
};
pub use named::{JwtAlgorithm, JwtSpec, SnsSpec, TokenSpec};

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
    /// An HMAC over the raw body.
    Hmac(HmacSpec),
    /// The secret itself, somewhere.
    Token(TokenSpec),
    /// HTTP Basic; the secret is `user:password`.
    Basic,
    /// `Authorization: Bearer`, and the secret.
    Bearer,
    /// An HMAC over id, time and body, as standardwebhooks.com has it.
    StandardWebhooks(StandardWebhooksSpec),
    /// A signed token, as OAuth has it.
    Jwt(JwtSpec),
    /// Twilio's own: an HMAC over the address and the sorted parameters of the form.
    Twilio,
    /// AWS SNS': an RSA signature in the body.
    Sns(SnsSpec),
}

/// An HMAC over the raw body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HmacSpec {
    /// The header that holds the signature.
    pub header: Header,
    /// The hash.
    #[serde(default)]
    pub algorithm: Algorithm,
    /// How the signature is written.
    #[serde(default)]
    pub encoding: Encoding,
    /// What stands before each signature, such as `sha256=`; a signature without it is none.
    #[serde(default)]
    pub prefix: String,
    /// What stands between signatures where the header is a list, any one of which is enough.
    #[serde(default, deserialize_with = "not_empty")]
    pub separator: Option<String>,
    /// How the secret is written.
    #[serde(default)]
    pub secret_encoding: SecretEncoding,
}

/// The hash of an HMAC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Algorithm {
    /// SHA-1: old, and still what some providers sign with.
    Sha1,
    /// SHA-256.
    #[default]
    Sha256,
    /// SHA-512.
    Sha512,
}

/// How bytes are written in a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// Two digits a byte, upper or lower case.
    #[default]
    Hex,
    /// The standard alphabet, padded.
    Base64,
}

/// How a secret stands for the bytes of its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SecretEncoding {
    /// The text's own bytes.
    #[default]
    Text,
    /// Hex digits.
    Hex,
    /// Base64, padded or not.
    Base64,
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

fn not_empty<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(from)?;
    if text.is_empty() {
        return Err(serde::de::Error::custom("the separator is empty; write what stands between signatures, as \",\""));
    }
    Ok(Some(text))
}

impl SchemeSpec {
    /// Whether a source that proves itself so must have `secrets`.
    pub fn needs_secrets(&self) -> bool {
        !matches!(self, Self::Jwt(spec) if spec.jwks.is_some() && !spec.audience.is_empty())
    }

    /// What a webhook must have for this scheme to be the one that decides.
    fn looks_at(&self) -> String {
        match self {
            Self::Hmac(spec) => spec.header.0.to_string(),
            Self::Token(spec) => spec.at(),
            Self::Basic => "authorization: Basic".to_owned(),
            Self::Bearer => "authorization: Bearer".to_owned(),
            Self::StandardWebhooks(_) => "webhook-signature".to_owned(),
            Self::Jwt(spec) => spec.at(),
            Self::Twilio => "x-twilio-signature".to_owned(),
            Self::Sns(_) => "x-amz-sns-message-type".to_owned(),
        }
    }
}

const KINDS: &[&str] = &["hmac", "token", "basic", "bearer", "standard-webhooks", "jwt", "twilio", "sns", "none"];
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
            Some(Some(scheme)) if schemes.iter().any(|above| above.looks_at() == scheme.looks_at()) => {
                let found = format!("is never used: a scheme above it looks at {} too, and decides", scheme.looks_at());
                problems.push(Problem::new(place(&key), key, found, "take one of the two out"));
            }
            Some(Some(_)) if schemes.iter().any(|above| matches!(above, SchemeSpec::Token(TokenSpec::Body(_)))) => {
                let found = "is never used: a scheme above it looks into every body, and decides";
                problems.push(Problem::new(place(&key), key, found, "put it above that scheme"));
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
        Some("hmac") => under.read(settings, problems).map(SchemeSpec::Hmac).map(Some),
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

    fn problem(&self, key: &str, found: &str, cure: &str) -> Problem {
        let key = format!("{}.{key}", self.key);
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
mod tests {
    use serde_json::json;

    use super::*;

    fn read_of(value: Value) -> (Option<Schemes>, Vec<String>) {
        let mut problems = Vec::new();
        let schemes = VerifySpec(value).read("verify", &|_| "f.toml".to_owned(), &mut problems);
        (schemes, problems.iter().map(Problem::to_string).collect())
    }

    #[test]
    fn none_must_be_spelt_out() {
        assert_eq!(read_of(json!("none")).0, Some(Schemes::None));
        assert_eq!(read_of(json!({"scheme": "none"})).0, Some(Schemes::None));
        for not_none in [json!(""), json!([]), json!(false), json!(null), json!("None"), json!([{"scheme": "none"}])] {
            let (schemes, problems) = read_of(not_none.clone());
            assert_eq!((schemes, problems.len()), (None, 1), "{not_none}");
        }
    }

    #[test]
    fn none_beside_other_schemes_is_refused() {
        let (schemes, problems) = read_of(json!([{"scheme": "bearer"}, {"scheme": "none"}]));
        assert_eq!(schemes, None);
        assert!(problems[0].starts_with("f.toml: verify[1]: stands beside other schemes"), "{problems:?}");
    }

    #[test]
    fn a_scheme_that_another_leaves_nothing_to_do_is_refused() {
        let hmac = |algorithm: &str| json!({"scheme": "hmac", "header": "X-S", "algorithm": algorithm});
        let (schemes, problems) = read_of(json!([hmac("sha256"), {"scheme": "basic"}, hmac("sha1")]));
        assert_eq!(schemes, None);
        assert_eq!(
            problems,
            [
                "f.toml: verify[2]: is never used: a scheme above it looks at x-s too, and decides; take one of the two out"
            ]
        );
        let (schemes, problems) = read_of(json!([hmac("sha256"), {"scheme": "basic"}, {"scheme": "bearer"}]));
        assert!(matches!(schemes, Some(Schemes::AnyOf(all)) if all.len() == 3), "{problems:?}");
    }

    #[test]
    fn each_mistake_is_named_with_its_own_key() {
        for (table, problem) in [
            (json!({"scheme": "hmca"}), "f.toml: verify.scheme: `hmca` is no scheme; did you mean `hmac`?"),
            (
                json!({}),
                "f.toml: verify.scheme: is missing; add one of: hmac, token, basic, bearer, standard-webhooks, jwt, twilio, sns, none",
            ),
            (json!({"scheme": "hmac"}), "f.toml: verify.header: is missing; add it"),
            (
                json!({"scheme": "hmac", "header": "X-S", "algorithm": "md5"}),
                "f.toml: verify.algorithm: unknown variant `md5`; expected one of `sha1`, `sha256`, `sha512`",
            ),
            (
                json!({"scheme": "hmac", "header": "X-S", "encodign": "hex"}),
                "f.toml: verify.encodign: is not a known key; did you mean `encoding`?",
            ),
            (
                json!({"scheme": "token", "header": "X Token"}),
                "f.toml: verify.header: `X Token` is no header name; use letters, digits and `-`, as in X-Hub-Signature-256",
            ),
            (
                json!({"scheme": "hmac", "header": "X-S", "separator": ""}),
                "f.toml: verify.separator: the separator is empty; write what stands between signatures, as \",\"",
            ),
            (
                json!({"scheme": "basic", "header": "X-S"}),
                "f.toml: verify.header: is not a known key; take it out: no key is known here",
            ),
            (
                json!({"scheme": "standard-webhooks", "tolerance": "soon"}),
                "f.toml: verify.tolerance: `soon` is no length of time; write it as \"30s\", \"5m\", \"2h 30m\" or \"7d\"",
            ),
        ] {
            let (schemes, problems) = read_of(table);
            assert_eq!((schemes, problems), (None, vec![problem.to_owned()]));
        }
    }

    #[test]
    fn a_secret_in_the_wrong_place_is_not_quoted() {
        for misplaced in [json!("hunter2"), json!(["hunter2"]), json!({"scheme": "bearer", "secret": "hunter2"})] {
            let (_, problems) = read_of(misplaced);
            assert_eq!(problems.len(), 1);
            assert!(!problems[0].contains("hunter2"), "{problems:?}");
        }
    }
}
