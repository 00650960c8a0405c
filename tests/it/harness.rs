//! A relay in this process, with a clock that stands still until the test moves it.

use std::{collections::BTreeMap, fs, path::Path, sync::Arc, time::Duration};

use hmac::{Hmac, KeyInit, Mac};
use reqwest::{Client, RequestBuilder, Response};
use serde_json::json;
use sha2::Sha256;
use teams_relay::{
    app::App, clock::ManualClock, config::Config, outcome::Accounts, subscribe::Request, subscription::Subscription,
};
use tempfile::TempDir;

/// The secret of the source `github`.
pub(crate) const SECRET: &str = "it-is-a-secret-for-tests";

/// What every test relay starts with; `more` of a test comes after it.
const SETTINGS: &str = r#"
[server]
listen = "127.0.0.1:0"
body_limit = 100000
body_timeout = "1s"
header_timeout = "2s"
[admin]
listen = "127.0.0.1:0"
token = "admin-token-of-the-tests"
[destinations]
allow_http = true
allow_private = true
[delivery]
timeout = "2s"
retry = ["10s", "20s", "30s"]
ttl = "1d"
[quotas.workflow]
windows = [{ posts = 5000, per = "1s" }]
[quotas.connector]
windows = [{ posts = 5000, per = "1s" }]
"#;

/// A relay.
pub(crate) struct TestRelay {
    pub(crate) app: Option<App>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) folder: Arc<TempDir>,
    pub(crate) client: Client,
}

/// Writes settings for a relay, with a source `github`, and returns the folder.
pub(crate) fn settings(more: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("teams-relay.toml"), format!("{SETTINGS}{more}")).unwrap();
    fs::create_dir(folder.path().join("sources")).unwrap();
    write_source(folder.path(), "github", &format!("provider = \"github\"\nsecrets = \"{SECRET}\""));
    folder
}

/// Writes a source's file.
pub(crate) fn write_source(folder: &Path, name: &str, text: &str) {
    fs::write(folder.join(format!("sources/{name}.toml")), text).unwrap();
}

/// The settings of a folder, which must have no problems.
pub(crate) fn load(folder: &Path) -> Config {
    let (config, problems) = Config::load(folder, &BTreeMap::new());
    assert_eq!(problems, []);
    config
}

impl TestRelay {
    /// A relay with the usual settings.
    pub(crate) async fn start() -> Self {
        Self::start_with("").await
    }

    /// A relay with further settings.
    pub(crate) async fn start_with(more: &str) -> Self {
        Self::start_in(Arc::new(settings(more))).await
    }

    /// A relay on a folder that is there.
    pub(crate) async fn start_in(folder: Arc<TempDir>) -> Self {
        let clock = Arc::new(ManualClock::at("2026-11-23T08:00:00Z".parse().unwrap()));
        let app = App::start(load(folder.path()), clock.clone()).await.unwrap();
        let client = teams_relay::deliver::post::plain_client(Duration::from_secs(10)).unwrap();
        Self { app: Some(app), clock, folder, client }
    }

    /// The running relay.
    pub(crate) fn app(&self) -> &App {
        self.app.as_ref().unwrap()
    }

    /// Stops it softly and starts it again on the same folder, at the same time of the clock.
    pub(crate) async fn restart(mut self) -> Self {
        self.app.take().unwrap().stop().await;
        let app = App::start(load(self.folder.path()), self.clock.clone()).await.unwrap();
        self.app = Some(app);
        self
    }

    /// Subscribes a URL to everything of a source.
    pub(crate) async fn subscribe(&self, source: &str, url: String) -> Arc<Subscription> {
        self.subscribe_as(source, url, "workflow").await
    }

    /// Subscribes with a profile.
    pub(crate) async fn subscribe_as(&self, source: &str, url: String, profile: &str) -> Arc<Subscription> {
        let request = Request { profile: Some(profile.to_owned()), ..Request::new(source, url) };
        self.app().admin.subscriptions.add(request).await.unwrap()
    }

    /// The address of a source.
    pub(crate) fn hook(&self, source: &str) -> String {
        format!("http://{}/hooks/{source}", self.app().public_address)
    }

    /// A POST as GitHub makes it, rightly signed.
    pub(crate) fn github(&self, event: &str, delivery: &str, body: &str) -> RequestBuilder {
        self.client
            .post(self.hook("github"))
            .header("content-type", "application/json")
            .header("x-github-event", event)
            .header("x-github-delivery", delivery)
            .header("x-hub-signature-256", sign(body.as_bytes()))
            .body(body.to_owned())
    }

    /// Posts a small push and returns the answer.
    pub(crate) async fn push(&self, delivery: &str) -> Response {
        self.github("push", delivery, &push(delivery)).send().await.unwrap()
    }

    /// What the admin listener answers to this path.
    pub(crate) async fn admin(&self, path: &str) -> String {
        let address = self.app().admin_address.unwrap();
        let request = self.client.get(format!("http://{address}{path}")).bearer_auth("admin-token-of-the-tests");
        request.send().await.unwrap().text().await.unwrap()
    }

    /// What the admin listener answers to this path, once it is as wanted.
    pub(crate) async fn admin_until(
        &self,
        path: &str,
        wanted: impl Fn(&serde_json::Value) -> bool,
    ) -> serde_json::Value {
        for _ in 0..2000 {
            let shown = serde_json::from_str(&self.admin(path).await).unwrap();
            if wanted(&shown) {
                return shown;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("{path} never was as wanted: {}", self.admin(path).await);
    }

    /// The value of a metric's series, or 0.
    pub(crate) async fn metric(&self, series: &str) -> f64 {
        let text = self.admin("/metrics").await;
        let value = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok());
        value.unwrap_or(0.0)
    }

    /// Waits until a metric's series has this value.
    pub(crate) async fn metric_is(&self, series: &str, value: f64) {
        for _ in 0..2000 {
            if (self.metric(series).await - value).abs() < f64::EPSILON {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("{series} never was {value}: {}", self.admin("/metrics").await);
    }

    /// The books, which must balance.
    pub(crate) fn accounts(&self) -> Accounts {
        let accounts = self.app().admin.store.accounts();
        assert!(accounts.balance(), "{accounts:?}");
        accounts
    }

    /// Waits until the books are as wanted.
    pub(crate) async fn accounts_are(&self, wanted: impl Fn(&Accounts) -> bool) -> Accounts {
        for _ in 0..2000 {
            let accounts = self.accounts();
            if wanted(&accounts) {
                return accounts;
            }
            // Only the store knows when a settle is done, and it tells nobody; the clock under test stands still.
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("the books never became as wanted: {:?}", self.accounts());
    }
}

impl Drop for TestRelay {
    /// Whatever a test did, everything accepted is accounted for.
    fn drop(&mut self) {
        if let (Some(app), false) = (&self.app, std::thread::panicking()) {
            let accounts = app.admin.store.accounts();
            assert!(accounts.balance(), "{accounts:?}");
        }
    }
}

/// The signature that GitHub would put in its header.
pub(crate) fn sign(body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

/// A push, with a text by which it can be told from others.
pub(crate) fn push(marker: &str) -> String {
    let person = json!({"login": "mona", "name": "mona", "html_url": "https://github.com/mona"});
    let repository = json!({
        "name": "hello", "full_name": "octo/hello", "html_url": "https://github.com/octo/hello", "default_branch": "main",
    });
    let commit = json!({
        "id": "0123456789abcdef0123456789abcdef01234567",
        "message": format!("Change {marker}"),
        "url": "https://github.com/octo/hello/commit/0123456789abcdef0123456789abcdef01234567",
        "author": {"name": "Mona", "username": "mona"},
    });
    json!({
        "ref": "refs/heads/main",
        "before": "1123456789abcdef0123456789abcdef01234567",
        "after": "0123456789abcdef0123456789abcdef01234567",
        "compare": "https://github.com/octo/hello/compare/112345678901...0123456789ab",
        "created": false, "deleted": false, "forced": false,
        "pusher": {"name": "mona"}, "sender": person, "repository": repository,
        "commits": [commit], "head_commit": commit,
    })
    .to_string()
}
