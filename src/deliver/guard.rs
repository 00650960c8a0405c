//! Keeps posts away from this machine and its network, whatever a name resolves to.
//!
//! The URL's own text is checked by [`HostRules`] before each post; this looks at the addresses at the moment of
//! connecting, so that a name that changed its mind since is caught. A proxy of the environment may stand on a
//! private address: its name alone is exempt. Behind a proxy, names are resolved by the proxy, out of sight.

use std::{net::SocketAddr, sync::Arc};

use arc_swap::ArcSwap;
use hyper_util::client::proxy::matcher::Matcher;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::destination::{HostRules, is_private};

/// A name that leads only to addresses that may not be posted to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the host `{host}` resolves to private addresses only; set `destinations.allow_private = true` only for tests")]
pub struct PrivateName {
    host: String,
}

/// Resolves names as the system does, and passes on public addresses only.
#[derive(Debug, Clone)]
pub struct Guard {
    rules: Arc<ArcSwap<HostRules>>,
    proxies: Arc<[String]>,
}

impl Guard {
    /// A guard that asks `rules` at each connection, and lets the hosts named in `proxies` be anywhere.
    pub fn new(rules: Arc<ArcSwap<HostRules>>, proxies: Vec<String>) -> Self {
        Self { rules, proxies: proxies.into() }
    }

    /// Whether this is the name of a proxy, which is no destination.
    pub fn is_proxy(&self, host: &str) -> bool {
        self.proxies.iter().any(|proxy| proxy.eq_ignore_ascii_case(host))
    }

    async fn resolve(self, host: String) -> Result<Addrs, Box<dyn std::error::Error + Send + Sync>> {
        let found: Vec<SocketAddr> = tokio::net::lookup_host((host.as_str(), 0)).await?.collect();
        if self.rules.load().allow_private || self.is_proxy(&host) {
            return Ok(Box::new(found.into_iter()));
        }
        let none_found = found.is_empty();
        let public: Vec<SocketAddr> = found.into_iter().filter(|address| !is_private(address.ip())).collect();
        if public.is_empty() && !none_found {
            return Err(Box::new(PrivateName { host }));
        }
        Ok(Box::new(public.into_iter()))
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(self.clone().resolve(name.as_str().to_owned()))
    }
}

/// The host names of the proxies that a matcher sends posts through.
pub fn proxy_hosts(matcher: &Matcher) -> Vec<String> {
    // A name under a reserved top level is on nobody's NO_PROXY list, except on `*`, which switches proxies off.
    let hosts = ["https://teams-relay.invalid/", "http://teams-relay.invalid/"].into_iter().filter_map(|probe| {
        let proxy = matcher.intercept(&http::Uri::from_static(probe))?;
        proxy.uri().host().map(str::to_owned)
    });
    hosts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard(allow_private: bool, proxies: &[&str]) -> Guard {
        let rules = HostRules { allow_hosts: vec!["localhost".into()], allow_http: true, allow_private };
        Guard::new(Arc::new(ArcSwap::from_pointee(rules)), proxies.iter().map(ToString::to_string).collect())
    }

    #[tokio::test]
    async fn a_name_that_leads_to_this_machine_is_refused_as_soon_as_the_rules_say_so() {
        let guard = guard(true, &[]);
        assert!(guard.clone().resolve("localhost".into()).await.unwrap().count() > 0);
        guard.rules.store(Arc::new(HostRules { allow_private: false, ..HostRules::clone(&guard.rules.load()) }));
        let refused = guard.resolve("localhost".into()).await.err().unwrap();
        assert_eq!(refused.downcast_ref(), Some(&PrivateName { host: "localhost".into() }));
    }

    #[tokio::test]
    async fn only_the_proxys_own_name_may_lead_to_a_private_address() {
        assert!(guard(false, &["LocalHost"]).resolve("localhost".into()).await.is_ok());
        assert!(guard(false, &["proxy.local"]).resolve("localhost".into()).await.is_err());
    }

    #[test]
    fn the_proxies_are_those_that_posts_go_through() {
        let both = Matcher::builder().https("http://user:word@one.internal:3128").http("two.internal:3128");
        assert_eq!(proxy_hosts(&both.build()), ["one.internal", "two.internal"]);
        let off = Matcher::builder().all("http://one.internal:3128").no("*");
        assert!(proxy_hosts(&off.build()).is_empty());
        assert!(proxy_hosts(&Matcher::builder().build()).is_empty());
    }
}
