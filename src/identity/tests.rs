mod guests;
mod issuer;
mod people;

use super::*;
use crate::{
    clock::{Clock, ManualClock},
    config::Config,
    deliver::{
        fetch::Fetcher,
        post::{Proxies, WayOut},
    },
    destination::HostRules,
    store::MemoryStore,
};

/// One that reads its settings from this text, with a source `github` and one `ci`.
fn identity(settings: &str, store: Arc<dyn Store>, clock: &Arc<ManualClock>) -> Identity {
    let rules = HostRules { allow_hosts: Vec::new(), allow_http: true, allow_private: true };
    let fetcher = Fetcher::new(&WayOut::new(Arc::new(ArcSwap::from_pointee(rules)), Proxies::None)).unwrap();
    let keys = Arc::new(Keys::new(fetcher, store.clone(), clock.clone()));
    Identity { access: Arc::new(ArcSwap::from_pointee(access(settings))), keys, store }
}

fn access(settings: &str) -> Access {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("teams-relay.toml"), settings).unwrap();
    std::fs::create_dir(folder.path().join("sources")).unwrap();
    for source in ["github", "ci"] {
        let file = folder.path().join(format!("sources/{source}.toml"));
        std::fs::write(file, "provider = \"generic\"\nverify = \"none\"").unwrap();
    }
    let (config, problems) = Config::load(folder.path(), &std::collections::BTreeMap::new());
    assert_eq!(problems, []);
    Access::of(&config)
}

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at("2026-11-26T08:00:00Z".parse().unwrap()))
}

fn reason(refused: Result<Who, Refused>) -> String {
    match refused.unwrap_err() {
        Refused::Unbelieved(why) | Refused::Over(why) => why.to_string(),
        other => other.to_string(),
    }
}
