use std::{collections::BTreeSet, time::Duration};

use proptest::prelude::*;

use super::*;

fn item(number: u128, key: &str, severity: Severity) -> Item {
    Item {
        event: EventId::from_u128(number),
        subscription: SubscriptionId::from_u128(1),
        at: Timestamp::UNIX_EPOCH + Duration::from_secs(u64::try_from(number).unwrap()),
        failures: 0,
        line: Arc::new(Line { key: key.to_owned(), text: format!("event {number}"), link: None, severity }),
    }
}

/// Ten bytes for a group's head and for a line alike.
fn ten(_: Option<&Line>) -> usize {
    10
}

fn told(digest: &Digest) -> Vec<(&str, Vec<u128>, usize)> {
    let group = |group: &'_ Group| group.lines.iter().map(|item| item.event.as_u128()).collect();
    digest.groups.iter().map(|found| (found.key.as_str(), group(found), found.more)).collect()
}

#[test]
fn what_broke_comes_first_with_each_failure_and_what_mended_it() {
    use Severity::{Critical, Good, Info, Warning};
    let items = [
        item(1, "quiet", Info),
        item(2, "ci", Info),
        item(3, "disk", Warning),
        item(4, "ci", Critical),
        item(5, "ci", Info),
        item(6, "ci", Good),
        item(7, "quiet", Info),
        item(8, "quiet", Good),
        item(9, "ci", Critical),
    ];
    let digest = fold(&items, 1_000, ten);
    assert_eq!(told(&digest), [("ci", vec![2, 4, 5, 6, 9], 0), ("disk", vec![3], 0), ("quiet", vec![7, 8], 1)]);
    assert_eq!(digest.events.len(), 9);
    assert_eq!(digest.count(Critical), 2);
    assert_eq!(digest.span, Some((items[0].at, items[8].at)));
}

#[test]
fn failures_that_have_no_room_wait_for_the_next_card_and_the_harmless_are_counted() {
    let mut items: Vec<Item> = (0..40).map(|n| item(n, &format!("quiet {n}"), Severity::Info)).collect();
    items.extend((40..60).map(|n| item(n, "ci", Severity::Critical)));
    let digest = fold(&items, 110, ten);
    assert_eq!(told(&digest), [("ci", (40..50).collect(), 0)]);
    assert_eq!(digest.others, Others { events: 40, groups: 40 });
    assert_eq!((digest.events.len(), digest.left), (50, 10));
    let rest: Vec<Item> = items.into_iter().filter(|item| !digest.events.contains(&item.event)).collect();
    assert_eq!(told(&fold(&rest, 110, ten)), [("ci", (50..60).collect(), 0)]);
}

#[test]
fn what_was_posted_in_vain_shares_its_card_with_ever_fewer_and_is_at_last_alone() {
    let items =
        |failures| -> Vec<Item> { (0..6_000).map(|n| Item { failures, ..item(n, "ci", Severity::Info) }).collect() };
    let counts = (0..6).map(|failures| fold(&items(failures), 1_000, ten).events.len());
    assert_eq!(counts.collect::<Vec<_>>(), [5_000, 625, 78, 9, 1, 1]);
}

#[test]
fn one_line_goes_out_though_it_has_no_room_and_nothing_is_made_of_nothing() {
    let digest = fold(&[item(1, "ci", Severity::Critical), item(2, "ci", Severity::Critical)], 5, ten);
    assert_eq!(told(&digest), [("ci", vec![1], 0)]);
    assert_eq!(fold(&[], 100, ten), Digest::default());
}

fn severity() -> impl Strategy<Value = Severity> {
    prop_oneof![4 => Just(Severity::Info), 2 => Just(Severity::Good), 1 => Just(Severity::Warning), 1 => Just(Severity::Critical)]
}

proptest! {
    #[test]
    fn card_by_card_everything_is_told_once_in_order_and_what_is_grave_has_a_line(
        events in prop::collection::vec((0..6_u8, severity(), 0..3_u32), 1..200),
        room in 0..400_usize,
    ) {
        let all: Vec<Item> = events.iter().zip(0..).map(|((key, severity, failures), number)| {
            Item { failures: *failures, ..item(number, &format!("key {key}"), *severity) }
        }).collect();
        let (mut waiting, mut seen, mut cards) = (all.clone(), BTreeSet::new(), 0);
        while !waiting.is_empty() {
            let digest = fold(&waiting, room, ten);
            cards += 1;
            prop_assert!(!digest.events.is_empty(), "a card that stands for nothing");
            let cost: usize = digest.groups.iter().map(|group| 10 + 10 * group.lines.len()).sum();
            prop_assert!(cost <= room || digest.groups.len() <= 1, "{} bytes in {}", cost, room);
            for event in &digest.events {
                prop_assert!(seen.insert(*event), "told twice");
            }
            let lines: Vec<&Item> = digest.groups.iter().flat_map(|group| &group.lines).collect();
            let taken = |item: &&Item| digest.events.contains(&item.event);
            for grave in waiting.iter().filter(taken).filter(|item| item.line.severity >= Severity::Warning) {
                prop_assert!(lines.contains(&grave), "a failure is folded away");
            }
            let grave = |item: &&Item| item.line.severity >= Severity::Warning;
            let left = waiting.iter().filter(|item| !taken(item)).filter(grave).count();
            // What mended something counts as well, and of what was posted in vain only the beginning was looked at.
            prop_assert!(digest.left >= left || waiting[0].failures > 0, "{} of {} left", digest.left, left);
            let more: usize = digest.groups.iter().map(|group| group.more).sum::<usize>() + digest.others.events;
            prop_assert_eq!(more + lines.len(), digest.events.len());
            // Of each key the oldest go first.
            for key in all.iter().map(|item| &item.line.key).collect::<BTreeSet<_>>() {
                let of_key: Vec<&Item> = waiting.iter().filter(|item| item.line.key == *key).collect();
                let count = of_key.iter().filter(|item| taken(item)).count();
                prop_assert!(of_key.iter().take(count).all(taken), "out of order");
            }
            waiting.retain(|item| !digest.events.contains(&item.event));
        }
        prop_assert_eq!(seen.len(), all.len());
        prop_assert!(cards <= all.len());
    }
}
