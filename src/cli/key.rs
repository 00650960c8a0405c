//! `key …`: what seals webhook URLs and captured secrets in the store.

use super::{client::Client, failure::Failure, output};
use crate::{
    seal::{Key, NoRandom},
    store::Resealed,
};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Print a new key; needs no daemon
    New,
    /// Seal the store anew with the first key of store.key, after which the others can go
    Rotate,
}

/// A key on standard output, alone, so that it can be piped into a file; what to do with it on standard error.
pub(super) fn new() -> Result<(), Failure> {
    let no_random = |error: NoRandom| Failure::sentence(&error.to_string());
    let key = Key::random().map_err(no_random)?;
    let id = Key::parse(&key).map_err(|_| no_random(NoRandom))?.id();
    output::line(key.expose())?;
    output::warn(&format!(
        "This is the key {id}. Keep it apart from the store and its backups: without it the store does not open.\n\
         Put it into a file that only teams-relay can read, name that in teams-relay.toml and restart:\n\
         \x20 [store]\n\
         \x20 key = {{ file = \"store.key\" }}          # or {{ credential = \"store-key\" }} with LoadCredential= in the unit\n\
         To replace an older key, put it before that one, key = [NEW, OLD], restart, and run `teams-relay key rotate`."
    ));
    Ok(())
}

pub(super) async fn rotate(client: &Client) -> Result<(), Failure> {
    let Resealed { records, key } = client.post("/key/rotate").await?;
    let plural = if records == 1 { "" } else { "s" };
    output::line(&format!(
        "{records} record{plural} sealed anew with the key {key}; any other key in store.key can go now"
    ))
}
