//! From start to stop in systemd's words: READY, RELOADING, STOPPING, WATCHDOG; signals, and files that change.
//!
//! The first SIGTERM or SIGINT stops softly, the second at once. SIGHUP and changed files reload.

pub(crate) mod watch;

use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};

use sd_notify::NotifyState;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::{
    app::{App, StartError},
    clock::SystemClock,
    config::Config,
};

/// Why the daemon ended otherwise than by a signal.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// It did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// Signals can't be had.
    #[error("signals can't be listened for ({0}); run it on Linux, outside of a sandbox that forbids them")]
    Signals(std::io::Error),
    /// A part ended.
    #[error("{0}; the log says why, and systemd starts it again")]
    Failed(String),
    /// A second signal came.
    #[error("stopped by a second signal before all work in hand was finished; what was accepted is kept")]
    Forced,
}

/// Runs the daemon until a signal ends it.
///
/// # Errors
/// Why it could not start, or had to end.
pub async fn run(config: Config, environment: BTreeMap<String, String>) -> Result<(), RunError> {
    let mut signals = Signals::listen().map_err(RunError::Signals)?;
    let mut hangup = signal(SignalKind::hangup()).map_err(RunError::Signals)?;
    let folder = config.folder.clone();
    let mut changes = watch::Changes::of(&config);
    let mut app = App::start(config, Arc::new(SystemClock)).await?;
    announce(&app);
    tell(&[NotifyState::Ready, NotifyState::Status("taking webhooks")]);
    let mut watchdog = Watchdog::new();
    loop {
        tokio::select! {
            () = signals.stop() => break,
            _ = hangup.recv() => reload(&mut app, &folder, &environment, &mut changes),
            () = changes.settled() => reload(&mut app, &folder, &environment, &mut changes),
            () = watchdog.due() => watchdog.pat(&app),
            part = app.failed() => {
                tell(&[NotifyState::Stopping]);
                app.stop().await;
                return Err(RunError::Failed(part));
            }
        }
    }
    tracing::info!("stopping; what is in hand may finish");
    tell(&[NotifyState::Stopping, NotifyState::Status("finishing what is in hand")]);
    tokio::select! {
        () = app.stop() => {
            tracing::info!("stopped");
            Ok(())
        }
        () = signals.stop() => Err(RunError::Forced),
    }
}

fn announce(app: &App) {
    let accounts = app.admin.store.accounts();
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        hooks = %app.public_address,
        admin = app.admin_address.map(tracing::field::display),
        sources = app.admin.rules.load().sources.len(),
        subscriptions = app.admin.store.subscriptions().len(),
        waiting = accounts.waiting,
        "taking webhooks"
    );
    if app.admin.rules.load().sources.is_empty() {
        tracing::warn!("there are no sources; create sources/NAME.toml in the config folder");
    }
}

fn reload(app: &mut App, folder: &Path, environment: &BTreeMap<String, String>, changes: &mut watch::Changes) {
    let mut words = vec![NotifyState::Reloading];
    words.extend(NotifyState::monotonic_usec_now().ok());
    tell(&words);
    let (config, problems) = Config::load(folder, environment);
    changes.follow(&config);
    match app.reload(config, problems) {
        Ok(()) => tracing::info!("the settings were read again and are in force"),
        Err(problems) => {
            for problem in &problems {
                tracing::error!(%problem, "a problem with the new settings");
            }
            tracing::error!(problems = problems.len(), "the new settings are not in force; the old ones stay");
        }
    }
    tell(&[NotifyState::Ready]);
}

/// Tells systemd; without it there is nobody to tell.
fn tell(words: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(words) {
        tracing::debug!(kind = ?error.kind(), "systemd could not be told");
    }
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn stop(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Tells systemd that the daemon lives, twice as often as it asks for, as long as the store can be written.
struct Watchdog(Option<tokio::time::Interval>);

impl Watchdog {
    fn new() -> Self {
        let every = sd_notify::watchdog_enabled().map(|limit| (limit / 2).max(Duration::from_millis(100)));
        Self(every.map(tokio::time::interval))
    }

    async fn due(&mut self) {
        match &mut self.0 {
            Some(interval) => {
                interval.tick().await;
            }
            None => std::future::pending().await,
        }
    }

    fn pat(&self, app: &App) {
        // A store that has failed stays failed until a restart, so the watchdog is let bite.
        if app.admin.store.health().is_ok() {
            tell(&[NotifyState::Watchdog]);
        }
    }
}
