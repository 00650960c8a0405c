//! What lanes remember from step to step: until when they rest, and whether their destination is down.
//!
//! It is in memory alone. What must outlive the process is in the store: how a destination stands, what its quota group
//! has used up, and when each delivery is due.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use jiff::Timestamp;

use crate::{destination::DestinationId, lane::breaker::Breaker, name::EventId};

/// What one lane remembers. Its instants are of the steady clock.
#[derive(Debug, Default)]
pub struct Course {
    /// Whether its destination is down.
    pub breaker: Breaker,
    /// A delivery that failed where another one, after it, did not: the fault is its own.
    pub at_fault: Option<EventId>,
    /// It does nothing before this instant, as long as this event is its first.
    pub rest: Option<Rest>,
    /// No further digest before this instant, unless one is full: what comes meanwhile shares a card.
    pub gathers_until: Option<Timestamp>,
    /// What arrived up to then, by the time of events, goes into digests however few they are: it waited together.
    pub together_until: Option<Timestamp>,
}

/// A pause of a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rest {
    /// The event that was the lane's first; another one may have a reason to go at once.
    pub head: EventId,
    /// When it ends.
    pub until: Timestamp,
}

impl Course {
    /// Until when the lane rests, while this event is its first. `Err`: it rested because of this event, and is rested.
    pub fn rests(&self, head: EventId, now: Timestamp) -> Result<Option<Timestamp>, Rested> {
        match self.rest.filter(|rest| rest.head == head) {
            Some(rest) if rest.until > now => Ok(Some(rest.until)),
            Some(_) => Err(Rested),
            None => Ok(None),
        }
    }

    fn is_blank(&self, now: Timestamp) -> bool {
        self.breaker == Breaker::default() && self.gathers_until.is_none_or(|until| until <= now)
    }
}

/// A rest is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rested;

/// The courses of all lanes with something to remember.
#[derive(Debug, Default)]
pub struct Courses(Mutex<HashMap<DestinationId, Course>>);

impl Courses {
    /// Looks at, or changes, what a lane remembers.
    pub fn with<T>(&self, lane: DestinationId, look: impl FnOnce(&mut Course) -> T) -> T {
        let mut courses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        look(courses.entry(lane).or_default())
    }

    /// A lane may go on at once, and what arrived up to now goes into digests.
    pub fn resume(&self, lane: DestinationId, now: Timestamp) {
        self.with(lane, |course| *course = Course { together_until: Some(now), ..Course::default() });
    }

    /// Forgets a lane that has nothing waiting, as far as nothing of it matters for what comes next.
    pub fn leave(&self, lane: DestinationId, now: Timestamp) {
        let mut courses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if courses.get(&lane).is_some_and(|course| course.is_blank(now)) {
            courses.remove(&lane);
        }
    }
}
