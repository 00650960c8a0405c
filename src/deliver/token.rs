//! Tokens that Entra gives an application, for flows that take posts of their own tenant only: fetched one at a time,
//! and kept in memory until shortly before their end.
//!
//! Neither secret nor token is in anything that is shown: what went wrong is told in words of our own.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use arc_swap::ArcSwap;
use http::header;
use jiff::Timestamp;
use serde::Deserialize;
use url::Url;

use super::{
    client::Clients,
    fetch::{NotFetched, may_be_asked, whole},
    judge::Failure,
    post::failure,
};
use crate::{
    clock::Clock,
    config::entra::Entra,
    destination::{HostRules, header::Header},
    name::EntraName,
};

/// Bytes of an answer, at most: tokens are some 2 KiB.
const LONGEST: usize = 64 * 1024;
/// How long before its end a token is used no more.
const SPARE: Duration = Duration::from_secs(300);
/// How long a token is kept, whatever is said of it.
const LONGEST_KEPT: u64 = 86_400;

/// As whom to post.
#[derive(Debug, Clone, Copy)]
pub struct Applicant<'a> {
    /// The name in the settings.
    pub name: &'a EntraName,
    /// What stands there now; none: nothing any more.
    pub entra: Option<&'a Arc<Entra>>,
}

/// A token as it is sent.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) header: Header,
    /// Whether it was here already.
    pub(super) is_kept: bool,
}

/// What is known of one name and audience.
#[derive(Debug, Default)]
struct Entry {
    token: Option<Kept>,
    /// What came of the last fetch if it failed, and when.
    failed: Option<(Timestamp, Failure)>,
}

#[derive(Debug)]
struct Kept {
    header: Header,
    until: Timestamp,
    /// By which settings it was given.
    by: Arc<Entra>,
}

type Entries = HashMap<(EntraName, String), Arc<tokio::sync::Mutex<Entry>>>;

/// The tokens that were given.
#[derive(Debug)]
pub(super) struct Tokens {
    entries: Mutex<Entries>,
    clients: Clients,
    rules: Arc<ArcSwap<HostRules>>,
    clock: Arc<dyn Clock>,
}

impl Tokens {
    pub(super) fn new(clients: Clients, rules: Arc<ArcSwap<HostRules>>, clock: Arc<dyn Clock>) -> Self {
        Self { entries: Mutex::default(), clients, rules, clock }
    }

    /// A token for posts to this host, other than the `stale` one.
    pub(super) async fn get(
        &self,
        applicant: Applicant<'_>,
        host: &str,
        stale: Option<&Header>,
        timeout: Duration,
    ) -> Result<Token, Failure> {
        let name = applicant.name;
        let entra = applicant.entra.ok_or_else(|| failed(&format!("there is no [entra.{name}] in the settings")))?;
        let unknown = || failed(&format!("no audience is known for {host}; set entra.{name}.audience"));
        let audience = entra.audience(host).ok_or_else(unknown)?;
        let asked = self.clock.steady();
        let entry = self.entry(name, audience);
        let mut entry = entry.lock().await;
        let now = self.clock.steady();
        let fits =
            |kept: &&Kept| now < kept.until && kept.by == *entra && stale.is_none_or(|stale| *stale != kept.header);
        if let Some(kept) = entry.token.as_ref().filter(fits) {
            return Ok(Token { header: kept.header.clone(), is_kept: true });
        }
        // Who waited for a fetch that failed would ask the same again, one after the other.
        if let Some((_, failure)) = entry.failed.as_ref().filter(|(at, _)| *at > asked) {
            return Err(failure.clone());
        }
        *entry = Entry::default();
        match self.fetch(entra, audience, timeout).await {
            Ok((header, lasts)) => {
                tracing::info!(entra = %name, seconds = lasts.as_secs(), "Entra gave a token");
                let until = now.checked_add(lasts.saturating_sub(SPARE)).unwrap_or(now);
                entry.token = Some(Kept { header: header.clone(), until, by: entra.clone() });
                Ok(Token { header, is_kept: false })
            }
            Err(failure) => {
                tracing::warn!(entra = %name, why = %failure, "Entra gave no token");
                entry.failed = Some((self.clock.steady(), failure.clone()));
                Err(failure)
            }
        }
    }

    fn entry(&self, name: &EntraName, audience: &str) -> Arc<tokio::sync::Mutex<Entry>> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.entry((name.clone(), audience.to_owned())).or_default().clone()
    }

    async fn fetch(&self, entra: &Entra, audience: &str, timeout: Duration) -> Result<(Header, Duration), Failure> {
        let url = endpoint(entra)?;
        if !may_be_asked(&url, &self.rules.load(), &self.clients) {
            return Err(failed("the authority is at an address that may not be asked"));
        }
        let client = self.clients.of(&url).map_err(|barred| failed(&barred.to_string()))?;
        let request = client.post(url).timeout(timeout);
        let request =
            request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(form(entra, audience));
        let answer = request.send().await.map_err(|error| failed(&failure(&error).to_string()))?;
        let status = answer.status();
        let read = whole(answer, LONGEST).await;
        if !status.is_success() {
            let word = read.ok().and_then(|bytes| error_word(&bytes)).map(|word| format!(", {word}"));
            return Err(failed(&format!("status {}{}", status.as_u16(), word.unwrap_or_default())));
        }
        let read = read.map_err(|error: NotFetched| failed(&error.to_string()))?;
        let given: Given = serde_json::from_slice(&read).map_err(|_| failed("the answer holds no token"))?;
        let header = Header::new(header::AUTHORIZATION.as_str(), &format!("Bearer {}", given.access_token));
        let header = header.map_err(|_| failed("the token is none that a header can hold"))?;
        Ok((header, Duration::from_secs(given.expires_in.min(LONGEST_KEPT))))
    }
}

fn failed(why: &str) -> Failure {
    Failure::Token(format!("no token from Entra: {why}"))
}

fn endpoint(entra: &Entra) -> Result<Url, Failure> {
    let path = format!("/{}/oauth2/v2.0/token", entra.tenant);
    entra.authority.join(&path).map_err(|_| failed("the authority is no URL"))
}

/// An audience that ends in `/` has two of them before `.default`: Entra cuts off one.
fn form(entra: &Entra, audience: &str) -> String {
    form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "client_credentials")
        .append_pair("client_id", &entra.client_id)
        .append_pair("client_secret", entra.client_secret.expose())
        .append_pair("scope", &format!("{audience}/.default"))
        .finish()
}

/// What is read of a success.
#[derive(Deserialize)]
struct Given {
    access_token: String,
    expires_in: u64,
}

/// Entra's code, such as `invalid_client`; its description may say more than anybody should read.
fn error_word(bytes: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Refusal {
        error: String,
    }
    let Refusal { error } = serde_json::from_slice(bytes).ok()?;
    let is_word =
        (1..=40).contains(&error.len()) && error.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    is_word.then_some(error)
}
