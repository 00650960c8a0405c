//! Passes: what an invitation is exchanged for, kept by the guest's browser and sent with each request.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Guest,
    invitation::{Invitation, not_over, whole_seconds},
    signed::{self, Purpose},
};
use crate::{
    name::{InvitationId, SourceName},
    secret::Secret,
    verify::why::Why,
};

/// How long a pass holds.
pub(super) const LASTS: Duration = Duration::from_secs(180 * 24 * 3600);

/// A pass, to be handed to its guest.
#[derive(Debug, Clone)]
pub struct Pass {
    /// What the guest sends as bearer.
    pub text: Secret,
    /// Whose it is.
    pub guest: Guest,
}

#[derive(Serialize, Deserialize)]
struct Line {
    guest: InvitationId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source: Option<SourceName>,
    expires: Timestamp,
}

impl Pass {
    pub(super) fn new(by: Invitation, key: Option<&Secret>, now: Timestamp) -> Result<Self, Why> {
        let guest = Guest { id: by.id, source: by.source, expires: whole_seconds(now + LASTS) };
        let unkeyed = || Why::Unkeyed { found: "the relay has no key of its own".to_owned() };
        let line = Line { guest: guest.id, source: guest.source.clone(), expires: guest.expires };
        Ok(Self { text: signed::sign(Purpose::Pass, &line, key.ok_or_else(unkeyed)?)?, guest })
    }

    /// Whose a pass is that this relay signed.
    pub(super) fn check(text: &str, key: Option<&Secret>, now: Timestamp) -> Result<Guest, Why> {
        let Line { guest, source, expires } = signed::check(Purpose::Pass, text, key)?;
        not_over(expires, now)?;
        Ok(Guest { id: guest, source, expires })
    }
}
