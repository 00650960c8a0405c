//! `signed`: the text over which a signature is made, with places for what each webhook brings.

use http::HeaderName;
use serde::{Deserialize, Deserializer, de};

use crate::config::header::Header;

/// What is signed, part by part, one after another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(pub Vec<Part>);

/// A part of what is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// The same in each webhook.
    Literal(String),
    /// The raw body.
    Body,
    /// The time of signing, as it is written.
    Timestamp,
    /// The address that was posted to, as the outside writes it.
    Url,
    /// The method.
    Method,
    /// The secret itself.
    Secret,
    /// A header's value.
    Header(HeaderName),
    /// A field of the form that the body is, decoded.
    Form(String),
}

const KNOWN: &str = "{body}, {timestamp}, {url}, {method}, {secret}, {header:NAME} or {form:FIELD}";

impl Template {
    /// Whether this part is among what is signed.
    pub fn has(&self, part: &Part) -> bool {
        self.0.contains(part)
    }
}

impl Default for Template {
    fn default() -> Self {
        Self(vec![Part::Body])
    }
}

impl std::str::FromStr for Template {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (mut parts, mut literal, mut rest) = (Vec::new(), String::new(), text);
        while let Some((before, after)) = rest.split_once('{') {
            literal.push_str(before);
            if let Some(after) = after.strip_prefix('{') {
                literal.push('{');
                rest = after;
                continue;
            }
            let Some((name, after)) = after.split_once('}') else {
                return Err("a `{` is never closed; add the `}`, or write `{{` for a brace that is signed".to_owned());
            };
            if !literal.is_empty() {
                parts.push(Part::Literal(std::mem::take(&mut literal)));
            }
            parts.push(part(name)?);
            rest = after;
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            parts.push(Part::Literal(literal));
        }
        if parts.iter().all(|part| matches!(part, Part::Literal(_))) {
            return Err(format!("nothing of the webhook is signed; write at least one of {KNOWN}"));
        }
        Ok(Self(parts))
    }
}

fn part(name: &str) -> Result<Part, String> {
    match (name, name.split_once(':')) {
        ("body", _) => Ok(Part::Body),
        ("timestamp", _) => Ok(Part::Timestamp),
        ("url", _) => Ok(Part::Url),
        ("method", _) => Ok(Part::Method),
        ("secret", _) => Ok(Part::Secret),
        (_, Some(("header", header))) => header.parse().map(|Header(name)| Part::Header(name)),
        (_, Some(("form", field))) if !field.is_empty() => Ok(Part::Form(field.to_owned())),
        _ => {
            let shown: String = name.chars().take(40).collect();
            Err(format!("`{{{}}}` stands for nothing; write {KNOWN}", shown.escape_debug()))
        }
    }
}

impl<'de> Deserialize<'de> for Template {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(de::Error::custom)
    }
}
