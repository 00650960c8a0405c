//! The metrics, by the names that people build dashboards on.
//!
//! Each relay has its own registry rather than the process's global one, so that tests with several relays count apart.

use std::{fmt, time::Duration};

use metrics::{Counter, Gauge, Histogram, Key, Label, Level, Metadata, Recorder, Unit};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

use crate::{
    name::{ProfileName, SourceName, TemplateName},
    outcome::{Accounts, Reason},
    standing::State,
};

/// Seconds; an accept is one fsync, a delivery one HTTP exchange.
const BUCKETS: [f64; 12] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0, 15.0];

const METADATA: Metadata<'_> = Metadata::new(module_path!(), Level::INFO, Some(module_path!()));

/// What became of a delivery, as the metric counts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryOutcome {
    /// The destination said yes.
    Delivered,
    /// It said so to a card that stood for several.
    Digested,
    /// The subscription did not want it.
    Ignored,
    /// An attempt failed, and there will be another.
    Retried,
    /// Given up.
    Dead,
}

impl DeliveryOutcome {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Digested => "digested",
            Self::Ignored => "ignored",
            Self::Retried => "retried",
            Self::Dead => "dead",
        }
    }
}

/// The registry of one relay.
pub struct Metrics {
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
    accept_seconds: Histogram,
    delivery_seconds: Histogram,
    queue: Gauge,
    oldest: Gauge,
    reload: Gauge,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Metrics {
    /// A fresh registry, with the series that every relay has.
    pub fn new() -> Self {
        let builder = PrometheusBuilder::new();
        let suffix = Matcher::Suffix("_seconds".to_owned());
        // Only an empty list of buckets is refused.
        let builder = builder.set_buckets_for_metric(suffix, &BUCKETS).unwrap_or_else(|_| PrometheusBuilder::new());
        let recorder = builder.build_recorder();
        describe(&recorder);
        let histogram = |name| recorder.register_histogram(&Key::from_name(name), &METADATA);
        let gauge = |name| recorder.register_gauge(&Key::from_name(name), &METADATA);
        let build = Key::from_parts("teams_relay_build_info", vec![Label::new("version", env!("CARGO_PKG_VERSION"))]);
        recorder.register_gauge(&build, &METADATA).set(1.0);
        Self {
            accept_seconds: histogram("teams_relay_accept_seconds"),
            delivery_seconds: histogram("teams_relay_delivery_seconds"),
            queue: gauge("teams_relay_queue_deliveries"),
            oldest: gauge("teams_relay_queue_oldest_seconds"),
            reload: gauge("teams_relay_config_reload_success"),
            handle: recorder.handle(),
            recorder,
        }
    }

    fn counter(&self, name: &'static str, labels: Vec<Label>) -> Counter {
        self.recorder.register_counter(&Key::from_parts(name, labels), &METADATA)
    }

    fn gauge(&self, name: &'static str, labels: Vec<Label>) -> Gauge {
        self.recorder.register_gauge(&Key::from_parts(name, labels), &METADATA)
    }

    /// Counts what came of a webhook. A source that does not exist is counted as `-`, since anybody can make up names.
    pub fn webhook(&self, source: Option<&SourceName>, outcome: Reason) {
        let source = source.map_or_else(|| "-".to_owned(), ToString::to_string);
        let labels = vec![Label::new("source", source), Label::new("outcome", outcome.outcome())];
        self.counter("teams_relay_webhooks_total", labels).increment(1);
    }

    /// Records how long an accept took, from the request's last byte to the flush.
    pub fn accepted_in(&self, took: Duration) {
        self.accept_seconds.record(took);
    }

    /// Counts what an attempt came to, and what that means for so many deliveries.
    pub fn attempt(&self, profile: Option<&ProfileName>, outcome: DeliveryOutcome, why: Reason, deliveries: usize) {
        let profile = profile.map_or_else(|| "-".to_owned(), ToString::to_string);
        let labels = vec![Label::new("profile", profile.clone()), Label::new("outcome", outcome.as_str())];
        self.counter("teams_relay_deliveries_total", labels).increment(deliveries as u64);
        let labels = vec![Label::new("profile", profile), Label::new("reason", why.as_str())];
        self.counter("teams_relay_attempts_total", labels).increment(1);
    }

    /// Records how long a post took.
    pub fn posted_in(&self, took: Duration) {
        self.delivery_seconds.record(took);
    }

    /// Counts a template that failed, so that the fallback card had to serve.
    pub fn template_error(&self, source: &SourceName, template: &TemplateName) {
        let labels = vec![Label::new("source", source.to_string()), Label::new("template", template.to_string())];
        self.counter("teams_relay_template_errors_total", labels).increment(1);
    }

    /// Shows whether the last (re)load of the settings went well.
    pub fn reloaded(&self, well: bool) {
        self.reload.set(if well { 1.0 } else { 0.0 });
    }

    /// Shows what is waiting.
    pub fn queue(&self, waiting: u64, oldest_seconds: f64) {
        self.queue.set(as_float(waiting));
        self.oldest.set(oldest_seconds);
    }

    /// Shows how many destinations are in a state.
    pub fn destinations(&self, state: State, count: usize) {
        let labels = vec![Label::new("state", state.as_str())];
        self.gauge("teams_relay_destinations", labels).set(as_float(count as u64));
    }

    /// Shows the books.
    pub fn accounts(&self, accounts: Accounts) {
        let entries = [
            ("accepted", accounts.accepted),
            ("delivered", accounts.delivered),
            ("digested", accounts.digested),
            ("dead", accounts.dead),
            ("ignored", accounts.ignored),
            ("waiting", accounts.waiting),
        ];
        for (state, count) in entries {
            self.gauge("teams_relay_accounts", vec![Label::new("state", state)]).set(as_float(count));
        }
    }

    /// Shows what the store takes, what is free beside it, and whether it is full.
    pub fn room(&self, used: u64, free: u64, full: bool) {
        self.gauge("teams_relay_store_bytes", Vec::new()).set(as_float(used));
        self.gauge("teams_relay_store_free_bytes", Vec::new()).set(as_float(free));
        self.gauge("teams_relay_store_full", Vec::new()).set(if full { 1.0 } else { 0.0 });
    }

    /// Shows how many posts a quota group could make at once in one of its windows.
    pub fn quota_remaining(&self, group: String, window: String, posts: u32) {
        let labels = vec![Label::new("group", group), Label::new("window", window)];
        self.gauge("teams_relay_quota_remaining", labels).set(f64::from(posts));
    }

    /// Shows how many clients of a source are slowed down.
    pub fn slowed_down(&self, source: &SourceName, clients: u32) {
        let labels = vec![Label::new("source", source.to_string())];
        self.gauge("teams_relay_slowed_down", labels).set(f64::from(clients));
    }

    /// Adds up what was recorded since the last time. Until then each record takes memory, so it is to be done now and
    /// then, whether or not anybody asks for the metrics.
    pub fn add_up(&self) {
        self.handle.run_upkeep();
    }

    /// All series in Prometheus' text format.
    pub fn render(&self) -> String {
        self.add_up();
        self.handle.render()
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

/// Counts past 2^53 lose their last digits in a metric, as all Prometheus values do.
#[expect(clippy::cast_precision_loss, reason = "Prometheus values are floats")]
fn as_float(count: u64) -> f64 {
    count as f64
}

fn describe(recorder: &PrometheusRecorder) {
    let counters = [
        ("teams_relay_webhooks_total", "Webhooks by what came of them."),
        (
            "teams_relay_deliveries_total",
            "Deliveries by what came of them; `retried` counts each attempt to be repeated.",
        ),
        ("teams_relay_attempts_total", "Attempts to deliver, by reason."),
        ("teams_relay_template_errors_total", "Cards for which the fallback had to serve."),
    ];
    for (name, text) in counters {
        recorder.describe_counter(name.into(), None, text.into());
    }
    let gauges = [
        ("teams_relay_queue_deliveries", "Deliveries waiting."),
        ("teams_relay_queue_oldest_seconds", "Age of the oldest event with a delivery waiting."),
        ("teams_relay_quota_remaining", "Posts that a quota group could make at once in a window."),
        ("teams_relay_destinations", "Destinations by how they stand: pending, active, degraded, paused or dead."),
        ("teams_relay_slowed_down", "Clients whose webhooks are slowed down since they keep failing verification."),
        ("teams_relay_config_reload_success", "Whether the last load of the settings went well."),
        ("teams_relay_accounts", "The books: accepted = delivered + digested + dead + ignored + waiting."),
        ("teams_relay_store_bytes", "What the store takes on disk."),
        ("teams_relay_store_free_bytes", "What is free on the store's file system."),
        ("teams_relay_store_full", "Whether webhooks are refused since the store has no room."),
        ("teams_relay_build_info", "The version, as a label."),
    ];
    for (name, text) in gauges {
        recorder.describe_gauge(name.into(), None, text.into());
    }
    let histograms = [
        ("teams_relay_accept_seconds", "From a webhook's last byte to its flush."),
        ("teams_relay_delivery_seconds", "How long a post took."),
    ];
    for (name, text) in histograms {
        recorder.describe_histogram(name.into(), Some(Unit::Seconds), text.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_stand_under_the_names_that_dashboards_use() {
        let metrics = Metrics::new();
        metrics.webhook(Some(&"ci".parse().unwrap()), Reason::NoSubscription);
        metrics.webhook(None, Reason::UnknownSource);
        metrics.accepted_in(Duration::from_millis(2));
        metrics.quota_remaining("ops".into(), "300s".into(), 25);
        let text = metrics.render();
        for line in [
            r#"teams_relay_webhooks_total{source="ci",outcome="ignored"} 1"#,
            r#"teams_relay_webhooks_total{source="-",outcome="unknown_source"} 1"#,
            r#"teams_relay_accept_seconds_bucket{le="0.0025"} 1"#,
            r#"teams_relay_quota_remaining{group="ops",window="300s"} 25"#,
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
    }
}
