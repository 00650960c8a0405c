//! The door for people: the pages on which they subscribe, in Teams or any browser, and what these pages ask.
//!
//! It shows to each what is theirs, in words for people who know neither relay nor webhook. Nobody is known by a cookie,
//! so there is nothing that a foreign page could ride on; nothing in an address is believed.

mod allowance;
mod api;
mod policy;
mod offer;
mod pages;
mod proof;
mod refusal;
mod turns;
mod view;

use std::{sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use http::StatusCode;

pub use self::{allowance::Allowances, turns::Turns};
use crate::{
    clock::Clock,
    dispatch::Dispatch,
    http::{problem::Problem, to_the_end::to_the_end},
    identity::Identity,
    lane::quota::Quotas,
    rules::Rules,
    store::Store,
    subscribe::Subscriptions,
};

/// Bytes of a request, at most: twenty chips of each kind fit.
const MOST_BYTES: usize = 32 * 1024;

/// How long a request may take, body and all: a test card may take the longest that a destination may.
const PATIENCE: Duration = Duration::from_secs(120);

/// What the pages need of the relay.
#[derive(Debug)]
pub struct Connector {
    /// The settings, as they are now.
    pub rules: Arc<ArcSwap<Rules>>,
    /// Who somebody is.
    pub identity: Arc<Identity>,
    /// For changes of subscriptions.
    pub subscriptions: Arc<Subscriptions>,
    /// For cards with a code, and test cards.
    pub dispatch: Arc<Dispatch>,
    /// What is left of the quotas.
    pub quotas: Arc<Quotas>,
    /// What is kept.
    pub store: Arc<dyn Store>,
    /// How often who may do what.
    pub allowances: Allowances,
    /// Whose turn it is to add a subscription.
    pub turns: Turns,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// The routes below `/connector/`. Without `[connector]` in the settings there are none.
pub fn router(connector: Arc<Connector>) -> Router {
    let routes = Router::new()
        .merge(pages::routes())
        .nest("/api", api::routes())
        .layer(DefaultBodyLimit::max(MOST_BYTES))
        .layer(middleware::from_fn_with_state(connector.clone(), guard));
    Router::new().nest("/connector", routes).with_state(connector)
}

/// Nothing is there unless the settings say so; and what is there says to browsers what they may do with it.
async fn guard(State(connector): State<Arc<Connector>>, request: Request, next: Next) -> Response {
    let Some(settings) = connector.rules.load().connector.clone() else {
        let why = "the pages are switched off; `[connector]` in the settings switches them on";
        return Problem::new(StatusCode::NOT_FOUND, "unknown_address", why).into_response();
    };
    let late = connector.clock.steady() + PATIENCE;
    let mut response = tokio::select! {
        answer = to_the_end(next.run(request)) => answer,
        () = connector.clock.sleep_until(late) => {
            let why = "the page's request did not arrive in time; try again";
            Problem::new(StatusCode::REQUEST_TIMEOUT, "too_slow", why).into_response()
        }
    };
    policy::put_on(response.headers_mut(), &settings);
    response
}
