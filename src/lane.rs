//! Lanes: one worker for each destination that has something waiting, at most one step at a time in each.
//!
//! It wakes, runs, pauses and stops; what a step does, and in what order a lane's deliveries go, is the step's
//! matter. A worker ends when its lane has nothing waiting, so an idle destination costs nothing.

pub mod breaker;
pub mod quota;
pub mod rate;
pub mod woken;

mod window;

use std::{
    collections::HashMap,
    fmt,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::{FutureExt, future::BoxFuture};
use jiff::Timestamp;
use tokio::sync::{Notify, Semaphore};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{clock::Clock, destination::DestinationId};

/// How long a lane rests after a step that panicked.
pub const PANIC_PAUSE: Duration = Duration::from_secs(30);

/// What one step of a lane came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tick {
    /// Something was settled; there may be more to do at once.
    Settled,
    /// Nothing to do before this instant of the steady clock, or, where there is none, before the next wake-up.
    Idle {
        /// When to look again.
        until: Option<Timestamp>,
    },
}

type Step = Box<dyn Fn(DestinationId) -> BoxFuture<'static, Tick> + Send + Sync>;

/// All lanes with a worker running.
#[derive(Clone)]
pub struct Lanes(Arc<Shared>);

struct Shared {
    step: Step,
    clock: Arc<dyn Clock>,
    /// One permit for each step that may run at the same time.
    permits: Semaphore,
    running: Mutex<HashMap<DestinationId, Worker>>,
    /// No new step once this is cancelled.
    stopping: CancellationToken,
    /// Steps in hand are dropped once this is cancelled.
    cutting: CancellationToken,
    workers: TaskTracker,
}

struct Worker {
    /// Woken since its last step began.
    woken: bool,
    bell: Arc<Notify>,
}

impl Lanes {
    /// Lanes that run `step`, at most `max_posts` of them at the same time over all lanes.
    pub fn new<S, F>(clock: Arc<dyn Clock>, max_posts: usize, step: S) -> Self
    where
        S: Fn(DestinationId) -> F + Send + Sync + 'static,
        F: Future<Output = Tick> + Send + 'static,
    {
        Self(Arc::new(Shared {
            step: Box::new(move |lane| step(lane).boxed()),
            clock,
            permits: Semaphore::new(max_posts.clamp(1, Semaphore::MAX_PERMITS)),
            running: Mutex::default(),
            stopping: CancellationToken::new(),
            cutting: CancellationToken::new(),
            workers: TaskTracker::new(),
        }))
    }

    /// Has the lane look for work, now or, if a step of it is in hand, right after that one. Never lost; of no
    /// effect once the lanes are stopping.
    pub fn wake(&self, lane: DestinationId) {
        let mut running = self.0.running();
        if self.0.stopping.is_cancelled() {
            return;
        }
        if let Some(worker) = running.get_mut(&lane) {
            worker.woken = true;
            worker.bell.notify_one();
            return;
        }
        let bell = Arc::new(Notify::new());
        running.insert(lane, Worker { woken: false, bell: bell.clone() });
        self.0.workers.spawn(self.0.clone().work(lane, bell));
    }

    /// Number of lanes with a worker: at work, waiting for an instant, or resting.
    pub fn running(&self) -> usize {
        self.0.running().len()
    }

    /// Begins no new step, and lets those in hand end. Those that have not after `grace` are dropped: returns how
    /// many there were.
    pub async fn stop(&self, grace: Duration) -> usize {
        self.0.stopping.cancel();
        self.0.workers.close();
        let now = self.0.clock.steady();
        let deadline = now.checked_add(grace).unwrap_or(Timestamp::MAX);
        tokio::select! {
            biased;
            () = self.0.workers.wait() => 0,
            () = self.0.clock.sleep_until(deadline) => {
                let left = self.0.workers.len();
                self.0.cutting.cancel();
                left
            }
        }
    }
}

impl fmt::Debug for Lanes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lanes").field("running", &self.running()).finish_non_exhaustive()
    }
}

impl Shared {
    fn running(&self) -> MutexGuard<'_, HashMap<DestinationId, Worker>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The life of a lane's worker.
    async fn work(self: Arc<Self>, lane: DestinationId, bell: Arc<Notify>) {
        while let Some(tick) = self.take_step(lane).await {
            match tick {
                Tick::Settled => {}
                Tick::Idle { until: None } => {
                    if self.leave_unless_woken(lane) {
                        return;
                    }
                }
                // A bell rung since the step began is remembered by `Notify`, so it rings here at once.
                Tick::Idle { until: Some(at) } => tokio::select! {
                    () = bell.notified() => {}
                    () = self.clock.sleep_until(at) => {}
                    () = self.stopping.cancelled() => break,
                },
            }
        }
        self.running().remove(&lane);
    }

    /// One step, when its turn has come; none: the lanes are stopping.
    async fn take_step(&self, lane: DestinationId) -> Option<Tick> {
        let permit = tokio::select! {
            biased;
            () = self.stopping.cancelled() => return None,
            permit = self.permits.acquire() => permit.ok()?,
        };
        // From here on a wake-up means that there may be something this step has not seen.
        if let Some(worker) = self.running().get_mut(&lane) {
            worker.woken = false;
        }
        let step = AssertUnwindSafe(async { (self.step)(lane).await }).catch_unwind();
        let tick = tokio::select! {
            biased;
            () = self.cutting.cancelled() => return None,
            tick = step => tick,
        };
        drop(permit);
        match tick {
            Ok(tick) => Some(tick),
            Err(_) => self.rest(lane).await,
        }
    }

    /// After a panic, whose message may hold anything and is not repeated. Wake-ups don't shorten the rest, or a
    /// fault that every step meets would keep the machine busy.
    async fn rest(&self, lane: DestinationId) -> Option<Tick> {
        tracing::error!(%lane, pause = ?PANIC_PAUSE, "a step of this lane panicked; it is tried again after a pause");
        let until = self.clock.steady().checked_add(PANIC_PAUSE).unwrap_or(Timestamp::MAX);
        tokio::select! {
            () = self.clock.sleep_until(until) => Some(Tick::Settled),
            () = self.stopping.cancelled() => None,
        }
    }

    /// Ends the worker's place among the running, unless a wake-up came during the last step.
    fn leave_unless_woken(&self, lane: DestinationId) -> bool {
        let mut running = self.running();
        let woken = running.get(&lane).is_some_and(|worker| worker.woken);
        if !woken {
            running.remove(&lane);
        }
        !woken
    }
}

#[cfg(test)]
mod tests;
