//! The pages and their files, as they are in the binary; TeamsJS comes from Microsoft's CDN or from a folder of the admin's.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Path, State},
    response::{IntoResponse, Response},
    routing::get,
};
use http::{HeaderValue, StatusCode, header};
use include_dir::{Dir, include_dir};
use serde::Deserialize;

use super::Connector;
use crate::http::{card_page, problem::Problem};

static PAGE: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/src/connector/page");

/// Microsoft's content network, which has TeamsJS.
pub(super) const CDN: &str = "https://res.cdn.office.net";

/// What TeamsJS is called where the admin hosts it.
const TEAMSJS: &str = "MicrosoftTeams.min.js";

/// Where a page wants its script.
const MARKER: &str = "<!-- teamsjs -->";

/// Bytes of TeamsJS, at most; version 2.58.0 has 213 KB.
const MOST_BYTES: u64 = 4 * 1024 * 1024;

/// Which TeamsJS the CDN is asked for, and what it must be.
#[derive(Deserialize)]
struct TeamsJs {
    version: String,
    integrity: String,
}

pub(super) fn routes() -> Router<Arc<Connector>> {
    Router::new()
        .route("/config", get(|connector| page(connector, "config.html")))
        .route("/tab", get(|connector| page(connector, "tab.html")))
        .route("/remove", get(|connector| page(connector, "remove.html")))
        .route("/signed-in", get(|connector| page(connector, "signed-in.html")))
        .route("/assets/{name}", get(asset))
        .fallback(|| async { unknown() })
}

fn unknown() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "unknown_address",
        "there is no such page; the one to begin with is /connector/tab",
    )
}

async fn page(State(connector): State<Arc<Connector>>, name: &'static str) -> Response {
    let own = connector.rules.load().connector.as_ref().is_some_and(|settings| settings.assets.is_some());
    let Some(text) = PAGE.get_file(name).and_then(|file| file.contents_utf8()) else {
        return unknown().into_response();
    };
    match script(own) {
        Some(script) => told(text.replace(MARKER, &script), "text/html; charset=utf-8"),
        None => Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "page", "the page lacks its TeamsJS").into_response(),
    }
}

/// The element that loads TeamsJS.
fn script(own: bool) -> Option<String> {
    if own {
        return Some(format!("<script async src=\"/connector/assets/{TEAMSJS}\"></script>"));
    }
    let TeamsJs { version, integrity } = serde_json::from_slice(PAGE.get_file("teamsjs.json")?.contents()).ok()?;
    Some(format!(
        "<script async src=\"{CDN}/teams-js/{version}/js/{TEAMSJS}\" integrity=\"{integrity}\" crossorigin=\"anonymous\"></script>"
    ))
}

async fn asset(State(connector): State<Arc<Connector>>, Path(name): Path<String>) -> Response {
    if name == TEAMSJS {
        return teamsjs(&connector).await.unwrap_or_else(IntoResponse::into_response);
    }
    let kind = match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        _ => return unknown().into_response(),
    };
    let own = PAGE.get_file(&name).and_then(|file| file.contents_utf8());
    let of_cards = || card_page::files().find(|(known, ..)| *known == name).map(|(.., text)| text);
    match own.or_else(of_cards) {
        Some(text) => told(text.to_owned(), kind),
        None => unknown().into_response(),
    }
}

/// TeamsJS from the admin's folder.
async fn teamsjs(connector: &Connector) -> Result<Response, Problem> {
    let folder = connector.rules.load().connector.as_ref().and_then(|settings| settings.assets.clone());
    let file = folder.ok_or_else(unknown)?.join(TEAMSJS);
    let is_fit = tokio::fs::metadata(&file).await.is_ok_and(|about| about.is_file() && about.len() <= MOST_BYTES);
    let bytes = if is_fit { tokio::fs::read(&file).await.ok() } else { None };
    let bytes = bytes.ok_or_else(|| {
        tracing::error!(file = %file.display(), "TeamsJS can't be read; the pages do not work in Teams");
        Problem::new(StatusCode::NOT_FOUND, "unknown_address", "TeamsJS is not there; tell the admin")
    })?;
    let kind = HeaderValue::from_static("text/javascript; charset=utf-8");
    Ok(([(header::CONTENT_TYPE, kind)], bytes).into_response())
}

/// A file of the binary. It is asked for anew each time, so that an upgrade never meets an old half.
fn told(text: String, kind: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ];
    (headers, text).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_has_a_place_for_teamsjs_and_no_script_or_style_of_its_own() {
        let pages: Vec<_> =
            PAGE.files().filter(|file| file.path().extension().is_some_and(|end| end == "html")).collect();
        assert_eq!(pages.len(), 4);
        for page in pages {
            let text = page.contents_utf8().unwrap();
            let name = page.path().display();
            assert_eq!(text.matches(MARKER).count(), 1, "{name}");
            assert!(!text.contains("<style") && !text.contains(" style=") && !text.contains(" onclick="), "{name}");
            let scripts = text.split("<script").skip(1);
            assert!(scripts.clone().all(|rest| rest.split('>').next().unwrap().contains("src=")), "{name}");
        }
    }

    #[test]
    fn the_cdns_script_is_pinned_by_its_hash() {
        let script = script(false).unwrap();
        assert!(
            script.contains("https://res.cdn.office.net/teams-js/2.") && script.contains("integrity=\"sha384-"),
            "{script}"
        );
        assert!(!super::script(true).unwrap().contains("https:"));
    }
}
