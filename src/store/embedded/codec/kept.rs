//! The rows of what is kept beside events: the books, what was seen, told and used up, and how destinations stand.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{damaged, id_bytes, instant, reason};
use crate::{
    config::{duration::Span, profile::Window},
    name::EventId,
    outcome::Accounts,
    standing::{Actor, Standing, State},
    store::{StoreError, Usage},
};

/// What a subscription was last told of a key, in the space of what was told.
#[derive(Serialize, Deserialize)]
pub(in crate::store::embedded) struct ToldRow {
    pub(in crate::store::embedded) failing: bool,
    pub(in crate::store::embedded) at: i64,
}

/// A signature or a body that was taken once, in the space of those seen.
#[derive(Serialize, Deserialize)]
pub(in crate::store::embedded) struct SeenRow {
    pub(in crate::store::embedded) until: i64,
    pub(in crate::store::embedded) event: [u8; 16],
}

/// What a quota group has used up, in the space of usages. Nanoseconds since 1970, as the quotas count.
#[derive(Serialize, Deserialize)]
pub(in crate::store::embedded) struct UsageRow {
    at: i128,
    windows: Vec<WindowRow>,
    closed_until: Option<i128>,
}

/// One window of it.
#[derive(Serialize, Deserialize)]
struct WindowRow {
    posts: u32,
    per_ns: u64,
    whole_at: i128,
}

/// How a destination stands.
#[derive(Serialize, Deserialize)]
pub(in crate::store::embedded) struct StandingRow {
    state: String,
    reason: Option<String>,
    since: i64,
    by_admin: bool,
}

/// The books, and the greatest event id given so far.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(in crate::store::embedded) struct BooksRow {
    accepted: u64,
    delivered: u64,
    digested: u64,
    dead: u64,
    ignored: u64,
    waiting: u64,
    last_event: [u8; 16],
}

impl UsageRow {
    pub(in crate::store::embedded) fn of(usage: &Usage) -> Self {
        let window = |(window, whole_at): &(Window, Timestamp)| WindowRow {
            posts: window.posts.get(),
            per_ns: u64::try_from(window.per.0.as_nanos()).unwrap_or(u64::MAX),
            whole_at: whole_at.as_nanosecond(),
        };
        Self {
            at: usage.at.as_nanosecond(),
            windows: usage.whole_at.iter().map(window).collect(),
            closed_until: usage.closed_until.map(Timestamp::as_nanosecond),
        }
    }

    /// Windows that can't be, as only a damaged row has, are left out.
    pub(in crate::store::embedded) fn usage(self, group: String) -> Usage {
        let at = |ns| Timestamp::from_nanosecond(ns).unwrap_or(Timestamp::MAX);
        let window = |row: WindowRow| {
            let window = Window { posts: row.posts.try_into().ok()?, per: Span(Duration::from_nanos(row.per_ns)) };
            Some((window, at(row.whole_at)))
        };
        Usage {
            group,
            at: at(self.at),
            whole_at: self.windows.into_iter().filter_map(window).collect(),
            closed_until: self.closed_until.map(at),
        }
    }
}

impl StandingRow {
    pub(in crate::store::embedded) fn of(standing: &Standing) -> Self {
        Self {
            state: standing.state.as_str().to_owned(),
            reason: standing.reason.map(|why| why.as_str().to_owned()),
            since: standing.since.as_millisecond(),
            by_admin: standing.by == Actor::Admin,
        }
    }

    pub(in crate::store::embedded) fn standing(self, what: impl Fn() -> String) -> Result<Standing, StoreError> {
        let state = State::ALL.into_iter().find(|state| state.as_str() == self.state);
        Ok(Standing {
            state: state.ok_or_else(|| damaged(what(), format!("there is no state `{}`", self.state)))?,
            reason: self.reason.map(|word| reason(&word, &what)).transpose()?,
            since: instant(self.since),
            by: if self.by_admin { Actor::Admin } else { Actor::Relay },
        })
    }
}

impl BooksRow {
    pub(in crate::store::embedded) fn of(accounts: &Accounts, last: EventId) -> Self {
        let Accounts { accepted, delivered, digested, dead, ignored, waiting } = *accounts;
        Self { accepted, delivered, digested, dead, ignored, waiting, last_event: id_bytes(last) }
    }

    pub(in crate::store::embedded) fn accounts(&self) -> Accounts {
        let Self { accepted, delivered, digested, dead, ignored, waiting, .. } = *self;
        Accounts { accepted, delivered, digested, dead, ignored, waiting }
    }

    pub(in crate::store::embedded) fn last_event(&self) -> EventId {
        EventId::from_u128(u128::from_be_bytes(self.last_event))
    }
}
