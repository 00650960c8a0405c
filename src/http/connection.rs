//! The connection loop: takes connections up to a cap, speaks HTTP/1.1 and HTTP/2 on each, with or without TLS,
//! and lets none hold on by sending nothing.

mod asked;
mod impatient;
mod trouble;

use std::{sync::Arc, time::Duration};

use axum::{Router, body::Body};
use futures_util::TryFutureExt;
use http_body_util::BodyExt;
use hyper::{Request, body::Incoming};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulShutdown},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, UnixListener},
    sync::Semaphore,
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use self::{
    asked::{Asked, InHand, no_requests},
    impatient::Impatient,
    trouble::Trouble,
};
use super::{entrance::Entrance, peer::Peer};

/// Request headers that hyper still reads; what is above [`MOST_HEADERS`] is answered 431 with a reason.
const HEADERS_READ: usize = 512;

/// Request headers that a webhook may have. Providers send some 20, proxies add a dozen.
pub const MOST_HEADERS: usize = 100;

/// Bytes of request line and headers together, at most.
const HEADER_BYTES: usize = 128 * 1024;

/// How many times the headers' time a connection may go without a request.
const IDLE_PATIENCE: u32 = 2;

/// Limits of a listener.
#[derive(Debug, Clone)]
pub struct Limits {
    /// For TLS's handshake, and again for a request's headers.
    pub header_timeout: Duration,
    /// Connections at once.
    pub connections: usize,
    /// How long connections may take to finish what they are at when the daemon stops.
    pub grace: Duration,
}

/// Serves a TCP listener until `stopping`; returns when its connections have ended or the grace is over.
pub async fn serve_tcp(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    entrance: Entrance,
    stopping: CancellationToken,
) {
    let server = Server::new(limits);
    let mut trouble = Trouble::default();
    loop {
        let Some(permit) = server.permit(&stopping).await else { break };
        let (mut stream, address) = tokio::select! {
            accepted = listener.accept() => match trouble.with(accepted).await {
                Some(accepted) => accepted,
                None => continue,
            },
            () = stopping.cancelled() => break,
        };
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(kind = ?error.kind(), "a connection ended before it was served");
            continue;
        }
        let router = router.clone();
        let connection = server.connection();
        let (entrance, timeout) = (entrance.clone(), server.limits.header_timeout);
        tokio::spawn(async move {
            let Some(peer) = entrance.peer(&mut stream, address, timeout).await.map(Some) else { return };
            match entrance.certificate {
                None => connection.serve(stream, router, peer).await,
                Some(certificate) => match tokio::time::timeout(timeout, certificate.accept(stream)).await {
                    Ok(Ok(stream)) => connection.serve(stream, router, peer).await,
                    _ => tracing::debug!("a TLS handshake failed"),
                },
            }
            drop(permit);
        });
    }
    // Who comes now is refused at once, and does not wait in the kernel's queue for an end that no one answers.
    drop(listener);
    server.finish().await;
}

/// Serves a Unix listener until `stopping`, as [`serve_tcp`] does.
pub async fn serve_unix(listener: UnixListener, router: Router, limits: Limits, stopping: CancellationToken) {
    let server = Server::new(limits);
    let mut trouble = Trouble::default();
    loop {
        let Some(permit) = server.permit(&stopping).await else { break };
        let stream = tokio::select! {
            accepted = listener.accept() => match trouble.with(accepted).await {
                Some((stream, _)) => stream,
                None => continue,
            },
            () = stopping.cancelled() => break,
        };
        let (router, connection) = (router.clone(), server.connection());
        tokio::spawn(async move {
            connection.serve(stream, router, None).await;
            drop(permit);
        });
    }
    drop(listener);
    server.finish().await;
}

struct Server {
    limits: Limits,
    permits: Arc<Semaphore>,
    graceful: GracefulShutdown,
}

impl Server {
    fn new(limits: Limits) -> Self {
        let permits = Arc::new(Semaphore::new(limits.connections.min(Semaphore::MAX_PERMITS)));
        Self { limits, permits, graceful: GracefulShutdown::new() }
    }

    /// Room for one more connection; none when the daemon is stopping.
    async fn permit(&self, stopping: &CancellationToken) -> Option<tokio::sync::OwnedSemaphorePermit> {
        tokio::select! {
            permit = self.permits.clone().acquire_owned() => permit.ok(),
            () = stopping.cancelled() => None,
        }
    }

    fn connection(&self) -> Connection {
        let mut builder = auto::Builder::new(TokioExecutor::new());
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(self.limits.header_timeout)
            .half_close(true)
            .max_headers(HEADERS_READ)
            .max_buf_size(HEADER_BYTES);
        builder
            .http2()
            .timer(TokioTimer::new())
            .max_header_list_size(HEADER_BYTES as u32)
            .max_concurrent_streams(256)
            .keep_alive_interval(Duration::from_secs(20))
            .keep_alive_timeout(Duration::from_secs(20));
        Connection { builder, watcher: self.graceful.watcher(), patience: self.limits.header_timeout }
    }

    async fn finish(self) {
        if tokio::time::timeout(self.limits.grace, self.graceful.shutdown()).await.is_err() {
            tracing::warn!("some connections did not end in time and are cut");
        }
    }
}

struct Connection {
    builder: auto::Builder<TokioExecutor>,
    watcher: hyper_util::server::graceful::Watcher,
    patience: Duration,
}

impl Connection {
    async fn serve<S>(self, stream: S, router: Router, peer: Option<Peer>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let asked = Arc::new(Asked::default());
        let asked_for = asked.clone();
        let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
            if let Some(peer) = peer {
                request.extensions_mut().insert(peer);
            }
            let (answer, in_hand) = (router.clone().oneshot(request.map(Body::new)), InHand::new(asked_for.clone()));
            // Until the last of the answer is handed over, the connection is in use.
            answer.map_ok(|answer| answer.map(|body| Body::new(body.map_frame(move |frame| in_hand.pass(frame)))))
        });
        let io = TokioIo::new(Impatient::new(stream, self.patience));
        let connection = self.builder.serve_connection(io, service).into_owned();
        let patience = self.patience.saturating_mul(IDLE_PATIENCE);
        let ended = tokio::select! {
            ended = self.watcher.watch(connection) => ended,
            () = no_requests(&asked, patience) => {
                tracing::debug!("a connection was closed that asked for nothing");
                return;
            }
        };
        if let Err(error) = ended {
            // Its text may hold what the other side sent; the debug form of the kind does not.
            tracing::debug!(
                timeout = error.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_timeout),
                "a connection broke off"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn a_client_that_speaks_http_2_and_asks_for_nothing_loses_its_place() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let limits = Limits { header_timeout: Duration::from_millis(20), connections: 1, grace: Duration::ZERO };
        tokio::spawn(serve_tcp(listener, Router::new(), limits, Entrance::default(), CancellationToken::new()));
        let mut client = tokio::net::TcpStream::connect(address).await.unwrap();
        // The preface, and settings that change nothing.
        client.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
        let mut answer = Vec::new();
        let closed = tokio::time::timeout(Duration::from_secs(10), client.read_to_end(&mut answer)).await;
        assert!(closed.is_ok(), "it is still open");
    }
}
