//! Replays of many at once: chosen by source, destination, reason and time, bounded, and counted first where that is asked.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
};
use jiff::Timestamp;
use serde::Deserialize;

use super::{Admin, view::Replayed};
use crate::{
    delivery::Target,
    destination::DestinationId,
    http::problem::Problem,
    name::{EventId, SourceName},
    outcome::Reason,
    store::{Page, StoreError},
};

/// How many are replayed at most where nobody says otherwise.
const CAP: usize = 1_000;

/// Which are to be replayed; what is not given chooses all.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Choice {
    source: Option<SourceName>,
    destination: Option<DestinationId>,
    reason: Option<Reason>,
    /// Events that arrived at this instant or later.
    since: Option<Timestamp>,
    /// And before this one.
    until: Option<Timestamp>,
    limit: Option<usize>,
    #[serde(default)]
    dry_run: bool,
}

impl Choice {
    fn is_of_time(&self, event: EventId) -> bool {
        let at = event.time();
        self.since.is_none_or(|since| at >= since) && self.until.is_none_or(|until| at < until)
    }

    fn is_for(&self, target: &Target) -> bool {
        self.destination.is_none_or(|only| only == target.destination)
    }

    fn is_from(&self, source: &SourceName) -> bool {
        self.source.as_ref().is_none_or(|only| only == source)
    }

    fn is_older_than_wanted(&self, event: EventId) -> bool {
        self.since.is_some_and(|since| event.time() < since)
    }
}

type Asked = Result<Query<Choice>, QueryRejection>;

/// Counts deliveries up to the cap, and replays them unless they are only to be counted.
struct Replay<'a> {
    admin: &'a Admin,
    choice: Choice,
    done: Replayed,
}

impl<'a> Replay<'a> {
    fn new(admin: &'a Admin, choice: Choice) -> Self {
        let done = Replayed { count: 0, more: false, dry_run: choice.dry_run };
        Self { admin, choice, done }
    }

    /// Whether there is room for more.
    async fn take(&mut self, event: EventId, mut targets: Vec<Target>) -> Result<bool, StoreError> {
        let room = self.choice.limit.unwrap_or(CAP).saturating_sub(self.done.count);
        self.done.more |= targets.len() > room;
        targets.truncate(room);
        self.done.count += if self.choice.dry_run {
            targets.len()
        } else if targets.is_empty() {
            0
        } else {
            self.admin.ingest.replay_to(event, targets).await?
        };
        Ok(!self.done.more)
    }
}

/// Events by the mappings and subscriptions of now, newest first.
pub(super) async fn events(State(admin): State<Arc<Admin>>, asked: Asked) -> Result<Json<Replayed>, Problem> {
    let mut replay = Replay::new(&admin, asked?.0);
    if let Some(reason) = replay.choice.reason {
        let detail = format!("`{reason}` is a dead letter's reason; use `dead replay` for those");
        return Err(Problem::new(http::StatusCode::BAD_REQUEST, "bad_query", detail));
    }
    let mut page = Page { before: None, limit: 500 };
    'pages: loop {
        let records = admin.store.events(page).await?;
        let Some(last) = records.last() else { break };
        page.before = Some(last.id);
        for record in records {
            if replay.choice.is_older_than_wanted(record.id) {
                break 'pages;
            }
            if !replay.choice.is_of_time(record.id) || !replay.choice.is_from(&record.source) {
                continue;
            }
            let mut targets = admin.ingest.targets(record.id).await?;
            targets.retain(|target| replay.choice.is_for(target));
            if !replay.take(record.id, targets).await? {
                break 'pages;
            }
        }
    }
    Ok(Json(replay.done))
}

/// Dead letters, newest first.
pub(super) async fn dead(State(admin): State<Arc<Admin>>, asked: Asked) -> Result<Json<Replayed>, Problem> {
    let mut replay = Replay::new(&admin, asked?.0);
    let mut page = Page { before: None, limit: 1_000 };
    'pages: loop {
        let letters = admin.store.dead(page).await?;
        let Some(last) = letters.last() else { break };
        page.before = Some(last.event);
        for letter in letters {
            if replay.choice.is_older_than_wanted(letter.event) {
                break 'pages;
            }
            let wanted = replay.choice.is_of_time(letter.event)
                && replay.choice.is_from(&letter.source)
                && replay.choice.is_for(&letter.target)
                && replay.choice.reason.is_none_or(|only| only == letter.why);
            if wanted && !replay.take(letter.event, vec![letter.target]).await? {
                break 'pages;
            }
        }
    }
    Ok(Json(replay.done))
}
