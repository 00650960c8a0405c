//! The one HTTP call of the way out: posts bytes to a webhook URL and brings back what came of it.
//!
//! It follows no redirect, sends no `Authorization` that the destination does not want (a flow open to anyone refuses a post
//! that has one), reads only the beginning of an answer, and lets no URL into anything that is shown. It decides nothing: `judge` does.

use std::{error::Error, fmt, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use bytes::Bytes;
use jiff::Timestamp;
use reqwest::{Response, header};
use url::Url;

use super::{
    client::Clients,
    guard::Barred,
    judge::{Failure, Reply},
    redact::{redact, redact_values},
    token::{Applicant, Tokens},
};
use crate::{
    clock::Clock,
    delivery::Attempt,
    destination::{HostRules, WebhookUrl, header::Header},
    outcome::Reason,
};

pub use super::client::{PosterError, Proxies, WayOut, plain_client};

/// Bytes of an answer that are read; the rest is dropped with the connection.
const MAX_READ: usize = 16 * 1024;

/// Posts to destinations, over connections that are kept open.
#[derive(Debug, Clone)]
pub struct Poster {
    clients: Clients,
    tokens: Arc<Tokens>,
    rules: Arc<ArcSwap<HostRules>>,
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

/// When a post began, for people and for its length.
#[derive(Clone, Copy)]
struct Began {
    wall: Timestamp,
    steady: Timestamp,
}

impl Began {
    fn of(clock: &dyn Clock) -> Self {
        Self { wall: clock.now(), steady: clock.steady() }
    }
}

impl Poster {
    /// Sets up the client; needs no network. Where the machine has no CA certificates it still succeeds, with a
    /// warning: posts over https then fail, and say why.
    ///
    /// # Errors
    /// Only where the TLS library or the client refuses its settings.
    pub fn new(way: &WayOut, clock: Arc<dyn Clock>) -> Result<Self, PosterError> {
        let (clients, rules) = (Clients::new(way)?, way.rules.clone());
        let tokens = Arc::new(Tokens::new(clients.clone(), rules.clone(), clock.clone()));
        Ok(Self { clients, tokens, rules, clock })
    }

    /// Posts `body` with these headers, and waits for the beginning of the answer, for no longer than `timeout` in all.
    pub async fn post(
        &self,
        url: &WebhookUrl,
        headers: &[Header],
        body: Bytes,
        content_type: &str,
        timeout: Duration,
    ) -> Posted {
        let began = Began::of(&*self.clock);
        let reply = match self.allowed(url) {
            Ok(url) => self.ask(url, headers, body, content_type, timeout).await,
            Err(refused) => Err(refused),
        };
        self.record(began, reply, url, headers)
    }

    /// Posts with a token of Entra's. One that was kept and is refused is replaced, once. A URL that is signed gets none.
    pub async fn post_as(
        &self,
        applicant: Applicant<'_>,
        url: &WebhookUrl,
        headers: &[Header],
        body: Bytes,
        content_type: &str,
        timeout: Duration,
    ) -> Posted {
        if url.is_signed() {
            return self.post(url, headers, body, content_type, timeout).await;
        }
        let (began, host) = (Began::of(&*self.clock), url.host());
        let mut refused: Option<Header> = None;
        loop {
            let token = match self.tokens.get(applicant, &host, refused.as_ref(), timeout).await {
                Ok(token) => token,
                Err(failure) => return self.record(began, Err(failure), url, headers),
            };
            let with_token: Vec<Header> = headers.iter().chain([&token.header]).cloned().collect();
            let posted = self.post(url, &with_token, body.clone(), content_type, timeout).await;
            let is_refused = posted.reply.as_ref().is_ok_and(|reply| reply.status == 401);
            if !is_refused || !token.is_kept || refused.is_some() {
                return posted;
            }
            refused = Some(token.header);
        }
    }

    fn record(&self, began: Began, reply: Result<Reply, Failure>, url: &WebhookUrl, headers: &[Header]) -> Posted {
        let took = Duration::try_from(self.clock.steady().duration_since(began.steady)).unwrap_or_default();
        let text = match &reply {
            Ok(reply) => reply.text.clone(),
            Err(failure) => failure.to_string(),
        };
        Posted {
            reply,
            at: began.wall,
            took,
            shown: redact(&redact_values(&text, headers.iter().map(Header::expose)), url.expose(), Attempt::MAX_ANSWER),
        }
    }

    /// The URL, if the rules of this moment still allow it.
    fn allowed(&self, url: &WebhookUrl) -> Result<Url, Failure> {
        let rules = self.rules.load();
        let refused = |why: &dyn fmt::Display| Failure::Refused(why.to_string());
        WebhookUrl::parse(url.expose(), &rules).map_err(|bad| refused(&bad))?;
        let url = Url::parse(url.expose().trim()).map_err(|bad| refused(&bad))?;
        if !rules.allow_private && url.host_str().is_some_and(|host| self.clients.is_proxy(host)) {
            return Err(refused(&"the webhook URL leads to the proxy itself"));
        }
        Ok(url)
    }

    async fn ask(
        &self,
        url: Url,
        headers: &[Header],
        body: Bytes,
        content_type: &str,
        timeout: Duration,
    ) -> Result<Reply, Failure> {
        let client = self.clients.of(&url).map_err(|barred| Failure::Refused(barred.to_string()))?;
        let request = client.post(url).header(header::CONTENT_TYPE, content_type).body(body).timeout(timeout);
        let more = headers.iter().filter_map(|one| Some((one.name().clone(), one.value()?)));
        let request = request.headers(more.collect());
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

/// What the client says where a proxy answers 407 to CONNECT; the error's type has no name.
const NO_LEAVE: &str = "tunnel error: proxy authorization required";

/// Says in words of our own what went wrong: the client's own words may hold the URL.
pub(super) fn failure(error: &reqwest::Error) -> Failure {
    if error.is_timeout() {
        return Failure::TimedOut;
    }
    let what = match (error.is_dns(), error.is_connect()) {
        (true, _) => "the host's name can't be resolved",
        (_, true) => "no connection",
        _ => "the connection broke off before an answer",
    };
    for cause in std::iter::successors(error.source(), |cause| within(*cause)) {
        if let Some(barred) = cause.downcast_ref::<Barred>() {
            return Failure::Refused(barred.to_string());
        }
        if cause.to_string() == NO_LEAVE {
            return Failure::Connection("the proxy wants a user name and password, or others than it got".to_owned());
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

impl Posted {
    /// The record of it, given what it came to.
    pub fn attempt(&self, reason: Reason) -> Attempt {
        let status = self.reply.as_ref().ok().map(|reply| reply.status);
        Attempt { at: self.at, took: self.took, status, reason, answer: self.shown.clone() }
    }
}

#[cfg(test)]
mod tests;
