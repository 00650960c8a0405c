//! One card for many deliveries of a lane: reads what waits, has the planner choose, renders what it chose, posts it.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    Dispatch, Run,
    cards::{self, Rendered},
    lines,
    plan::{is_past, is_untried},
    restraint::Told,
};
use crate::{
    card::Severity,
    deliver::judge::Tried,
    delivery::{Verdict, Waiting},
    digest::{self, Digest, Item, Line, fold},
    event::{Codings, Encoding, Event, EventType, RawBody},
    lane::{Tick, quota::Ask},
    name::EventId,
    outcome::Reason,
    profile::Encoded,
    render::phrase,
    store::StoreError,
    subscription::Subscription,
};

/// Bytes of a card that a digest has for all but its groups and lines: the message around it, its head and its end.
const FRAME: usize = 4_608;
/// Bytes of a group without its lines, as Teams counts: two texts with their properties, escaped.
const GROUP: usize = 320;
/// Bytes of a line beside its text and address: bullet, sign and the brackets of a link.
const LINE: usize = 24;
/// Events that are read before others get a turn.
const IN_ONE_GO: usize = 32;
/// How often less is put on a card that turned out too long.
const TRIES: u32 = 6;

/// What folding came to.
pub(super) enum Folded {
    /// There is one delivery that goes alone, with its own card.
    Alone(Waiting),
    /// Done for now.
    Tick(Tick),
}

/// What waits, as was found.
#[derive(Default)]
struct Look {
    /// As the planner wants them.
    items: Vec<Item>,
    /// Those whose event can't be read.
    unreadable: Vec<EventId>,
    /// Those that their subscription does not want, by why.
    unwanted: BTreeMap<Reason, Vec<EventId>>,
}

impl Dispatch {
    /// Posts one card for as many waiting deliveries as it has room for, the gravest first.
    pub(super) async fn fold(&self, run: &Run<'_>) -> Result<Folded, StoreError> {
        let waiting = self.store.due(run.lane, digest::MOST_EVENTS);
        let Look { items, unreadable, unwanted } = self.look_at(run, &waiting).await?;
        if !unreadable.is_empty() {
            self.give_up(run.lane, &unreadable, Reason::EventUnreadable).await?;
        }
        for (why, events) in &unwanted {
            self.skip(run, events, *why).await?;
        }
        if items.is_empty() || !unreadable.is_empty() {
            return Ok(Folded::Tick(Tick::Settled));
        }
        let profile = run.rules.profiles.get(&run.subscription.destination.profile);
        let room = profile.max_bytes.saturating_sub(FRAME);
        let digest = fold(&items, room, cost);
        if let [only] = digest.events.as_slice()
            && let Some(alone) = waiting.iter().find(|one| one.event == *only)
            && !is_past(run.rules, alone, &run.subscription, run.now)
        {
            return Ok(Folded::Alone(*alone));
        }
        let gathers = self.courses.with(run.lane, |course| course.gathers_until);
        let more_to_read = waiting.len() == digest::MOST_EVENTS;
        if let Some(until) = gathers.filter(|until| *until > run.now.steady)
            && digest.left == 0
            && !more_to_read
        {
            return Ok(Folded::Tick(self.rest(run, until)));
        }
        if let Err(until) = self.acquire(run, digest.count(Severity::Critical) > 0).await? {
            return Ok(Folded::Tick(self.rest(run, until)));
        }
        let (digest, body) = self.fitting(run, &items, digest, room);
        let head = items.first().map_or(0, |item| item.failures);
        let tried = Tried { failures: head, throttles: run.head.throttles };
        let (posted, judgement) =
            self.post(run.rules, &run.subscription.destination, body, tried, Timestamp::MAX).await?;
        self.courses.with(run.lane, |course| course.gathers_until = Some(run.now.steady + self.gather_time(run)));
        if judgement.verdict == Verdict::Accepted {
            self.keep_told_of(&items, &digest.events).await?;
        }
        self.conclude(run, &digest.events, &posted, judgement).await?;
        Ok(Folded::Tick(Tick::Settled))
    }

    /// How long after a digest the next one gathers: as long as the quota makes it wait in the long run, so that what is
    /// left of a burst is there for what is urgent, but never longer than a lane may fall behind.
    fn gather_time(&self, run: &Run<'_>) -> Duration {
        let windows = run.rules.windows(&run.subscription.destination);
        let ask = Ask { lane: run.lane, urgent: false };
        let interval = self.quotas.interval(&run.group, windows, ask, run.now.steady);
        interval.min(run.rules.delivery.digest_after)
    }

    /// Looks at the waiting deliveries, oldest first.
    async fn look_at(&self, run: &Run<'_>, waiting: &[Waiting]) -> Result<Look, StoreError> {
        let (mut found, mut told) = (Look::default(), Told::default());
        for (number, one) in waiting.iter().enumerate() {
            if number % IN_ONE_GO == IN_ONE_GO - 1 {
                tokio::task::yield_now().await;
            }
            // One that waits for its next try keeps its time, and one that has no way out is given up as the first.
            if one.event != run.head.event && !is_untried(one) && one.due_at > run.now.wall {
                continue;
            }
            let Ok(subscription) = self.still_wanted(run.rules, one, run.now) else { continue };
            let look = &subscription.look;
            let line = match self.lines.get(run.rules, one.event, look) {
                Some(line) => line,
                None => match self.store.event(one.event).await {
                    Ok(event) => {
                        let card = self.cards.card(run.rules, one.event, &event, look);
                        self.lines.put(run.rules, one.event, look, lines::line_of(&card, &event.source))
                    }
                    Err(error) => {
                        tracing::error!(event = %one.event, %error, "an event can't be read back");
                        found.unreadable.push(one.event);
                        continue;
                    }
                },
            };
            match self.unwanted(&subscription, &line, &mut told).await? {
                Some(why) => found.unwanted.entry(why).or_default().push(one.event),
                None => {
                    let line = match is_past(run.rules, one, &subscription, run.now) {
                        true => Arc::new(Line { key: past_their_time(run, &subscription), ..(*line).clone() }),
                        false => line,
                    };
                    let (event, at) = (one.event, one.event.time());
                    found.items.push(Item { event, subscription: subscription.id, at, failures: one.failures, line });
                }
            }
        }
        Ok(found)
    }

    /// The digest as the bytes to post, with less on it until it fits.
    fn fitting(&self, run: &Run<'_>, items: &[Item], digest: Digest, room: usize) -> (Digest, Encoded) {
        let mut body = self.encoded(run, &digest);
        let mut digest = digest;
        for cut in 1..TRIES {
            if !body.shortened || digest.events.len() < 2 {
                break;
            }
            digest = fold(items, room >> cut, cost);
            body = self.encoded(run, &digest);
        }
        (digest, body)
    }

    fn encoded(&self, run: &Run<'_>, digest: &Digest) -> Encoded {
        let Run { rules, subscription, .. } = run;
        let event = Event {
            source: subscription.source.clone(),
            kind: EventType::new("digest", None),
            delivery_id: None,
            received_at: run.now.wall,
            headers: Vec::new(),
            encoding: Encoding::Json,
            codings: Codings::default(),
            body: RawBody(bytes::Bytes::new()),
        };
        let rendered = cards::digest(rules, &event, payload(digest), &subscription.look);
        if let Rendered { fault: Some(fault), .. } = &rendered {
            tracing::error!(template = %fault.template, fault = fault.words, "the digest's template failed; a plain one goes out");
            self.metrics.template_error(&subscription.source, &fault.template);
        }
        super::encoded(rules, subscription, &rendered.card)
    }
}

/// What those that are past their time are put together under.
fn past_their_time(run: &Run<'_>, subscription: &Subscription) -> String {
    let locale = run.rules.locale(&subscription.source, &subscription.look);
    locale.words().phrase(phrase::PAST_THEIR_TIME).into_owned()
}

/// Bytes that a line takes of a card as Teams stores it, escaped twice; of a group's head, where there is no line.
fn cost(line: Option<&Line>) -> usize {
    let Some(line) = line else { return GROUP };
    let of = |c: char| match c {
        '"' => 4,
        // Markdown's signs are escaped for it, and the escape for JSON.
        c if c.is_ascii_punctuation() => 5,
        c => c.len_utf8(),
    };
    let text: usize = line.text.chars().map(of).sum();
    LINE + text + line.link.as_ref().map_or(0, String::len)
}

/// What the digest's template sees as its payload.
pub(super) fn payload(digest: &Digest) -> Value {
    let line = |item: &Item| {
        let Line { text, link, severity, .. } = &*item.line;
        json!({ "text": text, "link": link, "severity": severity, "at": item.at.to_string() })
    };
    let groups = digest.groups.iter().map(|group| {
        json!({
            "key": group.key,
            "count": group.count,
            "lines": group.lines.iter().map(line).collect::<Vec<_>>(),
            "more": group.more,
        })
    });
    let (from, to) = digest.span.unzip();
    json!({
        "count": digest.events.len(),
        "critical": digest.count(Severity::Critical),
        "warning": digest.count(Severity::Warning),
        "from": from.map(|at| at.to_string()),
        "to": to.map(|at| at.to_string()),
        "groups": groups.collect::<Vec<_>>(),
        "others": { "events": digest.others.events, "groups": digest.others.groups },
    })
}
