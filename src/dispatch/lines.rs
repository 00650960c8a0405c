//! What is said of an event in a digest, remembered from one look at a lane's backlog to the next.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use crate::{
    card::{Card, Severity},
    digest::Line,
    name::{EventId, SourceName},
    render::truncate,
    rules::Rules,
    subscription::Look,
};

/// Lines kept; some 300 bytes each. A backlog above it is read anew for each digest.
const KEPT: usize = 20_000;

/// Characters of a line; a summary is one line of a list, and most are far shorter.
const MAX_CHARS: usize = 200;

/// Remembers lines.
#[derive(Debug, Default)]
pub struct Lines(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    /// The rules they were rendered by; other ones may have other templates.
    rules: Weak<Rules>,
    lines: HashMap<(EventId, Look), Arc<Line>>,
    oldest: VecDeque<(EventId, Look)>,
}

impl Lines {
    fn kept(&self, rules: &Arc<Rules>) -> MutexGuard<'_, Kept> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !std::ptr::eq(kept.rules.as_ptr(), Arc::as_ptr(rules)) {
            *kept = Kept { rules: Arc::downgrade(rules), ..Kept::default() };
        }
        kept
    }

    /// The line that is remembered.
    pub(super) fn get(&self, rules: &Arc<Rules>, event: EventId, look: &Look) -> Option<Arc<Line>> {
        self.kept(rules).lines.get(&(event, look.clone())).cloned()
    }

    /// Remembers a line.
    pub(super) fn put(&self, rules: &Arc<Rules>, event: EventId, look: &Look, line: Line) -> Arc<Line> {
        let line = Arc::new(line);
        let mut kept = self.kept(rules);
        if kept.lines.len() >= KEPT
            && let Some(oldest) = kept.oldest.pop_front()
        {
            kept.lines.remove(&oldest);
        }
        if kept.lines.insert((event, look.clone()), line.clone()).is_none() {
            kept.oldest.push_back((event, look.clone()));
        }
        line
    }
}

/// What a card says, in one line. Cards that do not say what they belong to are put together by their source.
pub(super) fn line_of(card: &Card, source: &SourceName) -> Line {
    Line {
        key: card.fold.clone().filter(|key| !key.trim().is_empty()).unwrap_or_else(|| source.to_string()),
        text: truncate(card.summary.trim(), MAX_CHARS),
        link: card.link.clone(),
        severity: card.severity,
    }
}

/// Whether a card may use what is kept back of a quota for those that can't wait.
pub(super) fn is_urgent(severity: Severity) -> bool {
    severity == Severity::Critical
}
