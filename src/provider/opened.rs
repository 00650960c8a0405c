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
    pub(super) fn payload(&self) -> Option<&Value> {
        self.read.get_or_init(|| read(&self.verified)).as_ref().ok().map(|read| &read.payload)
    }

    /// The webhook, and what its body holds.
    pub(super) fn into_parts(self) -> Result<(Verified, Read), Unreadable> {
        let Self { verified, read: known } = self;
        let read = known.into_inner().unwrap_or_else(|| read(&verified))?;
        Ok((verified, read))
    }
}

fn read(verified: &Verified) -> Result<Read, Unreadable> {
    let encoding = Encoding::of(verified.headers()).ok_or(Unreadable::MediaType)?;
    let codings = Codings::of(verified.headers()).ok_or(Unreadable::MediaType)?;
    let payload = encoding.payload(&codings, verified.body())?;
    Ok(Read { encoding, codings, payload })
}
