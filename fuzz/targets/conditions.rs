//! Whatever an admin writes as a condition or a pattern: it is refused in words, or it answers for every payload.
//!
//! An input is a line with a condition, a line with a pattern, and a payload.

#![no_main]

use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use teams_relay::{
    event::{Codings, Encoding, Event, EventType, RawBody},
    route::{
        condition::{Condition, Facts},
        pattern::Pattern,
    },
};

fuzz_target!(|input: &[u8]| {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let mut lines = text.splitn(3, '\n');
    let (condition, pattern) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    let payload: Value = lines.next().and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default();
    let kind = EventType::new("pull_request", Some("opened"));
    if let Ok(pattern) = Pattern::compile(pattern) {
        assert_eq!(pattern.fits(&kind), pattern.fits(&kind));
    }
    if let Ok(condition) = Condition::compile(condition) {
        let event = Event {
            source: "fuzz".parse().expect("a name"),
            kind,
            delivery_id: None,
            received_at: Timestamp::UNIX_EPOCH,
            headers: vec![("x-event".into(), "push".into())],
            encoding: Encoding::Json,
            codings: Codings::default(),
            body: RawBody(Default::default()),
        };
        let facts = Facts::new(&event, &payload);
        assert_eq!(condition.holds(&facts), condition.holds(&facts));
    }
});
