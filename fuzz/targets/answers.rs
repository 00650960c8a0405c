//! Whatever a destination answers: what it is judged to be keeps the bounds, and nothing of the URL is shown of it.
//!
//! An input is four bytes (profile, status, and what was tried before), a line with `Retry-After`, and the text.

#![no_main]

use std::time::Duration;

use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use teams_relay::{
    config::profile::Answers,
    deliver::{
        judge::{LONGEST_CLOSED, Reply, Tried, judge},
        redact::redact,
        schedule::Schedule,
    },
    delivery::Verdict,
};

const URL: &str = "https://prod-1.westeurope.logic.azure.com/workflows/0123456789abcdef/x?sig=very-secret-signature-";

fuzz_target!(|input: &[u8]| {
    let [profile, status, hundreds, tried, rest @ ..] = input else { return };
    let rest = String::from_utf8_lossy(rest);
    let (retry_after, text) = rest.split_once('\n').unwrap_or(("", &rest));
    let answers = if profile % 2 == 0 { Answers::Workflow } else { Answers::Connector };
    let status = 100 + u16::from(hundreds % 9) * 100 + u16::from(status % 100);
    let retry_after = (!retry_after.is_empty()).then(|| retry_after.to_owned());
    let tried = Tried { failures: u32::from(tried & 15), throttles: u32::from(tried >> 4) * 1000 };
    let schedule = Schedule::new([5, 60, 3600].map(Duration::from_secs).to_vec());
    let now: Timestamp = "2026-11-24T00:00:00Z".parse().expect("a time");
    let expires_at = now + Duration::from_secs(86_400);
    let reply = Reply { status, retry_after, text: text.to_owned() };
    for jitter in [0.0, 1.0, f64::NAN] {
        let judged = judge(Ok(&reply), answers, tried, &schedule, now, expires_at, jitter);
        match judged.verdict {
            Verdict::Accepted => {
                assert!((200..300).contains(&status), "{status} is no success");
                let number = text.trim_start_matches('\u{feff}').trim();
                let sent = number.bytes().all(|byte| byte.is_ascii_digit()) && number.bytes().any(|byte| byte != b'0');
                assert!(answers == Answers::Workflow || status == 202 || sent, "`{text}` is no success");
            }
            Verdict::Retry { at, .. } => assert!((now..=expires_at).contains(&at), "{at}"),
            Verdict::Dead { .. } | Verdict::Skipped { .. } => {}
        }
        if let Some(until) = judged.close_group {
            assert!((now..=now + LONGEST_CLOSED).contains(&until), "{until}");
        }
    }
    let shown = redact(text, URL, 500);
    assert!(shown.len() <= 500 && !shown.contains("very-secret-signature-") && !shown.contains("0123456789abcdef"));
});
