//! Whether the daemon lives, whether it takes webhooks, and its metrics.

use std::{collections::HashSet, sync::Arc};

use axum::{Json, extract::State, response::IntoResponse};
use http::{StatusCode, header};
use serde_json::json;

use super::Admin;
use crate::{lane::quota::GroupKey, standing, store::StoreError};

/// Answers as long as the process does.
pub async fn healthz() -> &'static str {
    "ok\n"
}

/// 200 if webhooks are taken, 503 with the reasons if not.
pub async fn readyz(State(admin): State<Arc<Admin>>) -> impl IntoResponse {
    let mut reasons = Vec::new();
    if !admin.ready.get() {
        reasons.push("starting or stopping".to_owned());
    }
    if let Err(error) = admin.store.health() {
        reasons.push(error.to_string());
    }
    if let Some(why) = admin.store.room().full {
        reasons.push(StoreError::Full { why }.to_string());
    }
    let status = if reasons.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(json!({ "ready": reasons.is_empty(), "reasons": reasons })))
}

/// Prometheus' text format. What can be read off the store is read now, not kept up to date all day.
pub async fn metrics(State(admin): State<Arc<Admin>>) -> impl IntoResponse {
    let now = admin.clock.now();
    let (waiting, oldest) = admin.store.queue();
    let age = oldest.map_or(0.0, |at| now.duration_since(at).as_secs_f64().max(0.0));
    admin.metrics.queue(waiting, age);
    admin.metrics.accounts(admin.store.accounts());
    let room = admin.store.room();
    admin.metrics.room(room.used, room.free, room.full.is_some());
    show_quotas(&admin);
    show_standings(&admin);
    show_slowed_down(&admin);
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], admin.metrics.render())
}

fn show_standings(admin: &Admin) {
    let subscriptions = admin.store.subscriptions();
    let lanes: HashSet<_> = subscriptions.iter().map(|one| one.destination.id()).collect();
    let states: Vec<standing::State> =
        lanes.iter().map(|lane| admin.store.standing(*lane).map(|one| one.state).unwrap_or_default()).collect();
    for state in standing::State::ALL {
        admin.metrics.destinations(state, states.iter().filter(|one| **one == state).count());
    }
}

fn show_slowed_down(admin: &Admin) {
    let counts = admin.ingest.slowdown.count();
    for source in admin.rules.load().sources.keys() {
        admin.metrics.slowed_down(source, counts.get(source).copied().unwrap_or(0));
    }
}

fn show_quotas(admin: &Admin) {
    let now = admin.clock.steady();
    let rules = admin.rules.load();
    let mut shown = HashSet::new();
    for subscription in admin.store.subscriptions() {
        let group = GroupKey::of(&subscription.destination);
        if !shown.insert(group.clone()) {
            continue;
        }
        for (window, posts) in admin.quotas.remaining(&group, rules.windows(&subscription.destination), now) {
            admin.metrics.quota_remaining(group.to_string(), window.per.to_string(), posts);
        }
    }
}
