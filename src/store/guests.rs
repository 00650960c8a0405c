//! What lets guests in, as both stores hold it in memory and write it down: the relay's own key, with which it signs
//! invitations, and which of those were used or taken back.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::StoreError;
use crate::{name::InvitationId, seal, secret::Secret};

/// The format of both lines; a promise to backups, as those of the other lines.
const FORMAT: u32 = 1;
/// Invitations are remembered a little longer than they could be used, in case somebody sets the clock back.
const GRACE: SignedDuration = SignedDuration::from_hours(24);
/// Forgotten at once, at most.
const AT_ONCE: usize = 64;

/// The key, and the invitations that are not to be used any more.
#[derive(Debug, Clone, Default)]
pub(super) struct Guests {
    pub(super) key: Option<Secret>,
    used: BTreeMap<InvitationId, Used>,
}

/// An invitation that was used, or taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Used {
    pub(super) invitation: InvitationId,
    /// Until when it must be remembered.
    pub(super) until: Timestamp,
    /// Whether the pass that was made of it holds no longer, either.
    pub(super) is_revoked: bool,
}

#[derive(Serialize, Deserialize)]
struct KeyLine {
    format: u32,
    key: String,
}

#[derive(Serialize, Deserialize)]
struct UsedLine {
    format: u32,
    invitation: InvitationId,
    until: Timestamp,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    revoked: bool,
}

impl Guests {
    pub(super) fn is_used(&self, invitation: InvitationId) -> bool {
        self.used.contains_key(&invitation)
    }

    pub(super) fn is_revoked(&self, invitation: InvitationId) -> bool {
        self.used.get(&invitation).is_some_and(|used| used.is_revoked)
    }

    /// What is known of an invitation once this is, too: what was taken back stays so.
    pub(super) fn joined(&self, new: Used) -> Used {
        self.used.get(&new.invitation).map_or(new, |old| Used {
            until: old.until.max(new.until),
            is_revoked: old.is_revoked || new.is_revoked,
            ..new
        })
    }

    pub(super) fn add(&mut self, used: Used) {
        self.used.insert(used.invitation, self.joined(used));
    }

    pub(super) fn forget(&mut self, invitation: InvitationId) {
        self.used.remove(&invitation);
    }

    /// Those that need not be remembered any more: nobody would believe them.
    pub(super) fn past(&self, now: Timestamp) -> Vec<InvitationId> {
        let past = self.used.iter().filter(|(_, used)| now.duration_since(used.until) > GRACE);
        past.map(|(invitation, _)| *invitation).take(AT_ONCE).collect()
    }

    pub(super) fn used(&self) -> impl Iterator<Item = Used> {
        self.used.values().copied()
    }
}

/// A key of the relay's own, made now.
pub(super) fn fresh_key() -> Result<Secret, StoreError> {
    seal::Key::random().map_err(|error| StoreError::Failed { why: error.to_string() })
}

/// The key as JSON.
pub(super) fn key_value(key: &Secret) -> Result<Value, StoreError> {
    let line = KeyLine { format: FORMAT, key: key.expose().to_owned() };
    serde_json::to_value(line).map_err(|_| damaged(KEY, "it can't be written"))
}

/// The key from its JSON. The error quotes nothing of it.
pub(super) fn key(value: Value) -> Result<Secret, StoreError> {
    let KeyLine { format, key } = read(KEY, value)?;
    check(KEY, format)?;
    let key = Secret::new(key);
    // Whoever imports a key that can be guessed lets everybody in.
    seal::Key::parse(&key).map_err(|_| damaged(KEY, "it is no key"))?;
    Ok(key)
}

impl Used {
    /// As JSON.
    pub(super) fn value(self) -> Result<Value, StoreError> {
        let line =
            UsedLine { format: FORMAT, invitation: self.invitation, until: self.until, revoked: self.is_revoked };
        serde_json::to_value(line).map_err(|_| damaged(USED, "it can't be written"))
    }

    /// From its JSON.
    pub(super) fn read(value: Value) -> Result<Self, StoreError> {
        let UsedLine { format, invitation, until, revoked } = read(USED, value)?;
        check(USED, format)?;
        Ok(Self { invitation, until, is_revoked: revoked })
    }
}

/// What they are called.
pub(super) const KEY: &str = "the relay's own key";
pub(super) const USED: &str = "a used invitation";

fn read<T: DeserializeOwned>(what: &str, value: Value) -> Result<T, StoreError> {
    serde_json::from_value(value).map_err(|_| damaged(what, "it is not of its form"))
}

fn check(what: &str, format: u32) -> Result<(), StoreError> {
    if format > FORMAT { Err(damaged(what, "a newer version wrote it")) } else { Ok(()) }
}

fn damaged(what: &str, why: &str) -> StoreError {
    StoreError::Damaged { what: what.to_owned(), why: why.to_owned() }
}
