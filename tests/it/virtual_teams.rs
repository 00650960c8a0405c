//! A Teams of virtual time: the way out of a relay, driven step by step by a clock that only the test moves, and a
//! stand-in that keeps Teams' windows for real and counts each post that breaks one.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use arc_swap::ArcSwap;
use bytes::Bytes;
use futures_util::future::join_all;
use jiff::Timestamp;
use serde_json::Value;
use teams_relay::{
    clock::{Clock, ManualClock},
    config::profile::Window,
    deliver::post::{Poster, Proxies, WayOut},
    delivery::Target,
    destination::{Destination, DestinationId, WebhookUrl},
    dispatch::{Dispatch, cards::Cards, course::Courses, lines::Lines},
    event::{Codings, Encoding, Event, EventType, RawBody},
    lane::{
        Tick,
        quota::{Ask, GroupKey, Quotas},
    },
    name::{EventId, SubscriptionId},
    observe::metrics::Metrics,
    outcome::{Accounts, Reason},
    rules::Rules,
    store::{Accepted, EmbeddedStore, Store},
    subscribe::Subscriptions,
    subscription::{Look, Restraint, Subscription},
};
use tempfile::TempDir;
use tokio::sync::watch;

use crate::{
    harness::{load, settings, write_source},
    teams::{Answer, Teams},
};

/// The template of all events here: what a card says stands in the payload.
const TEMPLATE: &str = r#"{
  "summary": "{{payload.text}}", "severity": "{{payload.severity}}", "fold": "{{payload.key}}", "link": "{{payload.link}}",
  "body": [{"type": "TextBlock", "text": "{{payload.text}}", "wrap": true}]
}"#;

/// What a webhook says.
#[derive(Debug, Clone)]
pub(crate) struct Said {
    pub(crate) text: String,
    pub(crate) severity: &'static str,
    pub(crate) key: String,
    /// Which channel wants it.
    pub(crate) channel: usize,
}

/// A post as Teams saw it.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) at: Timestamp,
    pub(crate) channel: String,
    pub(crate) card: String,
    pub(crate) status: u16,
}

type Answerer = Box<dyn FnMut(&Seen) -> Answer + Send>;

/// The stand-in. Its time is the clock's that nobody sets.
pub(crate) struct VirtualTeams {
    address: SocketAddr,
    state: Arc<State>,
}

struct State {
    clock: Arc<ManualClock>,
    /// All channels share one owner, unless each has its own.
    windows: Vec<Window>,
    shared: bool,
    answerer: Mutex<Answerer>,
    seen: watch::Sender<Vec<Seen>>,
    broken: Mutex<Vec<String>>,
}

impl State {
    fn answer(&self, path: &str, card: &str) -> Answer {
        assert!(serde_json::from_str::<Value>(card).is_ok(), "{card}");
        let at = self.clock.steady();
        let channel = path.split('?').next().unwrap_or_default().to_owned();
        let mut seen = Seen { at, channel, card: card.to_owned(), status: 0 };
        let answer = match self.admits(at, &seen.channel) {
            true => (self.answerer.lock().unwrap())(&seen),
            false => Answer::Status(429, "", "too many"),
        };
        seen.status = if let Answer::Status(status, ..) = &answer { *status } else { 0 };
        self.seen.send_modify(|all| all.push(seen));
        answer
    }

    /// Whether a post keeps all windows; 429 if not, as Teams answers, and it is remembered as a fault of the relay.
    fn admits(&self, now: Timestamp, channel: &str) -> bool {
        let seen = self.seen.borrow();
        let counted = |one: &&Seen| one.status != 429 && (self.shared || one.channel == channel);
        for window in &self.windows {
            let since = now - window.per.0;
            let within = seen.iter().rev().filter(counted).take_while(|one| one.at > since).count();
            if within >= window.posts.get() as usize {
                self.broken.lock().unwrap().push(format!("{within} posts before this one in {window:?} at {now}"));
                return false;
            }
        }
        true
    }
}

impl VirtualTeams {
    async fn start(clock: Arc<ManualClock>, windows: Vec<Window>, shared: bool) -> Self {
        let state = Arc::new(State {
            clock,
            windows,
            shared,
            answerer: Mutex::new(Box::new(|_| Answer::Status(202, "", ""))),
            seen: watch::Sender::new(Vec::new()),
            broken: Mutex::default(),
        });
        let asked = state.clone();
        let teams = Teams::deciding(Box::new(move |path, card| asked.answer(path, card))).await;
        Self { address: teams.address, state }
    }

    /// What is answered from now on to posts that keep the windows.
    pub(crate) fn answers(&self, answerer: impl FnMut(&Seen) -> Answer + Send + 'static) {
        *self.state.answerer.lock().unwrap() = Box::new(answerer);
    }

    /// All posts, in order.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.state.seen.borrow().clone()
    }

    /// Each post that broke a window.
    pub(crate) fn broken(&self) -> Vec<String> {
        self.state.broken.lock().unwrap().clone()
    }
}

/// A relay's way out, in virtual time.
pub(crate) struct Virtual {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) teams: VirtualTeams,
    pub(crate) channels: Vec<Arc<Subscription>>,
    /// Each event that was taken on, with what it says.
    pub(crate) events: BTreeMap<EventId, (Timestamp, Said)>,
    folder: TempDir,
    core: Option<Core>,
    /// When each lane is to step next.
    due: BTreeMap<DestinationId, Timestamp>,
}

/// What a process holds, and loses when it ends.
struct Core {
    store: Arc<EmbeddedStore>,
    dispatch: Arc<Dispatch>,
    rules: Arc<ArcSwap<Rules>>,
}

impl Core {
    async fn start(folder: &Path, clock: Arc<ManualClock>) -> Self {
        let config = load(folder);
        let rules = Arc::new(ArcSwap::from_pointee(Rules::compile(&config).unwrap()));
        let store = Arc::new(EmbeddedStore::open(&config.store.path).unwrap());
        let quotas = Arc::new(Quotas::default());
        quotas.restore(&store.usages().await.unwrap(), clock.steady());
        let metrics = Arc::new(Metrics::new());
        let hosts = Arc::new(ArcSwap::from_pointee(config.host_rules.clone()));
        let dispatch = Arc::new(Dispatch {
            rules: rules.clone(),
            store: store.clone(),
            quotas,
            poster: Poster::new(&WayOut::new(hosts, Proxies::None), clock.clone()).unwrap(),
            cards: Cards::new(metrics.clone()),
            lines: Lines::default(),
            courses: Arc::new(Courses::default()),
            metrics,
            woken: Arc::default(),
            clock,
        });
        dispatch.remember();
        Self { store, dispatch, rules }
    }
}

impl Virtual {
    /// So many channels of this profile, each with a quota of its own or all of one owner; `delivery` is what the settings
    /// say of it beside the timeout.
    pub(crate) async fn start(profile: &str, channels: usize, shared: bool, delivery: &str) -> Self {
        let folder = settings("");
        // The windows of the profiles themselves, not those of tests that are in a hurry.
        let path = folder.path().join("teams-relay.toml");
        let text = std::fs::read_to_string(&path).unwrap();
        let text = text.split("[delivery]").next().unwrap();
        std::fs::write(&path, format!("{text}[delivery]\ntimeout = \"200ms\"\n{delivery}")).unwrap();
        write_source(
            folder.path(),
            "storm",
            "provider = \"generic\"\nverify = \"none\"\n[[map]]\ntemplate = \"storm/event\"",
        );
        let templates = folder.path().join("templates/storm");
        std::fs::create_dir_all(&templates).unwrap();
        std::fs::write(templates.join("event.hbs"), TEMPLATE).unwrap();

        let clock = Arc::new(ManualClock::at("2026-11-23T08:00:00Z".parse().unwrap()));
        let core = Core::start(folder.path(), clock.clone()).await;
        let rules = core.rules.load_full();
        let windows = rules.profiles.get(&profile.parse().unwrap()).windows.clone();
        let teams = VirtualTeams::start(clock.clone(), windows, shared).await;
        let mut all = Vec::new();
        for number in 0..channels {
            let url = WebhookUrl::stored(format!("http://{}/channel-{number}?sig=secret", teams.address));
            let quota_group = shared.then(|| "owner".parse().unwrap());
            let subscription = Subscription {
                id: SubscriptionId::new(clock.now()),
                name: None,
                source: "storm".parse().unwrap(),
                events: Vec::new(),
                filter: None,
                destination: Destination {
                    url,
                    profile: profile.parse().unwrap(),
                    quota_group,
                    headers: Vec::new(),
                    entra: None,
                },
                look: Look::default(),
                restraint: Restraint::default(),
                asked: None,
                paused_at: None,
                created_at: clock.now(),
            };
            core.store.put_subscription(subscription.clone()).await.unwrap();
            all.push(Arc::new(subscription));
        }
        Self { clock, teams, channels: all, events: BTreeMap::new(), folder, core: Some(core), due: BTreeMap::new() }
    }

    fn core(&self) -> &Core {
        self.core.as_ref().unwrap()
    }

    pub(crate) fn store(&self) -> &EmbeddedStore {
        &self.core().store
    }

    /// The lane of a channel.
    pub(crate) fn lane(&self, channel: usize) -> DestinationId {
        self.channels[channel].destination.id()
    }

    /// Takes on events that arrive now.
    pub(crate) async fn arrive(&mut self, all: Vec<Said>) {
        let now = self.clock.now();
        let store = self.core().store.clone();
        let accepts = all.into_iter().map(|said| {
            let subscription = &self.channels[said.channel];
            let target = Target { destination: subscription.destination.id(), subscription: subscription.id };
            let link = "https://ci.octo.example/builds/1234";
            let body = serde_json::json!({
                "text": said.text, "severity": said.severity, "key": said.key, "link": link,
            });
            let event = Event {
                source: "storm".parse().unwrap(),
                kind: EventType::new("build", None),
                delivery_id: None,
                received_at: now,
                headers: Vec::new(),
                encoding: Encoding::Json,
                codings: Codings::default(),
                body: RawBody(Bytes::from(body.to_string())),
            };
            let store = store.clone();
            async move {
                match store.accept(event, Vec::new(), vec![target], Reason::NoSubscription).await.unwrap() {
                    Accepted::New(id) => (id, said, target.destination),
                    other => panic!("{other:?}"),
                }
            }
        });
        for (id, said, lane) in join_all(accepts.collect::<Vec<_>>()).await {
            self.events.insert(id, (self.clock.steady(), said));
            self.due.insert(lane, self.clock.steady());
        }
    }

    /// When the quota would first let an urgent post through to a channel.
    pub(crate) fn allowed(&self, channel: usize) -> Timestamp {
        let subscription = &self.channels[channel];
        let core = self.core();
        let rules = core.rules.load();
        let ask = Ask { lane: self.lane(channel), urgent: true };
        let group = GroupKey::of(&subscription.destination);
        core.dispatch.quotas.posted_by(&group, rules.windows(&subscription.destination), ask, 1, self.clock.steady())
    }

    /// The fewest cards that hold what waits for a channel now: each failure, and what mended it, has a line, and the lines
    /// alone fill them.
    pub(crate) fn least_posts(&self, channel: usize) -> usize {
        let core = self.core();
        let rules = core.rules.load();
        let waiting = core.store.due(self.lane(channel), usize::MAX);
        let line = |said: &Said| said.text.len() + "https://ci.octo.example/builds/1234".len();
        let told = waiting.iter().map(|one| &self.events[&one.event].1).filter(|said| said.severity == "critical");
        let bytes: usize = told.map(line).sum();
        let most = rules.profiles.get(&self.channels[channel].destination.profile).max_bytes;
        bytes.div_ceil(most).max(usize::from(!waiting.is_empty()))
    }

    /// Has all lanes step that are due now, until none is.
    pub(crate) async fn settle(&mut self) {
        let dispatch = self.core().dispatch.clone();
        while let Some(lane) = self.next_due().filter(|(_, at)| *at <= self.clock.steady()).map(|(lane, _)| lane) {
            match dispatch.step(lane).await {
                Tick::Settled => {}
                Tick::Idle { until: Some(at) } => {
                    assert!(at > self.clock.steady(), "a lane that would be asked again and again");
                    self.due.insert(lane, at);
                }
                Tick::Idle { until: None } => drop(self.due.remove(&lane)),
            }
        }
    }

    fn next_due(&self) -> Option<(DestinationId, Timestamp)> {
        self.due.iter().map(|(lane, at)| (*lane, *at)).min_by_key(|(lane, at)| (*at, *lane))
    }

    /// Lets time pass, and lanes step when they are due.
    pub(crate) async fn pass(&mut self, length: Duration) {
        let end = self.clock.steady() + length;
        loop {
            self.settle().await;
            let next = self.next_due().map_or(end, |(_, at)| at.min(end));
            self.clock.advance(next.duration_since(self.clock.steady()).unsigned_abs());
            if next >= end {
                return self.settle().await;
            }
        }
    }

    /// Lets time pass until nothing waits, for as long as this at most; says how long it took.
    pub(crate) async fn drain(&mut self, at_most: Duration) -> Duration {
        let start = self.clock.steady();
        while self.accounts().waiting > 0 {
            let took = self.clock.steady().duration_since(start).unsigned_abs();
            assert!(took < at_most, "{:?} after {took:?}", self.accounts());
            self.pass(Duration::from_secs(1)).await;
        }
        self.clock.steady().duration_since(start).unsigned_abs()
    }

    /// Has an admin resume a channel.
    pub(crate) async fn resume(&mut self, channel: usize) {
        let core = self.core();
        let subscriptions = Subscriptions {
            rules: core.rules.clone(),
            subscribers: Arc::new(ArcSwap::default()),
            store: core.store.clone(),
            courses: core.dispatch.courses.clone(),
            woken: Arc::default(),
            changing: tokio::sync::Mutex::default(),
            clock: self.clock.clone(),
        };
        subscriptions.set_paused(&self.channels[channel].id.to_string(), false).await.unwrap();
        self.wake();
    }

    /// Wakes all lanes with something waiting, as the daemon does at its start.
    pub(crate) fn wake(&mut self) {
        for lane in self.core().store.lanes() {
            self.due.insert(lane, self.clock.steady());
        }
    }

    /// Ends the process softly and starts it again.
    pub(crate) async fn restart(&mut self) {
        drop(self.core.take());
        self.core = Some(Core::start(self.folder.path(), self.clock.clone()).await);
        self.due.clear();
        self.wake();
    }

    /// Ends the process in the instant after a post reached Teams and before its outcome was recorded, and starts it again.
    pub(crate) async fn kill(&mut self) {
        let mut seen = self.teams.state.seen.subscribe();
        let before = seen.borrow().len();
        while seen.borrow().len() == before {
            let (lane, at) = self.next_due().unwrap();
            self.clock.advance(at.duration_since(self.clock.steady()).unsigned_abs());
            let dispatch = self.core().dispatch.clone();
            tokio::select! {
                biased;
                _ = seen.wait_for(|seen| seen.len() > before) => {}
                tick = dispatch.step(lane) => match tick {
                    Tick::Idle { until: Some(at) } => drop(self.due.insert(lane, at)),
                    Tick::Idle { until: None } => drop(self.due.remove(&lane)),
                    Tick::Settled => {}
                },
            }
        }
        self.restart().await;
    }

    /// The books, which must balance.
    pub(crate) fn accounts(&self) -> Accounts {
        let accounts = self.core().store.accounts();
        assert!(accounts.balance(), "{accounts:?}");
        accounts
    }
}
