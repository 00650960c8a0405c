//! Secrets that a scheme can do nothing with.

/// Why a secret is of no use to a scheme. Never holds any of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Misfit {
    pub(super) found: String,
    pub(super) cure: String,
}

impl Misfit {
    pub(super) fn new(found: &str, cure: &str) -> Self {
        Self { found: found.to_owned(), cure: cure.to_owned() }
    }
}
