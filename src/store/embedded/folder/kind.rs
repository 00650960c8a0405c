//! What is kept in sled's folder.

use crate::store::guests;

/// What the records are of; the name of their tree, and part of the place that a sealed one is bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store::embedded) enum Kind {
    Subscription,
    Captured,
    RelayKey,
    UsedInvitation,
}

/// All of them.
pub(in crate::store::embedded) const KINDS: [Kind; 4] =
    [Kind::Subscription, Kind::Captured, Kind::RelayKey, Kind::UsedInvitation];

impl Kind {
    pub(super) const fn tree(self) -> &'static str {
        match self {
            Self::Subscription => "subscriptions",
            Self::Captured => "captured",
            Self::RelayKey => "relay_key",
            Self::UsedInvitation => "used_invitations",
        }
    }

    pub(in crate::store::embedded) const fn word(self) -> &'static str {
        match self {
            Self::Subscription => "a subscription",
            Self::Captured => "a captured secret",
            Self::RelayKey => guests::KEY,
            Self::UsedInvitation => guests::USED,
        }
    }

    pub(super) fn place(self, key: &[u8]) -> Vec<u8> {
        [self.tree().as_bytes(), &[0], key].concat()
    }
}
