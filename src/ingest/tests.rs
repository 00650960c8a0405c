use std::{collections::BTreeMap, fs};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method};
use serde_json::json;

use super::*;
use crate::{
    clock::ManualClock,
    config::Config,
    deliver::{
        fetch::Fetcher,
        post::{Proxies, WayOut},
    },
    destination::HostRules,
    event::RawBody,
    store::MemoryStore,
};

const KEYS: &str = "https://login.example/keys";

/// The way in with one source `ci`, and nobody to be woken.
fn ingest(source: &str) -> (Ingest, Arc<ManualClock>) {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("sources")).unwrap();
    fs::write(folder.path().join("sources/ci.toml"), source).unwrap();
    let (config, problems) = Config::load(folder.path(), &BTreeMap::new());
    assert_eq!(problems, []);
    let clock = Arc::new(ManualClock::at("2026-11-23T08:00:00Z".parse().unwrap()));
    let store = Arc::new(MemoryStore::default());
    let hosts = HostRules { allow_hosts: Vec::new(), allow_http: false, allow_private: false };
    let fetcher = Fetcher::new(&WayOut::new(Arc::new(ArcSwap::from_pointee(hosts)), Proxies::None)).unwrap();
    let ingest = Ingest {
        rules: Arc::new(ArcSwap::from_pointee(Rules::compile(&config).unwrap())),
        subscribers: Arc::new(ArcSwap::from_pointee(Subscribers::compile(&[]).0)),
        slowdown: Slowdown::default(),
        store: store.clone(),
        keys: Arc::new(Keys::new(fetcher, store, clock.clone())),
        woken: Arc::default(),
        metrics: Arc::new(Metrics::new()),
        clock: clock.clone(),
    };
    (ingest, clock)
}

fn webhook(now: Timestamp, authorization: &str) -> Webhook {
    let mut headers = HeaderMap::new();
    headers.insert("authorization", HeaderValue::from_str(authorization).unwrap());
    Webhook {
        source: "ci".parse().unwrap(),
        received_at: now,
        peer: Some("192.0.2.1".parse().unwrap()),
        method: Method::POST,
        target: "/hooks/ci".parse().unwrap(),
        headers,
        body: RawBody(Bytes::from_static(b"{}")),
    }
}

#[tokio::test]
async fn who_makes_up_key_ids_is_slowed_down_though_the_provider_answers() {
    let jwt =
        format!("verify = {{ scheme = \"jwt\", algorithms = [\"RS256\"], jwks = \"{KEYS}\", audience = [\"us\"] }}");
    let (ingest, clock) = ingest(&format!("provider = \"generic\"\n{jwt}\n"));
    ingest.keys.answered(&KEYS.parse().unwrap(), br#"{"keys": []}"#);
    let (client, claims) = (Some("192.0.2.1".parse().unwrap()), json!({"aud": "us", "exp": 4_000_000_000_u64}));
    for kid in 0..11 {
        let source = ingest.admit("ci", client).unwrap();
        let part = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let head = part(json!({"alg": "RS256", "kid": format!("made-up-{kid}")}));
        let token = format!("Bearer {head}.{}.{}", part(claims.clone()), URL_SAFE_NO_PAD.encode([7; 256]));
        let refused = ingest.take(&source, webhook(clock.now(), &token)).await.unwrap_err();
        assert_eq!(refused.reason, Reason::SignatureInvalid, "{:?}", refused.why);
    }
    assert_eq!(ingest.admit("ci", client).unwrap_err().reason, Reason::SlowedDown);
}
