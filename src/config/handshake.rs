//! `[[handshake]]`: what a provider asks before it sends events, and what it is answered.
//!
//! This module says what was asked for, and refuses what would be dangerous: to let a stranger's request be looked
//! into before it is proved, be signed with the source's secret, or have the relay ask another address.

use http::StatusCode;
use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::{Map, Value};

use super::{
    header::Header,
    problem::Problem,
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

impl RawHandshake {
    /// What is meant, or none and why not: every mistake, under keys that begin with `key`.
    pub fn understand(&self, key: &str, file: &str, problems: &mut Vec<Problem>) -> Option<HandshakeSpec> {
        let before = problems.len();
        let mut notes = Notes { key, file, problems };
        let (headers, body) = self.answer.understand(&mut notes);
        let spec = HandshakeSpec {
            method: self.method,
            verified: self.verified.unwrap_or(self.method == Method::Post),
            when: self.wanted(&mut notes),
            secret: self.secret.clone(),
            status: self.answer.status(&mut notes),
            headers,
            body,
            capture: self.captured(&mut notes),
            confirm: self.confirmed(&mut notes),
        };
        spec.refuse_dangers(&mut notes);
        (problems.len() == before).then_some(spec)
    }

    fn wanted(&self, notes: &mut Notes<'_>) -> Vec<(Place, Wanted)> {
        let mut wanted = Vec::new();
        for (name, value) in &self.when {
            let at = format!("when.{name}");
            let place = notes.told(&at, name.parse::<Place>());
            match value {
                Value::String(text) => {
                    let what = match text.as_str() {
                        "" => Wanted::Absent,
                        "*" => Wanted::Anything,
                        _ => Wanted::Text(text.clone()),
                    };
                    wanted.extend(place.map(|place| (place, what)));
                }
                _ => notes.add(&at, "is no text", "write text in quotes; a number is compared as text"),
            }
        }
        wanted
    }

    fn captured(&self, notes: &mut Notes<'_>) -> Option<Header> {
        match self.capture.as_ref()? {
            Place::Header(header) => return Some(header.clone()),
            Place::Body(_) | Place::Query(_) => {
                notes.add("capture", "is no header", "name the header that brings the secret, as in X-Hook-Secret");
            }
        }
        None
    }

    fn confirmed(&self, notes: &mut Notes<'_>) -> Option<Pointer> {
        match self.confirm.as_ref()? {
            Place::Body(pointer) => return Some(pointer.clone()),
            Place::Header(_) | Place::Query(_) => {
                notes.add(
                    "confirm",
                    "is no place of the body",
                    "write it as /SubscribeURL: only what is signed is asked",
                );
            }
        }
        None
    }
}

impl RawAnswer {
    fn understand(&self, notes: &mut Notes<'_>) -> (Vec<(Header, Piece)>, AnswerBody) {
        let mut headers = Vec::new();
        for (name, value) in &self.headers {
            let at = format!("answer.headers.{name}");
            let header = notes.told(&at, name.parse::<Header>());
            headers.extend(header.zip(notes.told(&at, Piece::read(value))));
        }
        let members = self.json.as_ref().map(|members| {
            let read = members.iter().filter_map(|(name, value)| {
                Some((name.clone(), notes.told(&format!("answer.json.{name}"), Piece::read(value))?))
            });
            read.collect()
        });
        let body = match (&self.text, members) {
            (Some(_), Some(_)) => {
                notes.add("answer", "has text and json, and one answer is sent", "take one of them out");
                AnswerBody::Empty
            }
            (Some(text), None) => AnswerBody::Text(text.clone()),
            (None, Some(members)) => AnswerBody::Json(members),
            (None, None) => AnswerBody::Empty,
        };
        (headers, body)
    }

    /// A handshake is a yes; a refusal is the relay's own to make.
    fn status(&self, notes: &mut Notes<'_>) -> StatusCode {
        let asked = self.status.map_or(Ok(StatusCode::OK), StatusCode::from_u16);
        let status = asked.ok().filter(StatusCode::is_success).unwrap_or_else(|| {
            notes.add("answer.status", "is no status of success", "write 200 to 299, or leave it out for 200");
            StatusCode::OK
        });
        if status == StatusCode::NO_CONTENT && (self.text.is_some() || self.json.is_some()) {
            notes.add("answer.status", "is 204, which has no body", "take out text and json, or write 200");
        }
        status
    }
}

impl HandshakeSpec {
    fn refuse_dangers(&self, notes: &mut Notes<'_>) {
        if self.verified && self.method != Method::Post {
            let cure = "write verified = false, or leave it out; only a POST is signed";
            notes.add("verified", "is true for a method that proves nothing", cure);
        }
        if self.method == Method::Post && self.when.is_empty() {
            notes.add(
                "when",
                "is missing, so that every webhook would fit and none be an event",
                "say what must stand where",
            );
        }
        if self.capture.is_some() && self.method != Method::Post {
            notes.add("capture", "stands at a method that brings no secret", "write method = \"POST\"");
        }
        if self.capture.is_some() && self.verified {
            let cure = "write verified = false: there is nothing yet to prove it with";
            notes.add("capture", "is of a handshake that must be proved first", cure);
        }
        if self.verified {
            return;
        }
        if self.confirm.is_some() {
            notes.add("confirm", "would ask an address that anyone may name", "write verified = true");
        }
        for (at, place) in self.places() {
            if matches!(place, Place::Body(_)) {
                let cure = "look at a header or the query, or write verified = true for a POST";
                notes.add(&at, "looks into a body that is not proved", cure);
            }
        }
        for (at, piece) in self.pieces() {
            if matches!(piece, Piece::Hmac(_)) {
                notes.add(&at, "would sign whatever anyone sends", "write verified = true, or take `hmac` out");
            }
        }
    }

    fn pieces(&self) -> Vec<(String, &Piece)> {
        let mut pieces: Vec<(String, &Piece)> =
            self.headers.iter().map(|(name, piece)| (format!("answer.headers.{}", name.0), piece)).collect();
        match &self.body {
            AnswerBody::Empty => {}
            AnswerBody::Text(piece) => pieces.push(("answer.text".to_owned(), piece)),
            AnswerBody::Json(members) => {
                pieces.extend(members.iter().map(|(name, piece)| (format!("answer.json.{name}"), piece)));
            }
        }
        pieces
    }

    fn places(&self) -> Vec<(String, &Place)> {
        let mut places: Vec<(String, &Place)> =
            self.when.iter().map(|(place, _)| (format!("when.{place}"), place)).collect();
        places.extend(self.secret.iter().map(|place| ("secret".to_owned(), place)));
        places.extend(self.pieces().into_iter().filter_map(|(at, piece)| Some((at, piece.place()?))));
        places
    }
}

/// Where mistakes of one handshake are noted.
struct Notes<'a> {
    key: &'a str,
    file: &'a str,
    problems: &'a mut Vec<Problem>,
}

impl Notes<'_> {
    fn add(&mut self, at: &str, found: &str, cure: &str) {
        self.problems.push(Problem::new(self.file, format!("{}.{at}", self.key), found, cure));
    }

    /// What was read; of an error, "what was found; what would be right" is noted.
    fn told<T>(&mut self, at: &str, read: Result<T, String>) -> Option<T> {
        read.map_err(|error| {
            let (found, cure) = error.split_once("; ").unwrap_or((error.as_str(), "correct it"));
            self.add(at, found, cure);
        })
        .ok()
    }
}
