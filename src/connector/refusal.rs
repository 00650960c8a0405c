//! What the pages are told where something can't be done: words for people, and nothing that is the admin's alone.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use jiff::Timestamp;

use crate::{
    destination::BadUrl, http::problem::Problem, identity::Refused, store::StoreError, subscribe::SubscribeError,
};

/// A refusal as the pages get it.
pub(super) struct Refusal(Problem);

impl Refusal {
    /// Something that was chosen can't be.
    pub(super) fn unfit(detail: impl Into<String>) -> Self {
        Self(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "bad_choice", detail))
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        self.0.into_response()
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "the pages could not be served");
        let detail = "it can't be kept now; try again in a while, or tell the admin";
        Self(Problem { retry_after: Some(30), ..Problem::new(StatusCode::SERVICE_UNAVAILABLE, "store", detail) })
    }
}

impl From<SubscribeError> for Refusal {
    fn from(error: SubscribeError) -> Self {
        match error {
            SubscribeError::Store(error) => error.into(),
            SubscribeError::Unknown(_) | SubscribeError::Ambiguous(_) => Self(gone()),
            // Its own words name settings, which are the admin's.
            SubscribeError::Url(bad @ (BadUrl::Host { .. } | BadUrl::Private(_))) => {
                tracing::info!(%bad, "somebody's webhook URL was refused");
                let detail =
                    "cards can't be posted to this address; copy it from Workflows once more, or ask the admin";
                Self(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "bad_url", detail))
            }
            SubscribeError::Conflict { .. } => {
                let detail = "this channel is set up already, in a way that can't be joined here; ask the admin";
                Self(Problem::new(StatusCode::CONFLICT, "conflict", detail))
            }
            other => Self::unfit(other.to_string()),
        }
    }
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        if let Some(why) = refused.why() {
            tracing::info!(%why, "somebody was not let in to the pages");
        }
        let (status, word) = match refused {
            Refused::Store(error) => return error.into(),
            Refused::Closed => (StatusCode::NOT_FOUND, "unknown_address"),
            Refused::Stranger => (StatusCode::FORBIDDEN, "forbidden"),
            Refused::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
            Refused::Used => (StatusCode::CONFLICT, "used"),
            Refused::Unbelieved(_) | Refused::Over(_) | Refused::Revoked => (StatusCode::UNAUTHORIZED, "unauthorized"),
        };
        Self(Problem::new(status, word, refused.to_string()))
    }
}

fn gone() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "unknown_subscription", "this subscription is not there any more")
}

/// The channel's quota is used up until that instant.
pub(super) fn too_many(until: Timestamp, now: Timestamp) -> Problem {
    let wait = u64::try_from(until.duration_since(now).as_secs()).unwrap_or_default().max(1);
    let detail = "the channel has had as many cards as it takes for now; try again in a moment";
    Problem { retry_after: Some(wait), ..Problem::new(StatusCode::TOO_MANY_REQUESTS, "quota", detail) }
}
