//! `kill -9` at any instant, again and again, with senders posting and cards going out.
//!
//! The number of rounds comes from TEAMS_RELAY_KILLS; `tests/faults/run` has many of them.

#![expect(clippy::print_stdout, reason = "what was counted is for whoever runs it with --no-capture")]

use std::{collections::BTreeMap, time::Duration};

use tokio::time::Instant;

use crate::{
    harness::{SECRET, write_source},
    power::Chance,
    process::{Daemon, settings, subscribe},
    senders::{Senders, Told, all_posted, holds, named, on_cards, send_again},
    teams::{Answer, Teams},
};

/// Rounds where nothing else is asked for.
const ROUNDS: u64 = 5;
const CHANNELS: [&str; 3] = ["a", "b", "c"];

fn rounds() -> u64 {
    let asked = std::env::vars().find(|(name, _)| name == "TEAMS_RELAY_KILLS");
    asked.map_or(ROUNDS, |(_, rounds)| rounds.parse().unwrap())
}

/// What was counted over all rounds.
#[derive(Debug, Default)]
struct Totals {
    kills: usize,
    cut: usize,
    slowest_start: Duration,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_at_any_instant_loses_nothing_and_repeats_no_more_than_was_under_way() {
    let folder = settings();
    let teams = Teams::start().await;
    let mut chance = Chance(9);
    let (mut told, mut totals) = (Told::default(), Totals::default());
    let mut ids = Vec::new();
    for round in 0..rounds() {
        let (mut daemon, took) = start(folder.path());
        totals.slowest_start = totals.slowest_start.max(took);
        if ids.is_empty() {
            ids = CHANNELS.iter().map(|channel| subscribe(folder.path(), &teams.url(channel))).collect();
        }
        // What had no answer is sent again, as a provider would.
        totals.cut += told.cut.len();
        send_again(&daemon, &mut told, 0).await;
        let senders = Senders::start(&daemon, &format!("r{round}"), 6, 0);
        tokio::time::sleep(Duration::from_millis(chance.below(400))).await;
        daemon.kill();
        totals.kills += 1;
        told.add(senders.stop().await);
        assert!(told.refused.is_empty(), "{:?}", told.refused);
        balanced(daemon);
    }
    let (mut daemon, took) = start(folder.path());
    totals.slowest_start = totals.slowest_start.max(took);
    holds(&daemon, &told, 0, &ids).await;
    all_posted(&daemon).await;
    let cards: Vec<BTreeMap<String, usize>> =
        CHANNELS.iter().map(|channel| on_cards(&teams, &format!("channel-{channel}"))).collect();
    let lost = |cards: &BTreeMap<String, usize>| told.accepted.iter().filter(|one| !cards.contains_key(*one)).count();
    let lost: usize = cards.iter().map(lost).sum();
    let twice: usize = cards.iter().flat_map(BTreeMap::values).map(|times| times - 1).sum();
    // Each channel has one post under way.
    let at_most = totals.kills * CHANNELS.len();
    println!(
        "{} kills: {} webhooks acknowledged and {} cut off, {lost} cards lost; {} cards posted, {twice} of them twice where \
         {at_most} were under way at most; started in {} ms at worst",
        totals.kills,
        told.accepted.len(),
        totals.cut,
        teams.count(),
        totals.slowest_start.as_millis(),
    );
    assert!(lost == 0 && twice <= at_most && told.accepted.len() > 20 * totals.kills);
    daemon.stop();
    balanced(daemon);
}

fn start(folder: &std::path::Path) -> (Daemon, Duration) {
    let begin = Instant::now();
    let daemon = Daemon::start(folder);
    (daemon, begin.elapsed())
}

/// Whether a daemon that ended had found as much as its books said.
fn balanced(daemon: Daemon) {
    let log = daemon.log();
    assert!(!log.contains("as many waiting deliveries as its books say"), "{log}");
}

/// All that is said here is grave, so that each webhook has a line of its own on a digest.
const TEMPLATE: &str = r#"{
  "summary": "{{payload.head_commit.message}}", "severity": "critical", "fold": "{{payload.head_commit.message}}",
  "link": "https://ci.octo.example/builds/1234", "body": [{"type": "TextBlock", "text": "{{payload.head_commit.message}}"}]
}"#;

/// Settings of a daemon that soon falls behind, and then folds.
fn settings_that_fold() -> tempfile::TempDir {
    let folder = settings();
    let main = folder.path().join("teams-relay.toml");
    let text = std::fs::read_to_string(&main).unwrap();
    let text = text.replace("[delivery]", "[delivery]\ndigest_after = \"100ms\"");
    let text = text.replacen(r#"{ posts = 5000, per = "1s" }"#, r#"{ posts = 20, per = "1s" }"#, 1);
    std::fs::write(main, text).unwrap();
    let source = format!("provider = \"github\"\nsecrets = \"{SECRET}\"\n[[map]]\ntemplate = \"storm/event\"");
    write_source(folder.path(), "github", &source);
    std::fs::create_dir_all(folder.path().join("templates/storm")).unwrap();
    std::fs::write(folder.path().join("templates/storm/event.hbs"), TEMPLATE).unwrap();
    folder
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_between_a_digest_and_its_record_loses_no_line_and_repeats_those_of_that_digest_alone() {
    let folder = settings_that_fold();
    let teams = Teams::start().await;
    let (mut told, mut ids) = (Told::default(), Vec::new());
    let mut under_way: BTreeMap<String, usize> = BTreeMap::new();
    for round in 0..4 {
        let mut daemon = Daemon::start(folder.path());
        if ids.is_empty() {
            ids.push(subscribe(folder.path(), &teams.url("a")));
        }
        let senders = Senders::start(&daemon, &format!("r{round}"), 4, 0);
        senders.accepted(120).await;
        // The next card reaches Teams, and its answer does not reach the relay.
        let before = teams.count();
        teams.always(Answer::Silence);
        teams.received(before + 1).await;
        daemon.kill();
        told.add(senders.stop().await);
        teams.always(Answer::Status(202, "", ""));
        // Another may have been answered while this was said, and not yet be recorded.
        for delivery in named(teams.cards().into_iter().skip(before.saturating_sub(1))).into_keys() {
            *under_way.entry(delivery).or_default() += 1;
        }
        balanced(daemon);
    }
    let mut daemon = Daemon::start(folder.path());
    holds(&daemon, &told, 0, &ids).await;
    let books = all_posted(&daemon).await;
    assert!(books.digested > 20 && books.dead == 0, "{books:?}");
    let cards = named(teams.cards());
    let lost: Vec<_> = told.accepted.iter().filter(|delivery| !cards.contains_key(*delivery)).collect();
    assert!(lost.is_empty(), "no card told of {lost:?}");
    for (delivery, times) in &cards {
        let at_most = 1 + under_way.get(delivery).copied().unwrap_or(0);
        assert!(*times <= at_most, "{delivery} was told {times} times, and {at_most} were to be borne");
    }
    daemon.stop();
}
