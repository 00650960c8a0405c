//! A genuine webhook whose body is read when it is first asked for, and once: handshakes and the event share the tree,
//! which has those parts of the payload that anybody looks at on the way in.

use std::cell::OnceCell;

use serde_json::Value;

use super::{Provider, Unreadable};
use crate::{
    event::{Codings, Encoding, Parts},
    verify::Verified,
};

/// A webhook that is proved, and what its body holds.
#[derive(Debug)]
pub struct Opened<'p> {
    pub(super) verified: Verified,
    looked_at: [&'p Parts; 2],
    read: OnceCell<Result<Read, Unreadable>>,
}

/// What a body holds, and how it was read.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) encoding: Encoding,
    pub(super) codings: Codings,
    pub(super) payload: Value,
}

impl From<Verified> for Opened<'_> {
    /// Its payload is read whole.
    fn from(verified: Verified) -> Self {
        Self::new(verified, [Parts::whole(); 2])
    }
}

impl<'p> Opened<'p> {
    /// A webhook of whose payload these parts are looked at, beside those that its provider looks at.
    pub fn new(verified: Verified, looked_at: [&'p Parts; 2]) -> Self {
        Self { verified, looked_at, read: OnceCell::new() }
    }

    /// The payload, if the body can be read.
    pub(super) fn payload(&self, provider: &Provider) -> Option<&Value> {
        self.read.get_or_init(|| self.read_now(provider)).as_ref().ok().map(|read| &read.payload)
    }

    /// The webhook, and what its body holds.
    pub(super) fn into_read(mut self, provider: &Provider) -> Result<(Verified, Read), Unreadable> {
        let read = self.read.take().unwrap_or_else(|| self.read_now(provider))?;
        Ok((self.verified, read))
    }

    fn read_now(&self, provider: &Provider) -> Result<Read, Unreadable> {
        let (headers, body) = (self.verified.headers(), self.verified.body());
        let looked_at = [&provider.looked_at, self.looked_at[0], self.looked_at[1]];
        let codings = Codings::of(headers).ok_or(Unreadable::MediaType)?;
        // `curl -d` and others say that JSON is a form. Whoever may post anything may as well say wrongly what it is.
        if provider.event.any_content_type
            && let Some(payload) = Encoding::object(&codings, body, &looked_at)
        {
            return Ok(Read { encoding: Encoding::Json, codings, payload });
        }
        let encoding = Encoding::of(headers).ok_or(Unreadable::MediaType)?;
        let payload = encoding.payload_parts(&codings, body, &looked_at)?;
        Ok(Read { encoding, codings, payload })
    }
}
