//! The schemes that have a rule of their own: a token wherever it stands, signed tokens (JWT), AWS SNS.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;

use super::{SchemeSpec, Under};
use crate::config::{duration::Span, header::Header, problem::Problem, provider::Pointer};

/// Where the secret itself stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenSpec {
    /// In a header.
    Header(Header),
    /// In the query of the address, under this name.
    Query(String),
    /// In a JSON body. `*` in the pointer stands for every element of a list.
    Body(Pointer),
}

impl TokenSpec {
    /// The place, as an admin is told of it.
    pub fn at(&self) -> String {
        match self {
            Self::Header(header) => header.0.to_string(),
            Self::Query(name) => format!("?{name}"),
            Self::Body(pointer) => pointer.as_str().to_owned(),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenKeys {
    header: Option<Header>,
    query: Option<String>,
    body: Option<Pointer>,
}

/// A signed token (JWT, RFC 7519) in a header.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JwtSpec {
    /// The header.
    #[serde(default = "authorization")]
    pub header: Header,
    /// What stands before the token. `Bearer ` where the header is `Authorization`, else nothing.
    #[serde(default)]
    prefix: Option<String>,
    /// The algorithms that are taken. What the token says of itself can only choose among these.
    pub algorithms: Vec<JwtAlgorithm>,
    /// What `iss` must be.
    #[serde(default)]
    pub issuer: Option<String>,
    /// What `aud` must be, any of these.
    #[serde(default)]
    pub audience: Vec<String>,
    /// What `tid`, the Entra tenant, must be, any of these.
    #[serde(default)]
    pub tenants: Vec<String>,
    /// The claim that holds the SHA-256 of the body, in hex.
    #[serde(default)]
    pub body_hash: Option<String>,
    /// Where the issuer publishes its keys (RFC 7517). The source's `secrets` are then the audiences, where `audience`
    /// names none.
    #[serde(default)]
    pub jwks: Option<Url>,
}

/// How a token is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum JwtAlgorithm {
    /// HMAC with SHA-256.
    HS256,
    /// HMAC with SHA-512.
    HS512,
    /// RSA, PKCS #1 v1.5, with SHA-256.
    RS256,
    /// ECDSA on P-256 with SHA-256.
    ES256,
}

impl JwtAlgorithm {
    /// Its name in a token's header.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HS256 => "HS256",
            Self::HS512 => "HS512",
            Self::RS256 => "RS256",
            Self::ES256 => "ES256",
        }
    }

    /// Whether sender and receiver share its key.
    pub const fn is_shared(self) -> bool {
        matches!(self, Self::HS256 | Self::HS512)
    }
}

impl JwtSpec {
    /// What stands before the token.
    pub fn prefix(&self) -> &str {
        match &self.prefix {
            Some(prefix) => prefix,
            None if self.header == authorization() => "Bearer ",
            None => "",
        }
    }

    /// What a webhook must have for this scheme to be the one that decides.
    pub fn at(&self) -> String {
        match self.prefix().trim_end() {
            "" => self.header.0.to_string(),
            prefix => format!("{}: {prefix}", self.header.0),
        }
    }
}

fn authorization() -> Header {
    Header(http::header::AUTHORIZATION)
}

/// AWS SNS: a signature inside the body. The source's `secrets` are the ARNs of its topics.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SnsSpec {
    /// How far a message's own time may lie from now. Without it the time is not judged: a topic's policy may have SNS
    /// try for an hour and longer, and every try carries the time of the first.
    #[serde(default)]
    pub tolerance: Option<Span>,
}

pub(super) fn token(
    under: &Under<'_>,
    settings: Map<String, Value>,
    problems: &mut Vec<Problem>,
) -> Option<SchemeSpec> {
    let before = problems.len();
    let TokenKeys { header, query, body } = under.read(settings, problems)?;
    let places = [header.map(TokenSpec::Header), query.map(TokenSpec::Query), body.map(TokenSpec::Body)];
    let mut places = places.into_iter().flatten();
    match (places.next(), places.next()) {
        (Some(TokenSpec::Query(name)), None) if name.is_empty() => {
            problems.push(under.problem(
                "query",
                "is empty",
                "give the name that stands before the secret, as \"token\"",
            ));
            None
        }
        (Some(place), None) => Some(SchemeSpec::Token(place)),
        // A place that was taken out for a mistake of its own has been told of.
        (None, _) if problems.len() > before => None,
        (None, _) => {
            let cure = "add the one that the sender writes to: \"X-Token\", \"token\" or \"/token\"";
            problems.push(under.problem("header", "is missing, and so are `query` and `body`", cure));
            None
        }
        (Some(_), Some(_)) => {
            let cure = "keep one; for the other, write a scheme of its own";
            problems.push(under.problem(
                "header",
                "is not the only place: `header`, `query` and `body` exclude each other",
                cure,
            ));
            None
        }
    }
}

pub(super) fn jwt(under: &Under<'_>, settings: Map<String, Value>, problems: &mut Vec<Problem>) -> Option<SchemeSpec> {
    let before = problems.len();
    let spec: JwtSpec = under.read(settings, problems)?;
    // What was taken out for a mistake of its own is not missed as well.
    if problems.len() > before {
        return None;
    }
    let shared = spec.algorithms.iter().filter(|algorithm| algorithm.is_shared()).count();
    if spec.algorithms.is_empty() {
        problems.push(under.problem("algorithms", "is empty", "name what the sender signs with, as [\"RS256\"]"));
    } else if shared > 0 && shared < spec.algorithms.len() {
        let found = "names algorithms with shared and with public keys";
        problems.push(under.problem("algorithms", found, "write a scheme for each"));
    } else if shared > 0 && spec.jwks.is_some() {
        let found = "is given, but HS256 and HS512 have no public keys";
        problems.push(under.problem("jwks", found, "take it out, or sign with RS256 or ES256"));
    }
    if spec.jwks.as_ref().is_some_and(|url| url.scheme() != "https") {
        problems.push(under.problem("jwks", "is no https address", "give the issuer's own, beginning with https://"));
    }
    Some(SchemeSpec::Jwt(Box::new(spec)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::VerifySpec;

    fn problems(verify: serde_json::Value) -> Vec<String> {
        let mut problems = Vec::new();
        VerifySpec(verify).read("verify", &|_| "f.toml".to_owned(), &mut problems);
        problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_token_stands_in_exactly_one_place() {
        for good in [json!({"header": "X-T"}), json!({"query": "token"}), json!({"body": "/value/*/clientState"})] {
            let mut table = good.clone();
            table["scheme"] = json!("token");
            assert_eq!(problems(table), Vec::<String>::new(), "{good}");
        }
        for (table, problem) in [
            (json!({"scheme": "token"}), "f.toml: verify.header: is missing, and so are `query` and `body`; "),
            (json!({"scheme": "token", "query": ""}), "f.toml: verify.query: is empty; "),
            (json!({"scheme": "token", "body": "token"}), "f.toml: verify.body: `token` is no JSON pointer; "),
            (json!({"scheme": "token", "header": "X-T", "query": "t"}), "f.toml: verify.header: is not the only place"),
        ] {
            let found = problems(table);
            assert!(found.len() == 1 && found[0].starts_with(problem), "{found:?}");
        }
    }

    #[test]
    fn a_jwt_names_algorithms_that_fit_its_keys() {
        let keys = "https://login.example/keys";
        for (table, problem) in [
            (json!({"scheme": "jwt"}), "f.toml: verify.algorithms: is missing"),
            (json!({"scheme": "jwt", "algorithms": []}), "f.toml: verify.algorithms: is empty"),
            (json!({"scheme": "jwt", "algorithms": ["none"]}), "f.toml: verify.algorithms[0]: unknown variant `none`"),
            (json!({"scheme": "jwt", "algorithms": ["HS256", "RS256"]}), "f.toml: verify.algorithms: names algorithms"),
            (json!({"scheme": "jwt", "algorithms": ["HS256"], "jwks": keys}), "f.toml: verify.jwks: is given, but"),
            (
                json!({"scheme": "jwt", "algorithms": ["RS256"], "jwks": "http://login.example/keys"}),
                "f.toml: verify.jwks: is no https address",
            ),
        ] {
            let found = problems(table);
            assert!(!found.is_empty() && found[0].starts_with(problem), "{found:?}");
        }
    }
}
