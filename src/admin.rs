//! The admin's door: health, metrics and the API, over TCP with a token and over a Unix socket whose file permissions
//! are the lock.

pub mod api;
pub mod auth;
pub mod health;
pub mod invitations;
pub mod rejects;
mod replays;
pub mod seal;
pub mod transfer;
pub mod view;

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use arc_swap::ArcSwap;
use axum::{Router, middleware, routing::get};

use self::view::SubscriptionView;
use crate::{
    clock::Clock,
    dispatch::Dispatch,
    identity::Identity,
    ingest::Ingest,
    lane::quota::{GroupKey, Quotas},
    observe::metrics::Metrics,
    reject::Rejects,
    rules::Rules,
    secret::Secret,
    store::Store,
    subscribe::Subscriptions,
    subscription::Subscription,
};

/// What the admin's side needs of the relay.
#[derive(Debug)]
pub struct Admin {
    /// The settings, as they are now.
    pub rules: Arc<ArcSwap<Rules>>,
    /// What opens the API over TCP.
    pub tokens: Arc<ArcSwap<Vec<Secret>>>,
    /// For changes of subscriptions.
    pub subscriptions: Arc<Subscriptions>,
    /// For replays.
    pub ingest: Arc<Ingest>,
    /// Who may subscribe, for invitations.
    pub identity: Arc<Identity>,
    /// For test cards.
    pub dispatch: Arc<Dispatch>,
    /// The last refused webhooks.
    pub rejects: Arc<Rejects>,
    /// What is left of the quotas.
    pub quotas: Arc<Quotas>,
    /// What is kept.
    pub store: Arc<dyn Store>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Whether webhooks are taken.
    pub ready: Ready,
}

impl Admin {
    /// A subscription as the API shows it.
    fn shown(&self, one: &Subscription) -> SubscriptionView {
        let (lane, rules) = (one.destination.id(), self.rules.load());
        let windows = rules.windows(&one.destination);
        let quota = self.quotas.remaining(&GroupKey::of(&one.destination), windows, self.clock.steady());
        let warning = rules.profiles.get(&one.destination.profile).warning(&one.destination.url).map(str::to_owned);
        let view = SubscriptionView::new(one, self.store.standing(lane), self.store.backlog(lane), quota);
        SubscriptionView { warning, ..view }
    }
}

/// Whether the daemon takes webhooks: not before everything is up, and not once it is stopping.
#[derive(Debug, Clone, Default)]
pub struct Ready(Arc<AtomicBool>);

impl Ready {
    /// Says so.
    pub fn set(&self, ready: bool) {
        self.0.store(ready, Ordering::Release);
    }

    /// Asks.
    pub fn get(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// The routes for the Unix socket: whoever may open the file may do everything.
pub fn socket_router(admin: Arc<Admin>) -> Router {
    Router::new().merge(open_routes()).nest("/api/v1", api::routes()).with_state(admin)
}

/// The routes for TCP: health and metrics for all, the API with a token.
pub fn tcp_router(admin: Arc<Admin>) -> Router {
    let guard = middleware::from_fn_with_state(admin.clone(), auth::require_token);
    Router::new().merge(open_routes()).nest("/api/v1", api::routes().layer(guard)).with_state(admin)
}

fn open_routes() -> Router<Arc<Admin>> {
    Router::new()
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(health::metrics))
}
