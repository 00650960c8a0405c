//! `send`: posts a payload as the source's provider would, signed with the source's first secret.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use super::{
    failure::Failure,
    output,
    payload::{self, PayloadArgs, Prepared},
};
use crate::{
    clock::{Clock, SystemClock},
    config::Config,
    rules::{Rules, SourceRules},
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    payload: PayloadArgs,
    /// Where to; without it, the hooks address of the config folder's daemon
    #[arg(long, value_name = "URL")]
    to: Option<String>,
    /// The delivery id; without it a fresh one, so that the webhook is no repeat
    #[arg(long, value_name = "ID")]
    delivery_id: Option<String>,
}

pub(super) async fn run(config: &Config, args: Args) -> Result<(), Failure> {
    let rules = Rules::compile(config).map_err(|problems| Failure::problems(&problems))?;
    let source = payload::source(&rules, &args.payload.source)?;
    let delivery_id = args.delivery_id.unwrap_or_else(fresh_id);
    let prepared = payload::prepare(&args.payload, &source.provider, &delivery_id)?;
    let to = args.to.unwrap_or_else(|| hooks_url(config, source));
    let (status, answer) = post(source, prepared, &delivery_id, &to).await?;
    output::line(&format!("{status} {answer}"))?;
    if status.is_success() {
        return Ok(());
    }
    Err(Failure::new(format!("the webhook was refused with {status}"), "the answer above says why"))
}

/// A delivery id that was never used: a UUID of chance.
pub(super) fn fresh_id() -> String {
    let [a, b, c, d]: [u32; 4] = rand::random();
    let (b_high, b_low, c_high, c_low) = (b >> 16, b & 0xfff, (c >> 16) & 0x3fff | 0x8000, c & 0xffff);
    format!("{a:08x}-{b_high:04x}-4{b_low:03x}-{c_high:04x}-{c_low:04x}{d:08x}")
}

/// The address of the daemon's own listener; over TLS the public one, since a certificate is for a name.
fn hooks_url(config: &Config, source: &SourceRules) -> String {
    if let (Some(_), Some(public)) = (&config.server.tls, &config.server.public_url) {
        return format!("{}/hooks/{}", public.as_str().trim_end_matches('/'), source.name);
    }
    let mut address = config.server.listen;
    if address.ip().is_unspecified() {
        address = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), address.port());
    }
    let scheme = if config.server.tls.is_some() { "https" } else { "http" };
    format!("{scheme}://{address}/hooks/{}", source.name)
}

/// Signs and posts.
pub(super) async fn post(
    source: &SourceRules,
    prepared: Prepared,
    delivery_id: &str,
    to: &str,
) -> Result<(StatusCode, String), Failure> {
    let now = SystemClock.now();
    let mut webhook = prepared.webhook(source, now);
    // A query is part of what some providers sign, and others put their secret into it.
    let asked = to.split_once('?').and_then(|(_, query)| format!("{}?{query}", webhook.target.path()).parse().ok());
    webhook.target = asked.unwrap_or(webhook.target);
    let signed = source.verifier.sign(&mut webhook, delivery_id, now);
    signed.map_err(|error| Failure::sentence(&error.to_string()))?;
    let bare = to.split('?').next().unwrap_or(to);
    let to = webhook.target.query().map_or_else(|| bare.to_owned(), |query| format!("{bare}?{query}"));
    request(&to, bare, webhook.headers, webhook.body.0).await
}

/// Posts to `to`; `shown` is that address without its query, in which a secret may stand.
async fn request(to: &str, shown: &str, headers: HeaderMap, body: Bytes) -> Result<(StatusCode, String), Failure> {
    let failed = |found: &str| {
        Failure::new(
            format!("{found} at {shown}"),
            "start the daemon with `teams-relay serve`, or name its address with --to",
        )
    };
    let client = crate::deliver::post::plain_client(Duration::from_secs(30))
        .map_err(|error| Failure::new(error.to_string(), "report this"))?;
    let request = client.post(to).headers(headers).body(body);
    let response = request.send().await.map_err(|error| {
        failed(if error.is_connect() {
            if to.starts_with("https:") {
                "nobody answers, or with a certificate that does not hold,"
            } else {
                "nobody answers"
            }
        } else if error.is_builder() {
            "this is no URL"
        } else {
            "no answer came"
        })
    })?;
    let status = response.status();
    let text = response.text().await.map_err(|_| failed("the answer broke off"))?;
    Ok((status, text))
}
