//! What subscriptions may leave out or put off, in virtual time: severities, changes of state, quiet hours, what is too old.

use std::time::Duration;

use teams_relay::{
    clock::Clock,
    delivery::DeliveryState,
    outcome::Reason,
    store::Store,
    subscription::{Restraint, Subscription},
};

use crate::virtual_teams::{Said, Virtual};

const MINUTE: Duration = Duration::from_secs(60);

async fn with(restraint: Restraint) -> Virtual {
    let mut relay = Virtual::start("workflow", 1, true, "").await;
    let subscription = Subscription { restraint, ..(*relay.channels[0]).clone() };
    relay.store().put_subscription(subscription.clone()).await.unwrap();
    relay.channels[0] = std::sync::Arc::new(subscription);
    relay
}

fn said(number: usize, severity: &'static str, key: &str) -> Said {
    Said { text: format!("Build {number:05}."), severity, key: key.into(), channel: 0 }
}

/// The numbers of the builds that the cards so far tell of.
fn told(relay: &Virtual) -> Vec<usize> {
    let mut told = Vec::new();
    for post in relay.teams.seen() {
        for (at, _) in post.card.match_indices("Build ") {
            let number = post.card[at + 6..at + 11].parse().unwrap();
            if !told.contains(&number) {
                told.push(number);
            }
        }
    }
    told
}

#[tokio::test]
async fn what_matters_less_than_a_subscription_wants_is_ignored_and_the_books_say_so() {
    let least = "warning";
    let restraint = Restraint { min_severity: serde_json::from_value(least.into()).unwrap(), ..Restraint::default() };
    let mut relay = with(restraint).await;
    for (number, severity) in ["info", "critical", "good", "warning"].into_iter().enumerate() {
        relay.arrive(vec![said(number, severity, "main")]).await;
    }
    relay.drain(MINUTE).await;
    assert_eq!(told(&relay), [1, 3]);
    let books = relay.accounts();
    assert_eq!((books.accepted, books.delivered, books.ignored), (4, 2, 2));
    let (first, _) = relay.events.first_key_value().unwrap();
    let state = relay.store().history(*first).await.unwrap().0.deliveries[0].1;
    assert!(matches!(state, DeliveryState::Skipped { why: Reason::BelowSeverity, .. }), "{state:?}");
}

#[tokio::test]
async fn of_one_key_only_the_first_failure_and_the_first_success_after_it_are_told_also_over_a_restart() {
    let mut relay = with(Restraint { only_changes: true, ..Restraint::default() }).await;
    let all = [("good", "main"), ("critical", "main"), ("critical", "main"), ("info", "main"), ("critical", "dev")];
    for (number, (severity, key)) in all.into_iter().enumerate() {
        relay.arrive(vec![said(number, severity, key)]).await;
        relay.pass(MINUTE).await;
    }
    assert_eq!(told(&relay), [1, 4]);
    relay.restart().await;
    for (number, severity) in [(5, "critical"), (6, "good"), (7, "good"), (8, "warning")] {
        relay.arrive(vec![said(number, severity, "main")]).await;
        relay.pass(MINUTE).await;
    }
    assert_eq!(told(&relay), [1, 4, 6, 8]);
    assert_eq!((relay.accounts().delivered, relay.accounts().ignored), (4, 5));
}

#[tokio::test]
async fn in_a_digest_too_only_changes_are_told() {
    let mut relay = with(Restraint { only_changes: true, ..Restraint::default() }).await;
    let severity = |number: usize| if number % 50 < 25 { "critical" } else { "good" };
    for batch in 0..4 {
        let all = batch * 50..(batch + 1) * 50;
        relay.arrive(all.map(|number| said(number, severity(number), "main")).collect()).await;
    }
    relay.drain(10 * MINUTE).await;
    assert_eq!(told(&relay), [0, 25, 50, 75, 100, 125, 150, 175]);
    let books = relay.accounts();
    assert_eq!((books.delivered + books.digested, books.ignored), (8, 192));
}

#[tokio::test]
async fn in_quiet_hours_nothing_is_posted_and_at_their_end_one_card_tells_of_all() {
    // The clock begins at 08:00 UTC.
    let quiet = Some("07:00-09:30".parse().unwrap());
    let mut relay = with(Restraint { quiet, ..Restraint::default() }).await;
    for number in 0..3 {
        relay.arrive(vec![said(number, "critical", "main")]).await;
        relay.pass(20 * MINUTE).await;
    }
    relay.pass(29 * MINUTE).await;
    assert_eq!((relay.teams.seen().len(), relay.accounts().waiting), (0, 3));
    relay.pass(2 * MINUTE).await;
    assert_eq!((relay.teams.seen().len(), relay.accounts().digested), (1, 3));
    relay.arrive(vec![said(3, "info", "main")]).await;
    relay.pass(MINUTE).await;
    assert_eq!((relay.teams.seen().len(), relay.accounts().delivered), (2, 1));
}

#[tokio::test]
async fn what_grew_too_old_is_a_dead_letter_or_where_that_is_wanted_a_line_in_the_next_digest() {
    for (expired, dead, digested) in [("dead", 5, 0), ("digest", 0, 5)] {
        let delivery = format!("ttl = \"30m\"\nexpired = \"{expired}\"");
        let mut relay = Virtual::start("workflow", 1, true, &delivery).await;
        relay.teams.answers(|_| crate::teams::Answer::Status(429, "retry-after: 7200\r\n", ""));
        for number in 0..5 {
            relay.arrive(vec![said(number, "info", "main")]).await;
        }
        relay.pass(60 * MINUTE).await;
        relay.teams.answers(|_| crate::teams::Answer::Status(202, "", ""));
        relay.pass(120 * MINUTE).await;
        let books = relay.accounts();
        assert_eq!((books.dead, books.digested), (dead, digested), "{expired}");
        let posts = relay.teams.seen();
        assert_eq!(posts.last().unwrap().card.contains("Too old for a card"), digested > 0);
        assert!(relay.clock.steady() > posts[0].at);
    }
}
