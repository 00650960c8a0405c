//! A destination that takes everything, and counts.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use http_body_util::{BodyExt, Empty};
use hyper::{Request, Response, StatusCode, body::Bytes, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

#[derive(Clone)]
pub(crate) struct Sink {
    pub(crate) address: SocketAddr,
    posts: Arc<AtomicU64>,
}

impl Sink {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let sink = Self { address: listener.local_addr().unwrap(), posts: Arc::default() };
        let posts = sink.posts.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                stream.set_nodelay(true).unwrap();
                let posts = posts.clone();
                tokio::spawn(async move {
                    let service = service_fn(move |request: Request<Incoming>| {
                        let posts = posts.clone();
                        async move {
                            request.into_body().collect().await?;
                            posts.fetch_add(1, Ordering::Relaxed);
                            let mut answer = Response::new(Empty::<Bytes>::new());
                            *answer.status_mut() = StatusCode::ACCEPTED;
                            hyper::Result::Ok(answer)
                        }
                    });
                    // The other side ends it.
                    http1::Builder::new().serve_connection(TokioIo::new(stream), service).await.ok();
                });
            }
        });
        sink
    }

    pub(crate) fn url(&self, channel: usize) -> String {
        format!("http://{}/channel-{channel}?sig=invented", self.address)
    }

    pub(crate) fn posts(&self) -> u64 {
        self.posts.load(Ordering::Relaxed)
    }

    /// Waits for so many posts in all; says when the last came.
    pub(crate) async fn wait_for(&self, posts: u64) -> Instant {
        let start = Instant::now();
        while self.posts() < posts {
            assert!(start.elapsed() < Duration::from_secs(120), "{} of {posts} posts came", self.posts());
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        Instant::now()
    }
}
