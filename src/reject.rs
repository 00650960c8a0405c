//! The last webhooks that were refused, so that an admin sees why: in memory alone, a few for each source.
//!
//! Of a request's headers only those are shown that can't prove anything, by their names and by the settings; of its
//! body only the size.

use std::{
    collections::{HashMap, VecDeque},
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use http::{
    HeaderMap, HeaderName, HeaderValue, Method,
    header::{self, Entry},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{config::header::Header, name::SourceName, outcome::Reason};

/// Refused webhooks that are kept for each source, and for all names that are no source together.
const KEPT: usize = 50;

/// Headers that are kept of each, at most; and characters of a name or value.
const MOST_HEADERS: usize = 100;
const MOST_CHARS: usize = 200;

/// A header with one of these in its name is never shown, whatever else its name says.
const TELLING: [&str; 9] = ["token", "sign", "auth", "cookie", "secret", "key", "password", "hmac", "credential"];

/// Headers that are shown, by their whole name or by its end.
const HARMLESS: [&str; 9] = [
    "content-type",
    "content-length",
    "content-encoding",
    "user-agent",
    "date",
    "webhook-id",
    "webhook-timestamp",
    "x-request-id",
    "x-forwarded-for",
];
const HARMLESS_ENDS: [&str; 4] = ["-event", "-delivery", "-delivery-id", "-event-id"];

/// A request as it came to a source's address.
#[derive(Debug)]
pub struct Asked {
    /// When.
    pub at: Timestamp,
    /// From where.
    pub client: Option<IpAddr>,
    /// How.
    pub method: Method,
    /// All headers, secrets among them; what is kept of them holds none.
    pub headers: HeaderMap,
    /// Bytes of the body, once it was read.
    pub size: Option<usize>,
}

/// A webhook that was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reject {
    /// By it, it can be asked for; counted from 1 at each start.
    pub id: u64,
    /// When it came.
    pub at: Timestamp,
    /// To which source; none where the name could not be one.
    pub source: Option<SourceName>,
    /// From which address.
    pub client: Option<IpAddr>,
    /// By which method.
    pub method: String,
    /// The word for why.
    pub reason: Reason,
    /// What exactly was wrong, where more is known than the word says.
    pub why: Option<String>,
    /// Bytes of the body: as read, else as announced.
    pub size: Option<u64>,
    /// The body's type, as announced.
    pub content_type: Option<String>,
    /// Names of headers, and values of those that prove nothing; of the others only the length.
    pub headers: Vec<(String, String)>,
}

/// All that are kept.
#[derive(Debug, Default)]
pub struct Rejects(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    last_id: u64,
    /// Under none, those whose name is no source.
    by_source: HashMap<Option<SourceName>, VecDeque<Arc<Reject>>>,
}

impl Asked {
    /// Marks what stands in these headers as never to be shown.
    pub fn hide<'a>(&mut self, headers: impl Iterator<Item = &'a Header>) {
        for header in headers {
            if let Entry::Occupied(mut found) = self.headers.entry(&header.0) {
                found.iter_mut().for_each(|value| value.set_sensitive(true));
            }
        }
    }
}

impl Rejects {
    /// Keeps a refused webhook; the oldest of its source goes if there are too many.
    pub fn record(&self, source: Option<SourceName>, asked: &Asked, reason: Reason, why: Option<String>) {
        let pool = source.clone().filter(|_| reason != Reason::UnknownSource);
        let mut kept = self.kept();
        kept.last_id += 1;
        let reject = Reject::new(kept.last_id, source, asked, reason, why);
        let rejects = kept.by_source.entry(pool).or_default();
        rejects.push_back(Arc::new(reject));
        if rejects.len() > KEPT {
            rejects.pop_front();
        }
    }

    /// Those of a source, or all; newest first.
    pub fn list(&self, source: Option<&SourceName>) -> Vec<Arc<Reject>> {
        let wanted = |reject: &&Arc<Reject>| source.is_none() || reject.source.as_ref() == source;
        let mut found: Vec<_> = self.kept().by_source.values().flatten().filter(wanted).cloned().collect();
        found.sort_by_key(|reject| std::cmp::Reverse(reject.id));
        found
    }

    /// One of them, as long as it is kept.
    pub fn find(&self, id: u64) -> Option<Arc<Reject>> {
        self.kept().by_source.values().flatten().find(|reject| reject.id == id).cloned()
    }

    /// Forgets those of sources that are no more.
    pub fn retain(&self, is_source: impl Fn(&SourceName) -> bool) {
        self.kept().by_source.retain(|source, _| source.as_ref().is_none_or(&is_source));
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reject {
    fn new(id: u64, source: Option<SourceName>, asked: &Asked, reason: Reason, why: Option<String>) -> Self {
        let shown_value = |name| asked.headers.get(name).filter(|value| !value.is_sensitive());
        let text = |name| Some(cut(shown_value(name)?.to_str().ok()?));
        let announced = || asked.headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok();
        Self {
            id,
            at: asked.at,
            source,
            client: asked.client,
            method: cut(asked.method.as_str()),
            reason,
            why,
            size: asked.size.map(|size| size as u64).or_else(announced),
            content_type: text(header::CONTENT_TYPE),
            headers: asked.headers.iter().take(MOST_HEADERS).map(shown).collect(),
        }
    }
}

fn shown((name, value): (&HeaderName, &HeaderValue)) -> (String, String) {
    let text = match value.to_str() {
        Ok(text) if !value.is_sensitive() && is_harmless(name.as_str()) => cut(text),
        _ => format!("… ({} bytes)", value.len()),
    };
    (cut(name.as_str()), text)
}

fn is_harmless(name: &str) -> bool {
    let tells = TELLING.iter().any(|word| name.contains(word));
    !tells && (HARMLESS.contains(&name) || HARMLESS_ENDS.iter().any(|end| name.ends_with(end)))
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(MOST_CHARS) {
        Some(_) => text.chars().take(MOST_CHARS).chain(['…']).collect(),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(headers: &[(&str, &str)]) -> Asked {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
        }
        let at = "2026-11-23T08:00:00Z".parse().unwrap();
        Asked { at, client: None, method: Method::POST, headers: map, size: None }
    }

    fn source(name: &str) -> Option<SourceName> {
        Some(name.parse().unwrap())
    }

    #[test]
    fn names_of_headers_are_kept_and_values_only_of_those_that_prove_nothing() {
        let rejects = Rejects::default();
        let secret = [
            ("authorization", "Bearer hunter2"),
            ("x-gitlab-token", "hunter2"),
            ("x-hub-signature-256", "sha256=hunter2"),
            ("cookie", "a=hunter2"),
            ("x-api-key", "hunter2"),
            ("x-token-event", "hunter2"),
            ("x-anything", "hunter2"),
        ];
        let plain = [("user-agent", "GitHub-Hookshot/1"), ("x-github-event", "push"), ("x-github-delivery", "d-1")];
        rejects.record(source("ci"), &asked(&[&secret[..], &plain].concat()), Reason::SignatureInvalid, None);
        let reject = rejects.find(1).unwrap();
        assert!(!format!("{reject:?}").contains("hunter2"), "{reject:?}");
        assert_eq!(reject.headers[0], ("authorization".to_owned(), "… (14 bytes)".to_owned()));
        for (name, value) in plain {
            assert!(reject.headers.contains(&(name.to_owned(), value.to_owned())), "{name}");
        }
        assert_eq!(reject.headers.len(), secret.len() + plain.len());
    }

    #[test]
    fn what_the_settings_take_for_a_proof_is_never_shown_whatever_its_name_says() {
        let rejects = Rejects::default();
        let mut one = asked(&[("x-mine-event", "hunter2"), ("x-mine-event", "hunter3"), ("content-type", "hunter4")]);
        one.hide(["X-Mine-Event", "Content-Type", "X-Absent"].map(|name| name.parse().unwrap()).iter());
        rejects.record(source("ci"), &one, Reason::SignatureInvalid, None);
        let reject = rejects.find(1).unwrap();
        assert!(!format!("{reject:?}").contains("hunter"), "{reject:?}");
        assert_eq!(reject.headers[0], ("x-mine-event".to_owned(), "… (7 bytes)".to_owned()));
    }

    #[test]
    fn the_last_fifty_of_each_source_are_kept_and_of_all_other_names_together() {
        let rejects = Rejects::default();
        for number in 0..200 {
            rejects.record(source("ci"), &asked(&[]), Reason::SignatureInvalid, None);
            rejects.record(source(&format!("made-up-{number}")), &asked(&[]), Reason::UnknownSource, None);
            rejects.record(None, &asked(&[]), Reason::UnknownSource, None);
        }
        assert_eq!(rejects.list(None).len(), 100);
        assert_eq!(rejects.list(source("made-up-199").as_ref()).len(), 1);
        let ci: Vec<u64> = rejects.list(source("ci").as_ref()).iter().map(|reject| reject.id).collect();
        assert_eq!((ci.len(), ci[0], ci[49]), (50, 598, 451), "newest first");
        assert!(rejects.find(448).is_none());
        rejects.retain(|_| false);
        assert_eq!(rejects.list(None).len(), 50, "those of a source that was removed are gone");
    }

    #[test]
    fn what_is_long_is_cut_and_the_size_is_as_read_or_as_announced() {
        let rejects = Rejects::default();
        let long = "x".repeat(10_000);
        let mut one = asked(&[("user-agent", &long), ("content-length", "77"), ("content-type", "text/plain")]);
        rejects.record(None, &one, Reason::UnknownSource, None);
        one.size = Some(5);
        rejects.record(None, &one, Reason::UnknownSource, Some("why".to_owned()));
        let (first, second) = (rejects.find(1).unwrap(), rejects.find(2).unwrap());
        assert_eq!(first.headers[0].1.chars().count(), MOST_CHARS + 1);
        assert_eq!((first.size, second.size), (Some(77), Some(5)));
        assert_eq!(first.content_type.as_deref(), Some("text/plain"));
        assert_eq!(second.why.as_deref(), Some("why"));
    }
}
