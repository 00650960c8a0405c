//! Destinations that answer badly, in virtual time: throttled, down, switched off, slow, and back again.

use std::time::Duration;

use jiff::Timestamp;
use teams_relay::{
    clock::Clock,
    delivery::DeliveryState,
    outcome::Reason,
    standing::State,
    store::{Page, Store},
};

use crate::{
    teams::Answer,
    virtual_teams::{Said, Virtual},
};

const MINUTE: Duration = Duration::from_secs(60);

fn said(number: usize) -> Said {
    Said { text: format!("Build {number:05}."), severity: "info", key: "octo/hello main".into(), channel: 0 }
}

async fn one_arrives(relay: &mut Virtual, number: usize) {
    relay.arrive(vec![said(number)]).await;
}

fn posted_at(relay: &Virtual) -> Vec<Timestamp> {
    relay.teams.seen().iter().map(|post| post.at).collect()
}

fn state(relay: &Virtual) -> State {
    relay.store().standing(relay.lane(0)).map(|standing| standing.state).unwrap_or_default()
}

#[tokio::test]
async fn a_retry_after_of_ten_minutes_is_obeyed_to_the_second_by_all_channels_of_the_owner() {
    let mut relay = Virtual::start("workflow", 3, true, "").await;
    let mut first = true;
    relay.teams.answers(move |_| match std::mem::take(&mut first) {
        true => Answer::Status(429, "retry-after: 600\r\n", ""),
        false => Answer::Status(202, "", ""),
    });
    let begin = relay.clock.steady();
    relay.arrive((0..3).map(|channel| Said { channel, ..said(channel) }).collect()).await;
    relay.pass(15 * MINUTE).await;
    let posts = posted_at(&relay);
    assert_eq!(posts[0], begin);
    assert_eq!(posts[1], begin + 10 * MINUTE);
    assert_eq!(posts.len(), 4);
    assert_eq!(relay.accounts().delivered, 3);
}

#[tokio::test]
async fn without_a_retry_after_a_group_that_is_locked_out_is_asked_ever_more_rarely() {
    let mut relay = Virtual::start("workflow", 1, true, "").await;
    relay.teams.answers(|_| Answer::Status(429, "", ""));
    one_arrives(&mut relay, 1).await;
    relay.pass(3 * 60 * MINUTE).await;
    let posts = posted_at(&relay);
    assert!((10..25).contains(&posts.len()), "{} posts in three hours", posts.len());
    relay.teams.answers(|_| Answer::Status(202, "", ""));
    relay.pass(20 * MINUTE).await;
    assert_eq!(relay.accounts().delivered, 1);
}

#[tokio::test]
async fn a_connector_that_says_429_in_the_text_of_a_200_is_throttled_too() {
    let mut relay = Virtual::start("connector", 1, true, "").await;
    let text = "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429";
    let mut answers = vec![Answer::Status(200, "", "1"), Answer::Status(200, "", text)];
    relay.teams.answers(move |_| answers.pop().unwrap());
    one_arrives(&mut relay, 1).await;
    relay.pass(MINUTE).await;
    let posts = posted_at(&relay);
    assert_eq!((posts.len(), relay.accounts().delivered), (2, 1));
    assert!(posts[1].duration_since(posts[0]).as_secs() >= 12, "{posts:?}");
}

#[tokio::test]
async fn a_flow_that_is_gone_costs_one_post_and_what_waits_goes_out_as_a_digest_once_it_is_back() {
    let mut relay = Virtual::start("workflow", 1, true, "").await;
    relay.teams.answers(|_| Answer::Status(404, "", r#"{"error":{"code":"WorkflowNotFound"}}"#));
    for number in 0..30 {
        one_arrives(&mut relay, number).await;
        relay.pass(MINUTE).await;
    }
    assert_eq!((posted_at(&relay).len(), state(&relay)), (1, State::Paused));
    assert_eq!(relay.accounts().waiting, 30);
    let standing = relay.store().standing(relay.lane(0)).unwrap();
    assert_eq!(standing.reason, Some(Reason::DestinationGone));

    relay.teams.answers(|_| Answer::Status(202, "", ""));
    relay.restart().await;
    relay.pass(MINUTE).await;
    assert_eq!((posted_at(&relay).len(), state(&relay)), (1, State::Paused));
    relay.resume(0).await;
    relay.pass(MINUTE).await;
    assert_eq!((posted_at(&relay).len(), state(&relay)), (2, State::Active));
    assert_eq!((relay.accounts().digested, relay.accounts().waiting), (30, 0));
}

#[tokio::test]
async fn a_flow_that_is_switched_off_or_not_open_to_anyone_is_paused_at_once_and_a_refused_card_pauses_nothing() {
    for (status, text, wanted) in [
        (400, r#"{"error":{"code":"WorkflowTriggerIsNotEnabled"}}"#, State::Paused),
        (401, r#"{"error":{"code":"DirectApiAuthorizationRequired"}}"#, State::Paused),
        (403, "", State::Paused),
        (410, "", State::Paused),
        (400, r#"{"error":{"code":"InvalidRequest"}}"#, State::Pending),
        (413, "", State::Pending),
    ] {
        let mut relay = Virtual::start("workflow", 1, true, "").await;
        relay.teams.answers(move |_| Answer::Status(status, "", text));
        one_arrives(&mut relay, 1).await;
        relay.pass(10 * MINUTE).await;
        assert_eq!((posted_at(&relay).len(), state(&relay)), (1, wanted), "{status} {text}");
        let waits = u64::from(wanted == State::Paused);
        assert_eq!((relay.accounts().waiting, relay.accounts().dead), (waits, 1 - waits), "{status} {text}");
    }
}

#[tokio::test]
async fn a_destination_that_fails_now_and_then_is_never_paused_and_gets_everything() {
    let mut relay = Virtual::start("workflow", 1, true, "").await;
    let mut count = 0;
    relay.teams.answers(move |_| {
        count += 1;
        match count % 4 {
            0 => Answer::Status(503, "", ""),
            2 => Answer::Reset,
            _ => Answer::Status(202, "", ""),
        }
    });
    for number in 0..100 {
        one_arrives(&mut relay, number).await;
        relay.pass(MINUTE).await;
        assert!(!state(&relay).is_shut());
    }
    relay.drain(10 * MINUTE).await;
    let books = relay.accounts();
    assert_eq!((books.delivered + books.digested, books.dead), (100, 0));
}

#[tokio::test]
async fn a_destination_that_is_down_for_hours_loses_nothing_and_is_tried_by_one_post_in_ten_minutes() {
    let mut relay = Virtual::start("workflow", 1, true, "").await;
    relay.teams.answers(|_| Answer::Status(502, "", ""));
    for number in 0..360 {
        one_arrives(&mut relay, number).await;
        relay.pass(MINUTE).await;
    }
    assert_eq!(state(&relay), State::Degraded);
    let posts = posted_at(&relay).len();
    assert!(posts < 50, "{posts} posts in six hours");
    assert_eq!(relay.accounts().waiting, 360);
    relay.restart().await;
    relay.teams.answers(|_| Answer::Status(202, "", ""));
    relay.drain(11 * MINUTE).await;
    let books = relay.accounts();
    assert_eq!((state(&relay), books.delivered + books.digested, books.dead), (State::Active, 360, 0));
}

#[tokio::test]
async fn one_event_that_a_destination_can_not_bear_holds_its_lane_no_longer_than_its_schedule() {
    // Alone it goes: what is behind it is younger than the lane may fall behind, so nothing folds.
    let more = "retry = [\"10s\", \"20s\", \"30s\"]\ndigest_after = \"1h\"";
    let mut relay = Virtual::start("workflow", 1, true, more).await;
    relay.teams.answers(|post| match post.card.contains("Build 00000") {
        true => Answer::Status(500, "", ""),
        false => Answer::Status(202, "", ""),
    });
    for number in 0..5 {
        one_arrives(&mut relay, number).await;
    }
    relay.pass(3 * MINUTE).await;
    let books = relay.accounts();
    assert_eq!((books.delivered, books.dead, state(&relay)), (4, 1, State::Active));
    let dead = relay.store().dead(Page { before: None, limit: 5 }).await.unwrap();
    assert_eq!(dead[0].why, Reason::RetriesExhausted);
}

#[tokio::test]
async fn a_digest_that_is_refused_is_taken_apart_until_what_is_wrong_stands_alone() {
    let mut relay = Virtual::start("workflow", 1, true, "").await;
    relay.teams.answers(|post| match post.card.contains("Build 00050") {
        true => Answer::Status(400, "", "bad card"),
        false => Answer::Status(202, "", ""),
    });
    let grave = |number| Said { severity: "warning", ..said(number) };
    relay.arrive((0..100).map(grave).collect()).await;
    relay.drain(60 * MINUTE).await;
    let books = relay.accounts();
    assert_eq!((books.delivered + books.digested, books.dead), (99, 1), "{books:?}");
    let dead = relay.store().dead(Page { before: None, limit: 5 }).await.unwrap();
    assert_eq!((dead[0].why, relay.events[&dead[0].event].1.text.as_str()), (Reason::CardRefused, "Build 00050."));
}

#[tokio::test]
async fn an_answer_that_never_comes_is_a_failure_and_the_next_try_is_made() {
    let mut relay = Virtual::start("workflow", 1, true, "").await;
    let mut first = true;
    relay.teams.answers(move |_| match std::mem::take(&mut first) {
        true => Answer::Silence,
        false => Answer::Status(202, "", ""),
    });
    one_arrives(&mut relay, 1).await;
    relay.pass(MINUTE).await;
    assert_eq!(posted_at(&relay).len(), 2);
    let (id, _) = relay.events.first_key_value().unwrap();
    let (record, attempts) = relay.store().history(*id).await.unwrap();
    assert!(matches!(record.deliveries[0].1, DeliveryState::Delivered { .. }));
    let reasons: Vec<Reason> = attempts.iter().map(|(_, attempt)| attempt.reason).collect();
    assert_eq!(reasons, [Reason::TimedOut, Reason::Delivered]);
}

#[tokio::test]
async fn an_urgent_card_goes_at_once_where_a_burst_of_others_just_went() {
    let mut relay = Virtual::start("workflow", 2, true, "").await;
    relay.arrive((0..20).map(said).collect()).await;
    relay.pass(Duration::from_secs(5)).await;
    let before = posted_at(&relay).len();
    relay.arrive(vec![Said { severity: "critical", channel: 1, ..said(99) }]).await;
    relay.pass(Duration::from_secs(1)).await;
    let posts = relay.teams.seen();
    assert_eq!(posts.len(), before + 1);
    assert!(posts.last().unwrap().card.contains("Build 00099"));
}
