//! Which of many events or dead letters are to be sent again, as `event replay` and `dead replay` are told.

use super::{
    client::{Client, segment},
    failure::Failure,
    output,
};
use crate::admin::view::Replayed;

/// The choice of those to send again.
#[derive(Debug, clap::Args)]
pub(super) struct Choice {
    /// Only those of this source
    #[arg(long, value_name = "S", conflicts_with = "id")]
    source: Option<String>,
    /// Only those for this destination, by its fingerprint
    #[arg(long, value_name = "FINGERPRINT", conflicts_with = "id")]
    destination: Option<String>,
    /// Only those that arrived at this instant or later, such as 2026-11-23T08:00:00Z
    #[arg(long, value_name = "INSTANT", conflicts_with = "id")]
    since: Option<String>,
    /// Only those that arrived before this instant
    #[arg(long, value_name = "INSTANT", conflicts_with = "id")]
    until: Option<String>,
    /// At most so many deliveries
    #[arg(long, default_value_t = 1000, conflicts_with = "id")]
    limit: usize,
    /// Only count them
    #[arg(long, conflicts_with = "id")]
    dry_run: bool,
}

impl Choice {
    /// Whether anything is chosen by, so that not all are meant by mistake.
    pub(super) fn is_some(&self) -> bool {
        [&self.source, &self.destination, &self.since, &self.until].iter().any(|one| one.is_some())
    }

    /// Has them sent again, and says how many they are.
    pub(super) async fn run(&self, client: &Client, path: &str, reason: Option<&str>) -> Result<(), Failure> {
        let chosen = [
            ("source", self.source.as_deref()),
            ("destination", self.destination.as_deref()),
            ("since", self.since.as_deref()),
            ("until", self.until.as_deref()),
            ("reason", reason),
        ];
        let query: String = chosen
            .iter()
            .filter_map(|(name, value)| value.map(|value| format!("&{name}={}", segment(value))))
            .collect();
        let (limit, dry_run) = (self.limit, self.dry_run);
        let done: Replayed = client.post(&format!("{path}?limit={limit}&dry_run={dry_run}{query}")).await?;
        let deliveries = if done.count == 1 { "1 delivery" } else { &format!("{} deliveries", done.count) };
        let does = match (done.dry_run, done.count) {
            (true, _) => "would wait again",
            (false, 1) => "waits again",
            (false, _) => "wait again",
        };
        let more = if done.more { "; there are more, give a higher --limit for them" } else { "" };
        output::line(&format!("{deliveries} {does}{more}"))
    }
}
