//! `invite`: a link with which somebody without an account in Entra ID may subscribe, once.

use http::Method;
use serde_json::json;

use super::{client::Client, failure::Failure, output};
use crate::admin::invitations::InvitationView;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
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

/// The link on standard output, alone, so that it can be piped on; how it is used on standard error.
pub(super) async fn run(client: &Client, args: Args) -> Result<(), Failure> {
    let wish = json!({"source": args.source, "expires": args.expires});
    let made: InvitationView = client.ask(Method::POST, "/invitations", Some(&wish)).await?;
    if args.json {
        return output::json(&made);
    }
    output::line(&made.link)?;
    output::warn(&format!(
        "It can be used once, until {:.0}. Whoever opens it first may subscribe, so send it as you would a password.",
        made.expires
    ));
    Ok(())
}
