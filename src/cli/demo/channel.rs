//! The stand-in for Teams: takes cards as a workflow's URL does, keeps them, and shows them in the browser as they arrive.

use std::{
    collections::VecDeque,
    convert::Infallible,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::body::Body;
use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Path, State},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use crate::{clock::Clock, http::card_page};

/// Messages that are kept for a page that opens later.
const KEPT: usize = 200;

/// What the page may load: its own files and nothing else.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What the page shows in its try-it box.
#[derive(Debug, Clone, Serialize)]
pub(super) struct About {
    pub(super) hooks: String,
    pub(super) commands: Vec<Try>,
}

/// A command to copy.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Try {
    pub(super) title: String,
    pub(super) command: String,
}

/// All channels of the stand-in.
#[derive(Debug)]
pub(super) struct Channel {
    about: About,
    clock: Arc<dyn Clock>,
    stopping: CancellationToken,
    kept: Mutex<Messages>,
    live: broadcast::Sender<(u64, Arc<str>)>,
}

#[derive(Debug, Default)]
struct Messages {
    last: u64,
    kept: VecDeque<(u64, Arc<str>)>,
}

impl Channel {
    pub(super) fn new(about: About, clock: Arc<dyn Clock>, stopping: CancellationToken) -> Self {
        Self { about, clock, stopping, kept: Mutex::default(), live: broadcast::Sender::new(KEPT) }
    }

    fn kept(&self) -> MutexGuard<'_, Messages> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, channel: &str, size: usize, body: &Value) {
        let mut messages = self.kept();
        messages.last += 1;
        let number = messages.last;
        let at = self.clock.now().to_string();
        let message = json!({"number": number, "channel": channel, "at": at, "bytes": size, "body": body});
        let text: Arc<str> = format!("event: message\nid: {number}\ndata: {message}\n\n").into();
        if messages.kept.len() >= KEPT {
            messages.kept.pop_front();
        }
        messages.kept.push_back((number, text.clone()));
        // An error means that no page is open; it will read what is kept.
        self.live.send((number, text)).ok();
    }
}

/// The page's files, as `include_str!` takes them: address, media type, text.
const FILES: [(&str, &str, &str); 9] = [
    ("/", HTML, include_str!("page/page.html")),
    ("/page.css", CSS, include_str!("page/page.css")),
    ("/page.js", JS, include_str!("page/page.js")),
    ("/channels.js", JS, include_str!("page/channels.js")),
    ("/message.js", JS, include_str!("page/message.js")),
    ("/posted.js", JS, include_str!("page/posted.js")),
    ("/preview", HTML, include_str!("page/preview.html")),
    ("/preview.css", CSS, include_str!("page/preview.css")),
    ("/preview.js", JS, include_str!("page/preview.js")),
];

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";

pub(super) fn router(channel: Arc<Channel>) -> Router {
    let mut router = Router::new()
        .route("/about", get(|State(channel): State<Arc<Channel>>| async move { Json(channel.about.clone()) }))
        .route("/messages", get(messages))
        .route("/teams/{channel}", post(teams).layer(DefaultBodyLimit::max(1 << 20)));
    for (address, kind, text) in FILES {
        router = router.route(address, get(move || async move { file(kind, text) }));
    }
    for (name, kind, text) in card_page::files() {
        router = router.route(&format!("/{name}"), get(move || async move { file(kind, text) }));
    }
    router.with_state(channel)
}

fn file(kind: &'static str, text: &'static str) -> Response {
    let mut response = text.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Answers as a workflow's trigger does: 202 and nothing, or 400 with an error code.
async fn teams(State(channel): State<Arc<Channel>>, Path(name): Path<String>, body: Bytes) -> Response {
    match serde_json::from_slice::<Value>(&body) {
        Ok(card) => {
            channel.take(&name, body.len(), &card);
            StatusCode::ACCEPTED.into_response()
        }
        Err(_) => {
            let error = json!({"error": {"code": "InvalidRequestContent", "message": "the body is not JSON"}});
            (StatusCode::BAD_REQUEST, Json(error)).into_response()
        }
    }
}

/// What is kept, then what arrives, as server-sent events.
async fn messages(State(channel): State<Arc<Channel>>) -> Response {
    let (live, kept) = {
        let messages = channel.kept();
        (channel.live.subscribe(), messages.kept.clone())
    };
    let stopping = channel.stopping.clone();
    let events = stream::unfold((kept, live, stopping), |(mut kept, mut live, stopping)| async move {
        if let Some((_, text)) = kept.pop_front() {
            return Some((text, (kept, live, stopping)));
        }
        let text = loop {
            tokio::select! {
                next = live.recv() => match next {
                    Ok((_, text)) => break text,
                    Err(broadcast::error::RecvError::Lagged(_)) => {}
                    Err(broadcast::error::RecvError::Closed) => return None,
                },
                () = stopping.cancelled() => return None,
            }
        };
        Some((text, (kept, live, stopping)))
    });
    let events =
        futures_util::StreamExt::map(events, |text: Arc<str>| Ok::<_, Infallible>(Bytes::from(text.to_string())));
    let headers = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-store")];
    (headers, Body::from_stream(events)).into_response()
}
