//! Keys that a provider publishes: asked for again when they change, and never because a forger would like it.

use std::{
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::HeaderMap;
use rcgen::{KeyPair, PKCS_ED25519};
use serde_json::json;
use teams_relay::{
    clock::Clock,
    config::scheme::{SchemeSpec, Schemes, VerifySpec},
    event::{RawBody, Webhook},
    outcome::Reason,
    rules::{Rules, SourceRules},
    verify::Verifier,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use url::Url;

use crate::harness::{TestRelay, load, settings};

/// A provider that publishes a key and counts how often it is asked; without a key, it fails.
#[derive(Clone, Default)]
struct Publisher {
    key: Arc<Mutex<Option<String>>>,
    asked: Arc<AtomicUsize>,
}

impl Publisher {
    async fn listen(&self) -> Url {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("http://{}/key", listener.local_addr().unwrap())).unwrap();
        let publisher = self.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                publisher.asked.fetch_add(1, Ordering::SeqCst);
                let answer = match &*publisher.key.lock().unwrap() {
                    Some(key) => format!("200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{key}", key.len()),
                    None => "500 No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_owned(),
                };
                if stream.read(&mut [0; 4096]).await.is_ok() {
                    stream.write_all(format!("HTTP/1.1 {answer}").as_bytes()).await.unwrap();
                }
            }
        });
        url
    }

    fn publish(&self, key: Option<&KeyPair>) {
        *self.key.lock().unwrap() = key.map(KeyPair::public_key_pem);
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

fn scheme(more: serde_json::Value) -> Schemes {
    let mut table = json!({"scheme": "public-key", "algorithm": "ed25519", "header": "X-S"});
    table.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    VerifySpec(table).read("verify", &|_| String::new(), &mut Vec::new()).unwrap()
}

/// A source whose key is fetched from this machine. Settings say https alone, so it is put in here.
fn source(folder: &Path, from: Url) -> SourceRules {
    let mut schemes = scheme(json!({"key": {"url": "https://keys.example/"}}));
    let Schemes::AnyOf(specs) = &mut schemes else { panic!("no schemes") };
    let [SchemeSpec::Signed(spec)] = &mut specs[..] else { panic!("another scheme") };
    spec.key.as_mut().unwrap().url = from;
    let mut rules = Rules::compile(&load(folder)).unwrap();
    let mut source = Arc::into_inner(rules.sources.remove(&"github".parse().unwrap()).unwrap()).unwrap();
    source.verifier = Verifier::new(&schemes, &[], "f.toml", None).unwrap();
    source
}

/// A webhook by the holder of this key, with a body of its own.
fn signed(relay: &TestRelay, key: &KeyPair, number: usize) -> Webhook {
    let mut webhook = Webhook {
        source: "github".parse().unwrap(),
        received_at: relay.clock.now(),
        peer: None,
        method: http::Method::POST,
        target: "/hooks/github".parse().unwrap(),
        headers: HeaderMap::new(),
        body: RawBody(Bytes::from(format!("{{\"number\": {number}}}"))),
    };
    let secret = teams_relay::secret::Secret::new(key.serialize_pem());
    let signer = Verifier::new(&scheme(json!({})), &[secret], "f.toml", None).unwrap();
    signer.sign(&mut webhook, "id", relay.clock.now()).unwrap();
    webhook
}

#[tokio::test]
async fn a_changed_key_is_asked_for_again_once_a_minute_and_a_forger_is_told_no() {
    let folder = settings("");
    let publisher = Publisher::default();
    let source = source(folder.path(), publisher.listen().await);
    let relay = TestRelay::start_in(Arc::new(folder)).await;
    let [old, new, forger] = std::array::from_fn(|_| KeyPair::generate_for(&PKCS_ED25519).unwrap());
    let ingest = relay.app().admin.ingest.clone();
    let take = async |key: &KeyPair, number| {
        let taken = ingest.take(&source, signed(&relay, key, number)).await;
        taken.map(|_| ()).map_err(|refusal| (refusal.reason, refusal.why.map(|why| why.to_string())))
    };
    let refused = || Err((Reason::SignatureInvalid, Some("x-s fits none of the source's secrets".to_owned())));

    publisher.publish(Some(&old));
    assert_eq!(take(&old, 1).await, Ok(()));
    publisher.publish(Some(&new));
    assert_eq!(take(&new, 2).await, refused(), "it was asked less than a minute ago");
    assert_eq!(publisher.asked(), 1);
    relay.clock.advance(Duration::from_secs(61));
    assert_eq!(take(&new, 3).await, Ok(()));
    assert_eq!(take(&old, 4).await, refused(), "the old key is believed no more");
    assert_eq!(publisher.asked(), 2);

    relay.clock.advance(Duration::from_secs(61));
    for number in 0..20 {
        assert_eq!(take(&forger, number).await, refused());
    }
    assert_eq!(publisher.asked(), 3);

    relay.clock.advance(Duration::from_secs(61));
    publisher.publish(None);
    let (reason, why) = take(&forger, 5).await.unwrap_err();
    assert_eq!((reason, why.is_some()), (Reason::KeyUnavailable, true), "it may be a key that is new");
    assert_eq!(take(&new, 6).await, Ok(()), "what fits the key that is known needs no other");
}
