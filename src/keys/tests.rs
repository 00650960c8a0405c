use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::*;
use crate::{
    clock::ManualClock,
    deliver::post::{Proxies, WayOut},
    destination::HostRules,
    store::MemoryStore,
};

/// A provider that answers each request with this, and how often it was asked.
async fn provider(answer: &'static str) -> (Url, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("http://{}/keys", listener.local_addr().unwrap())).unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = asked.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            let mut request = [0; 4096];
            if stream.read(&mut request).await.is_ok() {
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        }
    });
    (url, asked)
}

fn keys(clock: &Arc<ManualClock>, store: &Arc<MemoryStore>) -> Keys {
    let rules = HostRules { allow_hosts: Vec::new(), allow_http: true, allow_private: true };
    let fetcher = Fetcher::new(&WayOut::new(Arc::new(ArcSwap::from_pointee(rules)), Proxies::None)).unwrap();
    Keys::new(fetcher, store.clone(), clock.clone())
}

fn ci() -> SourceName {
    "ci".parse().unwrap()
}

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at("2026-11-23T08:00:00Z".parse().unwrap()))
}

#[tokio::test]
async fn what_many_want_at_once_is_fetched_once_and_again_after_a_minute() {
    let (url, asked) = provider("HTTP/1.1 200 OK\r\ncontent-length: 3\r\nconnection: close\r\n\r\nkey").await;
    let clock = clock();
    let keys = keys(&clock, &Arc::default());
    let ci = ci();
    let (one, two, three) = tokio::join!(keys.fetch(&ci, &url), keys.fetch(&ci, &url), keys.fetch(&ci, &url));
    assert_eq!((one, two, three), (Ok(()), Ok(()), Ok(())));
    assert_eq!(keys.ring().fetched(&url), Some(&b"key"[..]));
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    clock.advance(Duration::from_secs(61));
    assert_eq!(keys.fetch(&ci, &url).await, Ok(()));
    assert_eq!(asked.load(Ordering::SeqCst), 2);
    clock.advance(Duration::from_secs(24 * 3600));
    assert_eq!(keys.ring().fetched(&url), None);
}

#[tokio::test]
async fn what_fails_is_not_asked_again_at_once_and_a_redirect_is_not_followed() {
    for answer in [
        "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
        "HTTP/1.1 500 No\r\ncontent-length: 3\r\nconnection: close\r\n\r\nkey",
        "HTTP/1.1 200 OK\r\ncontent-length: 9\r\nconnection: close\r\n\r\ncut",
    ] {
        let (url, asked) = provider(answer).await;
        let clock = clock();
        let keys = keys(&clock, &Arc::default());
        for _ in 0..3 {
            assert_eq!(keys.fetch(&ci(), &url).await, Err(Unavailable), "{answer}");
        }
        assert_eq!(asked.load(Ordering::SeqCst), 1, "{answer}");
        assert_eq!(keys.ring().fetched(&url), None);
        clock.advance(Duration::from_secs(30));
        assert_eq!(keys.fetch(&ci(), &url).await, Err(Unavailable));
        assert_eq!(asked.load(Ordering::SeqCst), 2, "{answer}");
    }
}

#[tokio::test]
async fn a_captured_secret_is_on_the_ring_at_once_and_after_a_new_start() {
    let (clock, store) = (clock(), Arc::new(MemoryStore::default()));
    let keys_now = keys(&clock, &store);
    let source: SourceName = "asana".parse().unwrap();
    let capture = |text: &str| keys_now.capture(&source, Secret::new(text), 1);
    assert_eq!(capture("hook-secret").await.unwrap(), Captured::New);
    assert_eq!(capture("another").await.unwrap(), Captured::Full);
    let later = keys(&clock, &store);
    assert!(later.ring().captured(&source).is_empty());
    later.know([&source].into_iter());
    for ring in [keys_now.ring(), later.ring()] {
        let secrets = ring.captured(&source);
        assert!(secrets.len() == 1 && secrets[0].is(b"hook-secret"));
    }
}
