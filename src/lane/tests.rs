use std::{
    collections::VecDeque,
    sync::atomic::{AtomicUsize, Ordering},
};

use tokio::sync::{mpsc, oneshot};

use super::*;
use crate::clock::ManualClock;

/// A step that has begun, and waits for the test to say what it comes to.
struct Begun {
    lane: u64,
    end: oneshot::Sender<Tick>,
}

impl Begun {
    fn end(self, tick: Tick) {
        self.end.send(tick).unwrap();
    }
}

struct Bench {
    lanes: Lanes,
    clock: Arc<ManualClock>,
    begun: mpsc::UnboundedReceiver<Begun>,
}

const IDLE: Tick = Tick::Idle { until: None };

impl Bench {
    /// Dropping a [`Begun`] makes its step panic.
    fn new(max_posts: usize) -> Self {
        let clock = Arc::new(ManualClock::at("2026-11-23T08:00:00Z".parse().unwrap()));
        let (begin, begun) = mpsc::unbounded_channel();
        let lanes = Lanes::new(clock.clone(), max_posts, move |lane| {
            let (end, ended) = oneshot::channel();
            begin.send(Begun { lane: lane.as_u64(), end }).unwrap();
            async move { ended.await.expect("the test wants this step to panic") }
        });
        Self { lanes, clock, begun }
    }

    fn wake(&self, lane: u64) {
        self.lanes.wake(DestinationId::from_u64(lane));
    }

    async fn next(&mut self) -> Begun {
        self.begun.recv().await.unwrap()
    }

    /// Lets every task go as far as it can.
    async fn settle(&self) {
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
    }

    async fn assert_quiet(&mut self) {
        self.settle().await;
        assert!(self.begun.try_recv().is_err());
    }
}

#[tokio::test]
async fn a_lane_steps_until_it_is_idle_then_ends_and_starts_again_when_woken() {
    let mut bench = Bench::new(8);
    bench.wake(1);
    bench.next().await.end(Tick::Settled);
    bench.next().await.end(IDLE);
    bench.assert_quiet().await;
    assert_eq!(bench.lanes.running(), 0);
    bench.wake(1);
    bench.next().await.end(IDLE);
}

#[tokio::test]
async fn within_a_lane_one_step_at_a_time_and_lanes_side_by_side() {
    let mut bench = Bench::new(8);
    for lane in [1, 1, 2, 1, 2] {
        bench.wake(lane);
    }
    let (one, two) = (bench.next().await, bench.next().await);
    assert_eq!([one.lane, two.lane], [1, 2]);
    bench.assert_quiet().await;
    one.end(Tick::Settled);
    assert_eq!(bench.next().await.lane, 1);
    two.end(IDLE);
}

#[tokio::test]
async fn a_wake_up_during_a_step_is_not_lost() {
    let mut bench = Bench::new(8);
    let later = bench.clock.now() + Duration::from_secs(3600);
    for last in [IDLE, Tick::Idle { until: Some(later) }] {
        bench.wake(1);
        let step = bench.next().await;
        bench.wake(1);
        step.end(last);
        bench.next().await.end(IDLE);
        bench.settle().await;
        // A bell that was rung for a step already taken may cost one more look.
        while let Ok(spare) = bench.begun.try_recv() {
            spare.end(IDLE);
            bench.settle().await;
        }
        assert_eq!(bench.lanes.running(), 0);
    }
}

#[tokio::test]
async fn a_lane_looks_again_at_its_instant_or_when_woken() {
    let mut bench = Bench::new(8);
    let at = bench.clock.now() + Duration::from_secs(60);
    bench.wake(1);
    bench.next().await.end(Tick::Idle { until: Some(at) });
    bench.clock.advance(Duration::from_secs(59));
    bench.assert_quiet().await;
    assert_eq!(bench.lanes.running(), 1);
    bench.clock.advance(Duration::from_secs(1));
    bench.next().await.end(Tick::Idle { until: Some(at + Duration::from_secs(60)) });
    bench.assert_quiet().await;
    bench.wake(1);
    bench.next().await.end(IDLE);
}

#[tokio::test]
async fn a_panic_ends_neither_the_lane_nor_the_others() {
    let mut bench = Bench::new(1);
    bench.wake(1);
    drop(bench.next().await);
    bench.wake(2);
    let other = bench.next().await;
    assert_eq!(other.lane, 2);
    other.end(IDLE);
    bench.wake(1);
    bench.assert_quiet().await;
    bench.clock.advance(PANIC_PAUSE);
    let again = bench.next().await;
    assert_eq!(again.lane, 1);
    again.end(IDLE);
}

#[tokio::test]
async fn a_panic_before_the_first_await_is_caught_too() {
    let clock = Arc::new(ManualClock::at("2026-11-23T08:00:00Z".parse().unwrap()));
    let (done, mut ended) = mpsc::unbounded_channel();
    let calls = AtomicUsize::new(0);
    let lanes = Lanes::new(clock.clone(), 1, move |_| {
        assert!(calls.fetch_add(1, Ordering::SeqCst) > 0, "the test wants the first step to panic");
        done.send(()).unwrap();
        async { IDLE }
    });
    lanes.wake(DestinationId::from_u64(1));
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
    clock.advance(PANIC_PAUSE);
    ended.recv().await.unwrap();
}

#[tokio::test]
async fn no_more_steps_at_once_than_the_cap_allows_and_none_is_forgotten() {
    let mut bench = Bench::new(3);
    for lane in 0..10 {
        bench.wake(lane);
    }
    let mut in_hand = VecDeque::new();
    let mut seen = Vec::new();
    for round in 0..10 {
        bench.settle().await;
        while let Ok(step) = bench.begun.try_recv() {
            seen.push(step.lane);
            in_hand.push_back(step);
        }
        assert_eq!(in_hand.len(), 3.min(10 - round));
        in_hand.pop_front().unwrap().end(IDLE);
    }
    seen.sort_unstable();
    assert_eq!(seen, Vec::from_iter(0..10));
}

#[tokio::test]
async fn stopping_lets_the_step_in_hand_end_and_begins_no_other() {
    let mut bench = Bench::new(1);
    bench.wake(1);
    bench.wake(2);
    let step = bench.next().await;
    let lanes = bench.lanes.clone();
    let stop = tokio::spawn(async move { lanes.stop(Duration::from_secs(10)).await });
    bench.settle().await;
    assert!(!stop.is_finished());
    step.end(Tick::Settled);
    assert_eq!(stop.await.unwrap(), 0);
    bench.wake(3);
    bench.assert_quiet().await;
    assert_eq!(bench.lanes.running(), 0);
}

#[tokio::test]
async fn a_step_that_outlasts_the_grace_is_dropped_and_counted() {
    let mut bench = Bench::new(8);
    bench.wake(1);
    bench.wake(2);
    let (mut stuck, quick) = (bench.next().await, bench.next().await);
    let resting = bench.clock.now() + Duration::from_secs(999);
    quick.end(Tick::Idle { until: Some(resting) });
    let lanes = bench.lanes.clone();
    let stop = tokio::spawn(async move { lanes.stop(Duration::from_secs(10)).await });
    bench.settle().await;
    bench.clock.advance(Duration::from_secs(10));
    assert_eq!(stop.await.unwrap(), 1);
    stuck.end.closed().await;
    bench.settle().await;
    assert_eq!(bench.lanes.running(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn however_wakes_and_ends_meet_no_work_is_left_lying() {
    let clock = Arc::new(ManualClock::at("2026-11-23T08:00:00Z".parse().unwrap()));
    let waiting = Arc::new(AtomicUsize::new(0));
    let (done, mut ended) = mpsc::unbounded_channel();
    let lanes = Lanes::new(clock, 2, {
        let waiting = waiting.clone();
        move |_| {
            let (waiting, done) = (waiting.clone(), done.clone());
            async move {
                let took = waiting.try_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)).is_ok();
                tokio::task::yield_now().await;
                if took { done.send(()).map_or(IDLE, |()| Tick::Settled) } else { IDLE }
            }
        }
    });
    for _ in 0..2_000 {
        waiting.fetch_add(1, Ordering::SeqCst);
        lanes.wake(DestinationId::from_u64(1));
        // Nobody else wakes the lane, so a lost wake-up would hang here.
        ended.recv().await.unwrap();
    }
}
