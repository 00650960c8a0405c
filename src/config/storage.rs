//! `[store]`: where events are kept, how long, how much room they may take, and what seals the secrets beside them.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{
    duration::Span,
    problem::Problem,
    secret::{Places, SecretSpecs},
    size::Size,
};
use crate::seal::{Key, Seal};

/// The least `max_size`: the engine's journals and the parts of its files that are being written anew take some hundred
/// megabytes of it, however few events there are.
pub(super) const LEAST: Size = Size::megabytes(500);

/// The store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Storage {
    /// Its folder.
    pub path: PathBuf,
    /// How long settled events are kept. Repeats of a delivery id are known for as long.
    pub retain: Span,
    /// How long events with a dead letter are kept.
    pub retain_dead: Span,
    /// How large its folder may grow on disk; none: as large as the disk lets it.
    pub max_size: Option<Size>,
    /// How much must stay free on the file system that it is on.
    pub min_free: Size,
    /// What seals webhook URLs and captured secrets in it.
    pub seal: Seal,
}

/// The section as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Section {
    path: PathBuf,
    retain: Span,
    retain_dead: Span,
    max_size: Option<Size>,
    min_free: Size,
    key: SecretSpecs,
}

impl Default for Section {
    fn default() -> Self {
        Self {
            path: "data".into(),
            retain: Span::seconds(7 * 86_400),
            retain_dead: Span::seconds(30 * 86_400),
            max_size: None,
            min_free: Size::megabytes(256),
            key: SecretSpecs::default(),
        }
    }
}

impl Section {
    /// With its keys fetched and its path made relative to where the daemon runs; `file` names where the key stands.
    pub(super) fn resolve(
        self,
        folder: &Path,
        places: &Places<'_>,
        file: &str,
        problems: &mut Vec<Problem>,
    ) -> Storage {
        let mut keys = Vec::new();
        for text in self.key.resolve(places, file, "store.key", problems) {
            match Key::parse(&text) {
                Ok(key) => keys.push(key),
                Err(bad) => {
                    let cure = "use 32 random bytes as base64 or hex, as `teams-relay key new` prints them";
                    problems.push(Problem::new(file, "store.key", bad.to_string(), cure));
                }
            }
        }
        let Self { path, retain, retain_dead, max_size, min_free, .. } = self;
        Storage { path: folder.join(path), retain, retain_dead, max_size, min_free, seal: Seal::new(keys) }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::config::Config;

    #[test]
    fn keys_are_fetched_and_what_is_no_key_is_told_and_not_quoted() {
        let folder = tempfile::tempdir().unwrap();
        let (new, old) = (Key::random().unwrap(), Key::random().unwrap());
        std::fs::write(folder.path().join("old"), format!("{}\n", old.expose())).unwrap();
        let write = |first: &str| {
            let text = format!("[store]\nkey = [\"{first}\", {{ file = \"old\" }}]");
            std::fs::write(folder.path().join("teams-relay.toml"), text).unwrap();
            Config::load(folder.path(), &BTreeMap::new())
        };
        let (config, problems) = write(new.expose());
        assert_eq!(problems, []);
        assert_eq!(config.store.seal, Seal::new(vec![Key::parse(&new).unwrap(), Key::parse(&old).unwrap()]));
        assert!(!format!("{config:?}").contains(new.expose()));
        let (_, problems) = write("hunter2");
        assert_eq!(
            problems[0].to_string(),
            "teams-relay.toml: store.key: is 7 characters that are no key; use 32 random bytes as base64 or hex, as `teams-relay key new` prints them"
        );
    }
    #[test]
    fn sizes_are_read_and_one_that_holds_next_to_nothing_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let load = |text: &str| {
            std::fs::write(folder.path().join("teams-relay.toml"), format!("[store]\n{text}")).unwrap();
            Config::load(folder.path(), &BTreeMap::new())
        };
        let (config, problems) = load("max_size = \"10GB\"\nmin_free = 0");
        assert_eq!(problems, []);
        assert_eq!((config.store.max_size, config.store.min_free), (Some(Size(10_000_000_000)), Size(0)));
        let problem = |text| load(text).1.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        assert_eq!(
            problem("max_size = \"10MB\""),
            "teams-relay.toml: store.max_size: is 10MB, too little to work in; make it 500MB at least"
        );
        assert_eq!(
            problem("max_size = \"ten\""),
            "teams-relay.toml: store.max_size: `ten` is no number of bytes; write it as \"500MB\", \"10GB\", \"64MiB\" or a number"
        );
        assert_eq!(
            problem("min_free = -1"),
            "teams-relay.toml: store.min_free: it is no number of bytes; write it as \"500MB\", \"10GB\" or a number"
        );
    }
}
