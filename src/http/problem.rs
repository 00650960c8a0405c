//! Errors as RFC 9457 `application/problem+json`: what happened and what to do, and never which part of a signature was wrong.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::json;

use crate::outcome::Reason;

/// A webhook or request that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The status of the contract.
    pub status: StatusCode,
    /// The reason's word.
    pub reason: &'static str,
    /// What to do about it.
    pub detail: String,
    /// Seconds after which to try again.
    pub retry_after: Option<u64>,
}

impl Problem {
    /// The answer to a webhook that was refused for this reason; `wait` where it is known how long it is until another
    /// try can do better.
    pub fn of(reason: Reason, wait: Option<Duration>) -> Self {
        let (status, retry_after) = match reason {
            Reason::UnknownSource | Reason::SourceDisabled => (StatusCode::NOT_FOUND, None),
            Reason::SourceExpired => (StatusCode::GONE, None),
            Reason::AddressNotAllowed => (StatusCode::FORBIDDEN, None),
            Reason::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, None),
            Reason::UnsupportedMediaType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, None),
            Reason::TooManyHeaders => (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, None),
            Reason::BodyTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, None),
            Reason::BodyTimeout => (StatusCode::REQUEST_TIMEOUT, None),
            Reason::BodyIncomplete | Reason::BodyMalformed | Reason::HandshakeMalformed => {
                (StatusCode::BAD_REQUEST, None)
            }
            Reason::HandshakeRefused => (StatusCode::FORBIDDEN, None),
            Reason::SignatureMissing | Reason::SignatureInvalid | Reason::TimestampStale => {
                (StatusCode::UNAUTHORIZED, None)
            }
            Reason::RateLimited | Reason::SlowedDown => (StatusCode::TOO_MANY_REQUESTS, Some(1)),
            Reason::Overloaded => (StatusCode::SERVICE_UNAVAILABLE, Some(1)),
            Reason::StoreFailed | Reason::StoreFull | Reason::KeyUnavailable => {
                (StatusCode::SERVICE_UNAVAILABLE, Some(30))
            }
            _ => (StatusCode::INTERNAL_SERVER_ERROR, None),
        };
        // One word and one text for all that can be wrong with a signature: the sender learns nothing from trying.
        let (reason, detail) = match status {
            StatusCode::UNAUTHORIZED => (
                "unauthorized",
                "The signature or token is missing or wrong; compare the sender's secret with the source's `secrets`.",
            ),
            StatusCode::NOT_FOUND => (Reason::UnknownSource.as_str(), Reason::UnknownSource.meaning()),
            _ => (reason.as_str(), reason.meaning()),
        };
        // Whole seconds, and never too few of them.
        let wait = wait.map(|wait| wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).map(|seconds| seconds.max(1));
        Self { status, reason, detail: detail.to_owned(), retry_after: wait.or(retry_after) }
    }

    /// An answer of the admin side.
    pub fn new(status: StatusCode, reason: &'static str, detail: impl Into<String>) -> Self {
        Self { status, reason, detail: detail.into(), retry_after: None }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = json!({
            "type": "about:blank",
            "title": self.status.canonical_reason().unwrap_or("Error"),
            "status": self.status.as_u16(),
            "reason": self.reason,
            "detail": self.detail,
        });
        let mut response = (self.status, body.to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if self.reason == Reason::MethodNotAllowed.as_str() {
            headers.insert(header::ALLOW, HeaderValue::from_static("POST"));
        }
        if self.reason == Reason::Overloaded.as_str() {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        match self.status {
            // RFC 9110 asks for a challenge with every 401; the scheme is the source's own business.
            StatusCode::UNAUTHORIZED => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Signature"));
            }
            // What is left of the body is not read, so the connection can't be used again.
            StatusCode::PAYLOAD_TOO_LARGE | StatusCode::REQUEST_TIMEOUT => {
                headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            _ => {}
        }
        response
    }
}
