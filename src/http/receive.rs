//! Makes a [`Webhook`] of a request, within limits: headers counted, length looked at, body read under a bound and a clock.

use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, header, request::Parts, uri::PathAndQuery};
use http_body_util::BodyExt;

use super::{
    budget::{BodyBudget, Room},
    connection::MOST_HEADERS,
    peer::Peer,
};
use crate::{
    clock::Clock,
    event::{Codings, Encoding, RawBody, Webhook},
    name::SourceName,
    outcome::Reason,
};

/// Bytes that are set aside for a body on the word of its headers alone; most bodies are shorter.
const AT_FIRST: usize = 32 * 1024;

/// Limits of a webhook's body.
#[derive(Debug, Clone)]
pub struct BodyLimits {
    /// Bytes.
    pub size: usize,
    /// From the end of the headers to the end of the body.
    pub time: Duration,
    /// Room for all bodies together.
    pub budget: BodyBudget,
}

/// What headers alone can tell: too many of them, a type or coding that is not read, a length over the limit. With
/// `any_content_type` the body itself tells later whether it is read.
///
/// # Errors
/// The first that is wrong.
pub fn check_headers(headers: &HeaderMap, limits: &BodyLimits, any_content_type: bool) -> Result<(), Reason> {
    if headers.len() > MOST_HEADERS {
        return Err(Reason::TooManyHeaders);
    }
    if (Encoding::of(headers).is_none() && !any_content_type) || Codings::of(headers).is_none() {
        return Err(Reason::UnsupportedMediaType);
    }
    match length_of(headers) {
        Some(length) if length > limits.size as u64 => Err(Reason::BodyTooLarge),
        _ => Ok(()),
    }
}

/// The length that the headers promise.
fn length_of(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Path and query as they were asked for.
pub fn target(parts: &Parts) -> PathAndQuery {
    parts.uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"))
}

/// Reads the body and makes the webhook. The room that the body takes up is to be held as long as the body is.
///
/// # Errors
/// [`Reason::BodyTooLarge`], [`Reason::BodyTimeout`], [`Reason::BodyIncomplete`], [`Reason::Overloaded`].
pub async fn read(
    source: SourceName,
    parts: Parts,
    body: Body,
    limits: &BodyLimits,
    clock: &dyn Clock,
) -> Result<(Webhook, Room), Reason> {
    let mut room = limits.budget.room();
    let length = length_of(&parts.headers).and_then(|length| usize::try_from(length).ok()).unwrap_or_default();
    let reading = tokio::time::timeout(limits.time, read_body(body, length.min(AT_FIRST), limits.size, &mut room));
    let body = RawBody(reading.await.unwrap_or(Err(Reason::BodyTimeout))?);
    let peer = parts.extensions.get::<Peer>().map(|peer| peer.0);
    let target = target(&parts);
    let (method, headers) = (parts.method, parts.headers);
    Ok((Webhook { source, received_at: clock.now(), peer, method, target, headers, body }, room))
}

async fn read_body(mut body: Body, at_first: usize, most: usize, room: &mut Room) -> Result<Bytes, Reason> {
    let mut read = BytesMut::with_capacity(at_first);
    while let Some(frame) = body.frame().await {
        // Trailers are nothing to a webhook.
        let Ok(data) = frame.map_err(|_| Reason::BodyIncomplete)?.into_data() else { continue };
        let length = read.len().saturating_add(data.len());
        if length > most {
            return Err(Reason::BodyTooLarge);
        }
        room.grow_to(length).map_err(|_| Reason::Overloaded)?;
        read.extend_from_slice(&data);
    }
    Ok(read.freeze())
}
