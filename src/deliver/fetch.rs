//! Asks a provider's own address for a key, or to confirm a subscription: the one GET that the relay ever makes.
//!
//! Which addresses are a provider's own is decided before: by the verifier, whose schemes pin hosts or take them from
//! the settings, or by the handshake. Here the guard of the way out holds as it does for posts.

use std::{sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use bytes::Bytes;
use reqwest::Response;
use url::{Host, Url};

use super::client::{Clients, PosterError, WayOut};
use crate::destination::{HostRules, is_private};

/// How long an answer may take, to its last byte.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Fetches small things.
#[derive(Debug, Clone)]
pub struct Fetcher {
    clients: Clients,
    rules: Arc<ArcSwap<HostRules>>,
}

/// Why nothing was fetched. Never quotes the address: one that confirms a subscription holds a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotFetched {
    /// The address is not https, or leads into the machine's own network.
    #[error("the address is not one that may be asked")]
    Refused,
    /// There was no answer in time.
    #[error("there is no answer")]
    NoAnswer,
    /// The answer was no success.
    #[error("the answer is status {0}")]
    Status(u16),
    /// The answer was longer than is taken.
    #[error("the answer is longer than {0} bytes")]
    TooLong(usize),
}

impl Fetcher {
    /// Sets up the client, as for posts.
    ///
    /// # Errors
    /// As [`super::post::Poster::new`].
    pub fn new(way: &WayOut) -> Result<Self, PosterError> {
        Ok(Self { clients: Clients::new(way)?, rules: way.rules.clone() })
    }

    /// What the address holds, if that is a success of at most `limit` bytes.
    ///
    /// # Errors
    /// Why there is nothing.
    pub async fn get(&self, from: &Url, limit: usize) -> Result<Bytes, NotFetched> {
        if !may_be_asked(from, &self.rules.load(), &self.clients) {
            return Err(NotFetched::Refused);
        }
        let client = self.clients.of(from).map_err(|_| NotFetched::Refused)?;
        let answer = client.get(from.clone()).timeout(TIMEOUT).send();
        let answer = answer.await.map_err(|_| NotFetched::NoAnswer)?;
        if !answer.status().is_success() {
            return Err(NotFetched::Status(answer.status().as_u16()));
        }
        whole(answer, limit).await
    }
}

/// All of an answer's body.
pub(super) async fn whole(mut answer: Response, limit: usize) -> Result<Bytes, NotFetched> {
    let mut read = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|_| NotFetched::NoAnswer)? {
        if read.len() + chunk.len() > limit {
            return Err(NotFetched::TooLong(limit));
        }
        read.extend_from_slice(&chunk);
    }
    Ok(Bytes::from(read))
}

/// As far as the text tells; names are checked again when they resolve. Plain http is for tests: to this machine
/// alone, and only where the settings allow both.
pub(super) fn may_be_asked(url: &Url, rules: &HostRules, clients: &Clients) -> bool {
    let (private, loopback) = match url.host() {
        Some(Host::Ipv4(v4)) => (is_private(v4.into()), v4.is_loopback()),
        Some(Host::Ipv6(v6)) => (is_private(v6.into()), v6.is_loopback()),
        Some(Host::Domain(name)) => (clients.is_proxy(name), name == "localhost"),
        None => return false,
    };
    let scheme_fits =
        url.scheme() == "https" || (url.scheme() == "http" && rules.allow_http && rules.allow_private && loopback);
    let plain = url.username().is_empty() && url.password().is_none();
    scheme_fits && plain && (!private || rules.allow_private)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deliver::client::Proxies;

    fn fetcher(rules: HostRules) -> Fetcher {
        Fetcher::new(&WayOut::new(Arc::new(ArcSwap::from_pointee(rules)), Proxies::None)).unwrap()
    }

    #[test]
    fn only_public_https_is_asked_unless_a_test_asks_itself() {
        let asked = |url: &str, test: bool| {
            let rules = HostRules { allow_hosts: Vec::new(), allow_http: test, allow_private: test };
            let fetcher = fetcher(rules);
            may_be_asked(&Url::parse(url).unwrap(), &fetcher.rules.load(), &fetcher.clients)
        };
        assert!(asked("https://sns.eu-west-1.amazonaws.com/x.pem", false));
        for private in ["https://127.0.0.1/", "https://169.254.169.254/", "https://[::1]/", "https://[fd00::1]/"] {
            assert!(!asked(private, false), "{private}");
        }
        for never in
            ["http://keys.example/", "http://10.0.0.1/", "https://user:word@keys.example/", "file:///etc/passwd"]
        {
            assert!(!asked(never, false) && !asked(never, true), "{never}");
        }
        assert!(asked("http://127.0.0.1:1/", true) && asked("http://localhost:1/", true));
        assert!(!asked("http://127.0.0.1:1/", false) && !asked("http://localhost:1/", false));
    }

    #[tokio::test]
    async fn a_name_of_this_machine_is_refused_when_it_resolves() {
        let rules = HostRules { allow_hosts: Vec::new(), allow_http: false, allow_private: false };
        let asked = fetcher(rules).get(&Url::parse("https://localhost:9/").unwrap(), 10).await;
        assert_eq!(asked.unwrap_err(), NotFetched::NoAnswer);
    }
}
