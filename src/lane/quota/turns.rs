//! Whose turn it is among the lanes of a group: each asks, is told when to ask again, and keeps its place till then.

use std::time::Duration;

use jiff::Timestamp;

use super::Ask;
use crate::destination::DestinationId;

/// For so long, those that are urgent go before one that is not.
pub const HANDICAP: Duration = Duration::from_secs(120);

/// How long a lane that does not ask again when it was told to still keeps its place; it may wait for a permit to post.
pub const SLACK: Duration = Duration::from_secs(5);

/// The lanes that have asked and not posted since.
#[derive(Debug, Default)]
pub(super) struct Turns(Vec<Turn>);

#[derive(Debug)]
struct Turn {
    lane: DestinationId,
    asked: Timestamp,
    urgent: bool,
    /// Kept until then.
    until: Timestamp,
}

impl Turn {
    /// The smaller goes first.
    fn rank(&self) -> (Timestamp, DestinationId) {
        let handicap = if self.urgent { Duration::ZERO } else { HANDICAP };
        (self.asked.checked_add(handicap).unwrap_or(Timestamp::MAX), self.lane)
    }
}

impl Turns {
    /// Takes a place, or keeps the one it has; says how many go before it.
    pub(super) fn ask(&mut self, ask: Ask, now: Timestamp) -> u32 {
        self.0.retain(|turn| turn.until >= now || turn.lane == ask.lane);
        let until = now.checked_add(SLACK).unwrap_or(Timestamp::MAX);
        match self.0.iter_mut().find(|turn| turn.lane == ask.lane) {
            Some(turn) => {
                // One that has not asked for long begins anew; a clock of old times is none to wait by.
                turn.asked = if turn.until < now || turn.asked > now { now } else { turn.asked };
                (turn.urgent, turn.until) = (ask.urgent, until);
            }
            None => self.0.push(Turn { lane: ask.lane, asked: now, urgent: ask.urgent, until }),
        }
        self.ahead(ask, now)
    }

    /// Notes that it will ask again at this instant.
    pub(super) fn told(&mut self, ask: Ask, at: Timestamp) {
        if let Some(turn) = self.0.iter_mut().find(|turn| turn.lane == ask.lane) {
            turn.until = at.checked_add(SLACK).unwrap_or(Timestamp::MAX);
        }
    }

    /// It posts.
    pub(super) fn done(&mut self, ask: Ask) {
        self.0.retain(|turn| turn.lane != ask.lane);
    }

    /// How many go before it.
    pub(super) fn ahead(&self, ask: Ask, now: Timestamp) -> u32 {
        let own = self.0.iter().find(|turn| turn.lane == ask.lane);
        let new = Turn { lane: ask.lane, asked: now, urgent: ask.urgent, until: now };
        let rank = own.unwrap_or(&new).rank();
        count(self.0.iter().filter(|turn| turn.until >= now && turn.rank() < rank))
    }

    /// How many others ask.
    pub(super) fn others(&self, ask: Ask, now: Timestamp) -> u32 {
        count(self.0.iter().filter(|turn| turn.until >= now && turn.lane != ask.lane))
    }

    pub(super) fn is_empty(&self, now: Timestamp) -> bool {
        self.0.iter().all(|turn| turn.until < now)
    }
}

fn count<T>(items: impl Iterator<Item = T>) -> u32 {
    u32::try_from(items.count()).unwrap_or(u32::MAX)
}
