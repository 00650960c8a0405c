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
use http::{HeaderValue, Method, Request, StatusCode, header, request::Parts};
use serde_json::json;

use super::{
    peer::Peer,
    problem::Problem,
    proxies::TrustedProxies,
    receive::{self, BodyLimits},
    refusal_log::RefusalLog,
};
use crate::{
    config::provider::Yes,
    ingest::{Ingest, Receipt, Refusal, Taken},
    name::SourceName,
    outcome::Reason,
    provider::handshake::{Answer, Met, Unmet},
    reject::{Asked, Rejects},
    rules::SourceRules,
};

/// What the public door needs.
#[derive(Debug, Clone)]
pub struct Hooks {
    /// The way in.
    pub ingest: Arc<Ingest>,
    /// Limits, as they are now.
    pub limits: Arc<ArcSwap<BodyLimits>>,
    /// Who may say whose request it is, as it is now.
    pub proxies: Arc<ArcSwap<TrustedProxies>>,
    /// Where the last refused ones are kept.
    pub rejects: Arc<Rejects>,
    /// What of them is logged.
    pub log: Arc<RefusalLog>,
}

/// The routes of webhooks; whatever else is asked for is not there.
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
    let (mut parts, body) = request.into_parts();
    if let Some(Peer(peer)) = parts.extensions.get().copied() {
        parts.extensions.insert(Peer(hooks.proxies.load().client(peer, &parts.headers)));
    }
    // Kept to be shown if it is refused; the clone shares the headers' bytes.
    let mut asked = Asked {
        at: hooks.ingest.clock.now(),
        client: parts.extensions.get::<Peer>().map(|peer| peer.0),
        method: parts.method.clone(),
        headers: parts.headers.clone(),
        size: None,
    };
    match take(&hooks, &source, parts, body, &mut asked).await {
        Ok(Taken::Answered(answer)) => told(answer),
        Ok(Taken::Event(receipt)) => received(&receipt),
        Err(refusal) => {
            note(&hooks, source.parse().ok(), &mut asked, &refusal);
            Problem::of(refusal.reason, refusal.retry_after).into_response()
        }
    }
}

/// The yes to an event.
fn received(receipt: &Receipt) -> Response {
    let status = match receipt.status {
        Yes::NoContent => return StatusCode::NO_CONTENT.into_response(),
        Yes::Accepted if !receipt.duplicate => StatusCode::ACCEPTED,
        Yes::Accepted | Yes::Ok => StatusCode::OK,
    };
    if let Some(answer) = &receipt.answer {
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8")),
            (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        ];
        return (status, headers, answer.as_str().to_owned()).into_response();
    }
    let mut body = json!({ "event": receipt.event });
    if let (true, Some(body)) = (receipt.duplicate, body.as_object_mut()) {
        body.insert("duplicate".to_owned(), true.into());
    }
    (status, Json(body)).into_response()
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
fn greeting(source: &SourceRules, parts: &Parts) -> Result<Option<Met>, Unmet> {
    source.provider.greet(&parts.method, &receive::target(parts), &parts.headers, &source.secrets)
}

/// Takes the webhook.
async fn take(hooks: &Hooks, source: &str, parts: Parts, body: Body, asked: &mut Asked) -> Result<Taken, Refusal> {
    let source = hooks.ingest.admit(source, asked.client)?;
    let ingest = hooks.ingest.clone();
    let greeting = greeting(&source, &parts).inspect_err(|unmet| {
        // Whoever guesses a handshake's secret is slowed down like whoever guesses a token.
        if unmet.reason() == Reason::SignatureInvalid {
            ingest.note_failure(&source, asked.client);
        }
    })?;
    if let Some(met) = greeting {
        return in_task(async move { ingest.answer(&source, met).await.map(Taken::Answered) }).await;
    }
    if parts.method != Method::POST {
        return Err(Reason::MethodNotAllowed.into());
    }
    let limits = hooks.limits.load_full();
    receive::check_headers(&parts.headers, &limits, source.provider.places().any_content_type)?;
    let clock = hooks.ingest.clock.clone();
    let (webhook, room) = receive::read(source.name.clone(), parts, body, &limits, &*clock).await?;
    asked.size = Some(webhook.body.0.len());
    in_task(async move {
        let taken = ingest.take(&source, webhook).await;
        drop(room);
        taken
    })
    .await
}

/// In a task of its own: a sender that hangs up now must not leave an event on disk that nobody was woken for, or a
/// secret that is not on the ring.
async fn in_task(work: impl Future<Output = Result<Taken, Refusal>> + Send + 'static) -> Result<Taken, Refusal> {
    tokio::spawn(work).await.unwrap_or_else(|_| Err(Reason::InternalFault.into()))
}

/// Counts, keeps and logs what was refused.
fn note(hooks: &Hooks, name: Option<SourceName>, asked: &mut Asked, refusal: &Refusal) {
    let reason = refusal.reason;
    let mut why = refusal.why.as_ref().map(ToString::to_string);
    let source = name.as_ref().filter(|_| reason != Reason::UnknownSource);
    hooks.ingest.metrics.webhook(source, reason);
    if hooks.log.admits(source, reason, asked.at) {
        // Only for what is logged one by one: looking for the mistake hashes the body several times.
        if let (Some(why), Some(hint)) = (&mut why, hooks.ingest.explain(refusal)) {
            *why = format!("{why}; {hint}");
        }
        let (source, client) = (source.map(tracing::field::display), asked.client.map(tracing::field::display));
        tracing::warn!(source, client, %reason, why, "webhook refused");
    }
    // Those of every source: what was meant for one of them may have come to another's address.
    asked.hide(hooks.ingest.rules.load().sources.values().flat_map(|source| &source.proofs));
    hooks.rejects.record(name, asked, reason, why);
}
