//! Talks to the running daemon over its admin socket.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::{Response, body::Incoming};
use hyper_util::rt::TokioIo;
use serde::{Serialize, de::DeserializeOwned};
use tokio::net::UnixStream;

use super::failure::Failure;
use crate::config::Config;

/// An id or a name as one segment of an address; a name may hold anything.
pub(super) fn segment(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

/// The daemon's API.
#[derive(Debug)]
pub(super) struct Client {
    socket: PathBuf,
    folder: PathBuf,
}

impl Client {
    /// For the daemon of a config folder. Other problems of the folder are not these commands' business.
    pub(super) fn of(folder: &Path, environment: &BTreeMap<String, String>) -> Self {
        let (config, _) = Config::load(folder, environment);
        Self { socket: config.admin_socket, folder: folder.to_owned() }
    }

    /// Asks for a value.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        self.ask(Method::GET, path, None::<&()>).await
    }

    /// Has something done.
    pub(super) async fn post<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        self.ask(Method::POST, path, None::<&()>).await
    }

    /// Sends a request and reads its answer.
    pub(super) async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> Result<T, Failure> {
        let body = body.map(serde_json::to_vec).transpose();
        let body = body.map_err(|error| Failure::new(format!("can't write the request ({error})"), "report it"))?;
        let answer = self.send(method, path, body.unwrap_or_default().into()).await?;
        let bytes = answer.into_body().collect().await.map_err(|_| self.broke_off())?.to_bytes();
        serde_json::from_slice(&bytes).map_err(|_| {
            Failure::new("the daemon's answer can't be read", "use the teams-relay of the daemon's own version")
        })
    }

    /// Sends a request; an answer that is no success becomes the failure that it tells of.
    pub(super) async fn send(&self, method: Method, path: &str, body: Bytes) -> Result<Response<Incoming>, Failure> {
        let stream = UnixStream::connect(&self.socket).await.map_err(|error| self.no_daemon(&error))?;
        let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
        let (mut sender, connection) = handshake.map_err(|_| self.broke_off())?;
        tokio::spawn(connection);
        let request = Request::builder()
            .method(method)
            .uri(format!("/api/v1{path}"))
            .header(header::HOST, "teams-relay")
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(body))
            .map_err(|_| Failure::new(format!("`{path}` is no address"), "check the id"))?;
        let response = sender.send_request(request).await.map_err(|_| self.broke_off())?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status();
        let bytes = response.into_body().collect().await.map_err(|_| self.broke_off())?.to_bytes();
        Err(explain(status, &bytes))
    }

    fn no_daemon(&self, error: &std::io::Error) -> Failure {
        let socket = self.socket.display();
        match error.kind() {
            std::io::ErrorKind::PermissionDenied => Failure::new(
                format!("you may not open the daemon's socket {socket}"),
                "run this as root, or as a member of the daemon's group",
            ),
            _ => Failure::new(
                format!("no daemon answers at {socket}"),
                format!(
                    "start it with `teams-relay serve --config {}`, or name its config folder",
                    self.folder.display()
                ),
            ),
        }
    }

    fn broke_off(&self) -> Failure {
        Failure::new("the daemon hung up", "look into its log; if it is stopping, try again when it is back")
    }
}

fn explain(status: StatusCode, body: &[u8]) -> Failure {
    let problem: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    match problem.get("detail").and_then(serde_json::Value::as_str) {
        Some(detail) => Failure::sentence(detail),
        None => Failure::new(format!("the daemon answered {status}"), "look into its log"),
    }
}
