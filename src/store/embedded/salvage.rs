//! All that can still be read of a store that is damaged: an export that goes around what can't be read, and says what
//! that is.
//!
//! The store itself is not touched: the engines open a copy of it ([`scratch`]), in which the large files are links.

mod scratch;

use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

use tokio::sync::mpsc::Sender;

use super::{
    captured,
    codec::EventRow,
    disk::{Disk, Space, dead_key, event_row, unreadable},
    failure::{Failure, failed_at},
    folder::{self, KINDS, Kind},
    guests,
    open::{self, EVENTS},
    reads::View,
    subscriptions,
    transfer::assemble,
};
use crate::{
    name::EventId,
    seal::Seal,
    store::{ExportLine, StoreError, export, guests::key_value},
};

/// Takes the lines, and counts what was left out.
struct Saved<'a> {
    lines: &'a Sender<ExportLine>,
    records: u64,
    lost: Vec<String>,
    /// Whether somebody still takes the lines.
    wanted: bool,
}

impl Saved<'_> {
    fn send(&mut self, line: ExportLine) {
        self.wanted = self.wanted && self.lines.blocking_send(line).is_ok();
    }

    fn take(&mut self, line: Result<ExportLine, StoreError>, what: &str) {
        match line {
            Ok(line) => {
                self.records += 1;
                self.send(line);
            }
            Err(error) => self.lost.push(format!("{what}: {error}")),
        }
    }
}

/// Sends what can be read of the store in a folder, and gives what can't, in words for admins. Blocks.
pub(super) fn salvage(path: &Path, seal: Seal, lines: &Sender<ExportLine>) -> Result<Vec<String>, StoreError> {
    if !path.join(EVENTS).exists() && !folder::exists(path) {
        return Err(StoreError::Missing { what: format!("store in `{}`", path.display()) });
    }
    let _held = scratch::lock(path)?;
    let copy = tempfile::Builder::new().prefix("salvage-").tempdir_in(path);
    let copy = copy.map_err(|error| failed_at(path, &error))?;
    let mut saved = Saved { lines, records: 0, lost: Vec::new(), wanted: true };
    saved.send(export::header());
    secrets(path, copy.path(), seal, &mut saved)?;
    match scratch::open(&path.join(EVENTS), &copy.path().join(EVENTS), &mut saved.lost) {
        Ok(disk) => events(&disk, &mut saved),
        Err(why) => saved.lost.push(format!("all events: {why}")),
    }
    let records = saved.records;
    saved.send(ExportLine::End { records });
    Ok(saved.lost)
}

/// Subscriptions, captured secrets, and what lets guests in.
fn secrets(path: &Path, copy: &Path, seal: Seal, saved: &mut Saved<'_>) -> Result<(), StoreError> {
    let (expected, failure) = (folder::expected(path), Failure::default());
    let all = scratch::copy_sled(path, copy).map_err(|error| StoreError::Failed { why: error.to_string() });
    let all = all.and_then(|()| open::folder(copy, seal, &failure));
    let all = match all {
        Ok(all) => all,
        // Nothing is damaged: the key is not the right one.
        Err(error @ StoreError::Sealed { .. }) => return Err(error),
        Err(error) => {
            saved.lost.push(format!("all subscriptions: {error}"));
            return Ok(());
        }
    };
    let mut found = 0;
    for kind in KINDS {
        for record in all.each(kind) {
            found += 1;
            let line = record.and_then(|(key, value)| match kind {
                Kind::Subscription => {
                    export::subscription_value(&subscriptions::read(&key, &value)?).map(ExportLine::Subscription)
                }
                Kind::Captured => captured::read(&value)?.value().map(ExportLine::Captured),
                Kind::RelayKey => key_value(&guests::read_key(&value)?).map(ExportLine::RelayKey),
                Kind::UsedInvitation => guests::read_used(&value)?.value().map(ExportLine::UsedInvitation),
            });
            match line {
                Err(error @ StoreError::Sealed { .. }) => return Err(error),
                line => saved.take(line, kind.word()),
            }
        }
    }
    if let Some(expected) = expected.filter(|expected| *expected > found) {
        saved
            .lost
            .push(format!("{} of {expected} subscriptions, captured secrets and records of guests", expected - found));
    }
    Ok(())
}

fn events(disk: &Disk, saved: &mut Saved<'_>) {
    for space in [Space::Settled, Space::Waiting] {
        let mut last = None;
        let mut broke = None;
        for pair in disk.space(space).iter() {
            if !saved.wanted {
                return;
            }
            match pair.into_inner() {
                Ok((key, value)) => {
                    event(disk, &key, &value, saved);
                    last = Some(key);
                }
                Err(error) => {
                    broke = Some(unreadable(space, &error));
                    break;
                }
            }
        }
        let Some(error) = broke else { continue };
        // Around the part that can't be read: from the other end up to it.
        let mut after = 0;
        for pair in disk.space(space).iter().rev() {
            let Ok((key, value)) = pair.into_inner() else { break };
            if last.as_ref().is_some_and(|last| key <= *last) {
                break;
            }
            event(disk, &key, &value, saved);
            after += 1;
        }
        let state = if space == Space::Waiting { "events that wait" } else { "events that are settled" };
        saved.lost.push(format!("some {state}, before the last {after} of them: {error}"));
    }
}

fn event(disk: &Disk, key: &[u8], value: &[u8], saved: &mut Saved<'_>) {
    let read = catch_unwind(AssertUnwindSafe(|| {
        let (id, row) = event_row(key, value)?;
        let described = format!("event {id} ({} of {}, {} bytes)", row.kind(), row.source, row.size());
        Ok((described.clone(), whole(&View::new(disk), id, row, &described)))
    }));
    match read {
        Ok(Ok((described, Ok((line, notes))))) => {
            saved.take(Ok(line), &described);
            saved.lost.extend(notes);
        }
        Ok(Ok((described, Err(error)))) => saved.take(Err(error), &described),
        Ok(Err(error)) => saved.take(Err(error), "an event"),
        Err(_) => saved.lost.push(format!("an event: the engine came to a fault in it (key {})", hex::encode(key))),
    }
}

/// The event's line; of its attempts those that can be read, and a note where some can't.
fn whole(
    view: &View<'_>,
    id: EventId,
    row: EventRow,
    described: &str,
) -> Result<(ExportLine, Option<String>), StoreError> {
    let event = view.event(id, &row)?;
    let (mut attempts, mut note) = (Vec::new(), None);
    for delivery in &row.deliveries {
        let to = delivery.target().destination;
        let made = view.attempts(id, to, delivery.attempts).unwrap_or_else(|error| {
            note = Some(format!("the attempts of {described}, which is there: {error}"));
            Vec::new()
        });
        let listed = view.get(Space::Dead, &dead_key(id, to)).is_ok_and(|letter| letter.is_some());
        attempts.push((listed, made));
    }
    Ok((export::event_value(assemble(id, event, row, attempts)?).map(ExportLine::Event)?, note))
}

/// Removes what an earlier one left behind when it was killed.
pub(super) fn clean(path: &Path) {
    for entry in fs::read_dir(path).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with("salvage-")
            && let Err(error) = fs::remove_dir_all(entry.path())
        {
            tracing::warn!(%error, folder = %entry.path().display(), "what an export left behind can't be removed");
        }
    }
}
