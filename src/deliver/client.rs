//! The clients of the way out: which addresses they connect to, through which proxy, and whose certificates they trust.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use hyper_util::client::proxy::matcher::Matcher;
use reqwest::{Client, ClientBuilder};
use rustls_pki_types::CertificateDer;
use url::{Host, Url};

use super::guard::{Barred, Guard, Lookup, proxy_hosts, system_lookup};
use crate::{destination::HostRules, secret::Secret};

/// What is told to destinations about who posts.
const USER_AGENT: &str = concat!("teams-relay/", env!("CARGO_PKG_VERSION"));

/// Whether posts may go through a proxy.
#[derive(Debug, Clone, Default)]
pub enum Proxies {
    /// As `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` say, in capitals or not.
    #[default]
    Environment,
    /// Never.
    None,
    /// Through this one, whatever the environment says.
    Fixed {
        /// Its URL, which may hold a password.
        url: Secret,
        /// Hosts that are reached without it, as in `NO_PROXY`.
        except: Vec<String>,
    },
}

/// Why posting can't be set up.
#[derive(Debug, thiserror::Error)]
pub enum PosterError {
    /// The TLS library refused its own defaults.
    #[error("TLS can't be set up")]
    Tls(#[from] rustls::Error),
    /// The HTTP client refused its settings.
    #[error("the HTTP client can't be set up")]
    Client(#[source] reqwest::Error),
}

/// How the way out is made.
#[derive(Clone)]
pub struct WayOut {
    /// Where posts may go, as the settings say now.
    pub rules: Arc<ArcSwap<HostRules>>,
    /// Through whom.
    pub proxies: Proxies,
    /// CAs that are trusted beside the machine's.
    pub ca: Vec<CertificateDer<'static>>,
    /// Where the relay itself listens: nothing is posted there, whatever the rules say.
    pub own: Vec<SocketAddr>,
    /// How names become addresses.
    pub lookup: Lookup,
}

impl WayOut {
    /// By these rules, and otherwise without anything of its own.
    pub fn new(rules: Arc<ArcSwap<HostRules>>, proxies: Proxies) -> Self {
        Self { rules, proxies, ca: Vec::new(), own: Vec::new(), lookup: system_lookup() }
    }
}

/// Clients that follow no redirect and connect to no address that is barred.
#[derive(Debug, Clone)]
pub(super) struct Clients {
    usual: Client,
    /// For URLs with a port that the relay listens on: names that lead to this machine are barred too.
    wary: Client,
    guard: Guard,
}

impl Clients {
    pub(super) fn new(way: &WayOut) -> Result<Self, PosterError> {
        let names = match &way.proxies {
            Proxies::Environment => proxy_hosts(&Matcher::from_system()),
            Proxies::None => Vec::new(),
            Proxies::Fixed { url, .. } => {
                let url = Url::parse(url.expose()).ok();
                url.and_then(|url| url.host_str().map(str::to_owned)).into_iter().collect()
            }
        };
        let guard = Guard::new(way.rules.clone(), names, way.own.clone(), way.lookup.clone());
        let client = |guard: Guard| guarded(guard, way)?.build().map_err(PosterError::Client);
        Ok(Self { usual: client(guard.clone())?, wary: client(guard.clone().wary())?, guard })
    }

    /// The client for a URL. Names are looked at when they resolve; what the text tells is looked at here.
    pub(super) fn of(&self, url: &Url) -> Result<&Client, Barred> {
        let port = url.port_or_known_default().unwrap_or_default();
        if !self.guard.listens_on(port) {
            return Ok(&self.usual);
        }
        let address = match url.host() {
            Some(Host::Ipv4(v4)) => Some(v4.into()),
            Some(Host::Ipv6(v6)) => Some(v6.into()),
            _ => None,
        };
        match address {
            Some(address) if self.guard.is_own(address) => Err(Barred::Own { host: address.to_string() }),
            _ => Ok(&self.wary),
        }
    }

    #[cfg(test)]
    pub(super) fn guard(&self) -> Guard {
        self.guard.clone()
    }

    /// Whether this is the name of a proxy, which is no destination.
    pub(super) fn is_proxy(&self, host: &str) -> bool {
        self.guard.is_proxy(host)
    }
}

fn guarded(guard: Guard, way: &WayOut) -> Result<ClientBuilder, PosterError> {
    let client = Client::builder()
        .tls_backend_preconfigured(super::tls::client_config(&way.ca)?)
        .dns_resolver(Arc::new(guard))
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .user_agent(USER_AGENT);
    Ok(match &way.proxies {
        Proxies::Environment => client,
        Proxies::None => client.no_proxy(),
        Proxies::Fixed { url, except } => {
            let proxy = reqwest::Proxy::all(url.expose()).map_err(PosterError::Client)?;
            client.proxy(proxy.no_proxy(reqwest::NoProxy::from_string(&except.join(","))))
        }
    })
}

/// A client without the guard, for `send`, whose user names the address.
///
/// # Errors
/// As [`super::post::Poster::new`].
pub fn plain_client(timeout: Duration) -> Result<Client, PosterError> {
    let client = Client::builder().tls_backend_preconfigured(super::tls::client_config(&[])?).user_agent(USER_AGENT);
    client.redirect(reqwest::redirect::Policy::none()).timeout(timeout).build().map_err(PosterError::Client)
}
