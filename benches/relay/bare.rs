//! The limits: servers that do the least of what the relay does, each a process of its own.

use std::{net::SocketAddr, sync::Arc};

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http_body_util::{BodyExt, Empty};
use hyper::{Request, Response, StatusCode, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use sha2::Sha256;
use teams_relay::{
    name::TemplateName,
    render::{self, RenderInput, Templates},
};
use tokio::net::TcpListener;

use crate::{load::SECRET, runtime};

/// What a bare server does with a request.
enum Bare {
    /// Checks the HMAC.
    Accept,
    /// Posts the body on.
    Forward { client: reqwest::Client, to: String },
    /// Checks the HMAC, parses the body, renders a card and posts that: all that must be done for an event.
    Floor { client: reqwest::Client, to: String, templates: Box<Templates>, template: TemplateName },
}

/// Serves as one of the limits until it is ended; `arguments` are the address to listen on and the one to post to.
pub(crate) fn serve_as(role: &str, arguments: &[String]) {
    if role == "churn" {
        return crate::churn::serve(arguments.first().unwrap());
    }
    let listen: SocketAddr = arguments.first().unwrap().parse().unwrap();
    let to = arguments.get(1).cloned().unwrap_or_default();
    let client = || teams_relay::deliver::post::plain_client(std::time::Duration::from_secs(10)).unwrap();
    let bare = match role {
        "accept" => Bare::Accept,
        "forward" => Bare::Forward { client: client(), to },
        "floor" => {
            let templates = Box::new(Templates::compile(render::embedded()).unwrap());
            Bare::Floor { client: client(), to, templates, template: "github/push".parse().unwrap() }
        }
        other => panic!("there is no role {other}"),
    };
    runtime().block_on(serve(listen, Arc::new(bare)));
}

async fn serve(listen: SocketAddr, bare: Arc<Bare>) {
    let listener = TcpListener::bind(listen).await.unwrap();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        let bare = bare.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| answer(bare.clone(), request));
            // The other side ends it.
            http1::Builder::new().serve_connection(TokioIo::new(stream), service).await.ok();
        });
    }
}

async fn answer(bare: Arc<Bare>, request: Request<Incoming>) -> hyper::Result<Response<Empty<Bytes>>> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let signature = parts.headers.get("x-hub-signature-256").map(|value| value.as_bytes().to_vec());
    let status = match &*bare {
        Bare::Accept => is_signed(&body, signature.as_deref()),
        Bare::Forward { client, to } => post(client, to, body).await,
        Bare::Floor { client, to, templates, template } => {
            let genuine = is_signed(&body, signature.as_deref());
            let payload: Value = serde_json::from_slice(&body).unwrap();
            let card = templates.text(template, &RenderInput::of_sample(payload, "github", "push")).unwrap();
            genuine && post(client, to, card.into()).await
        }
    };
    let mut answer = Response::new(Empty::new());
    *answer.status_mut() = if status { StatusCode::ACCEPTED } else { StatusCode::BAD_REQUEST };
    Ok(answer)
}

fn is_signed(body: &[u8], signature: Option<&[u8]>) -> bool {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(body);
    let digits = signature.and_then(|signature| signature.strip_prefix(b"sha256="));
    let given = digits.and_then(|digits| hex::decode(digits).ok());
    given.is_some_and(|given| mac.verify_slice(&given).is_ok())
}

async fn post(client: &reqwest::Client, to: &str, body: Bytes) -> bool {
    let request = client.post(to).header("content-type", "application/json").body(body);
    request.send().await.is_ok_and(|answer| answer.status().is_success())
}
