//! Senders that keep posting and remember what they were told, and what a daemon then holds of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use reqwest::Client;
use serde_json::Value;
use teams_relay::outcome::Accounts;
use tokio::{sync::watch, task::JoinSet};

use crate::{
    harness::{push, sign},
    power::Chance,
    process::Daemon,
    teams::Teams,
};

/// Longer than anything may take, and shorter than who waits for it would.
const LONG: Duration = Duration::from_secs(20);

/// What senders were told of each webhook, by its delivery id.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// Answered 202: it is kept, whatever happens.
    pub(crate) accepted: BTreeSet<String>,
    /// Answered 503: its sender comes again.
    pub(crate) refused: BTreeSet<String>,
    /// Not answered: nothing is promised.
    pub(crate) cut: BTreeSet<String>,
}

impl Told {
    /// Adds what was told another time.
    pub(crate) fn add(&mut self, other: Self) {
        self.accepted.extend(other.accepted);
        self.refused.extend(other.refused);
        self.cut.extend(other.cut);
    }
}

/// Senders at work. Each posts one webhook after the other, until it is stopped or cut off.
pub(crate) struct Senders {
    tasks: JoinSet<Told>,
    progress: watch::Sender<Progress>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Progress {
    accepted: usize,
    refused: usize,
    stop: bool,
}

impl Senders {
    /// Starts so many, whose webhooks have so many bytes more than they need; `name` tells them from others.
    pub(crate) fn start(daemon: &Daemon, name: &str, many: usize, filler: usize) -> Self {
        let mut senders = Self { tasks: JoinSet::new(), progress: watch::Sender::default() };
        for number in 0..many {
            let client = teams_relay::deliver::post::plain_client(LONG).unwrap();
            let (hooks, name, progress) = (daemon.hooks.clone(), format!("{name}-{number}"), senders.progress.clone());
            senders.tasks.spawn(async move {
                let mut told = Told::default();
                for number in 0.. {
                    if progress.borrow().stop {
                        break;
                    }
                    let delivery = format!("{name}-{number}");
                    match send(&client, &hooks, &delivery, filler).await {
                        Some(202) => {
                            told.accepted.insert(delivery);
                            progress.send_modify(|progress| progress.accepted += 1);
                        }
                        Some(503) => {
                            told.refused.insert(delivery);
                            progress.send_modify(|progress| progress.refused += 1);
                            tokio::time::sleep(Duration::from_millis(5)).await;
                        }
                        Some(other) => panic!("{delivery} was answered {other}"),
                        None => {
                            told.cut.insert(delivery);
                            break;
                        }
                    }
                }
                told
            });
        }
        senders
    }

    /// Waits until so many webhooks more were answered 202.
    pub(crate) async fn accepted(&self, more: usize) {
        let wanted = self.progress.borrow().accepted + more;
        self.until(|progress| progress.accepted >= wanted).await;
    }

    /// Waits until so many were answered 503.
    pub(crate) async fn refused(&self, many: usize) {
        self.until(|progress| progress.refused >= many).await;
    }

    async fn until(&self, wanted: impl FnMut(&Progress) -> bool) {
        let mut progress = self.progress.subscribe();
        let reached = tokio::time::timeout(LONG, progress.wait_for(wanted)).await;
        reached.unwrap_or_else(|_| panic!("{:?} after {LONG:?}", self.progress.borrow())).unwrap();
    }

    /// What they were told, once each has its last answer.
    pub(crate) async fn stop(self) -> Told {
        self.progress.send_modify(|progress| progress.stop = true);
        let mut told = Told::default();
        self.tasks.join_all().await.into_iter().for_each(|one| told.add(one));
        told
    }
}

/// Posts a webhook; the status it was answered with, or none if it was cut off. One that hangs fails the test.
async fn send(client: &Client, hooks: &str, delivery: &str, filler: usize) -> Option<u16> {
    let body = body(delivery, filler);
    let request = client.post(format!("{hooks}/github")).header("content-type", "application/json");
    let request = request.header("x-github-event", "push").header("x-github-delivery", delivery);
    match request.header("x-hub-signature-256", sign(body.as_bytes())).body(body).send().await {
        Ok(answer) => Some(answer.status().as_u16()),
        Err(error) => {
            assert!(!error.is_timeout(), "{delivery} had no answer after {LONG:?}");
            None
        }
    }
}

/// Posts webhooks again that had no 202, as senders do; 200 says that the relay had it all the same.
pub(crate) async fn send_again(daemon: &Daemon, told: &mut Told, filler: usize) {
    let client = teams_relay::deliver::post::plain_client(LONG).unwrap();
    for delivery in std::mem::take(&mut told.refused).into_iter().chain(std::mem::take(&mut told.cut)) {
        let status = send(&client, &daemon.hooks, &delivery, filler).await;
        assert!(matches!(status, Some(200 | 202)), "{delivery} was answered {status:?}");
        told.accepted.insert(delivery);
    }
}

/// A push with something in it that no compression makes smaller, the same for the same delivery id.
fn body(delivery: &str, filler: usize) -> String {
    let mut body = push(delivery);
    if filler > 0 {
        let mut chance = Chance(delivery.bytes().fold(7, |seed, byte| seed * 31 + u64::from(byte)));
        let bytes: Vec<u8> = (0..filler / 4 * 3).map(|_| chance.below(256) as u8).collect();
        body.truncate(body.len() - 1);
        body += &format!(r#","filler":"{}"}}"#, BASE64_STANDARD.encode(bytes));
    }
    body
}

/// What the admin listener answers to a path.
pub(crate) async fn admin(daemon: &Daemon, path: &str) -> (u16, String) {
    let client = teams_relay::deliver::post::plain_client(LONG).unwrap();
    let request = client.get(format!("{}{path}", daemon.admin)).bearer_auth("admin-token-of-the-tests");
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// The books, which must balance.
pub(crate) async fn accounts(daemon: &Daemon) -> Accounts {
    let (_, text) = admin(daemon, "/api/v1/accounts").await;
    let accounts: Accounts = serde_json::from_str(&text).unwrap();
    assert!(accounts.balance(), "{accounts:?}");
    accounts
}

/// Looks whether a daemon holds all that was accepted, whole, and these subscriptions.
pub(crate) async fn holds(daemon: &Daemon, told: &Told, filler: usize, subscriptions: &[String]) {
    accounts(daemon).await;
    let (_, export) = admin(daemon, "/api/v1/export").await;
    let lines: Vec<Value> = export.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.last().unwrap()["record"], "end", "the export is whole");
    let kept: BTreeSet<&str> =
        lines.iter().filter(|line| line["record"] == "subscription").map(|line| line["id"].as_str().unwrap()).collect();
    for id in subscriptions {
        assert!(kept.contains(id.as_str()), "subscription {id} is gone");
    }
    let mut events = BTreeMap::new();
    for line in lines.iter().filter(|line| line["record"] == "event") {
        let delivery = line["delivery_id"].as_str().unwrap();
        let kept = BASE64_STANDARD.decode(line["body"].as_str().unwrap()).unwrap();
        assert!(kept == body(delivery, filler).as_bytes(), "{delivery} is not what was sent");
        assert!(!line["deliveries"].as_array().unwrap().is_empty(), "{delivery} has no delivery");
        assert!(events.insert(delivery.to_owned(), ()).is_none(), "{delivery} is there twice");
    }
    let lost: Vec<&String> = told.accepted.iter().filter(|delivery| !events.contains_key(*delivery)).collect();
    assert!(lost.is_empty(), "{} of {} acknowledged webhooks are lost: {lost:?}", lost.len(), told.accepted.len());
}

/// Waits until nothing waits any more, for as long as it becomes less.
pub(crate) async fn all_posted(daemon: &Daemon) -> Accounts {
    let mut least = u64::MAX;
    let mut unchanged = Duration::ZERO;
    while unchanged < LONG {
        let accounts = accounts(daemon).await;
        if accounts.waiting == 0 {
            return accounts;
        }
        let pause = Duration::from_millis(20);
        unchanged = if accounts.waiting < least { Duration::ZERO } else { unchanged + pause };
        least = least.min(accounts.waiting);
        tokio::time::sleep(pause).await;
    }
    panic!("{least} deliveries wait for ever");
}

/// On how many cards of a channel each webhook stands.
pub(crate) fn on_cards(teams: &Teams, channel: &str) -> BTreeMap<String, usize> {
    named(teams.cards().into_iter().filter(|(path, _)| path.contains(channel)))
}

/// On how many of these cards each webhook stands.
pub(crate) fn named(cards: impl IntoIterator<Item = (String, Value)>) -> BTreeMap<String, usize> {
    let mut times = BTreeMap::new();
    for (_, card) in cards {
        let card = card.to_string();
        let mark = |(at, words): (usize, &str)| {
            let rest = &card[at + words.len()..];
            rest[..rest.find(|c: char| !c.is_alphanumeric() && c != '-').unwrap_or(rest.len())].to_owned()
        };
        // A card says it more than once: in its summary and in its text.
        for delivery in card.match_indices("Change ").map(mark).collect::<BTreeSet<String>>() {
            *times.entry(delivery).or_default() += 1;
        }
    }
    times
}
