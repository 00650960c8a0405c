//! Starts the whole from the settings, reloads it and stops it again; `parts` makes what it is made of.

mod descriptors;
mod listen;
mod parts;
mod refused;
mod room;
mod settings;
mod sweep;
mod watch;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{
    admin::{self, Admin},
    clock::Clock,
    config::{Config, problem::Problem},
    connector,
    deliver::post::PosterError,
    http::{
        connection::{self, Limits},
        entrance::Entrance,
        hooks::{self, Hooks},
        refusal_log::RefusalLog,
        tls::{BadCertificate, Certificate},
    },
    lane::{Lanes, quota::Quotas, woken::Woken},
    rules::Rules,
    store::{Bounds, EmbeddedStore, Store, StoreError},
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
        let admin = parts::build(&settings, own, store, quotas, clock, woken.clone())?;
        let mut app = Self {
            public_address: listeners.public_address,
            admin_address: listeners.admin_address,
            lanes: parts::lanes(&admin, shares.posts),
            admin,
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
        let router = hooks::router(hooks).merge(connector::router(parts::connector(&self.admin)));
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
