//! Invitations for people who subscribe without an account in Entra ID.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State, rejection::JsonRejection},
};
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Admin;
use crate::{
    config::duration::Span,
    http::problem::Problem,
    identity::{NotInvited, NotRevoked},
    name::{BadName, InvitationId, SubscriptionId},
    person::Owner,
};

/// How long an invitation holds where nobody says.
const DEFAULT: Span = Span::seconds(24 * 3600);

/// The reason where there is none.
const WORD: &str = "no_invitation";

/// What is wanted.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wish {
    source: Option<String>,
    expires: Option<String>,
}

/// What was made: the one answer that holds a secret, so it has no `Debug`.
#[derive(Clone, Serialize, Deserialize)]
pub struct InvitationView {
    /// By which it can be taken back.
    pub id: InvitationId,
    /// The address to open. Whoever has it can use it.
    pub link: String,
    /// Until when.
    pub expires: Timestamp,
}

impl From<NotInvited> for Problem {
    fn from(error: NotInvited) -> Self {
        let status = match error {
            NotInvited::Store(error) => return error.into(),
            NotInvited::Closed | NotInvited::NoAddress => StatusCode::CONFLICT,
            NotInvited::Unknown { .. } | NotInvited::NotOnOffer(_) | NotInvited::Length => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            NotInvited::Unsigned => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::new(status, WORD, error.to_string())
    }
}

/// What was taken back.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RevokedView {
    /// The invitation's id.
    pub id: InvitationId,
    /// What its guest subscribed, which goes on.
    pub subscriptions: Vec<SubscriptionId>,
}

impl From<NotRevoked> for Problem {
    fn from(error: NotRevoked) -> Self {
        match error {
            NotRevoked::Store(error) => error.into(),
            NotRevoked::Unknown => Self::new(StatusCode::NOT_FOUND, WORD, error.to_string()),
        }
    }
}

fn bad(detail: String) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, WORD, detail)
}

/// Makes an invitation.
///
/// # Errors
/// Why there can be none.
pub async fn invite(
    State(admin): State<Arc<Admin>>,
    wish: Result<Json<Wish>, JsonRejection>,
) -> Result<(StatusCode, Json<InvitationView>), Problem> {
    let Json(Wish { source, expires }) = wish.map_err(|_| {
        let cure =
            "send JSON with, if wanted, source and expires, such as {\"source\": \"github\", \"expires\": \"1h\"}";
        Problem::new(StatusCode::BAD_REQUEST, "bad_request", cure)
    })?;
    let source = source.map(|name| name.parse()).transpose().map_err(|error: BadName| bad(error.to_string()))?;
    let lasts = expires.map_or(Ok(DEFAULT), |text| text.parse::<Span>()).map_err(bad)?;
    let invited = admin.identity.invite(source, lasts.0, admin.clock.now()).await?;
    let made = &invited.invitation;
    let source = made.source.as_ref().map(ToString::to_string);
    tracing::info!(id = %made.id, source, expires = %made.expires, "made an invitation");
    let link = invited.link.expose().to_owned();
    Ok((StatusCode::CREATED, Json(InvitationView { id: made.id, link, expires: made.expires })))
}

/// Takes an invitation back, and the pass that was made of it.
///
/// # Errors
/// An id that is none, or of none that could still let anybody in.
pub async fn revoke(State(admin): State<Arc<Admin>>, Path(id): Path<String>) -> Result<Json<RevokedView>, Problem> {
    let id = id.parse::<InvitationId>().map_err(|error| bad(error.to_string()))?;
    admin.identity.revoke(id, admin.clock.now()).await?;
    tracing::info!(%id, "took an invitation back");
    let all = admin.store.subscriptions();
    let of_guest = all.iter().filter(|one| one.is_asked_by(&Owner::Guest(id)));
    Ok(Json(RevokedView { id, subscriptions: of_guest.map(|one| one.id).collect() }))
}
