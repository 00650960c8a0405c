//! What was turned away: the last refused webhooks, and who is slowed down.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, Query, State, rejection::QueryRejection},
};
use http::StatusCode;
use serde::Deserialize;

use super::Admin;
use crate::{http::problem::Problem, name::SourceName, reject::Reject, slowdown::Slowed};

/// Of which source; none: of all.
#[derive(Debug, Clone, Deserialize)]
pub struct RejectQuery {
    source: Option<String>,
}

/// `GET /rejects?source=NAME`: newest first.
///
/// # Errors
/// A query or name that can't be read.
pub async fn list(
    State(admin): State<Arc<Admin>>,
    query: Result<Query<RejectQuery>, QueryRejection>,
) -> Result<Json<Vec<Arc<Reject>>>, Problem> {
    let bad = |why: String| Problem::new(StatusCode::BAD_REQUEST, "bad_query", why);
    let Query(query) = query.map_err(|_| bad("the query can't be read; use source=NAME".to_owned()))?;
    let source = query.source.map(|name| name.parse::<SourceName>()).transpose();
    let source = source.map_err(|error| bad(error.to_string()))?;
    Ok(Json(admin.rejects.list(source.as_ref())))
}

/// `GET /rejects/ID`.
///
/// # Errors
/// An id that is none, or is no longer kept.
pub async fn show(State(admin): State<Arc<Admin>>, Path(id): Path<String>) -> Result<Json<Arc<Reject>>, Problem> {
    let found = id.parse().ok().and_then(|id| admin.rejects.find(id));
    found.map(Json).ok_or_else(|| {
        let detail = "no refused webhook of that number is kept; `reject list` shows those that are";
        Problem::new(StatusCode::NOT_FOUND, "unknown_reject", detail)
    })
}

/// `GET /slowdowns`: whose webhooks are not read for a while.
pub async fn slowdowns(State(admin): State<Arc<Admin>>) -> Json<Vec<Slowed>> {
    Json(admin.ingest.slowdown.slowed())
}
