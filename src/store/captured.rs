//! The secrets that handshakes brought, as both stores hold them in memory and write them down.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Captured, StoreError};
use crate::{name::SourceName, secret::Secret};

/// The format of a line; a promise to backups, as those of the other lines.
const FORMAT: u32 = 1;

/// One of them.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    pub(super) source: SourceName,
    pub(super) secret: Secret,
    pub(super) at: Timestamp,
}

/// All of them, those of a source in the order in which they came.
#[derive(Debug, Clone, Default)]
pub(super) struct AllCaptured(BTreeMap<SourceName, Vec<Kept>>);

#[derive(Serialize, Deserialize)]
struct Line {
    format: u32,
    source: SourceName,
    secret: String,
    at: Timestamp,
}

impl AllCaptured {
    pub(super) fn of(&self, source: &SourceName) -> Vec<Secret> {
        self.0.get(source).into_iter().flatten().map(|kept| kept.secret.clone()).collect()
    }

    /// What would come of offering this one; nothing is changed.
    pub(super) fn offer(&self, source: &SourceName, secret: &Secret, at_most: usize) -> Captured {
        let held = self.0.get(source).map_or(&[][..], Vec::as_slice);
        if held.iter().any(|kept| kept.secret.is(secret.expose().as_bytes())) {
            return Captured::Known;
        }
        if held.len() >= at_most { Captured::Full } else { Captured::New }
    }

    pub(super) fn add(&mut self, kept: Kept) {
        self.0.entry(kept.source.clone()).or_default().push(kept);
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Kept> {
        self.0.values().flatten()
    }
}

impl Kept {
    /// As JSON, with the secret.
    pub(super) fn value(&self) -> Result<Value, StoreError> {
        let Self { source, secret, at } = self.clone();
        let line = Line { format: FORMAT, source, secret: secret.expose().to_owned(), at };
        serde_json::to_value(line).map_err(|_| damaged("it can't be written"))
    }

    /// From its JSON. The error quotes nothing of it.
    pub(super) fn read(value: Value) -> Result<Self, StoreError> {
        let line: Line = serde_json::from_value(value).map_err(|_| damaged("it is not of a captured secret's form"))?;
        if line.format > FORMAT {
            return Err(damaged("a newer version wrote it"));
        }
        Ok(Self { source: line.source, secret: Secret::new(line.secret), at: line.at })
    }
}

fn damaged(why: &str) -> StoreError {
    StoreError::Damaged { what: "a captured secret".to_owned(), why: why.to_owned() }
}
