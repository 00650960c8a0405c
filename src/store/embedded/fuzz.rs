//! What stands on disk, from bytes that no store wrote: for `fuzz/` alone.

#![expect(clippy::unwrap_used, reason = "a fuzz target panics where something is wrong")]

use serde::{Serialize, de::DeserializeOwned};

use super::{
    codec::{
        AttemptRow, BooksRow, DeadRow, EventRow, SeenRow, StandingRow, ToldRow, UsageRow, decode, encode, instant,
    },
    payload,
};
use crate::{
    destination::DestinationId,
    event::{Codings, Encoding, Event, EventType, RawBody},
    name::EventId,
};

const ID: EventId = EventId::from_u128(9);

/// Reads the bytes as every kind of row, and as a payload. What can be read means something that is written back the same.
pub fn read_as_everything(bytes: &[u8]) {
    let what = || "a row".to_owned();
    if let Some(row) = same::<EventRow>(bytes) {
        assert_eq!(row.record(ID).ok(), same::<EventRow>(bytes).unwrap().record(ID).ok());
    }
    if let Some(attempt) = same::<AttemptRow>(bytes).and_then(|row| row.attempt(what).ok()) {
        assert_eq!(again(&AttemptRow::of(&attempt)).attempt(what).unwrap(), attempt);
    }
    if let Some(standing) = same::<StandingRow>(bytes).and_then(|row| row.standing(what).ok()) {
        assert_eq!(again(&StandingRow::of(&standing)).standing(what).unwrap(), standing);
    }
    if let Some(usage) = same::<UsageRow>(bytes).map(|row| row.usage("group".to_owned())) {
        assert_eq!(again(&UsageRow::of(&usage)).usage("group".to_owned()), usage);
    }
    if let Some(books) = same::<BooksRow>(bytes) {
        let written = BooksRow::of(&books.accounts(), books.last_event());
        assert_eq!(again(&written).accounts(), books.accounts());
    }
    if let Some(row) = same::<DeadRow>(bytes) {
        drop(row.letter(ID, DestinationId::from_u64(1)));
    }
    same::<SeenRow>(bytes);
    same::<ToldRow>(bytes);
    let row = EventRow::new(&event(), &[], None);
    if let Ok(event) = payload::event(ID, &row, bytes) {
        let written = payload::encode_payload(&event).unwrap();
        assert_eq!(payload::event(ID, &row, &written).unwrap(), event);
    }
}

/// The row, if the bytes are one; then what is written of it is read as the same.
fn same<T: Serialize + DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let row = decode::<T>(bytes, || "a row".to_owned()).ok()?;
    let written = encode(&row).unwrap();
    assert_eq!(encode(&again(&row)).unwrap(), written);
    Some(row)
}

fn again<T: Serialize + DeserializeOwned>(row: &T) -> T {
    decode(&encode(row).unwrap(), || "a row".to_owned()).unwrap()
}

fn event() -> Event {
    Event {
        source: "ci".parse().unwrap(),
        kind: EventType::new("build", None),
        delivery_id: None,
        received_at: instant(0),
        headers: Vec::new(),
        encoding: Encoding::Json,
        codings: Codings::default(),
        body: RawBody(bytes::Bytes::new()),
    }
}
