//! The one HTTP call of the way out: posts bytes to a webhook URL and brings back what came of it.
//!
//! It follows no redirect, sends no `Authorization` (a flow open to anyone refuses a post that has one), reads only
//! the beginning of an answer, and lets no URL into anything that is shown. It decides nothing: `judge` does.

use std::{error::Error, fmt, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use bytes::Bytes;
use hyper_util::client::proxy::matcher::Matcher;
use jiff::Timestamp;
use reqwest::{Client, Response, header};
use url::Url;

use super::{
    guard::{Guard, PrivateName, proxy_hosts},
    judge::{Failure, Reply},
    redact::redact,
};
use crate::{
    clock::Clock,
    delivery::Attempt,
    destination::{HostRules, WebhookUrl},
    outcome::Reason,
};

/// Bytes of an answer that are read; the rest is dropped with the connection.
const MAX_READ: usize = 16 * 1024;

/// What is told to destinations about who posts.
const USER_AGENT: &str = concat!("teams-relay/", env!("CARGO_PKG_VERSION"));

/// Whether posts may go through a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Proxies {
    /// As `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` say, in capitals or not.
    #[default]
    Environment,
    /// Never.
    None,
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

/// Posts to destinations, over connections that are kept open.
#[derive(Debug, Clone)]
pub struct Poster {
    client: Client,
    rules: Arc<ArcSwap<HostRules>>,
    guard: Guard,
    clock: Arc<dyn Clock>,
}

/// What came of a post.
#[derive(Debug, Clone)]
pub struct Posted {
    /// The answer, or why there is none.
    pub reply: Result<Reply, Failure>,
    /// When it began.
    pub at: Timestamp,
    /// How long it took.
    pub took: Duration,
    /// What may be stored and shown of the answer.
    shown: String,
}

impl Poster {
    /// Sets up the client; needs no network. Where the machine has no CA certificates it still succeeds, with a
    /// warning: posts over https then fail, and say why.
    ///
    /// # Errors
    /// Only where the TLS library or the client refuses its settings.
    pub fn new(rules: Arc<ArcSwap<HostRules>>, proxies: Proxies, clock: Arc<dyn Clock>) -> Result<Self, PosterError> {
        let (client, guard) = guarded_client(rules.clone(), proxies)?;
        Ok(Self { client, rules, guard, clock })
    }

    /// Posts `body`, and waits for the beginning of the answer, for no longer than `timeout` in all.
    pub async fn post(&self, url: &WebhookUrl, body: Bytes, content_type: &str, timeout: Duration) -> Posted {
        let at = self.clock.now();
        let reply = match self.allowed(url) {
            Ok(url) => self.ask(url, body, content_type, timeout).await,
            Err(refused) => Err(refused),
        };
        let took = Duration::try_from(self.clock.now().duration_since(at)).unwrap_or_default();
        let text = match &reply {
            Ok(reply) => reply.text.clone(),
            Err(failure) => failure.to_string(),
        };
        Posted { reply, at, took, shown: redact(&text, url.expose(), Attempt::MAX_ANSWER) }
    }

    /// The URL, if the rules of this moment still allow it.
    fn allowed(&self, url: &WebhookUrl) -> Result<Url, Failure> {
        let rules = self.rules.load();
        let refused = |why: &dyn fmt::Display| Failure::Refused(why.to_string());
        WebhookUrl::parse(url.expose(), &rules).map_err(|bad| refused(&bad))?;
        let url = Url::parse(url.expose().trim()).map_err(|bad| refused(&bad))?;
        if !rules.allow_private && url.host_str().is_some_and(|host| self.guard.is_proxy(host)) {
            return Err(refused(&"the webhook URL leads to the proxy itself"));
        }
        Ok(url)
    }

    async fn ask(&self, url: Url, body: Bytes, content_type: &str, timeout: Duration) -> Result<Reply, Failure> {
        let request = self.client.post(url).header(header::CONTENT_TYPE, content_type).body(body).timeout(timeout);
        let response = request.send().await.map_err(|error| failure(&error))?;
        let status = response.status().as_u16();
        let retry_after = response.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
        let retry_after = retry_after.map(str::to_owned);
        Ok(Reply { status, retry_after, text: beginning(response).await })
    }
}

/// The beginning of the body. Once there is a status the post was made, so a body that breaks off or runs out of
/// time is no failure: what came of it is judged.
async fn beginning(mut response: Response) -> String {
    let mut read = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        let room = MAX_READ.saturating_sub(read.len());
        read.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
        if read.len() >= MAX_READ {
            break;
        }
    }
    String::from_utf8_lossy(&read).into_owned()
}

/// Says in words of our own what went wrong: the client's own words may hold the URL.
fn failure(error: &reqwest::Error) -> Failure {
    if error.is_timeout() {
        return Failure::TimedOut;
    }
    let what = match (error.is_dns(), error.is_connect()) {
        (true, _) => "the host's name can't be resolved",
        (_, true) => "no connection",
        _ => "the connection broke off before an answer",
    };
    for cause in std::iter::successors(error.source(), |cause| within(*cause)) {
        if let Some(refused) = cause.downcast_ref::<PrivateName>() {
            return Failure::Refused(refused.to_string());
        }
        if let Some(tls) = cause.downcast_ref::<rustls::Error>() {
            return Failure::Connection(super::tls::explain(tls));
        }
        // One that wraps another has nothing to say of its own.
        let plain = cause.downcast_ref::<std::io::Error>().filter(|io| io.get_ref().is_none());
        if let Some(kind) = plain.map(std::io::Error::kind).filter(|kind| *kind != std::io::ErrorKind::Other) {
            return Failure::Connection(format!("{what}: {kind}"));
        }
    }
    Failure::Connection(what.to_owned())
}

/// The error inside an error. An I/O error's `source` skips the one it wraps, which may be TLS's own.
fn within<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e (dyn Error + 'static)> {
    match error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
        Some(wrapped) => Some(wrapped),
        None => error.source(),
    }
}

/// A client that follows no redirect and connects to no private address, with the guard that sees to it.
pub(super) fn guarded_client(rules: Arc<ArcSwap<HostRules>>, proxies: Proxies) -> Result<(Client, Guard), PosterError> {
    let names = match proxies {
        Proxies::Environment => proxy_hosts(&Matcher::from_system()),
        Proxies::None => Vec::new(),
    };
    let guard = Guard::new(rules, names);
    let mut client = Client::builder()
        .tls_backend_preconfigured(super::tls::client_config()?)
        .dns_resolver(Arc::new(guard.clone()))
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .user_agent(USER_AGENT);
    if proxies == Proxies::None {
        client = client.no_proxy();
    }
    Ok((client.build().map_err(PosterError::Client)?, guard))
}

/// A client without the guard, for `send`, whose user names the address.
///
/// # Errors
/// As [`Poster::new`].
pub fn plain_client(timeout: Duration) -> Result<Client, PosterError> {
    let client = Client::builder().tls_backend_preconfigured(super::tls::client_config()?).user_agent(USER_AGENT);
    client.redirect(reqwest::redirect::Policy::none()).timeout(timeout).build().map_err(PosterError::Client)
}

impl Posted {
    /// The record of it, given what it came to.
    pub fn attempt(&self, reason: Reason) -> Attempt {
        let status = self.reply.as_ref().ok().map(|reply| reply.status);
        Attempt { at: self.at, took: self.took, status, reason, answer: self.shown.clone() }
    }
}

#[cfg(test)]
mod tests;
