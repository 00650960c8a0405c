//! Builds the whole from the settings, and stops it again: the only file that names every part.

mod descriptors;
mod listen;
mod refused;
mod room;
mod settings;
mod sweep;
mod watch;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{
    admin::{self, Admin, Ready},
    clock::Clock,
    config::{Config, problem::Problem},
    connector::{self, Allowances, Connector, Turns},
    deliver::{
        fetch::Fetcher,
        post::{Poster, PosterError, Proxies, WayOut},
    },
    dispatch::{Dispatch, cards::Cards, course::Courses, lines::Lines},
    http::{
        connection::{self, Limits},
        entrance::Entrance,
        hooks::{self, Hooks},
        refusal_log::RefusalLog,
        tls::{BadCertificate, Certificate},
    },
    identity::Identity,
    ingest::Ingest,
    keys::Keys,
    lane::{Lanes, quota::Quotas, woken::Woken},
    observe::metrics::Metrics,
    reject::Rejects,
    route::Subscribers,
    rules::Rules,
    slowdown::Slowdown,
    store::{Bounds, EmbeddedStore, Store, StoreError},
    subscribe::Subscriptions,
};
use descriptors::{Shares, TooFew};
use listen::BadListener;
use settings::Settings;

/// How long requests and posts in hand may take to finish when the daemon stops. systemd waits 90 s by default.
const GRACE: Duration = Duration::from_secs(20);

/// A running relay.
#[derive(Debug)]
pub struct App {
    /// Where webhooks are taken.
    pub public_address: SocketAddr,
    /// Where health, metrics and the API are, if over TCP.
    pub admin_address: Option<SocketAddr>,
    /// The parts.
    pub admin: Arc<Admin>,
    settings: Settings,
    certificate: Option<Arc<Certificate>>,
    shares: Shares,
    lanes: Lanes,
    stopping: CancellationToken,
    tasks: JoinSet<&'static str>,
}

/// Why the relay can't start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The settings.
    #[error("the settings have problems")]
    Settings(Vec<Problem>),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The HTTP client.
    #[error("{0}; reinstall, or report it")]
    Poster(#[from] PosterError),
    /// Files that it may have open.
    #[error(transparent)]
    Descriptors(#[from] TooFew),
    /// An address or socket.
    #[error(transparent)]
    Listener(#[from] BadListener),
    /// The certificate.
    #[error(transparent)]
    Certificate(#[from] BadCertificate),
}

impl App {
    /// Starts everything; when it returns, webhooks are taken and lanes with waiting work run.
    ///
    /// # Errors
    /// What stands in the way, with the cure; then nothing is left running.
    pub async fn start(config: Config, clock: Arc<dyn Clock>) -> Result<Self, StartError> {
        let rules = Rules::compile(&config).map_err(StartError::Settings)?;
        let certificate = match &config.server.tls {
            Some(tls) => {
                Some(Arc::new(Certificate::load(&config.folder.join(&tls.cert), &config.folder.join(&tls.key))?))
            }
            None => None,
        };
        let shares = Shares::of(&config)?;
        let listeners = listen::open(&config)?;
        let store: Arc<dyn Store> = Arc::new(open_store(&config).await?);
        let quotas = restore_quotas(&*store, &*clock).await?;
        let settings = Settings::new(config, rules);
        let woken = Arc::new(Woken::default());
        let own = [Some(listeners.public_address), listeners.admin_address].into_iter().flatten().collect();
        let parts = Parts::build(&settings, own, store, quotas, clock, woken.clone())?;
        let mut app = Self {
            public_address: listeners.public_address,
            admin_address: listeners.admin_address,
            lanes: parts.lanes(shares.posts),
            admin: parts.admin,
            settings,
            certificate,
            shares,
            stopping: CancellationToken::new(),
            tasks: JoinSet::new(),
        };
        app.warn_of_open_sources();
        app.admin.dispatch.remember();
        app.admin.subscriptions.refresh();
        app.admin.subscriptions.warn_of_lost_looks();
        app.warn_of_lost_notify();
        app.know_captured();
        app.serve(listeners);
        app.tasks.spawn(watch::run(app.admin.clone(), app.lanes.clone(), woken, app.stopping.clone()));
        app.tasks.spawn(room::run(app.admin.clone(), app.stopping.clone()));
        app.tasks.spawn(sweep::run(app.admin.clone(), app.settings.config.store.clone(), app.stopping.clone()));
        app.admin.metrics.reloaded(true);
        app.admin.ready.set(true);
        Ok(app)
    }

    fn serve(&mut self, listeners: listen::Listeners) {
        let server = &self.settings.config.server;
        let limits = |connections| Limits { header_timeout: server.header_timeout.0, connections, grace: GRACE };
        let log = Arc::new(RefusalLog::default());
        self.tasks.spawn(refused::run(self.admin.clone(), log.clone(), self.stopping.clone()));
        let proxies = self.settings.proxies.clone();
        let entrance = Entrance {
            introduced_by: server.proxy_protocol.then(|| proxies.clone()),
            certificate: self.certificate.clone(),
        };
        let (ingest, rejects) = (self.admin.ingest.clone(), self.admin.rejects.clone());
        let hooks = Hooks { ingest, limits: self.settings.body_limits.clone(), proxies, rejects, log };
        let router = hooks::router(hooks).merge(connector::router(self.connector()));
        let (public, stopping) = (limits(self.shares.connections), self.stopping.clone());
        self.tasks.spawn(async move {
            connection::serve_tcp(listeners.public, router, public, entrance, stopping).await;
            "the public listener"
        });
        let few = limits(self.shares.admin);
        if let Some(listener) = listeners.admin {
            let (router, few, stopping) = (admin::tcp_router(self.admin.clone()), few.clone(), self.stopping.clone());
            self.tasks.spawn(async move {
                connection::serve_tcp(listener, router, few, Entrance::default(), stopping).await;
                "the admin listener"
            });
        }
        let (router, stopping) = (admin::socket_router(self.admin.clone()), self.stopping.clone());
        self.tasks.spawn(async move {
            connection::serve_unix(listeners.socket, router, few, stopping).await;
            "the admin socket"
        });
    }

    fn connector(&self) -> Arc<Connector> {
        let admin = &self.admin;
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

    fn know_captured(&self) {
        self.admin.ingest.keys.know(self.settings.rules.load().sources.keys());
    }

    fn warn_of_lost_notify(&self) {
        let rules = self.settings.rules.load();
        if let (Some(wanted), None) = (&rules.notify, self.admin.dispatch.told()) {
            tracing::warn!(wanted, "`admin.notify` names no subscription; nobody is told of destinations that fail");
        }
    }

    fn warn_of_open_sources(&self) {
        for source in self.settings.rules.load().sources.values().filter(|source| source.verifier.is_none()) {
            tracing::warn!(source = %source.name, "verify = \"none\": whoever knows the address is believed");
        }
    }

    /// Puts new settings in force at once, or none of them. Listeners and the store keep what they started with.
    ///
    /// # Errors
    /// Every problem of the new settings; the old ones stay in force.
    pub fn reload(&mut self, config: Config, mut problems: Vec<Problem>) -> Result<(), Vec<Problem>> {
        let compiled = Rules::compile(&config).map_err(|more| problems.extend(more));
        // Last, and only if nothing else is wrong, since a certificate that is read is in force.
        if problems.is_empty()
            && let (Some(certificate), Some(tls)) = (&self.certificate, &config.server.tls)
            && let Err(bad) = certificate.reload(&config.folder.join(&tls.cert), &config.folder.join(&tls.key))
        {
            problems.push(Problem::new("server.tls", "", bad.to_string(), "mend the files; the old certificate stays"));
        }
        self.admin.metrics.reloaded(problems.is_empty());
        match compiled {
            Ok(rules) if problems.is_empty() => {
                self.settings.replace(config, rules);
                refused::begin_anew(&self.admin);
                self.warn_of_open_sources();
                self.admin.subscriptions.warn_of_lost_looks();
                self.warn_of_lost_notify();
                self.know_captured();
                // A lane may rest until a time that other settings no longer ask for.
                for lane in self.admin.store.lanes() {
                    self.lanes.wake(lane);
                }
                Ok(())
            }
            _ => Err(problems),
        }
    }

    /// Waits until a part ends that should not, and says which.
    pub async fn failed(&mut self) -> String {
        match self.tasks.join_next().await {
            Some(Ok(part)) => format!("{part} ended"),
            Some(Err(_)) => "a part of the daemon panicked".to_owned(),
            None => "every part of the daemon ended".to_owned(),
        }
    }

    /// Takes no more webhooks, lets requests and posts in hand finish within a bound, and closes the store.
    pub async fn stop(mut self) {
        self.admin.ready.set(false);
        self.stopping.cancel();
        let cut = self.lanes.stop(GRACE).await;
        if cut > 0 {
            tracing::warn!(posts = cut, "some posts did not end in time; they will be made again after the restart");
        }
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(GRACE + Duration::from_secs(5), ended).await.is_err() {
            tracing::warn!("some parts did not end in time and are cut");
        }
    }
}

async fn open_store(config: &Config) -> Result<EmbeddedStore, StoreError> {
    let (path, seal) = (config.store.path.clone(), config.store.seal.clone());
    if seal.key().is_none() {
        tracing::warn!(
            "store.key is not set: whoever can read the store's files or a backup of them can post to every subscribed channel; `teams-relay key new` makes a key"
        );
    }
    let bounds = Bounds { max_size: config.store.max_size, min_free: config.store.min_free };
    let opened = tokio::task::spawn_blocking(move || EmbeddedStore::open_bounded(&path, seal, bounds)).await;
    opened.unwrap_or_else(|_| Err(StoreError::Failed { why: "opening it panicked".to_owned() }))
}

/// The quotas, as far as they were used before the restart. What is as good as new is forgotten.
async fn restore_quotas(store: &dyn Store, clock: &dyn Clock) -> Result<Arc<Quotas>, StoreError> {
    let quotas = Arc::new(Quotas::default());
    let (whole, used): (Vec<_>, Vec<_>) =
        store.usages().await?.into_iter().partition(|usage| usage.is_over(clock.steady()));
    quotas.restore(&used, clock.steady());
    if !whole.is_empty() {
        store.forget_usages(whole.into_iter().map(|usage| usage.group).collect()).await?;
    }
    Ok(quotas)
}

fn way_out(settings: &Settings, own: Vec<SocketAddr>) -> WayOut {
    let config = &settings.config.way_out;
    let proxies = match config.proxy.clone() {
        Some(proxy) => Proxies::Fixed { url: proxy.url, except: proxy.except },
        None => Proxies::Environment,
    };
    WayOut { ca: config.ca.clone(), own, ..WayOut::new(settings.host_rules.clone(), proxies) }
}

struct Parts {
    admin: Arc<Admin>,
}

impl Parts {
    fn build(
        settings: &Settings,
        own: Vec<SocketAddr>,
        store: Arc<dyn Store>,
        quotas: Arc<Quotas>,
        clock: Arc<dyn Clock>,
        woken: Arc<Woken>,
    ) -> Result<Self, PosterError> {
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
        let admin = Arc::new(Admin {
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
        });
        Ok(Self { admin })
    }

    fn lanes(&self, concurrency: usize) -> Lanes {
        let dispatch = self.admin.dispatch.clone();
        let step = move |lane| {
            let dispatch = dispatch.clone();
            async move { dispatch.step(lane).await }
        };
        Lanes::new(self.admin.clock.clone(), concurrency, step)
    }
}
