//! Captured requests of the providers that have a preset.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

use super::{Providers, shared};
use crate::{
    event::{RawBody, Webhook},
    verify::{Verifier, keyring::Keyring},
};

/// The type and the delivery id as the provider documents them, looked up apart from the presets.
fn documented(folder: &str, headers: &Value, body: &[u8]) -> (String, Option<String>) {
    let header = |name: &str| headers[name].as_str().map(str::to_owned);
    match folder {
        "github" => (header("X-GitHub-Event").unwrap(), header("X-GitHub-Delivery")),
        "gitea" => (header("X-Gitea-Event").unwrap(), header("X-Gitea-Delivery")),
        "bitbucket" => (header("X-Event-Key").unwrap(), header("X-Request-UUID")),
        "bitbucket-server" => (header("X-Event-Key").unwrap(), header("X-Request-Id")),
        "gitlab" => {
            let payload: Value = serde_json::from_slice(body).unwrap();
            (payload["object_kind"].as_str().unwrap().to_owned(), header("Idempotency-Key"))
        }
        other => panic!("no preset for {other}"),
    }
}

#[test]
fn captured_requests_are_read_to_their_type_and_delivery_id() {
    let Some(payloads) = shared::path("payloads") else { return };
    let providers = Providers::read([]).unwrap();
    let now = "2026-11-23T08:00:00Z".parse().unwrap();
    for (folder, preset, at_least) in [
        ("github", "github", 12),
        ("gitlab", "gitlab", 6),
        ("bitbucket", "bitbucket", 6),
        ("bitbucket-server", "bitbucket", 3),
        ("gitea", "gitea", 4),
    ] {
        let provider = providers.get(&preset.parse().unwrap()).unwrap();
        let mut read = 0;
        for entry in std::fs::read_dir(payloads.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.to_str().unwrap().ends_with(".headers.json") {
                continue;
            }
            let sent = shared::json(&path.with_extension("headers.json"));
            let body = std::fs::read(&path).unwrap();
            let (kind, id) = documented(folder, &sent, &body);
            let mut headers = HeaderMap::new();
            for (name, value) in sent.as_object().unwrap() {
                let value = HeaderValue::from_str(value.as_str().unwrap()).unwrap();
                headers.insert(HeaderName::try_from(name.as_str()).unwrap(), value);
            }
            let source = "captured".parse().unwrap();
            let body = RawBody(Bytes::from(body));
            let (method, target) = (http::Method::POST, "/hooks/captured".parse().unwrap());
            let webhook = Webhook { source, received_at: now, peer: None, method, target, headers, body: body.clone() };
            let verified = Verifier::none().check(webhook, now, &Keyring::default()).unwrap();
            let (event, payload) = provider.event(verified).unwrap();
            assert_eq!((event.kind.name(), &event.delivery_id), (kind.as_str(), &id), "{}", path.display());
            assert!(event.delivery_id.is_some(), "{}", path.display());
            if let Some(action) = payload["action"].as_str() {
                assert_eq!(event.kind.action(), Some(action), "{}", path.display());
            }
            assert_eq!(event.payload().unwrap(), payload);
            assert_eq!(event.body, body, "what is stored is what was received");
            read += 1;
        }
        assert!(read >= at_least, "only {read} of {folder}");
    }
}
