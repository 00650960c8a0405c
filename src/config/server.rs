//! `[server]`: the public listener, where webhooks arrive.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};
use url::Url;

use super::{
    duration::{Span, above_zero, at_least_one},
    network::Network,
};

/// The public listener.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Server {
    /// Address and port.
    pub listen: SocketAddr,
    /// How the outside reaches it, such as `https://hooks.example.com`.
    pub public_url: Option<Url>,
    /// Bytes of a webhook's body, at most. GitHub sends up to 25 MB.
    #[serde(deserialize_with = "at_least_one")]
    pub body_limit: usize,
    /// Bytes of all bodies in hand together, at most, as they were sent. What is inflated and read out of them is not
    /// among these: that is held only of proved webhooks, by one at a time for each processor.
    #[serde(deserialize_with = "at_least_one")]
    pub body_memory: usize,
    /// How long a sender may take for the request's headers.
    #[serde(deserialize_with = "above_zero")]
    pub header_timeout: Span,
    /// How long a sender may take for the body.
    #[serde(deserialize_with = "above_zero")]
    pub body_timeout: Span,
    /// Connections at once; further ones wait in the kernel's queue.
    #[serde(deserialize_with = "at_least_one")]
    pub max_connections: usize,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
    /// Whether each connection begins with a header of the PROXY protocol.
    pub proxy_protocol: bool,
    /// A certificate, where no proxy in front has one.
    pub tls: Option<Tls>,
}

/// Certificate and key, PEM, relative to the config folder. Read again on reload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// The certificate chain.
    pub cert: std::path::PathBuf,
    /// The private key.
    pub key: std::path::PathBuf,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            public_url: None,
            body_limit: 25 * 1024 * 1024,
            body_memory: 256 * 1024 * 1024,
            header_timeout: Span::seconds(10),
            body_timeout: Span::seconds(20),
            max_connections: 2048,
            trusted_proxies: Vec::new(),
            proxy_protocol: false,
            tls: None,
        }
    }
}
