//! `invite`: a link with which somebody without an account in Entra ID may subscribe, once; `invite revoke` takes it back.

use http::Method;
use serde_json::json;

use super::{client::Client, failure::Failure, output};
use crate::admin::invitations::{InvitationView, RevokedView};

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    /// Only this source's events; without it those of every source on offer
    #[arg(long, value_name = "S")]
    source: Option<String>,
    /// How long the link can be used, at most 30d
    #[arg(long, value_name = "TIME", default_value = "24h")]
    expires: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Take an invitation back: neither it nor the pass that somebody has by it lets anybody in any more
    Revoke {
        /// The id that was told with the link; also as `subscription show` has it, guest:ID
        id: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// The link on standard output, alone, so that it can be piped on; how it is used on standard error.
pub(super) async fn run(client: &Client, args: Args) -> Result<(), Failure> {
    if let Some(Command::Revoke { id, json }) = args.command {
        return revoke(client, &id, json).await;
    }
    let wish = json!({"source": args.source, "expires": args.expires});
    let made: InvitationView = client.ask(Method::POST, "/invitations", Some(&wish)).await?;
    if args.json {
        return output::json(&made);
    }
    output::line(&made.link)?;
    output::warn(&format!(
        "It can be used once, until {:.0}. Whoever opens it first may subscribe, so send it as you would a password.\n\
         Its id is {id}; `teams-relay invite revoke {id}` takes it back.",
        made.expires,
        id = made.id,
    ));
    Ok(())
}

async fn revoke(client: &Client, id: &str, json: bool) -> Result<(), Failure> {
    let id = id.strip_prefix("guest:").unwrap_or(id);
    let revoked: RevokedView = client.ask(Method::DELETE, &format!("/invitations/{id}"), None::<&()>).await?;
    if json {
        return output::json(&revoked);
    }
    output::line(&format!("took back {}; neither it nor a pass made of it lets anybody in", revoked.id))?;
    if !revoked.subscriptions.is_empty() {
        let ids: Vec<String> = revoked.subscriptions.iter().map(ToString::to_string).collect();
        output::warn(&format!(
            "What its guest subscribed goes on; `teams-relay subscription remove` ends it: {}",
            ids.join(", ")
        ));
    }
    Ok(())
}
