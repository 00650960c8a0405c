//! A genuine webhook whose body is read when it is first asked for, and once: handshakes and the event share the tree.

use std::cell::OnceCell;

use serde_json::Value;

use super::Unreadable;
use crate::{
    event::{Codings, Encoding},
    verify::Verified,
};

/// A webhook that is proved, and what its body holds.
#[derive(Debug)]
pub struct Opened {
    pub(super) verified: Verified,
    read: OnceCell<Result<Read, Unreadable>>,
}

/// What a body holds, and how it was read.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) encoding: Encoding,
    pub(super) codings: Codings,
    pub(super) payload: Value,
}

impl From<Verified> for Opened {
    fn from(verified: Verified) -> Self {
        Self { verified, read: OnceCell::new() }
    }
}

impl Opened {
    /// The payload, if the body can be read.
    pub(super) fn payload(&self, any_content_type: bool) -> Option<&Value> {
        self.read.get_or_init(|| read(&self.verified, any_content_type)).as_ref().ok().map(|read| &read.payload)
    }

    /// The webhook, and what its body holds.
    pub(super) fn into_parts(self, any_content_type: bool) -> Result<(Verified, Read), Unreadable> {
        let Self { verified, read: known } = self;
        let read = known.into_inner().unwrap_or_else(|| read(&verified, any_content_type))?;
        Ok((verified, read))
    }
}

fn read(verified: &Verified, any_content_type: bool) -> Result<Read, Unreadable> {
    let codings = Codings::of(verified.headers()).ok_or(Unreadable::MediaType)?;
    // `curl -d` and others say that JSON is a form. Whoever may post anything may as well say wrongly what it is.
    if any_content_type && let Some(payload) = Encoding::object(&codings, verified.body()) {
        return Ok(Read { encoding: Encoding::Json, codings, payload });
    }
    let encoding = Encoding::of(verified.headers()).ok_or(Unreadable::MediaType)?;
    let payload = encoding.payload(&codings, verified.body())?;
    Ok(Read { encoding, codings, payload })
}
