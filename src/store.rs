//! The store: one coarse trait, shaped by what the relay does with it.
//!
//! `accept` returns only once event and fan-out are on disk for real; `due` and `settle` are the way out;
//! the rest is for admins and housekeeping. It decides nothing: what is wanted by whom, when to try again and
//! when to give up comes in as an argument.

mod captured;
mod embedded;
mod error;
mod export;
mod guests;
mod memory;
#[cfg(test)]
mod model;
mod room;
mod seen;
#[cfg(test)]
mod suite;

use std::fmt;

use async_trait::async_trait;
use jiff::Timestamp;
use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};

use crate::{
    config::profile::Window,
    delivery::{Attempt, DeliveryState, Target, Verdict, Waiting},
    destination::DestinationId,
    event::{Event, Replay},
    name::{EventId, InvitationId, SourceName, SubscriptionId},
    outcome::{Accounts, Reason},
    secret::Secret,
    standing::Standing,
    subscription::Subscription,
};

#[cfg(fuzzing)]
pub use self::embedded::fuzz;
use self::error::missing_event;
pub use self::{
    embedded::EmbeddedStore,
    error::StoreError,
    export::ExportLine,
    memory::MemoryStore,
    room::{Bounds, Room},
};

/// Attempts that are kept of one delivery: the last so many. A retry schedule is far shorter; a throttled lane's
/// tries are without end.
pub const KEPT_ATTEMPTS: u32 = 50;

/// What came of offering an event to the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepted {
    /// It is on disk, flushed.
    New(EventId),
    /// Its delivery id was accepted before, under this id.
    Duplicate(EventId),
    /// Its signature or its body was accepted before, under this id, and its time is not over yet.
    Replayed(EventId),
}

/// What came of offering the store a secret that a handshake brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Captured {
    /// It is on disk, flushed.
    New,
    /// It was there.
    Known,
    /// The source has as many as it may have.
    Full,
}

/// An event as lists show it: without its body.
#[derive(Debug, Clone, PartialEq)]
pub struct EventRecord {
    /// Its id.
    pub id: EventId,
    /// Who sent it.
    pub source: SourceName,
    /// Type and action, as `pull_request.opened`.
    pub kind: String,
    /// The provider's delivery id.
    pub delivery_id: Option<String>,
    /// When it arrived.
    pub received_at: Timestamp,
    /// Bytes of its raw body.
    pub size: usize,
    /// Why it has no deliveries, if it has none.
    pub ignored: Option<Reason>,
    /// Its deliveries.
    pub deliveries: Vec<(Target, DeliveryState)>,
}

/// A delivery that was given up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// What was to be delivered.
    pub event: EventId,
    /// To whom.
    #[serde(flatten)]
    pub target: Target,
    /// Who sent it.
    pub source: SourceName,
    /// Type and action.
    pub kind: String,
    /// When it was given up.
    pub at: Timestamp,
    /// Why.
    pub why: Reason,
}

/// What a quota group has used up, as it is kept so that a restart is no fresh allowance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    /// Whose; the text is the lanes' own.
    pub group: String,
    /// When this was so.
    pub at: Timestamp,
    /// Of each window that something of is used, when its burst is whole again.
    pub whole_at: Vec<(Window, Timestamp)>,
    /// Until when nothing may be posted.
    pub closed_until: Option<Timestamp>,
}

impl Usage {
    /// Whether the group is as good as new by now; never where the clock went back since.
    pub fn is_over(&self, now: Timestamp) -> bool {
        let ends = self.whole_at.iter().map(|(_, at)| *at).chain(self.closed_until);
        self.at <= now && ends.max().is_none_or(|end| end <= now)
    }
}

/// Which part of a list is wanted: newest first.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    /// Older than this one; none: from the newest.
    pub before: Option<EventId>,
    /// At most so many.
    pub limit: usize,
}

/// What was sealed anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resealed {
    /// Subscriptions, captured secrets, and what lets guests in.
    pub records: usize,
    /// The id of the key that opens them now.
    pub key: String,
}

/// What a sweep took away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Swept {
    /// Events whose deliveries are all settled and that are past their time.
    pub events: usize,
}

/// Holds what must outlive the process.
#[async_trait]
pub trait Store: Send + Sync + fmt::Debug {
    /// Puts an event and its fan-out on disk, flushed, unless its delivery id or, until the end of its time, one of
    /// its `replays` is known. Of a repeat, the replays before the one that is known are remembered too, and no time
    /// is made longer: what is repeated all the time is taken anew each time that it ends. At most a million are
    /// remembered; of more, those whose time ends first are forgotten.
    ///
    /// With no targets, `ignored` says why nobody gets it. An event goes to a destination once: of several targets
    /// with the same one, the first counts.
    ///
    /// # Errors
    /// [`StoreError::Full`]: nothing was accepted, and nothing will be until there is room; but notices of the relay's
    /// own are. [`StoreError::Failed`]: nothing was accepted, and nothing will be until a restart.
    async fn accept(
        &self,
        event: Event,
        replays: Vec<Replay>,
        targets: Vec<Target>,
        ignored: Reason,
    ) -> Result<Accepted, StoreError>;

    /// Lanes with deliveries waiting, those of paused subscriptions left out.
    fn lanes(&self) -> Vec<DestinationId>;

    /// The first `limit` waiting deliveries of a lane, oldest event first, due or not;
    /// those of paused subscriptions left out.
    fn due(&self, lane: DestinationId, limit: usize) -> Vec<Waiting>;

    /// Records what an attempt for these deliveries of a lane came to, and the attempt itself.
    /// A delivery that is not waiting any more is passed over. [`Verdict::Accepted`] for more than one event means
    /// that one card stood for them all: they are counted as digested.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    async fn settle(
        &self,
        lane: DestinationId,
        events: &[EventId],
        verdict: Verdict,
        attempt: Option<Attempt>,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// How a destination stands; none: nothing was ever posted to it. From memory.
    fn standing(&self, lane: DestinationId) -> Option<Standing>;

    /// Keeps how a destination stands, or forgets it.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    async fn put_standing(&self, lane: DestinationId, standing: Option<Standing>) -> Result<(), StoreError>;

    /// Whether a subscription was told of a failure last, of events of this key; none: it was told of nothing yet.
    ///
    /// # Errors
    /// [`StoreError::Damaged`].
    async fn told(&self, subscription: SubscriptionId, key: &str) -> Result<Option<bool>, StoreError>;

    /// Keeps, of each of these keys, whether a subscription was told of a failure last. It is forgotten with the
    /// events of that time.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    async fn put_told(
        &self,
        subscription: SubscriptionId,
        told: Vec<(String, bool)>,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// How many deliveries wait in a lane, those of paused subscriptions left out; from memory.
    fn backlog(&self, lane: DestinationId) -> usize;

    /// Keeps what a quota group has used up, so that it outlives the process; replaces what was kept of it before.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    async fn put_usage(&self, usage: Usage) -> Result<(), StoreError>;

    /// What was kept of all quota groups.
    ///
    /// # Errors
    /// [`StoreError::Damaged`].
    async fn usages(&self) -> Result<Vec<Usage>, StoreError>;

    /// Forgets what was kept of these quota groups.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    async fn forget_usages(&self, groups: Vec<String>) -> Result<(), StoreError>;

    /// Number of waiting deliveries, and when the oldest of their events arrived.
    fn queue(&self) -> (u64, Option<Timestamp>);

    /// The books.
    fn accounts(&self) -> Accounts;

    /// An event whole, as it came in.
    ///
    /// # Errors
    /// [`StoreError::Missing`], [`StoreError::Damaged`].
    async fn event(&self, id: EventId) -> Result<Event, StoreError>;

    /// An event's record and the attempts for each of its deliveries, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Missing`], [`StoreError::Damaged`].
    async fn history(&self, id: EventId) -> Result<(EventRecord, Vec<(DestinationId, Attempt)>), StoreError>;

    /// Events, newest first.
    ///
    /// # Errors
    /// [`StoreError::Damaged`].
    async fn events(&self, page: Page) -> Result<Vec<EventRecord>, StoreError>;

    /// Dead letters, newest event first. Those of one event are never parted: a page may be longer than its limit
    /// by the rest of its last event.
    ///
    /// # Errors
    /// [`StoreError::Damaged`].
    async fn dead(&self, page: Page) -> Result<Vec<DeadLetter>, StoreError>;

    /// Makes these deliveries of an event wait (again), due now, whatever they were; returns how many were not
    /// waiting already. A dead or ignored one leaves its place in the books; a delivered one is taken on anew. A
    /// delivery is known by its destination; it waits on the given subscription's behalf from then on.
    ///
    /// # Errors
    /// [`StoreError::Missing`], [`StoreError::Failed`].
    async fn replay(&self, id: EventId, targets: Vec<Target>, now: Timestamp) -> Result<usize, StoreError>;

    /// Takes dead letters of events up to and with `upto` off the list (all, if none); the books keep their number.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    async fn purge_dead(&self, upto: Option<EventId>) -> Result<usize, StoreError>;

    /// All subscriptions, oldest first; from memory.
    fn subscriptions(&self) -> Vec<std::sync::Arc<Subscription>>;

    /// The subscription of this id; from memory.
    fn subscription(&self, id: SubscriptionId) -> Option<std::sync::Arc<Subscription>>;

    /// Adds a subscription, or replaces the one of its id; flushed when it returns.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    async fn put_subscription(&self, subscription: Subscription) -> Result<(), StoreError>;

    /// Removes a subscription; its waiting deliveries stay in their lane.
    ///
    /// # Errors
    /// [`StoreError::Missing`], [`StoreError::Failed`].
    async fn remove_subscription(&self, id: SubscriptionId) -> Result<(), StoreError>;

    /// The secrets that a source's handshakes brought, oldest first; from memory.
    fn captured(&self, source: &SourceName) -> Vec<Secret>;

    /// Keeps a secret that a handshake brought at `now`, unless the source has `at_most` already; flushed when it
    /// returns.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    async fn capture(
        &self,
        source: &SourceName,
        secret: Secret,
        at_most: usize,
        now: Timestamp,
    ) -> Result<Captured, StoreError>;

    /// The relay's own key, of 32 random bytes, with which it signs what lets guests in; none: it was not made yet. From
    /// memory.
    fn relay_key(&self) -> Option<Secret>;

    /// The same, made where it is not there yet; flushed when it returns. It is made as late as can be, so that an
    /// import finds room for the key of another store.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    async fn make_relay_key(&self) -> Result<Secret, StoreError>;

    /// Notes that an invitation is used, and says whether it was not before; flushed when it returns. That is forgotten
    /// a day after `until`, the end of the invitation's time.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    async fn redeem(&self, invitation: InvitationId, until: Timestamp, now: Timestamp) -> Result<bool, StoreError>;

    /// Whether an invitation was taken back, and with it the pass that was made of it. From memory.
    fn is_revoked(&self, invitation: InvitationId) -> bool;

    /// Takes an invitation back, whether it was used or not; flushed when it returns. That is forgotten a day after
    /// `until`, the end of the longest time that a pass of it could hold.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    async fn revoke(&self, invitation: InvitationId, until: Timestamp, now: Timestamp) -> Result<(), StoreError>;

    /// Seals all records but those of events and deliveries with the first key, so that the others can go.
    ///
    /// # Errors
    /// [`StoreError::NoKey`], [`StoreError::Damaged`]; [`StoreError::Failed`], after which all is as it was.
    async fn reseal(&self) -> Result<Resealed, StoreError>;

    /// Takes away settled events that arrived before `before` (with dead letters: before `dead_before`),
    /// with their attempts and delivery ids.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    async fn sweep(&self, before: Timestamp, dead_before: Timestamp) -> Result<Swept, StoreError>;

    /// How much room there is, as it was looked at last; from memory.
    fn room(&self) -> Room;

    /// Returns once there is so little room that some should be made.
    async fn pressed(&self);

    /// Returns once something was written since this returned last: until then how much the store takes is as it was.
    async fn stirred(&self);

    /// Looks how much room there is, and where it is little, takes settled events away before their time, the oldest
    /// first; those with dead letters on the list only after all others, and those that wait never.
    ///
    /// # Errors
    /// [`StoreError::Failed`], [`StoreError::Damaged`].
    async fn make_room(&self) -> Result<Swept, StoreError>;

    /// Whether writes are still possible; the reason if not.
    fn health(&self) -> Result<(), StoreError>;

    /// Everything, line by line, into `lines`, as it was at one moment.
    ///
    /// # Errors
    /// [`StoreError::Damaged`]: all that could be read was sent, the last line was not.
    async fn export(&self, lines: tokio::sync::mpsc::Sender<ExportLine>) -> Result<(), StoreError>;

    /// Takes one line of an export. What is there already under the same id stays as it is. Whether the lines came
    /// to their [`ExportLine::End`] and were as many as it says is for the caller to see; with that line taken, all
    /// before it is flushed.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] where the line is not of the export's form, [`StoreError::Full`] where it is an event,
    /// [`StoreError::Failed`].
    async fn import(&self, line: ExportLine) -> Result<(), StoreError>;
}

/// The first target of each destination, in their order.
fn distinct(targets: &[Target]) -> Vec<Target> {
    let mut seen = FxHashSet::default();
    targets.iter().filter(|target| seen.insert(target.destination)).copied().collect()
}
