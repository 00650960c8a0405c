use std::{
    net::SocketAddr,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::{
    super::guard::{Lookup, system_lookup},
    *,
};
use crate::{clock::SystemClock, secret::Secret};

mod entra;
mod tls;
mod tunnel;

/// Long enough for loopback on a busy machine, and never waited for where all goes well.
const PATIENT: Duration = Duration::from_secs(20);

/// What the stand-in for Teams does with each request.
#[derive(Clone, Copy)]
enum Script {
    /// Answers with these bytes and keeps the connection.
    Answer(&'static str),
    /// Answers with these, one after the other, and then with the last.
    InTurn(&'static [&'static str]),
    /// Closes the connection without an answer.
    Reset,
    /// Never answers.
    Silence,
    /// Begins an answer of this status, then never stops.
    Endless(&'static str),
    /// Begins an answer, then says nothing more.
    Stalled(&'static str),
    /// Says a little of a head again and again, and never comes to its end.
    Dripping,
}

struct Server {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server =
            Self { address: listener.local_addr().unwrap(), connections: Arc::default(), requests: Arc::default() };
        let (connections, requests) = (server.connections.clone(), server.requests.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(play(stream, script, requests.clone()));
            }
        });
        server
    }

    fn url(&self) -> WebhookUrl {
        WebhookUrl::stored(format!("http://{}/workflows/0123456789abcdef?sig=very-secret-signature", self.address))
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

async fn play(mut stream: TcpStream, script: Script, requests: Arc<Mutex<Vec<String>>>) {
    while let Some(request) = read_request(&mut stream).await {
        let count = {
            let mut requests = requests.lock().unwrap();
            requests.push(request);
            requests.len()
        };
        match script {
            Script::Answer(answer) => stream.write_all(answer.as_bytes()).await.unwrap(),
            Script::InTurn(answers) => {
                let answer = answers[count.min(answers.len()) - 1];
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
            Script::Reset => return,
            Script::Silence => std::future::pending().await,
            Script::Stalled(answer) => {
                stream.write_all(answer.as_bytes()).await.unwrap();
                std::future::pending().await
            }
            Script::Dripping => {
                let mut often = tokio::time::interval(Duration::from_millis(20));
                stream.write_all(b"HTTP/1.1 200 OK\r\n").await.unwrap();
                while stream.write_all(b"x-more: 1\r\n").await.is_ok() {
                    often.tick().await;
                }
            }
            Script::Endless(head) => {
                stream.write_all(head.as_bytes()).await.unwrap();
                while stream.write_all(&[b'x'; 4096]).await.is_ok() {}
            }
        }
    }
}

/// One request with its body, as its `Content-Length` tells; none: the connection is closed.
async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut read = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&read).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length =
                head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return Some(text);
            }
        }
        if stream.read_buf(&mut read).await.ok()? == 0 {
            return None;
        }
    }
}

fn rules(allow_private: bool) -> HostRules {
    HostRules { allow_hosts: vec!["localhost".into(), "teams.test".into()], allow_http: true, allow_private }
}

fn way(rules: HostRules, proxies: Proxies) -> WayOut {
    WayOut::new(Arc::new(ArcSwap::from_pointee(rules)), proxies)
}

fn poster(rules: HostRules, proxies: Proxies) -> Poster {
    Poster::new(&way(rules, proxies), Arc::new(SystemClock)).unwrap()
}

async fn post(url: &WebhookUrl, timeout: Duration) -> Posted {
    let body = Bytes::from_static(b"{\"card\":1}");
    poster(rules(true), Proxies::None).post(url, &[], body, "application/json; charset=utf-8", timeout).await
}

#[tokio::test]
async fn a_post_carries_the_body_and_says_who_posts_and_nothing_else() {
    let server = Server::start(Script::Answer("HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n")).await;
    let posted = post(&server.url(), PATIENT).await;
    assert_eq!(posted.reply, Ok(Reply { status: 202, retry_after: None, text: String::new() }));
    let request = server.requests().concat();
    assert!(
        request.starts_with("POST /workflows/0123456789abcdef?sig=very-secret-signature HTTP/1.1\r\n"),
        "{request}"
    );
    assert!(request.ends_with("\r\n\r\n{\"card\":1}"), "{request}");
    let lower = request.to_lowercase();
    assert!(lower.contains("\r\ncontent-type: application/json; charset=utf-8\r\n"), "{request}");
    assert!(lower.contains(&format!("\r\nuser-agent: teams-relay/{}\r\n", env!("CARGO_PKG_VERSION"))), "{request}");
    assert!(!lower.contains("authorization") && !lower.contains("referer"), "{request}");
}

#[tokio::test]
async fn headers_of_the_destination_are_sent_and_their_echo_is_not_shown() {
    let server = Server::start(Script::Answer("HTTP/1.1 400 Bad\r\ncontent-length: 17\r\n\r\nno leave: hunter2")).await;
    let headers = [Header::parse("X-Alert-Secret: hunter2").unwrap(), Header::parse("User-Agent: mona").unwrap()];
    let poster = poster(rules(true), Proxies::None);
    let posted = poster.post(&server.url(), &headers, Bytes::new(), "application/json", PATIENT).await;
    let request = server.requests().concat().to_lowercase();
    assert!(request.contains("\r\nx-alert-secret: hunter2\r\n"), "{request}");
    assert_eq!(request.matches("user-agent: ").collect::<Vec<_>>().len(), 1, "{request}");
    assert_eq!(posted.attempt(Reason::CardRefused).answer, "no leave: …");
    assert!(!format!("{posted:?}").contains("hunter2"));
}

#[tokio::test]
async fn the_answer_comes_with_its_retry_after_and_the_record_without_the_url() {
    let server = Server::start(Script::Answer(
        "HTTP/1.1 429 Too Many Requests\r\nretry-after: 77\r\ncontent-length: 41\r\n\r\nslow down: sig=very-secret-signature wait",
    ))
    .await;
    let posted = post(&server.url(), PATIENT).await;
    let reply = posted.reply.clone().unwrap();
    assert_eq!((reply.status, reply.retry_after.as_deref()), (429, Some("77")));
    assert!(reply.text.contains("very-secret-signature"));
    let attempt = posted.attempt(Reason::Throttled);
    assert_eq!((attempt.status, attempt.reason), (Some(429), Reason::Throttled));
    assert_eq!(attempt.answer, "slow down: … wait");
    assert!(!format!("{posted:?}").contains("very-secret-signature"));
}

#[tokio::test]
async fn two_posts_share_one_connection() {
    let server = Server::start(Script::Answer("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n1")).await;
    let poster = poster(rules(true), Proxies::None);
    for _ in 0..2 {
        let posted = poster.post(&server.url(), &[], Bytes::new(), "application/json", PATIENT).await;
        assert_eq!(posted.reply.unwrap().text, "1");
    }
    assert_eq!((server.requests().len(), server.connections.load(Ordering::SeqCst)), (2, 1));
}

#[tokio::test]
async fn a_connection_that_breaks_off_or_is_refused_is_a_failure_in_words_of_our_own() {
    let server = Server::start(Script::Reset).await;
    let broken = post(&server.url(), PATIENT).await;
    let Err(Failure::Connection(why)) = &broken.reply else { panic!("{broken:?}") };
    assert!(why.starts_with("the connection broke off before an answer"), "{why}");
    assert_eq!(&broken.attempt(Reason::ConnectionFailed).answer, why);

    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let refused = post(&WebhookUrl::stored(format!("http://{closed}/very-secret-path")), PATIENT).await;
    assert_eq!(refused.reply, Err(Failure::Connection("no connection: connection refused".into())));
    assert!(!format!("{broken:?} {refused:?}").contains("very-secret"));
}

#[tokio::test]
async fn a_destination_that_never_answers_costs_the_timeout_and_no_more() {
    let server = Server::start(Script::Silence).await;
    let posted = post(&server.url(), Duration::from_millis(100)).await;
    assert_eq!(posted.reply, Err(Failure::TimedOut));
    assert!(posted.took >= Duration::from_millis(100), "{:?}", posted.took);
    assert_eq!(posted.attempt(Reason::TimedOut).answer, "no answer in time");
}

#[tokio::test]
async fn an_answer_that_drips_costs_the_timeout_and_no_more() {
    let server = Server::start(Script::Dripping).await;
    let posted = post(&server.url(), Duration::from_millis(200)).await;
    assert_eq!(posted.reply, Err(Failure::TimedOut));
}

#[tokio::test]
async fn an_answer_whose_head_never_ends_is_broken_off() {
    let server = Server::start(Script::Endless("HTTP/1.1 200 OK\r\nx: ")).await;
    let posted = post(&server.url(), PATIENT).await;
    assert!(matches!(posted.reply, Err(Failure::Connection(_))), "{posted:?}");
}

#[tokio::test]
async fn of_an_endless_answer_only_the_beginning_is_read() {
    let server = Server::start(Script::Endless("HTTP/1.1 500 Oops\r\ncontent-length: 99999999999\r\n\r\n")).await;
    let reply = post(&server.url(), PATIENT).await.reply.unwrap();
    assert_eq!((reply.status, reply.text.len()), (500, MAX_READ));
}

#[tokio::test]
async fn an_answer_that_stalls_after_its_status_is_judged_by_what_came() {
    let server = Server::start(Script::Stalled("HTTP/1.1 202 Accepted\r\ncontent-length: 9\r\n\r\nqueu")).await;
    let mut posted = post(&server.url(), Duration::from_millis(200)).await;
    if posted.reply == Err(Failure::TimedOut) {
        // A machine too busy to pass on the status in that time gets more of it.
        posted = post(&server.url(), Duration::from_secs(5)).await;
    }
    assert_eq!(posted.reply, Ok(Reply { status: 202, retry_after: None, text: "queu".into() }));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let target = Server::start(Script::Answer("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n1")).await;
    let answer = format!("HTTP/1.1 307 Moved\r\nlocation: http://{}/\r\ncontent-length: 0\r\n\r\n", target.address);
    let server = Server::start(Script::Answer(answer.leak())).await;
    assert_eq!(post(&server.url(), PATIENT).await.reply.unwrap().status, 307);
    assert!(target.requests().is_empty());
}

#[tokio::test]
async fn hosts_and_addresses_that_the_rules_refuse_get_no_connection() {
    let server = Server::start(Script::Answer("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n1")).await;
    let port = server.address.port();
    let poster = poster(rules(false), Proxies::None);
    for (url, word) in [
        (format!("http://127.0.0.1:{port}/very-secret-path"), "private address 127.0.0.1"),
        (format!("http://2130706433:{port}/very-secret-path"), "private address 127.0.0.1"),
        (format!("http://[::ffff:127.0.0.1]:{port}/very-secret-path"), "private address"),
        (format!("http://other.test:{port}/very-secret-path"), "`other.test` is not allowed"),
        (format!("http://localhost:{port}/very-secret-path"), "`localhost` resolves to private addresses"),
        (format!("ftp://localhost:{port}/very-secret-path"), "begins with `ftp:`"),
    ] {
        let posted = poster.post(&WebhookUrl::stored(url), &[], Bytes::new(), "application/json", PATIENT).await;
        assert!(matches!(&posted.reply, Err(Failure::Refused(why)) if why.contains(word)), "{posted:?}");
        assert!(!format!("{posted:?}").contains("very-secret"), "{posted:?}");
    }
    assert_eq!(server.connections.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_name_that_was_public_and_leads_to_this_machine_now_gets_no_connection() {
    let server = Server::start(Script::Answer("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n1")).await;
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = asked.clone();
    let lookup = Lookup::new(move |_| {
        let answer = if counted.fetch_add(1, Ordering::SeqCst) == 0 { "20.50.60.70:0" } else { "127.0.0.1:0" };
        Box::pin(std::future::ready(Ok(vec![answer.parse().unwrap()])))
    });
    let way = WayOut { lookup, ..way(rules(false), Proxies::None) };
    let resolve =
        |name: &str| reqwest::dns::Resolve::resolve(&Clients::new(&way).unwrap().guard(), name.parse().unwrap());
    let first: Vec<SocketAddr> = resolve("flow.teams.test").await.unwrap().collect();
    assert_eq!(first, ["20.50.60.70:0".parse().unwrap()], "it is let through while it is public");
    let poster = Poster::new(&way, Arc::new(SystemClock)).unwrap();
    let url = WebhookUrl::stored(format!("http://flow.teams.test:{}/x", server.address.port()));
    let posted = poster.post(&url, &[], Bytes::new(), "application/json", PATIENT).await;
    assert!(
        matches!(&posted.reply, Err(Failure::Refused(why)) if why.contains("private addresses only")),
        "{posted:?}"
    );
    assert_eq!((asked.load(Ordering::SeqCst), server.connections.load(Ordering::SeqCst)), (2, 0));
}

#[tokio::test]
async fn the_relays_own_port_gets_no_connection_and_other_ports_of_this_machine_do() {
    let answer = Script::Answer("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n1");
    let (own, other) = (Server::start(answer).await, Server::start(answer).await);
    for on in ["127.0.0.1", "0.0.0.0"] {
        let listener = format!("{on}:{}", own.address.port()).parse().unwrap();
        let way = WayOut { own: vec![listener], lookup: system_lookup(), ..way(rules(true), Proxies::None) };
        let poster = Poster::new(&way, Arc::new(SystemClock)).unwrap();
        for host in ["127.0.0.1", "localhost", "0.0.0.0", "[::ffff:127.0.0.1]", "0x7f.1"] {
            let url = WebhookUrl::stored(format!("http://{host}:{}/very-secret-path", own.address.port()));
            let posted = poster.post(&url, &[], Bytes::new(), "application/json", PATIENT).await;
            assert!(
                matches!(&posted.reply, Err(Failure::Refused(why)) if why.contains("itself")),
                "{host}: {posted:?}"
            );
        }
        let posted = poster.post(&other.url(), &[], Bytes::new(), "application/json", PATIENT).await;
        assert!(posted.reply.is_ok(), "{posted:?}");
    }
    assert_eq!(own.connections.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn rules_that_change_hold_from_the_next_post_on() {
    let server = Server::start(Script::Answer("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n1")).await;
    let rules_in_force = Arc::new(ArcSwap::from_pointee(rules(true)));
    let way = WayOut::new(rules_in_force.clone(), Proxies::None);
    let poster = Poster::new(&way, Arc::new(SystemClock)).unwrap();
    assert!(poster.post(&server.url(), &[], Bytes::new(), "application/json", PATIENT).await.reply.is_ok());
    rules_in_force.store(Arc::new(rules(false)));
    let posted = poster.post(&server.url(), &[], Bytes::new(), "application/json", PATIENT).await;
    assert!(matches!(posted.reply, Err(Failure::Refused(_))), "{posted:?}");
}

#[tokio::test]
async fn a_host_that_speaks_no_tls_costs_the_timeout_and_no_more() {
    let server = Server::start(Script::Answer("never asked")).await;
    // It waits for the end of a request's head, and a greeting of TLS has none.
    let url = WebhookUrl::stored(format!("https://{}/very-secret-path", server.address));
    assert_eq!(post(&url, Duration::from_millis(200)).await.reply, Err(Failure::TimedOut));
}

#[tokio::test]
async fn a_machine_without_ca_certificates_posts_over_http_and_says_why_it_cannot_over_https() {
    const NAME: &str =
        "deliver::post::tests::a_machine_without_ca_certificates_posts_over_http_and_says_why_it_cannot_over_https";
    if !is_child() {
        let nowhere = "/nonexistent/ca-certificates";
        return run_alone(NAME, &[("SSL_CERT_FILE", nowhere), ("SSL_CERT_DIR", nowhere)]).await;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    assert!(rustls_platform_verifier::Verifier::new(provider).is_err(), "there are CA certificates after all");
    let server = Server::start(Script::Answer("HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n")).await;
    assert!(post(&server.url(), PATIENT).await.reply.is_ok());
    let posted = post(&tls::self_signed_host().await, PATIENT).await;
    assert!(matches!(&posted.reply, Err(Failure::Connection(why)) if why.contains("`ca-certificates`")), "{posted:?}");
}

#[tokio::test]
async fn a_proxy_on_a_private_address_still_carries_posts_to_public_hosts() {
    const NAME: &str = "deliver::post::tests::a_proxy_on_a_private_address_still_carries_posts_to_public_hosts";
    if is_child() {
        let poster = poster(rules(false), Proxies::Environment);
        let url = WebhookUrl::stored("http://flow.teams.test/x".into());
        let posted = poster.post(&url, &[], Bytes::new(), "application/json", PATIENT).await;
        assert_eq!(posted.reply.unwrap().status, 202);
        let proxy_itself = WebhookUrl::stored("http://localhost/x".into());
        let posted = poster.post(&proxy_itself, &[], Bytes::new(), "application/json", PATIENT).await;
        assert!(matches!(posted.reply, Err(Failure::Refused(_))), "{posted:?}");
        return;
    }
    for variable in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
        let proxy = Server::start(Script::Answer("HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n")).await;
        run_alone(NAME, &[(variable, &format!("http://localhost:{}", proxy.address.port()))]).await;
        let requests = proxy.requests();
        assert_eq!(requests.len(), 1, "{variable}: {requests:?}");
        assert!(
            requests.concat().starts_with("POST http://flow.teams.test/x HTTP/1.1\r\n"),
            "{variable}: {requests:?}"
        );
    }
}

/// Set in a process that [`run_alone`] started.
const CHILD: &str = "TEAMS_RELAY_TEST_CHILD";

fn is_child() -> bool {
    std::env::var_os(CHILD).is_some()
}

/// Runs one test in a process of its own, since the environment is the whole process's.
async fn run_alone(test: &str, environment: &[(&str, &str)]) {
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    for inherited in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"] {
        child.env_remove(inherited);
    }
    child.args(["--exact", test]).env(CHILD, "1").envs(environment.iter().copied());
    let output = tokio::task::spawn_blocking(move || child.output()).await.unwrap().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "with {environment:?}: {said}");
}
