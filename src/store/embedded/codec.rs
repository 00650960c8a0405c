//! What stands on disk, byte for byte: rows of this module's own and their first byte, a version.
//!
//! The words of the program are not stored themselves, so that changing one cannot silently change the disk.
//! Times are milliseconds since 1970, ids are big-endian bytes, reasons are their words.

mod event;
mod kept;

use jiff::Timestamp;
use serde::{Serialize, de::DeserializeOwned};

pub(super) use self::{
    event::{AttemptRow, DeadRow, DeliveryRow, EventRow, StateRow},
    kept::{BooksRow, SeenRow, StandingRow, ToldRow, UsageRow},
};
use crate::{
    name::{EventId, SourceName},
    outcome::Reason,
    store::StoreError,
};

/// The version of every row's form; payloads have one of their own.
const VERSION: u8 = 1;

/// A row as bytes.
pub(super) fn encode<T: Serialize>(row: &T) -> Result<Vec<u8>, StoreError> {
    postcard::to_extend(row, vec![VERSION]).map_err(|error| StoreError::Failed { why: error.to_string() })
}

/// A row from its bytes; `what` names it in the error.
pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8], what: impl Fn() -> String) -> Result<T, StoreError> {
    let row = match bytes.split_first() {
        Some((&VERSION, row)) => row,
        Some((other, _)) => return Err(other_version(what(), *other, VERSION)),
        None => return Err(damaged(what(), "it is empty".into())),
    };
    match postcard::take_from_bytes(row) {
        Ok((row, [])) => Ok(row),
        Ok((_, rest)) => Err(damaged(what(), format!("{} bytes too many", rest.len()))),
        Err(error) => Err(damaged(what(), error.to_string())),
    }
}

pub(super) fn other_version(what: String, found: u8, known: u8) -> StoreError {
    damaged(what, format!("it has version {found}, and this version reads {known}"))
}

pub(super) fn damaged(what: String, why: String) -> StoreError {
    StoreError::Damaged { what, why }
}

/// Milliseconds as an instant; what no calendar holds becomes its first or last instant.
pub(super) fn instant(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or(if ms < 0 { Timestamp::MIN } else { Timestamp::MAX })
}

fn reason(word: &str, what: impl Fn() -> String) -> Result<Reason, StoreError> {
    word.parse().map_err(|_| damaged(what(), format!("the reason `{word}` is not on this version's list")))
}

pub(super) fn source(name: &str, what: impl Fn() -> String) -> Result<SourceName, StoreError> {
    name.parse().map_err(|error| damaged(what(), format!("{error}")))
}

pub(super) fn id_bytes(id: EventId) -> [u8; 16] {
    id.as_u128().to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_another_version_is_damage_and_is_named() {
        let mut bytes = encode(&BooksRow::default()).unwrap();
        if let Some(version) = bytes.first_mut() {
            *version = 9;
        }
        let error = decode::<BooksRow>(&bytes, || "the books".into()).err().unwrap().to_string();
        assert!(error.contains("the books") && error.contains("version 9"), "{error}");
        assert!(decode::<BooksRow>(&[], || "the books".into()).is_err());
    }
}
