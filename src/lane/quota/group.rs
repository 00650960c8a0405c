//! One group: its windows' limiters, until when it is closed, and whose turn it is.

use std::time::Duration;

use jiff::Timestamp;

use super::{Ask, GroupKey, instant, nanos, turns::Turns};
use crate::{config::profile::Window, lane::window::Limiter, store::Usage};

#[derive(Debug, Default)]
pub(super) struct Group {
    limiters: Vec<(Window, Limiter)>,
    closed_until: Option<Timestamp>,
    turns: Turns,
}

impl Group {
    pub(super) fn try_acquire(&mut self, windows: &[Window], ask: Ask, now: Timestamp) -> Result<(), Timestamp> {
        self.adopt(windows, now);
        let ahead = self.turns.ask(ask, now);
        let at = self.earliest(windows, ahead, ask.urgent, now);
        if at > now {
            self.turns.told(ask, at);
            return Err(at);
        }
        for (_, limiter) in self.asked(windows) {
            limiter.take(nanos(now));
        }
        self.turns.done(ask);
        Ok(())
    }

    /// When a post could go, if so many others go before it, each as early as it can.
    fn earliest(&self, windows: &[Window], ahead: u32, urgent: bool, now: Timestamp) -> Timestamp {
        let when = |limiter: &Limiter| {
            let kept_back = if urgent { 0 } else { limiter.kept_back() };
            limiter.when(ahead.saturating_add(kept_back), nanos(now))
        };
        let open = self.asked(windows).map(|(_, limiter)| when(limiter)).max().filter(|at| *at > nanos(now));
        open.map_or(now, instant).max(self.closed_until.unwrap_or(now)).max(now)
    }

    pub(super) fn posted_by(&mut self, windows: &[Window], ask: Ask, posts: usize, now: Timestamp) -> Timestamp {
        self.adopt(windows, now);
        let lanes = self.turns.others(ask, now).saturating_add(1);
        let later = u32::try_from(posts.saturating_sub(1)).unwrap_or(u32::MAX).saturating_mul(lanes);
        self.earliest(windows, self.turns.ahead(ask, now).saturating_add(later), ask.urgent, now)
    }

    pub(super) fn interval(&mut self, windows: &[Window], ask: Ask, now: Timestamp) -> Duration {
        self.adopt(windows, now);
        let lanes = self.turns.others(ask, now).saturating_add(1);
        let slowest = self.asked(windows).map(|(_, limiter)| limiter.interval()).max().unwrap_or_default();
        slowest.saturating_mul(lanes)
    }

    pub(super) fn close(&mut self, until: Timestamp) {
        self.closed_until = self.closed_until.max(Some(until));
        for (_, limiter) in &self.limiters {
            limiter.drain_to_one(nanos(until));
        }
    }

    /// How many posts a window would let through now, if it is known here.
    pub(super) fn remaining(&self, window: Window, now: Timestamp) -> u32 {
        if self.closed_until.is_some_and(|until| until > now) {
            return 0;
        }
        match self.limiters.iter().find(|(at, _)| *at == window) {
            Some((_, limiter)) => limiter.look(nanos(now)).unwrap_or(0),
            None => Limiter::new(window).look(nanos(now)).unwrap_or(0),
        }
    }

    /// Makes limiters for windows that are new. If the group posted lately they begin with their burst used up, so
    /// that changed settings are no fresh allowance. Those of windows that are gone stay until they are full: the
    /// setting may come back, and profiles with different windows may share the group.
    fn adopt(&mut self, windows: &[Window], now: Timestamp) {
        self.limiters.retain(|(at, limiter)| windows.contains(at) || !limiter.is_full(nanos(now)));
        let posted_lately = self.limiters.iter().any(|(_, limiter)| !limiter.is_full(nanos(now)));
        for window in windows {
            if self.limiters.iter().all(|(at, _)| at != window) {
                let limiter = Limiter::new(*window);
                if posted_lately {
                    limiter.drain(nanos(now));
                }
                self.limiters.push((*window, limiter));
            }
        }
    }

    fn asked<'g>(&'g self, windows: &'g [Window]) -> impl Iterator<Item = &'g (Window, Limiter)> {
        self.limiters.iter().filter(|(at, _)| windows.contains(at))
    }

    pub(super) fn is_as_new(&self, now: Timestamp) -> bool {
        self.closed_until.is_none_or(|until| until <= now)
            && self.turns.is_empty(now)
            && self.limiters.iter().all(|(_, limiter)| limiter.is_full(nanos(now)))
    }

    /// What is used up, to be kept over a restart.
    pub(super) fn usage(&self, key: &GroupKey, now: Timestamp) -> Usage {
        let spent = self.limiters.iter().filter(|(_, limiter)| !limiter.is_full(nanos(now)));
        Usage {
            group: key.kept_as(),
            at: now,
            whole_at: spent.map(|(window, limiter)| (*window, instant(limiter.whole_at()))).collect(),
            closed_until: self.closed_until.filter(|until| *until > now),
        }
    }

    pub(super) fn restored(usage: &Usage, now: Timestamp) -> Self {
        let gone_back = usage.at.duration_since(now).max(jiff::SignedDuration::ZERO);
        let shifted = |at: Timestamp| at.checked_sub(gone_back).unwrap_or(at);
        let limiter = |(window, whole_at): &(Window, Timestamp)| {
            let limiter = Limiter::new(*window);
            limiter.set(nanos(shifted(*whole_at)));
            (*window, limiter)
        };
        Self {
            limiters: usage.whole_at.iter().map(limiter).collect(),
            closed_until: usage.closed_until.map(shifted),
            turns: Turns::default(),
        }
    }
}
