//! The store on this machine's disk: fjall holds events, which churn; sled holds subscriptions, secrets and what lets
//! guests in, which do not.
//!
//! No transaction spans the two. What waits is also in memory ([`lanes`]), rebuilt at open from the small records
//! of the events that wait; payloads are never scanned.

mod accept;
mod captured;
mod codec;
mod command;
mod desk;
mod disk;
mod draft;
mod failure;
mod flusher;
mod folder;
mod format;
#[cfg(fuzzing)]
pub mod fuzz;
mod guests;
mod journal;
mod kept;
mod known;
mod lanes;
mod open;
mod payload;
mod reads;
mod rebuild;
mod reclaim;
mod rewrite;
mod room;
mod salvage;
mod settle;
mod start;
mod subscriptions;
mod sweep;
mod torn;
mod transfer;
mod whole;
mod witness;
mod writer;

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::mpsc::Sender;

use self::{
    accept::Offer,
    captured::CapturedSecrets,
    command::Durable,
    disk::Disk,
    failure::Failure,
    folder::Folder,
    guests::GuestRecords,
    known::Shared,
    reads::View,
    room::{Meter, Shrinking},
    subscriptions::Subscriptions,
    sweep::Until,
    writer::Writer,
};
use super::{
    Accepted, Captured, DeadLetter, EventRecord, ExportLine, Page, Resealed, Room, Store, StoreError, Swept, Usage,
    captured::Kept,
    guests::{Used, fresh_key},
};
use crate::{
    delivery::{Attempt, Target, Verdict, Waiting},
    destination::DestinationId,
    event::{Event, Replay},
    name::{EventId, InvitationId, SourceName, SubscriptionId},
    outcome::{Accounts, Reason},
    seal::Seal,
    secret::Secret,
    standing::Standing,
    subscription::Subscription,
};

/// Bodies from this size on are compressed on a thread that may block.
const LARGE_BODY: usize = 128 << 10;

/// The store in a folder of this machine. One process at a time can have it open.
pub struct EmbeddedStore {
    path: PathBuf,
    disk: Disk,
    folder: Folder,
    subscriptions: Subscriptions,
    captured: CapturedSecrets,
    guests: GuestRecords,
    shared: Shared,
    failure: Failure,
    meter: Meter,
    shrinking: tokio::sync::Mutex<Shrinking>,
    writer: Writer,
}

impl fmt::Debug for EmbeddedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmbeddedStore").field("path", &self.path).finish_non_exhaustive()
    }
}

impl EmbeddedStore {
    /// Sends all that can be read of a store that no daemon runs on, damaged or not, and gives what can't be read, in
    /// words for admins. It changes nothing. Blocks.
    ///
    /// # Errors
    /// [`StoreError::Locked`] while a daemon runs on it, [`StoreError::Missing`] where there is none,
    /// [`StoreError::Sealed`] where the right key is missing, [`StoreError::Failed`] where it can't be copied.
    pub fn salvage(path: &Path, seal: Seal, lines: &Sender<ExportLine>) -> Result<Vec<String>, StoreError> {
        salvage::salvage(path, seal, lines)
    }

    async fn put(&self, subscription: Subscription, keep: bool) -> Result<(), StoreError> {
        let (subscriptions, shared) = (self.subscriptions.clone(), self.shared.clone());
        blocking(move || {
            subscriptions.put(subscription, keep, |put| shared.lock().lanes.pause(put.id, put.paused_at.is_some()))
        })
        .await
    }

    /// Looks something up on a thread that may block.
    async fn read<T: Send + 'static>(
        &self,
        look: impl FnOnce(View<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let disk = self.disk.clone();
        blocking(move || look(View::new(&disk))).await
    }
}

/// Does something on a thread that may block.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| StoreError::Failed { why: "the program stopped while it was at it".into() })?
}

#[async_trait]
impl Store for EmbeddedStore {
    async fn accept(
        &self,
        event: Event,
        replays: Vec<Replay>,
        targets: Vec<Target>,
        ignored: Reason,
    ) -> Result<Accepted, StoreError> {
        self.writer.check()?;
        // What admins are told is little, and may be how to make room.
        let own = event.source == SourceName::relay();
        let watch = self.meter.watch().clone();
        let may_come = move || if own { Ok(()) } else { watch.check() };
        may_come()?;
        let offer = if event.body.0.len() < LARGE_BODY {
            Offer::new(&event, replays, &targets, ignored)?
        } else {
            blocking(move || Offer::new(&event, replays, &targets, ignored)).await?
        };
        // Asked once more, since much may have been written while this waited.
        let weight = offer.weight();
        let accept = move |draft: &mut draft::Draft<'_>| may_come().and_then(|()| draft.accept(offer));
        self.writer.run(Durable::Flushed, weight, accept).await
    }

    fn lanes(&self) -> Vec<DestinationId> {
        self.shared.lock().lanes.lanes()
    }

    fn due(&self, lane: DestinationId, limit: usize) -> Vec<Waiting> {
        self.shared.lock().lanes.due(lane, limit)
    }

    async fn settle(
        &self,
        lane: DestinationId,
        events: &[EventId],
        verdict: Verdict,
        attempt: Option<Attempt>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let events = events.to_vec();
        let weight = 1024 * events.len();
        let settle = move |draft: &mut draft::Draft<'_>| draft.settle(lane, &events, verdict, attempt.as_ref(), now);
        self.writer.run(Durable::Written, weight, settle).await
    }

    async fn told(&self, subscription: SubscriptionId, key: &str) -> Result<Option<bool>, StoreError> {
        kept::told(&self.disk, subscription, key)
    }

    async fn put_told(
        &self,
        subscription: SubscriptionId,
        told: Vec<(String, bool)>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let weight = 64 * told.len();
        self.writer.run(Durable::Written, weight, move |draft| draft.put_told(subscription, &told, now)).await
    }

    fn backlog(&self, lane: DestinationId) -> usize {
        self.shared.lock().lanes.backlog(lane)
    }

    fn standing(&self, lane: DestinationId) -> Option<Standing> {
        self.shared.lock().standings.get(&lane).copied()
    }

    async fn put_standing(&self, lane: DestinationId, standing: Option<Standing>) -> Result<(), StoreError> {
        self.writer.run(Durable::Flushed, 64, move |draft| draft.put_standing(lane, standing)).await
    }

    async fn put_usage(&self, usage: Usage) -> Result<(), StoreError> {
        self.writer.run(Durable::Written, 128, move |draft| draft.put_usage(&usage)).await
    }

    async fn usages(&self) -> Result<Vec<Usage>, StoreError> {
        let disk = self.disk.clone();
        blocking(move || kept::usages(&disk)).await
    }

    async fn forget_usages(&self, groups: Vec<String>) -> Result<(), StoreError> {
        self.writer.run(Durable::Written, 0, move |draft| draft.forget_usages(groups)).await
    }

    fn queue(&self) -> (u64, Option<Timestamp>) {
        self.shared.lock().lanes.queue()
    }

    fn accounts(&self) -> Accounts {
        self.shared.lock().accounts
    }

    async fn event(&self, id: EventId) -> Result<Event, StoreError> {
        // One record each, most of them written a moment ago: dearer to hand to another thread than to read.
        let view = View::new(&self.disk);
        view.event(id, &view.row(id)?)
    }

    async fn history(&self, id: EventId) -> Result<(EventRecord, Vec<(DestinationId, Attempt)>), StoreError> {
        self.read(move |view| view.history(id)).await
    }

    async fn events(&self, page: Page) -> Result<Vec<EventRecord>, StoreError> {
        self.read(move |view| view.events(page)).await
    }

    async fn dead(&self, page: Page) -> Result<Vec<DeadLetter>, StoreError> {
        self.read(move |view| view.dead(page)).await
    }

    async fn replay(&self, id: EventId, targets: Vec<Target>, now: Timestamp) -> Result<usize, StoreError> {
        self.writer.run(Durable::Flushed, 64 * targets.len(), move |draft| draft.replay(id, &targets, now)).await
    }

    async fn purge_dead(&self, upto: Option<EventId>) -> Result<usize, StoreError> {
        let disk = self.disk.clone();
        let keys = blocking(move || sweep::dead_upto(&disk, upto)).await?;
        let mut purged = 0;
        for group in keys.chunks(sweep::GROUP) {
            let group = group.to_vec();
            purged += self.writer.run(Durable::Flushed, 0, |draft| draft.purge(group)).await?;
        }
        Ok(purged)
    }

    fn subscriptions(&self) -> Vec<Arc<Subscription>> {
        self.subscriptions.all().values().cloned().collect()
    }

    fn subscription(&self, id: SubscriptionId) -> Option<Arc<Subscription>> {
        self.subscriptions.all().get(&id).cloned()
    }

    async fn put_subscription(&self, subscription: Subscription) -> Result<(), StoreError> {
        self.put(subscription, false).await
    }

    async fn remove_subscription(&self, id: SubscriptionId) -> Result<(), StoreError> {
        let (subscriptions, shared) = (self.subscriptions.clone(), self.shared.clone());
        blocking(move || subscriptions.remove(id, || shared.lock().lanes.pause(id, false))).await
    }

    fn captured(&self, source: &SourceName) -> Vec<Secret> {
        self.captured.all().of(source)
    }

    async fn capture(
        &self,
        source: &SourceName,
        secret: Secret,
        at_most: usize,
        now: Timestamp,
    ) -> Result<Captured, StoreError> {
        let (captured, kept) = (self.captured.clone(), Kept { source: source.clone(), secret, at: now });
        blocking(move || captured.put(kept, at_most)).await
    }

    fn relay_key(&self) -> Option<Secret> {
        self.guests.key()
    }

    async fn make_relay_key(&self) -> Result<Secret, StoreError> {
        let guests = self.guests.clone();
        blocking(move || guests.key_or(fresh_key)).await
    }

    async fn redeem(&self, invitation: InvitationId, until: Timestamp, now: Timestamp) -> Result<bool, StoreError> {
        let guests = self.guests.clone();
        blocking(move || guests.redeem(Used { invitation, until, is_revoked: false }, now)).await
    }

    fn is_revoked(&self, invitation: InvitationId) -> bool {
        self.guests.is_revoked(invitation)
    }

    async fn revoke(&self, invitation: InvitationId, until: Timestamp, now: Timestamp) -> Result<(), StoreError> {
        let guests = self.guests.clone();
        blocking(move || guests.note(Used { invitation, until, is_revoked: true }, now)).await
    }

    async fn reseal(&self) -> Result<Resealed, StoreError> {
        let folder = self.folder.clone();
        blocking(move || folder.reseal()).await
    }

    async fn sweep(&self, before: Timestamp, dead_before: Timestamp) -> Result<Swept, StoreError> {
        let until = Until { before, dead_before };
        let disk = self.disk.clone();
        let past = blocking(move || sweep::past(&disk, until)).await?;
        let swept = Swept { events: self.take_away(&past, until).await? };
        let disk = self.disk.clone();
        let old = blocking(move || kept::told_before(&disk, dead_before)).await?;
        for group in old.chunks(sweep::GROUP) {
            let group = group.to_vec();
            self.writer.run(Durable::Written, 0, move |draft| draft.forget_told(group)).await?;
        }
        Ok(swept)
    }

    fn room(&self) -> Room {
        self.meter.watch().room()
    }

    async fn pressed(&self) {
        self.meter.watch().pressed().await;
    }

    async fn stirred(&self) {
        self.meter.stirred().await;
    }

    async fn make_room(&self) -> Result<Swept, StoreError> {
        self.shrink().await
    }

    fn health(&self) -> Result<(), StoreError> {
        self.writer.check()
    }

    async fn export(&self, lines: Sender<ExportLine>) -> Result<(), StoreError> {
        let (disk, subscriptions) = (self.disk.clone(), self.subscriptions.clone());
        let (captured, guests) = (self.captured.all(), self.guests.all());
        blocking(move || transfer::export(&disk, &subscriptions, &captured, &guests, &lines)).await
    }

    async fn import(&self, line: ExportLine) -> Result<(), StoreError> {
        self.take_line(line).await
    }
}

#[cfg(test)]
pub(super) mod tests;
