//! The daemon in bad company: too few files to open, senders that hold on, storms of forged webhooks, destinations that
//! never end, and signals in the middle of load. How much of each comes is in the environment, for `tests/soak`.

use std::{
    path::Path,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use reqwest::{Client, Response};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::Instant,
};

use crate::{
    harness::{TestRelay, push, sign, write_source},
    process::{Daemon, settings, subscribe},
    teams::Teams,
};

/// How much of something: as the environment says, or a little.
fn amount(name: &str, usual: usize) -> usize {
    #[expect(clippy::disallowed_methods, reason = "no setting of the relay")]
    let said = std::env::var(name);
    said.ok().and_then(|said| said.parse().ok()).unwrap_or(usual)
}

/// A sender that keeps its connection.
#[derive(Clone)]
struct Honest {
    client: Client,
    hook: String,
}

impl Honest {
    fn of(daemon: &Daemon) -> Self {
        let client = teams_relay::deliver::post::plain_client(Duration::from_secs(20)).unwrap();
        Self { client, hook: format!("{}/github", daemon.hooks) }
    }

    async fn send(&self, delivery: &str, body: String) -> reqwest::Result<Response> {
        let request = self.client.post(&self.hook).header("content-type", "application/json");
        let request = request.header("x-github-event", "push").header("x-github-delivery", delivery);
        request.header("x-hub-signature-256", sign(body.as_bytes())).body(body).send().await
    }

    async fn push(&self, delivery: &str) -> u16 {
        self.send(delivery, push(delivery)).await.unwrap().status().as_u16()
    }
}

/// Each of these was taken before.
async fn assert_known(daemon: &Daemon, deliveries: impl IntoIterator<Item = String>) {
    let honest = Honest::of(daemon);
    for delivery in deliveries {
        assert_eq!(honest.push(&delivery).await, 200, "{delivery} was lost");
    }
}

/// A push with so many more bytes that no compression makes smaller.
fn large(marker: &str, bytes: usize) -> String {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64 ^ marker.bytes().map(u64::from).sum::<u64>();
    let mut filler = String::with_capacity(bytes + 16);
    while filler.len() < bytes {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        filler.push_str(&format!("{state:016x}"));
    }
    push(marker).replacen('{', &format!("{{\"filler\": \"{filler}\", "), 1)
}

/// `serve` with a limit of open files that it can't raise.
fn with_files(folder: &Path, files: usize) -> Command {
    let mut command = Command::new("sh");
    command.env_clear().env("TEAMS_RELAY_CONFIG", folder).stdin(std::process::Stdio::null());
    command.args(["-c", &format!("ulimit -n {files}; exec \"$0\" serve"), env!("CARGO_BIN_EXE_teams-relay")]);
    command
}

/// Files that a process has open.
fn open_files(daemon: &Daemon) -> usize {
    std::fs::read_dir(format!("/proc/{}/fd", daemon.id())).unwrap().count()
}

/// Time of processors that it uses while this time passes.
async fn cpu_within(daemon: &Daemon, time: Duration) -> Duration {
    let used = || {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", daemon.id())).unwrap();
        let after_name = stat.rsplit_once(") ").unwrap().1;
        let ticks: u64 = after_name.split(' ').skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap()).sum();
        // Linux counts in hundredths of a second.
        Duration::from_millis(ticks * 10)
    };
    let before = used();
    tokio::time::sleep(time).await;
    used() - before
}

async fn connect(daemon: &Daemon) -> std::io::Result<TcpStream> {
    TcpStream::connect(daemon.hooks.trim_start_matches("http://").trim_end_matches("/hooks")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn with_few_files_to_open_senders_wait_while_the_store_and_the_way_out_have_what_they_need() {
    let folder = settings();
    let teams = Teams::start().await;
    let mut daemon = Daemon::run(with_files(folder.path(), 400));
    subscribe(folder.path(), &teams.url("a"));
    let honest = Honest::of(&daemon);
    assert_eq!(honest.push("first").await, 202);
    // More than there are places; who finds none waits in the kernel's queue.
    let mut idle = Vec::new();
    for _ in 0..110 {
        idle.push(connect(&daemon).await.unwrap());
    }
    // Enough for the store to begin new files.
    let count = amount("FAULTS_LARGE", 200);
    for number in 0..count {
        let delivery = format!("large-{number}");
        assert_eq!(honest.send(&delivery, large(&delivery, 95_000)).await.unwrap().status(), 202);
    }
    // A new sender waits until those that ask for nothing have lost their places.
    let newcomer = Honest::of(&daemon);
    let asked = Instant::now();
    assert_eq!(newcomer.push("newcomer").await, 202);
    assert!(asked.elapsed() < Duration::from_secs(15), "{:?}", asked.elapsed());
    drop(idle);
    assert!(cpu_within(&daemon, Duration::from_secs(1)).await < Duration::from_millis(500));
    teams.received(count + 2).await;
    daemon.kill();
    let mut daemon = Daemon::run(with_files(folder.path(), 400));
    let deliveries = (0..count).map(|number| format!("large-{number}"));
    assert_known(&daemon, deliveries.chain(["first".to_owned(), "newcomer".to_owned()])).await;
    daemon.stop();
    let log = daemon.log();
    assert!(log.contains("not have as many files open") && log.contains("\"allowed\":400"), "{log}");
}

#[test]
fn with_hardly_any_files_to_open_the_daemon_does_not_start_and_says_what_to_do() {
    let folder = settings();
    let output = with_files(folder.path(), 200).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert!(errors.contains("may have 200 files open") && errors.contains("LimitNOFILE="), "{errors}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_that_can_open_nothing_more_rests_says_so_once_and_takes_connections_again_when_it_can() {
    let folder = settings();
    let mut daemon = Daemon::start(folder.path());
    let honest = Honest::of(&daemon);
    assert_eq!(honest.push("before").await, 202);
    let limit = |files: usize| {
        let limit = format!("--nofile={files}:20000");
        let status = Command::new("prlimit").args(["--pid", &daemon.id().to_string(), &limit]).status().unwrap();
        assert!(status.success());
    };
    limit(open_files(&daemon));
    let mut stranger = connect(&daemon).await.unwrap();
    stranger.write_all(b"POST /hooks/nobody HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n").await.unwrap();
    assert!(cpu_within(&daemon, Duration::from_secs(1)).await < Duration::from_millis(300), "it spins");
    assert_eq!(honest.push("meanwhile").await, 202, "who has a connection is answered");
    limit(2000);
    let mut answer = [0; 12];
    stranger.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 404");
    assert_eq!(Honest::of(&daemon).push("after").await, 202);
    daemon.stop();
    let log = daemon.log();
    assert_eq!(log.matches("no connection can be taken").count(), 1, "{log}");
    assert_eq!(log.matches("connections are taken again").count(), 1, "{log}");
}

/// What a destination does instead of an answer.
#[derive(Debug, Clone, Copy)]
enum Evil {
    Silence,
    Reset,
    DripHead,
    DripBody,
    EndlessHead,
    EndlessBody,
}

impl Evil {
    const ALL: [Self; 6] =
        [Self::Silence, Self::Reset, Self::DripHead, Self::DripBody, Self::EndlessHead, Self::EndlessBody];

    /// A listener that does this to everyone, and how many bytes it got rid of.
    async fn start(self) -> (String, Arc<AtomicUsize>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/evil?sig=x", listener.local_addr().unwrap());
        let sent = Arc::new(AtomicUsize::new(0));
        let counted = sent.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let counted = counted.clone();
                tokio::spawn(async move {
                    let mut request = [0; 1024];
                    drop(stream.read(&mut request).await);
                    let mut send = async |bytes: &[u8]| {
                        counted.fetch_add(bytes.len(), Ordering::Relaxed);
                        stream.write_all(bytes).await.is_ok()
                    };
                    let chunk = [b'x'; 8192];
                    match self {
                        Self::Silence => std::future::pending::<()>().await,
                        Self::Reset => stream.set_zero_linger().unwrap(),
                        Self::DripHead => {
                            for byte in b"HTTP/1.1 202 X\r\ncontent-length: 0\r\n\r\n" {
                                tokio::time::sleep(Duration::from_millis(300)).await;
                                send(&[*byte]).await;
                            }
                        }
                        Self::DripBody => {
                            send(b"HTTP/1.1 202 X\r\ncontent-length: 1000\r\n\r\n").await;
                            while send(b"x").await {
                                tokio::time::sleep(Duration::from_millis(300)).await;
                            }
                        }
                        Self::EndlessHead => {
                            send(b"HTTP/1.1 202 X\r\n").await;
                            while send(b"x: ").await && send(&chunk).await && send(b"\r\n").await {}
                        }
                        Self::EndlessBody => {
                            send(b"HTTP/1.1 202 X\r\n\r\n").await;
                            while send(&chunk).await {}
                        }
                    }
                });
            }
        });
        (url, sent)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn destinations_that_never_end_cost_the_timeout_and_little_memory_and_hold_up_no_other() {
    let relay = TestRelay::start_with("").await;
    let good = Teams::start().await;
    relay.subscribe("github", good.url("good")).await;
    let mut evils = Vec::new();
    for evil in Evil::ALL {
        let (url, sent) = evil.start().await;
        let subscription = relay.subscribe("github", url).await;
        evils.push((evil, subscription.destination.id(), sent));
    }
    let begun = Instant::now();
    assert_eq!(relay.push("d-1").await.status(), 202);
    good.received(1).await;
    assert!(begun.elapsed() < Duration::from_millis(1500), "the good one waited {:?}", begun.elapsed());
    let store = &relay.app().admin.store;
    let id = store.events(teams_relay::store::Page { before: None, limit: 1 }).await.unwrap()[0].id;
    let attempts = loop {
        let (_, attempts) = store.history(id).await.unwrap();
        if attempts.len() > evils.len() {
            break attempts;
        }
        assert!(begun.elapsed() < Duration::from_secs(6), "{attempts:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    for (evil, lane, sent) in evils {
        let reason = attempts.iter().find(|(of, _)| *of == lane).unwrap().1.reason.to_string();
        let wanted = match evil {
            Evil::Silence | Evil::DripHead => "timed_out",
            Evil::Reset | Evil::EndlessHead => "connection_failed",
            // There was a status, so the post was made.
            Evil::DripBody | Evil::EndlessBody => "delivered",
        };
        assert_eq!(reason, wanted, "{evil:?}");
        // What the kernel holds on its way is part of it.
        let sent = sent.load(Ordering::Relaxed);
        assert!(sent < 16 << 20, "{evil:?}: {sent} bytes were taken");
    }
    assert_eq!(relay.push("d-2").await.status(), 202);
    good.received(2).await;
}

/// How many sockets of each kind this process may have on top of its others.
fn crowd(usual: usize) -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap();
    let files = limits.lines().find_map(|line| line.strip_prefix("Max open files")).unwrap();
    let allowed: usize = files.split_whitespace().next().unwrap().parse().unwrap_or(usize::MAX);
    usual.min(allowed.saturating_sub(200) / 2)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_idle_and_a_thousand_slow_senders_keep_no_honest_one_waiting_and_lose_their_places() {
    let many = crowd(amount("FAULTS_CROWD", 1000));
    let folder = settings();
    let main = folder.path().join("teams-relay.toml");
    let text = std::fs::read_to_string(&main).unwrap();
    let places = format!("[server]\nmax_connections = {}", 2 * many + 20);
    std::fs::write(&main, text.replacen("[server]", &places, 1)).unwrap();
    let mut daemon = Daemon::start(folder.path());
    let honest = Honest::of(&daemon);
    assert_eq!(honest.push("before").await, 202);
    let before = open_files(&daemon);
    let mut crowd = JoinSet::new();
    for number in 0..2 * many {
        let mut stream = connect(&daemon).await.unwrap();
        crowd.spawn(async move {
            let head = "POST /hooks/github HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n";
            let (begin, drip) = match number % 4 {
                0 => (head, "x"),
                2 => (&*format!("{head}content-length: 1000\r\n\r\n"), " "),
                _ => ("", ""),
            };
            let mut open = stream.write_all(begin.as_bytes()).await.is_ok();
            while open && !drip.is_empty() {
                tokio::time::sleep(Duration::from_millis(200)).await;
                open = stream.write_all(drip.as_bytes()).await.is_ok();
            }
            // An idle one waits for the end; so does one that was told off.
            let mut answer = Vec::new();
            drop(stream.read_to_end(&mut answer).await);
        });
    }
    assert!(open_files(&daemon) > before + many, "they were not taken");
    let mut slowest = Duration::ZERO;
    for number in 0..20 {
        let sender = if number % 2 == 0 { honest.clone() } else { Honest::of(&daemon) };
        let asked = Instant::now();
        assert_eq!(sender.push(&format!("d-{number}")).await, 202);
        slowest = slowest.max(asked.elapsed());
    }
    assert!(slowest < Duration::from_secs(2), "an honest one waited {slowest:?}");
    // The times for headers and bodies are up for all of them.
    let all = async { while crowd.join_next().await.is_some() {} };
    tokio::time::timeout(Duration::from_secs(15), all).await.expect("some kept their places");
    for _ in 0..200 {
        if open_files(&daemon) <= before + 20 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(open_files(&daemon) <= before + 20, "{} files are open, of {before}", open_files(&daemon));
    daemon.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_of_forged_webhooks_is_counted_told_in_few_lines_and_keeps_no_honest_sender_out() {
    let storm = amount("FAULTS_FORGED", 3000);
    let folder = settings();
    let main = folder.path().join("teams-relay.toml");
    let text = std::fs::read_to_string(&main).unwrap();
    std::fs::write(&main, text.replacen("[server]", "[server]\ntrusted_proxies = [\"127.0.0.1\"]", 1)).unwrap();
    let mut daemon = Daemon::start(folder.path());
    let honest = Honest::of(&daemon);
    let from = async |client: String, delivery: String, genuine: bool| {
        let body = push(&delivery);
        let signature = if genuine { sign(body.as_bytes()) } else { sign(b"another body") };
        let request = honest.client.post(&honest.hook).header("content-type", "application/json");
        let request = request.header("x-github-event", "push").header("x-github-delivery", delivery);
        let request = request.header("x-forwarded-for", client).header("x-hub-signature-256", signature);
        request.body(body).send().await.unwrap().status().as_u16()
    };
    let forgers = futures_util::future::join_all((0..10).map(|forger| {
        let from = &from;
        async move {
            for number in 0..storm / 10 {
                // Each has a few addresses; so most of it is shut out and some is looked at.
                let status = from(format!("192.0.2.{}", number % 20), format!("f-{forger}-{number}"), false).await;
                assert!([401, 429].contains(&status), "{status}");
            }
        }
    }));
    let genuine = async {
        for number in 0..100 {
            let delivery = format!("g-{number}");
            assert_eq!(from(format!("198.51.100.{}", number % 5), delivery, true).await, 202);
        }
    };
    tokio::join!(forgers, genuine);
    let text = honest.client.get(format!("{}/metrics", daemon.admin)).send().await.unwrap().text().await.unwrap();
    let count = |outcome: &str| {
        let series = format!("teams_relay_webhooks_total{{source=\"github\",outcome=\"{outcome}\"}} ");
        text.lines().find_map(|line| line.strip_prefix(&series)?.parse::<f64>().ok()).unwrap_or(0.0) as usize
    };
    let (looked_at, shut_out) = (count("signature_invalid"), count("slowed_down"));
    assert_eq!(looked_at + shut_out, storm / 10 * 10);
    assert!(looked_at >= 200 && shut_out > storm / 2, "{looked_at} were looked at, {shut_out} shut out");
    daemon.stop();
    let log = daemon.log();
    let about_refused = log.lines().filter(|line| !line.contains("\"message\":\"webhook\"")).count();
    assert!(about_refused < 80, "{about_refused} lines: {log}");
}

/// Posts from several senders at once until told to stop, and says which deliveries were answered 202. What breaks off
/// is no answer, where it `may_break`; any other status is a fault.
async fn load(daemon: &Daemon, stop: Arc<AtomicBool>, may_break: bool) -> JoinSet<Vec<String>> {
    let mut senders = JoinSet::new();
    for sender in 0..4 {
        let (kept, hooks, stop, process) = (Honest::of(daemon), daemon.hooks.clone(), stop.clone(), daemon.id());
        senders.spawn(async move {
            let mut taken = Vec::new();
            for number in 0.. {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                // With an end, so that no one begins with another.
                let delivery = format!("{process}-{sender}-{number}.");
                // Half of them keep their connection, half make a new one each time.
                let fresh = teams_relay::deliver::post::plain_client(Duration::from_secs(20));
                let honest = match number % 2 {
                    0 => kept.clone(),
                    _ => Honest { client: fresh.unwrap(), hook: format!("{hooks}/github") },
                };
                match honest.send(&delivery, push(&delivery)).await {
                    Ok(answer) => {
                        assert_eq!(answer.status(), 202, "{delivery}");
                        taken.push(delivery);
                    }
                    Err(error) if may_break => {
                        assert!(!error.is_timeout(), "{delivery} was left without an answer");
                        break;
                    }
                    Err(error) => panic!("{delivery}: {error:?}"),
                }
            }
            taken
        });
    }
    senders
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_are_read_again_under_load_refuse_and_lose_no_webhook() {
    let folder = settings();
    let teams = Teams::start().await;
    let mut daemon = Daemon::start(folder.path());
    subscribe(folder.path(), &teams.url("a"));
    let stop = Arc::new(AtomicBool::new(false));
    let senders = load(&daemon, stop.clone(), false).await;
    let reloads = amount("FAULTS_RELOADS", 5);
    for number in 0..reloads {
        write_source(folder.path(), &format!("new-{number}"), "provider = \"generic\"\nverify = \"none\"");
        // One that is bad leaves the ones before it in force.
        let bad = folder.path().join("sources/bad.toml");
        if number % 2 == 1 {
            std::fs::write(&bad, "provider = \"nothing\"").unwrap();
        }
        daemon.signal("HUP");
        daemon.wait_for(if number % 2 == 1 { "the old ones stay" } else { "are in force" });
        std::fs::remove_file(&bad).ok();
    }
    daemon.signal("HUP");
    daemon.wait_for("are in force");
    stop.store(true, Ordering::Relaxed);
    let taken: Vec<String> = senders.join_all().await.into_iter().flatten().collect();
    assert!(taken.len() > 8, "{taken:?}");
    let client = Honest::of(&daemon).client;
    for number in 0..reloads {
        let post = client.post(format!("{}/new-{number}", daemon.hooks)).header("content-type", "application/json");
        assert_eq!(post.body("{}").send().await.unwrap().status(), 202, "new-{number}");
    }
    let cards = teams.received(taken.len()).await;
    let texts: Vec<String> = cards.iter().map(ToString::to_string).collect();
    for delivery in &taken {
        let marker = format!("Change {delivery}");
        assert!(texts.iter().any(|text| text.contains(&marker)), "{delivery} was not delivered");
    }
    assert_known(&daemon, taken).await;
    daemon.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_under_load_answers_what_is_in_hand_and_all_that_was_said_yes_to_is_delivered_after_the_restart() {
    let folder = settings();
    let teams = Teams::start().await;
    let mut all = Vec::new();
    for round in 0..amount("FAULTS_RESTARTS", 1) {
        teams.always(crate::teams::Answer::Status(503, "", ""));
        let mut daemon = Daemon::start(folder.path());
        if round == 0 {
            subscribe(folder.path(), &teams.url("a"));
        }
        let senders = load(&daemon, Arc::default(), true).await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        let body = push("in hand");
        let mut in_hand = connect(&daemon).await.unwrap();
        let head = format!(
            "POST /hooks/github HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nx-github-event: push\r\n\
             x-github-delivery: in-hand-{round}\r\nx-hub-signature-256: {}\r\ncontent-length: {}\r\n\r\n",
            sign(body.as_bytes()),
            body.len()
        );
        in_hand.write_all(head.as_bytes()).await.unwrap();
        in_hand.write_all(&body.as_bytes()[..50]).await.unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
        let told = Instant::now();
        daemon.signal("TERM");
        daemon.wait_for("stopping");
        // New ones are refused by the machine, once the listener is closed.
        while connect(&daemon).await.is_ok() {
            assert!(told.elapsed() < Duration::from_secs(2), "connections are still taken");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        in_hand.write_all(&body.as_bytes()[50..]).await.unwrap();
        let mut answer = String::new();
        in_hand.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 202"), "{answer}");
        let taken: Vec<String> = senders.join_all().await.into_iter().flatten().collect();
        assert!(taken.len() > 8, "{taken:?}");
        assert!(daemon.wait().success());
        assert!(told.elapsed() < Duration::from_secs(20), "{:?}", told.elapsed());
        all.extend(taken.into_iter().map(|delivery| (round, delivery)));
        teams.always(crate::teams::Answer::Status(202, "", ""));
        let before = teams.count();
        let mut daemon = Daemon::start(folder.path());
        let count = all.iter().filter(|(of, _)| *of == round).count() + 1;
        let cards = teams.received(before + count).await.split_off(before);
        for (_, delivery) in all.iter().filter(|(of, _)| *of == round) {
            let marker = format!("Change {delivery}");
            assert!(cards.iter().any(|card| card.to_string().contains(&marker)), "{delivery} was not delivered");
        }
        daemon.stop();
    }
}
