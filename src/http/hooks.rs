//! `POST /hooks/{source}`: the statuses of the contract.

use std::sync::Arc;

use arc_swap::ArcSwap;
use axum::{
    Json, Router,
    body::Body,
    extract::{Path, State, rejection::PathRejection},
    response::{IntoResponse, Response},
    routing::any,
};
use http::{Method, Request, StatusCode};
use serde_json::json;

use super::{
    problem::Problem,
    receive::{self, BodyLimits},
};
use crate::{
    ingest::{Ingest, Receipt, Refusal},
    name::SourceName,
    outcome::Reason,
};

/// What the public door needs.
#[derive(Debug, Clone)]
pub struct Hooks {
    /// The way in.
    pub ingest: Arc<Ingest>,
    /// Limits, as they are now.
    pub limits: Arc<ArcSwap<BodyLimits>>,
}

/// The routes of the public listener.
pub fn router(hooks: Hooks) -> Router {
    Router::new()
        .route("/hooks/{source}", any(hook))
        .fallback(|| async {
            Problem::new(StatusCode::NOT_FOUND, "unknown_address", "webhooks go to /hooks/NAME-OF-SOURCE")
        })
        .with_state(hooks)
}

async fn hook(
    State(hooks): State<Hooks>,
    source: Result<Path<String>, PathRejection>,
    request: Request<Body>,
) -> Response {
    // What is no UTF-8 names no source, as the empty name doesn't.
    let source = source.map(|Path(source)| source).unwrap_or_default();
    match take(&hooks, &source, request).await {
        Ok(receipt) => {
            let status = if receipt.duplicate { StatusCode::OK } else { StatusCode::ACCEPTED };
            let mut body = json!({ "event": receipt.event });
            if let (true, Some(body)) = (receipt.duplicate, body.as_object_mut()) {
                body.insert("duplicate".to_owned(), true.into());
            }
            (status, Json(body)).into_response()
        }
        Err((known, Refusal { reason, why, webhook: _ })) => {
            let name = if known { source.parse::<SourceName>().ok() } else { None };
            hooks.ingest.metrics.webhook(name.as_ref(), reason);
            let (source, why) = (name.as_ref().map(tracing::field::display), why.as_ref().map(tracing::field::display));
            tracing::warn!(source, %reason, why, "webhook refused");
            Problem::of(reason).into_response()
        }
    }
}

/// Takes the webhook; a refusal says whether the source exists.
async fn take(hooks: &Hooks, source: &str, request: Request<Body>) -> Result<Receipt, (bool, Refusal)> {
    let source = match hooks.ingest.admit(source) {
        Ok(source) => source,
        Err(reason) => return Err((reason != Reason::UnknownSource, reason.into())),
    };
    let refuse = |reason: Reason| (true, Refusal::from(reason));
    if request.method() != Method::POST {
        return Err(refuse(Reason::MethodNotAllowed));
    }
    let limits = **hooks.limits.load();
    receive::check_headers(request.headers(), limits).map_err(refuse)?;
    let clock = hooks.ingest.clock.clone();
    let webhook = receive::read(source.name.clone(), request, limits, &*clock).await.map_err(refuse)?;
    // In a task of its own: a sender that hangs up now must not leave an event on disk that nobody was woken for.
    let ingest = hooks.ingest.clone();
    let taken = tokio::spawn(async move { ingest.take(&source, webhook).await });
    taken.await.unwrap_or_else(|_| Err(Reason::InternalFault.into())).map_err(|refusal| (true, refusal))
}
