use std::{ops::RangeInclusive, time::Duration};

use proptest::prelude::*;

use super::*;

fn now() -> Timestamp {
    "2026-11-23T08:00:00Z".parse().unwrap()
}

fn tomorrow() -> Timestamp {
    now() + Duration::from_secs(86_400)
}

fn schedule() -> Schedule {
    Schedule::new([10, 60, 600].map(Duration::from_secs).to_vec())
}

fn reply(status: u16, text: &str) -> Reply {
    Reply { status, retry_after: None, text: text.to_owned() }
}

fn judged(reply: &Reply, answers: Answers, tried: Tried) -> Judgement {
    judge(Ok(reply), answers, tried, &schedule(), now(), tomorrow(), 0.5)
}

fn dead(why: Reason) -> Verdict {
    Verdict::Dead { why }
}

fn retry(seconds: u64, why: Reason) -> Verdict {
    Verdict::Retry { at: now() + Duration::from_secs(seconds), why, counts: why != Reason::Throttled }
}

/// Every status with an empty body that is not [`Reason::Unexpected`].
fn expected(answers: Answers, status: u16) -> Verdict {
    let table: &[(RangeInclusive<u16>, Verdict)] = &[
        (
            200..=201,
            match answers {
                Answers::Workflow => Verdict::Accepted,
                Answers::Connector => dead(Reason::Unconfirmed),
            },
        ),
        (202..=202, Verdict::Accepted),
        (
            203..=299,
            match answers {
                Answers::Workflow => Verdict::Accepted,
                Answers::Connector => dead(Reason::Unconfirmed),
            },
        ),
        (300..=399, dead(Reason::Redirected)),
        (400..=400, dead(Reason::CardRefused)),
        (401..=401, dead(Reason::Unauthorized)),
        (403..=403, dead(Reason::Unauthorized)),
        (404..=404, dead(Reason::DestinationGone)),
        (407..=407, retry(10, Reason::ConnectionFailed)),
        (408..=408, retry(10, Reason::ServerError)),
        (410..=410, dead(Reason::DestinationGone)),
        (412..=412, retry(10, Reason::ServerError)),
        (413..=413, dead(Reason::TooLarge)),
        (415..=415, dead(Reason::CardRefused)),
        (422..=422, dead(Reason::CardRefused)),
        (425..=425, retry(10, Reason::ServerError)),
        (429..=429, retry(15, Reason::Throttled)),
        (500..=599, retry(10, Reason::ServerError)),
    ];
    table.iter().find(|(range, _)| range.contains(&status)).map_or(dead(Reason::Unexpected), |(_, verdict)| *verdict)
}

#[test]
fn every_status_has_the_verdict_of_the_table() {
    for answers in [Answers::Workflow, Answers::Connector] {
        for status in 100..=599 {
            let judgement = judged(&reply(status, ""), answers, Tried::default());
            assert_eq!(judgement.verdict, expected(answers, status), "{answers:?} {status}");
        }
    }
}

#[test]
fn a_connectors_200_means_what_its_text_says() {
    use Reason::*;
    let failed = |code: &str| {
        format!(
            "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error {code} with ContextId tcid=1,server=s,cv=c.."
        )
    };
    let cases = [
        ("1".to_owned(), Verdict::Accepted),
        (" 1\r\n".to_owned(), Verdict::Accepted),
        ("\u{feff}1".to_owned(), Verdict::Accepted),
        ("12".to_owned(), Verdict::Accepted),
        ("123456789012345678901234567890".to_owned(), Verdict::Accepted),
        ("0".to_owned(), dead(Unconfirmed)),
        (String::new(), dead(Unconfirmed)),
        ("-1".to_owned(), dead(Unconfirmed)),
        ("1.5".to_owned(), dead(Unconfirmed)),
        ("1 message".to_owned(), dead(Unconfirmed)),
        ("ok".to_owned(), dead(Unconfirmed)),
        ("{\"StatusCode\":200,\"Version\":{}}".to_owned(), dead(Unconfirmed)),
        (failed("429"), retry(15, Throttled)),
        ("ErrorCode:ApplicationThrottled, slow down".to_owned(), retry(15, Throttled)),
        (failed("500 ApplicationThrottled"), retry(15, Throttled)),
        ("x.ExchangeTooManySessionsException".to_owned(), retry(10, ServerError)),
        (failed("412"), retry(10, ServerError)),
        (failed("500"), retry(10, ServerError)),
        (failed("502"), retry(10, ServerError)),
        (failed("503"), retry(10, ServerError)),
        (failed("504"), retry(10, ServerError)),
        (failed("413"), dead(TooLarge)),
        (failed("400"), dead(CardRefused)),
        (failed("401"), retry(10, Unauthorized)),
        (failed("403"), dead(Unauthorized)),
        (failed("404"), dead(DestinationGone)),
        (failed("410"), dead(DestinationGone)),
        (failed("429").to_uppercase(), retry(15, Throttled)),
        (failed("4290"), dead(Unconfirmed)),
        (failed("200"), dead(Unconfirmed)),
        (failed("302"), dead(Unconfirmed)),
        (failed("99999999"), dead(Unconfirmed)),
        ("HTTP error ".to_owned(), dead(Unconfirmed)),
    ];
    for (text, verdict) in cases {
        let judgement = judged(&reply(200, &text), Answers::Connector, Tried::default());
        assert_eq!(judgement.verdict, verdict, "{text}");
    }
}

#[test]
fn a_401_within_a_200_is_believed_the_second_time() {
    let reply = reply(200, "Microsoft Teams endpoint returned HTTP error 401 with ContextId x");
    let again = Tried { failures: 1, throttles: 0 };
    assert_eq!(judged(&reply, Answers::Connector, again).verdict, dead(Reason::Unauthorized));
}

#[test]
fn a_workflows_error_code_says_more_than_its_status() {
    let cases = [
        (400, "WorkflowTriggerIsNotEnabled", Reason::DestinationOff),
        (400, "MissingApiVersionParameter", Reason::Unauthorized),
        (400, "TriggerInputSchemaMismatch", Reason::CardRefused),
        (400, "MessageSizeExceeded", Reason::TooLarge),
        (401, "DirectApiAuthorizationRequired", Reason::Unauthorized),
        (400, "DirectApiAuthorizationRequired", Reason::Unauthorized),
        (403, "MisMatchingOAuthClaims", Reason::Unauthorized),
        (404, "WorkflowNotFound", Reason::DestinationGone),
        (400, "WorkflowNotFound", Reason::DestinationGone),
    ];
    for (status, code, why) in cases {
        // As long as the code came, it does not matter where the text was cut.
        for text in [
            format!(r#"{{"error":{{"code":"{code}","message":"No."}}}}"#),
            format!(r#"{{"error":{{"code":"{code}","me"#),
        ] {
            assert_eq!(judged(&reply(status, &text), Answers::Workflow, Tried::default()).verdict, dead(why), "{text}");
        }
    }
    let elsewhere = reply(500, r#"{"error":{"code":"WorkflowNotFound"}}"#);
    assert_eq!(judged(&elsewhere, Answers::Workflow, Tried::default()).verdict, retry(10, Reason::ServerError));
}

#[test]
fn no_answer_is_tried_again_but_a_refused_address_is_not() {
    let cases = [
        (Failure::TimedOut, retry(10, Reason::TimedOut)),
        (Failure::Connection("the connection broke off".into()), retry(10, Reason::ConnectionFailed)),
        (Failure::Token("status 401, invalid_client".into()), retry(10, Reason::TokenUnavailable)),
        (Failure::Refused("a private address".into()), dead(Reason::AddressRefused)),
    ];
    for (failure, verdict) in cases {
        for answers in [Answers::Workflow, Answers::Connector] {
            let judgement = judge(Err(&failure), answers, Tried::default(), &schedule(), now(), tomorrow(), 0.5);
            assert_eq!(judgement.verdict, verdict, "{failure}");
        }
    }
}

#[test]
fn the_list_of_waits_is_used_up_by_failures_and_not_by_throttling() {
    let failed = |failures| judged(&reply(503, ""), Answers::Workflow, Tried { failures, throttles: 0 });
    assert_eq!(failed(2).verdict, retry(600, Reason::ServerError));
    assert_eq!(failed(3).verdict, dead(Reason::RetriesExhausted));
    assert_eq!(failed(3).reason, Reason::ServerError);
    let throttled = judged(&reply(429, ""), Answers::Workflow, Tried { failures: 3, throttles: 4 });
    assert_eq!(throttled.verdict, retry(240, Reason::Throttled));
}

#[test]
fn a_retry_after_closes_the_group_in_full_but_not_past_the_expiry() {
    let mut throttled = reply(429, "");
    throttled.retry_after = Some("3600".into());
    let judgement = judge(Ok(&throttled), Answers::Workflow, Tried::default(), &schedule(), now(), tomorrow(), 0.0);
    assert_eq!(judgement.verdict, retry(3600, Reason::Throttled));
    assert_eq!(judgement.close_group, Some(now() + Duration::from_secs(3600)));

    throttled.retry_after = Some("172800".into());
    let judgement = judge(Ok(&throttled), Answers::Workflow, Tried::default(), &schedule(), now(), tomorrow(), 0.0);
    assert_eq!(judgement.verdict, dead(Reason::Expired));
    assert_eq!((judgement.reason, judgement.close_group), (Reason::Throttled, Some(tomorrow())));
}

#[test]
fn a_retry_after_on_a_failure_only_lengthens_the_wait() {
    let mut failed = reply(503, "");
    failed.retry_after = Some("Mon, 23 Nov 2026 08:10:00 GMT".into());
    assert_eq!(judged(&failed, Answers::Workflow, Tried::default()).verdict, { retry(600, Reason::ServerError) });
    failed.retry_after = Some("next Tuesday".into());
    assert_eq!(judged(&failed, Answers::Workflow, Tried::default()).verdict, retry(10, Reason::ServerError));
}

#[test]
fn what_can_be_tried_only_after_its_expiry_has_expired() {
    let soon = now() + Duration::from_secs(9);
    let judgement = judge(Ok(&reply(500, "")), Answers::Workflow, Tried::default(), &schedule(), now(), soon, 0.0);
    assert_eq!((judgement.verdict, judgement.reason), (dead(Reason::Expired), Reason::ServerError));
    let past = now() - Duration::from_secs(9);
    let judgement = judge(Ok(&reply(429, "")), Answers::Workflow, Tried::default(), &schedule(), now(), past, 0.0);
    assert_eq!(
        (judgement.verdict, judgement.close_group),
        (dead(Reason::Expired), Some(now() + Duration::from_secs(15)))
    );
}

#[test]
fn debug_output_of_a_reply_holds_nothing_of_its_text() {
    assert!(!format!("{:?}", reply(400, "https://x.example/?sig=abc")).contains("sig"));
}

proptest! {
    #[test]
    fn any_answer_is_judged_within_its_time(
        status in any::<u16>(),
        text in "(HTTP error |\"WorkflowNotFound\"|ApplicationThrottled|[0-9]{0,6}|\\PC{0,9}){0,6}",
        retry_after in proptest::option::of("[0-9]{1,30}|\\PC{0,40}|[A-Z][a-z]{2}, [0-9]{2} Nov [0-9]{4} 08:00:0[0-9] GMT"),
        (failures, throttles) in (0..6_u32, any::<u32>()),
        life in -10..200_000_i64,
        jitter in any::<f64>(),
    ) {
        let expires_at = now() + jiff::SignedDuration::from_secs(life);
        let reply = Reply { status, retry_after, text };
        for answers in [Answers::Workflow, Answers::Connector] {
            let tried = Tried { failures, throttles };
            let judgement = judge(Ok(&reply), answers, tried, &schedule(), now(), expires_at, jitter);
            if let Verdict::Retry { at, why, counts } = judgement.verdict {
                prop_assert!(at >= now() && at <= expires_at);
                prop_assert_eq!(counts, why != Reason::Throttled);
                prop_assert_eq!(judgement.close_group.is_some(), !counts);
                prop_assert!(judgement.close_group.is_none_or(|until| until >= at));
                let asked = reply.retry_after.as_deref().and_then(|asked| asked.parse::<u32>().ok());
                prop_assert!(asked.is_none_or(|asked| at >= now() + Duration::from_secs(asked.into())));
            }
        }
    }
}
