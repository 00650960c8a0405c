//! Systems that post: the samples of the templates, signed as their providers would, first all of them and then now and then.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use tokio_util::sync::CancellationToken;

use crate::{
    cli::{
        failure::Failure,
        output,
        payload::Prepared,
        send::{fresh_id, post},
    },
    event::EventType,
    name::SourceName,
    render,
    rules::Rules,
};

/// Between the cards of the first round, so that each is seen to arrive.
const AT_FIRST: Duration = Duration::from_millis(600);

/// Between those that follow.
const LATER: Duration = Duration::from_secs(15);

pub(super) async fn run(rules: Arc<Rules>, hooks: SocketAddr, stopping: CancellationToken) {
    let mut samples = render::samples();
    // GitHub's go to the channel that the page opens with.
    samples.sort_by_key(|sample| !sample.template.as_str().starts_with("github/"));
    let rounds = std::iter::once(AT_FIRST).chain(std::iter::repeat(LATER));
    for pause in rounds {
        for sample in &samples {
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = stopping.cancelled() => return,
            }
            if let Err(failure) = send(&rules, hooks, sample).await {
                output::warn(&format!("a sample could not be sent: {}", failure.cause));
            }
        }
    }
}

/// Posts a sample of `github/…` as the source `github`, one of `generic/…` as `alerts`.
async fn send(rules: &Rules, hooks: SocketAddr, sample: &render::Sample) -> Result<(), Failure> {
    let (provider, event) = sample.template.as_str().split_once('/').unwrap_or_default();
    let name = if provider == "generic" { "alerts" } else { provider };
    let Some(source) = name.parse::<SourceName>().ok().and_then(|name| rules.sources.get(&name)) else { return Ok(()) };
    let id = fresh_id();
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    source
        .provider
        .headers_for(&EventType::new(event, None), &id, &mut headers)
        .map_err(|error| Failure::new(error.to_string(), "report this"))?;
    let prepared = Prepared { headers, body: Bytes::copy_from_slice(sample.json.as_bytes()) };
    let (status, answer) = post(source, prepared, &id, &format!("http://{hooks}/hooks/{name}")).await?;
    if status.is_success() { Ok(()) } else { Err(Failure::new(format!("{status} {answer}"), "report this")) }
}
