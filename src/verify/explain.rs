//! Finds the commonest reasons why a signature does not fit, by trying whether it would.
//!
//! Nothing that is found here makes a webhook believed: it says in words what to mend. It costs several hashes of the
//! body, so it is for refusals that are recorded, which are bounded in number.

use bytes::Bytes;

use super::{keyring::Keyring, scheme::Scheme};
use crate::event::{RawBody, Webhook};

/// Longer bodies are not tried: each try hashes one, and JSON is parsed.
const LONGEST: usize = 256 * 1024;

/// What the signature would fit, in words.
pub(super) fn explain(scheme: &Scheme, webhook: &Webhook, keyring: &Keyring) -> Option<String> {
    let body = &webhook.body.0;
    if body.len() > LONGEST {
        return None;
    }
    if let Scheme::Signed(signed) = scheme
        && let Some(words) = signed.misread_secret(webhook)
    {
        return Some(format!("it would fit if {words}"));
    }
    let fits = |body: Bytes| scheme.prove(&with_body(webhook, body), keyring).is_ok();
    let mut tries = other_bodies(body).into_iter();
    tries.find_map(|(body, words)| fits(body).then(|| words.to_owned()))
}

fn other_bodies(body: &Bytes) -> Vec<(Bytes, &'static str)> {
    let mut bodies = Vec::new();
    let mut ended = body.to_vec();
    ended.push(b'\n');
    bodies.push((ended.into(), "the signature is over the body with a line end that was not sent"));
    let trimmed = body.trim_ascii();
    if trimmed.len() != body.len() {
        bodies
            .push((body.slice_ref(trimmed), "the signature is over the body without the spaces or line end around it"));
    }
    bodies.push((Bytes::new(), "the signature is over an empty body"));
    if let Ok(json) = serde_json::from_slice::<serde_json::Value>(body) {
        let written = [serde_json::to_vec(&json), serde_json::to_vec_pretty(&json)];
        let words = "the signature was computed over a parsed body, and not over the bytes that were sent; \
                     something between the sender and here may write JSON anew";
        bodies.extend(written.into_iter().flatten().map(|bytes| (bytes.into(), words)));
    }
    if let Some((_, field)) = form_urlencoded::parse(body).find(|(name, _)| name == "payload") {
        let field = Bytes::from(field.into_owned());
        bodies.push((field, "the signature is over the form's decoded field `payload`, and not over the form"));
    }
    bodies
}

fn with_body(webhook: &Webhook, body: Bytes) -> Webhook {
    Webhook {
        source: webhook.source.clone(),
        received_at: webhook.received_at,
        peer: webhook.peer,
        method: webhook.method.clone(),
        target: webhook.target.clone(),
        headers: webhook.headers.clone(),
        body: RawBody(body),
    }
}
