//! The log: lines for people, JSON for machines, or journald with its fields.

use tracing_subscriber::{EnvFilter, Layer, Registry, layer::SubscriberExt, util::SubscriberInitExt};

/// The form of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Lines for people, on stderr; coloured on a terminal.
    Text,
    /// A JSON object a line, on stderr.
    Json,
    /// Straight to journald.
    Journald,
}

/// Why the log can't be set up.
#[derive(Debug, thiserror::Error)]
pub enum BadLog {
    /// The filter does not parse.
    #[error(
        "log.level `{0}` is no level; write info, debug, warn, or a filter such as info,teams_relay::deliver=debug"
    )]
    Level(String),
    /// There is no journald.
    #[error("log.format is journald, but journald can't be reached ({0}); use text or json")]
    Journald(std::io::ErrorKind),
    /// A log was set up before.
    #[error("the log is set up already")]
    Twice,
}

/// Sets the process's log up.
///
/// # Errors
/// A filter that does not parse, or no journald.
pub fn init(format: Format, level: &str) -> Result<(), BadLog> {
    let filter = filter(level)?;
    let to = std::io::stderr;
    let colour = std::io::IsTerminal::is_terminal(&to());
    let layer: Box<dyn Layer<Registry> + Send + Sync> = match format {
        Format::Text => tracing_subscriber::fmt::layer().with_writer(to).with_ansi(colour).with_target(false).boxed(),
        Format::Json => tracing_subscriber::fmt::layer().with_writer(to).json().flatten_event(true).boxed(),
        Format::Journald => tracing_journald::layer().map_err(|error| BadLog::Journald(error.kind()))?.boxed(),
    };
    tracing_subscriber::registry().with(layer.with_filter(filter)).try_init().map_err(|_| BadLog::Twice)
}

/// Whether a level is one, for `check`.
///
/// # Errors
/// [`BadLog::Level`].
pub fn filter(level: &str) -> Result<EnvFilter, BadLog> {
    // The engines tell of every file they open; what an admin must know of them is a warning.
    EnvFilter::try_new(format!("fjall=warn,lsm_tree=warn,sled=warn,{level}"))
        .map_err(|_| BadLog::Level(level.to_owned()))
}
