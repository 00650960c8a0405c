//! The address that a sender was given, which some of them sign.

use http::uri::PathAndQuery;
use url::Url;

/// The public address as it was asked for. What stands in front of us may have rewritten host and scheme.
pub(super) fn asked_for(public_url: &Url, target: &PathAndQuery) -> String {
    format!("{}{target}", public_url.as_str().trim_end_matches('/'))
}
