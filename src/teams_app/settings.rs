//! What a manifest takes of the settings, and what is said of the rest.

use url::{Host, Url};

use crate::config::{connector::is_guid, load::MAIN, problem::Problem};

/// Characters of an address, at most. A manifest takes 2,048; what pages are called comes after `server.public_url`.
const LONGEST_ADDRESS: usize = 2000;

/// How the outside reaches the pages.
#[derive(Debug, Clone)]
pub(super) struct PublicUrl {
    /// The address, without a `/` at its end.
    pub(super) base: String,
    /// Its host.
    pub(super) host: String,
}

/// Lets through what is right, and collects what is not.
#[derive(Debug, Default)]
pub(super) struct Checks {
    pub(super) problems: Vec<Problem>,
}

impl Checks {
    pub(super) fn note(&mut self, key: &str, found: &str, cure: &str) {
        self.problems.push(Problem::new(MAIN, key, found, cure));
    }

    pub(super) fn public_url(&mut self, url: Option<&Url>) -> Option<PublicUrl> {
        let key = "server.public_url";
        let Some(url) = url else {
            self.note(key, "is missing", "set it to how Teams reaches the relay, as \"https://hooks.example.com\"");
            return None;
        };
        let found = PublicUrl::of(url);
        if found.is_none() {
            let cure = "write https and the name that the certificate is for, as \"https://hooks.example.com\"";
            self.note(key, "is no public https address, and Teams shows no other", cure);
        }
        found
    }

    pub(super) fn id(&mut self, id: Option<&str>) -> Option<String> {
        let cure = "write a GUID of the app's own, such as `uuidgen` makes, and keep it for each later version";
        self.text("id", id, is_guid, "is no GUID", cure)
    }

    pub(super) fn connector_id(&mut self, id: &str) -> Option<String> {
        let cure = "write it as the Connectors Developer Dashboard gave it, or take it out";
        self.text("connector_id", Some(id), |id| fits(id, 64), "is empty, or longer than 64 characters", cure)
    }

    pub(super) fn version(&mut self, version: &str) -> Option<String> {
        let cure = "write three whole numbers, as \"1.0.0\"";
        self.text("version", Some(version), is_version, "is no version that Teams takes", cure)
    }

    pub(super) fn name(&mut self, name: &str) -> Option<String> {
        let cure = "write a shorter one, or take it out";
        self.text("name", Some(name), |name| fits(name, 30), "is empty, or longer than 30 characters", cure)
    }

    pub(super) fn developer(&mut self, name: Option<&str>) -> Option<String> {
        let cure = "write who offers the app, in 32 characters at most";
        self.text("developer", name, |name| fits(name, 32), "is empty, or longer than 32 characters", cure)
    }

    pub(super) fn address(&mut self, key: &str, url: &Url) -> Option<String> {
        let is_right = |url: &str| url.starts_with("https://") && url.len() <= LONGEST_ADDRESS;
        let cure = "write it as \"https://octo.example\", or take it out";
        self.text(key, Some(url.as_str()), is_right, "is no https address, or a very long one", cure)
    }

    fn text(
        &mut self,
        key: &str,
        text: Option<&str>,
        is_right: impl Fn(&str) -> bool,
        found: &str,
        cure: &str,
    ) -> Option<String> {
        let right = text.filter(|text| is_right(text)).map(str::to_owned);
        if right.is_none() {
            let found = if text.is_none() { "is missing" } else { found };
            self.note(&format!("connector.app.{key}"), found, cure);
        }
        right
    }
}

impl PublicUrl {
    /// Of an address that Teams could embed: https, a name that others can resolve, and nothing that is a secret.
    fn of(url: &Url) -> Option<Self> {
        let Host::Domain(host) = url.host()? else { return None };
        let is_public = host.contains('.') && !host.ends_with(".localhost");
        let is_bare = url.username().is_empty() && url.password().is_none();
        if url.scheme() != "https" || !is_public || !is_bare || url.as_str().len() > LONGEST_ADDRESS {
            return None;
        }
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        let path = url.path().trim_end_matches('/');
        Some(Self { base: format!("https://{host}{port}{path}"), host: host.to_owned() })
    }
}

/// Whether it says something, in so many characters at most.
fn fits(text: &str, most: usize) -> bool {
    !text.trim().is_empty() && text.chars().count() <= most
}

/// Three whole numbers, none with a needless zero.
fn is_version(text: &str) -> bool {
    let is_number = |part: &str| {
        part.bytes().all(|byte| byte.is_ascii_digit()) && (part == "0" || !(part.is_empty() || part.starts_with('0')))
    };
    text.len() <= 256 && text.split('.').count() == 3 && text.split('.').all(is_number)
}
