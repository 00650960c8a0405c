//! How much of all bodies together may be in memory. Nobody waits for room: who waited with half a body in hand would
//! keep the room that the others wait for.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What is counted, since a semaphore's permits are fewer than bytes may be.
const UNIT: usize = 1024;

/// Room for bodies, shared by all connections.
#[derive(Debug, Clone)]
pub struct BodyBudget {
    /// Bytes, as set.
    pub bytes: usize,
    room: Arc<Semaphore>,
}

/// The room that one body takes up, given back when this is dropped.
#[derive(Debug)]
pub struct Room {
    budget: Arc<Semaphore>,
    held: Option<OwnedSemaphorePermit>,
    units: usize,
}

/// There is no more room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full;

impl BodyBudget {
    /// Room for so many bytes.
    pub fn new(bytes: usize) -> Self {
        let units = bytes.div_ceil(UNIT).min(Semaphore::MAX_PERMITS);
        Self { bytes, room: Arc::new(Semaphore::new(units)) }
    }

    /// No room yet, to be made larger as the body arrives.
    pub fn room(&self) -> Room {
        Room { budget: self.room.clone(), held: None, units: 0 }
    }
}

impl Room {
    /// Makes it room for so many bytes in all.
    ///
    /// # Errors
    /// When there is none left; what was held stays.
    pub fn grow_to(&mut self, bytes: usize) -> Result<(), Full> {
        let more = bytes.div_ceil(UNIT).saturating_sub(self.units);
        if more == 0 {
            return Ok(());
        }
        let count = u32::try_from(more).map_err(|_| Full)?;
        let permit = self.budget.clone().try_acquire_many_owned(count).map_err(|_| Full)?;
        self.units += more;
        match &mut self.held {
            Some(held) => held.merge(permit),
            None => self.held = Some(permit),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_taken_as_bodies_grow_and_given_back_when_they_are_gone() {
        let budget = BodyBudget::new(4 * UNIT);
        let (mut one, mut other) = (budget.room(), budget.room());
        assert_eq!(one.grow_to(1), Ok(()));
        assert_eq!(one.grow_to(3 * UNIT), Ok(()));
        assert_eq!(one.grow_to(2 * UNIT), Ok(()), "it is that large already");
        assert_eq!(other.grow_to(UNIT), Ok(()));
        assert_eq!(other.grow_to(UNIT + 1), Err(Full));
        drop(one);
        assert_eq!(other.grow_to(4 * UNIT), Ok(()));
        assert_eq!(budget.room().grow_to(1), Err(Full));
        assert_eq!(budget.room().grow_to(0), Ok(()), "an empty body needs none");
    }
}
