//! Invitations: links that an admin hands out, each to be used once.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;

use super::{
    access::NotInvited,
    signed::{self, Purpose},
};
use crate::{
    name::{InvitationId, SourceName},
    secret::Secret,
    verify::why::Why,
};

/// How long an invitation holds, at most.
pub const LONGEST: Duration = Duration::from_secs(30 * 24 * 3600);

/// What an invitation says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// Its id, by which it is known when it was used.
    pub id: InvitationId,
    /// The one source whose events are on offer; none: all that are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<SourceName>,
    /// Until when it can be used, to the second.
    pub expires: Timestamp,
}

/// An invitation that was made, to be handed out.
#[derive(Debug, Clone)]
pub struct Invited {
    /// The address that the guest opens. Whoever has it can use it.
    pub link: Secret,
    /// What it says.
    pub invitation: Invitation,
}

impl Invited {
    pub(super) fn new(page: &str, text: &Secret, invitation: Invitation) -> Self {
        // The fragment stays in the browser: no server on the way, and no log of one, sees it.
        Self { link: Secret::new(format!("{page}#invite={}", text.expose())), invitation }
    }
}

/// The page that an invitation leads to.
pub(super) fn page(public_url: &Url) -> String {
    format!("{}/connector/tab", public_url.as_str().trim_end_matches('/'))
}

impl Invitation {
    pub(super) fn new(source: Option<SourceName>, lasts: Duration, now: Timestamp) -> Result<Self, NotInvited> {
        if lasts > LONGEST || lasts.as_secs() == 0 {
            return Err(NotInvited::Length);
        }
        Ok(Self { id: InvitationId::new(now), source, expires: whole_seconds(now + lasts) })
    }

    pub(super) fn signed(&self, key: &Secret) -> Result<Secret, NotInvited> {
        signed::sign(Purpose::Invitation, self, key).map_err(|_| NotInvited::Unsigned)
    }

    /// What a text says that this relay signed.
    pub(super) fn check(text: &str, key: Option<&Secret>, now: Timestamp) -> Result<Self, Why> {
        let invitation: Self = signed::check(Purpose::Invitation, text, key)?;
        not_over(invitation.expires, now)?;
        Ok(invitation)
    }
}

/// An instant without its fraction of a second, which nobody reads.
pub(super) fn whole_seconds(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

/// Whether a time is not over.
pub(super) fn not_over(expires: Timestamp, now: Timestamp) -> Result<(), Why> {
    if now < expires { Ok(()) } else { Err(Why::Expired { by: now.duration_since(expires).unsigned_abs() }) }
}
