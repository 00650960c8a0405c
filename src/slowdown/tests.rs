use super::*;

const HERE: &str = "192.0.2.1";

/// A slow-down with a clock of its own, and one source.
struct Door {
    slowdown: Slowdown,
    source: SourceName,
    now: Timestamp,
}

impl Door {
    fn new() -> Self {
        let now = "2026-11-23T08:00:00Z".parse().unwrap();
        Self { slowdown: Slowdown::default(), source: "ci".parse().unwrap(), now }
    }

    fn after(&mut self, seconds: u64) -> &mut Self {
        self.now += Duration::from_secs(seconds);
        self
    }

    /// How many of so many failures shut the door.
    fn fail(&self, client: &str, times: usize) -> usize {
        let client = client.parse().unwrap();
        (0..times).filter(|_| self.slowdown.failed(&self.source, client, self.now)).count()
    }

    /// For how many seconds, begun ones counted, the door is shut.
    fn wait(&self, client: &str) -> u64 {
        let open = self.slowdown.open(&self.source, client.parse().unwrap(), self.now);
        open.map_or_else(|wait| wait.as_secs_f64().ceil() as u64, |()| 0)
    }

    fn genuine(&self, client: &str) -> bool {
        self.slowdown.genuine(&self.source, client.parse().unwrap(), self.now)
    }
}

#[test]
fn more_than_ten_failures_within_a_minute_shut_the_door_to_that_client_of_that_source() {
    let mut door = Door::new();
    assert_eq!(door.fail(HERE, 10), 0);
    assert_eq!(door.wait(HERE), 0);
    assert_eq!(door.fail(HERE, 1), 1);
    assert_eq!(door.wait(HERE), 1);
    assert_eq!(door.wait("192.0.2.2"), 0);
    let other = "other".parse().unwrap();
    assert_eq!(door.slowdown.open(&other, HERE.parse().unwrap(), door.now), Ok(()));
    assert_eq!(door.after(1).wait(HERE), 0);
}

#[test]
fn failures_that_come_slowly_are_borne() {
    let mut door = Door::new();
    for _ in 0..100 {
        assert_eq!(door.after(6).fail(HERE, 1), 0);
    }
}

#[test]
fn each_failure_after_it_opened_doubles_the_time_up_to_a_minute() {
    let mut door = Door::new();
    door.fail(HERE, 11);
    let waits: Vec<u64> = (0..8)
        .map(|_| {
            let wait = door.wait(HERE);
            // What was on its way when the door was shut makes it no longer.
            assert_eq!(door.fail(HERE, 5), 0);
            assert_eq!(door.wait(HERE), wait);
            door.after(wait).fail(HERE, 1);
            wait
        })
        .collect();
    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
}

#[test]
fn ten_quiet_minutes_or_new_settings_make_all_forgotten() {
    let mut door = Door::new();
    door.fail(HERE, 11);
    door.after(599);
    assert_eq!(door.slowdown.forget_quiet(door.now).len(), 0);
    assert_eq!(door.slowdown.count().values().sum::<u32>(), 1);
    door.after(1);
    assert_eq!(door.slowdown.forget_quiet(door.now).len(), 1);
    assert_eq!(door.fail(HERE, 10), 0, "they count from the beginning");
    assert_eq!(door.fail(HERE, 1), 1);
    assert_eq!(door.slowdown.forget_all().len(), 1);
    assert_eq!((door.wait(HERE), door.slowdown.slowed().len()), (0, 0));
}

#[test]
fn an_address_that_lately_sent_something_genuine_is_never_shut_out() {
    let mut door = Door::new();
    assert!(!door.genuine(HERE));
    assert_eq!(door.fail(HERE, 100), 0);
    assert_eq!(door.after(3599).fail(HERE, 100), 0);
    assert_eq!(door.after(1).fail(HERE, 100), 1);
    door.after(1);
    assert!(door.genuine(HERE), "it was slowed down until now");
    assert_eq!(door.fail(HERE, 100), 0);
}

#[test]
fn addresses_of_one_ipv6_network_are_one_and_ipv4_is_ipv4_however_it_is_written() {
    let door = Door::new();
    for last in 0..11 {
        door.fail(&format!("2001:db8:0:1::{last}"), 1);
        door.fail(["192.0.2.1", "::ffff:192.0.2.1"][last % 2], 1);
    }
    assert_eq!(door.wait("2001:db8:0:1:ffff::"), 1);
    assert_eq!(door.wait("2001:db8:0:2::1"), 0);
    assert_eq!(door.wait(HERE), 1);
}

#[test]
fn a_flood_of_addresses_takes_bounded_memory_and_the_oldest_go_first() {
    let mut door = Door::new();
    door.fail(HERE, 11);
    door.fail("192.0.2.2", 10);
    for number in 0..15_000_u32 {
        let client = IpAddr::from(std::net::Ipv4Addr::from_bits(number));
        door.now += Duration::from_micros(1);
        door.slowdown.failed(&door.source, client, door.now);
        door.slowdown.genuine(&"open".parse().unwrap(), client, door.now);
    }
    let memory = door.slowdown.memory();
    assert!(memory.failing.len() <= MOST && memory.failing.len() > MOST / 2, "{}", memory.failing.len());
    assert!(memory.genuine.len() <= MOST && memory.genuine.len() > MOST / 2, "{}", memory.genuine.len());
    drop(memory);
    assert_eq!(door.wait(HERE), 1, "the flood does not wash away who is slowed down");
    assert_eq!(door.fail("192.0.2.2", 10), 0, "it was forgotten");
    assert_eq!(door.fail("0.0.58.151", 10), 1, "it was not");
}
