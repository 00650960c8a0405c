//! What stands between a TCP connection and its first request: a proxy that says who is there, and TLS.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use tokio::net::TcpStream;

use super::{peer::Peer, proxies::TrustedProxies, proxy_protocol, tls::Certificate};

/// How connections of a listener begin; by default with their first request.
#[derive(Debug, Clone, Default)]
pub struct Entrance {
    /// Where each connection begins with a PROXY header: who may send one.
    pub introduced_by: Option<Arc<ArcSwap<TrustedProxies>>>,
    /// For TLS.
    pub certificate: Option<Arc<Certificate>>,
}

impl Entrance {
    /// Who is at the other end; none where it should have been said and was not.
    pub(super) async fn peer(&self, stream: &mut TcpStream, from: SocketAddr, timeout: Duration) -> Option<Peer> {
        let Some(proxies) = &self.introduced_by else { return Some(Peer(from.ip().to_canonical())) };
        let proxies = proxies.load_full();
        let introduced = proxy_protocol::accept(stream, from, &proxies);
        match tokio::time::timeout(timeout, introduced).await {
            Ok(Ok(peer)) => Some(peer),
            _ => {
                tracing::debug!("a connection did not begin with a PROXY header that is believed");
                None
            }
        }
    }
}
