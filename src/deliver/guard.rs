//! Keeps posts away from this machine and its network, whatever a name resolves to, and from the relay itself.
//!
//! The URL's own text is checked by [`HostRules`] before each post; this looks at the addresses at the moment of
//! connecting, so that a name that changed its mind since is caught: what was looked at is what is connected to. A
//! proxy may stand on a private address: its name alone is exempt. Behind a proxy, names are resolved by the proxy,
//! out of sight.

use std::{
    fmt, io,
    net::{IpAddr, SocketAddr, UdpSocket},
    sync::Arc,
};

use arc_swap::ArcSwap;
use futures_util::future::BoxFuture;
use hyper_util::client::proxy::matcher::Matcher;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::destination::{HostRules, is_private};

/// A host that leads only to addresses that may not be posted to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Barred {
    /// All of them private.
    #[error(
        "the host `{host}` resolves to private addresses only; set `destinations.allow_private = true` only for tests"
    )]
    Private {
        /// The host.
        host: String,
    },
    /// The relay listens there.
    #[error("`{host}` with this port is teams-relay itself; subscribe with the URL that Teams gave")]
    Own {
        /// The host.
        host: String,
    },
}

/// How names become addresses; their ports say nothing.
#[derive(Clone)]
pub struct Lookup(Arc<dyn Fn(String) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> + Send + Sync>);

impl fmt::Debug for Lookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lookup")
    }
}

impl Lookup {
    /// By this function.
    pub fn new(by: impl Fn(String) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> + Send + Sync + 'static) -> Self {
        Self(Arc::new(by))
    }
}

/// As the system does it.
pub fn system_lookup() -> Lookup {
    Lookup::new(|host| Box::pin(async move { Ok(tokio::net::lookup_host((host, 0)).await?.collect()) }))
}

/// Resolves names, and passes on those addresses only that may be connected to.
#[derive(Debug, Clone)]
pub struct Guard {
    rules: Arc<ArcSwap<HostRules>>,
    proxies: Arc<[String]>,
    own: Arc<[SocketAddr]>,
    wary: bool,
    lookup: Lookup,
}

impl Guard {
    /// A guard that asks `rules` at each connection, and lets the hosts named in `proxies` be anywhere. The relay
    /// listens on `own`.
    pub fn new(rules: Arc<ArcSwap<HostRules>>, proxies: Vec<String>, own: Vec<SocketAddr>, lookup: Lookup) -> Self {
        Self { rules, proxies: proxies.into(), own: own.into(), wary: false, lookup }
    }

    /// The same for a port that the relay listens on. A resolver is not told the port.
    pub fn wary(self) -> Self {
        Self { wary: true, ..self }
    }

    /// Whether this is the name of a proxy, which is no destination.
    pub fn is_proxy(&self, host: &str) -> bool {
        self.proxies.iter().any(|proxy| proxy.eq_ignore_ascii_case(host))
    }

    /// Whether the relay listens on this port, at whatever address.
    pub fn listens_on(&self, port: u16) -> bool {
        self.own.iter().any(|own| own.port() == port)
    }

    /// Whether who connects to this address may reach a listener of the relay's.
    pub fn is_own(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.own.iter().map(|own| own.ip().to_canonical()).any(|own| {
            own == address || address.is_unspecified() || (own.is_unspecified() && is_of_this_machine(address))
        })
    }

    async fn resolve(self, host: String) -> Result<Addrs, Box<dyn std::error::Error + Send + Sync>> {
        let found = (self.lookup.0)(host.clone()).await?;
        let nothing_found = found.is_empty();
        if self.is_proxy(&host) {
            return Ok(Box::new(found.into_iter()));
        }
        let foreign: Vec<_> = found.into_iter().filter(|one| !(self.wary && self.is_own(one.ip()))).collect();
        if foreign.is_empty() && !nothing_found {
            return Err(Box::new(Barred::Own { host }));
        }
        let allow_private = self.rules.load().allow_private;
        let allowed: Vec<_> = foreign.into_iter().filter(|one| allow_private || !is_private(one.ip())).collect();
        if allowed.is_empty() && !nothing_found {
            return Err(Box::new(Barred::Private { host }));
        }
        Ok(Box::new(allowed.into_iter()))
    }
}

/// Whether an interface of this machine has the address: only then can a socket be bound to it.
fn is_of_this_machine(address: IpAddr) -> bool {
    address.is_loopback() || UdpSocket::bind((address, 0)).is_ok()
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

    /// A resolver that knows every name, by these addresses.
    fn answering(addresses: &'static [&'static str]) -> Lookup {
        let found: Vec<SocketAddr> = addresses.iter().map(|one| SocketAddr::new(one.parse().unwrap(), 0)).collect();
        Lookup::new(move |_| Box::pin(std::future::ready(Ok(found.clone()))))
    }

    fn guard(allow_private: bool, proxies: &[&str], lookup: Lookup) -> Guard {
        let rules = HostRules { allow_hosts: vec!["localhost".into()], allow_http: true, allow_private };
        let proxies = proxies.iter().map(ToString::to_string).collect();
        Guard::new(Arc::new(ArcSwap::from_pointee(rules)), proxies, Vec::new(), lookup)
    }

    async fn resolved(guard: &Guard) -> Result<Vec<String>, Barred> {
        match guard.clone().resolve("flow.teams.test".into()).await {
            Ok(found) => Ok(found.map(|one| one.ip().to_string()).collect()),
            Err(error) => Err(error.downcast_ref::<Barred>().unwrap().clone()),
        }
    }

    #[tokio::test]
    async fn a_name_that_leads_to_this_machine_is_refused_as_soon_as_the_rules_say_so() {
        let guard = guard(true, &[], system_lookup());
        assert!(guard.clone().resolve("localhost".into()).await.unwrap().count() > 0);
        guard.rules.store(Arc::new(HostRules { allow_private: false, ..HostRules::clone(&guard.rules.load()) }));
        let refused = guard.resolve("localhost".into()).await.err().unwrap();
        assert_eq!(refused.downcast_ref(), Some(&Barred::Private { host: "localhost".into() }));
    }

    #[tokio::test]
    async fn of_several_addresses_the_private_ones_are_left_out() {
        let mixed = answering(&["10.0.0.1", "20.50.60.70", "::ffff:127.0.0.1", "64:ff9b::a9fe:a9fe", "2603:1030::1"]);
        assert_eq!(resolved(&guard(false, &[], mixed)).await.unwrap(), ["20.50.60.70", "2603:1030::1"]);
        let nobody = guard(false, &[], answering(&[]));
        assert_eq!(resolved(&nobody).await.unwrap(), [] as [&str; 0], "it has none, which is no offence");
    }

    #[tokio::test]
    async fn where_the_relay_listens_nothing_is_posted_even_if_private_addresses_are_allowed() {
        let listening = |on: &str, lookup| Guard { own: [on.parse().unwrap()].into(), ..guard(true, &[], lookup) };
        let own = Err(Barred::Own { host: "flow.teams.test".into() });
        for (on, addresses) in [
            ("127.0.0.1:8080", &["127.0.0.1"] as &[_]),
            ("127.0.0.1:8080", &["::ffff:127.0.0.1", "0.0.0.0"]),
            ("0.0.0.0:8080", &["127.0.0.1", "127.0.0.2"]),
            ("[::]:8080", &["127.0.0.1", "::1", "::"]),
        ] {
            let guard = listening(on, answering(addresses));
            assert!(guard.listens_on(8080) && !guard.listens_on(8081));
            assert_eq!(resolved(&guard.clone().wary()).await, own, "{on} {addresses:?}");
            assert!(resolved(&guard).await.is_ok(), "other ports of this machine are not the relay's");
        }
        let elsewhere = listening("127.0.0.1:8080", answering(&["127.0.0.2", "10.0.0.1"])).wary();
        assert_eq!(resolved(&elsewhere).await.unwrap(), ["127.0.0.2", "10.0.0.1"]);
        let anywhere = listening("0.0.0.0:8080", answering(&["20.50.60.70"])).wary();
        assert_eq!(resolved(&anywhere).await.unwrap(), ["20.50.60.70"]);
    }

    #[tokio::test]
    async fn only_the_proxys_own_name_may_lead_to_a_private_address() {
        let local = |proxy: &str| guard(false, &[proxy], system_lookup()).resolve("localhost".into());
        assert!(local("LocalHost").await.is_ok());
        assert!(local("proxy.local").await.is_err());
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
