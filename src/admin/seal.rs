//! Changes the key that the store is sealed with.

use std::sync::Arc;

use axum::{Json, extract::State};

use super::Admin;
use crate::{http::problem::Problem, store::Resealed};

/// Seals everything anew with the first key of `store.key`.
///
/// # Errors
/// The store's: with no key, nothing is sealed.
pub async fn rotate(State(admin): State<Arc<Admin>>) -> Result<Json<Resealed>, Problem> {
    let resealed = admin.store.reseal().await?;
    tracing::info!(records = resealed.records, key = resealed.key, "the store is sealed anew");
    Ok(Json(resealed))
}
