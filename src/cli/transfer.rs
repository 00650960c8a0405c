//! `export` and `import`: the whole store as JSON lines.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use http::Method;
use http_body_util::BodyExt;

use super::{client::Client, failure::Failure, output};
use crate::{admin::view::Count, config::Config, store::EmbeddedStore};

#[derive(Debug, clap::Args)]
pub(super) struct ExportArgs {
    /// Read the store's folder without a daemon, also a damaged one: prints all that can be read, and says what can't
    #[arg(long)]
    offline: bool,
    /// The store's folder; without it, the settings' `store.path`
    #[arg(long, value_name = "DIR", requires = "offline")]
    store: Option<PathBuf>,
}

impl ExportArgs {
    pub(super) const fn is_offline(&self) -> bool {
        self.offline
    }
}

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

/// The same without a daemon, of the store as it lies on disk.
pub(super) async fn salvage(
    folder: &Path,
    environment: &BTreeMap<String, String>,
    args: ExportArgs,
) -> Result<(), Failure> {
    // What else is wrong with the settings, such as secrets that only the daemon can read, is no matter here.
    let (config, problems) = Config::load(folder, environment);
    let of_store: Vec<_> = problems.into_iter().filter(|problem| problem.key.starts_with("store")).collect();
    if !of_store.is_empty() {
        return Err(Failure::problems(&of_store));
    }
    let (path, seal) = (args.store.unwrap_or(config.store.path), config.store.seal);
    let (lines, mut taken) = tokio::sync::mpsc::channel(64);
    let read = tokio::task::spawn_blocking(move || EmbeddedStore::salvage(&path, seal, &lines));
    while let Some(line) = taken.recv().await {
        let text = serde_json::to_string(&line).map_err(|_| cut())?;
        output::line(&text)?;
    }
    let lost = read.await.map_err(|_| cut())?.map_err(|error| Failure::sentence(&error.to_string()))?;
    if lost.is_empty() {
        return Ok(());
    }
    let (count, list) = (lost.len(), lost.join("\n  "));
    Err(Failure::new(
        format!("{count} left out, since it can't be read:\n  {list}"),
        "all else was printed whole: import it into an empty `store.path`, and keep the old folder",
    ))
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
