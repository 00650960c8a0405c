//! The token of the API over TCP.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{StatusCode, header};

use super::Admin;
use crate::http::{bearer::bearer, problem::Problem};

/// Lets a request through if its bearer token is one of `admin.token`.
pub async fn require_token(State(admin): State<Arc<Admin>>, request: Request, next: Next) -> Response {
    let tokens = admin.tokens.load();
    if tokens.is_empty() {
        let cure = "the API is shut over TCP since admin.token is not set; set it, or use the admin socket";
        return Problem::new(StatusCode::FORBIDDEN, "no_token_set", cure).into_response();
    }
    // Every token is compared, so that the time does not tell which one was near.
    let is_known = |token: &str| tokens.iter().fold(false, |known, one| known | one.is(token.as_bytes()));
    if bearer(request.headers()).is_some_and(is_known) {
        return next.run(request).await;
    }
    let cure = "send `Authorization: Bearer …` with the token of admin.token";
    let mut response = Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", cure).into_response();
    response.headers_mut().insert(header::WWW_AUTHENTICATE, http::HeaderValue::from_static("Bearer"));
    response
}
