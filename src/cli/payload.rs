//! A payload from a file, as a webhook: its headers, its type and its delivery id, from beside it or from the options.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header, uri::PathAndQuery};
use jiff::Timestamp;

use super::failure::Failure;
use crate::{
    event::{Codings, Encoding, Event, EventType, RawBody, Webhook},
    name::SourceName,
    provider::Provider,
    rules::{Rules, SourceRules},
    verify::{Verifier, keyring::Keyring},
};

/// What `send` and `render` are told of a payload.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct PayloadArgs {
    /// The source that it comes from
    #[arg(long)]
    pub(super) source: String,
    /// The file with the body, such as push.json; .form, .xml and .txt are sent as what they are
    #[arg(long, value_name = "FILE")]
    pub(super) payload: PathBuf,
    /// A JSON object of request headers; without it, push.headers.json beside push.json is used if it is there
    #[arg(long, value_name = "FILE")]
    pub(super) headers: Option<PathBuf>,
    /// The event type, such as push; without it, from the headers, the body or the file's name
    #[arg(long, value_name = "TYPE")]
    pub(super) event: Option<String>,
}

impl PayloadArgs {
    /// The file that headers are read from: the one that was named, else the one that may stand beside the payload.
    pub(super) fn headers_file(&self) -> PathBuf {
        self.headers.clone().unwrap_or_else(|| self.payload.with_extension("headers.json"))
    }
}

/// A body with the headers that its provider would send, signature left out.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// The source that is meant.
pub(super) fn source<'a>(rules: &'a Rules, name: &str) -> Result<&'a SourceRules, Failure> {
    let found = name.parse::<SourceName>().ok().and_then(|name| rules.sources.get(&name));
    found.map(|source| &**source).ok_or_else(|| {
        let names: Vec<&str> = rules.sources.keys().map(SourceName::as_str).collect();
        let cure = match names.as_slice() {
            [] => format!("create sources/{name}.toml in the config folder, with `provider` and `secrets`"),
            _ => format!("use one of: {}", names.join(", ")),
        };
        Failure::new(format!("there is no source `{name}`"), cure)
    })
}

/// Reads body and headers, and adds what the provider would add.
pub(super) fn prepare(args: &PayloadArgs, provider: &Provider, delivery_id: &str) -> Result<Prepared, Failure> {
    let body = read_body(&args.payload)?;
    let file = args.headers.clone().or_else(|| Some(args.headers_file()).filter(|file| file.is_file()));
    let mut headers = file.as_deref().map(read_headers).transpose()?.unwrap_or_default();
    headers.remove(header::CONTENT_LENGTH);
    headers.remove(header::HOST);
    if !headers.contains_key(header::CONTENT_TYPE) {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type(&args.payload)));
    }
    let kind = match &args.event {
        Some(text) => event_type(text),
        None => guess(args, provider, &headers, &body),
    };
    provider.headers_for(&kind, delivery_id, &mut headers).map_err(|_| {
        Failure::new("the event type can't stand in a header", "give --event TYPE in letters, digits and `_`")
    })?;
    Ok(Prepared { headers, body })
}

fn read_body(file: &Path) -> Result<Bytes, Failure> {
    std::fs::read(file).map(Bytes::from).map_err(|error| unreadable(file, &error))
}

/// By the file's ending.
fn media_type(file: &Path) -> &'static str {
    match file.extension().and_then(|ending| ending.to_str()) {
        Some("form") => "application/x-www-form-urlencoded",
        Some("xml") => "application/xml",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/json",
    }
}

/// The payload of a file alone, as templates see it.
pub(super) fn read_payload(file: &Path) -> Result<serde_json::Value, Failure> {
    let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(media_type(file)))]);
    let encoding = Encoding::of(&headers).unwrap_or(Encoding::Json);
    encoding
        .payload(&Codings::default(), &read_body(file)?)
        .map_err(|bad| Failure::new(format!("{}: {bad}", file.display()), "name a file with a webhook's body"))
}

impl Prepared {
    /// The webhook that would arrive if this were posted to the source's address.
    pub(super) fn webhook(self, source: &SourceRules, now: Timestamp) -> Webhook {
        // Names of sources hold nothing that a path can't.
        let target = PathAndQuery::try_from(format!("/hooks/{}", source.name));
        Webhook {
            source: source.name.clone(),
            received_at: now,
            peer: None,
            method: Method::POST,
            target: target.unwrap_or_else(|_| PathAndQuery::from_static("/")),
            headers: self.headers,
            body: RawBody(self.body),
        }
    }
}

/// The event that this body would become; nothing is checked.
pub(super) fn event(prepared: Prepared, source: &SourceRules, now: Timestamp) -> Result<Event, Failure> {
    let verified = Verifier::none().check(prepared.webhook(source, now), now, &Keyring::default());
    let verified = verified.map_err(|_| Failure::new("the payload can't be taken", "report this"))?;
    let (event, _) = source.provider.event(verified).map_err(|error| Failure::sentence(&error.to_string()))?;
    Ok(event)
}

/// `pull_request.opened` is type and action.
pub(super) fn event_type(text: &str) -> EventType {
    match text.split_once('.') {
        Some((name, action)) => EventType::new(name, Some(action)),
        None => EventType::new(text, None),
    }
}

/// What headers and body say; where they say nothing, what the file is called.
fn guess(args: &PayloadArgs, provider: &Provider, headers: &HeaderMap, body: &Bytes) -> EventType {
    let payload = Encoding::of(headers).zip(Codings::of(headers));
    let payload = payload.and_then(|(encoding, codings)| encoding.payload(&codings, body).ok()).unwrap_or_default();
    if let Some(kind) = provider.kind(headers, &payload) {
        return kind;
    }
    let stem = args.payload.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    EventType::new(stem.split('.').next().unwrap_or(stem), None)
}

fn read_headers(file: &Path) -> Result<HeaderMap, Failure> {
    let text = std::fs::read_to_string(file).map_err(|error| unreadable(file, &error))?;
    let bad = || {
        Failure::new(
            format!("{} holds no headers", file.display()),
            "write a JSON object such as {\"X-GitHub-Event\": \"push\"}",
        )
    };
    let map: BTreeMap<String, String> = serde_json::from_str(&text).map_err(|_| bad())?;
    let mut headers = HeaderMap::new();
    for (name, value) in map {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad())?;
        headers.append(name, HeaderValue::from_str(&value).map_err(|_| bad())?);
    }
    Ok(headers)
}

fn unreadable(file: &Path, error: &std::io::Error) -> Failure {
    let found = format!("{} can't be read ({})", file.display(), error.kind());
    Failure::new(found, "name a file that is there and that you may read")
}
