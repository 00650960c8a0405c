//! The address that a webhook was posted to, as its sender wrote it, which some providers sign.

use http::uri::PathAndQuery;
use url::Url;

/// What the outside calls the relay, then path and query as they were asked for. The `Host` header is not asked: a
/// proxy may have changed it, and whoever sends a request chooses it.
pub(super) fn asked_for(public_url: &Url, target: &PathAndQuery) -> String {
    format!("{}{target}", public_url.as_str().trim_end_matches('/'))
}

/// The name of the host in an address.
pub(super) fn host(of: &Url) -> &str {
    of.host_str().unwrap_or_default()
}
