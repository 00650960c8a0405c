use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::config::duration::Span;

fn start() -> Timestamp {
    "2026-11-23T08:00:00Z".parse().unwrap()
}

fn window(posts: u32, seconds: u64) -> Window {
    Window { posts: posts.try_into().unwrap(), per: Span::seconds(seconds) }
}

/// What a Flow-bot connection takes, with the one-second burst of connectors.
fn workflow() -> Vec<Window> {
    vec![window(4, 1), window(25, 300)]
}

/// What Microsoft's table gives a connector.
fn connector() -> Vec<Window> {
    [(4, 1), (60, 30), (100, 3600), (150, 7200), (1800, 86_400)].map(|(posts, per)| window(posts, per)).to_vec()
}

/// What one lane asks whose cards can't wait.
const URGENT: Ask = Ask { lane: DestinationId::from_u64(1), urgent: true };

fn ask(lane: u64, urgent: bool) -> Ask {
    Ask { lane: DestinationId::from_u64(lane), urgent }
}

impl Quotas {
    /// What came of an urgent ask.
    fn asked(&self, group: &GroupKey, windows: &[Window], now: Timestamp) -> Result<(), Timestamp> {
        self.try_acquire(group, windows, URGENT, now).map(drop)
    }
}

fn group(number: u64) -> GroupKey {
    GroupKey::Own(DestinationId::from_u64(number))
}

/// The instants at which posts are let through, if there is always one waiting.
fn greedy(windows: &[Window], length: Duration) -> Vec<Timestamp> {
    let quotas = Quotas::default();
    let (mut now, mut posted) = (start(), Vec::new());
    while now < start() + length {
        match quotas.asked(&group(1), windows, now) {
            Ok(()) => posted.push(now),
            Err(until) => {
                assert!(until > now);
                now = until;
            }
        }
    }
    posted
}

/// The most posts in any half-open stretch of a window's length.
fn most_within(posted: &[Timestamp], window: Window) -> usize {
    let mut end = 0;
    let within = posted.iter().enumerate().map(|(from, first)| {
        while posted.get(end).is_some_and(|at| *at < *first + window.per.0) {
            end += 1;
        }
        end - from
    });
    within.max().unwrap_or(0)
}

fn assert_kept(posted: &[Timestamp], windows: &[Window]) {
    for window in windows {
        let most = most_within(posted, *window);
        assert!(most <= window.posts.get() as usize, "{most} posts within {window:?}");
    }
}

#[test]
fn posting_without_pause_stays_within_every_window_and_near_the_tightest() {
    for windows in [workflow(), connector()] {
        for window in &windows {
            let posted = greedy(&[*window], window.per.0 * 10);
            assert_kept(&posted, &[*window]);
            let share = posted.len() as f64 / (f64::from(window.posts.get()) * 10.0);
            assert!(share > 0.8, "{share} of {window:?}");
        }
        let posted = greedy(&windows, Duration::from_secs(3 * 86_400));
        assert_kept(&posted, &windows);
        let tightest =
            windows.iter().map(|w| f64::from(w.posts.get()) / w.per.0.as_secs_f64()).fold(f64::MAX, f64::min);
        assert!(posted.len() as f64 > tightest * 3.0 * 86_400.0 * 0.8, "{} posts", posted.len());
    }
}

proptest! {
    #[test]
    fn whenever_posts_are_asked_for_no_window_is_exceeded(
        // Milliseconds; one scale for all of a run, so that some runs press on one window all the time.
        gaps in prop::sample::select(vec![300_u64, 3_000, 20_000, 100_000, 4_000_000])
            .prop_flat_map(|most| prop::collection::vec(prop_oneof![Just(0), 0..=most], 1..300)),
    ) {
        for windows in [workflow(), connector()] {
            let quotas = Quotas::default();
            let (mut now, mut posted) = (start(), Vec::new());
            for gap in &gaps {
                now += Duration::from_millis(*gap);
                while quotas.asked(&group(1), &windows, now).is_ok() {
                    posted.push(now);
                }
            }
            assert_kept(&posted, &windows);
        }
    }

    #[test]
    fn any_window_is_kept_to_and_never_stands_still(posts in 1..200_u32, millis in 1..10_000_000_u64) {
        let any = Window { posts: posts.try_into().unwrap(), per: Span(Duration::from_millis(millis)) };
        let posted = greedy(&[any], any.per.0 * 3);
        prop_assert!(most_within(&posted, any) <= posts as usize);
        prop_assert!(posted.len() as f64 >= f64::from(posts) * 3.0 * 0.8, "{} of {}", posted.len(), posts);
    }

    #[test]
    fn extreme_windows_and_instants_are_answered(
        posts in 1..=u32::MAX, secs in any::<u64>(), at in Timestamp::MIN.as_second()..Timestamp::MAX.as_second(),
    ) {
        let any = Window { posts: posts.try_into().unwrap(), per: Span::seconds(secs) };
        let now = Timestamp::from_second(at).unwrap();
        let quotas = Quotas::default();
        prop_assert_eq!(quotas.asked(&group(1), &[any], now), Ok(()));
        quotas.close(&group(1), Timestamp::MAX, now);
        prop_assert_eq!(quotas.asked(&group(1), &[any], now), Err(Timestamp::MAX));
    }
}

#[test]
fn a_window_that_refuses_costs_the_others_nothing() {
    let quotas = Quotas::default();
    let (tight, wide) = (window(1, 60), window(50, 3600));
    quotas.asked(&group(1), &[wide, tight], start()).unwrap();
    let left = quotas.remaining(&group(1), &[wide], start());
    for _ in 0..100 {
        assert_eq!(quotas.asked(&group(1), &[wide, tight], start()), Err(start() + Duration::from_secs(60)));
    }
    assert_eq!(quotas.remaining(&group(1), &[wide], start()), left);
    assert_eq!(left, [(wide, 9)]);
}

#[test]
fn at_the_instant_named_a_post_is_let_through_and_a_moment_earlier_not() {
    let quotas = Quotas::default();
    let mut now = start();
    for _ in 0..2_000 {
        if let Err(until) = quotas.asked(&group(1), &connector(), now) {
            let before = until - jiff::SignedDuration::from_nanos(1);
            assert_eq!(quotas.asked(&group(1), &connector(), before), Err(until));
            assert_eq!(quotas.asked(&group(1), &connector(), until), Ok(()));
            now = until;
        }
    }
}

#[test]
fn groups_do_not_draw_on_each_other() {
    let quotas = Quotas::default();
    let one = [window(1, 60)];
    assert!(quotas.asked(&group(1), &one, start()).is_ok());
    assert!(quotas.asked(&group(2), &one, start()).is_ok());
    let named = GroupKey::Named("ops".parse().unwrap());
    assert!(quotas.asked(&named, &one, start()).is_ok());
    assert!(quotas.asked(&named, &one, start()).is_err());
}

#[test]
fn a_closed_group_stays_closed_until_the_latest_end() {
    let quotas = Quotas::default();
    let at = |seconds| start() + Duration::from_secs(seconds);
    quotas.close(&group(1), at(100), start());
    quotas.close(&group(1), at(50), start());
    assert_eq!(
        quotas.remaining(&group(1), &workflow(), at(60)),
        workflow().into_iter().map(|w| (w, 0)).collect::<Vec<_>>()
    );
    assert_eq!(quotas.asked(&group(1), &workflow(), at(60)), Err(at(100)));
    assert_eq!(quotas.asked(&group(1), &workflow(), at(100)), Ok(()));
    assert_eq!(quotas.asked(&group(2), &workflow(), at(60)), Ok(()));
}

#[test]
fn what_remains_is_what_would_be_let_through_right_now() {
    let quotas = Quotas::default();
    let five = [window(25, 300)];
    assert_eq!(quotas.remaining(&group(1), &five, start()), [(five[0], 5)]);
    for left in (0..5).rev() {
        quotas.asked(&group(1), &five, start()).unwrap();
        assert_eq!(quotas.remaining(&group(1), &five, start()), [(five[0], left)]);
    }
    assert!(quotas.asked(&group(1), &five, start()).is_err());
    assert_eq!(quotas.remaining(&group(1), &five, start() + Duration::from_secs(29)), [(five[0], 2)]);
}

#[test]
fn changed_windows_are_no_fresh_allowance_and_unchanged_ones_keep_count() {
    let quotas = Quotas::default();
    let (old, kept, new) = (window(25, 300), window(10, 60), window(30, 300));
    while quotas.asked(&group(1), &[old, kept], start()).is_ok() {}
    assert_eq!(quotas.remaining(&group(1), &[kept], start()), [(kept, 0)]);
    assert!(quotas.asked(&group(1), &[new, kept], start()).is_err());
    assert_eq!(quotas.remaining(&group(1), &[kept, new], start()), [(kept, 0), (new, 0)]);
    // Back to the old ones: they know what was spent.
    assert_eq!(quotas.remaining(&group(1), &[old], start()), [(old, 3)]);
    let later = start() + Duration::from_secs(300);
    assert_eq!(quotas.remaining(&group(1), &[new], later), [(new, 6)]);
}

#[test]
fn what_was_used_before_a_restart_counts_after_it_and_a_clock_set_back_meanwhile_makes_nothing_wait_longer() {
    let (before, all) = (Quotas::default(), connector());
    let mut usage = None;
    while let Ok(used) = before.try_acquire(&group(1), &all[2..3], URGENT, start()) {
        usage = Some(used);
    }
    let usage = usage.unwrap();
    let next = before.asked(&group(1), &all[2..3], start()).unwrap_err();
    for gone_back in [0, 7_200] {
        let (after, now) = (Quotas::default(), start() - Duration::from_secs(gone_back));
        after.restore(std::slice::from_ref(&usage), now);
        let wait = after.asked(&group(1), &all[2..3], now).unwrap_err().duration_since(now);
        assert_eq!(wait, next.duration_since(start()));
        assert!(after.asked(&group(2), &all, now).is_ok());
    }
    let closed = before.close(&group(1), start() + Duration::from_secs(600), start());
    let after = Quotas::default();
    after.restore(&[closed, Usage { group: "of another version".into(), ..usage }], start());
    assert_eq!(after.asked(&group(1), &all, start()), Err(start() + Duration::from_secs(600)));
}

#[test]
fn after_a_group_was_closed_those_that_can_wait_have_no_burst() {
    let quotas = Quotas::default();
    let five = [window(25, 300)];
    quotas.asked(&group(1), &five, start()).unwrap();
    let open = start() + Duration::from_secs(600);
    quotas.close(&group(1), open, start());
    assert_eq!(quotas.remaining(&group(1), &five, start()), [(five[0], 0)]);
    let calm = |now| quotas.try_acquire(&group(1), &five, ask(1, false), now).map(drop);
    assert_eq!(calm(open), Ok(()));
    assert!(calm(open).unwrap_err() > open + Duration::from_secs(10));
}

#[test]
fn two_fifths_of_a_burst_are_kept_for_what_is_urgent() {
    let quotas = Quotas::default();
    let (five, calm) = ([window(25, 300)], ask(1, false));
    let posted = |ask| std::iter::from_fn(|| quotas.try_acquire(&group(1), &five, ask, start()).ok()).count();
    assert_eq!((posted(calm), posted(URGENT)), (3, 2));
    let calm_at = quotas.try_acquire(&group(1), &five, calm, start()).unwrap_err();
    let urgent_at = quotas.try_acquire(&group(1), &five, URGENT, start()).unwrap_err();
    assert!(calm_at > urgent_at, "{calm_at} {urgent_at}");
}

#[test]
fn the_lanes_of_a_group_take_turns_and_each_is_told_its_own_instant() {
    let (quotas, one) = (Quotas::default(), [window(1, 60)]);
    let at = |seconds| start() + Duration::from_secs(seconds);
    let try_at = |lane, now| quotas.try_acquire(&group(1), &one, ask(lane, false), now).map(drop);
    assert_eq!(try_at(1, start()), Ok(()));
    assert_eq!([try_at(2, start()), try_at(3, at(1)), try_at(1, at(2))], [Err(at(60)), Err(at(120)), Err(at(180))]);
    // The one that has posted is not faster, though it asks at the right instant.
    assert_eq!([try_at(1, at(60)), try_at(2, at(60)), try_at(2, at(60))], [Err(at(180)), Ok(()), Err(at(240))]);
    assert_eq!([try_at(3, at(120)), try_at(1, at(180)), try_at(2, at(240))], [Ok(()), Ok(()), Ok(())]);
}

#[test]
fn an_urgent_lane_goes_before_those_that_have_not_waited_for_two_minutes() {
    let (quotas, one) = (Quotas::default(), [window(1, 60)]);
    let at = |seconds| start() + Duration::from_secs(seconds);
    let try_at = |lane, urgent, now| quotas.try_acquire(&group(1), &one, ask(lane, urgent), now).map(drop);
    assert_eq!(try_at(1, false, start()), Ok(()));
    assert_eq!([try_at(2, false, start()), try_at(3, true, at(30))], [Err(at(60)), Err(at(60))]);
    assert_eq!([try_at(2, false, at(60)), try_at(3, true, at(60))], [Err(at(120)), Ok(())]);
    assert_eq!(
        [try_at(3, true, at(61)), try_at(2, false, at(120)), try_at(3, true, at(120))],
        [Err(at(120)), Err(at(180)), Ok(())]
    );
    // By now it has waited long enough to go first.
    assert_eq!([try_at(3, true, at(121)), try_at(2, false, at(180))], [Err(at(240)), Ok(())]);
}

#[test]
fn a_lane_that_does_not_come_back_holds_nobody_up_for_long() {
    let (quotas, one) = (Quotas::default(), [window(1, 60)]);
    let at = |seconds| start() + Duration::from_secs(seconds);
    let try_at = |lane, now| quotas.try_acquire(&group(1), &one, ask(lane, false), now).map(drop);
    assert_eq!(try_at(1, start()), Ok(()));
    assert_eq!([try_at(2, start()), try_at(3, start())], [Err(at(60)), Err(at(120))]);
    assert_eq!([try_at(3, at(66))], [Ok(())]);
}

#[test]
fn how_long_so_many_posts_take_is_told_by_all_windows_and_all_who_ask() {
    let (quotas, windows) = (Quotas::default(), connector());
    let after = |posts, ask| {
        let at = quotas.posted_by(&group(1), &windows, ask, posts, start());
        at.duration_since(start()).as_secs()
    };
    assert_eq!([after(1, URGENT), after(2, URGENT), after(20, URGENT)], [0, 0, 4]);
    assert_eq!([after(12, ask(1, false)), after(13, ask(1, false)), after(20, ask(1, false))], [2, 44, 355]);
    let interval = |ask| quotas.interval(&group(1), &windows, ask, start()).as_secs();
    assert_eq!(interval(URGENT), 59);
    for lane in 2..5 {
        while quotas.try_acquire(&group(1), &windows, ask(lane, true), start()).is_ok() {}
    }
    assert_eq!((interval(URGENT), after(2, URGENT)), (239, 1));
}

#[test]
fn groups_as_good_as_new_are_forgotten_and_others_are_not() {
    let quotas = Quotas::default();
    let one = [window(1, 60)];
    let later = start() + Duration::from_secs(61);
    for number in 0..5_000 {
        quotas.asked(&group(number), &one, start()).unwrap();
    }
    assert_eq!(quotas.groups().by_key.len(), 5_000);
    quotas.close(&group(7), later + Duration::from_secs(1), start());
    for number in 0..30_000 {
        quotas.asked(&group(5_000 + number), &one, later + Duration::from_secs(number)).unwrap();
        if number == 0 {
            assert_eq!(quotas.asked(&group(7), &one, later), Err(later + Duration::from_secs(1)));
        }
    }
    assert!(quotas.groups().by_key.len() < 12_000, "{}", quotas.groups().by_key.len());
    assert_eq!(quotas.asked(&group(34_999), &one, later + Duration::from_secs(30_000)), {
        Err(later + Duration::from_secs(29_999 + 60))
    });
}

#[test]
fn a_destination_without_a_named_group_has_its_own() {
    let url = crate::destination::WebhookUrl::stored("https://x.example/y".into());
    let mut destination =
        Destination { url, profile: "workflow".parse().unwrap(), quota_group: None, headers: Vec::new(), entra: None };
    assert_eq!(GroupKey::of(&destination), GroupKey::Own(destination.id()));
    assert_eq!(GroupKey::of(&destination).to_string(), destination.id().to_string());
    destination.quota_group = Some("ops".parse().unwrap());
    assert_eq!(GroupKey::of(&destination).to_string(), "ops");
}
