//! Which of a lane's waiting deliveries go into one card, where they can't each have a card of their own in time.
//!
//! Pure: what waits and how large a card may be comes in; which events, and what is said of each, goes out. It renders
//! nothing, posts nothing and looks at no clock; whether a lane has to fold at all is for its quota to say.

use std::{collections::HashMap, sync::Arc};

use jiff::Timestamp;

use crate::{
    card::Severity,
    name::{EventId, SubscriptionId},
};

/// A waiting delivery, as it would be told in one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The event.
    pub event: EventId,
    /// On whose behalf.
    pub subscription: SubscriptionId,
    /// When it arrived.
    pub at: Timestamp,
    /// Times that it was posted in vain; it is then told among ever fewer others, and at last alone.
    pub failures: u32,
    /// What is said of it.
    pub line: Arc<Line>,
}

/// What is said of an event where it has no card of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What it is put together with, such as `octo/hello main`.
    pub key: String,
    /// One line of plain text.
    pub text: String,
    /// Where it leads.
    pub link: Option<String>,
    /// How much it matters.
    pub severity: Severity,
}

/// One card for many deliveries.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Digest {
    /// What is told, group by group, the gravest first.
    pub groups: Vec<Group>,
    /// How many harmless events are told by number alone, of how many further groups.
    pub others: Others,
    /// All that it stands for, oldest first.
    pub events: Vec<EventId>,
    /// When the first and the last of them arrived.
    pub span: Option<(Timestamp, Timestamp)>,
    /// How many that must have a line found no room for it, and wait for the next card.
    pub left: usize,
}

/// The events of one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The key.
    pub key: String,
    /// How many events it stands for.
    pub count: usize,
    /// Those that have a line, oldest first.
    pub lines: Vec<Item>,
    /// How many are told by number alone; all of them harmless.
    pub more: usize,
}

/// What is told by number alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Others {
    /// Events.
    pub events: usize,
    /// Keys.
    pub groups: usize,
}

/// Events in one digest. A store settles them in one batch.
pub const MOST_EVENTS: usize = 5_000;
/// Harmless events of a group that get a line, if there is room: the latest ones.
const HARMLESS_LINES: usize = 2;
/// By how much fewer events share a card after each time that it was posted in vain.
const FEWER: usize = 8;
/// Groups of harmless events that are named.
const HARMLESS_GROUPS: usize = 12;

/// Puts into one card as much of what waits as has room in it, the gravest first.
///
/// `items` are oldest first; `room` is in bytes, and `cost` says what a line, or a group's head where there is none,
/// takes of it.
///
/// Whatever is critical or a warning has a line of its own, and so has the good news that follows it; if there is no
/// room for all of them, the rest waits for the next card. Of each key the oldest go first.
pub fn fold(items: &[Item], room: usize, cost: impl Fn(Option<&Line>) -> usize) -> Digest {
    let failures = items.first().map_or(0, |item| item.failures);
    let most = (0..failures.min(16)).fold(MOST_EVENTS, |most, _| most / FEWER).max(1);
    let mut groups = grouped(items.get(..most).unwrap_or(items));
    groups.sort_by_key(|group| std::cmp::Reverse(group.gravity));
    let mut packing = Packing { room, cost, digest: Digest::default() };
    groups.into_iter().for_each(|group| packing.put(group));
    packing.digest.finished()
}

/// The waiting events of one key.
#[derive(Default)]
struct Waiting<'a> {
    items: Vec<&'a Item>,
    /// Of each, whether it must have a line.
    told: Vec<bool>,
    /// Of the gravest.
    gravity: Severity,
}

fn grouped(items: &[Item]) -> Vec<Waiting<'_>> {
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut groups: Vec<Waiting<'_>> = Vec::new();
    for item in items {
        let place = *places.entry(&item.line.key).or_insert(groups.len());
        if place == groups.len() {
            groups.push(Waiting::default());
        }
        let Some(group) = groups.get_mut(place) else { continue };
        let is_grave = item.line.severity >= Severity::Warning;
        // What is well again is told where it was told that it was not.
        let ends_it = item.line.severity == Severity::Good && group.gravity >= Severity::Warning;
        group.items.push(item);
        group.told.push(is_grave || ends_it);
        group.gravity = group.gravity.max(item.line.severity);
    }
    groups
}

struct Packing<C> {
    room: usize,
    cost: C,
    digest: Digest,
}

impl<C: Fn(Option<&Line>) -> usize> Packing<C> {
    fn put(&mut self, waiting: Waiting<'_>) {
        let is_harmless = !waiting.told.contains(&true);
        let named = self.digest.groups.len();
        let head = (self.cost)(None);
        let first = waiting.items.iter().zip(&waiting.told).find(|(_, told)| **told || is_harmless);
        let needed = head + first.map_or(0, |(item, _)| (self.cost)(Some(&item.line)));
        // A card that is empty takes one line, however long: the profile cuts it.
        let fits = needed <= self.room || named == 0;
        match (is_harmless, fits) {
            (true, true) if named < HARMLESS_GROUPS => self.put_group(&waiting, head),
            (true, _) => {
                self.digest.others.events += waiting.items.len();
                self.digest.others.groups += 1;
                self.digest.events.extend(waiting.items.iter().map(|item| item.event));
                self.widen(&waiting.items);
            }
            (false, true) => self.put_group(&waiting, head),
            (false, false) => self.digest.left += waiting.told.iter().filter(|told| **told).count(),
        }
    }

    fn put_group(&mut self, waiting: &Waiting<'_>, head: usize) {
        self.room = self.room.saturating_sub(head);
        let (mut lines, mut harmless, mut taken) = (Vec::new(), Vec::new(), 0);
        for (item, told) in waiting.items.iter().zip(&waiting.told) {
            if *told {
                let cost = (self.cost)(Some(&item.line));
                if cost > self.room && !(lines.is_empty() && self.digest.groups.is_empty()) {
                    break;
                }
                self.room = self.room.saturating_sub(cost);
                lines.push((*item).clone());
            } else {
                harmless.push(*item);
            }
            taken += 1;
        }
        let items = waiting.items.get(..taken).unwrap_or_default();
        self.digest.left += waiting.told.iter().skip(taken).filter(|told| **told).count();
        for item in harmless.iter().rev().take(HARMLESS_LINES) {
            let cost = (self.cost)(Some(&item.line));
            if cost > self.room && !lines.is_empty() {
                break;
            }
            self.room = self.room.saturating_sub(cost);
            lines.push((*item).clone());
        }
        lines.sort_by_key(|item| item.event);
        if taken == 0 {
            return;
        }
        self.digest.events.extend(items.iter().map(|item| item.event));
        self.widen(items);
        let key = items.first().map(|item| item.line.key.clone()).unwrap_or_default();
        self.digest.groups.push(Group { key, count: taken, more: taken - lines.len(), lines });
    }

    fn widen(&mut self, items: &[&Item]) {
        for item in items {
            let (from, to) = self.digest.span.unwrap_or((item.at, item.at));
            self.digest.span = Some((from.min(item.at), to.max(item.at)));
        }
    }
}

impl Digest {
    fn finished(mut self) -> Self {
        self.events.sort_unstable();
        self
    }

    /// How many of its events are of this severity and have a line; of those that are critical or a warning, all.
    pub fn count(&self, severity: Severity) -> usize {
        let lines = self.groups.iter().flat_map(|group| &group.lines);
        lines.filter(|item| item.line.severity == severity).count()
    }
}

#[cfg(test)]
mod tests;
