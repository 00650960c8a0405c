//! The daemon as a process: started, killed, started again; and the commands that talk to it.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, ExitStatus, Output, Stdio},
    time::Duration,
};

use crate::{
    harness::{push, sign},
    teams::Teams,
};

/// The program, with an environment of its own.
pub(crate) fn program(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_teams-relay"));
    command.env_clear().env("TEAMS_RELAY_CONFIG", folder).stdin(Stdio::null());
    command
}

/// Runs a command to its end.
pub(crate) fn run(folder: &Path, arguments: &[&str]) -> Output {
    program(folder).args(arguments).output().unwrap()
}

/// What a command that must succeed printed.
pub(crate) fn succeed(folder: &Path, arguments: &[&str]) -> String {
    let output = run(folder, arguments);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// A running `serve`.
pub(crate) struct Daemon {
    child: Child,
    /// Where it takes webhooks.
    pub(crate) hooks: String,
    /// Where its metrics are.
    pub(crate) admin: String,
    lines: std::sync::mpsc::Receiver<String>,
    passed_over: Vec<String>,
}

impl Daemon {
    /// Starts `serve` and waits until it says that it takes webhooks. Its log must be JSON.
    pub(crate) fn start(folder: &Path) -> Self {
        let mut command = program(folder);
        command.arg("serve");
        Self::run(command)
    }

    /// The same for a command that becomes `serve`.
    pub(crate) fn run(mut command: Command) -> Self {
        let mut child = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let (send, lines) = std::sync::mpsc::channel();
        let errors = BufReader::new(child.stderr.take().unwrap());
        std::thread::spawn(move || {
            for line in errors.lines().map_while(Result::ok) {
                if send.send(line).is_err() {
                    return;
                }
            }
        });
        let mut daemon = Self { child, hooks: String::new(), admin: String::new(), lines, passed_over: Vec::new() };
        let ready = daemon.wait_for("taking webhooks");
        let ready: serde_json::Value = serde_json::from_str(&ready).unwrap();
        daemon.hooks = format!("http://{}/hooks", ready["hooks"].as_str().unwrap());
        daemon.admin = format!("http://{}", ready["admin"].as_str().unwrap());
        daemon
    }

    /// The next line of the log that holds these words.
    pub(crate) fn wait_for(&mut self, words: &str) -> String {
        loop {
            match self.lines.recv_timeout(Duration::from_secs(20)) {
                Ok(line) if line.contains(words) => return line,
                Ok(line) => self.passed_over.push(line),
                Err(_) => panic!("`{words}` never stood in the log: {:#?}", self.passed_over),
            }
        }
    }

    /// All lines of the log but those that were waited for, after the process has ended.
    pub(crate) fn log(mut self) -> String {
        let passed_over = std::mem::take(&mut self.passed_over);
        passed_over.into_iter().chain(self.lines.iter()).collect::<Vec<_>>().join("\n")
    }

    /// Its number.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill").arg(format!("-{name}")).arg(self.child.id().to_string()).status().unwrap();
        assert!(status.success());
    }

    /// Waits for its end.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }

    /// SIGTERM, and waits for a clean end.
    pub(crate) fn stop(&mut self) {
        self.signal("TERM");
        let status = self.wait();
        assert!(status.success(), "{status}");
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.child.kill().ok();
            self.child.wait().ok();
        }
    }
}

/// Settings for a daemon with a JSON log.
pub(crate) fn settings() -> tempfile::TempDir {
    // Real time passes here, so the waits are short.
    let folder = crate::harness::settings("[log]\nformat = \"json\"\n");
    let main = folder.path().join("teams-relay.toml");
    let text = std::fs::read_to_string(&main)
        .unwrap()
        .replace(r#""10s", "20s", "30s""#, r#""200ms", "200ms", "200ms", "200ms""#);
    std::fs::write(main, text).unwrap();
    folder
}

pub(crate) async fn post(daemon: &Daemon, delivery: &str) -> reqwest::Response {
    let client = teams_relay::deliver::post::plain_client(Duration::from_secs(10)).unwrap();
    let body = push(delivery);
    let request = client.post(format!("{}/github", daemon.hooks)).header("content-type", "application/json");
    let request = request.header("x-github-event", "push").header("x-github-delivery", delivery);
    request.header("x-hub-signature-256", sign(body.as_bytes())).body(body).send().await.unwrap()
}

pub(crate) fn subscribe(folder: &Path, url: &str) -> String {
    let added = succeed(
        folder,
        &["subscription", "add", "--source", "github", "--url", url, "--profile", "workflow", "--json"],
    );
    let added: serde_json::Value = serde_json::from_str(&added).unwrap();
    added["id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_arrives_once_though_the_daemon_is_killed_right_after_the_202() {
    let folder = settings();
    let teams = Teams::start().await;
    teams.always(crate::teams::Answer::Status(503, "", ""));
    let mut daemon = Daemon::start(folder.path());
    subscribe(folder.path(), &teams.url("a"));
    for number in 0..5 {
        assert_eq!(post(&daemon, &format!("d-{number}")).await.status(), 202);
    }
    daemon.kill();
    let before = teams.count();
    teams.always(crate::teams::Answer::Status(202, "", ""));
    // The retry that the killed daemon had planned is kept too; a source of its own clock would wait for it.
    let mut daemon = Daemon::start(folder.path());
    let texts: Vec<String> = teams.received(before + 5).await.iter().skip(before).map(ToString::to_string).collect();
    for number in 0..5 {
        let of_this = texts.iter().filter(|text| text.contains(&format!("Change d-{number}"))).count();
        assert_eq!(of_this, 1, "event {number}");
    }
    daemon.stop();
    assert_eq!(teams.count(), before + 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_finishes_what_is_in_hand_and_the_socket_is_free_again() {
    let folder = settings();
    let teams = Teams::start().await;
    let mut daemon = Daemon::start(folder.path());
    subscribe(folder.path(), &teams.url("a"));
    assert_eq!(post(&daemon, "d-1").await.status(), 202);
    teams.received(1).await;
    daemon.stop();
    let mut daemon = Daemon::start(folder.path());
    daemon.stop();
    assert!(daemon.log().contains("stopped"));
}
