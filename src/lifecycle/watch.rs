//! Notices that files of the config folder, and others that are named, changed, and waits until whoever writes them has finished.

use std::{ffi::OsString, path::PathBuf, time::Duration};

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::config::Config;

/// Editors and deployments write several files one after the other; a reload between two of them helps nobody.
const QUIET: Duration = Duration::from_millis(500);

/// Changes of the files that settings are read from.
pub(crate) struct Changes {
    watcher: Option<RecommendedWatcher>,
    settled: UnboundedReceiver<()>,
    followed: Vec<PathBuf>,
}

impl Changes {
    /// Follows the folders of these settings. Where files can't be watched, SIGHUP is left.
    pub(super) fn of(config: &Config) -> Self {
        Self::of_files(config, Vec::new(), QUIET)
    }

    /// Follows some files as well, and waits so long for quiet.
    pub(crate) fn of_files(config: &Config, files: Vec<PathBuf>, quiet: Duration) -> Self {
        let (tell, changed) = unbounded_channel();
        let names = files.iter().filter_map(|file| file.file_name().map(OsString::from)).collect();
        let watcher = watcher(tell, names).map_err(|_| {
            tracing::warn!("changed files are not noticed on this machine; send SIGHUP to reload");
        });
        let (settle, settled) = unbounded_channel();
        // A task of its own: whoever waits in `settled` may be called away and must not miss a change by it.
        tokio::spawn(wait_for_quiet(changed, settle, quiet));
        let mut changes = Self { watcher: watcher.ok(), settled, followed: Vec::new() };
        changes.follow(config);
        // Their folders, since an editor may put another file in a file's place.
        let folders = files.iter().filter_map(|file| std::path::absolute(file).ok()?.parent().map(PathBuf::from));
        folders.for_each(|folder| changes.follow_folder(folder, RecursiveMode::NonRecursive));
        changes
    }

    /// Whether changes can be noticed on this machine.
    pub(crate) const fn are_noticed(&self) -> bool {
        self.watcher.is_some()
    }

    /// Follows folders that have appeared since.
    pub(crate) fn follow(&mut self, config: &Config) {
        let within = |name: &str| config.folder.join(name);
        let mut folders = vec![
            (config.folder.clone(), RecursiveMode::NonRecursive),
            (within("sources"), RecursiveMode::NonRecursive),
            (within("providers"), RecursiveMode::NonRecursive),
            (within("profiles"), RecursiveMode::NonRecursive),
            (config.templates_folder.clone(), RecursiveMode::Recursive),
        ];
        if let Some(tls) = &config.server.tls {
            let files = [&tls.cert, &tls.key];
            folders.extend(
                files.iter().filter_map(|file| {
                    Some((config.folder.join(file).parent()?.to_owned(), RecursiveMode::NonRecursive))
                }),
            );
        }
        for (folder, mode) in folders {
            self.follow_folder(folder, mode);
        }
    }

    fn follow_folder(&mut self, folder: PathBuf, mode: RecursiveMode) {
        let Some(watcher) = &mut self.watcher else { return };
        if folder.is_dir() && !self.followed.contains(&folder) && watcher.watch(&folder, mode).is_ok() {
            self.followed.push(folder);
        }
    }

    /// Returns when something changed and nothing has changed since for a moment. May be dropped and called again.
    pub(crate) async fn settled(&mut self) {
        if self.settled.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
    }
}

async fn wait_for_quiet(mut changed: UnboundedReceiver<()>, settle: UnboundedSender<()>, quiet: Duration) {
    while changed.recv().await.is_some() {
        while let Ok(Some(())) = tokio::time::timeout(quiet, changed.recv()).await {}
        if settle.send(()).is_err() {
            return;
        }
    }
}

/// `files`: names that matter beside those of settings.
fn watcher(tell: UnboundedSender<()>, files: Vec<OsString>) -> notify::Result<RecommendedWatcher> {
    notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        let Ok(event) = event else { return };
        // Reading is no change, and neither is what the store does beside the settings.
        let is_setting = |path: &PathBuf| {
            if path.file_name().is_some_and(|name| files.iter().any(|file| file == name)) {
                return true;
            }
            let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            // A folder that appears; and the link that Kubernetes turns to replace a whole mounted folder.
            let is_folder = matches!(name, "sources" | "providers" | "profiles" | "templates" | "..data");
            is_folder || matches!(ending, "toml" | "hbs" | "json" | "pem" | "crt" | "key")
        };
        let matters = !event.kind.is_access() && event.paths.iter().any(is_setting);
        if matters && tell.send(()).is_err() {
            tracing::debug!("nobody waits for changes any more");
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_change_is_not_missed_by_whoever_is_called_away_while_it_settles() {
        let (tell, changed) = unbounded_channel();
        let (settle, settled) = unbounded_channel();
        tokio::spawn(wait_for_quiet(changed, settle, Duration::from_millis(1)));
        let mut changes = Changes { watcher: None, settled, followed: Vec::new() };
        tell.send(()).unwrap();
        // As the watchdog calls away.
        while tokio::time::timeout(Duration::from_micros(1), changes.settled()).await.is_err() {}
    }
}
