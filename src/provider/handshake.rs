//! Answers what a provider asks before it sends events: pure, by the data of its file.
//!
//! What a sender says comes back to it as plain text or inside JSON, bounded and without control characters, never as
//! something that a browser would run. An address is asked only if it is one of AWS SNS's own.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, uri::PathAndQuery};
use serde_json::{Map, Value};
use url::Url;

use super::{
    Opened, Provider,
    place::{Seen, text_at},
};
use crate::{
    config::{
        handshake::{AnswerBody, HandshakeSpec, Piece, Wanted},
        header::Header,
        provider::Place,
    },
    outcome::Reason,
    secret::Secret,
    verify::{is_of_sns, secrets::Secrets},
};

/// Bytes of one value that is echoed or signed. The longest known, MS Graph's token, is below 1 KiB.
const LONGEST: usize = 4096;

/// What a handshake is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status, one of success.
    pub status: StatusCode,
    /// Headers, those of the body left out.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// What the body is, if there is one.
    pub content_type: Option<&'static str>,
    /// The body.
    pub body: Bytes,
}

/// A handshake that fits, and what it asks for.
#[derive(Debug)]
pub struct Met {
    /// What is answered, once that is done.
    pub answer: Answer,
    /// What is to be done first.
    pub first: Option<Action>,
}

/// What is to be done before a handshake is answered.
#[derive(Debug)]
pub enum Action {
    /// Keep this secret.
    Capture(Secret),
    /// Ask this address, which is one of SNS's own.
    Confirm(Url),
}

/// Why a handshake that fits is not answered as it asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unmet {
    /// What should be one of the source's secrets is none.
    WrongSecret,
    /// What should be echoed is missing, too long or no text.
    Malformed,
    /// It asks for a foreign address.
    ForeignAddress,
}

impl Unmet {
    /// The word for it.
    pub const fn reason(self) -> Reason {
        match self {
            Self::WrongSecret => Reason::SignatureInvalid,
            Self::Malformed => Reason::HandshakeMalformed,
            Self::ForeignAddress => Reason::HandshakeRefused,
        }
    }
}

impl Provider {
    /// A handshake that is answered before anything is proved; looks at method, query and headers alone.
    ///
    /// # Errors
    /// Where one fits that can't be answered.
    pub fn greet(
        &self,
        method: &Method,
        target: &PathAndQuery,
        headers: &HeaderMap,
        secrets: &Secrets,
    ) -> Result<Option<Met>, Unmet> {
        let seen = Seen { headers, query: target.query().unwrap_or_default(), payload: &Value::Null };
        self.meet(false, method, seen, secrets)
    }

    /// A handshake in a webhook that is proved. A body that can't be read is none: [`Self::event`] says what is wrong.
    ///
    /// # Errors
    /// Where one fits that can't be answered.
    pub fn handshake(&self, opened: &Opened<'_>, secrets: &Secrets) -> Result<Option<Met>, Unmet> {
        if !self.handshakes.iter().any(|spec| spec.verified) {
            return Ok(None);
        }
        let Some(payload) = opened.payload(self) else { return Ok(None) };
        let query = opened.verified.target().query().unwrap_or_default();
        let seen = Seen { headers: opened.verified.headers(), query, payload };
        self.meet(true, &Method::POST, seen, secrets)
    }

    /// The headers that hold a handshake's secret: one that it is proved by, or one that it brings.
    pub fn secret_headers(&self) -> impl Iterator<Item = &Header> {
        self.handshakes.iter().flat_map(|spec| {
            let proof = match &spec.secret {
                Some(Place::Header(header)) => Some(header),
                Some(Place::Body(_) | Place::Query(_)) | None => None,
            };
            proof.into_iter().chain(&spec.capture)
        })
    }

    /// The first that fits decides.
    fn meet(&self, verified: bool, method: &Method, seen: Seen<'_>, secrets: &Secrets) -> Result<Option<Met>, Unmet> {
        let fits = |spec: &&HandshakeSpec| {
            spec.verified == verified
                && spec.method.http() == *method
                && spec.when.iter().all(|(place, wanted)| wanted.fits(place, seen))
        };
        self.handshakes.iter().find(fits).map(|spec| Asked { spec, seen, secrets }.met()).transpose()
    }
}

impl Wanted {
    fn fits(&self, place: &Place, seen: Seen<'_>) -> bool {
        match self {
            Self::Absent => !stands(place, seen),
            Self::Anything => stands(place, seen),
            Self::Text(text) => text_at(place, seen).is_some_and(|found| found == *text),
        }
    }
}

/// Whether anything stands there, be it text or not.
fn stands(place: &Place, seen: Seen<'_>) -> bool {
    match place {
        Place::Body(pointer) => {
            seen.payload.pointer(pointer.as_str()).is_some_and(|value| !value.is_null() && value != "")
        }
        Place::Header(_) | Place::Query(_) => text_at(place, seen).is_some_and(|text| !text.is_empty()),
    }
}

/// A handshake that fits a request.
struct Asked<'a> {
    spec: &'a HandshakeSpec,
    seen: Seen<'a>,
    secrets: &'a Secrets,
}

impl Asked<'_> {
    fn met(&self) -> Result<Met, Unmet> {
        if let Some(place) = &self.spec.secret {
            let shown = text_at(place, self.seen).unwrap_or_default();
            if !self.secrets.proves(shown.as_bytes()) {
                return Err(Unmet::WrongSecret);
            }
        }
        let first = match (&self.spec.capture, &self.spec.confirm) {
            (Some(header), _) => {
                let secret = self.seen.headers.get(&header.0).and_then(|value| value.to_str().ok());
                Some(Action::Capture(Secret::new(speakable(secret.unwrap_or_default())?)))
            }
            (None, Some(pointer)) => {
                let address = self.seen.payload.pointer(pointer.as_str()).and_then(Value::as_str);
                let address = address.ok_or(Unmet::Malformed)?;
                Some(Action::Confirm(address_of_sns(address).ok_or(Unmet::ForeignAddress)?))
            }
            (None, None) => None,
        };
        Ok(Met { answer: self.answer()?, first })
    }

    fn answer(&self) -> Result<Answer, Unmet> {
        let mut headers = Vec::new();
        for (name, piece) in &self.spec.headers {
            let value = HeaderValue::try_from(self.text(piece)?).map_err(|_| Unmet::Malformed)?;
            headers.push((name.0.clone(), value));
        }
        let (content_type, body) = match &self.spec.body {
            AnswerBody::Empty => (None, String::new()),
            AnswerBody::Text(piece) => (Some("text/plain; charset=utf-8"), self.text(piece)?),
            AnswerBody::Json(members) => (Some("application/json"), self.json(members)?.to_string()),
        };
        Ok(Answer { status: self.spec.status, headers, content_type, body: Bytes::from(body) })
    }

    fn json(&self, members: &[(String, Piece)]) -> Result<Value, Unmet> {
        let mut object = Map::new();
        for (name, piece) in members {
            let value = match piece {
                Piece::Constant(value) => value.clone(),
                Piece::Echo(_) | Piece::Hmac(_) => self.text(piece)?.into(),
            };
            object.insert(name.clone(), value);
        }
        Ok(object.into())
    }

    fn text(&self, piece: &Piece) -> Result<String, Unmet> {
        let at = |place| speakable(&text_at(place, self.seen).unwrap_or_default()).map(str::to_owned);
        match piece {
            Piece::Echo(place) => at(place),
            Piece::Constant(Value::String(text)) => Ok(text.clone()),
            Piece::Constant(other) => Ok(other.to_string()),
            Piece::Hmac(place) => self.secrets.hmac_hex(at(place)?.as_bytes()).ok_or(Unmet::Malformed),
        }
    }
}

/// The text, if there is any, it is short enough and holds no control characters.
fn speakable(text: &str) -> Result<&str, Unmet> {
    let fit = !text.is_empty() && text.len() <= LONGEST && !text.chars().any(char::is_control);
    if fit { Ok(text) } else { Err(Unmet::Malformed) }
}

/// The address, if it is one of AWS SNS.
///
/// What is asked is what was parsed here, so that no other reader of the text can find another host in it.
fn address_of_sns(text: &str) -> Option<Url> {
    Url::parse(text).ok().filter(is_of_sns)
}

#[cfg(test)]
mod mistakes;
#[cfg(test)]
mod tests;
