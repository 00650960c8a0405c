//! Whom the way out believes over TLS, and in which versions.

use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use super::*;

/// A host that shows a certificate of its own making for this name, and answers each request with 202.
pub(super) async fn host(name: &str) -> (SocketAddr, CertificateDer<'static>) {
    let own = rcgen::generate_simple_self_signed(vec![name.into()]).unwrap();
    let key = PrivateKeyDer::try_from(own.signing_key.serialize_der()).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            if let Ok(mut stream) = acceptor.accept(stream).await {
                let mut request = [0; 4096];
                if stream.read(&mut request).await.is_ok() {
                    stream.write_all(b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n").await.unwrap();
                }
            }
        }
    });
    (address, own.cert.der().clone())
}

pub(super) async fn self_signed_host() -> WebhookUrl {
    let (address, _) = host("localhost").await;
    WebhookUrl::stored(format!("https://localhost:{}/very-secret-path", address.port()))
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused_and_the_record_says_why() {
    let posted = post(&self_signed_host().await, PATIENT).await;
    let Err(Failure::Connection(why)) = &posted.reply else { panic!("{posted:?}") };
    assert!(why.contains("issuer that this machine does not trust") && why.contains("`destinations.ca`"), "{why}");
}

#[tokio::test]
async fn a_certificate_of_an_authority_of_the_settings_is_believed_for_its_own_name_alone() {
    let (address, certificate) = host("localhost").await;
    let way = WayOut { ca: vec![certificate], ..way(rules(true), Proxies::None) };
    let poster = Poster::new(&way, Arc::new(SystemClock)).unwrap();
    let post = async |host: &str| {
        let url = WebhookUrl::stored(format!("https://{host}:{}/x", address.port()));
        poster.post(&url, &[], Bytes::new(), "application/json", PATIENT).await.reply
    };
    assert_eq!(post("localhost").await.unwrap().status, 202);
    let other = post("127.0.0.1").await;
    assert!(matches!(&other, Err(Failure::Connection(why)) if why.contains("for another host")), "{other:?}");
}

/// What a server of TLS 1.1 answers: a ServerHello of that version, with a suite that all knew.
const TLS_1_1: [u8; 47] = {
    let mut hello = [0; 47];
    let head = [0x16, 0x03, 0x02, 0x00, 0x2a, 0x02, 0x00, 0x00, 0x26, 0x03, 0x02];
    let mut at = 0;
    while at < head.len() {
        hello[at] = head[at];
        at += 1;
    }
    // After the random and an empty session id.
    (hello[44], hello[45]) = (0xc0, 0x13);
    hello
};

#[tokio::test]
async fn tls_below_1_2_is_neither_offered_nor_taken() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let greeting = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut greeting = vec![0; 16 * 1024];
        let read = stream.read(&mut greeting).await.unwrap();
        stream.write_all(&TLS_1_1).await.unwrap();
        greeting.truncate(read);
        greeting
    });
    let posted = post(&WebhookUrl::stored(format!("https://localhost:{port}/x")), PATIENT).await;
    assert!(
        matches!(&posted.reply, Err(Failure::Connection(why)) if why.contains("the handshake failed")),
        "{posted:?}"
    );
    // The extension `supported_versions`: 1.3 and 1.2.
    let offered = [0x00, 0x2b, 0x00, 0x05, 0x04, 0x03, 0x04, 0x03, 0x03];
    let greeting = greeting.await.unwrap();
    assert!(greeting.windows(offered.len()).any(|part| part == offered), "{greeting:02x?}");
}
