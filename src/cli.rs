//! The commands of `teams-relay`: arguments in, text out, an exit code at the end.

mod app_package;
mod check;
mod client;
mod dead;
mod demo;
mod event;
mod failure;
mod interrupt;
mod invite;
mod key;
mod output;
mod payload;
mod provider;
mod reject;
mod render;
mod replay;
mod send;
mod serve;
mod subscription;
mod template;
mod transfer;

use std::{collections::BTreeMap, path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand};

use crate::config::{Config, load};
use failure::Failure;

/// Takes any webhook, proves who sent it, keeps it safe on disk and posts it to Microsoft Teams as a card.
#[derive(Debug, Parser)]
#[command(name = "teams-relay", version, propagate_version = true, arg_required_else_help = true)]
pub struct Cli {
    #[command(flatten)]
    folder: Folder,
    #[command(subcommand)]
    command: Command,
}

/// Where the settings are.
#[derive(Debug, Clone, Args)]
struct Folder {
    /// Config folder; without it $TEAMS_RELAY_CONFIG, else ./config, else /etc/teams-relay
    #[arg(long, global = true, value_name = "DIR")]
    config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the daemon
    Serve,
    /// Report every problem of settings and templates at once
    Check,
    /// Print the exact body that would be posted for a payload
    Render(render::Args),
    /// Run a relay, a stand-in Teams channel and sample senders on loopback; nothing to configure
    Demo(demo::Args),
    /// Post a payload as the source's provider would, rightly signed
    Send(send::Args),
    /// What kinds of system can post, and how each is set up
    #[command(subcommand)]
    Provider(provider::Command),
    /// What cards are made with, and a new template to begin with
    #[command(subcommand)]
    Template(template::Command),
    /// Who gets what
    #[command(subcommand)]
    Subscription(subscription::Command),
    /// Print a link with which somebody may subscribe on the relay's pages, once
    Invite(invite::Args),
    /// What came in
    #[command(subcommand)]
    Event(event::Command),
    /// What was refused, and why
    #[command(subcommand)]
    Reject(reject::Command),
    /// What was given up, and why
    #[command(subcommand)]
    Dead(dead::Command),
    /// Write the Teams app, which shows the pages on which people subscribe, as a file to upload
    AppPackage(app_package::Args),
    /// What seals the secrets in the store
    #[command(subcommand)]
    Key(key::Command),
    /// Print the whole store as JSON lines; holds webhook URLs and payloads, so keep it as a secret
    Export(transfer::ExportArgs),
    /// Take in what export printed, from standard input or a file
    Import(transfer::ImportArgs),
}

/// Runs the command that the process was started with.
pub fn run(environment: BTreeMap<String, String>) -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        // Help and version are no mistakes; clap knows which is which, and its usage errors end with 2.
        Err(error) => return output::usage(&error),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            return output::fail(&Failure::new(format!("can't start ({error})"), "raise the limit on threads"));
        }
    };
    match runtime.block_on(cli.run(environment)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => output::fail(&failure),
    }
}

impl Cli {
    async fn run(self, environment: BTreeMap<String, String>) -> Result<(), Failure> {
        let folder = load::folder(self.folder.config.as_deref(), &environment);
        match self.command {
            Command::Serve => serve::run(folder, environment).await,
            Command::Check => check::run(&folder, &environment),
            Command::Render(args) => render::run(&folder, &environment, args).await,
            Command::Demo(args) => demo::run(args).await,
            Command::Send(args) => send::run(&load_config(&folder, &environment)?, args).await,
            Command::Provider(command) => provider::run(&folder, &environment, command),
            Command::Template(command) => template::run(&folder, &environment, command),
            Command::Subscription(command) => {
                subscription::run(&client::Client::of(&folder, &environment), command).await
            }
            Command::Invite(args) => invite::run(&client::Client::of(&folder, &environment), args).await,
            Command::Event(command) => event::run(&client::Client::of(&folder, &environment), command).await,
            Command::Reject(command) => reject::run(&client::Client::of(&folder, &environment), command).await,
            Command::Dead(command) => dead::run(&client::Client::of(&folder, &environment), command).await,
            Command::AppPackage(args) => app_package::run(&folder, &environment, &args),
            Command::Key(key::Command::New) => key::new(),
            Command::Key(key::Command::Rotate) => key::rotate(&client::Client::of(&folder, &environment)).await,
            Command::Export(args) if args.is_offline() => transfer::salvage(&folder, &environment, args).await,
            Command::Export(_) => transfer::export(&client::Client::of(&folder, &environment)).await,
            Command::Import(args) => transfer::import(&client::Client::of(&folder, &environment), args).await,
        }
    }
}

/// The settings, or every problem with them.
fn load_config(folder: &std::path::Path, environment: &BTreeMap<String, String>) -> Result<Config, Failure> {
    match Config::load(folder, environment) {
        (config, problems) if problems.is_empty() => Ok(config),
        (_, problems) => Err(Failure::problems(&problems)),
    }
}
