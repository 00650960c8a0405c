//! Where commands wait for the writing thread, in the order in which they came, and what it may take of them now.
//!
//! What must be flushed gathers while a flush goes on, and wakes nobody: a few would only be put aside. Once the flush
//! is over, or many have gathered, or something comes that need not wait for it, all that gathered shares a batch.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
};

use super::command::{Command, Durable};

/// Commands in one batch, at most.
const GROUP: usize = 512;
/// Bytes after which a batch is closed: an fsync of more takes long enough to share.
const GROUP_BYTES: usize = 8 << 20;

/// Commands that are written while a flush goes on, so that the next begins at once.
const MANY: usize = 16;

/// Batches that may be written before a flush is asked for, though nobody waits for one.
const FLUSH_AFTER: usize = 8;

/// Batches that may be written and not yet flushed. It bounds what a power loss can tear.
pub(super) const UNFLUSHED: usize = 16;

/// The desk between those who ask, the writing thread and the flushing thread.
#[derive(Default)]
pub(super) struct Desk {
    state: Mutex<State>,
    bell: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Command>,
    /// How many of those need not wait for a flush.
    hasty: usize,
    /// Groups that are not flushed yet.
    flushing: usize,
    /// Batches that are not flushed yet.
    unflushed: usize,
    /// Nobody will ask for more.
    closed: bool,
    /// Nobody writes any more.
    left: bool,
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk").field("waiting", &self.state().waiting.len()).finish_non_exhaustive()
    }
}

impl State {
    /// Whether a batch is worth its while now.
    fn may_write(&self) -> bool {
        let is_crowded = self.flushing > 0 && self.unflushed >= UNFLUSHED;
        !self.waiting.is_empty() && !is_crowded && (self.flushing == 0 || self.hasty > 0 || self.waiting.len() >= MANY)
    }

    /// As many of those that wait as share a batch.
    fn group(&mut self) -> Vec<Command> {
        let mut group = Vec::new();
        let mut weight = 0;
        while group.len() < GROUP
            && weight < GROUP_BYTES
            && let Some(command) = self.waiting.pop_front()
        {
            self.hasty -= usize::from(command.durable == Durable::Written);
            weight += command.weight;
            group.push(command);
        }
        group
    }
}

impl Desk {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Leaves a command; dropped at once where nobody writes any more.
    pub(super) fn ask(&self, command: Command) {
        let mut state = self.state();
        if state.closed || state.left {
            return;
        }
        state.hasty += usize::from(command.durable == Durable::Written);
        state.waiting.push_back(command);
        if state.may_write() {
            drop(state);
            self.bell.notify_one();
        }
    }

    /// What is to be written next, once there is something; none once nobody will ask for more.
    pub(super) fn next(&self) -> Option<Vec<Command>> {
        let mut state = self.state();
        loop {
            if state.may_write() {
                return Some(state.group());
            }
            if state.closed && state.waiting.is_empty() {
                return None;
            }
            state = self.bell.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Takes note of a group that was written, as a batch if it changed anything; says whether it is to be flushed now.
    pub(super) fn wrote(&self, batch: bool, asked: bool) -> bool {
        let mut state = self.state();
        state.unflushed += usize::from(batch);
        let flush = asked || (state.unflushed >= FLUSH_AFTER && state.flushing == 0);
        state.flushing += usize::from(flush);
        flush
    }

    /// Batches that a flush covers that begins now.
    pub(super) fn unflushed(&self) -> usize {
        self.state().unflushed
    }

    /// Takes note that a flush is over, which so many groups waited for, and that so many batches are on disk.
    pub(super) fn flushed(&self, groups: usize, batches: usize) {
        let mut state = self.state();
        state.flushing = state.flushing.saturating_sub(groups);
        state.unflushed = state.unflushed.saturating_sub(batches);
        drop(state);
        self.bell.notify_one();
    }

    /// Lets the writing thread end once it has done what waits.
    pub(super) fn close(&self) {
        self.state().closed = true;
        self.bell.notify_one();
    }

    /// Nobody writes any more; what waits is dropped, which its askers notice.
    pub(super) fn leave(&self) {
        let mut state = self.state();
        state.left = true;
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        drop(waiting);
    }

    /// Whether somebody writes.
    pub(super) fn is_open(&self) -> bool {
        let state = self.state();
        !state.closed && !state.left
    }

    /// Commands that wait to be written.
    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        self.state().waiting.len()
    }
}
