//! The load: webhooks as GitHub posts them, each with a body and a signature of its own, over connections kept alive.
//!
//! It costs as little as can be, since it shares the processors: bytes are put together once, the HMAC goes on from
//! where the common part of all bodies ends, and answers are looked at just far enough.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::push;

pub(crate) const SECRET: &str = "an invented secret of the bench";

/// Bytes of a push of a few commits, as real ones have.
const PUSH: usize = 13 * 1024;

const CONNECTIONS: usize = 64;

/// The timer's own exactness is a millisecond.
const LATE: Duration = Duration::from_millis(2);

/// Tells webhooks of all loads apart.
static NUMBER: AtomicU64 = AtomicU64::new(1);

/// A push but for its last bytes.
pub(crate) struct Push {
    source: &'static str,
    /// What all bodies begin with.
    common: Vec<u8>,
    signed: Hmac<Sha256>,
}

impl Push {
    pub(crate) fn new(source: &'static str) -> Self {
        let text = push::of(PUSH).to_string();
        // The object is left open for the commit that the branch is at now, by which bodies differ.
        let common = format!("{},\"after\":\"", text.strip_suffix('}').unwrap()).into_bytes();
        let mut signed = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
        signed.update(&common);
        Self { source, common, signed }
    }

    /// A request with the next number.
    fn write(&self, into: &mut Vec<u8>) {
        use std::io::Write;
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let end = format!("{number:040x}\"}}");
        let mut signed = self.signed.clone();
        signed.update(end.as_bytes());
        let signature = hex::encode(signed.finalize().into_bytes());
        into.clear();
        write!(
            into,
            "POST /hooks/{} HTTP/1.1\r\nHost: relay.example\r\nUser-Agent: GitHub-Hookshot/044aadd\r\nAccept: */*\r\n\
             Content-Type: application/json\r\nX-GitHub-Event: push\r\nX-GitHub-Hook-ID: 12\r\n\
             X-GitHub-Delivery: 72d3162e-cc78-11e3-81ab-{number:012x}\r\nX-Hub-Signature-256: sha256={signature}\r\n\
             Content-Length: {}\r\n\r\n",
            self.source,
            self.common.len() + end.len(),
        )
        .unwrap();
        into.extend_from_slice(&self.common);
        into.extend_from_slice(end.as_bytes());
    }
}

/// What a load came to.
#[derive(Debug, Clone)]
pub(crate) struct Answered {
    pub(crate) count: u64,
    pub(crate) took: Duration,
    /// Sorted.
    latencies: Vec<Duration>,
}

impl Answered {
    pub(crate) fn per_second(&self) -> f64 {
        self.count as f64 / self.took.as_secs_f64()
    }

    /// So many hundredths of all were answered within this.
    pub(crate) fn percentile(&self, hundredths: usize) -> Duration {
        let at = self.latencies.len() * hundredths / 100;
        self.latencies.get(at).or(self.latencies.last()).copied().unwrap_or_default()
    }
}

/// Posts over all connections for so long, each as soon as the one before it is answered, which must be with 202.
pub(crate) async fn load(address: SocketAddr, push: Arc<Push>, length: Duration) -> Answered {
    run(address, push, length, Duration::ZERO).await
}

/// The same at a rate that the machine can bear: so many a second.
pub(crate) async fn paced(address: SocketAddr, push: Arc<Push>, length: Duration, per_second: usize) -> Answered {
    run(address, push, length, Duration::from_secs_f64(CONNECTIONS as f64 / per_second as f64)).await
}

async fn run(address: SocketAddr, push: Arc<Push>, length: Duration, interval: Duration) -> Answered {
    let start = Instant::now();
    let senders: Vec<_> = (0..CONNECTIONS)
        .map(|sender| {
            let push = push.clone();
            tokio::spawn(async move {
                let mut stream = TcpStream::connect(address).await.unwrap();
                stream.set_nodelay(true).unwrap();
                let (mut request, mut answer, mut latencies) = (Vec::new(), vec![0; 4096], Vec::new());
                let mut due = start + interval.mul_f64(sender as f64 / CONNECTIONS as f64);
                while start.elapsed() < length {
                    push.write(&mut request);
                    tokio::time::sleep_until(due.into()).await;
                    // What is late is counted as waiting, but for what the timer is late by itself.
                    let now = Instant::now();
                    let sent = if now > due + LATE && !interval.is_zero() { due } else { now };
                    stream.write_all(&request).await.unwrap();
                    read_answer(&mut stream, &mut answer).await;
                    latencies.push(sent.elapsed());
                    due += interval;
                }
                latencies
            })
        })
        .collect();
    let mut latencies = Vec::new();
    for sender in senders {
        latencies.extend(sender.await.unwrap());
    }
    let took = start.elapsed();
    latencies.sort();
    Answered { count: latencies.len() as u64, took, latencies }
}

async fn read_answer(stream: &mut TcpStream, buffer: &mut [u8]) {
    let mut filled = 0;
    loop {
        let read = stream.read(buffer.get_mut(filled..).unwrap()).await.unwrap();
        assert!(read > 0, "the connection was closed");
        filled += read;
        let answer = buffer.get(..filled).unwrap();
        if let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = std::str::from_utf8(answer.get(..end).unwrap()).unwrap();
            assert!(head.starts_with("HTTP/1.1 202"), "{head}");
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().unwrap())
            });
            if filled >= end + 4 + length.unwrap_or(0) {
                return;
            }
        }
    }
}
