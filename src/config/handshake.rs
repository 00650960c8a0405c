//! `[[handshake]]`: what a provider asks before it sends events, and what it is answered.
//!
//! This module says what was asked for; `crate::provider` does it.

mod dangers;
mod understand;

use http::StatusCode;
use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::{Map, Value};

use super::{
    header::Header,
    provider::{Place, Pointer},
};

/// A handshake as it is written. [`Self::understand`] says what is meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawHandshake {
    /// How it is asked.
    #[serde(default)]
    pub method: Method,
    /// Whether it is looked at after the proof; for a POST yes, for the others never.
    pub verified: Option<bool>,
    /// What must stand where.
    #[serde(default)]
    pub when: Map<String, Value>,
    /// Where one of the source's secrets must stand.
    pub secret: Option<Place>,
    /// What is answered.
    pub answer: RawAnswer,
    /// The header that holds a secret to be kept.
    pub capture: Option<Place>,
    /// Where the address stands that is to be asked.
    pub confirm: Option<Place>,
}

/// An answer as it is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawAnswer {
    /// The status; 200 if none.
    pub status: Option<u16>,
    /// Text alone.
    pub text: Option<Piece>,
    /// The members of a JSON object.
    pub json: Option<Map<String, Value>>,
    /// Headers.
    #[serde(default)]
    pub headers: Map<String, Value>,
}

/// A method that a handshake may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// As events have it.
    #[default]
    Post,
    /// A question.
    Get,
    /// A question whose answer has no body.
    Head,
    /// A question of what is allowed.
    Options,
}

impl Method {
    /// The same, as HTTP has it.
    pub const fn http(self) -> http::Method {
        match self {
            Self::Post => http::Method::POST,
            Self::Get => http::Method::GET,
            Self::Head => http::Method::HEAD,
            Self::Options => http::Method::OPTIONS,
        }
    }
}

/// One handshake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandshakeSpec {
    /// How it is asked.
    pub method: Method,
    /// Whether it is looked at after the proof, and may look into the body.
    pub verified: bool,
    /// What must stand where; all of it.
    pub when: Vec<(Place, Wanted)>,
    /// Where one of the source's secrets must stand.
    pub secret: Option<Place>,
    /// The answer's status.
    pub status: StatusCode,
    /// The answer's headers.
    pub headers: Vec<(Header, Piece)>,
    /// The answer's body.
    pub body: AnswerBody,
    /// The header that holds a secret to be kept.
    pub capture: Option<Header>,
    /// Where the address stands that is to be asked.
    pub confirm: Option<Pointer>,
}

/// What a place must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// Nothing.
    Absent,
    /// Anything.
    Anything,
    /// This.
    Text(String),
}

/// What an answer says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnswerBody {
    /// Nothing.
    Empty,
    /// Text alone.
    Text(Piece),
    /// A JSON object.
    Json(Vec<(String, Piece)>),
}

/// One value of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// What stands there: `"/challenge"`.
    Echo(Place),
    /// The same each time: `"=ok"`, and in JSON also numbers, `true` and `false`.
    Constant(Value),
    /// The HMAC-SHA256 of what stands there, in hex, by the source's first secret: `{ hmac = "/token" }`.
    Hmac(Place),
}

impl Piece {
    fn read(value: &Value) -> Result<Self, String> {
        match value {
            Value::String(text) => match text.strip_prefix('=') {
                Some(constant) => Ok(Self::Constant(constant.into())),
                None => text.parse().map(Self::Echo),
            },
            Value::Number(_) | Value::Bool(_) => Ok(Self::Constant(value.clone())),
            Value::Object(table) if table.contains_key("hmac") => match table.get("hmac") {
                Some(of) if table.len() == 1 => place(of).map(Self::Hmac),
                _ => Err("more than `hmac` stands in the table; write { hmac = \"/token\" }".to_owned()),
            },
            Value::Object(_) => place(value).map(Self::Echo),
            Value::Null | Value::Array(_) => {
                Err("is no value of an answer; write a place, \"=text\" or { hmac = \"/token\" }".to_owned())
            }
        }
    }

    fn place(&self) -> Option<&Place> {
        match self {
            Self::Echo(place) | Self::Hmac(place) => Some(place),
            Self::Constant(_) => None,
        }
    }
}

fn place(value: &Value) -> Result<Place, String> {
    serde_json::from_value(value.clone()).map_err(|error| error.to_string())
}

impl<'de> Deserialize<'de> for Piece {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::read(&Value::deserialize(from)?).map_err(de::Error::custom)
    }
}

impl Serialize for Piece {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Echo(place) => place.serialize(to),
            Self::Constant(Value::String(text)) => to.collect_str(&format_args!("={text}")),
            Self::Constant(other) => other.serialize(to),
            Self::Hmac(place) => to.collect_map([("hmac", place)]),
        }
    }
}
