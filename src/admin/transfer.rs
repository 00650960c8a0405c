//! Export and import: the whole store as JSON lines. An export holds webhook URLs and payloads, so it is a secret.

use std::sync::Arc;

use axum::{
    Json,
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{StatusCode, header};
use http_body_util::BodyExt;

use super::{Admin, view::Count};
use crate::{
    http::problem::Problem,
    store::{ExportLine, StoreError},
};

/// Longest line of an import: the largest body as base64, and its record.
const LONGEST_LINE: usize = 64 * 1024 * 1024;

/// Streams the store. A failure on the way cuts the stream, so the last line, which counts the records, is missing.
pub async fn export(State(admin): State<Arc<Admin>>) -> Response {
    let (lines, receive) = tokio::sync::mpsc::channel::<ExportLine>(64);
    tokio::spawn(async move {
        if let Err(error) = admin.store.export(lines).await {
            tracing::error!(%error, "the export broke off");
        }
    });
    let body = stream::unfold(receive, |mut receive| async move {
        let line = receive.recv().await?;
        let text = serde_json::to_string(&line).map(|text| Bytes::from(text + "\n"));
        Some((text.map_err(std::io::Error::other), receive))
    });
    ([(header::CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(body.boxed())).into_response()
}

/// Takes the lines of an export.
///
/// # Errors
/// The first line that does not fit, by its number; the lines before it are taken.
pub async fn import(State(admin): State<Arc<Admin>>, body: Body) -> Result<Json<Count>, Problem> {
    let mut lines = Lines { admin: &admin, number: 0, records: 0, whole: false };
    let taken = lines.take_all(body).await;
    let (records, whole) = (lines.records, lines.whole);
    // Also where it broke off: what was taken is there.
    admin.subscriptions.refresh();
    admin.subscriptions.warn_of_lost_looks();
    admin.ingest.keys.know(admin.rules.load().sources.keys());
    admin.ingest.woken.wake(admin.store.lanes());
    taken?;
    if !whole {
        return Err(bad("the file was cut: its last line is missing; what it held is imported, but look for the rest"));
    }
    Ok(Json(Count { count: records }))
}

struct Lines<'a> {
    admin: &'a Admin,
    number: usize,
    records: usize,
    whole: bool,
}

impl Lines<'_> {
    async fn take_all(&mut self, mut body: Body) -> Result<(), Problem> {
        let mut rest: Vec<u8> = Vec::new();
        while let Some(frame) = body.frame().await {
            let frame =
                frame.map_err(|_| bad("the import broke off; send it again, what is there already stays as it is"))?;
            let Some(data) = frame.data_ref() else { continue };
            rest.extend_from_slice(data);
            while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = rest.drain(..=end).collect();
                self.take(&line).await?;
            }
            if rest.len() > LONGEST_LINE {
                return Err(bad("a line is longer than any event; import a file that `teams-relay export` wrote"));
            }
        }
        self.take(&rest).await
    }

    async fn take(&mut self, line: &[u8]) -> Result<(), Problem> {
        if line.iter().all(u8::is_ascii_whitespace) {
            return Ok(());
        }
        self.number += 1;
        let place = format!("line {}", self.number);
        let line: ExportLine = serde_json::from_slice(line)
            .map_err(|_| bad(format!("{place} is no record; import a file that `teams-relay export` wrote")))?;
        match &line {
            ExportLine::Header { program, .. } if program == "teams-relay" => {}
            ExportLine::Header { .. } => return Err(bad(format!("{place} was written by another program"))),
            ExportLine::End { records } => {
                self.whole = *records == self.records as u64;
                return Ok(());
            }
            ExportLine::Subscription(_)
            | ExportLine::Captured(_)
            | ExportLine::RelayKey(_)
            | ExportLine::UsedInvitation(_)
            | ExportLine::Event(_) => self.records += 1,
        }
        self.admin.store.import(line).await.map_err(|error| match error {
            StoreError::Damaged { why, .. } => bad(format!("{place} is no record of this version ({why})")),
            other => other.into(),
        })
    }
}

fn bad(detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "bad_import", detail)
}
