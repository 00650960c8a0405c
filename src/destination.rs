//! Where cards go: a webhook URL, which is a secret, with its profile and quota group.

mod address;
pub mod header;

use std::{fmt, net::IpAddr};

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use url::{Host, Url};

use crate::name::{EntraName, ProfileName, QuotaGroup};

pub use address::is_private;

/// Which hosts may be posted to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostRules {
    /// Host name suffixes: `logic.azure.com` allows that host and every host below it.
    pub allow_hosts: Vec<String>,
    /// Whether plain `http` is allowed; for tests.
    pub allow_http: bool,
    /// Whether loopback, private and link-local addresses are allowed; for tests.
    pub allow_private: bool,
}

/// Why a URL is no destination. Never quotes the URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadUrl {
    /// It does not parse.
    #[error("the webhook URL is not a URL ({0}); paste it whole, from `https://` to the end of `sig=…`")]
    NotAUrl(url::ParseError),
    /// The scheme is not https.
    #[error("the webhook URL begins with `{0}:`; use the `https:` URL that Teams gave")]
    Scheme(String),
    /// It carries a user name or password.
    #[error("the webhook URL has a user name or password in it; a Teams URL has none")]
    Credentials,
    /// The host is not on the list.
    #[error(
        "the webhook URL's host `{host}` is not allowed; if it is yours, add it to `destinations.allow_hosts` (now: {allowed})"
    )]
    Host {
        /// The host found.
        host: String,
        /// The suffixes that are allowed.
        allowed: String,
    },
    /// The host is an address of this machine or network.
    #[error("the webhook URL leads to the private address {0}; set `destinations.allow_private = true` only for tests")]
    Private(IpAddr),
}

/// A Teams webhook URL: whoever has it can post, so it is never shown, only its [fingerprint](DestinationId).
#[derive(Clone)]
pub struct WebhookUrl(SecretString);

impl WebhookUrl {
    /// Takes the URL if the rules allow it, and keeps it verbatim.
    ///
    /// # Errors
    /// The first rule that it breaks, with the cure.
    pub fn parse(text: &str, rules: &HostRules) -> Result<Self, BadUrl> {
        let text = text.trim();
        let url = Url::parse(text).map_err(BadUrl::NotAUrl)?;
        if url.scheme() != "https" && !(url.scheme() == "http" && rules.allow_http) {
            return Err(BadUrl::Scheme(url.scheme().to_owned()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(BadUrl::Credentials);
        }
        rules.check(&url)?;
        Ok(Self(SecretString::from(text)))
    }

    /// As read back from the store; the rules are asked again before each post.
    pub fn stored(text: String) -> Self {
        Self(SecretString::from(text))
    }

    /// The URL itself. Use it to post or to store; never to print.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// Its host, in lower case; empty where there is none.
    pub fn host(&self) -> String {
        let url = Url::parse(self.expose()).ok();
        url.and_then(|url| Some(url.host_str()?.trim_end_matches('.').to_ascii_lowercase())).unwrap_or_default()
    }

    /// Whether the URL itself is the leave to post: such a flow refuses posts with `Authorization`.
    pub fn is_signed(&self) -> bool {
        Url::parse(self.expose()).is_ok_and(|url| url.query_pairs().any(|(name, _)| name.eq_ignore_ascii_case("sig")))
    }

    /// Its fingerprint.
    pub fn id(&self) -> DestinationId {
        let digest = Sha256::digest(self.expose().as_bytes());
        DestinationId(digest.iter().take(8).fold(0, |bits, byte| (bits << 8) | u64::from(*byte)))
    }
}

impl fmt::Debug for WebhookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "…{}", self.id())
    }
}

impl HostRules {
    /// Whether a URL's host may be posted to, as far as its text tells; names are checked again when they resolve.
    ///
    /// # Errors
    /// Says which host or address is not allowed.
    pub fn check(&self, url: &Url) -> Result<(), BadUrl> {
        let address = match url.host() {
            Some(Host::Ipv4(v4)) => Some(IpAddr::V4(v4)),
            Some(Host::Ipv6(v6)) => Some(IpAddr::V6(v6)),
            _ => None,
        };
        if let Some(address) = address.filter(|address| is_private(*address)) {
            // A private address can stand on no list of names, so `allow_private` alone decides.
            return if self.allow_private { Ok(()) } else { Err(BadUrl::Private(address)) };
        }
        let host = url.host_str().unwrap_or_default().trim_end_matches('.').to_ascii_lowercase();
        if self.allow_private && host == "localhost" {
            return Ok(());
        }
        let allowed = self.allow_hosts.iter().any(|suffix| is_below(&host, suffix));
        if allowed { Ok(()) } else { Err(BadUrl::Host { host, allowed: self.allow_hosts.join(", ") }) }
    }
}

/// Whether a host, in lower case, is the one that the suffix names or stands below it.
pub fn is_below(host: &str, suffix: &str) -> bool {
    let suffix = suffix.trim_start_matches("*.").trim_start_matches('.').to_ascii_lowercase();
    !suffix.is_empty() && host.strip_suffix(&suffix).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// A destination's fingerprint: the first 8 bytes of its URL's SHA-256, shown as 16 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DestinationId(u64);

impl DestinationId {
    /// From the number that [`Self::as_u64`] gave.
    pub const fn from_u64(bits: u64) -> Self {
        Self(bits)
    }

    /// The fingerprint as a number.
    pub const fn as_u64(self) -> u64 {
        self.0
    }
}

impl fmt::Display for DestinationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for DestinationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for DestinationId {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl std::str::FromStr for DestinationId {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        u64::from_str_radix(text, 16).map(Self)
    }
}

impl<'de> Deserialize<'de> for DestinationId {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A Teams webhook with all that is needed to post to it.
#[derive(Debug, Clone)]
pub struct Destination {
    /// Where to post.
    pub url: WebhookUrl,
    /// How it takes cards and answers.
    pub profile: ProfileName,
    /// Whose allowance it draws on; none: its own.
    pub quota_group: Option<QuotaGroup>,
    /// What it wants with each post.
    pub headers: Vec<header::Header>,
    /// Whose tokens it wants, where it takes posts of its tenant only.
    pub entra: Option<EntraName>,
}

impl Destination {
    /// Its fingerprint.
    pub fn id(&self) -> DestinationId {
        self.url.id()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> HostRules {
        HostRules { allow_hosts: vec!["logic.azure.com".into()], allow_http: false, allow_private: false }
    }

    #[test]
    fn only_https_urls_of_allowed_hosts_are_taken() {
        let parse = |url: &str| WebhookUrl::parse(url, &rules()).map(|_| ());
        assert_eq!(parse("https://prod-1.westeurope.logic.azure.com:443/workflows/x?sig=y"), Ok(()));
        assert!(matches!(parse("http://prod-1.logic.azure.com/x"), Err(BadUrl::Scheme(_))));
        assert!(matches!(parse("https://evil.example/logic.azure.com"), Err(BadUrl::Host { .. })));
        assert!(matches!(parse("https://notlogic.azure.com/"), Err(BadUrl::Host { .. })));
        assert!(matches!(parse("https://logic.azure.com@evil.example/"), Err(BadUrl::Credentials)));
        assert!(matches!(parse("logic.azure.com/x"), Err(BadUrl::NotAUrl(_))));
    }

    #[test]
    fn an_address_is_known_in_whatever_form_it_is_written() {
        for host in [
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f000001",
            "0x7f.0.0.1",
            "017700000001",
            "0177.0.0.01",
            "%31%32%37.0.0.1",
            "１２７.0.0.1",
            "0",
            "0xa9fea9fe",
            "169.254.169.254.",
            "[::1]",
            "[::]",
            "[::ffff:169.254.169.254]",
            "[::ffff:a9fe:a9fe]",
            "[::127.0.0.1]",
            "[64:ff9b::7f00:1]",
            "[2002:7f00:1::]",
            "[2001:0:4136:e378:8000:63bf:3fff:fdd2]",
            "[fd00:ec2::254]",
            "[fe80::1]",
        ] {
            let refused = WebhookUrl::parse(&format!("https://{host}/x"), &rules()).map(|_| ());
            assert!(matches!(refused, Err(BadUrl::Private(_))), "{host}: {refused:?}");
        }
        for host in ["20.50.60.70", "[2603:1030::1]"] {
            let refused = WebhookUrl::parse(&format!("https://{host}/x"), &rules()).map(|_| ());
            assert!(matches!(refused, Err(BadUrl::Host { .. })), "no name of a list fits {host}: {refused:?}");
        }
    }

    #[test]
    fn debug_output_of_a_url_is_its_fingerprint() {
        let url = WebhookUrl::stored("https://x.logic.azure.com/secret".into());
        let shown = format!("{url:?}");
        assert!(shown.contains(&url.id().to_string()) && !shown.contains("secret"), "{shown}");
    }
}
