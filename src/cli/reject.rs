//! `reject …`: the last webhooks that were refused, and why.

use super::{
    client::{Client, segment},
    failure::Failure,
    output,
};
use crate::reject::Reject;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// List the last refused webhooks, newest first; they are kept in memory alone
    List {
        /// Of this source only
        #[arg(long, value_name = "S")]
        source: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Tell why a webhook was refused, and what to do about it
    Show {
        /// Its number in the list
        id: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

pub(super) async fn run(client: &Client, command: Command) -> Result<(), Failure> {
    match command {
        Command::List { source, json } => list(client, source, json).await,
        Command::Show { id, json } => {
            let reject: Reject = client.get(&format!("/rejects/{}", segment(&id))).await?;
            if json { output::json(&reject) } else { output::line(&story(&reject)) }
        }
    }
}

async fn list(client: &Client, source: Option<String>, json: bool) -> Result<(), Failure> {
    let query = source.map(|name| format!("?source={}", segment(&name))).unwrap_or_default();
    let all: Vec<Reject> = client.get(&format!("/rejects{query}")).await?;
    let heading = ["ID", "REFUSED (UTC)", "SOURCE", "CLIENT", "REASON", "WHY"];
    output::list(&all, json, "no refused webhooks since the daemon started", heading, |reject| {
        [
            reject.id.to_string(),
            reject.at.strftime("%F %T").to_string(),
            or_dash(reject.source.as_ref()),
            or_dash(reject.client),
            reject.reason.to_string(),
            reject.why.clone().unwrap_or_default(),
        ]
    })
}

fn or_dash(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

/// What came, why it was refused, and the cure.
fn story(reject: &Reject) -> String {
    let kind = reject.content_type.as_deref().map(|kind| format!(" of {kind}")).unwrap_or_default();
    let size = reject.size.map_or_else(|| "a body of unknown size".to_owned(), |size| format!("{size} bytes"));
    let (source, client) = (or_dash(reject.source.as_ref()), or_dash(reject.client));
    let mut lines = vec![
        format!("refused webhook {}: {}", reject.id, reject.reason),
        format!("  {} to {source} from {client} at {}, {size}{kind}", reject.method, reject.at),
        format!("  {}", reject.reason.meaning()),
    ];
    lines.extend(reject.why.as_ref().map(|why| format!("  exactly: {why}")));
    lines.push(format!("  what to do: {}", reject.reason.cure()));
    lines.extend(reject.headers.iter().map(|(name, value)| format!("    {name}: {value}")));
    lines.join("\n")
}
