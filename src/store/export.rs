//! The form of an export's lines: a promise to backups, so it is written down here and not taken from the words.
//!
//! An event's line holds everything of it (payload, deliveries, attempts), a subscription's its URL: an export is
//! a secret. Both stores give and take [`Whole`] events; where they keep them is their own affair.

mod event;
mod subscription;

pub(super) use self::{
    event::{Whole, WholeDelivery, event, event_value},
    subscription::{subscription, subscription_value},
};
use serde::{Deserialize, Serialize};

use super::StoreError;

/// One line of an export: the whole store is a list of these.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "snake_case")]
pub enum ExportLine {
    /// First line: which program and format wrote it.
    Header {
        /// Always `teams-relay`.
        program: String,
        /// The format of the lines.
        format: u32,
    },
    /// A subscription, with its URL: an export is a secret.
    Subscription(serde_json::Value),
    /// A secret that a handshake brought.
    Captured(serde_json::Value),
    /// The relay's own key.
    RelayKey(serde_json::Value),
    /// An invitation that was used, or taken back.
    UsedInvitation(serde_json::Value),
    /// An event with its deliveries and their attempts.
    Event(serde_json::Value),
    /// Last line: how many records came before it, so that a cut file is seen.
    End {
        /// Number of all records but the first line.
        records: u64,
    },
}

/// The format of an export that this version writes, and the newest that it reads. In format 1 no body was text, XML
/// or compressed.
const FORMAT: u32 = 2;
const PROGRAM: &str = "teams-relay";

/// The first line.
pub(super) fn header() -> ExportLine {
    ExportLine::Header { program: PROGRAM.into(), format: FORMAT }
}

/// Whether a first line promises lines that this version reads.
pub(super) fn check_header(program: &str, format: u32) -> Result<(), StoreError> {
    if program != PROGRAM {
        return Err(bad("the export's first line", format!("it is of `{program}`, not of `{PROGRAM}`")));
    }
    check_format("the export's first line", format)
}

fn check_format(what: &str, format: u32) -> Result<(), StoreError> {
    if format <= FORMAT {
        return Ok(());
    }
    Err(bad(what, format!("it has format {format}, and this version reads up to {FORMAT}")))
}

fn bad(what: &str, why: impl ToString) -> StoreError {
    StoreError::Damaged { what: what.to_owned(), why: why.to_string() }
}
