//! `event …`: what came in and what became of it.

use super::{
    client::{Client, segment},
    failure::Failure,
    output,
    replay::Choice,
};
use crate::{
    admin::view::{Count, DeliveryView, EventView},
    delivery::DeliveryState,
};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// List events, newest first
    List {
        /// Older than this event
        #[arg(long, value_name = "ID")]
        before: Option<String>,
        /// At most so many
        #[arg(long, default_value_t = 50)]
        limit: usize,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Tell the story of an event
    Show {
        /// The event's id
        id: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Send an event again, or many, by the mappings and subscriptions of now
    Replay {
        /// The event's id; without it, those that --source, --destination, --since and --until choose
        id: Option<String>,
        #[command(flatten)]
        choice: Choice,
    },
}

pub(super) async fn run(client: &Client, command: Command) -> Result<(), Failure> {
    match command {
        Command::List { before, limit, json } => list(client, before, limit, json).await,
        Command::Show { id, json } => {
            let event: EventView = client.get(&format!("/events/{}", segment(&id))).await?;
            if json { output::json(&event) } else { output::line(&story(&event)) }
        }
        Command::Replay { id: None, choice } if choice.is_some() => choice.run(client, "/events/replay", None).await,
        Command::Replay { id: None, .. } => Err(Failure::new(
            "neither an event's id nor a choice of events was given",
            "give an id, or --source, --destination, --since or --until; --dry-run counts them first",
        )),
        Command::Replay { id: Some(id), .. } => {
            let count: Count = client.post(&format!("/events/{}/replay", segment(&id))).await?;
            output::line(&match count.count {
                0 => "nothing to replay: no subscription wants this event, or it is waiting already".to_owned(),
                1 => "1 delivery waits again".to_owned(),
                many => format!("{many} deliveries wait again"),
            })
        }
    }
}

async fn list(client: &Client, before: Option<String>, limit: usize, json: bool) -> Result<(), Failure> {
    let before = before.map(|id| format!("&before={}", segment(&id))).unwrap_or_default();
    let events: Vec<EventView> = client.get(&format!("/events?limit={limit}{before}")).await?;
    output::list(&events, json, "no events", ["ID", "RECEIVED (UTC)", "SOURCE", "TYPE", "STANDING"], |event| {
        let time = event.received_at.strftime("%F %T").to_string();
        [event.id.to_string(), time, event.source.to_string(), event.kind.clone(), standing(event)]
    })
}

/// `2 delivered, 1 dead`.
fn standing(event: &EventView) -> String {
    if let Some(why) = event.ignored.filter(|_| event.deliveries.is_empty()) {
        return format!("ignored ({why})");
    }
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for delivery in &event.deliveries {
        let word = match delivery.state {
            DeliveryState::Waiting { .. } => "waiting",
            DeliveryState::Delivered { .. } => "delivered",
            DeliveryState::Dead { .. } => "dead",
            DeliveryState::Skipped { .. } => "not wanted",
        };
        match counts.iter_mut().find(|(known, _)| *known == word) {
            Some((_, count)) => *count += 1,
            None => counts.push((word, 1)),
        }
    }
    counts.iter().map(|(word, count)| format!("{count} {word}")).collect::<Vec<_>>().join(", ")
}

/// What happened to an event, in order.
fn story(event: &EventView) -> String {
    let id = event.delivery_id.as_deref().map(|id| format!(", delivery id {id}")).unwrap_or_default();
    let mut lines = vec![
        format!("event {}", event.id),
        format!("  {} from {} at {}, {} bytes{id}", event.kind, event.source, event.received_at, event.size),
    ];
    if let Some(why) = event.ignored.filter(|_| event.deliveries.is_empty()) {
        lines.push(format!("  sent to nobody: {}", why.meaning()));
    }
    for delivery in &event.deliveries {
        lines.extend(tell(delivery));
    }
    lines.join("\n")
}

fn tell(delivery: &DeliveryView) -> Vec<String> {
    let mut lines =
        vec![format!("  to {} for subscription {}", delivery.target.destination, delivery.target.subscription)];
    for attempt in &delivery.attempts {
        let status = attempt.status.map(|status| format!(" status {status},")).unwrap_or_default();
        let answer = if attempt.answer.is_empty() { String::new() } else { format!(": {}", attempt.answer) };
        lines.push(format!(
            "    {}{status} {} after {} ms{answer}",
            attempt.at,
            attempt.reason,
            attempt.took.as_millis()
        ));
    }
    lines.push(match delivery.state {
        DeliveryState::Waiting { due_at, failures: 0, throttles: 0 } => format!("    waiting since {due_at}"),
        DeliveryState::Waiting { due_at, .. } => format!("    waiting, next attempt not before {due_at}"),
        DeliveryState::Delivered { at } => format!("    delivered at {at}"),
        DeliveryState::Skipped { at, why } => format!("    not posted, as was found at {at}: {}", why.meaning()),
        DeliveryState::Dead { at, why } => {
            format!("    given up at {at}: {}\n    what to do: {}", why.meaning(), why.cure())
        }
    });
    lines.extend(delivery.destination_now.map(|standing| {
        let why = standing.reason.map(|why| format!(": {} {}", why.meaning(), why.cure())).unwrap_or_default();
        format!("    its destination is {} since {:.0}{why}", standing.state.as_str(), standing.since)
    }));
    lines
}
