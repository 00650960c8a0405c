//! What the relay promises when its disk fails: a webhook that was answered 202 is there, whatever happens to the disk.

use std::time::Duration;

use crate::{
    disk::{Disk, Slot},
    power::{Chance, Loss},
    process::{Daemon, post, subscribe, succeed},
    senders::{self, Senders, Told, accounts, admin, all_posted, holds, on_cards},
    teams::Teams,
};

/// Senders at work in these tests.
const SENDERS: usize = 6;
/// So large that a few hundred webhooks fill the engine's memory, and it writes tables behind everybody's back.
const LARGE: usize = 60_000;

/// Posts of all channels, and the channels of a test.
struct Channels {
    teams: Teams,
    ids: Vec<String>,
}

impl Channels {
    async fn subscribe(disk: &Disk, names: &[&str]) -> Self {
        let teams = Teams::start().await;
        let ids = names.iter().map(|name| subscribe(disk.settings(), &teams.url(name))).collect();
        Self { teams, ids }
    }
}

/// Has senders post while something breaks; then the disk is well again, and the daemon started anew.
async fn breaks(disk: &Disk, filler: usize, why: &str, softly: bool, fault: impl FnOnce(&Disk)) {
    let mut daemon = disk.start();
    let channels = Channels::subscribe(disk, &["a"]).await;
    let senders = Senders::start(&daemon, "d", SENDERS, filler);
    senders.accepted(25).await;
    fault(disk);
    senders.refused(1).await;
    refuses(&daemon, why).await;
    let mut told = senders.stop().await;
    assert!(told.cut.is_empty(), "the process died");
    idles(&daemon).await;
    // What was accepted can be read, though nothing can be written.
    holds(&daemon, &told, filler, &channels.ids).await;
    let id = first_event(&daemon).await;
    assert!(succeed(disk.settings(), &["event", "show", &id]).contains(&id));
    if softly {
        daemon.stop()
    } else {
        daemon.kill()
    }
    disk.heal();

    let mut daemon = disk.start();
    holds(&daemon, &told, filler, &channels.ids).await;
    senders::send_again(&daemon, &mut told, filler).await;
    all_posted(&daemon).await;
    holds(&daemon, &told, filler, &channels.ids).await;
    let cards = on_cards(&channels.teams, "channel-a");
    let missing: Vec<_> = told.accepted.iter().filter(|delivery| !cards.contains_key(*delivery)).collect();
    assert!(missing.is_empty(), "no card told of {missing:?}");
    let twice: usize = cards.values().map(|times| times - 1).sum();
    assert!(twice <= 1, "{twice} cards were posted twice, and one post was under way");
    daemon.stop();
}

async fn first_event(daemon: &Daemon) -> String {
    let (_, events) = admin(daemon, "/api/v1/events?limit=1").await;
    let events: serde_json::Value = serde_json::from_str(&events).unwrap();
    events[0]["id"].as_str().unwrap().to_owned()
}

/// It lives, takes nothing, and says why.
async fn refuses(daemon: &Daemon, why: &str) {
    let (status, text) = admin(daemon, "/readyz").await;
    assert!(status == 503 && text.contains(why), "{status} {text}");
    assert_eq!(admin(daemon, "/healthz").await.0, 200);
    assert_eq!(post(daemon, "one-more").await.status(), 503);
}

/// It does not spin while it can't do anything.
async fn idles(daemon: &Daemon) {
    let ticks = || {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", daemon.id())).unwrap();
        let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
        fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
    };
    // What was under way may end first.
    tokio::time::sleep(Duration::from_millis(100)).await;
    let before = ticks();
    tokio::time::sleep(Duration::from_millis(400)).await;
    // A tick is 10 ms.
    let used = ticks() - before;
    assert!(used < 20, "{used} ticks of processor time in 400 ms of doing nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_fills_up_takes_nothing_more_and_loses_nothing() {
    for (after, softly) in [(0, false), (3_000, true), (40_000, false)] {
        let Some(disk) = Disk::new() else { return };
        breaks(&disk, 0, "No space left on device", softly, |disk| disk.fill_after(after)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_fills_up_while_the_engine_writes_tables_loses_nothing() {
    for after in [17_000_000, 24_000_000] {
        let Some(disk) = Disk::new() else { return };
        // Who asks the engine after its own thread failed is told only that one did.
        breaks(&disk, LARGE, "", false, |disk| disk.fill_after(after)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_fails_once_ends_accepting_until_a_restart() {
    for (after, softly) in [(0, true), (7, false)] {
        let Some(disk) = Disk::new() else { return };
        breaks(&disk, 0, "Input/output error", softly, |disk| disk.fail_writes(after, 1)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flush_that_fails_once_ends_accepting_until_a_restart() {
    for (after, softly) in [(0, false), (5, true)] {
        let Some(disk) = Disk::new() else { return };
        breaks(&disk, 0, "Input/output error", softly, |disk| disk.fail_flushes(after, 1)).await;
    }
}

/// The engine's own threads write tables, and tell nobody when they fail.
#[tokio::test(flavor = "multi_thread")]
async fn a_failure_behind_the_writers_back_is_noticed_though_nothing_arrives() {
    let Some(disk) = Disk::new() else { return };
    let mut daemon = disk.start();
    let channels = Channels::subscribe(&disk, &["a"]).await;
    disk.order(Slot::Tables, 1);
    let senders = Senders::start(&daemon, "d", SENDERS, LARGE);
    while disk.seen(Slot::Faults) == 0 {
        senders.accepted(1).await;
    }
    let told = senders.stop().await;
    all_posted(&daemon).await;
    assert_eq!(admin(&daemon, "/readyz").await.0, 200);
    disk.order(Slot::Tables, 2);
    let noticed = daemon.wait_for("nothing is accepted until a restart");
    assert!(noticed.contains("an earlier write in the background failed"), "{noticed}");
    refuses(&daemon, "an earlier write in the background failed").await;
    idles(&daemon).await;
    daemon.stop();
    disk.order(Slot::Tables, 0);
    let daemon = disk.start();
    holds(&daemon, &told, LARGE, &channels.ids).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_that_take_only_a_part_change_nothing() {
    let Some(disk) = Disk::new() else { return };
    disk.order(Slot::Short, 2);
    let mut daemon = disk.start();
    let channels = Channels::subscribe(&disk, &["a"]).await;
    let senders = Senders::start(&daemon, "d", SENDERS, 9_000);
    senders.accepted(200).await;
    let told = senders.stop().await;
    assert!(told.refused.is_empty() && told.cut.is_empty() && disk.seen(Slot::Faults) > 100);
    daemon.kill();
    let daemon = disk.start();
    holds(&daemon, &told, 9_000, &channels.ids).await;
}

/// The engines write and flush many files before the daemon is ready; any of it may fail.
#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_fails_on_its_disk_says_so_and_the_next_one_is_well() {
    let Some(disk) = Disk::new() else { return };
    let mut daemon = disk.start();
    daemon.kill();
    let (writes, flushes) = (disk.seen(Slot::Writes), disk.seen(Slot::Flushes));
    let mut chance = Chance(20);
    for round in 0..10 {
        let Some(disk) = Disk::new() else { return };
        match round % 2 {
            0 => disk.fail_writes(chance.below(writes - 5), 1_000_000),
            _ => disk.fail_flushes(chance.below(flushes - 5), 1_000_000),
        }
        let said = disk.start_in_vain();
        assert!(said.contains("os error 5") && !said.contains("a fault of"), "{said}");
        disk.heal();
        let mut daemon = disk.start();
        let channels = Channels::subscribe(&disk, &["a"]).await;
        assert_eq!(post(&daemon, "d-1").await.status(), 202);
        all_posted(&daemon).await;
        assert_eq!(channels.teams.count(), 1);
        daemon.stop();
    }
}

/// Rounds of load on one store, each ended by a power loss; with `filler`, each webhook is so much larger.
async fn power_losses(seed: u64, rounds: u64, filler: usize, at_most: u64) {
    let Some(disk) = Disk::new() else { return };
    disk.remember();
    let mut chance = Chance(seed);
    let mut told = Told::default();
    let mut ids: Vec<String> = Vec::new();
    let teams = Teams::start().await;
    for round in 0..rounds {
        let mut daemon = disk.start();
        holds(&daemon, &told, filler, &ids).await;
        if round < 3 {
            ids.push(subscribe(disk.settings(), &teams.url(&round.to_string())));
        }
        let senders = Senders::start(&daemon, &format!("r{round}"), SENDERS, filler);
        senders.accepted(usize::try_from(1 + chance.below(at_most)).unwrap()).await;
        if round == 3 {
            // The last that happens before the power goes: it was confirmed, so it counts.
            ids.push(subscribe(disk.settings(), &teams.url("late")));
        }
        daemon.kill();
        told.add(senders.stop().await);
        let loss = if round % 3 == 0 { Loss::All } else { Loss::Some(chance.below(u64::MAX)) };
        let lost = disk.lose_power(loss);
        assert!(lost.blocks + lost.names > 0 || round % 3 != 0, "a power loss that takes nothing shows nothing");
        let log = daemon.log();
        assert!(!log.contains("as many waiting deliveries as its books say"), "{log}");
    }
    let mut daemon = disk.start();
    holds(&daemon, &told, filler, &ids).await;
    all_posted(&daemon).await;
    let cards = on_cards(&teams, "channel-0");
    let missing: Vec<_> = told.accepted.iter().filter(|delivery| !cards.contains_key(*delivery)).collect();
    assert!(missing.is_empty(), "no card told of {missing:?}");
    daemon.stop();
    assert!(!daemon.log().contains("as many waiting deliveries as its books say"));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_acknowledged_webhook_and_no_confirmed_subscription_is_lost_with_the_power() {
    power_losses(31, 7, 0, 150).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_power_may_fail_while_the_engine_writes_tables() {
    power_losses(32, 3, LARGE, 600).await;
}

/// After a flush that failed the kernel takes for written what is not on the disk, and shows it to whoever reads. A start
/// that believed it would build on sand: what it accepted next would be gone with the power.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_failed_flush_left_behind_is_not_built_upon() {
    // What one batch writes fills whole blocks, which nobody writes to again.
    const FILLER: usize = 9_000;
    let Some(disk) = Disk::new() else { return };
    disk.remember();
    let mut daemon = disk.start();
    let channels = Channels::subscribe(&disk, &["a"]).await;
    let senders = Senders::start(&daemon, "d", SENDERS, FILLER);
    senders.accepted(20).await;
    let mut told = senders.stop().await;
    all_posted(&daemon).await;
    disk.fail_flushes(0, 1);
    let senders = Senders::start(&daemon, "e", SENDERS, FILLER);
    senders.refused(1).await;
    told.add(senders.stop().await);
    daemon.kill();
    disk.heal();

    let mut daemon = disk.start();
    holds(&daemon, &told, FILLER, &channels.ids).await;
    let senders = Senders::start(&daemon, "f", SENDERS, FILLER);
    senders.accepted(20).await;
    daemon.kill();
    told.add(senders.stop().await);
    disk.lose_power(Loss::All);
    let daemon = disk.start();
    holds(&daemon, &told, FILLER, &channels.ids).await;
}

/// The same for what is kept beside the events.
#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_that_could_not_be_flushed_takes_no_later_one_with_it() {
    let Some(disk) = Disk::new() else { return };
    disk.remember();
    let mut daemon = disk.start();
    let mut channels = Channels::subscribe(&disk, &["a"]).await;
    disk.fail_flushes(0, 1);
    let url = channels.teams.url("b");
    let refused = crate::process::run(disk.settings(), &["subscription", "add", "--source", "github", "--url", &url]);
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && said.contains("Input/output error"), "{said}");
    refuses(&daemon, "Input/output error").await;
    daemon.kill();
    disk.heal();

    let mut daemon = disk.start();
    channels.ids.push(subscribe(disk.settings(), &channels.teams.url("c")));
    daemon.kill();
    disk.lose_power(Loss::All);
    let daemon = disk.start();
    holds(&daemon, &Told::default(), 0, &channels.ids).await;
    accounts(&daemon).await;
}
