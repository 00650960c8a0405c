//! A stand-in destination: speaks just enough HTTP to say anything, or nothing, and records what it was sent.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// What a request is answered with.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// Status, headers as lines, body.
    Status(u16, &'static str, &'static str),
    /// The connection is cut.
    Reset,
    /// Nothing at all.
    Silence,
}

/// A running stand-in.
#[derive(Clone)]
pub(crate) struct Teams {
    pub(crate) address: SocketAddr,
    state: Arc<State>,
}

/// What is answered to a path and a body.
pub(crate) type Decide = Box<dyn Fn(&str, &str) -> Answer + Send + Sync>;

struct State {
    answers: Mutex<VecDeque<Answer>>,
    always: Mutex<Answer>,
    decide: Option<Decide>,
    received: watch::Sender<Vec<(String, Value)>>,
}

impl Teams {
    /// Answers everything with 202.
    pub(crate) async fn start() -> Self {
        Self::answering(None).await
    }

    /// Answers as it is told to for each request.
    pub(crate) async fn deciding(decide: Decide) -> Self {
        Self::answering(Some(decide)).await
    }

    async fn answering(decide: Option<Decide>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State {
            answers: Mutex::default(),
            always: Mutex::new(Answer::Status(202, "", "")),
            decide,
            received: watch::Sender::new(Vec::new()),
        });
        let serving = state.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(stream, serving.clone()));
            }
        });
        Self { address, state }
    }

    /// The next answers, one each.
    pub(crate) fn answer(&self, answers: impl IntoIterator<Item = Answer>) {
        self.state.answers.lock().unwrap().extend(answers);
    }

    /// The answer to all that follow.
    pub(crate) fn always(&self, answer: Answer) {
        *self.state.always.lock().unwrap() = answer;
    }

    /// A webhook URL of it.
    pub(crate) fn url(&self, channel: &str) -> String {
        format!("http://{}/channel-{channel}?sig=very-secret-sig", self.address)
    }

    /// Waits until so many requests have come, and returns all there are.
    pub(crate) async fn received(&self, count: usize) -> Vec<Value> {
        let mut received = self.state.received.subscribe();
        let enough = received.wait_for(|received| received.len() >= count);
        let received = tokio::time::timeout(Duration::from_secs(20), enough).await;
        let received = received.unwrap_or_else(|_| panic!("{} of {count} cards came", self.count())).unwrap();
        received.iter().map(|(_, body)| body.clone()).collect()
    }

    /// How many requests have come.
    pub(crate) fn count(&self) -> usize {
        self.state.received.borrow().len()
    }

    /// All requests there were: the path, and the card.
    pub(crate) fn cards(&self) -> Vec<(String, Value)> {
        self.state.received.borrow().clone()
    }

    /// The paths that were posted to, in order.
    pub(crate) fn paths(&self) -> Vec<String> {
        self.state.received.borrow().iter().map(|(path, _)| path.clone()).collect()
    }
}

async fn serve(mut stream: TcpStream, state: Arc<State>) {
    let mut buffer = Vec::new();
    loop {
        let Some((path, body)) = read_request(&mut stream, &mut buffer).await else { return };
        let text = String::from_utf8_lossy(&body).into_owned();
        let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
        // What it will say is settled before the request counts as received, so that a test can change it after.
        let answer = state.answers.lock().unwrap().pop_front();
        let answer = answer.unwrap_or_else(|| match &state.decide {
            Some(decide) => decide(&path, &text),
            None => state.always.lock().unwrap().clone(),
        });
        state.received.send_modify(|received| received.push((path, body)));
        match answer {
            Answer::Status(status, headers, text) => {
                let length = text.len();
                let reply = format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\n{headers}\r\n{text}");
                if stream.write_all(reply.as_bytes()).await.is_err() {
                    return;
                }
            }
            Answer::Reset => {
                stream.set_zero_linger().unwrap();
                return;
            }
            Answer::Silence => std::future::pending::<()>().await,
        }
    }
}

async fn read_request(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<(String, Vec<u8>)> {
    let head_end = loop {
        if let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8_lossy(&buffer[..head_end]).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok()).unwrap_or(0);
    while buffer.len() < head_end + length {
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
    let path = head.split_whitespace().nth(1).unwrap_or_default().to_owned();
    let body = buffer[head_end..head_end + length].to_vec();
    buffer.drain(..head_end + length);
    Some((path, body))
}
