//! Posts over https through a proxy that wants to know who asks.

use base64::{Engine, prelude::BASE64_STANDARD};

use super::*;

/// A proxy that connects whoever shows this user and password to one host, whatever was asked for.
struct Tunnel {
    address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Tunnel {
    async fn start(user: &str, password: &str, to: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let tunnel = Self { address: listener.local_addr().unwrap(), heads: Arc::default() };
        let wanted = format!("proxy-authorization: basic {}", BASE64_STANDARD.encode(format!("{user}:{password}")));
        let heads = tunnel.heads.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let Some(head) = read_request(&mut stream).await else { continue };
                let known = head.lines().any(|line| line.eq_ignore_ascii_case(&wanted));
                heads.lock().unwrap().push(head);
                if known {
                    stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
                    tokio::spawn(async move {
                        let mut to = TcpStream::connect(to).await.unwrap();
                        tokio::io::copy_bidirectional(&mut stream, &mut to).await.ok();
                    });
                } else {
                    let refused = b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n";
                    stream.write_all(refused).await.unwrap();
                }
            }
        });
        tunnel
    }

    fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

const URL: &str = "https://flow.teams.test/workflows/very-secret-path?sig=very-secret-signature";

async fn post_through(proxies: Proxies, ca: &rustls_pki_types::CertificateDer<'static>) -> Posted {
    let way = WayOut { ca: vec![ca.clone()], ..way(rules(false), proxies) };
    let poster = Poster::new(&way, Arc::new(SystemClock)).unwrap();
    poster.post(&WebhookUrl::stored(URL.into()), &[], Bytes::new(), "application/json", PATIENT).await
}

fn fixed(url: &str, except: &[&str]) -> Proxies {
    Proxies::Fixed { url: Secret::new(url), except: except.iter().map(ToString::to_string).collect() }
}

#[tokio::test]
async fn user_and_password_of_the_settings_proxy_are_shown_to_it_and_nothing_of_the_post_is() {
    let (host, ca) = tls::host("flow.teams.test").await;
    let tunnel = Tunnel::start("mona", "p@ss:word", host).await;
    let proxies = fixed(&format!("http://mona:p%40ss%3Aword@{}", tunnel.address), &[]);
    let posted = post_through(proxies, &ca).await;
    assert_eq!(posted.reply.unwrap().status, 202);
    let heads = tunnel.heads().concat();
    assert!(heads.starts_with("CONNECT flow.teams.test:443 HTTP/1.1\r\n"), "{heads}");
    assert!(!heads.contains("very-secret"), "{heads}");
}

#[tokio::test]
async fn a_proxy_that_does_not_know_who_asks_is_told_of_without_the_password() {
    let (host, ca) = tls::host("flow.teams.test").await;
    let tunnel = Tunnel::start("mona", "right", host).await;
    for user in ["mona:hunter2@", ""] {
        let posted = post_through(fixed(&format!("http://{user}{}", tunnel.address), &[]), &ca).await;
        let Err(Failure::Connection(why)) = &posted.reply else { panic!("{posted:?}") };
        assert_eq!(why, "the proxy wants a user name and password, or others than it got");
        assert!(!format!("{posted:?}").contains("hunter2"));
    }
}

#[tokio::test]
async fn excepted_hosts_go_past_the_proxy() {
    let (host, ca) = tls::host("flow.teams.test").await;
    let tunnel = Tunnel::start("mona", "right", host).await;
    let proxies = fixed(&format!("http://mona:right@{}", tunnel.address), &[".teams.test", "localhost"]);
    let lookup = Lookup::new(|_| Box::pin(std::future::ready(Ok(vec!["127.0.0.1:0".parse().unwrap()]))));
    let way = WayOut { lookup, ca: vec![ca], ..way(rules(true), proxies) };
    let poster = Poster::new(&way, Arc::new(SystemClock)).unwrap();
    let url = WebhookUrl::stored(format!("https://flow.teams.test:{}/x", host.port()));
    let posted = poster.post(&url, &[], Bytes::new(), "application/json", PATIENT).await;
    assert_eq!(posted.reply.unwrap().status, 202);
    assert!(tunnel.heads().is_empty());
}

/// Where the child's proxies and the CA stand.
const CA: &str = "TEAMS_RELAY_TEST_CA";

#[tokio::test]
async fn user_and_password_of_the_environments_proxy_are_shown_to_it_unless_the_settings_name_another() {
    const NAME: &str = "deliver::post::tests::tunnel::\
                        user_and_password_of_the_environments_proxy_are_shown_to_it_unless_the_settings_name_another";
    if is_child() {
        let ca = std::env::vars().find(|(name, _)| name == CA).unwrap().1;
        let posted = post_through(Proxies::Environment, &hex::decode(ca).unwrap().into()).await;
        assert_eq!(posted.reply.unwrap().status, 202);
        return;
    }
    let (host, ca) = tls::host("flow.teams.test").await;
    for variable in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"] {
        let tunnel = Tunnel::start("mona", "p@ss", host).await;
        let proxy = format!("http://mona:p%40ss@{}", tunnel.address);
        run_alone(NAME, &[(variable, &proxy), (CA, &hex::encode(&ca))]).await;
        assert_eq!(tunnel.heads().len(), 1, "{variable}");
    }
}
