//! A stand-in for Entra ID on this machine: it publishes keys, signs tokens and counts how often it is asked.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    rand::SystemRandom,
    rsa::PublicKeyComponents,
    signature::{RSA_PKCS1_SHA256, RsaKeyPair},
};
use rustls_pki_types::{PrivatePkcs8KeyDer, pem::PemObject};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

pub(super) const CLIENT: &str = "0f6e3c1a-1111-4222-8333-0000000000aa";
pub(super) const TENANT: &str = "0f6e3c1a-1111-4222-8333-0000000000bb";
pub(super) const MONA: &str = "0f6e3c1a-1111-4222-8333-0000000000cc";

/// A key, by the id under which it is published.
pub(super) struct Key {
    pub(super) id: &'static str,
    pub(super) pair: RsaKeyPair,
}

impl Key {
    fn of(id: &'static str, pem: &str) -> Self {
        let der = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).unwrap();
        Self { id, pair: RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).unwrap() }
    }

    pub(super) fn old() -> Self {
        Self::of("old", include_str!("../../../tests/keys/rsa.pem"))
    }

    pub(super) fn new() -> Self {
        Self::of("new", include_str!("../../../tests/keys/rsa-other.pem"))
    }

    /// As it stands in a published set.
    pub(super) fn published(&self) -> Value {
        let parts: PublicKeyComponents<Vec<u8>> = self.pair.public().into();
        let [n, e] = [parts.n, parts.e].map(|number| URL_SAFE_NO_PAD.encode(number));
        json!({"kty": "RSA", "use": "sig", "kid": self.id, "n": n, "e": e})
    }

    /// The bytes of the public key, which are no secret.
    pub(super) fn public(&self) -> Vec<u8> {
        self.pair.public().as_ref().to_vec()
    }

    /// A token with these claims, signed.
    pub(super) fn token(&self, claims: &Value) -> String {
        let unsigned = unsigned(&json!({"typ": "JWT", "alg": "RS256", "kid": self.id}), claims);
        let mut signature = vec![0; self.pair.public().modulus_len()];
        self.pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), unsigned.as_bytes(), &mut signature).unwrap();
        format!("{unsigned}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

/// Header and claims of a token.
pub(super) fn unsigned(header: &Value, claims: &Value) -> String {
    [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string())).join(".")
}

/// Where the keys are; nothing published: it does not answer well.
#[derive(Clone)]
pub(super) struct Issuer {
    pub(super) authority: String,
    keys: Arc<Mutex<Vec<Value>>>,
    asked: Arc<AtomicUsize>,
}

impl Issuer {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let authority = format!("http://{}", listener.local_addr().unwrap());
        let issuer = Self { authority, keys: Arc::default(), asked: Arc::default() };
        let answering = issuer.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                answering.asked.fetch_add(1, Ordering::SeqCst);
                let mut request = [0; 4096];
                let read = stream.read(&mut request).await.unwrap_or(0);
                let known = request[..read].starts_with(b"GET /common/discovery/v2.0/keys ");
                let keys = answering.keys.lock().unwrap().clone();
                let (status, body) = match known && !keys.is_empty() {
                    true => ("200 OK", json!({ "keys": keys }).to_string()),
                    false => ("500 No", String::new()),
                };
                let length = body.len();
                let answer =
                    format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        issuer
    }

    pub(super) fn publish(&self, keys: impl IntoIterator<Item = Value>) {
        *self.keys.lock().unwrap() = keys.into_iter().collect();
    }

    pub(super) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    /// Settings that believe it.
    pub(super) fn settings(&self) -> String {
        format!(
            "[server]\npublic_url = \"https://hooks.octo.example\"\n[connector.sign_in]\nclient_id = \"{CLIENT}\"\n\
             tenants = [\"{TENANT}\"]\nauthority = \"{}\"\nmembers = [\"{TENANT}/{MONA}\"]\n",
            self.authority
        )
    }

    /// What a token of version 2 says that holds for an hour from this second on.
    pub(super) fn claims(&self, now: i64) -> Value {
        json!({
            "aud": CLIENT, "iss": format!("{}/{TENANT}/v2.0", self.authority), "tid": TENANT, "oid": MONA,
            "scp": "User.Read access_as_user", "name": "Mona L", "ver": "2.0",
            "iat": now, "nbf": now, "exp": now + 3600,
        })
    }
}
