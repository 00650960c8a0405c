//! What an answer means: a pure function of profile, status, headers and text, and of what was tried before.
//!
//! A 200 is no success until its text says so, and a workflow's 202 means accepted, not shown. Whatever follows a
//! post that may have gone out is never a reason to post again, unless Teams itself says that it failed.

use std::time::Duration;

use jiff::Timestamp;

use super::schedule::{Schedule, retry_after};
use crate::{
    config::profile::Answers,
    delivery::{Verdict, Waiting},
    outcome::Reason,
};

/// For how long a group is closed, at most.
pub const LONGEST_CLOSED: Duration = Duration::from_secs(86_400);

/// What a destination answered.
#[derive(Clone, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The `Retry-After` header as it came.
    pub retry_after: Option<String>,
    /// The beginning of the body as it came: may hold a webhook URL, so it is for judging alone.
    pub text: String,
}

impl std::fmt::Debug for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reply")
            .field("status", &self.status)
            .field("retry_after", &self.retry_after)
            .field("text", &format_args!("… {} bytes", self.text.len()))
            .finish()
    }
}

/// Why there was no answer. Its text holds nothing of the URL but the host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Not within the time given.
    #[error("no answer in time")]
    TimedOut,
    /// No connection, or it broke off before a status came.
    #[error("{0}")]
    Connection(String),
    /// Not a place to post to.
    #[error("{0}")]
    Refused(String),
    /// Nothing was posted, since Entra gave no token.
    #[error("{0}")]
    Token(String),
}

/// What was tried for a delivery before this attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tried {
    /// Attempts that failed, throttled ones not counted.
    pub failures: u32,
    /// Attempts in a row that were throttled.
    pub throttles: u32,
}

impl From<&Waiting> for Tried {
    fn from(waiting: &Waiting) -> Self {
        Self { failures: waiting.failures, throttles: waiting.throttles }
    }
}

/// What an attempt came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Judgement {
    /// What is to be done.
    pub verdict: Verdict,
    /// What the attempt itself came to: the same word as the verdict's, except where that is
    /// [`Reason::RetriesExhausted`] or [`Reason::Expired`].
    pub reason: Reason,
    /// Until when the whole quota group is to be closed: after throttling, even where the delivery itself is given
    /// up. Never for longer than [`LONGEST_CLOSED`], so that an absurd `Retry-After` does not shut a group for good.
    pub close_group: Option<Timestamp>,
}

/// Judges an attempt that ended at `now`. `expires_at` is the last instant at which another may begin; `jitter` is
/// chance, from 0 to 1.
pub fn judge(
    posted: Result<&Reply, &Failure>,
    answers: Answers,
    tried: Tried,
    schedule: &Schedule,
    now: Timestamp,
    expires_at: Timestamp,
    jitter: f64,
) -> Judgement {
    let asked = posted.ok().and_then(|reply| retry_after(reply.retry_after.as_deref()?, now));
    let dead = |reason, why| Judgement { verdict: Verdict::Dead { why }, reason, close_group: None };
    match read(posted, answers, tried) {
        Finding::Accepted => Judgement { verdict: Verdict::Accepted, reason: Reason::Delivered, close_group: None },
        Finding::Final(why) => dead(why, why),
        Finding::Failed(why) => {
            let Some(wait) = schedule.after_failure(tried.failures, asked, jitter) else {
                return dead(why, Reason::RetriesExhausted);
            };
            match wait.until(now, expires_at) {
                Some(at) => {
                    Judgement { verdict: Verdict::Retry { at, why, counts: true }, reason: why, close_group: None }
                }
                None => dead(why, Reason::Expired),
            }
        }
        Finding::Throttled => {
            let why = Reason::Throttled;
            let wait = schedule.after_throttle(tried.throttles, asked, jitter);
            let verdict = match wait.until(now, expires_at) {
                Some(at) => Verdict::Retry { at, why, counts: false },
                None => Verdict::Dead { why: Reason::Expired },
            };
            Judgement {
                verdict,
                reason: why,
                close_group: Some(wait.until_at_most(now, now.checked_add(LONGEST_CLOSED).unwrap_or(Timestamp::MAX))),
            }
        }
    }
}

/// What an attempt showed, before the schedule has its say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Finding {
    /// It is done.
    Accepted,
    /// Too many posts; the card is fine.
    Throttled,
    /// May go better another time.
    Failed(Reason),
    /// Will not go better another time.
    Final(Reason),
}

fn read(posted: Result<&Reply, &Failure>, answers: Answers, tried: Tried) -> Finding {
    let reply = match posted {
        Ok(reply) => reply,
        Err(Failure::TimedOut) => return Finding::Failed(Reason::TimedOut),
        Err(Failure::Connection(_)) => return Finding::Failed(Reason::ConnectionFailed),
        Err(Failure::Token(_)) => return Finding::Failed(Reason::TokenUnavailable),
        Err(Failure::Refused(_)) => return Finding::Final(Reason::AddressRefused),
    };
    match (answers, reply.status) {
        // A flow's author may have it answer with any status of success and any body.
        (Answers::Workflow, 200..=299) => Finding::Accepted,
        (Answers::Workflow, status @ (400 | 401 | 403 | 404)) => {
            workflow_code(&reply.text).unwrap_or_else(|| by_status(status))
        }
        // Connectors don't say "accepted", but a gateway or a flow behind such a URL does.
        (Answers::Connector, 202) => Finding::Accepted,
        (Answers::Connector, 200..=299) => connector_text(&reply.text, tried),
        (_, status) => by_status(status),
    }
}

/// What a status means where the text adds nothing.
fn by_status(status: u16) -> Finding {
    match status {
        300..=399 => Finding::Final(Reason::Redirected),
        429 => Finding::Throttled,
        // 412 is what Teams' services answer when two writes meet: Microsoft asks to retry it as 502 and 504.
        408 | 412 | 425 | 500..=599 => Finding::Failed(Reason::ServerError),
        // Said by a proxy on the way, not by the destination; over https it shows as a failed connection.
        407 => Finding::Failed(Reason::ConnectionFailed),
        400 | 415 | 422 => Finding::Final(Reason::CardRefused),
        401 | 403 => Finding::Final(Reason::Unauthorized),
        404 | 410 => Finding::Final(Reason::DestinationGone),
        413 => Finding::Final(Reason::TooLarge),
        _ => Finding::Final(Reason::Unexpected),
    }
}

/// The error codes of a flow's trigger that say more than the status.
const WORKFLOW_CODES: &[(&str, Reason)] = &[
    ("\"WorkflowTriggerIsNotEnabled\"", Reason::DestinationOff),
    ("\"WorkflowNotFound\"", Reason::DestinationGone),
    ("\"DirectApiAuthorizationRequired\"", Reason::Unauthorized),
    ("\"MisMatchingOAuthClaims\"", Reason::Unauthorized),
    // The query string was lost, and `sig` with it.
    ("\"MissingApiVersionParameter\"", Reason::Unauthorized),
    ("\"MessageSizeExceeded\"", Reason::TooLarge),
    ("\"RequestEntityTooLarge\"", Reason::TooLarge),
];

/// Looks for the code as a whole JSON string: the text may be cut off, so parsing it would miss it.
fn workflow_code(text: &str) -> Option<Finding> {
    WORKFLOW_CODES.iter().find(|(code, _)| text.contains(code)).map(|(_, why)| Finding::Final(*why))
}

/// What a connector's success status means, which its text alone tells.
fn connector_text(text: &str, tried: Tried) -> Finding {
    let text = text.trim_start_matches('\u{feff}').trim();
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        // The number of messages sent: none is no success.
        let sent = text.bytes().any(|b| b != b'0');
        return if sent { Finding::Accepted } else { Finding::Final(Reason::Unconfirmed) };
    }
    let lower = text.to_ascii_lowercase();
    if lower.contains("applicationthrottled") {
        return Finding::Throttled;
    }
    if lower.contains("toomanysessions") {
        return Finding::Failed(Reason::ServerError);
    }
    match reported_status(&lower).map(|status| (status, by_status(status))) {
        // Seen at random on webhooks that work, so it is believed only when it comes again.
        Some((401, _)) if tried.failures == 0 => Finding::Failed(Reason::Unauthorized),
        Some((400 | 401 | 403 | 404 | 410 | 412 | 413 | 429 | 500..=599, finding)) => finding,
        _ => Finding::Final(Reason::Unconfirmed),
    }
}

/// The status in a connector's `… HTTP error NNN …`.
fn reported_status(lower: &str) -> Option<u16> {
    let (_, rest) = lower.split_once("http error ")?;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests;
