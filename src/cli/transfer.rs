//! `export` and `import`: the whole store as JSON lines.

use std::path::PathBuf;

use bytes::Bytes;
use http::Method;
use http_body_util::BodyExt;

use super::{client::Client, failure::Failure, output};
use crate::admin::view::Count;

#[derive(Debug, clap::Args)]
pub(super) struct ImportArgs {
    /// The file; without it, standard input
    file: Option<PathBuf>,
}

/// More bytes than the last line has, which counts the records.
const LAST_LINE: usize = 128;

pub(super) async fn export(client: &Client) -> Result<(), Failure> {
    let mut body = client.send(Method::GET, "/export", Bytes::new()).await?.into_body();
    let mut tail = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| cut())?;
        if let Some(data) = frame.data_ref() {
            output::print_bytes(data)?;
            tail.extend_from_slice(data);
            tail.drain(..tail.len().saturating_sub(LAST_LINE));
        }
    }
    let last = tail.strip_suffix(b"\n").and_then(|tail| tail.rsplit(|byte| *byte == b'\n').next()).unwrap_or_default();
    if last.starts_with(br#"{"record":"end""#) { Ok(()) } else { Err(cut()) }
}

fn cut() -> Failure {
    Failure::new(
        "the export broke off before its end",
        "look into the daemon's log, and do not keep the part as a backup",
    )
}

pub(super) async fn import(client: &Client, args: ImportArgs) -> Result<(), Failure> {
    let read = match &args.file {
        Some(file) => std::fs::read(file),
        None => std::io::read_to_string(std::io::stdin()).map(String::into_bytes),
    };
    let bytes = read.map_err(|error| {
        let name = args.file.map_or_else(|| "standard input".to_owned(), |file| file.display().to_string());
        Failure::new(format!("{name} can't be read ({})", error.kind()), "name a file that `teams-relay export` wrote")
    })?;
    let answer = client.send(Method::POST, "/import", bytes.into()).await?;
    let body = answer.into_body().collect().await.map_err(|_| cut())?.to_bytes();
    let count: Count = serde_json::from_slice(&body).map_err(|_| cut())?;
    output::line(&format!("{} records imported", count.count))
}
