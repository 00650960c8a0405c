//! Why a webhook was not let in, in one form whatever refused it.

use std::time::Duration;

use crate::{
    event::Webhook,
    outcome::Reason,
    provider::handshake::Unmet,
    verify::{Refused, why::Why},
};

/// Why a webhook was not let in.
#[derive(Debug)]
pub struct Refusal {
    /// The word for it, from which the sender's answer is made.
    pub reason: Reason,
    /// What was wrong with its proof, for the admin alone.
    pub why: Option<Why>,
    /// How long the sender is to wait, where that is known.
    pub retry_after: Option<Duration>,
    /// What was refused, where it was read that far.
    pub webhook: Option<Box<Webhook>>,
}

impl From<Reason> for Refusal {
    fn from(reason: Reason) -> Self {
        Self { reason, why: None, retry_after: None, webhook: None }
    }
}

impl Refusal {
    pub(super) fn until(reason: Reason, wait: Duration) -> Self {
        Self { retry_after: Some(wait), ..reason.into() }
    }
}

impl From<Unmet> for Refusal {
    fn from(unmet: Unmet) -> Self {
        unmet.reason().into()
    }
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        let reason = refused.reason();
        Self { reason, why: Some(refused.why), retry_after: None, webhook: Some(refused.webhook) }
    }
}
