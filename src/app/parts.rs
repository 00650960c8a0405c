//! Makes the parts from the settings and joins them: no part knows who else holds what it holds.

use std::{net::SocketAddr, sync::Arc};

use arc_swap::ArcSwap;

use super::settings::Settings;
use crate::{
    admin::{Admin, Ready},
    clock::Clock,
    connector::{Allowances, Connector, Turns},
    deliver::{
        fetch::Fetcher,
        post::{Poster, PosterError, Proxies, WayOut},
    },
    dispatch::{Dispatch, cards::Cards, course::Courses, lines::Lines},
    identity::Identity,
    ingest::Ingest,
    keys::Keys,
    lane::{Lanes, quota::Quotas, woken::Woken},
    observe::metrics::Metrics,
    reject::Rejects,
    route::Subscribers,
    slowdown::Slowdown,
    store::Store,
    subscribe::Subscriptions,
};

/// All parts of a relay, each told of those that it needs.
pub(super) fn build(
    settings: &Settings,
    own: Vec<SocketAddr>,
    store: Arc<dyn Store>,
    quotas: Arc<Quotas>,
    clock: Arc<dyn Clock>,
    woken: Arc<Woken>,
) -> Result<Arc<Admin>, PosterError> {
    let rules = settings.rules.clone();
    let metrics = Arc::new(Metrics::new());
    let subscribers = Arc::new(ArcSwap::from_pointee(Subscribers::default()));
    let courses = Arc::new(Courses::default());
    let way = way_out(settings, own);
    let keys = Arc::new(Keys::new(Fetcher::new(&way)?, store.clone(), clock.clone()));
    let access = settings.access.clone();
    let identity = Arc::new(Identity { access, keys: keys.clone(), store: store.clone() });
    let ingest = Arc::new(Ingest {
        rules: rules.clone(),
        subscribers: subscribers.clone(),
        slowdown: Slowdown::default(),
        store: store.clone(),
        keys,
        woken: woken.clone(),
        metrics: metrics.clone(),
        clock: clock.clone(),
    });
    let dispatch = Arc::new(Dispatch {
        rules: rules.clone(),
        store: store.clone(),
        quotas: quotas.clone(),
        poster: Poster::new(&way, clock.clone())?,
        cards: Cards::new(metrics.clone()),
        lines: Lines::default(),
        courses: courses.clone(),
        metrics: metrics.clone(),
        woken: woken.clone(),
        clock: clock.clone(),
    });
    let subscriptions = Arc::new(Subscriptions {
        rules: rules.clone(),
        subscribers,
        store: store.clone(),
        courses,
        woken,
        changing: tokio::sync::Mutex::default(),
        clock: clock.clone(),
    });
    let (tokens, ready, rejects) = (settings.tokens.clone(), Ready::default(), Arc::new(Rejects::default()));
    Ok(Arc::new(Admin {
        rules,
        tokens,
        subscriptions,
        ingest,
        identity,
        dispatch,
        rejects,
        quotas,
        store,
        metrics,
        clock,
        ready,
    }))
}

/// The pages on which people subscribe.
pub(super) fn connector(admin: &Admin) -> Arc<Connector> {
    Arc::new(Connector {
        rules: admin.rules.clone(),
        identity: admin.identity.clone(),
        subscriptions: admin.subscriptions.clone(),
        dispatch: admin.dispatch.clone(),
        quotas: admin.quotas.clone(),
        store: admin.store.clone(),
        allowances: Allowances::default(),
        turns: Turns::default(),
        clock: admin.clock.clone(),
    })
}

/// The workers of the way out, of which so many post at once.
pub(super) fn lanes(admin: &Admin, concurrency: usize) -> Lanes {
    let dispatch = admin.dispatch.clone();
    let step = move |lane| {
        let dispatch = dispatch.clone();
        async move { dispatch.step(lane).await }
    };
    Lanes::new(admin.clock.clone(), concurrency, step)
}

fn way_out(settings: &Settings, own: Vec<SocketAddr>) -> WayOut {
    let config = &settings.config.way_out;
    let proxies = match config.proxy.clone() {
        Some(proxy) => Proxies::Fixed { url: proxy.url, except: proxy.except },
        None => Proxies::Environment,
    };
    WayOut { ca: config.ca.clone(), own, ..WayOut::new(settings.host_rules.clone(), proxies) }
}
