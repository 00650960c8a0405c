//! `demo`: a relay, a stand-in Teams channel in the browser and sample senders, all on loopback, nothing to configure.

mod channel;
mod preview;
mod senders;

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::Arc,
};

use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{failure::Failure, interrupt::interrupted, output};
use crate::{
    app::{App, StartError},
    clock::{Clock, SystemClock},
    config::Config,
    http::{
        connection::{self, Limits},
        entrance::Entrance,
    },
    observe::logging,
    rules::Rules,
    subscribe::Request,
};
use channel::{About, Channel, Try};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Port of the stand-in channel; the relay's own two are the next ones
    #[arg(long, value_name = "N", default_value_t = 8765, value_parser = clap::value_parser!(u16).range(1..=65533))]
    port: u16,
}

pub(super) async fn run(args: Args) -> Result<(), Failure> {
    logging::init(logging::Format::Text, "error").map_err(|error| Failure::sentence(&error.to_string()))?;
    let folder = tempfile::Builder::new().prefix("teams-relay-demo-").tempdir().map_err(|error| cant_write(&error))?;
    let ports = Ports(args.port);
    let listener = TcpListener::bind(ports.page()).await.map_err(|error| {
        let found = format!("{} can't be listened on ({})", ports.page(), error.kind());
        Failure::new(found, "stop what uses it, or choose another port with --port N")
    })?;
    write_settings(folder.path(), ports).map_err(|error| cant_write(&error))?;
    let (config, problems) = Config::load(folder.path(), &BTreeMap::new());
    if !problems.is_empty() {
        return Err(Failure::problems(&problems));
    }
    let app = App::start(config, Arc::new(SystemClock)).await.map_err(|error| match error {
        StartError::Settings(problems) => Failure::problems(&problems),
        other => Failure::new(other.to_string(), "choose other ports with --port N"),
    })?;
    for (source, channel) in [("github", "General"), ("alerts", "Alerts"), ("curl", "General")] {
        subscribe(&app, source, ports.channel_url(channel)).await?;
    }
    let about = about(folder.path(), ports);
    output::print(&greeting(&about, ports))?;
    let stopping = CancellationToken::new();
    let page = tokio::spawn(serve_pages(listener, about, app.admin.rules.load_full(), stopping.clone()));
    let senders = tokio::spawn(senders::run(app.admin.rules.load_full(), ports.hooks(), stopping.clone()));
    let interrupted = interrupted().await;
    stopping.cancel();
    app.stop().await;
    drop(tokio::join!(page, senders));
    interrupted?;
    output::line("\nThe demo has ended; nothing of it is left.")
}

/// Three ports in a row.
#[derive(Debug, Clone, Copy)]
struct Ports(u16);

impl Ports {
    fn at(self, offset: u16) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.0.saturating_add(offset)))
    }

    fn page(self) -> SocketAddr {
        self.at(0)
    }

    fn hooks(self) -> SocketAddr {
        self.at(1)
    }

    fn admin(self) -> SocketAddr {
        self.at(2)
    }

    fn channel_url(self, channel: &str) -> String {
        format!("http://{}/teams/{channel}", self.page())
    }
}

fn cant_write(error: &std::io::Error) -> Failure {
    Failure::new(
        format!("the demo's folder can't be written ({error})"),
        "free space in the folder for temporary files, or set TMPDIR",
    )
}

fn write_settings(folder: &Path, ports: Ports) -> std::io::Result<()> {
    // The demo's channel takes any number of posts; the limits of Teams would only slow the show.
    let main = format!(
        "[server]\nlisten = \"{}\"\n[admin]\nlisten = \"{}\"\n[destinations]\nallow_http = true\nallow_private = true\n\
         [quotas.workflow]\nwindows = [{{ posts = 1000, per = \"1s\" }}]\n",
        ports.hooks(),
        ports.admin()
    );
    std::fs::write(folder.join("teams-relay.toml"), main)?;
    let sources = folder.join("sources");
    std::fs::create_dir(&sources)?;
    let secret = hex::encode(rand::random::<[u8; 16]>());
    std::fs::write(sources.join("github.toml"), format!("provider = \"github\"\nsecrets = \"{secret}\"\n"))?;
    std::fs::write(sources.join("alerts.toml"), format!("provider = \"generic\"\nsecrets = \"{secret}\"\n"))?;
    std::fs::write(sources.join("curl.toml"), "provider = \"generic\"\nverify = \"none\"\n")
}

async fn subscribe(app: &App, source: &str, url: String) -> Result<(), Failure> {
    let request = Request { profile: Some("workflow".to_owned()), ..Request::new(source, url) };
    let added = app.admin.subscriptions.add(request).await;
    added.map(|_| ()).map_err(|error| Failure::sentence(&error.to_string()))
}

fn about(folder: &Path, ports: Ports) -> About {
    let program = std::env::args().next().unwrap_or_else(|| "teams-relay".to_owned());
    let hooks = ports.hooks();
    let payload = json!({"title": "Hello from curl", "status": "success", "url": "https://example.com/"});
    About {
        hooks: format!("http://{hooks}/hooks/curl"),
        commands: vec![
            Try {
                title: "Post any JSON".to_owned(),
                command: format!("curl -H 'Content-Type: application/json' -d '{payload}' http://{hooks}/hooks/curl"),
            },
            Try {
                title: "Post a file as GitHub would, signed".to_owned(),
                command: format!(
                    "{program} send --config {} --source github --payload templates/github/samples/push.json",
                    folder.display()
                ),
            },
        ],
    }
}

fn greeting(about: &About, ports: Ports) -> String {
    let mut text = format!(
        "A relay, a stand-in Teams channel and sample senders are running, all on this machine.\n\n  \
         Watch the cards arrive:  http://{}/\n  Try a template:          http://{}/preview\n  Webhooks go to:          http://{}/hooks/NAME\n  \
         Metrics:                 http://{}/metrics\n",
        ports.page(),
        ports.page(),
        ports.hooks(),
        ports.admin()
    );
    for command in &about.commands {
        text.push_str(&format!("\n{}:\n  {}\n", command.title, command.command));
    }
    text.push_str("\nCtrl-C ends it.\n");
    text
}

async fn serve_pages(listener: TcpListener, about: About, rules: Arc<Rules>, stopping: CancellationToken) {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let router = channel::router(Arc::new(Channel::new(about, clock, stopping.clone())))
        .merge(preview::router(rules.profiles.usual().clone()));
    let second = std::time::Duration::from_secs(1);
    let limits = Limits { header_timeout: 30 * second, connections: 256, grace: second };
    connection::serve_tcp(listener, router, limits, Entrance::default(), stopping).await;
}
