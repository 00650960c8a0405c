//! What stands between a webhook and being believed: a no, or a key that has to be fetched before it can be said.

use url::Url;

use super::{address::host, why::Why};
use crate::{event::Webhook, outcome::Reason};

/// What stands between a webhook and being believed.
#[derive(Debug)]
pub enum Unproved {
    /// It is not believed.
    Refused(Refused),
    /// It can't be judged without what this address holds now.
    NeedsKey {
        /// The provider's own address, which the scheme vouches for.
        from: Box<Url>,
        /// What it is if the address has just been asked.
        refused: Refused,
    },
}

/// A webhook that is not believed.
#[derive(Debug)]
pub struct Refused {
    /// Why. The sender is not told.
    pub why: Why,
    /// What was refused.
    pub webhook: Box<Webhook>,
}

impl Refused {
    /// The word for it.
    pub const fn reason(&self) -> Reason {
        self.why.reason()
    }
}

/// Why a scheme does not say yes.
#[derive(Debug)]
pub(super) enum Doubt {
    /// It says no.
    Why(Why),
    /// It can't say without the key that is held there now.
    NeedsKey {
        from: Box<Url>,
        /// What it says if that key has just been fetched.
        why: Why,
    },
}

impl Doubt {
    /// No key of this address is known.
    pub(super) fn unfetched(from: &Url) -> Self {
        Self::of_fetched(from, Why::Unkeyed { found: format!("no key of {} is known", host(from)) })
    }

    /// What comes of a no that was said by what this address held: where its key did not fit, it may hold another now.
    pub(super) fn of_fetched(from: &Url, why: Why) -> Self {
        match why {
            Why::Mismatch { .. } | Why::Unkeyed { .. } => Self::NeedsKey { from: Box::new(from.clone()), why },
            other => Self::Why(other),
        }
    }
}

impl From<Why> for Doubt {
    fn from(why: Why) -> Self {
        Self::Why(why)
    }
}
