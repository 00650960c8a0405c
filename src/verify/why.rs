//! Why a webhook is not believed, in words for the admin who has to mend it; never for the sender.

use std::{fmt, time::Duration};

use crate::outcome::Reason;

/// What was wrong with a webhook's proof. Holds names, lengths and times; never a secret, a signature or the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// Nothing that any of the source's schemes looks at is there.
    Missing {
        /// What they look at, such as `x-hub-signature-256`.
        looked_at: Vec<String>,
    },
    /// It is there and holds nothing.
    Empty {
        /// The header or the place.
        at: String,
    },
    /// A header stands twice.
    Repeated {
        /// The header.
        at: String,
    },
    /// A header is longer than is looked at.
    TooLong {
        /// The header.
        at: String,
        /// Its length in bytes.
        bytes: usize,
    },
    /// It is not written as the scheme writes it.
    Malformed {
        /// The header or the place.
        at: String,
        /// What stands there, by form and length alone, and what would be right.
        found: String,
    },
    /// It is well-formed, and fits no secret.
    Mismatch {
        /// The header or the place.
        at: String,
    },
    /// The scheme's key is not in the settings, and what should have brought it did not.
    Unkeyed {
        /// What was looked for and not found.
        found: String,
    },
    /// A token that is genuine, and says something else than it should.
    Claim {
        /// The claim.
        name: String,
        /// What it should be.
        wanted: String,
    },
    /// A token that is genuine, and no longer holds.
    Expired {
        /// For how long.
        by: Duration,
    },
    /// Genuine, and signed too long ago.
    Stale {
        /// How long ago.
        by: Duration,
        /// How long ago is allowed.
        tolerance: Duration,
    },
    /// Genuine, and signed in the future.
    Future {
        /// How far ahead.
        by: Duration,
        /// How far ahead is allowed.
        tolerance: Duration,
    },
}

impl Why {
    /// The word for it.
    pub const fn reason(&self) -> Reason {
        match self {
            Self::Missing { .. } | Self::Empty { .. } => Reason::SignatureMissing,
            Self::Repeated { .. }
            | Self::TooLong { .. }
            | Self::Malformed { .. }
            | Self::Mismatch { .. }
            | Self::Unkeyed { .. }
            | Self::Claim { .. } => Reason::SignatureInvalid,
            Self::Expired { .. } | Self::Stale { .. } | Self::Future { .. } => Reason::TimestampStale,
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { looked_at } => write!(f, "there is no {}", looked_at.join(", and no ")),
            Self::Empty { at } => write!(f, "{at} is empty"),
            Self::Repeated { at } => write!(f, "{at} stands there twice"),
            Self::TooLong { at, bytes } => write!(f, "{at} is {bytes} bytes long"),
            Self::Malformed { at, found } => write!(f, "{at}: {found}"),
            Self::Mismatch { at } => write!(f, "{at} fits none of the source's secrets"),
            Self::Unkeyed { found } => f.write_str(found),
            Self::Claim { name, wanted } => write!(f, "the token's claim `{name}` is not {wanted}"),
            Self::Expired { by } => write!(f, "the token expired {} ago", in_words(*by)),
            Self::Stale { by, tolerance } => {
                write!(f, "signed {} ago, where {} are allowed", in_words(*by), in_words(*tolerance))
            }
            Self::Future { by, tolerance } => {
                write!(f, "signed {} in the future, where {} are allowed", in_words(*by), in_words(*tolerance))
            }
        }
    }
}

/// As people say it: `45 s`, `12 min`, `3 h`, `2 days`. Rounded down, and never to less than two of a unit.
fn in_words(length: Duration) -> String {
    let seconds = length.as_secs();
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}
