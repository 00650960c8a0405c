//! The relay as it is shipped, on a folder of its own.

use std::{
    fs::{self, File},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
};

use teams_relay::{
    destination::{Destination, WebhookUrl},
    name::SubscriptionId,
    store::{EmbeddedStore, Store},
    subscription::{Look, Restraint, Subscription},
};
use tempfile::TempDir;

use crate::{
    load::SECRET,
    process::{Process, free_port, wait_for},
};

/// A folder with settings and a store.
pub(crate) struct Home {
    folder: TempDir,
    pub(crate) hooks: SocketAddr,
}

/// What quotas let through.
#[derive(Clone, Copy)]
pub(crate) enum Quotas {
    /// As many as come.
    Lifted,
    /// One post, and then nothing for a long time: all the rest waits.
    Shut,
}

impl Home {
    pub(crate) fn new(quotas: Quotas) -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let hooks = free_port();
        let window = match quotas {
            Quotas::Lifted => "posts = 4000000, per = \"1s\"",
            Quotas::Shut => "posts = 1, per = \"1d\"",
        };
        let settings = format!(
            "[server]\nlisten = \"{hooks}\"\n[admin]\nlisten = \"{}\"\ntoken = \"invented-token-of-the-bench\"\n\
             [destinations]\nallow_http = true\nallow_private = true\n[delivery]\nttl = \"30d\"\ndigest_after = \"1h\"\n\
             [quotas.workflow]\nwindows = [{{ {window} }}]\n",
            free_port(),
        );
        fs::write(folder.path().join("teams-relay.toml"), settings).unwrap();
        fs::create_dir(folder.path().join("sources")).unwrap();
        let home = Self { folder, hooks };
        home.add_source("github");
        home
    }

    pub(crate) fn add_source(&self, name: &str) {
        let text = format!("provider = \"github\"\nsecrets = \"{SECRET}\"\n");
        fs::write(self.folder.path().join(format!("sources/{name}.toml")), text).unwrap();
    }

    pub(crate) fn store_path(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The store, while no relay runs on it.
    pub(crate) fn store(&self) -> EmbeddedStore {
        EmbeddedStore::open(&self.store_path()).unwrap()
    }

    /// Starts the relay and waits until it listens.
    pub(crate) fn start(&self) -> Process {
        let log = File::create(Path::new(env!("CARGO_TARGET_TMPDIR")).join("relay.log")).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_teams-relay"));
        command.env_clear().arg("serve").arg("--config").arg(self.folder.path());
        let process = Process(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap());
        wait_for(self.hooks);
        process
    }
}

/// A subscription of everything of a source but for `change`.
pub(crate) fn subscription(url: String, change: impl FnOnce(&mut Subscription)) -> Subscription {
    let now = jiff::Timestamp::now();
    let (url, profile) = (WebhookUrl::stored(url), "workflow".parse().unwrap());
    let destination = Destination { url, profile, quota_group: None, headers: Vec::new(), entra: None };
    let mut subscription = Subscription {
        id: SubscriptionId::new(now),
        name: None,
        source: "github".parse().unwrap(),
        events: Vec::new(),
        filter: None,
        destination,
        look: Look::default(),
        restraint: Restraint::default(),
        asked: None,
        paused_at: None,
        created_at: now,
    };
    change(&mut subscription);
    subscription
}

/// Puts subscriptions into the store of a home.
pub(crate) fn subscribe(home: &Home, subscriptions: impl IntoIterator<Item = Subscription>) {
    let store = Arc::new(home.store());
    crate::runtime().block_on(async {
        let puts = subscriptions.into_iter().map(|one| {
            let store = store.clone();
            tokio::spawn(async move { store.put_subscription(one).await.unwrap() })
        });
        for put in puts.collect::<Vec<_>>() {
            put.await.unwrap();
        }
    });
}
