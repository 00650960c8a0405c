//! The settings: layered, read whole, every problem reported at once.
//!
//! Here a setting gets its type; what it means for a webhook is compiled by [`crate::rules`].

pub mod admin;
pub mod cards;
pub mod connector;
mod cross;
pub mod delivery;
pub mod destinations;
pub mod duration;
pub mod entra;
pub mod excerpt;
pub mod handshake;
pub mod header;
mod layers;
pub mod load;
pub mod log;
pub mod map;
pub mod network;
pub mod problem;
pub mod profile;
pub mod provider;
pub mod quotas;
pub mod read;
pub mod scheme;
pub mod secret;
pub mod server;
pub mod size;
pub mod source;
pub mod storage;
pub mod syntax;

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf};

use crate::{
    destination::HostRules,
    name::{EntraName, SourceName},
    secret::Secret,
};

/// All settings, defaults filled in, secrets fetched, paths made absolute or relative to where the daemon runs.
#[derive(Debug, Clone)]
pub struct Config {
    /// The config folder.
    pub folder: PathBuf,
    /// The public listener.
    pub server: server::Server,
    /// The admin listener over TCP.
    pub admin_listen: Option<SocketAddr>,
    /// The admin socket.
    pub admin_socket: PathBuf,
    /// What opens the API over TCP; with none, it stays shut.
    pub admin_token: Vec<Secret>,
    /// Who is told of destinations that fail: a subscription's id or name.
    pub admin_notify: Option<String>,
    /// The store.
    pub store: storage::Storage,
    /// Which hosts may be posted to.
    pub host_rules: HostRules,
    /// How connections to them are made.
    pub way_out: destinations::WayOut,
    /// The applications whose tokens open flows.
    pub entra: BTreeMap<EntraName, entra::Entra>,
    /// The pages on which people subscribe, where there are any.
    pub connector: Option<connector::Connector>,
    /// How cards are posted.
    pub delivery: delivery::Delivery,
    /// Allowances that differ from the profiles'.
    pub quotas: quotas::Quotas,
    /// The language of cards.
    pub cards: cards::Cards,
    /// The log.
    pub log: log::Log,
    /// The sources.
    pub sources: BTreeMap<SourceName, Source>,
    /// Provider files that override or add to those in the binary.
    pub providers: Vec<TextFile>,
    /// Profile files that override or add to those in the binary.
    pub profiles: Vec<TextFile>,
    /// Templates, samples and words that override or add to those in the binary.
    pub templates: Vec<TextFile>,
    /// Where those templates are looked for.
    pub templates_folder: PathBuf,
}

/// A source as its file says, with its secrets fetched.
#[derive(Debug, Clone)]
pub struct Source {
    /// Its name.
    pub name: SourceName,
    /// The file it stands in.
    pub file: String,
    /// What it proves itself with.
    pub secrets: Vec<Secret>,
    /// Its handshake secrets.
    pub handshake_secrets: Vec<Secret>,
    /// Whether all secrets that the file names could be had; if not, that has been told.
    pub secrets_complete: bool,
    /// The rest.
    pub spec: source::SourceSpec,
}

/// A file read as text, to be compiled by whoever knows what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextFile {
    /// Its name: without ending for settings, the path below its folder for templates.
    pub name: String,
    /// The file, for messages.
    pub place: String,
    /// What it holds.
    pub text: String,
}
