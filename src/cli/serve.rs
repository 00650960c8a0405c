//! `serve`: the daemon.

use std::{collections::BTreeMap, path::PathBuf};

use super::{failure::Failure, load_config};
use crate::{
    app::StartError,
    lifecycle::{self, RunError},
    observe::logging,
};

pub(super) async fn run(folder: PathBuf, environment: BTreeMap<String, String>) -> Result<(), Failure> {
    let config = load_config(&folder, &environment)?;
    logging::init(config.log.format, &config.log.level).map_err(|error| Failure::sentence(&error.to_string()))?;
    // The usual hook prints the panic's message, which may quote what was being worked on.
    std::panic::set_hook(Box::new(|panic| {
        tracing::error!(
            place = panic.location().map(tracing::field::display),
            "a fault of teams-relay: please report the place"
        );
    }));
    lifecycle::run(config, environment).await.map_err(|error| match error {
        RunError::Start(StartError::Settings(problems)) => Failure::problems(&problems),
        other => Failure::sentence(&other.to_string()),
    })
}
