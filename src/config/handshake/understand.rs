//! From what is written to what is meant, every mistake noted.

use http::StatusCode;
use serde_json::Value;

use super::{AnswerBody, HandshakeSpec, Method, Piece, RawAnswer, RawHandshake, Wanted};
use crate::config::{
    header::Header,
    problem::Problem,
    provider::{Place, Pointer},
};

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

/// Where mistakes of one handshake are noted.
pub(super) struct Notes<'a> {
    key: &'a str,
    file: &'a str,
    problems: &'a mut Vec<Problem>,
}

impl Notes<'_> {
    pub(super) fn add(&mut self, at: &str, found: &str, cure: &str) {
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
