//! `dead …`: what was given up, why, and another try.

use http::Method;

use super::{
    client::{Client, segment},
    failure::Failure,
    output,
    replay::Choice,
};
use crate::{admin::view::Count, store::DeadLetter};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// List dead letters, newest first
    List {
        /// At most so many
        #[arg(long, default_value_t = 50)]
        limit: usize,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Tell the story of a dead letter's event
    Show {
        /// The event's id
        id: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Try again: one event's dead letters, those that are chosen, or all
    Replay {
        /// The event's id
        id: Option<String>,
        #[command(flatten)]
        choice: Choice,
        /// Only those that were given up for this reason, such as destination_gone
        #[arg(long, value_name = "REASON", conflicts_with = "id")]
        reason: Option<String>,
        /// Every dead letter there is
        #[arg(long, conflicts_with = "id")]
        all: bool,
    },
    /// Take dead letters off the list for good
    Purge {
        /// Up to and with this event; without it, all
        #[arg(long, value_name = "ID")]
        upto: Option<String>,
    },
}

pub(super) async fn run(client: &Client, command: Command) -> Result<(), Failure> {
    match command {
        Command::List { limit, json } => list(client, limit, json).await,
        Command::Show { id, json } => super::event::run(client, super::event::Command::Show { id, json }).await,
        Command::Replay { id: Some(id), .. } => {
            let count: Count = client.post(&format!("/dead/{}/replay", segment(&id))).await?;
            output::line(&format!("{} waiting again", letters(count)))
        }
        Command::Replay { choice, reason, all, .. } if all || reason.is_some() || choice.is_some() => {
            choice.run(client, "/dead/replay", reason.as_deref()).await
        }
        Command::Replay { .. } => Err(Failure::new(
            "neither an event's id nor a choice of dead letters was given",
            "give an id, --reason, --source, --destination, --since, --until, or --all; --dry-run counts them first",
        )),
        Command::Purge { upto } => {
            let query = upto.map(|id| format!("?upto={}", segment(&id))).unwrap_or_default();
            let count: Count = client.ask(Method::DELETE, &format!("/dead{query}"), None::<&()>).await?;
            output::line(&format!("{} purged", letters(count)))
        }
    }
}

fn letters(count: Count) -> String {
    format!("{} dead letter{}", count.count, if count.count == 1 { "" } else { "s" })
}

async fn list(client: &Client, limit: usize, json: bool) -> Result<(), Failure> {
    let all: Vec<DeadLetter> = client.get(&format!("/dead?limit={limit}")).await?;
    let heading = ["EVENT", "GIVEN UP (UTC)", "SOURCE", "TYPE", "DESTINATION", "REASON"];
    output::list(&all, json, "no dead letters", heading, |letter| {
        [
            letter.event.to_string(),
            letter.at.strftime("%F %T").to_string(),
            letter.source.to_string(),
            letter.kind.clone(),
            letter.target.destination.to_string(),
            letter.why.to_string(),
        ]
    })
}
