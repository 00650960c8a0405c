//! `/api/v1`: subscriptions, events, dead letters and the books, as JSON.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{
        Path, Query, State,
        rejection::{JsonRejection, QueryRejection},
    },
    middleware,
    routing::{delete, get, post},
};
use http::StatusCode;
use serde::Deserialize;

use super::{
    Admin, invitations, rejects, replays, seal, transfer,
    view::{Count, EventView, SubscriptionView, TestView},
};
use crate::{
    delivery::DeliveryState,
    destination::DestinationId,
    http::{problem::Problem, to_the_end},
    name::EventId,
    outcome::Accounts,
    standing,
    store::{DeadLetter, Page, StoreError},
    subscribe::{Request, SubscribeError},
};

type Answer<T> = Result<Json<T>, Problem>;
type Relay = State<Arc<Admin>>;
type Asked<T> = Result<Query<T>, QueryRejection>;

/// The routes below `/api/v1`.
pub fn routes() -> Router<Arc<Admin>> {
    Router::new()
        .route("/subscriptions", get(list_subscriptions).post(add_subscription))
        .route("/subscriptions/{id}", get(show_subscription).delete(remove_subscription))
        .route("/subscriptions/{id}/pause", post(pause_subscription))
        .route("/subscriptions/{id}/resume", post(resume_subscription))
        .route("/subscriptions/{id}/test", post(test_subscription))
        .route("/events", get(list_events))
        .route("/events/replay", post(replays::events))
        .route("/events/{id}", get(show_event))
        .route("/events/{id}/replay", post(replay_event))
        .route("/dead", get(list_dead).delete(purge_dead))
        .route("/dead/replay", post(replays::dead))
        .route("/dead/{id}/replay", post(replay_dead))
        .route("/rejects", get(rejects::list))
        .route("/rejects/{id}", get(rejects::show))
        .route("/slowdowns", get(rejects::slowdowns))
        .route("/accounts", get(accounts))
        .route("/invitations", post(invitations::invite))
        .route("/invitations/{id}", delete(invitations::revoke))
        .route("/key/rotate", post(seal::rotate))
        .route("/export", get(transfer::export))
        .route("/import", post(transfer::import))
        .method_not_allowed_fallback(|| async {
            Problem::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "wrong_method",
                "this address takes another method; see the Allow header",
            )
        })
        .fallback(|| async {
            Problem::new(StatusCode::NOT_FOUND, "unknown_address", "there is no such address in the API")
        })
        .layer(middleware::from_fn(to_the_end::layer))
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let status = match error {
            StoreError::Missing { .. } => StatusCode::NOT_FOUND,
            StoreError::NoKey => StatusCode::CONFLICT,
            StoreError::Failed { .. } | StoreError::Full { .. } => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::new(status, "store", error.to_string())
    }
}

impl From<QueryRejection> for Problem {
    fn from(_: QueryRejection) -> Self {
        let cure = "the query can't be read; use limit=NUMBER, before=EVENT, upto=EVENT, source=NAME, destination=FINGERPRINT, \
                    reason=WORD, since=INSTANT, until=INSTANT or dry_run=true";
        Self::new(StatusCode::BAD_REQUEST, "bad_query", cure)
    }
}

impl From<SubscribeError> for Problem {
    fn from(error: SubscribeError) -> Self {
        match error {
            SubscribeError::Store(error) => error.into(),
            SubscribeError::Unknown(_) => Self::new(StatusCode::NOT_FOUND, "unknown_subscription", error.to_string()),
            SubscribeError::Conflict { .. } => Self::new(StatusCode::CONFLICT, "conflict", error.to_string()),
            _ => Self::new(StatusCode::UNPROCESSABLE_ENTITY, "bad_subscription", error.to_string()),
        }
    }
}

async fn list_subscriptions(State(admin): Relay) -> Json<Vec<SubscriptionView>> {
    Json(admin.store.subscriptions().iter().map(|one| admin.shown(one)).collect())
}

async fn add_subscription(
    State(admin): Relay,
    request: Result<Json<Request>, JsonRejection>,
) -> Result<(StatusCode, Json<SubscriptionView>), Problem> {
    // Axum's own words for a body that does not fit may quote it, and a URL stands in it.
    let Json(request) = request.map_err(|_| {
        let cure = "send JSON with source and url, and if wanted events, filter, name, profile, quota_group, headers, entra, \
                    templates, locale, time_zone, min_severity (good, info, warning or critical), only_changes and quiet";
        Problem::new(StatusCode::BAD_REQUEST, "bad_request", cure)
    })?;
    let added = admin.subscriptions.add(request).await?;
    Ok((StatusCode::CREATED, Json(admin.shown(&added))))
}

async fn show_subscription(State(admin): Relay, Path(id): Path<String>) -> Answer<SubscriptionView> {
    Ok(Json(admin.shown(&*admin.subscriptions.find(&id)?)))
}

async fn remove_subscription(State(admin): Relay, Path(id): Path<String>) -> Answer<SubscriptionView> {
    Ok(Json(admin.shown(&*admin.subscriptions.remove(&id).await?)))
}

async fn pause_subscription(State(admin): Relay, Path(id): Path<String>) -> Answer<SubscriptionView> {
    Ok(Json(admin.shown(&*admin.subscriptions.set_paused(&id, true).await?)))
}

async fn resume_subscription(State(admin): Relay, Path(id): Path<String>) -> Answer<SubscriptionView> {
    Ok(Json(admin.shown(&*admin.subscriptions.set_paused(&id, false).await?)))
}

async fn test_subscription(State(admin): Relay, Path(id): Path<String>) -> Answer<TestView> {
    let subscription = admin.subscriptions.find(&id)?;
    let tested = admin.dispatch.test(&subscription).await?.map_err(|at| {
        let wait = at.duration_since(admin.clock.now()).as_secs().max(1);
        let detail = format!("the destination's quota is used up; try again in {wait} s");
        Problem {
            retry_after: u64::try_from(wait).ok(),
            ..Problem::new(StatusCode::TOO_MANY_REQUESTS, "quota", detail)
        }
    })?;
    Ok(Json(TestView::new(tested)))
}

/// Which part of a list.
#[derive(Debug, Clone, Copy, Deserialize)]
struct PageQuery {
    before: Option<EventId>,
    limit: Option<usize>,
}

impl From<PageQuery> for Page {
    fn from(query: PageQuery) -> Self {
        Self { before: query.before, limit: query.limit.unwrap_or(50).clamp(1, 1000) }
    }
}

async fn list_events(State(admin): Relay, page: Asked<PageQuery>) -> Answer<Vec<EventView>> {
    let records = admin.store.events(page?.0.into()).await?;
    Ok(Json(records.into_iter().map(|record| EventView::new(record, &[])).collect()))
}

async fn show_event(State(admin): Relay, Path(id): Path<String>) -> Answer<EventView> {
    let (record, attempts) = admin.store.history(event_id(&id)?).await?;
    let mut event = EventView::new(record, &attempts);
    for delivery in &mut event.deliveries {
        let waits = matches!(delivery.state, DeliveryState::Waiting { .. });
        let standing = admin.store.standing(delivery.target.destination).filter(|_| waits);
        delivery.destination_now = standing.filter(|standing| standing.state != standing::State::Active);
    }
    Ok(Json(event))
}

async fn replay_event(State(admin): Relay, Path(id): Path<String>) -> Answer<Count> {
    Ok(Json(Count { count: admin.ingest.replay(event_id(&id)?).await? }))
}

async fn list_dead(State(admin): Relay, page: Asked<PageQuery>) -> Answer<Vec<DeadLetter>> {
    Ok(Json(admin.store.dead(page?.0.into()).await?))
}

/// Which dead letter of an event; none: all of them.
#[derive(Debug, Clone, Copy, Deserialize)]
struct DeadQuery {
    destination: Option<DestinationId>,
}

async fn replay_dead(State(admin): Relay, Path(id): Path<String>, query: Asked<DeadQuery>) -> Answer<Count> {
    let Query(query) = query?;
    let id = event_id(&id)?;
    let (record, _) = admin.store.history(id).await?;
    let dead = |state| matches!(state, DeliveryState::Dead { .. });
    let wanted = |to: DestinationId| query.destination.is_none_or(|only| only == to);
    let targets: Vec<_> = record
        .deliveries
        .into_iter()
        .filter(|(target, state)| dead(*state) && wanted(target.destination))
        .map(|(target, _)| target)
        .collect();
    Ok(Json(Count { count: admin.ingest.replay_to(id, targets).await? }))
}

/// Up to which event dead letters are taken off the list; none: all.
#[derive(Debug, Clone, Copy, Deserialize)]
struct PurgeQuery {
    upto: Option<EventId>,
}

async fn purge_dead(State(admin): Relay, query: Asked<PurgeQuery>) -> Answer<Count> {
    Ok(Json(Count { count: admin.store.purge_dead(query?.0.upto).await? }))
}

async fn accounts(State(admin): Relay) -> Json<Accounts> {
    Json(admin.store.accounts())
}

fn event_id(text: &str) -> Result<EventId, Problem> {
    text.parse()
        .map_err(|error: crate::name::BadName| Problem::new(StatusCode::BAD_REQUEST, "bad_id", error.to_string()))
}
