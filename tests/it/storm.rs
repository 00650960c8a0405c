//! Floods and hostile answers in virtual time: what the README promises of Teams' quotas, of digests and of destinations
//! that fail, each promise with a test.

#![expect(clippy::print_stdout, reason = "what was measured is for whoever runs it with --no-capture")]

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use teams_relay::{clock::Clock, store::Store};

use crate::virtual_teams::{Said, Virtual};

const MINUTE: Duration = Duration::from_secs(60);

/// Events of a storm, of which one in twenty is a failure.
const STORM: usize = 10_000;
/// Over so long.
const LENGTH: Duration = MINUTE;
/// They arrive in so many batches, so that one flush serves many.
const BATCHES: usize = 200;

/// The event of this number: mostly pushes to forty repositories, and builds that fail and are mended.
fn said(number: usize, channels: usize) -> Said {
    let (key, channel) = (format!("octo/hello-{} main", number % 40), number % channels);
    let (what, severity) = match number % 20 {
        7 => ("CI failed", "critical"),
        9 => ("CI passed", "good"),
        _ => ("mona pushed", "info"),
    };
    Said { text: format!("{what} on main in octo/hello: Build {number:05}."), severity, key, channel }
}

/// When a failure arrived, and when the quota would first have let a post for it through.
type Failures = BTreeMap<String, Timestamp>;

/// Lets the storm come; returns its failures.
async fn storm(relay: &mut Virtual, halfway: impl AsyncFnOnce(&mut Virtual)) -> Failures {
    let mut failures = Failures::new();
    let channels = relay.channels.len();
    let mut halfway = Some(halfway);
    for batch in 0..BATCHES {
        let per_batch = STORM / BATCHES;
        let all: Vec<Said> = (batch * per_batch..(batch + 1) * per_batch).map(|n| said(n, channels)).collect();
        for failure in all.iter().filter(|said| said.severity == "critical") {
            failures.insert(failure.text.clone(), relay.allowed(failure.channel));
        }
        relay.arrive(all).await;
        relay.pass(LENGTH / BATCHES as u32).await;
        if batch == BATCHES / 2
            && let Some(halfway) = halfway.take()
        {
            halfway(relay).await;
        }
    }
    failures
}

/// When each text that stands on a card stood on one; more often than once where it was posted twice.
fn told(relay: &Virtual) -> BTreeMap<String, Vec<Timestamp>> {
    let posts = relay.teams.seen();
    let mut told: BTreeMap<String, Vec<Timestamp>> = BTreeMap::new();
    for post in posts.iter().filter(|post| post.status != 429) {
        for (at, _) in post.card.match_indices("Build ") {
            let number: String = post.card[at + 6..].chars().take_while(char::is_ascii_digit).collect();
            let times = told.entry(number).or_default();
            // A card says it in its summary and in its text.
            if times.last() != Some(&post.at) {
                times.push(post.at);
            }
        }
    }
    told
}

fn number(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// Each failure stood on a card of its channel, within two minutes after the quota first allowed a post for it.
fn assert_failures_told(relay: &Virtual, failures: &Failures, duplicates: usize) {
    let told = told(relay);
    let mut latest = jiff::SignedDuration::MIN;
    for (text, allowed) in failures {
        let times = told.get(&number(text)).unwrap_or_else(|| panic!("`{text}` was never told"));
        latest = latest.max(times[0].duration_since(*allowed));
        assert!(times[0] <= *allowed + 2 * MINUTE, "`{text}`: allowed at {allowed}, told at {}", times[0]);
    }
    println!("the latest failure was told {} s after the quota would have allowed a post for it", latest.as_secs());
    let twice = told.values().filter(|times| times.len() > 1).count();
    assert!(twice <= duplicates, "{twice} told twice");
    assert_eq!(relay.teams.broken(), [""; 0], "a window was exceeded");
}

/// Nothing lost, nothing given up, and each event in one card's account.
fn assert_books(relay: &Virtual) {
    let books = relay.accounts();
    assert_eq!((books.accepted, books.waiting, books.dead), (STORM as u64, 0, 0), "{books:?}");
    assert_eq!(books.delivered + books.digested, STORM as u64, "{books:?}");
}

/// Posts after the storm was over; a fifth more than the least that hold what waited then.
fn assert_few_posts(relay: &Virtual, end: Timestamp, waiting: usize, least: usize) {
    let posts = relay.teams.seen().iter().filter(|post| post.at >= end).count();
    println!("{waiting} waited at the end of the storm; {posts} posts, of at least {least}");
    assert!(posts * 5 <= least * 6, "{posts} posts for {waiting} events, where {least} would do");
}

async fn one_channel(profile: &str) {
    let mut relay = Virtual::start(profile, 1, true, "").await;
    let failures = storm(&mut relay, async |_| {}).await;
    let (end, waiting) = (relay.clock.steady(), relay.store().backlog(relay.lane(0)));
    let least = relay.least_posts(0);
    let took = relay.drain(10 * MINUTE).await;
    assert_books(&relay);
    assert_failures_told(&relay, &failures, 0);
    assert_few_posts(&relay, end, waiting, least);
    let posts = relay.teams.seen().len();
    println!(
        "{profile}: {STORM} events in {LENGTH:?} became {posts} posts; the last was settled {took:?} after the storm"
    );
}

#[tokio::test]
async fn ten_thousand_events_in_a_minute_reach_one_workflow_in_a_few_digests_with_each_failure_told_once() {
    one_channel("workflow").await;
}

#[tokio::test]
async fn ten_thousand_events_in_a_minute_reach_one_connector_in_a_few_digests_with_each_failure_told_once() {
    one_channel("connector").await;
}

#[tokio::test]
async fn a_restart_in_the_middle_of_a_storm_is_no_fresh_allowance_and_loses_and_repeats_nothing() {
    for profile in ["workflow", "connector"] {
        let mut relay = Virtual::start(profile, 1, true, "").await;
        let failures = storm(&mut relay, async |relay| relay.restart().await).await;
        relay.restart().await;
        relay.drain(10 * MINUTE).await;
        assert_books(&relay);
        assert_failures_told(&relay, &failures, 0);
    }
}

#[tokio::test]
async fn a_kill_between_a_post_and_its_record_repeats_that_one_card_and_nothing_else() {
    let mut relay = Virtual::start("workflow", 1, true, "").await;
    let failures = storm(&mut relay, async |relay| relay.kill().await).await;
    relay.drain(10 * MINUTE).await;
    assert_books(&relay);
    let most = relay.teams.seen().iter().map(|post| post.card.matches("Build ").count()).max().unwrap();
    assert_failures_told(&relay, &failures, most);
}

#[tokio::test]
async fn a_clock_that_jumps_an_hour_forward_and_back_in_a_storm_changes_nothing() {
    let mut relay = Virtual::start("connector", 1, true, "ttl = \"30m\"").await;
    let hour = 60 * MINUTE;
    let failures = storm(&mut relay, async |relay| relay.clock.set(relay.clock.now() + hour)).await;
    relay.pass(20 * Duration::from_secs(1)).await;
    relay.clock.set(relay.clock.now() - hour);
    relay.drain(10 * MINUTE).await;
    assert_books(&relay);
    assert_failures_told(&relay, &failures, 0);
}

#[tokio::test]
async fn fifty_channels_of_one_owner_take_turns_and_each_failure_is_told_when_its_channel_has_its_turn() {
    let mut relay = Virtual::start("workflow", 50, true, "").await;
    let failures = storm(&mut relay, async |_| {}).await;
    relay.drain(60 * MINUTE).await;
    assert_books(&relay);
    assert_failures_told(&relay, &failures, 0);
    let posts = relay.teams.seen();
    println!("{} posts to 50 channels within {}", posts.len(), posts.last().unwrap().at.duration_since(posts[0].at));
    for channel in 0..50 {
        assert!(posts.iter().any(|post| post.channel == format!("/channel-{channel}")), "{channel} got nothing");
    }
}
