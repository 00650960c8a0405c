//! Makes a [`Webhook`] of a request, within limits: headers counted, length looked at, body read under a bound and a clock.

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, Request, header, uri::PathAndQuery};
use http_body_util::{BodyExt, LengthLimitError, Limited};

use super::connection::{MOST_HEADERS, Peer};
use crate::{
    clock::Clock,
    event::{Codings, Encoding, RawBody, Webhook},
    name::SourceName,
    outcome::Reason,
};

/// Limits of a webhook's body.
#[derive(Debug, Clone, Copy)]
pub struct BodyLimits {
    /// Bytes.
    pub size: usize,
    /// From the end of the headers to the end of the body.
    pub time: Duration,
}

/// What headers alone can tell: too many of them, a type or coding that is not read, a length over the limit.
///
/// # Errors
/// The first that is wrong.
pub fn check_headers(headers: &HeaderMap, limits: BodyLimits) -> Result<(), Reason> {
    if headers.len() > MOST_HEADERS {
        return Err(Reason::TooManyHeaders);
    }
    if Encoding::of(headers).is_none() || Codings::of(headers).is_none() {
        return Err(Reason::UnsupportedMediaType);
    }
    let length = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    match length {
        Some(length) if length > limits.size as u64 => Err(Reason::BodyTooLarge),
        _ => Ok(()),
    }
}

/// Reads the body and makes the webhook.
///
/// # Errors
/// [`Reason::BodyTooLarge`], [`Reason::BodyTimeout`], [`Reason::BodyIncomplete`].
pub async fn read(
    source: SourceName,
    request: Request<Body>,
    limits: BodyLimits,
    clock: &dyn Clock,
) -> Result<Webhook, Reason> {
    let peer = request.extensions().get::<Peer>().map(|peer| peer.0);
    let (parts, body) = request.into_parts();
    let target = parts.uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
    let body = RawBody(read_body(body, limits).await?);
    let (method, headers) = (parts.method, parts.headers);
    Ok(Webhook { source, received_at: clock.now(), peer, method, target, headers, body })
}

async fn read_body(body: Body, limits: BodyLimits) -> Result<Bytes, Reason> {
    match tokio::time::timeout(limits.time, Limited::new(body, limits.size).collect()).await {
        Err(_) => Err(Reason::BodyTimeout),
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Reason::BodyTooLarge),
        Ok(Err(_)) => Err(Reason::BodyIncomplete),
    }
}
