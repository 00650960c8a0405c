//! `/hooks/{source}`: the statuses of the contract. Webhooks are posted; other methods are for handshakes alone.

use std::sync::Arc;

use arc_swap::ArcSwap;
use axum::{
    Json, Router,
    body::Body,
    extract::{Path, State, rejection::PathRejection},
    response::{IntoResponse, Response},
    routing::any,
};
use http::{HeaderValue, Method, Request, StatusCode, header, uri::PathAndQuery};
use serde_json::json;

use super::{
    problem::Problem,
    receive::{self, BodyLimits},
};
use crate::{
    ingest::{Ingest, Refusal, Taken},
    name::SourceName,
    outcome::Reason,
    provider::handshake::{Answer, Met},
    rules::SourceRules,
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
        Ok(Taken::Answered(answer)) => told(answer),
        Ok(Taken::Event(receipt)) => {
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

/// A handshake's answer: never something that a browser would take for a page.
fn told(answer: Answer) -> Response {
    let mut response = (answer.status, Body::from(answer.body)).into_response();
    let headers = response.headers_mut();
    headers.extend(answer.headers);
    if let Some(content_type) = answer.content_type {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// The handshake that the request is, if it is one that needs no proof.
fn greeting(source: &SourceRules, request: &Request<Body>) -> Result<Option<Met>, Refusal> {
    let target = request.uri().path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
    Ok(source.provider.greet(request.method(), &target, request.headers(), &source.secrets)?)
}

/// Takes the webhook; a refusal says whether the source exists.
async fn take(hooks: &Hooks, source: &str, request: Request<Body>) -> Result<Taken, (bool, Refusal)> {
    let source = match hooks.ingest.admit(source) {
        Ok(source) => source,
        Err(reason) => return Err((reason != Reason::UnknownSource, reason.into())),
    };
    let refuse = |reason: Reason| (true, Refusal::from(reason));
    let ingest = hooks.ingest.clone();
    if let Some(met) = greeting(&source, &request).map_err(|refusal| (true, refusal))? {
        return in_task(async move { ingest.answer(&source, met).await.map(Taken::Answered) }).await;
    }
    if request.method() != Method::POST {
        return Err(refuse(Reason::MethodNotAllowed));
    }
    let limits = **hooks.limits.load();
    receive::check_headers(request.headers(), limits).map_err(refuse)?;
    let clock = hooks.ingest.clock.clone();
    let webhook = receive::read(source.name.clone(), request, limits, &*clock).await.map_err(refuse)?;
    in_task(async move { ingest.take(&source, webhook).await }).await
}

/// In a task of its own: a sender that hangs up now must not leave an event on disk that nobody was woken for, or a
/// secret that is not on the ring.
async fn in_task(
    work: impl Future<Output = Result<Taken, Refusal>> + Send + 'static,
) -> Result<Taken, (bool, Refusal)> {
    let taken = tokio::spawn(work).await;
    taken.unwrap_or_else(|_| Err(Reason::InternalFault.into())).map_err(|refusal| (true, refusal))
}
